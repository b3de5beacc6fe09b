"""The records: one function in one place, grouped by subject."""

from . import (
    activations,
    adjugate,
    comparisons,
    cumulative,
    determinant,
    elementary,
    gaps,
    inverse,
    lookup,
    matrix_functions,
    powers,
    products,
    reductions,
    special,
    spectral,
    trigonometric,
)

__all__ = [
    "activations",
    "adjugate",
    "comparisons",
    "cumulative",
    "determinant",
    "elementary",
    "gaps",
    "inverse",
    "lookup",
    "matrix_functions",
    "powers",
    "products",
    "reductions",
    "special",
    "spectral",
    "trigonometric",
]
