"""Products of a computed matrix with a vector as sums of elementwise products.

A compiler that fuses elementwise work into reductions, but calls a library for products, has to
store the matrix for the call; the sum reads it while it is made.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.record import lookup
from .pairwise import ALL, NEW
from .program import Program, Value, below

ELEMENTWISE = frozenset({"mul", "div", "add", "neg", "sqrt", "power", "clip"})


def fused(program: Program, roots: Sequence[Value]) -> tuple[Program, list[Value]]:
    """The program below some roots, with such products as sums."""
    order = below(roots)
    if not any(_matrix_and_vector(v) for v in order):
        return program, list(roots)
    result = Program()
    new: dict[Value, Value] = {}
    for value in order:
        args = [new[a] for a in value.args]
        found = _matrix_and_vector(value)
        if found is None:
            new[value] = result.make(value.op, args, value.params, value.shape, value.weak)
            if value in program.constants:
                result.constants[new[value]] = program.constants[value]
            continue
        matrix, vector, rows = found
        along = result.index(new[vector], [ALL, NEW]) if rows else new[vector]
        product = result.mul(new[matrix], along)
        new[value] = result.sum(product, [0 if rows else product.ndim - 1])
    return result, [new[r] for r in roots]


def _matrix_and_vector(value: Value) -> tuple[Value, Value, bool] | None:
    """A computed matrix, the vector that it meets, and whether it does so along its rows."""
    if value.op != "matmul":
        return None
    a, b = value.args
    if a.ndim == 1 and b.ndim == 2:
        return (b, a, True) if _computed(b) else None
    if b.ndim != 1 or a.ndim < 2:
        return None
    if a.op == "transpose" and a.ndim == 2:
        return (a.args[0], b, True) if _computed(a.args[0]) else None
    return (a, b, False) if _computed(a) else None


def _computed(value: Value) -> bool:
    if value.op == "call":
        return lookup(value.params[0]).elementwise
    return value.op in ELEMENTWISE
