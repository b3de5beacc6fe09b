"""Pictures for terminals: aligned columns, lines between blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrange import Level, coordinates

if TYPE_CHECKING:
    from .picture import Spy

BARS = (" ", " │ ", " ║ ", " ┃ ")  # between columns, by how far out the boundary lies
DASHES = ("", "─", "═", "━")
CROSSES = {("─", " │ "): "─┼─", ("═", " ║ "): "═╬═", ("─", " ║ "): "─╫─", ("═", " │ "): "═╪═"}
MAX_SPY_COLUMNS = 100


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


def spy_text(spy: Spy, headers: tuple[str, str]) -> list[str]:
    """Nonzero entries as squares, zeros as dots."""
    pattern = spy.pattern
    step = -(-pattern.shape[1] // MAX_SPY_COLUMNS)
    if step > 1:
        pattern = coarse(pattern, (step, step))
    lines = ["  " + "".join("■" if x else "·" for x in row) for row in pattern]
    entries = f"{spy.step[0] * step}×{spy.step[1] * step}"
    if entries != "1×1":
        lines.append(f"each sign stands for {entries} entries; ■ where one of them is not zero")
    return [*lines, "", f"rows: {headers[0]}", f"columns: {headers[1]}"]


def coarse(pattern: np.ndarray, step: tuple[int, int]) -> np.ndarray:
    """Cells of several entries: true where any of them is."""
    down, across = step
    rows, columns = pattern.shape
    padded = np.zeros((-(-rows // down) * down, -(-columns // across) * across), dtype=bool)
    padded[:rows, :columns] = pattern
    cells = padded.reshape(-1, down, padded.shape[1] // across, across)
    return np.asarray(cells.any(axis=(1, 3)))
