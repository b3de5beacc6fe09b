"""Operators as SciPy's objects, on flattened (row-major) arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .memory import check_bytes
from .sparse import coordinates, entry_count

if TYPE_CHECKING:
    from .operator import StructuredOperator


def to_scipy(operator: StructuredOperator) -> Any:
    """A `scipy.sparse.linalg.LinearOperator`."""
    from scipy.sparse.linalg import LinearOperator

    shape_in, shape_out = operator.in_shape, operator.out_shape
    n, m = math.prod(shape_in), math.prod(shape_out)

    def forward(v: np.ndarray) -> np.ndarray:
        return operator.matvec(v.reshape(shape_in)).reshape(m)

    def back(g: np.ndarray) -> np.ndarray:
        return operator.rmatvec(g.reshape(shape_out)).reshape(n)

    def forward_many(v: np.ndarray) -> np.ndarray:
        return operator.matvec(v.T.reshape(-1, *shape_in)).reshape(-1, m).T

    def back_many(g: np.ndarray) -> np.ndarray:
        return operator.rmatvec(g.T.reshape(-1, *shape_out)).reshape(-1, n).T

    return LinearOperator(
        (m, n),
        matvec=forward,
        rmatvec=back,
        matmat=forward_many,
        rmatmat=back_many,
        dtype=operator.dtype,
    )


def to_sparse(operator: StructuredOperator, limit: int | None) -> Any:
    """A `scipy.sparse.csr_array`, output × input."""
    from scipy.sparse import csr_array

    n, m = math.prod(operator.in_shape), math.prod(operator.out_shape)
    entries = sum(map(entry_count, operator.terms))
    needed = entries * (operator.dtype.itemsize + 16)
    check_bytes(needed, limit, f"a sparse matrix of {entries} entries")
    rows, columns, values = coordinates(operator.terms, operator.dtype)
    return csr_array((values, (rows, columns)), shape=(m, n))
