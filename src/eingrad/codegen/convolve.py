"""Contractions with windows as convolutions, for libraries that have those as one operation.

A pattern p = start + stride·i + dilation·k treats places i and taps k alike, so there are two cases
only. Windows of x meet an array along one of i and k of each axis: x is slid along, and what it
meets is the filter, the gradient of a filter included. Or i and k of a product are added up to p:
one operand is spread out by the stride, and the other, turned round, is the filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..dims import Dim, product
from .program import ZERO, Program, Value, below


@dataclass(frozen=True)
class Sliding:
    """How a filter goes along one axis: the axes of both operands, and the numbers of
    `conv_general_dilated`."""

    axis: int
    filter_axis: int
    size: Dim
    strides: int
    padding: tuple[Dim, Dim]
    spread: int
    dilation: int


def convolved(program: Program, roots: Sequence[Value]) -> tuple[Program, list[Value]]:
    """The program below some roots, with such contractions as convolutions."""
    order = below(roots)
    if not any(v.op in ("windows", "overlap_add") for v in order):
        return program, list(roots)
    result = Program()
    new: dict[Value, Value] = {}
    for value in order:
        made = _slid(result, value, new) or _spread(result, value, new)
        args = [new[a] for a in value.args]
        if made is None and value.op == "transpose":
            made = result.transpose(args[0], value.params)
        if made is None:
            made = result.make(value.op, args, value.params, value.shape, value.weak)
            if value in program.constants:
                result.constants[made] = program.constants[value]
        new[value] = made
    return result, [new[r] for r in roots]


def _slid(program: Program, value: Value, new: dict[Value, Value]) -> Value | None:
    """A contraction of windows with an array."""
    if value.op != "tensordot":
        return None
    side = next((k for k in (0, 1) if value.args[k].op == "windows"), None)
    if side is None:
        return None
    windows, other = value.args[side], value.args[1 - side]
    (x,) = windows.args
    pairs = dict(zip(value.params[side], value.params[1 - side], strict=True))
    slidings, results = [], {}  # axis of x → the axis of the windows that stays
    for k, (axis, count, taps, start, stride, dilation) in enumerate(windows.params):
        tap = x.ndim + k
        if (axis in pairs) == (tap in pairs) or stride < 1 or dilation < 1:
            return None
        length, size, step, apart = (
            (taps, count, stride, dilation) if tap in pairs else (count, taps, dilation, stride)
        )
        results[axis] = axis if tap in pairs else tap
        end = start + step * (size - 1) + apart * (length - 1) + 1 - x.shape[axis]
        met = pairs.pop(tap if tap in pairs else axis)
        slidings.append(Sliding(axis, met, size, step, (ZERO - start, end), 1, apart))
    made, labels = _convolution(program, new[x], new[other], slidings, pairs)
    # Labels: axes of x, then ("other", axis) of the array.
    free = [k for k in range(windows.ndim) if k not in value.params[side]]
    called = {results.get(k, k): k for k in range(x.ndim)}
    first: list[object] = [called[k] for k in free]
    second: list[object] = [
        ("other", k) for k in range(other.ndim) if k not in value.params[1 - side]
    ]
    wanted = first + second if side == 0 else second + first
    return program.transpose(made, [labels.index(w) for w in wanted])


def _spread(program: Program, value: Value, new: dict[Value, Value]) -> Value | None:
    """A product whose places and taps are added up."""
    if value.op != "overlap_add":
        return None
    inner, chain = value, []
    while inner.op == "overlap_add":
        chain.append(inner)
        (inner,) = inner.args
    if inner.op != "tensordot":
        return None
    # What the axes of each step were in the product, from the inside out.
    axes = list(range(inner.ndim))
    steps: list[tuple[int, int, tuple[Dim, Dim, int, int]]] = []
    for step in reversed(chain):
        axis, tap, *how = step.params
        steps.append((axes[axis], axes[tap], tuple(how)))
        axes = [a for k, a in enumerate(axes) if k != tap]
    origin: list[tuple[int, int]] = [
        (side, k)
        for side in (0, 1)
        for k in range(inner.args[side].ndim)
        if k not in inner.params[side]
    ]
    sides = {origin[axis][0] for axis, _, _ in steps}
    if len(sides) != 1 or any(origin[tap][0] in sides for _, tap, _ in steps):
        return None
    (side,) = sides
    x, other = inner.args[side], inner.args[1 - side]
    slidings = []
    turned = [("all",)] * other.ndim
    for axis, tap, (size, start, stride, dilation) in steps:
        if stride < 1 or dilation < 1:
            return None
        at, met = origin[axis][1], origin[tap][1]
        length, places = other.shape[met], x.shape[at]
        low = start + dilation * (length - 1)
        high = size - (stride * (places - 1) + 1) - low + dilation * (length - 1)
        turned[met] = ("slice", length - 1, -1, length)  # type: ignore[assignment]
        slidings.append(Sliding(at, met, size, 1, (low, high), stride, dilation))
    pairs = dict(zip(inner.params[side], inner.params[1 - side], strict=True))
    backward = program.index(new[other], turned)
    made, labels = _convolution(program, new[x], backward, slidings, pairs)
    wanted: list[object] = [
        origin[a][1] if origin[a][0] == side else ("other", origin[a][1]) for a in axes
    ]
    return program.transpose(made, [labels.index(w) for w in wanted])


def _convolution(
    program: Program,
    x: Value,
    other: Value,
    slidings: Sequence[Sliding],
    pairs: dict[int, int],
) -> tuple[Value, list[object]]:
    """The convolution with all axes apart, and what they are: axes of x and of the other."""
    slid = [s.axis for s in slidings]
    filters = [s.filter_axis for s in slidings]
    batch = [k for k in range(x.ndim) if k not in pairs and k not in slid]
    outputs = [k for k in range(other.ndim) if k not in pairs.values() and k not in filters]
    image = _grouped(program, x, batch, [*pairs], slid)
    kernel = _grouped(program, other, outputs, [*pairs.values()], filters)
    sizes = [s.size for s in slidings]
    params = (
        tuple(s.strides for s in slidings),
        tuple(s.padding for s in slidings),
        tuple(s.spread for s in slidings),
        tuple(s.dilation for s in slidings),
    )
    shape = (image.shape[0], kernel.shape[0], *sizes)
    value = program.make("convolve", (image, kernel), params, shape)
    apart = [*(x.shape[k] for k in batch), *(other.shape[k] for k in outputs), *sizes]
    labels: list[object] = [*batch, *(("other", k) for k in outputs), *slid]
    return program.reshape(value, tuple(apart)), labels


def _grouped(
    program: Program, x: Value, first: list[int], second: list[int], last: list[int]
) -> Value:
    """The array with two groups of axes merged to one each, before the last ones."""
    value = program.transpose(x, [*first, *second, *last])
    groups = [product(x.shape[k] for k in group) for group in (first, second)]
    return program.reshape(value, (*groups, *(x.shape[k] for k in last)))
