"""Derivatives bound to numbers: linear maps that act and solve, never multiplied out."""

from .bind import operator
from .operator import StructuredOperator, identity

__all__ = ["StructuredOperator", "identity", "operator"]
