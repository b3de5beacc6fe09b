"""Parts of mathematics that set themselves: names, fractions, matrices, what is drawn already.

`Ink` draws a part that it does not know by the part's own `set`.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from ...notation import LATEX, MATHML
from ..written import Ink, Math
from .latexletters import escaped


@dataclass(frozen=True)
class Name:
    """The name of a variable."""

    text: str

    def set(self, ink: Ink, lines: dict[str, None]) -> str:
        """The name in a style."""
        return ink.style.name(self.text)


@dataclass(frozen=True)
class Ready:
    """Mathematics that is drawn already, in each style."""

    text: str
    latex: str
    mathml: str

    def set(self, ink: Ink, lines: dict[str, None]) -> str:
        """The drawing for a style."""
        if ink.style is LATEX:
            return self.latex
        return f"<mrow>{self.mathml}</mrow>" if ink.style is MATHML else self.text


@dataclass(frozen=True)
class Bracket:
    """Mathematics in round brackets, which are as tall as it is."""

    inside: Math

    def set(self, ink: Ink, lines: dict[str, None]) -> str:
        """The brackets in a style."""
        return ink.style.bracket(ink.row(self.inside, lines))


def words(text: str) -> Ready:
    """Text within mathematics, such as a shape or what could not be written as a formula."""
    return Ready(text, rf"\text{{{escaped(text)}}}", f"<mtext>{escape(text)}</mtext>")


def number(value: float) -> Ready:
    """A number to four digits."""
    text = f"{value:.4g}".replace("-", "−")
    return Ready(text, f"{value:.4g}", f"<mn>{text}</mn>")


DEL = Ready("∂", r"\partial ", '<mi mathvariant="normal">∂</mi>')
PLUS = Ready("+", " + ", '<mo form="infix">+</mo>')
TIMES = Ready(" ", r"\,", '<mo>\u2062</mo><mspace width="0.17em"/>')


@dataclass(frozen=True)
class Fraction:
    """dy/dx, in text on one line and without brackets."""

    over: Math
    under: Math

    def set(self, ink: Ink, lines: dict[str, None]) -> str:
        """The fraction in a style."""
        return ink.style.fraction(ink.row(self.over, lines), ink.row(self.under, lines))


@dataclass(frozen=True)
class Grid:
    """A matrix; in text one line with `;` between rows, [a, b; 0, c]."""

    rows: tuple[tuple[Math, ...], ...]

    def set(self, ink: Ink, lines: dict[str, None]) -> str:
        """The matrix in a style."""
        cells = [[ink.row(cell, lines) for cell in row] for row in self.rows]
        if ink.style is LATEX:
            body = r" \\ ".join(" & ".join(row) for row in cells)
            columns = "c" * max(map(len, cells), default=1)
            return rf"\left[\begin{{array}}{{{columns}}} {body} \end{{array}}\right]"
        if ink.style is MATHML:
            body = "".join(
                "<mtr>" + "".join(f"<mtd><mrow>{cell}</mrow></mtd>" for cell in row) + "</mtr>"
                for row in cells
            )
            return ink.style.fence("[", f"<mtable>{body}</mtable>", "]")
        return "[" + "; ".join(", ".join(row) for row in cells) + "]"
