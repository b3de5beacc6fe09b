"""One square matrix, factorised: Cholesky where it is symmetric positive definite, else LU."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import singular


class Factorised:
    """A matrix with its factors.

    Attributes
    ----------
    kind:
        `"Cholesky"` or `"LU"`.

    Raises
    ------
    SingularError
        The matrix is singular to working precision. (NaN and infinities pass through, as in
        NumPy.)
    """

    def __init__(self, matrix: np.ndarray, name: str) -> None:
        import scipy.linalg.lapack as lapack

        kind = np.promote_types(matrix.dtype, np.float32)
        if kind not in (np.float32, np.float64):
            kind = np.dtype(np.float64)  # LAPACK knows these two
        matrix = np.asarray(matrix, kind)
        self.prefix = "s" if kind == np.float32 else "d"
        self.lapack: Any = lapack
        norm = np.abs(matrix).sum(axis=1).max(initial=0.0)  # of the transpose, which is factorised
        self.kind = "LU"
        condition = np.nan
        if is_symmetric(matrix) and (np.diagonal(matrix) > 0).all():
            # Transposed, so that LAPACK reads the rows as its columns, without a copy.
            factor, info = self._call("potrf")(matrix.T, lower=1, clean=0)
            if info == 0:
                self.kind = "Cholesky"
                self.factor = factor
                condition = self._call("pocon")(factor, norm, uplo="L")[0]
        if self.kind == "LU":
            self.factor, self.pivots, info = self._call("getrf")(matrix.T)
            if info > 0 and np.isfinite(norm):
                raise singular(name, "a pivot is 0")
            condition = self._call("gecon")(self.factor, norm)[0]
        if condition < np.finfo(kind).eps and np.isfinite(norm):
            raise singular(name, f"its reciprocal condition number is {condition:.1e}")

    def _call(self, name: str) -> Any:
        return getattr(self.lapack, self.prefix + name)

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Each row of b is a right side: (k, n) → (k, n)."""
        # b.T is in LAPACK's order, so the rows come back as rows.
        if self.kind == "Cholesky":
            x, _ = self._call("potrs")(self.factor, b.T, lower=1)
        else:
            x, _ = self._call("getrs")(self.factor, self.pivots, b.T, trans=1)
        return x.T

    def slogdet(self) -> tuple[float, float]:
        """Sign and log of the absolute determinant."""
        diagonal = np.diagonal(self.factor)
        if self.kind == "Cholesky":
            return 1.0, 2 * float(np.log(diagonal).sum())
        swaps = int((self.pivots != np.arange(len(self.pivots))).sum())
        sign = (-1.0) ** swaps * float(np.prod(np.sign(diagonal)))
        return sign, float(np.log(np.abs(diagonal)).sum())


def is_symmetric(matrix: np.ndarray) -> bool:
    """Whether the last two axes can be exchanged, to rounding."""
    other = matrix.swapaxes(-1, -2)
    if matrix.shape != other.shape:
        return False
    bound = 100 * np.finfo(matrix.dtype).eps * np.abs(matrix).max(initial=0.0)
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        return bool((np.abs(matrix - other) <= bound).all())
