"""The straight-line program: array operations on values, each made once.

A `Value` is one array operation on other values. A `Program` interns them, so that the same
operation on the same arguments is one value: common subexpressions of all outputs are shared
without a search. Values are pure; the order of statements is decided when source is written.

A value may be *lazily broadcast*: it has fewer leading axes than the tensor that it stands for, or
an axis of literal size 1 where that tensor has a larger one. A *weak* value is a Python number (it
never widens float32).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..dims import ONE, Dim, product
from ..ir.node import Number, Shape
from .body import Body, SweepBody
from .value import ZERO, Value, below, broadcast, merged_index

MAX_TERMS = 8  # of one sum in a line


class Program:
    """All values of one function, interned; the methods make them, with small simplifications."""

    def __init__(self) -> None:
        self._table: dict[tuple[Any, ...], Value] = {}
        self.values: list[Value] = []
        self.constants: dict[Value, np.ndarray] = {}

    def make(
        self,
        op: str,
        args: Sequence[Value],
        params: tuple[Any, ...],
        shape: Shape,
        weak: bool = False,
    ) -> Value:
        """The value of this operation: found, or made."""
        key = (op, tuple(a.number for a in args), params)
        value = self._table.get(key)
        if value is None:
            value = Value(op, tuple(args), params, tuple(shape), weak, len(self.values))
            self._table[key] = value
            self.values.append(value)
        return value

    def find(self, op: str, args: Sequence[Value], params: tuple[Any, ...]) -> Value | None:
        """The value of this operation if there is one already."""
        return self._table.get((op, tuple(a.number for a in args), params))

    # Leaves.

    def input(self, name: str, shape: Shape) -> Value:
        """An argument of the function."""
        return self.make("input", (), (name,), shape)

    def constant(self, array: np.ndarray, content: bytes) -> Value:
        """An array that is written into the source; `content` identifies it."""
        shape = tuple(Dim.of(k) for k in array.shape)
        value = self.make("constant", (), (content,), shape)
        self.constants[value] = array
        return value

    def number(self, value: Number) -> Value:
        """An exact number."""
        return self.make("number", (), (value,), (), weak=True)

    def size(self, dim: Dim) -> Value:
        """The value of a size."""
        known = dim.as_int()
        return self.number(known) if known is not None else self.make("size", (), (dim,), (), True)

    def ones(self, shape: Shape) -> Value:
        """An array of ones."""
        return self.make("ones", (), (shape,), shape)

    def zeros(self, shape: Shape) -> Value:
        """An array of zeros."""
        return self.make("zeros", (), (shape,), shape)

    # Elementwise.

    def mul(self, a: Value, b: Value) -> Value:
        """The elementwise product, with broadcasting."""
        if a.op == "number":
            return self.scale(a.params[0], b)
        if b.op == "number":
            return self.scale(b.params[0], a)
        if a.op == "div" and a.args[0].op == "number" and a.args[0].params[0] == 1:
            return self.div(b, a.args[1])
        if b.op == "div" and b.args[0].op == "number" and b.args[0].params[0] == 1:
            return self.div(a, b.args[1])
        return self.make("mul", (a, b), (), broadcast((a.shape, b.shape)), a.weak and b.weak)

    def scale(self, coefficient: Number, a: Value) -> Value:
        """A number times a value."""
        if coefficient == 1:
            return a
        if a.op == "number":
            return self.number(coefficient * a.params[0])
        if coefficient == -1:
            return a.args[0] if a.op == "neg" else self.make("neg", (a,), (), a.shape, a.weak)
        if isinstance(coefficient, Fraction) and abs(coefficient.numerator) == 1:
            if coefficient < 0 and coefficient.denominator & (coefficient.denominator - 1) == 0:
                return self.make("mul", (self.number(coefficient), a), (), a.shape, a.weak)
            whole = self.make("div", (a, self.number(coefficient.denominator)), (), a.shape, a.weak)
            return self.scale(coefficient.numerator, whole)
        return self.make("mul", (self.number(coefficient), a), (), a.shape, a.weak)

    def div(self, a: Value, b: Value) -> Value:
        """The elementwise quotient, with broadcasting."""
        if b.op == "number" and b.params[0]:
            return self.scale(Fraction(1) / b.params[0], a)
        if a.weak and b.weak:
            # Python raises where an array gives inf: a size may be 0.
            b = self.make("scalar", (b,), (), ())
        return self.make("div", (a, b), (), broadcast((a.shape, b.shape)))

    def add(self, terms: Sequence[tuple[int, Value]]) -> Value:
        """The sum of values with signs ±1, with broadcasting."""
        if len(terms) == 1:
            return self.scale(terms[0][0], terms[0][1])
        while len(terms) > MAX_TERMS:  # a line for some at a time
            terms = [(1, self.add(terms[:MAX_TERMS])), *terms[MAX_TERMS:]]
        signs = tuple(sign for sign, _ in terms)
        values = [v for _, v in terms]
        return self.make(
            "add", values, signs, broadcast(v.shape for v in values), all(v.weak for v in values)
        )

    def power(self, a: Value, e: Number) -> Value:
        """a to a fixed power, by products, quotients and roots where those are faster."""
        if e == 0:
            return self.number(1)
        if e == 1:
            return a
        if e < 0:
            return self.div(self.number(1), self.power(a, -e))
        if e == Fraction(1, 2) and not a.weak:
            return self.make("sqrt", (a,), (), a.shape)
        if isinstance(e, Fraction) and e.denominator == 2 and e < 4 and not a.weak:
            return self.mul(self.power(a, int(e)), self.power(a, Fraction(1, 2)))
        if isinstance(e, int) and e <= 4:
            square = self.mul(a, a)
            return square if e == 2 else self.mul(square, a if e == 3 else square)
        return self.make("power", (a,), (e,), a.shape, a.weak)

    def call(
        self, function: str, args: Sequence[Value], params: tuple[Any, ...], shape: Shape
    ) -> Value:
        """A function of the registry.

        Of numbers it is a number where `math` has the function, else it is made an array.
        """
        if function in ("maximum", "minimum"):
            clipped = self._clip(function, args)
            if clipped is not None:
                return clipped
        weak = all(a.weak for a in args)
        if weak and args and (params or not hasattr(math, function)):
            args = [self.make("scalar", (a,), (), ()) for a in args]
        return self.make("call", args, (function, *params), shape, all(a.weak for a in args))

    def _clip(self, outer: str, args: Sequence[Value]) -> Value | None:
        """max(min(x, high), low), or min(max(x, low), high), of numbers low ≤ high; None if it is
        neither."""
        other = "minimum" if outer == "maximum" else "maximum"
        for inner, first in (args, args[::-1]):
            if first.op != "number" or inner.op != "call" or inner.params[0] != other:
                continue
            for x, second in (inner.args, inner.args[::-1]):
                if second.op != "number" or x.weak:
                    continue
                bounds = (first.params[0], second.params[0])
                low, high = bounds if outer == "maximum" else bounds[::-1]
                if low <= high:
                    return self.make("clip", (x,), (low, high), x.shape)
        return None

    # Views.

    def transpose(self, a: Value, order: Sequence[int]) -> Value:
        """Axis k of the result is axis `order[k]` of `a`."""
        order = tuple(order)
        if a.op == "transpose":
            order = tuple(a.params[k] for k in order)
            a = a.args[0]
        if order == tuple(range(a.ndim)):
            return a
        return self.make("transpose", (a,), order, tuple(a.shape[k] for k in order))

    def index(self, a: Value, entries: Sequence[tuple[Any, ...]]) -> Value:
        """Basic indexing, an entry for each axis: `("all",)`, `("new",)`, `("at", start)` or
        `("slice", start, step, count)`."""
        entries = tuple(entries)
        if all(e[0] == "all" for e in entries):
            return a
        if a.op == "index" and all(e[0] in ("all", "new", "at") for e in entries):
            merged = merged_index(a.params, entries)
            if merged is not None:
                return self.index(a.args[0], merged)
        if a.op == "states" and entries[0] == ("at", _last_place(a)):
            carry, before = a.params
            if not before:
                last = self.make("last", a.args, (carry,), a.shape[1:])
                return self.index(last, entries[1:])
        shape: list[Dim] = []
        axis = 0
        for entry in entries:
            if entry[0] == "new":
                shape.append(ONE)
                continue
            if entry[0] == "all":
                shape.append(a.shape[axis])
            elif entry[0] == "slice":
                shape.append(entry[3])
            axis += 1
        return self.make("index", (a,), entries, tuple(shape))

    def reshape(self, a: Value, shape: Shape) -> Value:
        """The same entries in another shape, row-major."""
        if a.op == "reshape":
            a = a.args[0]
        return a if a.shape == shape else self.make("reshape", (a,), (shape,), shape)

    def broadcast_to(self, a: Value, shape: Shape) -> Value:
        """The value with all axes of `shape` really there."""
        if a.shape == shape:
            return a
        if a.op == "number" and not a.params[0]:
            return self.zeros(shape)
        if a.weak:
            return self.make("full", (a,), (shape,), shape)
        return self.make("broadcast", (a,), (shape,), shape)

    def diagonal(self, a: Value, axis1: int, axis2: int) -> Value:
        """Entries where two axes agree; the common axis comes last."""
        rest = [d for k, d in enumerate(a.shape) if k not in (axis1, axis2)]
        return self.make("diagonal", (a,), (axis1, axis2), (*rest, a.shape[axis1]))

    # Reductions and products.

    def sum(self, a: Value, axes: Iterable[int]) -> Value:
        """The sum over some axes."""
        gone = tuple(sorted(axes))
        if not gone:
            return a
        if a.op == "diagonal" and gone == (a.ndim - 1,) and a.args[0].ndim == 2:
            return self.make("trace", (a.args[0],), (), ())
        shape = tuple(d for k, d in enumerate(a.shape) if k not in gone)
        return self.make("sum", (a,), gone, shape)

    def matmul(self, a: Value, b: Value) -> Value:
        """NumPy's `@` of vectors, matrices and equally stacked matrices."""
        if a.ndim == b.ndim == 2:
            twin = self.find("matmul", (self.transpose(b, (1, 0)), self.transpose(a, (1, 0))), ())
            if twin is not None:
                return self.transpose(twin, (1, 0))
        lead = a.shape[:-2]
        rows = a.shape[-2:-1] if a.ndim > 1 else ()
        columns = b.shape[-1:] if b.ndim > 1 else ()
        return self.make("matmul", (a, b), (), (*lead, *rows, *columns))

    def vdot(self, a: Value, b: Value) -> Value:
        """The sum of all products of entries of two arrays of one shape."""
        if a.ndim == 1:
            return self.matmul(*sorted((a, b), key=lambda v: v.number))
        return self.make("vdot", sorted((a, b), key=lambda v: v.number), (), ())

    def tensordot(self, a: Value, b: Value, axes_a: Sequence[int], axes_b: Sequence[int]) -> Value:
        """Contraction of paired axes; the other axes of a, then those of b."""
        shape = [d for k, d in enumerate(a.shape) if k not in axes_a]
        shape += [d for k, d in enumerate(b.shape) if k not in axes_b]
        return self.make("tensordot", (a, b), (tuple(axes_a), tuple(axes_b)), tuple(shape))

    def solve(self, a: Value, b: Value) -> Value:
        """a⁻¹ b for a matrix a and a vector or matrix b."""
        return self.make("solve", (a, b), (), b.shape)

    # Recurrences.

    def loop(self, body: Body, args: Sequence[Value]) -> Value:
        """A recurrence that runs once; `args` in the order of its bound variables."""
        return self.make("loop", args, (body,), ())

    def states(self, loop: Value, place: int, before: bool) -> Value:
        """The states of one carry, stacked: after each step, or before it."""
        r = loop.params[0].recurrence
        shape = (r.length, *r.carries[place].shape)
        return self.make("states", (loop,), (place, before), shape)

    def sweep(self, body: SweepBody, args: Sequence[Value]) -> Value:
        """Sweeps over segments of steps; `args` in the order of the bound variables."""
        return self.make("sweep", args, (body,), ())

    def swept(self, sweep: Value, kind: str, place: int, shape: Shape) -> Value:
        """One of the results of a sweep."""
        return self.make("swept", (sweep,), (kind, place), shape)

    # Patterns.

    def triangle(self, a: Value, k: int, lower: bool) -> Value:
        """The triangular part of the last two axes."""
        return self.make("tril" if lower else "triu", (a,), (k,), a.shape)

    def cumsum(self, a: Value, axis: int, reverse: bool) -> Value:
        """The running sum along an axis, from its end when `reverse`."""
        return self.make("cumsum", (a,), (axis, reverse), a.shape)

    def kernel(self, kind: str, shape: Shape, params: tuple[Any, ...]) -> Value:
        """A 0/1 pattern built densely, the last resort."""
        return self.make("kernel", (), (kind, shape, params), shape)

    def windows(self, a: Value, slide: tuple[int, Dim, Dim, Dim, int, int]) -> Value:
        """Windows along an axis, `slide` being (axis, count, taps, start, stride, dilation): the
        axis counts places, and a last one what is inside of a window."""
        axis, count, taps = slide[:3]
        slides: tuple[tuple[Any, ...], ...] = (slide,)
        shape = [*a.shape, taps]
        shape[axis] = count
        if a.op == "windows" and axis < a.args[0].ndim and axis not in {s[0] for s in a.params}:
            slides, a = (*a.params, slide), a.args[0]
        return self.make("windows", (a,), slides, tuple(shape))

    def overlap_add(self, a: Value, axis: int, tap: int, how: tuple[Dim, Dim, int, int]) -> Value:
        """The sum of windows whose places are on one axis and whose entries are on another, which
        goes; `how` is (size, start, stride, dilation)."""
        shape = [how[0] if k == axis else d for k, d in enumerate(a.shape) if k != tap]
        return self.make("overlap_add", (a,), (axis, tap, *how), tuple(shape))

    def concatenate(self, parts: Sequence[Value], axis: int) -> Value:
        """Arrays one after another along an axis."""
        total = parts[0].shape[axis]
        for part in parts[1:]:
            total = total + part.shape[axis]
        shape = list(parts[0].shape)
        shape[axis] = total
        return self.make("concatenate", parts, (axis,), tuple(shape))

    def size_of(self, a: Value) -> Dim:
        """How many entries a value has."""
        return product(a.shape)


def _last_place(states: Value) -> Dim:
    """Where the last state of a loop lies in a stack of states."""
    r = states.args[0].params[0].recurrence
    return ZERO if r.reverse else r.length - 1


__all__ = ["MAX_TERMS", "ZERO", "Program", "Value", "below", "broadcast"]
