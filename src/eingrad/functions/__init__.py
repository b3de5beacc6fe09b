"""The records: one function in one place, grouped by subject."""

from . import (
    activations,
    comparisons,
    determinant,
    elementary,
    inverse,
    matrix_functions,
    powers,
    reductions,
    special,
    spectral,
    trigonometric,
)

__all__ = [
    "activations",
    "comparisons",
    "determinant",
    "elementary",
    "inverse",
    "matrix_functions",
    "powers",
    "reductions",
    "special",
    "spectral",
    "trigonometric",
]
