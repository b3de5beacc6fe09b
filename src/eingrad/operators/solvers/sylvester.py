"""A ⊗ I + I ⊗ B with any square A and B: the Sylvester equation A X + X Bᵀ = C, by Schur forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..align import Aligned
from ..apply import dense_of
from .base import NotSuitable, Proposal, singular
from .eigenbasis import groups_of, is_identity
from .kronecker import Slot, restricted


def propose(problem: Aligned, dtype: Any) -> Proposal | None:
    """Where there are two groups of axes and each term acts on one of them only."""
    groups = groups_of(problem)
    if groups is None or len(groups) != 2:
        return None
    m, n = (math.prod(problem.rows[i] for i in g) for g in groups)
    return Proposal(
        30.0 * (m**3 + n**3) + 10.0 * m * n * (m + n),
        4.0 * (m * m + n * n + m * n) * np.dtype(dtype).itemsize,
        lambda: Sylvester(problem, groups, dtype),
        "Sylvester equation",
    )


class Sylvester:
    """Schur forms of both matrices, then a triangular equation for each right side."""

    text = "Sylvester equation, by Schur forms"

    def __init__(self, problem: Aligned, groups: list[tuple[int, ...]], dtype: Any) -> None:
        import scipy.linalg

        self._rows = problem.rows
        self._groups = groups
        self._sizes = [math.prod(problem.rows[i] for i in g) for g in groups]
        sums = [np.zeros((n, n), dtype) for n in self._sizes]
        for term in problem.terms:
            slots: list[list[Slot]] = [[(side, k) for side in (0, 1) for k in g] for g in groups]
            parts = [restricted(term, s, 1.0) for s in slots]
            proper = [k for k, p in enumerate(parts) if not is_identity(p)]
            if len(proper) > 1:
                raise NotSuitable
            k = proper[0] if proper else 0
            shape = (self._sizes[k], self._sizes[k])
            sums[k] += term.coefficient * dense_of([parts[k]], shape, dtype)
        if not all(np.isfinite(s).all() for s in sums):
            raise NotSuitable
        forms = [scipy.linalg.schur(s, output="real") for s in (sums[0], sums[1].T)]
        (self._left, self._u), (self._right, self._v) = forms
        lams, mus = (np.linalg.eigvals(t) for t, _ in forms)
        self._values = lams[:, None] + mus
        scale = np.abs(lams).max(initial=0) + np.abs(mus).max(initial=0)
        if (np.abs(self._values) <= 10 * np.finfo(dtype).eps * scale).any():
            raise singular("the sum A ⊗ I + I ⊗ B", "an eigenvalue of A is minus one of B")
        (self._solve,) = scipy.linalg.get_lapack_funcs(("trsyl",), (self._left, self._right))

    def solve(self, b: np.ndarray) -> np.ndarray:
        """A X + X Bᵀ = C for each right side."""
        order = [i for g in self._groups for i in g]
        c = b.transpose([0, *(i + 1 for i in order)]).reshape(b.shape[0], *self._sizes)
        x = np.empty(c.shape, np.result_type(c, self._left))
        for k, right in enumerate(c):
            y, scale, _ = self._solve(self._left, self._right, self._u.T @ right @ self._v)
            x[k] = self._u @ (y / scale) @ self._v.T
        x = x.reshape(b.shape[0], *(self._rows[i] for i in order))
        return x.transpose([0, *(int(k) + 1 for k in np.argsort(order))])

    def slogdet(self) -> tuple[float, float]:
        """Σ log|λ + μ|; complex pairs have a positive product."""
        real = self._values.real[np.abs(self._values.imag) == 0]
        return float(np.prod(np.sign(real))), float(np.log(np.abs(self._values)).sum())
