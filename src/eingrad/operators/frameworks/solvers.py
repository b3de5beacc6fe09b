"""Solvers of operators of other libraries: chosen by structure alone, for numbers are not looked
at, and computed when they are used.

A singular factor is what the library makes of it: an error of PyTorch's and TensorFlow's, NaN or
infinity in JAX. What structure shows to be singular is a `SingularError` as in NumPy.
"""

from __future__ import annotations

import math
from typing import Any

from ..align import Aligned
from ..arrays import is_number
from ..solvers.base import name_of
from ..solvers.blocks import Arranged
from ..solvers.parity import parity
from ..solvers.woodbury import Split
from .entries import block_array, dense_of
from .namespace import Namespace


class Identity:
    """A multiple of the identity, or of a permutation of axes."""

    def __init__(self, problem: Aligned, xp: Namespace) -> None:
        (term,) = problem.terms
        self._xp = xp
        self._sizes = problem.rows
        self._scale = term.coefficient
        self._order = [term.out_atoms.index(a) for a in term.in_atoms]
        plain = self._order == sorted(self._order)
        self.text = "multiple of the identity" if plain else "permutation of axes"

    def solve(self, b: Any) -> Any:
        """b over the number."""
        x = self._xp.transpose(b, [0, *(k + 1 for k in self._order)])
        return x if is_number(self._scale, 1) else x / self._scale

    def slogdet(self) -> tuple[Any, Any]:
        """n log|c|, with the sign of the permutation."""
        n = math.prod(self._sizes)
        order = parity(self._sizes, self._order)
        c = self._xp.zeros(()) + self._scale
        return (self._xp.sign(c) if n % 2 else 1.0) * order, n * self._xp.log_abs(c)


class Diagonal:
    """Division by a diagonal."""

    text = "division by the diagonal"

    def __init__(self, problem: Aligned, xp: Namespace) -> None:
        self._problem = problem
        self._xp = xp
        self._arranged = Arranged(problem)

    def _values(self) -> Any:
        return self._xp.reshape(block_array(self._problem, self._xp), (self._arranged.batch,))

    def solve(self, b: Any) -> Any:
        """b / d."""
        a, values = self._arranged, self._values()
        return a.outward(a.inward(b) / self._xp.reshape(values, (1, a.batch, 1)))

    def slogdet(self) -> tuple[Any, Any]:
        """Σ log|d|."""
        xp, values = self._xp, self._values()
        return xp.prod(xp.sign(values)) * self._arranged.sign(), xp.sum(xp.log_abs(values))


class Blocks:
    """A matrix, or a stack of them: Cholesky where they are known to be definite, else LU."""

    def __init__(self, problem: Aligned, xp: Namespace, definite: bool) -> None:
        self._problem = problem
        self._xp = xp
        self._arranged = a = Arranged(problem)
        # Rows and columns must be of one basis also after they are put in order.
        self._definite = definite and a.row_order == a.column_order
        kind = "Cholesky" if self._definite else "LU"
        if a.batch == 1:
            self.text = f"{kind} of {name_of(problem)}"
        else:
            how = " (Cholesky)" if self._definite else ""
            self.text = f"{a.batch} blocks of {a.size}×{a.size} one by one{how}"

    def solve(self, b: Any) -> Any:
        """Block by block."""
        a, xp = self._arranged, self._xp
        blocks = block_array(self._problem, xp)
        right = xp.transpose(a.inward(b), (1, 2, 0))
        if self._definite:
            x = xp.cholesky_solve(xp.cholesky(blocks), right)
        else:
            x = xp.solve(blocks, right)
        return a.outward(xp.transpose(x, (2, 0, 1)))

    def slogdet(self) -> tuple[Any, Any]:
        """Sums over the blocks."""
        xp = self._xp
        blocks = block_array(self._problem, xp)
        if self._definite:
            factor = xp.diagonal(xp.cholesky(blocks), 1, 2)
            return xp.ones(()), 2 * xp.sum(xp.log_abs(factor))
        signs, values = xp.slogdet(blocks)
        return xp.prod(signs) * self._arranged.sign(), xp.sum(values)


class Woodbury:
    """(B + UVᵀ)⁻¹ = B⁻¹ − B⁻¹U (I + VᵀB⁻¹U)⁻¹ VᵀB⁻¹."""

    def __init__(self, problem: Aligned, base: Any, updates: list[Split], xp: Namespace) -> None:
        self._problem = problem
        self._base = base
        self._updates = updates
        self._xp = xp
        self._rank = sum(s.rank for s in updates)
        self.text = f"{base.text}, then rank {self._rank} (Woodbury)"

    def _factors(self) -> tuple[Any, Any, Any]:
        """B⁻¹U, V and I + VᵀB⁻¹U."""
        xp, n, r = self._xp, self._problem.n_rows, self._rank
        left, right = (
            xp.concatenate([dense_of([term], (n, s.rank), xp) for s, term in side], 1)
            for side in (
                [(s, s.left) for s in self._updates],
                [(s, s.right) for s in self._updates],
            )
        )
        columns = xp.reshape(xp.transpose(left, (1, 0)), (r, *self._problem.rows))
        solved = xp.transpose(xp.reshape(self._base.solve(columns), (r, n)), (1, 0))
        update = xp.matmul(xp.transpose(right, (1, 0)), solved)
        one = xp.where(xp.equal_places(r), xp.ones(()), xp.zeros(()))
        return solved, right, one + update

    def solve(self, b: Any) -> Any:
        """Two solves with the base and one small system."""
        xp = self._xp
        solved, right, small = self._factors()
        k = b.shape[0]
        x = xp.reshape(self._base.solve(b), (k, self._problem.n_rows))
        y = xp.solve(small, xp.transpose(xp.matmul(x, right), (1, 0)))
        x = x - xp.transpose(xp.matmul(solved, y), (1, 0))
        return xp.reshape(x, (k, *self._problem.columns))

    def slogdet(self) -> tuple[Any, Any]:
        """The determinant lemma."""
        sign, value = self._base.slogdet()
        s, v = self._xp.slogdet(self._factors()[2])
        return sign * s, value + v
