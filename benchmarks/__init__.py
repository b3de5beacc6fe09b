"""Measurements against hand-written code and other systems; `python -m benchmarks [subject …]`."""
