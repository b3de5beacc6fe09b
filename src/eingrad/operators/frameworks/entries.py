"""Entries of a sum of terms as arrays of a library: all, those of the diagonal, those of blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..align import Aligned
from ..apply import values_on
from ..contract import contract_all
from ..diagonal import on_diagonal
from ..solvers.blocks import shared_slots
from ..term import NumericTerm
from .namespace import Namespace, Shape


def on_axes(term: NumericTerm, atoms: Sequence[int], xp: Namespace) -> Any:
    """coefficient × cores on the axes given, zero where repeated atoms do not agree."""
    values = values_on(term, list(dict.fromkeys(atoms)), None, xp)
    return xp.spread(values, atoms, term.shape_of(atoms))


def total(parts: Sequence[Any], shape: Shape, xp: Namespace) -> Any:
    """The sum of arrays of one shape, zeros where there are none."""
    if not parts:
        return xp.zeros(shape)
    result = xp.reshape(parts[0], shape)
    for part in parts[1:]:
        result = result + xp.reshape(part, shape)
    return result


def dense_of(terms: Sequence[NumericTerm], shape: Shape, xp: Namespace) -> Any:
    """The whole tensor; the caller has checked its size."""
    parts = [on_axes(t, (*t.out_atoms, *t.in_atoms), xp) for t in terms]
    return total(parts, shape, xp)


def diagonal_of(aligned: Aligned, xp: Namespace) -> Any:
    """The entries whose output place is the input place; shape: the slots."""
    parts = [on_axes(*on_diagonal(term), xp) for term in aligned.terms]
    return total(parts, aligned.rows, xp)


def trace_of(aligned: Aligned, xp: Namespace) -> Any:
    """The sum of the diagonal, which is not formed."""
    parts = []
    for term in aligned.terms:
        joined, slots = on_diagonal(term)
        free = joined.count([a for a in set(slots) if a not in joined.carried])
        parts.append(values_on(joined, (), None, xp) * free)
    return total(parts, (), xp)


def diagonal_by_places(terms: Sequence[NumericTerm], shape: Shape, xp: Namespace) -> Any:
    """The diagonal where output and input divide their axes in ways that conflict: each core
    looked up at its places."""
    places = np.arange(math.prod(shape))
    parts = []
    for term in terms:
        outer = {*term.out_atoms, *term.in_atoms}
        equal = np.ones(places.size, bool)
        here: dict[int, np.ndarray] = {}
        for atoms in (term.out_atoms, term.in_atoms):
            for a, index in zip(atoms, np.unravel_index(places, term.shape_of(atoms)), strict=True):
                equal &= here.setdefault(a, index) == index
        cores = [(xp.numbers(c.array), c.atoms) for c in term.cores]
        if any(a not in outer for _, atoms in cores for a in atoms):
            cores = [contract_all(cores, sorted(outer & term.carried), None, xp)]
        value = xp.constant(equal.astype(np.float64)) * term.coefficient
        for array, atoms in cores:
            if atoms:
                flat = np.ravel_multi_index([here[a] for a in atoms], term.shape_of(atoms))
                array = xp.take(xp.reshape(array, (xp.size(array),)), flat, 0)
            value = value * array
        parts.append(xp.where(xp.constant(equal, keep=True), value, xp.zeros(())))
    return total(parts, (places.size,), xp)


def block_array(problem: Aligned, xp: Namespace) -> Any:
    """The operator as (batch, rows, columns), see `solvers.blocks`."""
    rows, _, rest_rows, rest_columns = shared_slots(problem)
    groups = (
        [problem.rows[i] for i in rows],
        [problem.rows[i] for i in rest_rows],
        [problem.columns[j] for j in rest_columns],
    )
    parts = []
    for term in problem.terms:
        axes = [
            *(term.out_atoms[i] for i in rows),
            *(term.out_atoms[i] for i in rest_rows),
            *(term.in_atoms[j] for j in rest_columns),
        ]
        parts.append(on_axes(term, axes, xp))
    return total(parts, (math.prod(groups[0]), math.prod(groups[1]), math.prod(groups[2])), xp)
