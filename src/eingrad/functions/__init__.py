"""The records: one function in one place, grouped by subject."""

from . import (
    activations,
    adjugate,
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
    "adjugate",
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
