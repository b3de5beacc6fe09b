"""The entries that deltas leave, with their places in the flattened tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .apply import values_on
from .contract import expanded
from .term import NumericTerm


def coordinates(
    terms: Sequence[NumericTerm], dtype: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, columns and values; places that several terms have occur several times, zeros of
    the cores are left out."""
    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    values: list[np.ndarray] = []
    for term in terms:
        atoms = tuple(dict.fromkeys((*term.out_atoms, *term.in_atoms)))
        shape = term.shape_of(atoms)
        entries = np.broadcast_to(values_on(term, atoms, dtype), shape).reshape(-1)
        places = [
            np.broadcast_to(_flat_places(term, side, atoms), shape).reshape(-1)
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


def _flat_places(term: NumericTerm, side: Sequence[int], atoms: Sequence[int]) -> np.ndarray:
    """Σ stride · index over the atoms of a side, broadcast over `atoms`."""
    total: Any = np.zeros((), np.intp)
    stride = 1
    for a in reversed(side):
        total = total + expanded(np.arange(term.sizes[a]) * stride, (a,), list(atoms))
        stride *= term.sizes[a]
    return np.asarray(total)
