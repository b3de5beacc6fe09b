"""0/1 patterns as leaves: triangles, selections. They are contracted like factors and never built.

| kind        | axes  | entry is 1 where        | params                |
|-------------|-------|-------------------------|-----------------------|
| `tril`      | i, j  | j ≤ i + k               | `k`                   |
| `triu`      | i, j  | j ≥ i + k               | `k`                   |
| `selection` | i, p  | p = start + step·i      | `start` (Dim), `step` |
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..dims import Dim, as_dim
from .node import Kernel, kernel


def triangle(rows: Dim, columns: Dim, k: int, lower: bool) -> Kernel:
    """Ones on and below (or above) the k-th diagonal."""
    return kernel("tril" if lower else "triu", (rows, columns), (("k", int(k)),))


def selection(count: Dim, size: Dim, start: Dim | int, step: int) -> Kernel:
    """Row i selects entry start + step·i of an axis of the given size."""
    return kernel("selection", (count, size), (("start", as_dim(start)), ("step", int(step))))


def dense(node: Kernel, sizes: Mapping[str, int]) -> np.ndarray:
    """The pattern as an array, for the reference evaluator and as a last resort."""
    rows, columns = (d.evaluate(sizes) for d in node.shape)
    params = dict(node.params)
    if node.kind == "tril":
        return np.tri(rows, columns, params["k"])
    if node.kind == "triu":
        return 1.0 - np.tri(rows, columns, params["k"] - 1)
    result = np.zeros((rows, columns))
    start = params["start"].evaluate(sizes)
    result[np.arange(rows), start + params["step"] * np.arange(rows)] = 1.0
    return result
