"""Where no structure helps: conjugate gradients, for operators that are not known to be definite
on the normal equations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import SizeLimitError, UnsupportedError
from ..align import Aligned
from ..apply import apply_term
from .entries import diagonal_of, total
from .namespace import Namespace


class Iterative:
    """Solves by applying the operator; solutions that miss the residual asked for are NaN, since
    a traced function cannot raise."""

    def __init__(self, problem: Aligned, xp: Namespace, definite: bool, rtol: float) -> None:
        self._problem = problem
        self._xp = xp
        self._definite = definite and problem.rows == problem.columns
        self._adjoint = [t.transposed() for t in problem.terms]
        self._epsilon = float(np.finfo(xp.type_name).eps)
        self._rtol = max(rtol, 10 * self._epsilon)
        self.text = "conjugate gradients"
        if not self._definite:
            self.text += " on the normal equations"

    def _apply(self, v: Any, adjoint: bool = False) -> Any:
        p, k = self._problem, v.shape[0]
        sizes, into = (p.rows, p.n_columns) if adjoint else (p.columns, p.n_rows)
        terms = self._adjoint if adjoint else p.terms
        block = self._xp.reshape(v, (k, *sizes))
        parts = [apply_term(term, block, self._xp) for term in terms]
        return total(parts, (k, into), self._xp)

    def solve(self, b: Any) -> Any:
        """Each right side to a relative residual of `rtol`."""
        xp, n, k = self._xp, self._problem.n_rows, b.shape[0]
        flat = xp.reshape(b, (k, n))
        steps = 10 * n + 100
        if self._definite:
            x = xp.conjugate_gradients(self._apply, flat, self._scale(), self._rtol, steps)
        else:
            # The residual of the normal equations bounds that of the system by the condition
            # number only; a second sweep on what is left makes up for it.
            rtol = max(self._rtol / 100, 10 * self._epsilon)
            one = xp.ones((n,))
            x, left = None, flat
            for _ in range(2):
                right = self._apply(left, adjoint=True)
                part = xp.conjugate_gradients(self._normal, right, one, rtol, steps)
                x = part if x is None else x + part
                left = flat - self._apply(x)
        rest = flat - self._apply(x)
        size, goal = xp.sum(rest * rest, (1,)), 100 * self._rtol**2 * xp.sum(flat * flat, (1,))
        nan = xp.full((), float("nan"))
        x = xp.where(xp.reshape(size <= goal, (k, 1)), x, nan)
        return xp.reshape(x, (k, *self._problem.columns))

    def _normal(self, v: Any) -> Any:
        return self._apply(self._apply(v), adjoint=True)

    def _scale(self) -> Any:
        """One over the diagonal, where that is positive and cheap."""
        xp, n = self._xp, self._problem.n_rows
        try:
            diagonal = xp.reshape(diagonal_of(self._problem, xp), (n,))
        except SizeLimitError:
            return xp.ones((n,))
        positive = diagonal > 0
        return xp.where(
            positive, xp.ones(()) / xp.where(positive, diagonal, xp.ones(())), xp.ones(())
        )

    def slogdet(self) -> tuple[Any, Any]:
        """Not from products with vectors."""
        raise UnsupportedError(
            'no structure of this operator gives its determinant; logdet(method="dense") forms the '
            "matrix"
        )
