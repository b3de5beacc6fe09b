"""From a node to the formula a person would write, as Unicode text, LaTeX and MathML."""

from .formula import (
    FORMS,
    Formula,
    derivative_formula,
    draw,
    formula,
    to_latex,
    to_mathml,
    to_unicode,
)
from .latex import LATEX
from .marks import draw_replaced
from .mathml import MATHML, fence, radical
from .split import LAYOUTS, Split
from .styles import UNICODE, Style

__all__ = [
    "FORMS",
    "LATEX",
    "LAYOUTS",
    "MATHML",
    "UNICODE",
    "Formula",
    "Split",
    "Style",
    "derivative_formula",
    "draw",
    "draw_replaced",
    "fence",
    "formula",
    "radical",
    "to_latex",
    "to_mathml",
    "to_unicode",
]
