"""Sums, means, extremes and running sums over axes."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...dims import Dim, product, shape_text
from ...errors import ShapeError, UnsupportedError
from ...ir import build, construct
from ...ir.node import Node
from .convert import Mask, node_of
from .dispatch import apply_record, implements, require
from .elementwise import truth
from .indexing import index
from .sizes import plain


def axes_of(node: Node, axis: Any) -> list[int]:
    """The axes that `axis=` means: all for None, one, or several distinct ones."""
    if axis is None:
        return list(range(node.ndim))
    given = list(axis) if isinstance(axis, tuple | list) else [axis]
    try:
        axes = [construct.axis_of(node, operator.index(a)) for a in given]
    except TypeError:
        raise ShapeError(f"an axis is an integer, not {axis!r}") from None
    if len(set(axes)) < len(axes):
        raise ShapeError(f"axis={axis} names an axis twice")
    return axes


def fold(node: Node, axes: Sequence[int]) -> Node:
    """The other axes in order, then the given ones merged into a single last axis."""
    rest = [(k,) for k in range(node.ndim) if k not in axes]
    return build.einsum([(node, [(k,) for k in range(node.ndim)])], [*rest, tuple(sorted(axes))])


def over_last(name: str, node: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """A record that reduces the last axis (`"k ->"`), over any axes."""
    record = require(name)
    axes = axes_of(node, axis)
    if not axes:
        return node
    result = apply_record(record, fold(node, axes))
    return construct.expand_dims(result, sorted(axes)) if keepdims else result


def along_last(name: str, node: Node, axis: Any = -1) -> Node:
    """A record that maps the last axis to itself (`"k -> k"`), along any axes."""
    record = require(name)
    axes = sorted(axes_of(node, axis))
    if not axes:
        raise ShapeError(f"{name} needs an axis; its operand is a scalar")
    last = list(range(node.ndim))[node.ndim - len(axes) :]
    if len(axes) == 1:
        moved = construct.move_axes(node, axes, last)
        return construct.move_axes(apply_record(record, moved), last, axes)
    folded = apply_record(record, fold(node, axes))
    cut = (*folded.shape[:-1], *(node.shape[a] for a in axes))
    return construct.move_axes(construct.reshape(folded, cut), last, axes)


def count_of(node: Node, axis: Any) -> Dim:
    """The number of entries along some axes."""
    return product(node.shape[a] for a in axes_of(node, axis))


@implements("sum")
def sum(a: Any, axis: Any = None, keepdims: bool = False) -> Node:
    node = node_of(a)
    return construct.sum_axes(node, axes_of(node, axis), keepdims)


@implements("mean")
def mean(a: Any, axis: Any = None, keepdims: bool = False) -> Node:
    node = node_of(a)
    return construct.mean_axes(node, axes_of(node, axis), keepdims)


@implements("average")
def average(a: Any, axis: Any = None, weights: Any = None, keepdims: bool = False) -> Node:
    """The weighted mean; weights of one axis may be a vector."""
    node = node_of(a)
    if weights is None:
        return mean(node, axis, keepdims)
    axes = axes_of(node, axis)
    weight = node_of(weights)
    if weight.shape != node.shape:
        if weight.shape != tuple(node.shape[k] for k in axes):
            raise ShapeError(
                f"weights of shape {shape_text(weight.shape)} do not fit {shape_text(node.shape)}"
            )
        weight = build.einsum(
            [(weight, [(k,) for k in axes])],
            [(k,) if k in axes else () for k in range(node.ndim)],
        )
    total = sum(build.broadcast_to(weight, node.shape), axis, keepdims)
    return sum(node * weight, axis, keepdims) / total


@implements("var")
def var(
    a: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False, correction: Any = None
) -> Node:
    node = node_of(a)
    away = node - mean(node, axis, keepdims=True)
    lost = ddof if correction is None else correction
    if not isinstance(lost, int | Dim):
        count = construct.size_value(count_of(node, axis)) - node_of(lost)
    else:
        count = construct.size_value(count_of(node, axis) - plain(lost))
    if build.is_zero(count):
        raise ShapeError("var: there are no more entries than ddof")
    return sum(away * away, axis, keepdims) / count


@implements("std")
def std(
    a: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False, correction: Any = None
) -> Node:
    return var(a, axis, ddof, keepdims, correction) ** Fraction(1, 2)


@implements("prod")
def prod(a: Any, axis: Any = None, keepdims: bool = False) -> Node:
    return over_last("prod", node_of(a), axis, keepdims)


@implements("max", "amax")
def max(a: Any, axis: Any = None, keepdims: bool = False) -> Node:
    return over_last("max", node_of(a), axis, keepdims)


@implements("min", "amin")
def min(a: Any, axis: Any = None, keepdims: bool = False) -> Node:
    return over_last("min", node_of(a), axis, keepdims)


@implements("ptp")
def ptp(a: Any, axis: Any = None, keepdims: bool = False) -> Node:
    return max(a, axis, keepdims) - min(a, axis, keepdims)


@implements("any")
def any(a: Any, axis: Any = None, keepdims: bool = False) -> Mask:
    return Mask(max(truth(a), axis, keepdims))


@implements("all")
def all(a: Any, axis: Any = None, keepdims: bool = False) -> Mask:
    return Mask(min(truth(a), axis, keepdims))


@implements("count_nonzero")
def count_nonzero(a: Any, axis: Any = None, keepdims: bool = False) -> Node:
    return sum(truth(a), axis, keepdims)


@implements("cumsum")
def cumsum(a: Any, axis: Any = None) -> Node:
    node = node_of(a)
    if axis is None:
        return construct.cumulative_sum(construct.ravel(node), 0)
    return construct.cumulative_sum(node, operator.index(axis))


@implements("cumulative_sum")
def cumulative_sum(x: Any, axis: Any = None, include_initial: bool = False) -> Node:
    node = node_of(x)
    if include_initial:
        raise UnsupportedError("numpy.cumulative_sum: include_initial= is not covered")
    if axis is None and node.ndim != 1:
        raise ShapeError(f"cumulative_sum of {shape_text(node.shape)} needs an axis")
    return cumsum(node, axis)


@implements("cumprod")
def cumprod(a: Any, axis: Any = None) -> Node:
    """The running product along an axis, by default of all entries."""
    node = node_of(a)
    if axis is None:
        return along_last("cumprod", construct.ravel(node), 0)
    return along_last("cumprod", node, operator.index(axis))


@implements("cumulative_prod")
def cumulative_prod(x: Any, axis: Any = None, include_initial: bool = False) -> Node:
    node = node_of(x)
    if include_initial:
        raise UnsupportedError("numpy.cumulative_prod: include_initial= is not covered")
    if axis is None and node.ndim != 1:
        raise ShapeError(f"cumulative_prod of {shape_text(node.shape)} needs an axis")
    return cumprod(node, axis)


@implements("diff")
def diff(a: Any, n: int = 1, axis: int = -1) -> Node:
    """Differences of neighbours, n times."""
    node = node_of(a)
    lead = (slice(None),) * construct.axis_of(node, axis)
    for _ in range(operator.index(n)):
        node = index(node, (*lead, slice(1, None))) - index(node, (*lead, slice(None, -1)))
    return node


@implements("trapezoid", "trapz")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Node:
    """The integral of a curve through points, by trapezoids."""
    node = construct.move_axes(node_of(y), [axis], [-1])
    width = node_of(dx)
    if x is not None:
        places = node_of(x)
        width = diff(places if places.ndim == 1 else construct.move_axes(places, [axis], [-1]))
    middle = index(node, (Ellipsis, slice(1, None))) + index(node, (Ellipsis, slice(None, -1)))
    return sum(width * middle / 2, -1)


@implements("cov")
def cov(m: Any, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Node:
    """The covariance matrix of the rows (of the columns with `rowvar=False`)."""
    node = node_of(m)
    if node.ndim not in (1, 2):
        raise ShapeError(f"cov takes a vector or a matrix, not {shape_text(node.shape)}")
    if node.ndim == 2 and not rowvar:
        node = build.transpose(node, (1, 0))
    lost = (0 if bias else 1) if ddof is None else ddof
    away = node - mean(node, -1, keepdims=True)
    other = build.transpose(away, tuple(reversed(range(away.ndim))))
    return construct.matmul(away, other) / construct.size_value(node.shape[-1] - lost)


# `np.add.reduce(x)` and the like; their axis is the first one where none is given.


@implements("add.reduce")
def add_reduce(a: Any, axis: Any = 0, keepdims: bool = False) -> Node:
    return sum(a, axis, keepdims)


@implements("multiply.reduce")
def multiply_reduce(a: Any, axis: Any = 0, keepdims: bool = False) -> Node:
    return prod(a, axis, keepdims)


@implements("maximum.reduce")
def maximum_reduce(a: Any, axis: Any = 0, keepdims: bool = False) -> Node:
    return max(a, axis, keepdims)


@implements("minimum.reduce")
def minimum_reduce(a: Any, axis: Any = 0, keepdims: bool = False) -> Node:
    return min(a, axis, keepdims)


@implements("logaddexp.reduce")
def logaddexp_reduce(a: Any, axis: Any = 0, keepdims: bool = False) -> Node:
    return over_last("logsumexp", node_of(a), axis, keepdims)


@implements("add.accumulate")
def add_accumulate(a: Any, axis: Any = 0) -> Node:
    return cumsum(a, axis)


@implements("multiply.accumulate")
def multiply_accumulate(a: Any, axis: Any = 0) -> Node:
    return cumprod(a, axis)
