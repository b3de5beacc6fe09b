"""Derivations in numbered steps that a student can follow, each with the nodes it is about."""

from .explanation import LEVELS, ROUTES, Explanation, explain
from .steps import Equation, Step

__all__ = ["LEVELS", "ROUTES", "Equation", "Explanation", "Step", "explain"]
