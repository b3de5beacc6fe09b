"""One tree for what is explained, and one renderer for each output form of it."""

from .documented import Documented
from .parts import Fraction, Grid, Name, Ready
from .tree import (
    Aligned,
    Block,
    Display,
    Document,
    Figure,
    Formulas,
    Inset,
    Labelled,
    Listed,
    Paragraph,
    Section,
    Steps,
    Table,
)

__all__ = [
    "Aligned",
    "Block",
    "Display",
    "Document",
    "Documented",
    "Figure",
    "Formulas",
    "Fraction",
    "Grid",
    "Inset",
    "Labelled",
    "Listed",
    "Name",
    "Paragraph",
    "Ready",
    "Section",
    "Steps",
    "Table",
]
