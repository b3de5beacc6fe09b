"""One tree for what is explained, and one renderer for each output form of it."""

from .documented import Documented
from .parts import DEL, PLUS, TIMES, Bracket, Fraction, Grid, Name, Ready, number, words
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
    "DEL",
    "PLUS",
    "TIMES",
    "Aligned",
    "Block",
    "Bracket",
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
    "number",
    "words",
]
