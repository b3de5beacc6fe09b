"""Grids within grids as plain text: aligned columns, lines between blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .arrange import Level, coordinates

BARS = (" ", " │ ", " ║ ", " ┃ ")  # between columns, by how far out the boundary lies
DASHES = ("", "─", "═", "━")
CROSSES = {("─", " │ "): "─┼─", ("═", " ║ "): "═╬═", ("─", " ║ "): "─╫─", ("═", " │ "): "═╪═"}


def grid_text(levels: Sequence[Level], labels: np.ndarray) -> list[str]:
    """The labels in rows and columns as the levels say."""
    cells: dict[tuple[Any, Any], str] = {}
    for place in np.ndindex(*labels.shape):
        cells[coordinates(levels, place)] = str(labels[place])
    rows = sorted({r for r, _ in cells})
    columns = sorted({c for _, c in cells})
    width = {c: max(len(cells[r, c]) for r in rows) for c in columns}
    lines = []
    for k, row in enumerate(rows):
        if k:
            far = _boundary(rows[k - 1], row)
            if far:
                lines.append(_rule(columns, width, DASHES[min(far, 3)]))
        text = ""
        for n, column in enumerate(columns):
            if n:
                far = _boundary(columns[n - 1], column)
                text += BARS[min(far, 3)] if far else "  "
            text += cells[row, column].ljust(width[column])
        lines.append("  " + text.rstrip())
    return lines


def _boundary(before: tuple[int, ...], after: tuple[int, ...]) -> int:
    """How many levels out the two differ: 0 within a block."""
    first = next(k for k, (a, b) in enumerate(zip(before, after, strict=True)) if a != b)
    return len(before) - 1 - first


def _rule(columns: Sequence[tuple[int, ...]], width: Any, dash: str) -> str:
    text = ""
    for n, column in enumerate(columns):
        if n:
            far = _boundary(columns[n - 1], column)
            bar = BARS[min(far, 3)] if far else dash * 2
            text += CROSSES.get((dash, bar), dash * 3 if far else bar)
        text += dash * width[column]
    return "  " + text
