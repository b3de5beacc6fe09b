"""Gathers and shifts inside a product: taken, added up, slid along; rarely built.

A gather G[i…, p] meets an array that carries p as `take`, and one that carries i… as a sum over
equal places. A pattern of shifts S[i, k, p] meets an array that carries p as windows (views), and
one that carries i and k as the sum of overlapping windows: a convolution and its adjoints.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..dims import Dim
from ..ir.node import Apply, AxisIndex, Kernel, Node
from ..ir.record import lookup
from .pairwise import FIRST, Operand, Steps
from .program import Program, Value

if TYPE_CHECKING:
    from .selections import Selection

ALL = ("all",)


def lazy_pattern(node: Node, axes: tuple[AxisIndex, ...]) -> bool:
    """Whether a factor is a gather or a pattern of shifts with plain indices."""
    if isinstance(node, Kernel):
        if node.kind not in ("gather", "shifts") or len(axes[-1]) != 1:
            return False
        if node.kind == "gather" and not axes[0]:
            return False
    elif not (isinstance(node, Apply) and lookup(node.function).looks_up and len(axes[-1]) == 1):
        return False
    flat = [a for axis in axes for a in axis]
    plain = all(len(axis) <= 1 for axis in axes) and len(set(flat)) == len(flat) > 1
    return plain and (isinstance(node, Kernel) or all(axes))


def as_pattern(
    program: Program, node: Node, axes: tuple[AxisIndex, ...], full: Callable[[Node], Value]
) -> Operand:
    """The operand of such a factor."""
    labels = tuple(a for axis in axes for a in axis)
    if isinstance(node, Apply):
        index = places(program, full(node.operands[0]), node.shape[-1])
        return Operand(
            index,
            labels,
            kind="gather",
            dense=lambda: one_hot(program, index, node),
            pattern=Gather(node.shape[-1]),
        )
    assert isinstance(node, Kernel)
    kernel = node
    params = dict(node.params)

    def built() -> Value:
        value = program.kernel(kernel.kind, kernel.shape, kernel.params)
        return program.index(value, [ALL if axis else FIRST for axis in axes])

    if node.kind == "gather":
        index = program.make("places", (), (params["places"], node.shape[1]), node.shape[:1])
        return Operand(index, labels, kind="gather", dense=built, pattern=Gather(node.shape[1]))
    count, taps, size = node.shape
    pattern = Shifts(
        bool(axes[0]),
        bool(axes[1]),
        (count, taps, size),
        (params["start"], params["stride"], params["dilation"]),
    )
    return Operand(program.number(0), labels, kind="shifts", dense=built, pattern=pattern)


def places(program: Program, index: Value, size: Dim) -> Value:
    """An array argument as an index of an axis of a size."""
    if index.op == "as_index":
        return index
    return program.make("as_index", (index,), (size,), index.shape)


def one_hot(program: Program, index: Value, node: Apply) -> Value:
    """The matrix of an index, built."""
    size = node.shape[-1]
    return program.make("one_hot", (places(program, index, size),), (size,), node.shape)


@dataclass(frozen=True)
class Gather:
    """G[rows…, column] = 1 where column = index[rows…]; the operand's value is the index."""

    size: Dim

    def combine(
        self, steps: Steps, me: Operand, b: Operand, kept: Collection[int]
    ) -> Operand | None:
        """The product with an array; None where the pattern has to be built."""
        *rows, column = me.labels
        program = steps.program
        if column in b.labels and column not in kept and not set(rows) & set(b.labels):
            # (An array that has the rows too is as large as the pattern: what is taken for all
            # pairs of rows would be larger.)
            b = steps.array(b)
            axis = b.labels.index(column)
            shape = (*b.value.shape[:axis], *me.value.shape, *b.value.shape[axis + 1 :])
            value = program.make("take", (b.value, me.value), (axis,), shape)
            labels = (*b.labels[:axis], *rows, *b.labels[axis + 1 :])
            return summed(steps, value, labels, kept)
        if not set(rows) <= set(b.labels):
            return None
        if column in b.labels:
            return None if column in kept else self._picked(steps, me, b, kept)
        if set(rows) & set(kept):
            return None
        b = steps.array(b)
        rest = [x for x in b.labels if x not in rows]
        ordered = steps.arrange(b, [*rows, *rest])
        shape = (self.size, *ordered.shape[len(rows) :])
        value = program.make("scatter_add", (ordered, me.value), (self.size,), shape)
        return summed(steps, value, (column, *rest), kept)

    def _picked(self, steps: Steps, me: Operand, b: Operand, kept: Collection[int]) -> Operand:
        """One entry of each row of an array that has the rows too."""
        *rows, column = me.labels
        rest = [x for x in b.labels if x not in me.labels]
        ordered = steps.arrange(steps.array(b), [*rows, column, *rest])
        shape = (*me.value.shape, *ordered.shape[len(rows) + 1 :])
        value = steps.program.make("pick", (ordered, me.value), (self.size,), shape)
        return summed(steps, value, (*rows, *rest), kept)

    def sliced(self, program: Program, me: Operand, now: Selection) -> Operand | None:
        """The pattern with fewer rows; None for fewer columns."""
        if now.column == me.labels[-1]:
            return None
        entry = ("slice", now.start, now.step, now.count)
        entries = [entry if x == now.column else ALL for x in me.labels[:-1]]
        axis = me.labels.index(now.column)
        dense = me.dense

        def built() -> Value:
            assert dense is not None
            value = dense()
            return program.index(value, [entry if k == axis else ALL for k in range(value.ndim)])

        return replace(me, value=program.index(me.value, entries), dense=built)


@dataclass(frozen=True)
class Shifts:
    """S[i, k, p] = 1 where p = start + stride·i + dilation·k; `i` and `k` say whether the operand
    has labels for them (an axis of size 1 has none)."""

    i: bool
    k: bool
    shape: tuple[Dim, Dim, Dim]
    steps: tuple[Dim, int, int]

    def combine(
        self, steps: Steps, me: Operand, b: Operand, kept: Collection[int]
    ) -> Operand | None:
        """The product with an array; None where the pattern has to be built."""
        i, k, p = self._labels(me)
        program = steps.program
        count, taps, size = self.shape
        if p in b.labels and p not in kept:
            b = steps.array(b)
            axis = b.labels.index(p)
            value = program.windows(b.value, (axis, count, taps, *self.steps))
            places = [ALL if i is not None or x != p else FIRST for x in b.labels]
            value = program.index(value, [*places, FIRST if k is None else ALL])
            now = [i if x == p else x for x in b.labels] + [k]
            return summed(steps, value, tuple(x for x in now if x is not None), kept)
        mine = [x for x in (i, k) if x is not None]
        if p in b.labels or not set(mine) <= set(b.labels) or set(mine) & set(kept):
            return None
        b = steps.array(b)
        lacking = [("new",)] * (2 - len(mine))
        value = program.index(b.value, [*[ALL] * b.value.ndim, *lacking])
        # A filter of one tap, or at one place, has an axis of size 1 at the end.
        end = b.value.ndim
        axis = b.labels.index(i) if i is not None else end
        tap = b.labels.index(k) if k is not None else value.ndim - 1
        value = program.overlap_add(value, axis, tap, (size, *self.steps))
        labels = [*b.labels, None] if i is None else [*b.labels]
        labels = [p if n == axis else x for n, x in enumerate(labels) if n != tap or k is None]
        return summed(steps, value, tuple(x for x in labels if x is not None), kept)

    def _labels(self, me: Operand) -> tuple[int | None, int | None, int]:
        """The labels as they are called now."""
        now = iter(me.labels)
        i = next(now) if self.i else None
        k = next(now) if self.k else None
        return i, k, next(now)

    def sliced(self, program: Program, me: Operand, now: Selection) -> Operand | None:
        """Fewer places, fewer taps, or a part of the axis that is slid along."""
        i, k, p = self._labels(me)
        start, stride, dilation = self.steps
        count, taps, size = self.shape
        if now.column == i:
            start, stride, count = start + now.start * stride, stride * now.step, now.count
        elif now.column == k:
            start, dilation, taps = start + now.start * dilation, dilation * now.step, now.count
        elif now.step == 1:
            start, size = start - now.start, now.count
        else:
            return None
        pattern = replace(self, shape=(count, taps, size), steps=(start, stride, dilation))

        def built() -> Value:
            params = (("start", start), ("stride", stride), ("dilation", dilation))
            value = program.kernel("shifts", (count, taps, size), params)
            return program.index(value, [FIRST if x is None else ALL for x in (i, k, p)])

        return replace(me, pattern=pattern, dense=built)


def summed(steps: Steps, value: Value, labels: tuple[int, ...], kept: Collection[int]) -> Operand:
    """An operand whose labels may occur twice (a diagonal), without those that are summed."""
    while len(set(labels)) < len(labels):
        twice = next(x for x in labels if labels.count(x) > 1)
        first = labels.index(twice)
        second = labels.index(twice, first + 1)
        value = steps.program.diagonal(value, first, second)
        labels = (*(x for n, x in enumerate(labels) if n not in (first, second)), twice)
    return steps.sum_out(Operand(value, labels), {x for x in labels if x not in kept})
