"""Pictures for terminals: where a flattened matrix is not zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .picture import Spy

MAX_SPY_COLUMNS = 100


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
