"""Lookups, shifts, bands and convolutions in texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...dims import Dim, as_dim
from ...errors import EingradError
from ...ir import composed, convolution, kernels
from ...ir.apply import apply
from ...ir.facts import has
from ...ir.node import Node
from . import syntax as s
from .arrays import size_or_negative
from .functions import Arguments, structural
from .values import Context, Value
from .written import axes_of, integer, literal, size


def places_written(context: Context, item: s.Syntax) -> np.ndarray:
    """A list of whole numbers as written: `[0, 2, 1]`, or rows of them."""
    try:
        places = np.array(literal(context, item))
    except ValueError:
        raise context.error("the rows of an index have one length", item) from None
    if places.dtype.kind != "i":
        raise context.error("an index is made of whole numbers", item)
    return places


def take_places(context: Context, item: s.Syntax, value: Value, axis: int) -> Value:
    """`x[[0, 2, 1]]`: entries at written places of an axis."""
    index = places_written(context, item)
    if context.sizes.resolve(value.shape[axis]).as_int() is None:
        context.note("sizes are assumed to be large enough for the indices that are written")
    shape = (*value.shape[:axis], *map(as_dim, index.shape), *value.shape[axis + 1 :])
    return context.new(item, shape, lambda n: composed.gather(n, index, axis), value, row=value.row)


def _index(
    context: Context, call: s.Call, args: Arguments, takes: str
) -> tuple[Value, Value | None, np.ndarray | None, tuple[Dim, ...]]:
    """The array, and the index as a value or as written, with its shape."""
    if len(args.values) != 2:
        raise context.error(f"{call.function} takes {takes}", call)
    array, value = args.values
    written = call.arguments[1]
    if isinstance(written, s.Block):
        places = places_written(context, written)
        return array, None, places, tuple(map(as_dim, places.shape))
    return array, value, None, value.shape


def _one_axis(context: Context, args: Arguments, value: Value) -> int:
    if "axis" not in args.written:
        return 0
    axes = axes_of(context, args.written["axis"], value)
    if len(axes) != 1:
        raise context.error("one axis is expected here", args.written["axis"])
    return axes[0]


@structural("gather", "axis", None)
def _gather(context: Context, call: s.Call, args: Arguments) -> Value:
    array, value, places, shape = _index(context, call, args, "an array and an index")
    if array.is_scalar:
        raise context.misfit("gather takes entries of an array", array)
    axis = _one_axis(context, args, array)
    result = (*array.shape[:axis], *shape, *array.shape[axis + 1 :])
    if places is not None:
        return context.new(call, result, lambda n: composed.gather(n, places, axis), array)
    assert value is not None

    def make(node: Node, index: Node) -> Node:
        _whole(context, value, index)
        return composed.gather(node, index, axis)

    return context.new(call, result, make, array, value)


def _whole(context: Context, value: Value, index: Node) -> None:
    if not has(index, "integer"):
        raise context.error(
            "an index that is an input is whole",
            value.syntax,
            hint='declare it with the fact integer, as in "m integer"',
        )


@structural("scatter_add", "size axis", None)
def _scatter_add(context: Context, call: s.Call, args: Arguments) -> Value:
    array, value, places, shape = _index(context, call, args, "values, an index and size=")
    if "size" not in args.written:
        raise context.error("scatter_add needs the size of its result, as in size=n", call)
    total = size(context, args.written["size"])
    axis = _one_axis(context, args, array)
    if len(shape) > array.ndim - axis:
        raise context.misfit("the values have an axis for each axis of the index", array)
    for a, b in zip(array.shape[axis:], shape, strict=False):
        context.unify(a, b, "the values have the axes of the index", array)
    result = (*array.shape[:axis], total, *array.shape[axis + len(shape) :])

    def make(node: Node, *index: Node) -> Node:
        at: Any = places
        if value is not None:
            (at,) = index
            _whole(context, value, at)
        return composed.scatter_add(node, at, context.sizes.resolve(total), axis)

    return context.new(call, result, make, array, *([] if value is None else [value]))


@structural("one_hot", "size")
def _one_hot(context: Context, call: s.Call, args: Arguments) -> Value:
    (value,) = args.values
    if "size" not in args.written:
        raise context.error("one_hot needs a size, as in one_hot(i, n)", call)
    total = size(context, args.written["size"])
    return context.new(
        call,
        (*value.shape, total),
        lambda n: apply("one_hot", n, size=context.sizes.resolve(total)),
        value,
    )


@structural("shifts", "*", 0)
def _shifts(context: Context, call: s.Call, args: Arguments) -> Value:
    """`shifts(count, taps, size, start, stride, dilation)`: the 0/1 pattern itself."""
    if len(args.rest) != 6:
        raise context.error("shifts takes count, taps, size, start, stride and dilation", call)
    dims = tuple(size(context, item) for item in args.rest[:3])
    start = size_or_negative(context, args.rest[3])
    stride, dilation = (integer(context, item) for item in args.rest[4:])

    def make() -> Node:
        count, taps, total, first = context.sizes.resolve_shape((*dims, start))
        return kernels.shifts(count, taps, total, first, stride, dilation)

    return context.new(call, dims, make)


@structural("band", "lower upper")
def _band(context: Context, call: s.Call, args: Arguments) -> Value:
    (value,) = args.values
    if value.ndim < 2:
        raise context.misfit("band needs a matrix", value)
    lower, upper = (
        integer(context, args.written[key]) if key in args.written else 0
        for key in ("lower", "upper")
    )
    return context.new(call, value.shape, lambda n: composed.band(n, lower, upper), value)


# -- convolutions ------------------------------------------------------------------------------


@structural("convolve", "mode", None)
def _convolve(context: Context, call: s.Call, args: Arguments) -> Value:
    if len(args.values) != 2 or any(v.ndim != 1 for v in args.values):
        raise context.error("convolve takes two vectors", call)
    texts = [a.content for a in call.arguments if isinstance(a, s.Text)]
    written = args.written.get("mode")
    mode = str(literal(context, written)) if written is not None else (texts or ["full"])[0]
    a, v = args.values
    n, taps = context.sizes.resolve_shape((a.shape[0], v.shape[0]))
    less = (taps - n).as_int()
    if less is not None and less > 0:
        n, taps = taps, n
    if mode not in ("full", "same", "valid"):
        raise context.error("convolve has the modes full, same and valid", call)
    count = {"full": n + taps - 1, "same": n, "valid": n - taps + 1}[mode]
    return context.new(
        call, (count,), lambda x, w: convolution.discrete_convolution(x, w, mode), a, v
    )


@structural("conv1d conv2d conv3d", "stride padding dilation", None)
def _convolution(context: Context, call: s.Call, args: Arguments) -> Value:
    """Channels first, as in PyTorch: `conv2d(X, W, stride=2, padding=(1, 0))`."""
    axes = int(call.function[4])
    if len(args.values) != 2:
        raise context.error(f"{call.function} takes an array and a filter", call)
    x, w = args.values
    plain = x.ndim == w.ndim == axes
    if not plain and (w.ndim != axes + 2 or x.ndim < axes + 1):
        raise context.misfit(
            f"{call.function} takes (…, channels, *space) and (out, channels, *taps)", x, w
        )
    if not plain:
        context.unify(x.shape[-axes - 1], w.shape[1], "these have different channels", x, w)
    stride, dilation = (_each(context, args, key, axes, 1) for key in ("stride", "dilation"))
    padding = [(p, p) for p in _each(context, args, "padding", axes, 0)]
    space = context.sizes.resolve_shape(x.shape[-axes:])
    taps = context.sizes.resolve_shape(w.shape[-axes:])
    try:
        counts = [
            convolution.sliding_size(*given)
            for given in zip(space, taps, stride, padding, dilation, strict=True)
        ]
    except EingradError as error:
        raise context.error(str(error), call) from None
    lead = () if plain else (*x.shape[: -axes - 1], w.shape[0])

    def make(node: Node, filter_: Node) -> Node:
        return convolution.convolve(
            node, filter_, axes=axes, stride=stride, padding=padding, dilation=dilation
        )

    return context.new(call, (*lead, *counts), make, x, w)


def _each(context: Context, args: Arguments, key: str, axes: int, default: int) -> list[int]:
    if key not in args.written:
        return [default] * axes
    value = literal(context, args.written[key])
    each = list(value) if isinstance(value, tuple) else [value] * axes
    if len(each) != axes or not all(isinstance(v, int) and v >= 0 for v in each):
        raise context.error(f"{key} is a whole number, or {axes} of them", args.written[key])
    return each


__all__ = ["places_written", "take_places"]
