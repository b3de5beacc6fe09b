"""Block diagonal: a matrix for each value of the atoms that rows and columns share; a diagonal if
nothing else is left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..align import Aligned
from ..apply import embedded_view, values_on
from ..arrays import shaped, turned
from .base import Proposal, name_of, singular
from .matrix import Factorised, is_symmetric
from .parity import parity


def propose(problem: Aligned, dtype: Any) -> Proposal:
    """Always possible; the cost says whether it is sensible."""
    rows, _, _, _ = shared_slots(problem)
    batch = math.prod(problem.rows[i] for i in rows)
    size = problem.n_rows // batch
    if size == 1:
        return Proposal(batch, batch * 8, lambda: Diagonal(problem, dtype), "diagonal")
    text = f"{size}×{size} matrix" if batch == 1 else f"{batch} blocks {size}×{size}"
    itemsize = np.dtype(dtype).itemsize
    return Proposal(
        batch * size**3 / 3,
        2 * batch * size**2 * itemsize,
        lambda: Blocks(problem, dtype),
        text,
    )


def shared_slots(
    problem: Aligned,
) -> tuple[list[int], list[int], list[int], list[int]]:
    """The slots of rows and of columns that share an atom in every term (paired), and the rest."""
    rows: list[int] = []
    columns: list[int] = []
    for i in range(len(problem.rows)):
        for j in range(len(problem.columns)):
            if j not in columns and all(
                _paired(t.out_atoms, t.in_atoms, i, j) for t in problem.terms
            ):
                rows.append(i)
                columns.append(j)
                break
    rest_rows = [i for i in range(len(problem.rows)) if i not in rows]
    rest_columns = [j for j in range(len(problem.columns)) if j not in columns]
    return rows, columns, rest_rows, rest_columns


def _paired(out: Sequence[int], into: Sequence[int], i: int, j: int) -> bool:
    return out[i] == into[j] and out.count(out[i]) == 1 and into.count(into[j]) == 1


def block_array(problem: Aligned, dtype: Any) -> np.ndarray:
    """The operator as (batch, rows, columns)."""
    rows, _, rest_rows, rest_columns = shared_slots(problem)
    sizes = [
        *(problem.rows[i] for i in rows),
        *(problem.rows[i] for i in rest_rows),
        *(problem.columns[j] for j in rest_columns),
    ]
    full = np.zeros(sizes, dtype)
    for term in problem.terms:
        axes = [
            *(term.out_atoms[i] for i in rows),
            *(term.out_atoms[i] for i in rest_rows),
            *(term.in_atoms[j] for j in rest_columns),
        ]
        view = embedded_view(full, axes)
        view += values_on(term, list(dict.fromkeys(axes)), dtype)
    cut = len(rows), len(rows) + len(rest_rows)
    parts = (sizes[: cut[0]], sizes[cut[0] : cut[1]], sizes[cut[1] :])
    return full.reshape(tuple(math.prod(p) for p in parts))


class Arranged:
    """Right sides in the order of the blocks, solutions back in the order of the columns."""

    def __init__(self, problem: Aligned) -> None:
        rows, columns, rest_rows, rest_columns = shared_slots(problem)
        self.row_order = [*rows, *rest_rows]
        self.column_order = [*columns, *rest_columns]
        self.row_sizes = problem.rows
        self.column_sizes = problem.columns
        self.batch = math.prod(problem.rows[i] for i in rows)
        self.size = problem.n_rows // max(self.batch, 1)

    def inward(self, b: Any) -> Any:
        """(k, *rows) → (k, batch, size)."""
        moved = turned(b, [0, *(i + 1 for i in self.row_order)])
        return shaped(moved, (b.shape[0], self.batch, self.size))

    def outward(self, x: Any) -> Any:
        """(k, batch, size) → (k, *columns)."""
        sizes = tuple(self.column_sizes[j] for j in self.column_order)
        back = np.argsort(self.column_order)
        return turned(shaped(x, (x.shape[0], *sizes)), [0, *(int(j) + 1 for j in back)])

    def sign(self) -> float:
        """The sign of the two permutations."""
        return parity(self.row_sizes, self.row_order) * parity(self.column_sizes, self.column_order)


class Diagonal:
    """Division by a diagonal."""

    text = "division by the diagonal"

    def __init__(self, problem: Aligned, dtype: Any) -> None:
        self._arranged = Arranged(problem)
        self.values = block_array(problem, dtype).reshape(-1)
        if (self.values == 0).any():
            place = int(np.flatnonzero(self.values == 0)[0])
            raise singular(name_of(problem), f"entry {place} of its diagonal is 0")

    def solve(self, b: np.ndarray) -> np.ndarray:
        """b / d."""
        a = self._arranged
        return a.outward(a.inward(b)[:, :, 0] / self.values)

    def slogdet(self) -> tuple[float, float]:
        """Σ log|d|."""
        sign = float(np.prod(np.sign(self.values))) * self._arranged.sign()
        return sign, float(np.log(np.abs(self.values)).sum())


class Blocks:
    """A matrix, or a stack of them."""

    def __init__(self, problem: Aligned, dtype: Any) -> None:
        self._arranged = a = Arranged(problem)
        blocks = block_array(problem, dtype)
        name = name_of(problem)
        self.blocks = blocks
        if a.batch == 1:
            self._one: Factorised | None = Factorised(blocks[0], name)
            self.text = f"{self._one.kind} of {name}"
            return
        self._one = None
        self.text = f"{a.batch} blocks of {a.size}×{a.size} one by one"
        if not blocks.size:
            return
        inverse = _inverses(blocks)
        if inverse is None:
            raise singular(_worst(blocks, name), "a pivot is 0")
        norms = np.abs(blocks).sum(-1).max(-1) * np.abs(inverse).sum(-1).max(-1)
        if (norms * np.finfo(blocks.dtype).eps > 1).any():
            raise singular(_worst(blocks, name), f"its condition number is {norms.max():.1e}")
        self.symmetric = is_symmetric(blocks)

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Block by block."""
        a = self._arranged
        right = a.inward(b)
        if self._one is not None:
            return a.outward(self._one.solve(right[:, 0]))
        solved = np.linalg.solve(self.blocks, right.transpose(1, 2, 0))
        return a.outward(solved.transpose(2, 0, 1))

    def slogdet(self) -> tuple[float, float]:
        """Sums over the blocks."""
        order = self._arranged.sign()
        if self._one is not None:
            sign, value = self._one.slogdet()
            return sign * order, value
        signs, values = np.linalg.slogdet(self.blocks)
        return float(np.prod(signs)) * order, float(values.sum())


def _inverses(blocks: np.ndarray) -> np.ndarray | None:
    try:
        return np.linalg.inv(blocks)
    except np.linalg.LinAlgError:
        return None


def _worst(blocks: np.ndarray, name: str) -> str:
    """The block with the smallest singular value, for the message."""
    smallest = np.linalg.svd(blocks, compute_uv=False)[:, -1]
    return f"block {int(np.argmin(smallest))} of {name}"
