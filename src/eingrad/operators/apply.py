"""A term applied to a direction, and as an array: the tensor is formed only if asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .arrays import is_number
from .contract import absorb, arranged, contract_all, expanded, order_of
from .term import Axis, NumericTerm

BATCH = -1  # the name of the leading axis


def apply_term(term: NumericTerm, v: Any, xp: Any = np) -> Any:
    """Σ over the input of term × direction.

    Parameters
    ----------
    v:
        Shape (k, *sizes of the input's atoms).
    xp:
        The array namespace.

    Returns
    -------
    array of shape (k, *sizes of the output's atoms), which may share memory with `v` and may be
    read-only
    """
    k = v.shape[0]
    out_atoms, in_atoms = term.out_atoms, term.in_atoms
    atoms: Axis = (BATCH, *in_atoms)
    if len(set(in_atoms)) < len(in_atoms):
        v, atoms = _diagonal_view(v, atoms, xp)
    out = tuple(dict.fromkeys(out_atoms))
    keep = frozenset((BATCH, *out))
    names = tuple(c.atoms for c in term.cores)
    carried = term.carried
    gone = [s for s in atoms if s not in keep and s not in carried]
    if gone:
        axes = tuple(p for p, s in enumerate(atoms) if s in gone)
        v = v.sum(axis=axes) if xp is np else xp.sum(v, axes)
        atoms = tuple(s for s in atoms if s not in gone)
    sizes = ((BATCH, k), *sorted(term.sizes.items()))
    remaining = list(order_of(atoms, names, keep, sizes) if len(names) > 1 else range(len(names)))
    while remaining:
        position = remaining.pop(0)
        needed = keep.union(*(names[j] for j in remaining))
        v, atoms = absorb(v, atoms, term.cores[position].array, names[position], needed, xp)
    if not is_number(term.coefficient, 1):
        v = v * term.coefficient
    result = expanded(v, atoms, (BATCH, *out), xp)
    shape = (k, *term.shape_of(out))
    if result.shape != shape:
        result = xp.broadcast_to(result, shape)
    if len(out) == len(out_atoms):
        return result
    if xp is not np:
        return xp.spread(result, (BATCH, *out_atoms), (k, *term.shape_of(out_atoms)))
    full = np.zeros((k, *term.shape_of(out_atoms)), result.dtype)
    embedded_view(full, (BATCH, *out_atoms))[...] = result
    return full


def _diagonal_view(v: Any, atoms: Axis, xp: Any) -> tuple[Any, Axis]:
    unique = tuple(dict.fromkeys(atoms))
    return (embedded_view(v, atoms) if xp is np else xp.embedded(v, atoms)), unique


def embedded_view(array: np.ndarray, atoms: Sequence[int]) -> np.ndarray:
    """The places of an array where its repeated atoms agree, as a view with distinct axes."""
    places, count = _places(tuple(atoms))
    if count == array.ndim:
        return array
    return np.einsum(array, list(places), list(range(count)))


@lru_cache(maxsize=1024)
def _places(atoms: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    unique = {a: k for k, a in enumerate(dict.fromkeys(atoms))}
    return tuple(unique[a] for a in atoms), len(unique)


def values_on(term: NumericTerm, atoms: Sequence[int], dtype: Any, xp: Any = np) -> Any:
    """coefficient × cores, with the given distinct atoms as axes; those that no core has are of
    size 1. Atoms of the cores that are not given are summed."""
    missing = [a for a in term.sizes if a not in atoms and a not in term.carried]
    missing = [a for a in missing if a not in (*term.out_atoms, *term.in_atoms)]
    scale = term.coefficient * term.count(missing)
    cores = [(c.array, c.atoms) for c in term.cores]
    array, names = contract_all(cores, atoms, dtype, xp)
    array = expanded(array, names, list(atoms), xp)
    return array if is_number(scale, 1) else array * scale


def add_dense(term: NumericTerm, target: np.ndarray, first: bool) -> None:
    """Add the term to an array with an axis for each atom of output and input, in order."""
    axes = (*term.out_atoms, *term.in_atoms)
    unique = list(dict.fromkeys(axes))
    values = values_on(term, unique, target.dtype)
    view = embedded_view(target, axes)
    if first:
        view[...] = values
    else:
        view += values


def dense_of(terms: Sequence[NumericTerm], shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """The sum of terms as an array of the given shape; the caller has checked its size."""
    if len(terms) == 1:
        (term,) = terms
        axes = (*term.out_atoms, *term.in_atoms)
        if len(set(axes)) == len(axes) and set(axes) == term.carried:
            # One product without deltas: it is the result.
            values = values_on(term, axes, dtype)
            return np.array(values.reshape(shape), dtype)
    result = np.zeros(shape, dtype)
    fresh = True
    for term in terms:
        atoms = (*term.out_atoms, *term.in_atoms)
        add_dense(term, result.reshape(term.shape_of(atoms)), fresh)
        fresh = False
    return result


def as_columns(term: NumericTerm, dtype: Any) -> np.ndarray:
    """The term as a matrix, output × input; for small ones that solvers make."""
    rows, columns = term.count(term.out_atoms), term.count(term.in_atoms)
    return dense_of([term], (rows, columns), dtype)


__all__ = [
    "BATCH",
    "add_dense",
    "apply_term",
    "arranged",
    "as_columns",
    "dense_of",
    "embedded_view",
    "values_on",
]
