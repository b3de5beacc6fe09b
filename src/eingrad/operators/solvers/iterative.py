"""Where no structure helps: conjugate gradients for symmetric positive definite operators, else
MINRES (symmetric) or GMRES and LSMR; what was used is stated."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import SingularError, SizeLimitError, UnsupportedError
from ..align import Aligned
from ..apply import apply_term
from ..diagonal import diagonal_of


class Iterative:
    """Solves by applying the operator, nothing larger is formed."""

    def __init__(self, problem: Aligned, dtype: Any, rtol: float) -> None:
        self._problem = problem
        self._dtype = np.dtype(dtype)
        self._rtol = max(rtol, 10 * float(np.finfo(dtype).eps))
        self._adjoint = tuple(t.transposed() for t in problem.terms)
        self._symmetric = self._is_symmetric()
        self.text = "conjugate gradients" if self._symmetric else "GMRES"

    def _apply(self, v: np.ndarray, adjoint: bool = False) -> np.ndarray:
        sizes = self._problem.rows if adjoint else self._problem.columns
        terms = self._adjoint if adjoint else self._problem.terms
        block = v.reshape(-1, *sizes)
        total: Any = 0.0
        for term in terms:
            total = total + apply_term(term, block)
        return np.asarray(total).reshape(v.shape)

    def _is_symmetric(self) -> bool:
        if self._problem.rows != self._problem.columns:
            return False
        rng = np.random.default_rng(0)
        u = rng.standard_normal((3, self._problem.n_rows)).astype(self._dtype)
        forward, back = self._apply(u), self._apply(u, adjoint=True)
        scale = np.abs(forward).max(initial=0.0)
        bound = 1e4 * np.finfo(self._dtype).eps * scale
        return bool((np.abs(forward - back) <= bound).all())

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Each right side to a relative residual of `rtol`.

        Raises
        ------
        SingularError
            It did not converge.
        """
        flat = b.reshape(b.shape[0], -1)
        x = None
        if self._symmetric:
            x = self._conjugate_gradients(flat)
        if x is None:
            x = self._krylov(flat)
        return x.reshape(b.shape[0], *self._problem.columns)

    def _conjugate_gradients(self, b: np.ndarray) -> np.ndarray | None:
        """All right sides at once; None where the operator is not positive definite."""
        scale = self._preconditioner()
        x = np.zeros_like(b)
        r = b.copy()
        z = scale * r
        p = z.copy()
        rho = (r * z).sum(-1)
        goal = self._rtol * np.linalg.norm(b, axis=-1)
        for step in range(1, 10 * b.shape[1] + 100):
            active = ~(np.linalg.norm(r, axis=-1) <= goal)
            if not active.any() or np.isnan(r).any():
                # r is carried along; in a badly conditioned system b − Ax drifts away from it.
                if self._unsolved(x, b).any():
                    return None
                self.text = f"conjugate gradients, {step - 1} steps"
                return x
            q = self._apply(p)
            curvature = (p * q).sum(-1)
            if (curvature[active] <= 0).any():
                return None
            alpha = np.where(active, rho / np.where(active, curvature, 1), 0)
            x += alpha[:, None] * p
            r -= alpha[:, None] * q
            z = scale * r
            new = (r * z).sum(-1)
            p = z + np.where(active, new / np.where(active, rho, 1), 0)[:, None] * p
            rho = new
        return None

    def _unsolved(self, x: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Which right sides are not met. One that is not finite has no residual and passes through,
        as in NumPy; a solution that is not finite of one that is has not converged."""
        size = np.linalg.norm(b, axis=-1)
        residual = np.linalg.norm(self._apply(x) - b, axis=-1)
        return np.isfinite(size) & ~(residual <= 10 * self._rtol * size)

    def _preconditioner(self) -> np.ndarray:
        """One over the diagonal, where that is positive and cheap."""
        try:
            diagonal = diagonal_of(self._problem, self._dtype).reshape(-1)
        except SizeLimitError:
            diagonal = np.zeros(1)
        if (diagonal > 0).all():
            return 1 / diagonal
        return np.ones(self._problem.n_rows, self._dtype)

    def _krylov(self, b: np.ndarray) -> np.ndarray:
        import scipy.sparse.linalg as sla

        n = b.shape[1]
        operator = sla.LinearOperator(
            (n, n),
            matvec=lambda v: self._apply(v.reshape(1, -1)).reshape(-1),
            rmatvec=lambda v: self._apply(v.reshape(1, -1), adjoint=True).reshape(-1),
            dtype=self._dtype,
        )
        solutions = []
        for right in b:
            tried = []
            methods = {
                "MINRES": lambda r=right: sla.minres(operator, r, rtol=self._rtol / 10)[0],
                "GMRES": lambda r=right: sla.gmres(
                    operator, r, rtol=self._rtol, restart=min(n, 100), maxiter=50
                )[0],
                "LSMR": lambda r=right: sla.lsmr(
                    operator, r, atol=self._rtol / 10, btol=self._rtol / 10, maxiter=20 * n
                )[0],
            }
            if not self._symmetric:
                del methods["MINRES"]
            size = np.linalg.norm(right)
            for name, method in methods.items():
                x = method()
                residual = np.linalg.norm(self._apply(x[None])[0] - right)
                tried.append(f"{name} {residual / (size or 1):.1e}")
                if not self._unsolved(x[None], right[None]).any():
                    self.text = name
                    solutions.append(x)
                    break
            else:
                raise SingularError(
                    f"no iteration converged (relative residuals: {', '.join(tried)}): the "
                    "operator is singular or badly conditioned",
                    hint='add a multiple of the identity, operator.shifted(λ), or method="dense"',
                )
        return np.array(solutions, b.dtype).reshape(b.shape)

    def slogdet(self) -> tuple[float, float]:
        """Not from products with vectors."""
        raise UnsupportedError(
            'no structure of this operator gives its determinant; logdet(method="dense") forms the '
            "matrix"
        )
