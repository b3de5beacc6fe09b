"""Something easily solved plus low rank: the Woodbury formula and the determinant lemma."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import SingularError
from ..align import Aligned
from ..apply import dense_of
from ..term import Core, NumericTerm
from .base import NotSuitable, Proposal, Solver, singular
from .kronecker import atom_groups


@dataclass(frozen=True)
class Split:
    """A term as U Vᵀ: the rank, the factors as terms."""

    rank: int
    left: NumericTerm
    right: NumericTerm


def propose(
    problem: Aligned, dtype: Any, solver_of: Callable[[Aligned], Proposal | None]
) -> Proposal | None:
    """Where some terms have a rank well below the size, and the others can be solved directly."""
    found = base_and_updates(problem)
    if found is None:
        return None
    rest, updates = found
    n, rank = problem.n_rows, sum(s.rank for s in updates)
    inner = solver_of(rest)
    if inner is None:
        return None
    itemsize = np.dtype(dtype).itemsize
    return Proposal(
        inner.flops + 3.0 * n * rank**2 + rank**3 + inner.flops * 0.1 * rank,
        inner.nbytes + 4 * n * rank * itemsize,
        lambda: Woodbury(problem, inner, updates, dtype),
        f"{inner.text} + rank {rank} (Woodbury)",
    )


def base_and_updates(problem: Aligned) -> tuple[Aligned, list[Split]] | None:
    """The terms of full rank as an operator, and the others, whose ranks are at most half of the
    size together; None where there are none of either."""
    n = problem.n_rows
    splits = [split(term) for term in problem.terms]
    low = [s if s.rank * 2 <= n else None for s in splits]
    # All terms but one may look low; the base is what remains, or the term of the largest rank.
    if all(s is not None for s in low):
        return None
    base = tuple(t for t, s in zip(problem.terms, low, strict=True) if s is None)
    updates = [s for s in low if s is not None]
    rank = sum(s.rank for s in updates)
    if not updates or rank * 2 > n:
        return None
    rest = Aligned(problem.rows, problem.columns, base, problem.row_axes, problem.column_axes)
    return rest, updates


def split(term: NumericTerm) -> Split:
    """The term as U Vᵀ with as few columns as its atoms show."""
    out, into = set(term.out_atoms), set(term.in_atoms)
    bridge: list[int] = []  # atoms that number the columns of U and V
    left: list[Core] = []
    right: list[Core] = []
    for group in atom_groups(term):
        cores = [c for c in term.cores if set(c.atoms) <= group]
        rows, columns = group & out, group & into
        across = [c for c in cores if set(c.atoms) & rows and set(c.atoms) & columns]
        summed = group - out - into
        width = term.count(frozenset(summed))
        apart = not across and not rows & columns and rows and columns
        if (
            not rows
            or not columns
            or (apart and width <= min(term.count(frozenset(rows)), term.count(frozenset(columns))))
        ):
            bridge += sorted(summed) if rows and columns else []
            left += [c for c in cores if not set(c.atoms) & columns]
            right += [c for c in cores if set(c.atoms) & columns]
        elif term.count(frozenset(columns)) <= term.count(frozenset(rows)):
            bridge += sorted(columns)
            left += cores
        else:
            bridge += sorted(rows)
            right += cores
    axes = tuple((a,) for a in bridge)
    return Split(
        term.count(bridge),
        NumericTerm(
            term.coefficient,
            term.out,
            axes,
            _sizes(term, left, term.out_atoms, bridge),
            tuple(left),
        ),
        NumericTerm(1.0, term.into, axes, _sizes(term, right, term.in_atoms, bridge), tuple(right)),
    )


def _sizes(
    term: NumericTerm, cores: list[Core], side: tuple[int, ...], bridge: list[int]
) -> dict[int, int]:
    atoms = {a for c in cores for a in c.atoms} | set(side) | set(bridge)
    return {a: term.sizes[a] for a in sorted(atoms)}


class Woodbury:
    """(B + UVᵀ)⁻¹ = B⁻¹ − B⁻¹U (I + VᵀB⁻¹U)⁻¹ VᵀB⁻¹."""

    def __init__(self, problem: Aligned, base: Proposal, updates: list[Split], dtype: Any) -> None:
        try:
            self._base: Solver = base.build()
        except SingularError:
            raise NotSuitable from None  # the whole may be regular all the same
        n = problem.n_rows
        left = np.concatenate([dense_of([s.left], (n, s.rank), dtype) for s in updates], axis=1)
        self._right = np.concatenate(
            [dense_of([s.right], (n, s.rank), dtype) for s in updates], axis=1
        )
        rank = left.shape[1]
        self._shape = problem.columns
        self._solved = self._base.solve(left.T.reshape(rank, *problem.rows)).reshape(rank, n).T
        update = self._right.T @ self._solved
        self._small = np.eye(rank, dtype=update.dtype) + update
        self.text = f"{self._base.text}, then rank {rank} (Woodbury)"
        if np.isfinite(self._small).all() and rank:
            scale = 1 + np.abs(update).max()
            smallest = np.linalg.svd(self._small, compute_uv=False)[-1]
            if smallest <= 4 * rank * np.finfo(self._small.dtype).eps * scale:
                raise singular(
                    f"the sum of its base and rank {rank}", "I + VᵀB⁻¹U of the Woodbury formula is"
                )

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Two solves with the base's factors and one small system."""
        x = self._base.solve(b).reshape(b.shape[0], -1)
        y = np.linalg.solve(self._small, (x @ self._right).T)
        return (x - (self._solved @ y).T).reshape(b.shape[0], *self._shape)

    def slogdet(self) -> tuple[float, float]:
        """The determinant lemma."""
        sign, value = self._base.slogdet()
        s, v = np.linalg.slogdet(self._small)
        return sign * float(s), value + float(v)
