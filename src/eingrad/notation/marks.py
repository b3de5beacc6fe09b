"""Formulas with other text in the place of names: what is put in, or what is marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from .formula import Formula, drawn_parts
from .styles import Style


class _Replacing:
    """A style that sets some names as texts that are drawn already."""

    def __init__(self, base: Style, texts: Mapping[str, str]) -> None:
        self._base = base
        self._texts = texts

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._base, attribute)

    def direction(self, text: str) -> str:
        return self._texts[text] if text in self._texts else self._base.direction(text)


def draw_replaced(
    formula: Formula, style: Style, texts: Mapping[str, str]
) -> tuple[str, list[str]]:
    """The formula with drawn texts (in brackets or a box) for some names, and its "where" lines.

    >>> from eingrad.dims import Dim
    >>> from eingrad.ir import build, node
    >>> from .formula import formula
    >>> from .styles import UNICODE
    >>> A, x = (node.variable(v, (Dim.symbol("n"),) * k) for v, k in [("A", 2), ("x", 1)])
    >>> draw_replaced(formula(build.contract("ij,j->i", A, x)), UNICODE, {"x": "[u + v]"})
    ('A [u + v]', [])
    """
    shown = replace(formula, directions={**formula.directions, **{name: () for name in texts}})
    return drawn_parts(shown, cast(Style, _Replacing(style, texts)))
