"""Diagonal and trace of a sum of terms, without the rest of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .align import Aligned
from .apply import embedded_view, values_on
from .contract import contract_all
from .pattern import Pattern
from .term import Core, NumericTerm, normal


def diagonal_of(aligned: Aligned, dtype: Any) -> np.ndarray:
    """The entries whose output place is the input place; shape: the slots."""
    result = np.zeros(aligned.rows, dtype)
    for term in aligned.terms:
        joined, slots = on_diagonal(term)
        unique = tuple(dict.fromkeys(slots))
        view = embedded_view(result, slots)
        view += values_on(joined, unique, dtype)
    return result


def trace_of(aligned: Aligned, dtype: Any) -> Any:
    """The sum of the diagonal."""
    total = np.zeros((), dtype)[()]
    for term in aligned.terms:
        joined, slots = on_diagonal(term)
        free = joined.count([a for a in set(slots) if a not in joined.carried])
        total = total + values_on(joined, (), dtype) * free
    return total[()] if isinstance(total, np.ndarray) else total


def on_diagonal(term: NumericTerm) -> tuple[NumericTerm, tuple[int, ...]]:
    """The term with the atoms of output and input made one slot by slot; the slots' atoms."""
    root: dict[int, int] = {}

    def find(a: int) -> int:
        while a in root:
            a = root[a]
        return a

    for a, b in zip(term.out_atoms, term.in_atoms, strict=True):
        p, q = find(a), find(b)
        if p != q:
            root[q] = p
    out = [(find(a),) for a in term.out_atoms]
    cores = [Core(c.array, tuple(map(find, c.atoms)), c.label) for c in term.cores]
    joined = _keeping_sizes(term, out, cores)
    return joined, joined.out_atoms


def _keeping_sizes(
    term: NumericTerm, out: Sequence[tuple[int, ...]], cores: Sequence[Core]
) -> NumericTerm:
    # Summed atoms that no core has count as their size, in `values_on` as in a direction.
    lost = set(term.sizes) - set(term.out_atoms) - set(term.in_atoms) - term.carried
    return normal(term.coefficient * term.count(frozenset(lost)), out, [], term.sizes, cores)


def diagonal_by_places(
    terms: Sequence[NumericTerm], shape: Sequence[int], dtype: Any
) -> np.ndarray:
    """The diagonal where output and input divide their axes in ways that conflict (a commutation
    matrix): entry by entry, each core looked up at its places."""
    places = np.arange(math.prod(shape))
    result = np.zeros(places.size, dtype)
    for term in terms:
        outer = {*term.out_atoms, *term.in_atoms}
        value: Any = np.full(places.size, term.coefficient, dtype)
        here: dict[int, np.ndarray] = {}
        for atoms in (term.out_atoms, term.in_atoms):
            for a, index in zip(atoms, np.unravel_index(places, term.shape_of(atoms)), strict=True):
                if a in here:
                    value = value * (here[a] == index)
                else:
                    here[a] = index
        cores = [(c.array, c.atoms) for c in term.cores]
        if any(a not in outer for _, atoms in cores for a in atoms):
            cores = [contract_all(cores, sorted(outer & term.carried), dtype)]
        for array, atoms in cores:
            numbers = array.dense(dtype) if isinstance(array, Pattern) else array
            value = value * numbers[tuple(here[a] for a in atoms)]
        result += value
    return result
