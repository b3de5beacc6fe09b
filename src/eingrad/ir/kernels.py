"""0/1 patterns as leaves: triangles, selections, shifts. They are contracted like factors and
never built.

| kind        | axes    | entry is 1 where                   | params                              |
|-------------|---------|------------------------------------|-------------------------------------|
| `tril`      | i, j    | j ≤ i + k                          | `k`                                 |
| `triu`      | i, j    | j ≥ i + k                          | `k`                                 |
| `selection` | i, p    | p = start + step·i                 | `start` (Dim), `step`               |
| `gather`    | i, p    | p = places[i], from the end if < 0 | `places` (tuple of int)             |
| `shifts`    | i, k, p | p = start + stride·i + dilation·k  | `start` (Dim), `stride`, `dilation` |

A `gather` may take a place twice; its transpose adds up what meets there. In `shifts` what falls
outside the axis p is left out, which is padding with zeros: x_p against it is a window of x at each
i, and a convolution is a product with it (`eingrad.ir.convolution`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np

from ..dims import Dim, as_dim
from ..errors import ShapeError
from .node import Kernel, kernel


def triangle(rows: Dim, columns: Dim, k: int, lower: bool) -> Kernel:
    """Ones on and below (or above) the k-th diagonal."""
    return kernel("tril" if lower else "triu", (rows, columns), (("k", int(k)),))


def selection(count: Dim, size: Dim, start: Dim | int, step: int) -> Kernel:
    """Row i selects entry start + step·i of an axis of the given size."""
    return kernel("selection", (count, size), (("start", as_dim(start)), ("step", int(step))))


def gather(places: Iterable[int], size: Dim) -> Kernel:
    """Row i selects entry `places[i]` of an axis; places that run evenly are a `selection`.

    Raises
    ------
    ShapeError
        A place lies outside an axis of integer size.
    """
    listed = tuple(int(p) for p in places)
    known = size.as_int()
    if known is not None:
        for place in listed:
            if not -known <= place < known:
                raise ShapeError(f"place {place} is out of bounds for an axis of size {size}")
        listed = tuple(p % known for p in listed)
    steps = {b - a for a, b in pairwise(listed)} or {1}
    same_side = all(p >= 0 for p in listed) or all(p < 0 for p in listed)
    if listed and same_side and len(steps) == 1 and 0 not in steps:
        start = as_dim(listed[0]) if listed[0] >= 0 else size + listed[0]
        return selection(as_dim(len(listed)), size, start, steps.pop())
    return kernel("gather", (as_dim(len(listed)), size), (("places", listed),))


def shifts(
    count: Dim, taps: Dim, size: Dim, start: Dim | int, stride: int, dilation: int
) -> Kernel:
    """Entry (i, k) selects entry start + stride·i + dilation·k of an axis, where it is one."""
    if stride == 0 or dilation == 0:
        raise ShapeError("stride and dilation are not 0")
    params = (("start", as_dim(start)), ("stride", int(stride)), ("dilation", int(dilation)))
    return kernel("shifts", (count, taps, size), params)


def fits(node: Kernel, sizes: Mapping[str, int]) -> bool:
    """Whether all places that a pattern names are there for these sizes."""
    params = dict(node.params)
    if node.kind == "selection":
        count, length = (d.evaluate(sizes) for d in node.shape)
        first = params["start"].evaluate(sizes)
        last = first + params["step"] * (count - 1)
        return 0 <= first < length and 0 <= last < length
    if node.kind == "gather":
        length = node.shape[1].evaluate(sizes)
        return all(-length <= p < length for p in params["places"])
    return True


def dense(node: Kernel, sizes: Mapping[str, int]) -> np.ndarray:
    """The pattern as an array, for the reference evaluator and as a last resort."""
    lengths = [d.evaluate(sizes) for d in node.shape]
    params = dict(node.params)
    if node.kind == "shifts":
        i, k, p = np.ogrid[tuple(map(slice, lengths))]
        start = params["start"].evaluate(sizes)
        return np.where(p == start + params["stride"] * i + params["dilation"] * k, 1.0, 0.0)
    rows, columns = lengths
    if node.kind == "tril":
        return np.tri(rows, columns, params["k"])
    if node.kind == "triu":
        return 1.0 - np.tri(rows, columns, params["k"] - 1)
    result = np.zeros((rows, columns))
    if node.kind == "gather":
        if not fits(node, sizes):
            raise ShapeError(f"a place is out of bounds for an axis of size {columns}")
        places = np.array(params["places"], dtype=np.int64)
    else:
        places = params["start"].evaluate(sizes) + params["step"] * np.arange(rows)
    result[np.arange(rows), places] = 1.0
    return result
