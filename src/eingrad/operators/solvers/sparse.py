"""A sparse matrix, factorised: differences of neighbours, windows, whatever deltas leave empty."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..align import Aligned
from ..memory import default_limit
from ..sparse import coordinates, entry_count
from .base import NotSuitable, Proposal, name_of, singular

SMALLEST = 200  # unknowns; a matrix of fewer is as quick in full
SPARSE = 20  # one entry in so many, or the matrix counts as full


def propose(problem: Aligned, dtype: Any) -> Proposal | None:
    """Where the terms have few entries."""
    n = problem.n_rows
    if n < SMALLEST or n != problem.n_columns:
        return None
    entries = sum(map(entry_count, problem.terms))
    if entries * SPARSE > n * n:
        return None
    return Proposal(
        50.0 * entries * math.sqrt(n),
        10.0 * entries * (np.dtype(dtype).itemsize + 8),
        lambda: Sparse(problem, dtype),
        "sparse LU",
    )


class Sparse:
    """Factors that keep most of the zeros (SuperLU).

    Raises
    ------
    NotSuitable
        The factors might fill up.
    SingularError
        The matrix is singular to working precision.
    """

    def __init__(self, problem: Aligned, dtype: Any) -> None:
        from scipy.sparse import csc_array
        from scipy.sparse.linalg import splu

        kind: Any = np.dtype(np.float32 if np.dtype(dtype) == np.float32 else np.float64)
        self._columns = problem.columns
        n = problem.n_rows
        rows, columns, values = coordinates(problem.terms, kind)
        matrix = csc_array((values, (rows, columns)), shape=(n, n))
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        if not np.isfinite(matrix.data).all():
            raise NotSuitable
        if 3.0 * n * _bandwidth(matrix) * kind.itemsize > default_limit():
            raise NotSuitable
        name = name_of(problem)
        try:
            self._factors = splu(matrix)
        except RuntimeError:
            raise singular(name, "a pivot is 0") from None
        condition = self._reciprocal_condition(matrix)
        if condition < np.finfo(kind).eps:
            raise singular(name, f"its reciprocal condition number is {condition:.1e}")
        self.text = f"sparse LU of {name} ({matrix.nnz} entries)"

    def _reciprocal_condition(self, matrix: Any) -> float:
        from scipy.sparse.linalg import LinearOperator, onenormest

        solve = self._factors.solve
        inverse = LinearOperator(
            matrix.shape,
            matvec=lambda b: solve(b.astype(matrix.dtype).reshape(-1)),
            rmatvec=lambda b: solve(b.astype(matrix.dtype).reshape(-1), "T"),
            matmat=lambda b: solve(b.astype(matrix.dtype)),
            rmatmat=lambda b: solve(b.astype(matrix.dtype), "T"),
            dtype=matrix.dtype,
        )
        norm = float(abs(matrix).sum(axis=0).max())
        return 1 / (norm * float(onenormest(inverse)))

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Two triangular systems for each right side."""
        kind = self._factors.L.dtype
        flat = np.ascontiguousarray(b.reshape(b.shape[0], -1).T, kind)
        if not flat.size:
            return np.zeros((b.shape[0], *self._columns), kind)
        return self._factors.solve(flat).T.reshape(-1, *self._columns)

    def slogdet(self) -> tuple[float, float]:
        """From the diagonal of the upper factor; the lower one has ones."""
        diagonal = self._factors.U.diagonal()
        sign = float(np.prod(np.sign(diagonal)))
        sign *= _parity(self._factors.perm_r) * _parity(self._factors.perm_c)
        return sign, float(np.log(np.abs(diagonal)).sum(dtype=np.float64))


def _bandwidth(matrix: Any) -> int:
    """How far entries lie from the diagonal in a good order: it bounds what factors fill."""
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    order = reverse_cuthill_mckee(matrix.tocsr(), symmetric_mode=False)
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    entries = matrix.tocoo()
    return int(np.abs(place[entries.row] - place[entries.col]).max(initial=0)) + 1


def _parity(permutation: np.ndarray) -> float:
    """1 or −1: a cycle of k places is k − 1 exchanges."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n = len(permutation)
    graph = csr_array((np.ones(n, np.int8), (np.arange(n), permutation)), shape=(n, n))
    return (-1.0) ** (n - connected_components(graph, directed=False)[0])
