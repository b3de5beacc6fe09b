"""Sums of Kronecker products that one eigenbasis makes diagonal: λI + A ⊗ B, A ⊗ I + I ⊗ B."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..align import Aligned
from ..apply import dense_of
from ..contract import pair
from ..term import NumericTerm
from .base import NotSuitable, Proposal, singular
from .kronecker import Slot, atom_groups, key_of, restricted
from .matrix import is_symmetric


def propose(problem: Aligned, dtype: Any) -> Proposal | None:
    """Where rows and columns have the same slots and in each group of them all terms but multiples
    of the identity are one matrix."""
    groups = groups_of(problem)
    if groups is None or len(groups) < 2:
        return None
    sizes = [math.prod(problem.rows[i] for i in g) for g in groups]
    itemsize = np.dtype(dtype).itemsize
    return Proposal(
        25 * sum(n**3 for n in sizes) + 4 * problem.n_rows * sum(sizes),
        (3 * sum(n**2 for n in sizes) + 2 * problem.n_rows) * itemsize,
        lambda: Eigenbasis(problem, groups, dtype),
        "eigenbasis of the Kronecker factors",
    )


def groups_of(problem: Aligned) -> list[tuple[int, ...]] | None:
    """Positions (slots of rows, which are those of columns) that terms join."""
    if problem.rows != problem.columns:
        return None
    together = list(range(len(problem.rows)))
    for term in problem.terms:
        for linked in atom_groups(term):
            rows = {i for i, a in enumerate(term.out_atoms) if a in linked}
            rows |= {j for j, a in enumerate(term.in_atoms) if a in linked}
            if rows:
                names = {together[i] for i in rows}
                together = [min(names) if t in names else t for t in together]
    groups: dict[int, list[int]] = {}
    for i, t in enumerate(together):
        groups.setdefault(t, []).append(i)
    return [tuple(g) for g in groups.values()]


def is_identity(term: NumericTerm) -> bool:
    return not term.cores and term.out == term.into and len(set(term.out)) == len(term.out)


class Eigenbasis:
    """(⊗ Q) diag(Σ c Π λ) (⊗ Q)ᵀ."""

    def __init__(self, problem: Aligned, groups: list[tuple[int, ...]], dtype: Any) -> None:
        self._rows = problem.rows
        self._groups = groups
        self._bases: list[np.ndarray | None] = []
        terms = problem.terms
        values = [np.full((1,) * len(groups), t.coefficient, dtype) for t in terms]
        for g, group in enumerate(groups):
            slots: list[Slot] = [(side, k) for side in (0, 1) for k in group]
            parts = [restricted(t, slots, 1.0) for t in terms]
            proper = {key_of(p): p for p in parts if not is_identity(p)}
            if len(proper) > 1:
                raise NotSuitable
            if not proper:
                self._bases.append(None)
                continue
            (part,) = proper.values()
            size = part.count(part.out_atoms)
            matrix = dense_of([part], (size, size), dtype)
            if not is_symmetric(matrix) or not np.isfinite(matrix).all():
                raise NotSuitable
            eigenvalues, basis = np.linalg.eigh(matrix)
            self._bases.append(basis)
            along = [1] * len(groups)
            along[g] = size
            for k, p in enumerate(parts):
                if not is_identity(p):
                    values[k] = values[k] * eigenvalues.reshape(along)
        total: Any = sum(values[1:], values[0])
        self._values = np.broadcast_to(total, self._sizes())
        sizes = np.abs(self._values)
        largest = max((np.abs(v).max(initial=0.0) for v in values), default=0.0)
        if (sizes <= np.finfo(dtype).eps * largest).any():
            raise singular(
                "the sum of Kronecker products", "in the common eigenbasis an eigenvalue is 0"
            )
        self.text = f"common eigenbasis of {len(groups)} Kronecker factors"

    def _sizes(self) -> tuple[int, ...]:
        return tuple(math.prod(self._rows[i] for i in g) for g in self._groups)

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Into the basis, divided, and back."""
        order = [i for g in self._groups for i in g]
        x = b.transpose([0, *(i + 1 for i in order)]).reshape(b.shape[0], *self._sizes())
        x = self._rotated(self._rotated(x, forward=True) / self._values, forward=False)
        x = x.reshape(b.shape[0], *(self._rows[i] for i in order))
        return x.transpose([0, *(int(k) + 1 for k in np.argsort(order))])

    def _rotated(self, x: np.ndarray, forward: bool) -> np.ndarray:
        names = tuple(range(len(self._groups) + 1))
        fresh = len(names)
        for g, basis in enumerate(self._bases, 1):
            if basis is None:
                continue
            axes = (g, fresh) if forward else (fresh, g)
            x, atoms = pair(x, names, basis, axes, {*names, fresh} - {g})
            order = [atoms.index(fresh if name == g else name) for name in names]
            x = x.transpose(order)
        return x

    def slogdet(self) -> tuple[float, float]:
        """Σ log|λ|."""
        sign = float(np.prod(np.sign(self._values)))
        return sign, float(np.log(np.abs(self._values)).sum())
