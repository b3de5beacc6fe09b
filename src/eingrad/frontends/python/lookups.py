"""Gather and scatter: entries at places that an index names, and entries added up there."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...dims import Dim
from ...errors import ShapeError, UnsupportedError
from ...ir import composed
from ...ir.node import Node
from .convert import node_of
from .dispatch import implements, wrap
from .shaping import shape_of


def gather(x: Any, index: Any, axis: int = 0) -> Any:
    """The entries at `index` along an axis; the axes of the index take its place.

    Parameters
    ----------
    index:
        Integers (negative ones count from the end), or a tensor with the fact `integer`.

    Raises
    ------
    ShapeError
        A place is out of bounds.
    UnsupportedError
        The index is a tensor that is not known to be whole.

    Examples
    --------
    >>> from .creation import tensor
    >>> gather(tensor("E", "v d"), tensor("words", "b t", "integer")).shape
    (b, t, d)
    """
    return wrap(composed.gather(node_of(x), _index(index), operator.index(axis)))


def scatter_add(values: Any, index: Any, size: Any, axis: int = 0) -> Any:
    """Values added up at the places of an index on an axis of the given size: gather's adjoint.

    The axes of `values` from `axis` on are those of the index.

    Examples
    --------
    >>> from .creation import vector
    >>> scatter_add(vector("x", 4), [0, 2, 2, 5], 6).shape
    (6,)
    """
    return wrap(composed.scatter_add(node_of(values), _index(index), _size(size), axis))


def one_hot(index: Any, size: Any) -> Any:
    """1 at the place that the index names on a new last axis of the given size, else 0."""
    from ...ir import construct

    return wrap(composed.gather(construct.eye(_size(size)), _index(index), 0))


def _size(size: Any) -> Dim:
    found = shape_of(size)
    if len(found) != 1:
        raise ShapeError(f"one size is expected, not {size!r}")
    return found[0]


def _index(index: Any) -> Node | np.ndarray:
    held = getattr(index, "node", None)
    if isinstance(held, Node) and not isinstance(index, Dim):
        return held
    array = np.asarray(index)
    if not array.size:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise UnsupportedError(f"an index is made of integers, not of type {array.dtype}")
    return array


@implements("bincount")
def bincount(x: Any, weights: Any = None, minlength: Any = 0) -> Node:
    """Weights added up at their places; the size is `minlength`, or follows from known places."""
    index = _index(x)
    size = _size(minlength)
    known = size.as_int()
    if isinstance(index, np.ndarray):
        needed = int(index.max(initial=-1)) + 1
        size = size if known is None or known >= needed else Dim.of(needed)
    elif known == 0:
        raise UnsupportedError("numpy.bincount of a tensor needs minlength=, which is the size")
    if weights is None:
        from ...ir import construct

        shape = tuple(map(Dim.of, index.shape)) if isinstance(index, np.ndarray) else index.shape
        return composed.scatter_add(construct.ones(shape), index, size)
    return composed.scatter_add(node_of(weights), index, size)
