"""The style of LaTeX mathematics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from .lettering import GREEK, GREEK_NAMES, split_direction, split_name
from .styles import Style


class Latex(Style):
    """LaTeX mathematics, without delimiters."""

    flat = False
    _symbols: ClassVar[dict[str, str]] = {
        "⊙": r"\odot",
        "…": r"\ldots",
        "⊘": r"\oslash",
        "⊗": r"\otimes",
        "−": "-",
        "·": r"\cdot",
        "𝟏": r"\mathbf{1}",
        "Σ": r"\sum",
        "≥": r"\ge",
        "≤": r"\le",
        "≠": r"\ne",
    }

    def name(self, text: str) -> str:
        stem, sub = split_name(text)
        body = _latex_letters(stem)
        return f"{body}_{{{_latex_sub(sub)}}}" if sub else body

    def direction(self, text: str) -> str:
        mark, order, rest = split_direction(text)
        return rf"\mathrm{{{mark}}}" + (f"_{{{order}}}" if order else "") + self.name(rest)

    def word(self, text: str) -> str:
        return rf"\operatorname{{{_latex_escape(text)}}}"

    def size(self, text: str) -> str:
        return text.replace("*", r"\,").replace("_", r"\_")

    def symbol(self, text: str) -> str:
        if text in self._symbols:
            return self._symbols[text]
        return text if text.startswith("\\") else _latex_letters(text)

    def large(self, text: str) -> str:
        return r"\sum"

    def bracket(self, body: str) -> str:
        return rf"\left({body}\right)"

    def call(self, head: str, args: Sequence[str]) -> str:
        return rf"{head}\left({', '.join(args)}\right)"

    def keyword(self, key: str, value: str) -> str:
        return rf"\text{{{_latex_escape(key)}}}={value}"

    def slice(self, span: str) -> str:
        return rf"\left[{span.replace('*', '')}\right]"

    def binary(self, left: str, symbol: str, right: str) -> str:
        return f"{left} {self._symbols.get(symbol, symbol)} {right}"

    def prefix(self, symbol: str, body: str) -> str:
        return self._symbols.get(symbol, symbol) + body

    def juxtapose(self, left: str, gap: str, right: str) -> str:
        return left + (r" \cdot " if gap == "·" else r" \, " if gap else " ") + right

    def fraction(self, over: str, under: str) -> str:
        return rf"\frac{{{over}}}{{{under}}}"

    def radical(self, body: str, atom: bool) -> str:
        return rf"\sqrt{{{body}}}"

    def superscript(self, base: str, above: str) -> str:
        return f"{base}^{{{above.replace('T', chr(92) + 'top')}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    general_power = power

    def elementwise_power(self, base: str, exponent: str) -> str:
        return rf"{base}^{{\odot {exponent}}}"

    def sub(self, base: str, letters: Sequence[str], braced: bool) -> str:
        separator = "," if any(len(letter) > 1 for letter in letters) else ""
        whole = f"{{{base}}}" if "_" in base else base  # one subscript for each
        return f"{whole}_{{{separator.join(_latex_sub(x) for x in letters)}}}"

    def where(self, body: str, lines: Sequence[str]) -> str:
        if not lines:
            return body
        return body + r" \quad \text{where } " + r",\ ".join(lines)


def _latex_escape(text: str) -> str:
    return "".join("\\" + c if c in "_#$%&{}" else c for c in text)


def _latex_letters(text: str) -> str:
    if text in GREEK_NAMES:
        text = GREEK_NAMES[text]
    if text in GREEK:
        return "\\" + GREEK[text]
    if len(text) == 1:
        return _latex_escape(text)
    return rf"\mathit{{{_latex_escape(text)}}}"


def _latex_sub(text: str) -> str:
    inner = text.replace("*", "").replace("−", "-")
    return _latex_letters(inner) if inner in GREEK else _latex_escape(inner)


LATEX = Latex()
