"""One thing written in three ways: as text, for matplotlib (and LaTeX), as MathML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from ..notation import mathml as markup

SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Pair(NamedTuple):
    """Something as text, as mathtext (without dollar signs), and as MathML."""

    text: str
    math: str
    mathml: str = ""

    def __add__(self, other: object) -> Pair:
        two = other if isinstance(other, Pair) else sign(str(other))
        return Pair(self.text + two.text, self.math + two.math, self.mathml + two.mathml)


NOTHING = Pair("", "")


def number(text: str) -> Pair:
    """A number."""
    return Pair(text, text, f"<mn>{escape(text)}</mn>")


def sign(text: str, math: str | None = None) -> Pair:
    """An operator, a bracket or a comma, with the spaces that stand around it in text."""
    body = escape(text.strip())
    return Pair(text, text if math is None else math, f"<mo>{body}</mo>" if body else "")


def upright(name: str) -> str:
    """A name of several letters in mathtext."""
    if len(name) == 1:
        return name
    return r"\mathrm{" + name.replace("_", r"\_") + "}"


def word(text: str) -> Pair:
    """A name or the name of a function; of several letters it is upright."""
    return Pair(text, upright(text), f"<mi>{escape(text)}</mi>")


def fenced(body: Pair, left: Pair | None = None, right: Pair | None = None) -> Pair:
    """Something in brackets, in round ones if no others are given."""
    before, after = left or sign("("), right or sign(")")
    return Pair(
        before.text + body.text + after.text,
        before.math + body.math + after.math,
        markup.fence(escape(before.text), body.mathml, escape(after.text)),
    )


def radical(body: Pair) -> Pair:
    """A square root; brackets in text, unless it is of one word."""
    text = f"√{body.text}" if body.text.isalnum() else f"√({body.text})"
    return Pair(text, rf"\sqrt{{{body.math}}}", markup.radical(body.mathml))


def raised(base: Pair, exponent: str) -> Pair:
    """A power: raised digits in text for a whole number."""
    text = f"^({exponent})"
    if exponent.lstrip("-").isdigit():
        text = exponent.translate(SUPERSCRIPTS)
    return superscript(base, Pair(text, exponent, f"<mn>{escape(exponent)}</mn>"))


def superscript(base: Pair, above: Pair) -> Pair:
    """Something raised; the text says how by itself."""
    inner = f"{{{base.math}}}" if "^" in base.math else base.math  # LaTeX takes no two in a row
    return Pair(
        base.text + above.text,
        f"{inner}^{{{above.math}}}",
        f"<msup><mrow>{base.mathml}</mrow><mrow>{above.mathml}</mrow></msup>",
    )


def lowered(base: Pair, places: Sequence[str]) -> Pair:
    """Something with places below it, with commas where one has several characters."""
    joined = "".join(places) if all(len(p) == 1 for p in places) else ",".join(places)
    comma = "<mo>,</mo>" if "," in joined else ""
    inner = comma.join(f"<mn>{p}</mn>" if p.isdigit() else f"<mi>{escape(p)}</mi>" for p in places)
    return Pair(
        f"{base.text}_{joined}",
        f"{base.math}_{{{joined}}}",
        f"<msub><mrow>{base.mathml}</mrow><mrow>{inner}</mrow></msub>",
    )


def fraction(over: Pair, under: Pair) -> Pair:
    """∂y/∂x: a slash in text, a bar in print."""
    return Pair(
        f"{over.text}/{under.text}",
        rf"\frac{{{over.math}}}{{{under.math}}}",
        f"<mfrac><mrow>{over.mathml}</mrow><mrow>{under.mathml}</mrow></mfrac>",
    )
