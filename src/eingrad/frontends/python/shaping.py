"""Axes: reordered, cut, merged, stretched; arrays made in the shape of another."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...dims import Dim, product, shape_text
from ...errors import ShapeError
from ...ir import build, construct
from ...ir.node import Node, Shape
from .convert import node_of
from .dispatch import implements
from .reductions import axes_of
from .sizes import plain, visible


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
    return at_least(1, arys)


@implements("atleast_2d")
def atleast_2d(*arys: Any) -> Any:
    return at_least(2, arys)


def at_least(rank: int, arrays: Sequence[Any]) -> Any:
    """The arrays with axes of size 1 in front, so that they have so many axes at least."""
    nodes = [node_of(a) for a in arrays]
    raised = [construct.expand_dims(n, range(rank - n.ndim)) if n.ndim < rank else n for n in nodes]
    return raised[0] if len(raised) == 1 else tuple(raised)


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
