"""What a step of a loop makes, and what is made of its states for all steps once more, is stored.

A gradient reads the gates of a recurrent cell again: they are functions of the stacks of states.
Where no compiler decides it, filing them step by step costs less than a second product and a second
exponential of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..ir.record import lookup
from ..ir.recurrence import bound
from .body import Body
from .fuse import ELEMENTWISE
from .program import Program, Value, below

Key = tuple[Any, ...]
ALL, NEW = ("all",), ("new",)


def stored(program: Program, roots: Sequence[Value]) -> tuple[Program, list[Value]]:
    """The program below some roots, with such values as further results of their loops."""
    order = below(roots)
    loops = [v for v in order if v.op == "loop"]
    if not loops:
        return program, list(roots)
    known = {_key(v.op, v.args, v.params): v for v in order}
    found: dict[Value, tuple[Value, Value]] = {}  # outer value → loop, value of its body
    for loop in loops:
        for outer, inner in _Twins(loop, known).pairs():
            found.setdefault(outer, (loop, inner))
    needed = _needed(roots, found)
    kept: dict[Value, list[Value]] = {loop: [] for loop in loops}
    for outer in order:
        if outer in needed and outer in found:
            loop, inner = found[outer]
            if inner not in (*loop.params[0].roots, *kept[loop]):
                kept[loop].append(inner)
    if not found:
        return program, list(roots)
    result = Program()
    new: dict[Value, Value] = {}
    for value in order:
        if value not in needed:
            continue
        if value in found:
            loop, inner = found[value]
            ends = loop.params[0].roots
            if inner in ends:
                new[value] = result.states(new[loop], ends.index(inner), False)
            else:
                place = kept[loop].index(inner)
                new[value] = result.make("kept", (new[loop],), (place,), value.shape)
            continue
        params = value.params
        if value.op == "loop":
            (body,) = params
            params = (Body(body.recurrence, body.program, body.roots, kept[value]),)
        args = [new[a] for a in value.args]
        new[value] = result.make(value.op, args, params, value.shape, value.weak)
        if value in program.constants:
            result.constants[new[value]] = program.constants[value]
    return result, [new[r] for r in roots]


def _needed(roots: Sequence[Value], found: dict[Value, tuple[Value, Value]]) -> set[Value]:
    """What the roots need where the values found are results of their loops."""
    needed = set(roots)
    pending = list(needed)
    while pending:
        value = pending.pop()
        for arg in (found[value][0],) if value in found else value.args:
            if arg not in needed:
                needed.add(arg)
                pending.append(arg)
    return needed


class _Twins:
    """The values of one step of a loop, and those outside that are the same of all steps."""

    def __init__(self, loop: Value, known: dict[Key, Value]) -> None:
        self.known = known
        self.body: Body = loop.params[0]
        r = self.body.recurrence
        self.twin: dict[Value, Value | None] = {}
        self.stacked: set[Value] = set()  # what is another one in each step
        self.moved: set[Value] = set()  # what depends on the state
        names = {v.name: outer for v, outer in zip(bound(r), loop.args, strict=True)}
        before = {v.name: k for k, v in enumerate(r.carries)}
        steps = {v.name for v in r.steps}
        self.order = below(self.body.roots)
        self.after = {
            root: known.get(_key("states", (loop,), (k, False)))
            for k, root in enumerate(self.body.roots)
        }
        for value in self.order:
            if value.op != "input":
                continue
            (name,) = value.params
            if name in before:
                self.twin[value] = known.get(_key("states", (loop,), (before[name], True)))
                self.moved.add(value)
            else:
                self.twin[value] = names[name]
            if name in before or name in steps:
                self.stacked.add(value)

    def pairs(self) -> Iterable[tuple[Value, Value]]:
        """Outside, inside: what depends on the state and costs something."""
        for value in self.order:
            if value.op == "input":
                continue
            if any(a in self.stacked for a in value.args):
                self.stacked.add(value)
            if any(a in self.moved for a in value.args):
                self.moved.add(value)
            outer = self._outside(value)
            if outer is not None and value in self.moved and _is_work(value):
                yield outer, value
            self.twin[value] = self.after.get(value) or outer

    def _outside(self, value: Value) -> Value | None:
        """The value outside that has the one of each step stacked; None if there is none."""
        args = [self.twin[a] for a in value.args]
        if value not in self.stacked:
            return self._find(value.op, args, value.params)
        if _elementwise(value):
            aligned = [
                self._aligned(a, outer, value.ndim)
                for a, outer in zip(value.args, args, strict=True)
            ]
            found = self._find(value.op, aligned, value.params)
        elif value.op == "transpose":
            found = self._find(value.op, args, (0, *(k + 1 for k in value.params)))
        elif value.op == "index" and value.args[0] in self.stacked:
            found = self._find(value.op, args, (ALL, *value.params))
        elif value.op == "sum":
            found = self._find(value.op, args, tuple(k + 1 for k in value.params))
        elif value.op == "matmul" and value.args[1] not in self.stacked:
            found = self._product(value, args)
        else:
            return None
        whole = (self.body.recurrence.length, *value.shape)
        return found if found is not None and found.shape == whole else None

    def _product(self, value: Value, args: Sequence[Value | None]) -> Value | None:
        """Rows of each step times a matrix that is the same in all: one product for all steps."""
        rows, matrix = value.args
        outer, whole = args
        if outer is None or whole is None or matrix.ndim != 2:
            return None
        last = (rows.ndim,)
        found = self._find("tensordot", (outer, whole), (last, (0,)))
        if found is None and whole.op == "transpose":
            found = self._find("tensordot", (outer, whole.args[0]), (last, (1,)))
        return found or self._find("matmul", (outer, whole), ())

    def _aligned(self, value: Value, outer: Value | None, ndim: int) -> Value | None:
        """An operand of elementwise work, with axes where it has none beside the steps."""
        if outer is None or value not in self.stacked or value.ndim == ndim:
            return outer
        added = [NEW] * (ndim - value.ndim)
        return self._find("index", (outer,), (ALL, *added, *[ALL] * value.ndim))

    def _find(self, op: str, args: Sequence[Value | None], params: Key) -> Value | None:
        if any(a is None for a in args):
            return None
        return self.known.get(_key(op, [a for a in args if a is not None], params))


def _key(op: str, args: Sequence[Value], params: Key) -> Key:
    """What is the same for values that differ in the order of their operands only, or in which
    terms of a sum are together."""
    if op == "add":
        terms: list[tuple[int, int]] = []
        for arg, sign in zip(args, params, strict=True):
            inner = zip(arg.args, arg.params, strict=True) if arg.op == "add" else [(arg, 1)]
            terms += [(a.number, sign * s) for a, s in inner]
        return (op, tuple(sorted(terms)))
    numbers = [a.number for a in args]
    return (op, tuple(sorted(numbers) if op == "mul" else numbers), params)


def _elementwise(value: Value) -> bool:
    if value.op == "call":
        return lookup(value.params[0]).elementwise
    return value.op in ELEMENTWISE


def _is_work(value: Value) -> bool:
    return _elementwise(value) or value.op in ("matmul", "sum")


__all__ = ["stored"]
