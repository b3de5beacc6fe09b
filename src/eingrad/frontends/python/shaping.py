"""Axes: reordered, cut, merged, stretched, joined; diagonals and triangles."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ...dims import ONE, Dim, product, shape_text
from ...errors import ShapeError, UnsupportedError
from ...ir import build, construct, kernels
from ...ir.node import Node, Shape
from .convert import node_of
from .dispatch import implements
from .indexing import index
from .indexing import take as _take
from .reductions import axes_of
from .sizes import plain, visible


def nodes_of(arrays: Any) -> list[Node]:
    """The nodes of a sequence of arrays, or of the slices of a tensor along its first axis."""
    found = [node_of(a) for a in arrays]
    if not found:
        raise ShapeError("there is nothing to put together")
    return found


def _integers(values: Any) -> list[int]:
    return [operator.index(v) for v in (values if isinstance(values, Iterable) else [values])]


def _sizes(shape: Any) -> list[Dim | int]:
    """A shape argument: one size or several; −1 stays."""
    if isinstance(shape, str):
        from ..declare import declaration

        return list(declaration(shape, "shape")[0])
    given = list(shape) if isinstance(shape, tuple | list | np.ndarray) else [shape]
    return [-1 if not isinstance(d, Dim) and d == -1 else plain(d) for d in given]


def shape_of(shape: Any) -> Shape:
    """A complete shape: integers, sizes, or names of sizes in a text."""
    sizes = _sizes(shape)
    if any(isinstance(d, int) for d in sizes):
        raise ShapeError("a shape has no −1 here")
    return tuple(d for d in sizes if isinstance(d, Dim))


@implements("shape")
def shape(a: Any) -> tuple[Any, ...]:
    return tuple(visible(d) for d in node_of(a).shape)


@implements("ndim")
def ndim(a: Any) -> int:
    return node_of(a).ndim


@implements("size")
def size(a: Any, axis: Any = None) -> Any:
    node = node_of(a)
    return visible(product(node.shape[k] for k in axes_of(node, axis)))


@implements("iscomplexobj")
def iscomplexobj(x: Any) -> bool:
    return False


@implements("isrealobj")
def isrealobj(x: Any) -> bool:
    return True


@implements("reshape")
def reshape(a: Any, shape: Any, order: str = "C") -> Node:
    return construct.reshape(node_of(a), _sizes(shape))


@implements("ravel")
def ravel(a: Any) -> Node:
    return construct.ravel(node_of(a))


@implements("transpose", "permute_dims")
def transpose(a: Any, axes: Any = None) -> Node:
    node = node_of(a)
    if axes is None:
        return build.transpose(node, tuple(reversed(range(node.ndim))))
    order = axes_of(node, tuple(_integers(axes)))
    if len(order) != node.ndim:
        raise ShapeError(f"transpose of {shape_text(node.shape)} needs {node.ndim} axes")
    return build.transpose(node, order)


@implements("matrix_transpose", "linalg.matrix_transpose")
def matrix_transpose(x: Any) -> Node:
    node = node_of(x)
    if node.ndim < 2:
        raise ShapeError(f"a matrix transpose needs two axes; this is {shape_text(node.shape)}")
    return swapaxes(node, -2, -1)


@implements("swapaxes")
def swapaxes(a: Any, axis1: int, axis2: int) -> Node:
    node = node_of(a)
    order = list(range(node.ndim))
    p, q = construct.axis_of(node, axis1), construct.axis_of(node, axis2)
    order[p], order[q] = q, p
    return build.transpose(node, order)


@implements("moveaxis")
def moveaxis(a: Any, source: Any, destination: Any) -> Node:
    return construct.move_axes(node_of(a), _integers(source), _integers(destination))


@implements("rollaxis")
def rollaxis(a: Any, axis: int, start: int = 0) -> Node:
    node = node_of(a)
    source = construct.axis_of(node, axis)
    target = start + node.ndim if start < 0 else start
    return construct.move_axes(node, [source], [target - 1 if source < target else target])


@implements("expand_dims")
def expand_dims(a: Any, axis: Any) -> Node:
    return construct.expand_dims(node_of(a), _integers(axis))


@implements("squeeze")
def squeeze(a: Any, axis: Any = None) -> Node:
    node = node_of(a)
    return construct.squeeze(node, None if axis is None else axes_of(node, axis))


@implements("broadcast_to")
def broadcast_to(array: Any, shape: Any) -> Node:
    return build.broadcast_to(node_of(array), shape_of(shape))


@implements("broadcast_arrays")
def broadcast_arrays(*args: Any) -> tuple[Node, ...]:
    nodes = [node_of(a) for a in args]
    target = build.broadcast_shape([n.shape for n in nodes])
    return tuple(build.broadcast_to(n, target) for n in nodes)


@implements("meshgrid")
def meshgrid(*xi: Any, indexing: str = "xy", sparse: bool = False) -> list[Node]:
    """Coordinate arrays of the grid that vectors span."""
    nodes = [construct.ravel(node_of(x)) for x in xi]
    rank = len(nodes)
    places = list(range(rank))
    if indexing == "xy" and rank > 1:
        places[:2] = [1, 0]
    spread = [
        construct.expand_dims(n, [k for k in range(rank) if k != p])
        for n, p in zip(nodes, places, strict=True)
    ]
    return spread if sparse else list(broadcast_arrays(*spread))


@implements("atleast_1d")
def atleast_1d(*arys: Any) -> Any:
    return _at_least(1, arys)


@implements("atleast_2d")
def atleast_2d(*arys: Any) -> Any:
    return _at_least(2, arys)


def _at_least(rank: int, arrays: Sequence[Any]) -> Any:
    nodes = [node_of(a) for a in arrays]
    raised = [construct.expand_dims(n, range(rank - n.ndim)) if n.ndim < rank else n for n in nodes]
    return raised[0] if len(raised) == 1 else tuple(raised)


# --- joined and cut ------------------------------------------------------------------------------


@implements("concatenate", "concat")
def concatenate(arrays: Any, axis: Any = 0) -> Node:
    nodes = nodes_of(arrays)
    if axis is None:
        return construct.concatenate([construct.ravel(n) for n in nodes], 0)
    if not nodes[0].ndim:
        raise ShapeError("scalars cannot be concatenated; use np.stack")
    return construct.concatenate(nodes, operator.index(axis))


@implements("append")
def append(arr: Any, values: Any, axis: Any = None) -> Node:
    return concatenate([arr, values], axis)


@implements("stack")
def stack(arrays: Any, axis: int = 0) -> Node:
    nodes = nodes_of(arrays)
    if len({n.shape for n in nodes}) > 1:
        raise ShapeError("cannot stack " + " and ".join(shape_text(n.shape) for n in nodes))
    return construct.stack(nodes, operator.index(axis))


@implements("vstack")
def vstack(tup: Any) -> Node:
    return concatenate([_at_least(2, [n]) for n in nodes_of(tup)], 0)


@implements("hstack")
def hstack(tup: Any) -> Node:
    nodes = [_at_least(1, [n]) for n in nodes_of(tup)]
    return concatenate(nodes, 0 if nodes[0].ndim == 1 else 1)


@implements("column_stack")
def column_stack(tup: Any) -> Node:
    nodes = [_at_least(1, [n]) for n in nodes_of(tup)]
    return concatenate([construct.expand_dims(n, [1]) if n.ndim == 1 else n for n in nodes], 1)


@implements("dstack")
def dstack(tup: Any) -> Node:
    nodes = [_at_least(2, [n]) for n in nodes_of(tup)]
    return concatenate([construct.expand_dims(n, [2]) if n.ndim == 2 else n for n in nodes], 2)


@implements("block")
def block(arrays: Any) -> Node:
    """Nested lists of blocks: the innermost lists are joined along the last axis."""
    depth = 0
    inner = arrays
    while isinstance(inner, list):
        depth, inner = depth + 1, inner[0] if inner else None
    if depth > 32:
        raise ShapeError("blocks are nested too deeply")

    def joined(part: Any, level: int) -> Node:
        if not isinstance(part, list):
            return _at_least(max(depth, 1), [part])
        if not part or level == 0:
            raise ShapeError("the lists of np.block must be of one depth, and not empty")
        return concatenate([joined(p, level - 1) for p in part], -level)

    return joined(arrays, depth)


@implements("split", "array_split")
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Node]:
    """Consecutive parts along an axis: so many of equal size, or cut at places."""
    node = node_of(ary)
    a = construct.axis_of(node, axis)
    lead = (slice(None),) * a
    cuts = indices_or_sections
    if isinstance(cuts, int):
        part = node.shape[a].divide(Dim.of(cuts))
        if part is None:
            raise ShapeError(f"axis {a} of {shape_text(node.shape)} has no {cuts} equal parts")
        cuts = [visible(part * k) for k in range(1, cuts)]
    ends = [None, *cuts, None]
    return [index(node, (*lead, slice(begin, end))) for begin, end in pairwise(ends)]


@implements("unstack")
def unstack(x: Any, axis: int = 0) -> tuple[Node, ...]:
    node = construct.move_axes(node_of(x), [axis], [0])
    count = node.shape[0].as_int()
    if count is None:
        raise UnsupportedError(f"numpy.unstack needs an axis of integer size, not {node.shape[0]}")
    return tuple(index(node, k) for k in range(count))


@implements("take")
def take(a: Any, indices: Any, axis: Any = None) -> Node:
    return _take(node_of(a), indices, axis)


@implements("flip")
def flip(m: Any, axis: Any = None) -> Node:
    node = node_of(m)
    turned = axes_of(node, axis)
    return index(
        node, tuple(slice(None, None, -1) if k in turned else slice(None) for k in range(node.ndim))
    )


@implements("fliplr")
def fliplr(m: Any) -> Node:
    return flip(m, 1)


@implements("flipud")
def flipud(m: Any) -> Node:
    return flip(m, 0)


@implements("roll")
def roll(a: Any, shift: int, axis: Any = None) -> Node:
    """Entries moved along an axis, those at the end to the front."""
    node = node_of(a)
    if axis is None:
        rolled = roll(construct.ravel(node), shift, 0)
        return construct.reshape(rolled, node.shape)
    k = construct.axis_of(node, axis)
    count = node.shape[k].as_int()
    places = operator.index(shift) if count is None else operator.index(shift) % (count or 1)
    if places == 0:
        return node
    lead = (slice(None),) * k
    parts = [(*lead, slice(-places, None)), (*lead, slice(None, -places))]
    return construct.concatenate([index(node, part) for part in parts], k)


@implements("repeat")
def repeat(a: Any, repeats: Any, axis: Any = None) -> Node:
    """Each entry several times in a row: the repetition is the inner part of a merged axis."""
    node = node_of(a)
    if axis is None:
        return repeat(construct.ravel(node), repeats, 0)
    count = shape_of(repeats)
    if len(count) != 1:
        raise UnsupportedError("numpy.repeat: one number of repeats for all entries is covered")
    k = construct.axis_of(node, axis)
    out: list[tuple[Any, ...]] = [(j,) for j in range(node.ndim)]
    out[k] = (k, "copy")
    return build.einsum([(node, [(j,) for j in range(node.ndim)])], out, 1, {"copy": count[0]})


@implements("tile")
def tile(A: Any, reps: Any) -> Node:
    """The whole array several times: the repetition is the outer part of a merged axis."""
    node = node_of(A)
    counts = list(shape_of(reps))
    rank = max(node.ndim, len(counts))
    counts = [ONE] * (rank - len(counts)) + counts
    node = _at_least(rank, [node])
    sizes: dict[Any, Dim] = {("copy", k): d for k, d in enumerate(counts)}
    out: list[tuple[Any, ...]] = [(("copy", k), k) for k in range(rank)]
    return build.einsum([(node, [(k,) for k in range(rank)])], out, 1, sizes)


@implements("pad")
def pad(array: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = 0) -> Node:
    """A constant border."""
    if mode != "constant":
        raise UnsupportedError(f"numpy.pad: mode={mode!r} is not covered; mode='constant' is")
    if np.ndim(constant_values):
        raise UnsupportedError("numpy.pad: one number for the whole border is covered")
    node = node_of(array)
    widths = np.broadcast_to(np.asarray(pad_width), (node.ndim, 2))
    for k, (before, after) in enumerate(widths):
        parts = []
        for count in (int(before), None, int(after)):
            if count is None:
                parts.append(node)
            elif count:
                border = (*node.shape[:k], Dim.of(count), *node.shape[k + 1 :])
                parts.append(build.broadcast_to(node_of(constant_values), border))
        node = construct.concatenate(parts, k)
    return node


# --- diagonals and triangles ---------------------------------------------------------------------


@implements("diagonal", "linalg.diagonal")
def diagonal(a: Any, offset: int = 0, axis1: int | None = None, axis2: int | None = None) -> Node:
    node = node_of(a)
    if node.ndim < 2:
        raise ShapeError(f"a diagonal needs two axes; this is {shape_text(node.shape)}")
    p = construct.axis_of(node, 0 if axis1 is None else axis1)
    q = construct.axis_of(node, 1 if axis2 is None else axis2)
    k = operator.index(offset)
    if k or node.shape[p] != node.shape[q]:
        rows, columns = _diagonal_range(node, p, q, k)
        key = [slice(None)] * node.ndim
        key[p], key[q] = rows, columns
        node = index(node, tuple(key))
    return construct.diagonal(node, p, q)


def _diagonal_range(node: Node, p: int, q: int, k: int) -> tuple[slice, slice]:
    """The square part that has the k-th diagonal as its main one."""
    m, n = node.shape[p], node.shape[q]
    rows, columns = m - max(-k, 0), n - max(k, 0)
    if rows == columns or None not in (rows.as_int(), columns.as_int()):
        count = rows if rows == columns else Dim.of(min(rows.as_int() or 0, columns.as_int() or 0))
    elif m == n:
        count = m - abs(k)
    else:
        raise UnsupportedError(
            f"the length of a diagonal of {shape_text(node.shape)} is the smaller of two symbolic "
            "sizes; declare the matrix square, or with integer sizes"
        )
    length = visible(count)
    if isinstance(length, int) and length < 0:
        length = 0
    first, second = max(-k, 0), max(k, 0)
    return slice(first, _after(first, length)), slice(second, _after(second, length))


def _after(start: int, length: Any) -> Any:
    return length + start


@implements("trace", "linalg.trace")
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Node:
    return construct.sum_axes(diagonal(a, offset, axis1, axis2), [-1])


@implements("diag")
def diag(v: Any, k: int = 0) -> Node:
    """The matrix with a vector on its k-th diagonal, or the k-th diagonal of a matrix."""
    node = node_of(v)
    k = operator.index(k)
    if node.ndim == 2:
        return diagonal(node, k)
    if node.ndim != 1:
        raise ShapeError(f"diag takes a vector or a matrix, not {shape_text(node.shape)}")
    if not k:
        return construct.diag_matrix(node)
    n = node.shape[0] + abs(k)
    rows = kernels.selection(node.shape[0], n, max(-k, 0), 1)
    columns = kernels.selection(node.shape[0], n, max(k, 0), 1)
    return build.contract("p,pi,pj->ij", node, rows, columns)


@implements("diagflat")
def diagflat(v: Any, k: int = 0) -> Node:
    return diag(construct.ravel(node_of(v)), k)


@implements("tril")
def tril(m: Any, k: int = 0) -> Node:
    return construct.triangle(node_of(m), operator.index(k), lower=True)


@implements("triu")
def triu(m: Any, k: int = 0) -> Node:
    return construct.triangle(node_of(m), operator.index(k), lower=False)


# --- made in the shape of another ----------------------------------------------------------------


@implements("zeros_like", "empty_like")
def zeros_like(a: Any, shape: Any = None) -> Node:
    return build.zeros(node_of(a).shape if shape is None else shape_of(shape))


@implements("ones_like")
def ones_like(a: Any, shape: Any = None) -> Node:
    return construct.ones(node_of(a).shape if shape is None else shape_of(shape))


@implements("full_like")
def full_like(a: Any, fill_value: Any, shape: Any = None) -> Node:
    target = node_of(a).shape if shape is None else shape_of(shape)
    return build.broadcast_to(node_of(fill_value), target)
