"""Convolutions as products with `shifts` patterns, one for each axis that is slid along.

Conventions: the filter is slid along as it is (cross-correlation, what neural networks call a
convolution: y_i = Σ_k w_k x_{stride·i + dilation·k − padding}), or turned round (the convolution of
mathematics and of `numpy.convolve`). Both are differentiable to any order by the product rule, and
their adjoints are products with the same patterns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dims import Dim, shape_text
from ..errors import ShapeError, UnsupportedError
from . import kernels
from .build import einsum
from .node import Node

Padding = tuple[int, int]
DECLARE = 'where the middle is depends on that size: declare it as a number, as in w="3"'


def sliding_size(
    size: Dim, taps: Dim, stride: int = 1, padding: Padding = (0, 0), dilation: int = 1
) -> Dim:
    """How many places a filter has on an axis: (size + padding − reach) / stride + 1, rounded down.

    Raises
    ------
    ShapeError
        The filter is longer than the axis, or a stride or dilation is not positive.
    UnsupportedError
        A stride does not divide a symbolic size.

    Examples
    --------
    >>> n, k = Dim.symbol("n"), Dim.symbol("k")
    >>> str(sliding_size(n, k)), str(sliding_size(Dim.of(10), Dim.of(3), stride=2, padding=(1, 1)))
    ('-k + n + 1', '5')
    """
    if stride < 1 or dilation < 1:
        raise ShapeError("stride and dilation are at least 1")
    if min(padding) < 0:
        raise ShapeError("a padding is not negative")
    free = size + sum(padding) - (taps - 1) * dilation - 1
    known = free.as_int()
    if known is not None:
        if known < 0:
            raise ShapeError(
                f"a filter of size {taps} does not fit into an axis of size {size}"
                + (f" padded by {padding[0]} and {padding[1]}" if any(padding) else "")
            )
        return Dim.of(known // stride + 1)
    if stride == 1:
        return free + 1
    steps = free.divide(Dim.of(stride))
    if steps is None:
        raise UnsupportedError(
            f"the size of a convolution with stride {stride} along an axis of size {size} has no "
            "formula: declare integer sizes"
        )
    return steps + 1


def same_padding(size: Dim, taps: Dim, stride: int, dilation: int) -> Padding:
    """The zeros in front and behind so that the result has size ⌈size / stride⌉ (one more behind
    where the number is odd, as TensorFlow has it)."""
    length = taps.as_int()
    if length is None:
        raise UnsupportedError(
            f'padding="same" needs a filter of integer size, not {taps}\n{DECLARE}'
        )
    reach = (length - 1) * dilation
    if stride == 1:
        return reach // 2, reach - reach // 2
    known = size.as_int()
    if known is None:
        raise UnsupportedError(
            f'padding="same" with a stride needs an axis of integer size, not {size}\n{DECLARE}'
        )
    total = max(0, (-(-known // stride) - 1) * stride + reach + 1 - known)
    return total // 2, total - total // 2


def convolve(
    x: Node,
    w: Node,
    *,
    axes: int,
    stride: Sequence[int],
    padding: Sequence[Padding],
    dilation: Sequence[int],
    groups: int = 1,
    flip: bool = False,
    last: bool = False,
) -> Node:
    """The convolution of neural networks: x (…, channels, *space) by w (out, channels, *taps).

    Parameters
    ----------
    x:
        Leading axes are a batch. With just `axes` axes there are no channels, on both sides.
    axes:
        How many axes are slid along: 1, 2, ….
    stride, padding, dilation:
        One for each of them; paddings are zeros in front and behind.
    groups:
        How many groups the channels are cut into; w is then (out, channels / groups, *taps).
    flip:
        Turn the filter round: the convolution of mathematics.
    last:
        Channels come last: x (…, *space, channels) by w (*taps, channels, out).

    Raises
    ------
    ShapeError
        The axes do not fit.
    """
    plain = x.ndim == axes and w.ndim == axes
    if not plain and (w.ndim != axes + 2 or x.ndim < axes + 1):
        wanted = (
            "(*space, channels) and (*taps, channels, out)"
            if last
            else ("(channels, *space) and (out, channels, *taps)")
        )
        raise ShapeError(
            f"a convolution along {axes} axes takes {wanted}, not "
            f"{shape_text(x.shape)} and {shape_text(w.shape)}"
        )
    lead: list[tuple[Any, ...]] = [(("b", k),) for k in range(x.ndim - axes - (not plain))]
    first = 0 if plain else (len(lead) if last else len(lead) + 1)
    sizes: dict[Any, Dim] = {}
    factors: list[tuple[Node, list[tuple[Any, ...]]]] = []
    inside: list[tuple[Any, ...]] = []
    taps: list[tuple[Any, ...]] = []
    out: list[tuple[Any, ...]] = []
    for k in range(axes):
        n = x.shape[first + k]
        t = w.shape[k if plain or last else k + 2]
        count = sliding_size(n, t, stride[k], padding[k], dilation[k])
        here, tap, at = slide(
            factors, sizes, k, n, t, count, -padding[k][0], stride[k], dilation[k], flip
        )
        inside.append(here)
        taps.append(tap)
        out.append(at)
    if plain:
        return einsum([(x, inside), (w, taps), *factors], out, 1, sizes)
    channels, outs = (("c",), ("o",))
    x_axes: list[tuple[Any, ...]]
    if groups != 1:
        channels, outs = _grouped(x, w, len(lead) if not last else -1, last, groups, sizes)
    inner = ("c",)
    if last:
        x_axes, w_axes, result = [*lead, *inside, channels], [*taps, inner, outs], [*out, outs]
    else:
        x_axes, w_axes, result = [*lead, channels, *inside], [outs, inner, *taps], [outs, *out]
    return einsum([(x, x_axes), (w, w_axes), *factors], [*lead, *result], 1, sizes)


def _grouped(
    x: Node, w: Node, channel_axis: int, last: bool, groups: int, sizes: dict[Any, Dim]
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Channels and outputs as merged axes (group, member)."""
    count = Dim.of(groups)
    members = x.shape[channel_axis].divide(count)
    outs = w.shape[-1 if last else 0].divide(count)
    given = w.shape[-2 if last else 1]
    if groups < 1 or members is None or outs is None or members != given:
        raise ShapeError(
            f"{groups} groups need channels and outputs in multiples of {groups}, and a filter of "
            f"{x.shape[channel_axis]}/{groups} channels; it has {given}"
        )
    sizes.update({"g": count, "o": outs})
    return ("g", "c"), ("g", "o")


def slide(
    factors: list[tuple[Node, list[tuple[Any, ...]]]],
    sizes: dict[Any, Dim],
    name: Any,
    size: Dim,
    taps: Dim,
    count: Dim,
    start: Dim | int,
    stride: int,
    dilation: int,
    flip: bool = False,
) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]:
    """Add the pattern of one axis to the factors of a product; the indices of input, taps, output.

    A filter of one tap that pads nothing is a slice, or nothing at all; places side by side that
    fill the axis cut it, and need no pattern either.
    """
    tap: tuple[Any, ...] = () if taps.is_one else (("k", name),)
    at: tuple[Any, ...] = () if count.is_one else (("i", name),)
    here: tuple[Any, ...] = () if size.is_one else (("p", name),)
    sizes.update({atom: d for atom, d in ((("i", name), count),) if at})
    if taps.is_one and count == size and stride == 1 and start == 0:
        return here, tap, here
    if stride == taps and start == 0 and dilation == 1 and count * taps == size and not flip:
        sizes[("k", name)] = taps
        return (*at, *tap), tap, at
    if flip:
        start, dilation = (taps - 1) * dilation + start, -dilation
    pattern: Node = kernels.shifts(count, taps, size, start, stride, dilation)
    factors.append((pattern, [at, tap, here]))
    return here, tap, at


def windows(x: Node, axes: Sequence[int], lengths: Sequence[Dim], strides: Sequence[int]) -> Node:
    """All windows of an array: its axes, the chosen ones counting places, then those inside."""
    sizes: dict[Any, Dim] = {}
    factors: list[tuple[Node, list[tuple[Any, ...]]]] = []
    inside: list[tuple[Any, ...]] = [(("b", k),) for k in range(x.ndim)]
    out = list(inside)
    taps: list[tuple[Any, ...]] = []
    for axis, length, stride in zip(axes, lengths, strides, strict=True):
        size = x.shape[axis]
        count = sliding_size(size, length, stride, (0, 0), 1)
        here, tap, at = slide(factors, sizes, axis, size, length, count, 0, stride, 1)
        inside[axis], out[axis] = here, at
        taps.append(tap)
    return einsum([(x, inside), *factors], [*out, *taps], 1, sizes)


def discrete_convolution(a: Node, v: Node, mode: str = "full") -> Node:
    """`numpy.convolve`: Σ_k a_{i−k} v_k; of two symbolic sizes the first is taken as the larger.

    Raises
    ------
    ShapeError
        An operand is not a vector, or the mode is none of full, same and valid.
    """
    if a.ndim != 1 or v.ndim != 1:
        raise ShapeError(
            f"convolve takes vectors, not {shape_text(a.shape)} and {shape_text(v.shape)}"
        )
    less = (v.shape[0] - a.shape[0]).as_int()
    if less is not None and less > 0:
        a, v = v, a
    n, taps = a.shape[0], v.shape[0]
    if mode == "full":
        count, start = n + taps - 1, Dim.of(0)
    elif mode == "valid":
        count, start = n - taps + 1, taps - 1
    elif mode == "same":
        middle = taps.as_int()
        if middle is None:
            raise UnsupportedError(
                f'convolve with mode="same" needs a filter of integer size, not {taps}\n{DECLARE}; '
                'or use mode="full" or mode="valid", which take any size'
            )
        count, start = n, Dim.of((middle - 1) // 2)
    else:
        raise ShapeError(f"convolve has the modes full, same and valid, not {mode!r}")
    factors: list[tuple[Node, list[tuple[Any, ...]]]] = []
    sizes: dict[Any, Dim] = {}
    here, tap, at = slide(factors, sizes, 0, n, taps, count, start, 1, -1)
    return einsum([(a, [here]), (v, [tap]), *factors], [at], 1, sizes)


__all__ = ["convolve", "discrete_convolution", "same_padding", "slide", "sliding_size"]
