"""The entries that deltas and patterns leave, with their places in the flattened tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .apply import values_on
from .contract import expanded
from .pattern import Pattern
from .term import Core, NumericTerm


def coordinates(
    terms: Sequence[NumericTerm], dtype: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and values; places that several terms have occur several times, zeros of
    the cores are left out."""
    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    values: list[np.ndarray] = []
    for term in terms:
        selected = _selected(term)
        if selected:
            entries, index, shape = _by_selection(term, selected, dtype)
        else:
            atoms = tuple(dict.fromkeys((*term.out_atoms, *term.in_atoms)))
            index, shape = _indices(term, atoms), term.shape_of(atoms)
            entries = values_on(term, atoms, dtype)
        entries = np.broadcast_to(entries, shape).reshape(-1)
        places = [
            np.broadcast_to(_flat_places(term, side, index), shape).reshape(-1)
            for side in (term.out_atoms, term.in_atoms)
        ]
        if not entries.all():
            kept = np.flatnonzero(entries)
            entries = entries[kept]
            places = [p[kept] for p in places]
        rows.append(places[0])
        columns.append(places[1])
        values.append(entries.astype(dtype, copy=False))
    if not rows:
        none = np.zeros(0, np.intp)
        return none, none, np.zeros(0, dtype)
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(values)


def entry_count(term: NumericTerm) -> int:
    """How many entries `coordinates` goes through for a term."""
    return term.count(_free(term, _selected(term)))


def _free(term: NumericTerm, selected: Mapping[int, Core]) -> tuple[int, ...]:
    """The atoms whose places are counted through; of those left, patterns tell the place."""
    atoms = dict.fromkeys((*term.out_atoms, *term.in_atoms))
    if selected:
        atoms |= dict.fromkeys(a for core in term.cores for a in core.atoms)
    return tuple(a for a in atoms if a not in selected)


def _selected(term: NumericTerm) -> dict[int, Core]:
    """Atoms whose place a pattern tells from those of its other atoms, where that leaves fewer
    entries: two selections Σ_k P_ki Q_kj have one for each k, not one for each i and j."""
    found: dict[int, Core] = {}
    for core in term.cores:
        if not isinstance(core.array, Pattern):
            continue
        if core.array.is_triangle:
            return {}
        place = core.atoms[-1]
        if place not in found and place not in _sources(core.atoms[:-1], found):
            found[place] = core
    if found and term.count(_free(term, found)) < term.count(_free(term, {})):
        return found
    return {}


def _sources(atoms: Sequence[int], found: Mapping[int, Core]) -> set[int]:
    """The atoms, and all that their places depend on."""
    seen: set[int] = set()
    waiting = list(atoms)
    while waiting:
        a = waiting.pop()
        if a not in seen:
            seen.add(a)
            waiting += found[a].atoms[:-1] if a in found else ()
    return seen


def _indices(term: NumericTerm, atoms: Sequence[int]) -> dict[int, np.ndarray]:
    """For each atom its places, along an axis of its own."""
    order = list(atoms)
    return {a: np.asarray(expanded(np.arange(term.sizes[a]), (a,), order)) for a in order}


def _by_selection(
    term: NumericTerm, selected: Mapping[int, Core], dtype: Any
) -> tuple[np.ndarray, dict[int, np.ndarray], tuple[int, ...]]:
    """Values and places over the free atoms alone."""
    free = _free(term, selected)
    index = _indices(term, free)
    known = {*term.out_atoms, *term.in_atoms, *term.carried}
    scale = term.coefficient * term.count([a for a in term.sizes if a not in known])
    values = np.full((1,) * len(free), scale, dtype)
    waiting = dict(selected)
    while waiting:
        place, core = next(
            (a, c) for a, c in waiting.items() if all(r in index for r in c.atoms[:-1])
        )
        del waiting[place]
        told = core.array.places()[tuple(index[r] for r in core.atoms[:-1])]
        inside = (told >= 0) & (told < term.sizes[place])  # a window may reach beyond the axis
        values = values * inside
        index[place] = np.where(inside, told, 0)
    for core in term.cores:
        if core is selected.get(core.atoms[-1]):
            continue
        at = tuple(index[a] for a in core.atoms)
        if isinstance(core.array, Pattern):  # the place is told already: here it must be the same
            values = values * (core.array.places()[at[:-1]] == at[-1])
        else:
            values = values * core.array[at]
    return values, index, term.shape_of(free)


def _flat_places(
    term: NumericTerm, side: Sequence[int], index: Mapping[int, np.ndarray]
) -> np.ndarray:
    """Σ stride · index over the atoms of a side."""
    total: Any = np.zeros((), np.intp)
    stride = 1
    for a in reversed(side):
        total = total + index[a] * stride
        stride *= term.sizes[a]
    return np.asarray(total)
