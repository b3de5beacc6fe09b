"""Generated code and custom rules beside the automatic differentiation of each framework."""

from .report import report

__all__ = ["report"]
