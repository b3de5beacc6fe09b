"""Exact matrix and tensor calculus: derivatives as closed formulas, with their structure and code."""
