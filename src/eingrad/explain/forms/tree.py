"""The tree that every explanation is drawn from: sections, paragraphs, formulas, pictures.

A tree says what is shown and nothing of how: no renderer knows of any rule, and whoever builds a
tree knows of no output form. Where fixed-width text sets something otherwise than print does (a
matrix of several lines), a block carries those lines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..written import Math, Prose


@dataclass(frozen=True)
class Paragraph:
    """Sentences; `style` is `""`, `title`, `note`, `good` or `bad`."""

    prose: Prose
    style: str = ""


@dataclass(frozen=True)
class Display:
    """A line of mathematics by itself.

    Attributes
    ----------
    math:
        The line, or its right side where there is a `left`.
    side:
        The shapes that stand beside it.
    text:
        The lines of plain text where they are not those of `math`.
    pieces:
        For a long sum: what `math` consists of, where lines may be broken between.
    """

    math: Math
    left: Math | None = None
    side: str = ""
    text: tuple[str, ...] = ()
    pieces: tuple[Math, ...] = ()


@dataclass(frozen=True)
class Aligned:
    """Equations with their equal signs below each other: left side, right side, shapes."""

    rows: tuple[tuple[Math, Math, str], ...]


@dataclass(frozen=True)
class Formulas:
    """Many short formulas, as many side by side as there is room for, in plain text `columns`."""

    items: tuple[Math, ...]
    columns: int


@dataclass(frozen=True)
class Labelled:
    """Sentences with a word in front of each; an empty one continues that before."""

    rows: tuple[tuple[str, Prose, str], ...]  # word, sentence, style


@dataclass(frozen=True)
class Listed:
    """Entries, numbered or not: what it is, mathematics, a remark."""

    rows: tuple[tuple[str, Math, str], ...]
    numbered: bool = True


@dataclass(frozen=True)
class Table:
    """Rows of cells; `align` has `l` or `r` for each column."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str
    caption: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture; plain text and LaTeX have what it says in the blocks beside it."""

    svg: Callable[[], str]
    alt: str


@dataclass(frozen=True)
class Section:
    """Blocks below a title; without a title they are only set apart."""

    title: Prose
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Steps:
    """Numbered steps, each with its rule as a title."""

    items: tuple[Section, ...]


@dataclass(frozen=True)
class Inset:
    """A whole document within another one."""

    document: Document


Block = (
    Paragraph
    | Display
    | Aligned
    | Formulas
    | Labelled
    | Listed
    | Table
    | Figure
    | Section
    | Steps
    | Inset
)


@dataclass(frozen=True)
class Document:
    """What is shown as a whole.

    Attributes
    ----------
    title:
        Of the page.
    headed:
        Whether plain text begins with the title.
    spaced:
        Whether plain text has an empty line between blocks.
    numbered:
        Whether sections have numbers.
    """

    title: Prose
    blocks: tuple[Block, ...]
    headed: bool = True
    spaced: bool = True
    numbered: bool = False
