"""Exact matrix and tensor calculus: derivatives as closed formulas, with structure and code."""
