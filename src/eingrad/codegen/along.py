"""Functions of a last axis that was put together of several: along those axes, where they are.

The largest entry of each window is that of an axis which holds all places of the window. To lay
them side by side is a pass over memory; a compiler that reads them where they are cannot do so when
it has to take one axis apart again.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.record import lookup
from .program import Program, Value, below


def along_axes(program: Program, roots: Sequence[Value]) -> tuple[Program, list[Value]]:
    """The program below some roots, with such functions along all of those axes."""
    order = below(roots)
    if not any(_merged(v) for v in order):
        return program, list(roots)
    result = Program()
    new: dict[Value, Value] = {}
    for value in order:
        args = [new[a] for a in value.args]
        if _merged(value):
            made = _along(result, value, args[0])
        elif value.op == "transpose":
            made = result.transpose(args[0], value.params)
        elif value.op == "reshape":
            made = result.reshape(args[0], value.params[0])
        else:
            made = result.make(value.op, args, value.params, value.shape, value.weak)
            if value in program.constants:
                result.constants[made] = program.constants[value]
        new[value] = made
    return result, [new[root] for root in roots]


def _merged(value: Value) -> bool:
    """Whether it is a function of a last axis that was put together, in which order does not
    matter."""
    if value.op != "call" or not lookup(value.params[0]).along:
        return False
    (x,) = value.args
    if x.op != "reshape":
        return False
    kept = x.shape[:-1]
    return x.args[0].ndim > x.ndim and x.args[0].shape[: len(kept)] == kept


def _along(program: Program, value: Value, merged: Value) -> Value:
    """The value, from an operand whose last axis is several axes of another array."""
    (whole,) = merged.args
    base, order = whole, tuple(range(whole.ndim))
    if whole.op == "transpose":
        (base,), order = whole.args, whole.params
    kept, axes = order[: merged.ndim - 1], tuple(sorted(order[merged.ndim - 1 :]))
    params = (*value.params, ("axis", axes))
    if value.ndim == merged.ndim:  # an entry for each entry
        each = program.make("call", (base,), params, base.shape)
        return program.reshape(program.transpose(each, order), value.shape)
    left = sorted(kept)
    found = program.make("call", (base,), params, tuple(base.shape[k] for k in left))
    return program.transpose(found, [left.index(k) for k in kept])
