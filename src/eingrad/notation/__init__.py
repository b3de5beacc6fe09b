"""From a node to the formula a person would write, as Unicode text, LaTeX and MathML."""

from .formula import (
    FORMS,
    Formula,
    derivative_formula,
    formula,
    to_latex,
    to_mathml,
    to_unicode,
)
from .split import LAYOUTS, Split

__all__ = [
    "FORMS",
    "LAYOUTS",
    "Formula",
    "Split",
    "derivative_formula",
    "formula",
    "to_latex",
    "to_mathml",
    "to_unicode",
]
