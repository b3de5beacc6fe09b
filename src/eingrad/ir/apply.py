"""The one way to apply a function of the registry: shapes inferred, records' rewrites tried
first."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np

from ..dims import Dim
from ..errors import ShapeError
from . import build, fired
from .node import Node, Sum, Term, raw_apply
from .record import Record, infer_shape, lookup


def apply(name: str, *operands: Node, **params: Any) -> Node:
    """The record `name` applied to `operands`.

    Elementwise functions take operands of one shape (broadcast them first) and move below
    transposes, regrouping and broadcasts, so that exp(Aᵀ) and exp(A)ᵀ are one node.

    Raises
    ------
    UnsupportedError
        There is no such record.
    ShapeError
        The operands do not fit the record's signature.
    """
    record = lookup(name)
    if len(operands) != len(record.domain):
        raise ShapeError(f"{name} takes {len(record.domain)} operands, not {len(operands)}")
    params = {**record.defaults, **params}
    shape = infer_shape(record, tuple(n.shape for n in operands), params)
    if record.elementwise:
        moved = _below_views(record, operands, params)
        if moved is not None:
            return moved
    for rewrite in record.rewrites:
        result = rewrite(operands, params)
        if result is not None:
            if fired.is_heard():
                before = raw_apply(name, operands, shape, tuple(sorted(params.items())))
                fired.tell(name, rewrite, before, result)
            return result
    return raw_apply(name, operands, shape, tuple(sorted(params.items())))


def _below_views(record: Record, operands: tuple[Node, ...], params: dict[str, Any]) -> Node | None:
    """f(view of x) = view of f(x), for a unary f; special values of f at exact numbers."""
    if len(operands) != 1:
        return None
    (operand,) = operands
    if build.is_zero(operand) and operand.shape:
        return build.broadcast_to(apply(record.name, build.number(0), **params), operand.shape)
    value = build.number_of(operand)
    if value in (-1, 0, 1):
        with np.errstate(all="ignore"):  # log(−1) stays as it is
            at = record.evaluate(float(value), **params)
        if math.isfinite(at) and at in (-1.0, 0.0, 1.0):
            return build.number(int(at))
        return None
    if isinstance(operand, Sum) and any(d.is_one for d in operand.shape):
        return _without_ones(record, operand, params)
    if not isinstance(operand, Term):
        return None
    flat = [a for axis in operand.out for a in axis]
    if len(set(flat)) < len(flat):
        return None
    sizes: dict[Hashable, Dim] = dict(enumerate(operand.sizes))
    if not operand.factors and operand.out:
        inner = apply(record.name, build.number(operand.coefficient), **params)
        return build.einsum([(inner, ())], operand.out, 1, sizes)
    if len(operand.factors) == 1 and operand.coefficient == 1:
        node, indices = operand.factors[0]
        if len(set(sum(indices, ()))) < len(sum(indices, ())):
            return _of_diagonal(record, operand, params)
        return build.einsum([(apply(record.name, node, **params), indices)], operand.out, 1, sizes)
    # A product that does not carry all axes is a broadcast: apply below it.
    carried = {a for _, indices in operand.factors for axis in indices for a in axis}
    if set(flat) - carried:
        kept = [(a,) for a in dict.fromkeys(flat) if a in carried]
        core = build.einsum(operand.factors, kept, operand.coefficient, sizes)
        return build.einsum([(apply(record.name, core, **params), kept)], operand.out, 1, sizes)
    return None


def _of_diagonal(record: Record, operand: Term, params: dict[str, Any]) -> Node | None:
    """f of the diagonal of x: not the diagonal of f(x), which would cost all entries of x."""
    axes = [axis for axis in dict.fromkeys(operand.factors[0].indices) if axis]
    atoms = list(dict.fromkeys(sum(axes, ())))
    kept = axes if len(atoms) == len(sum(axes, ())) else [(a,) for a in atoms]
    core = build.einsum(operand.factors, kept, 1, dict(enumerate(operand.sizes)))
    if core is operand or kept == list(operand.out):
        return None
    sizes: dict[Hashable, Dim] = dict(enumerate(operand.sizes))
    return build.einsum([(apply(record.name, core, **params), kept)], operand.out, 1, sizes)


def _without_ones(record: Record, operand: Sum, params: dict[str, Any]) -> Node | None:
    """f of a sum with axes of size 1: f of the sum without them, and the axes put back."""
    inner = [() if d.is_one else (k,) for k, d in enumerate(operand.shape)]
    kept = [axis for axis in inner if axis]
    core = build.einsum([(operand, inner)], kept)
    if not isinstance(core, Sum):
        return None
    return build.einsum([(apply(record.name, core, **params), kept)], inner)
