"""Products that are only read transposed: (A Bᵀ)ᵀ is computed as B Aᵀ.

Which axis of a product comes first is decided before it is known who reads it. A library passes the
transpose of an operand to BLAS as a flag; the transpose of a result is a pass over memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from .program import Program, Value, below


def turned(program: Program, roots: Sequence[Value]) -> tuple[Program, list[Value]]:
    """The program below some roots, with such products turned round."""
    order = below(roots)
    users: dict[Value, list[Value | None]] = {v: [] for v in order}
    for root in roots:
        users[root].append(None)
    for value in order:
        for arg in value.args:
            users[arg].append(value)
    chosen = {v for v in order if _worthwhile(v, users)}
    if not chosen:
        return program, list(roots)
    result = Program()
    new: dict[Value, Value] = {}
    for value in order:
        args = [new[a] for a in value.args]
        if value in chosen:
            a, b = (result.transpose(x, _swapped(x.ndim)) for x in args)
            new[value] = result.matmul(b, a)
        elif value.op == "transpose":
            (inner,) = value.args
            new[value] = args[0] if inner in chosen else result.transpose(args[0], value.params)
        else:
            new[value] = result.make(value.op, args, value.params, value.shape, value.weak)
        if value in program.constants:
            result.constants[new[value]] = program.constants[value]
    return result, [new[r] for r in roots]


def _worthwhile(value: Value, users: dict[Value, list[Value | None]]) -> bool:
    """Whether all that reads a product transposes it, and turning it saves a transpose."""
    if value.op != "matmul" or value.ndim < 2 or any(a.ndim < 2 for a in value.args):
        return False
    swap = _swapped(value.ndim)
    readers = users[value]
    if not all(r is not None and r.op == "transpose" and r.params == swap for r in readers):
        return False
    before = sum(_is_swap(a) for a in value.args)
    if 2 - before < 1 + before:
        return True
    beyond = [u for r in readers if r is not None for u in users[r]]
    return any(u is None or u.op != "matmul" for u in beyond)


def _is_swap(value: Value) -> bool:
    return value.op == "transpose" and value.params == _swapped(value.ndim)


def _swapped(ndim: int) -> tuple[int, ...]:
    """The order of axes with the last two exchanged."""
    return (*range(ndim - 2), ndim - 1, ndim - 2)
