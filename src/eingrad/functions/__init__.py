"""The records: one function in one place, grouped by subject."""

from . import (
    activations,
    comparisons,
    determinant,
    elementary,
    inverse,
    powers,
    reductions,
    special,
    trigonometric,
)

__all__ = [
    "activations",
    "comparisons",
    "determinant",
    "elementary",
    "inverse",
    "powers",
    "reductions",
    "special",
    "trigonometric",
]
