"""Where each entry stands: axes become rows and columns of grids within grids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LETTERS = "ijklmnopq"
OUTPUT = 0  # the owner of the output's axes; the inputs follow


@dataclass(frozen=True)
class Axis:
    """An axis: its number in the tensor, the array it belongs to, its size, a letter."""

    number: int
    owner: int
    size: int
    letter: str


@dataclass(frozen=True)
class Level:
    """A grid: the axis that runs down and the axis that runs across; either may be missing."""

    down: Axis | None
    across: Axis | None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes, rows first."""
        return tuple(a for a in (self.down, self.across) if a is not None)


def lettered(order: Sequence[int], owners: Sequence[int], shape: Sequence[int]) -> tuple[Axis, ...]:
    """The axes in the order in which they are shown, with letters i, j, k, …"""
    return tuple(
        Axis(n, owners[n], shape[n], LETTERS[k] if k < len(LETTERS) else f"i{k}")
        for k, n in enumerate(order)
    )


def levels(axes: Sequence[Axis], zeros: np.ndarray) -> tuple[Level, ...]:
    """Grids from the outermost to the innermost.

    Each array gives a grid of its own: ∂C/∂A is a matrix (rows and columns of C) of matrices (rows
    and columns of A). Two vectors share a grid. A vector by a matrix is a matrix of vectors, in the
    order of the layout: of the matrix' axes that one is hidden in the blocks which leaves more
    blocks zero, the first if none.
    """
    if not axes:
        return (Level(None, None),)
    groups = _groups(axes)
    sizes = [len(g) for g in groups]
    if sizes == [1, 2] and axes[0].owner != axes[1].owner == axes[2].owner:
        (i,), (p, q) = groups
        if _zero_blocks(zeros, hidden=p) >= _zero_blocks(zeros, hidden=q):
            return Level(i, q), Level(p, None)
        return Level(i, p), Level(None, q)
    if sizes == [2, 1] and axes[0].owner == axes[1].owner != axes[2].owner == OUTPUT:
        (p, q), (i,) = groups  # denominator layout: the input goes down, the output across
        if _zero_blocks(zeros, hidden=p) >= _zero_blocks(zeros, hidden=q):
            return Level(q, i), Level(p, None)
        return Level(p, i), Level(None, q)
    return tuple(Level(*g) if len(g) == 2 else Level(g[0], None) for g in groups)


def _groups(axes: Sequence[Axis]) -> list[list[Axis]]:
    groups: list[list[Axis]] = []
    for owner in dict.fromkeys(a.owner for a in axes):
        own = [a for a in axes if a.owner == owner]
        if len(own) % 2:
            groups.append([own.pop(0)])
        groups += [own[k : k + 2] for k in range(0, len(own), 2)]
    paired: list[list[Axis]] = []
    for group in reversed(groups):  # from within: the Hessians of a vector are a column of matrices
        if len(group) == 1 and paired and len(paired[0]) == 1:
            paired[0] = [*group, *paired[0]]
        else:
            paired.insert(0, group)
    return paired


def _zero_blocks(zeros: np.ndarray, hidden: Axis) -> int:
    return int(zeros.all(axis=hidden.number).sum())


def coordinates(
    grids: Sequence[Level], place: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Row and column of an entry at every level, outermost first."""
    rows = tuple(place[g.down.number] if g.down else 0 for g in grids)
    columns = tuple(place[g.across.number] if g.across else 0 for g in grids)
    return rows, columns


def extents(grids: Sequence[Level]) -> list[tuple[int, int]]:
    """Rows and columns of each level."""
    return [(g.down.size if g.down else 1, g.across.size if g.across else 1) for g in grids]
