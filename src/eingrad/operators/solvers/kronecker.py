"""Kronecker products: what falls into parts that share no atom is solved part by part."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..align import Aligned
from ..apply import values_on
from ..arrays import common_namespace, namespace, shaped, turned
from ..pattern import Pattern
from ..term import NumericTerm, normal
from .base import Solver
from .parity import parity

Slot = tuple[int, int]  # 0 for rows or 1 for columns, and which


@dataclass(frozen=True)
class Part:
    """Some slots of rows and columns with the operator on them."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    problem: Aligned

    @property
    def is_square(self) -> bool:
        """Whether it can be invertible."""
        return self.problem.n_rows == self.problem.n_columns


def parts_of(problem: Aligned) -> list[Part]:
    """The operator as a Kronecker product of as many parts as it has.

    Slots that an atom or a core of some term joins lie in one part. The terms of a sum must agree
    in all parts but one; parts in which they do not agree are put together.
    """
    together: dict[Slot, Slot] = {}
    slots: list[Slot] = [(0, i) for i in range(len(problem.rows))]
    slots += [(1, j) for j in range(len(problem.columns))]

    def find(slot: Slot) -> Slot:
        while slot in together:
            slot = together[slot]
        return slot

    def join(a: Slot, b: Slot) -> None:
        a, b = find(a), find(b)
        if a != b:
            together[max(a, b)] = min(a, b)

    for term in problem.terms:
        for group in _joined_slots(term):
            for slot in group[1:]:
                join(group[0], slot)
    groups: dict[Slot, list[Slot]] = {}
    for slot in slots:
        groups.setdefault(find(slot), []).append(slot)
    found = list(groups.values())
    if len(problem.terms) > 1:
        found = _agreeing(problem, found)
    return [_part(problem, group, first=k == 0) for k, group in enumerate(found)]


def atom_groups(term: NumericTerm) -> list[set[int]]:
    """The atoms of a term, those that cores join together."""
    groups: list[set[int]] = []
    for atoms in (*(set(c.atoms) for c in term.cores), *({a} for a in term.sizes)):
        touching = [g for g in groups if g & atoms]
        groups = [g for g in groups if not g & atoms]
        groups.append(atoms.union(*touching))
    return groups


def _joined_slots(term: NumericTerm) -> list[list[Slot]]:
    result = []
    for group in atom_groups(term):
        slots: list[Slot] = [(0, i) for i, a in enumerate(term.out_atoms) if a in group]
        slots += [(1, j) for j, a in enumerate(term.in_atoms) if a in group]
        if slots:
            result.append(slots)
    return result


def _agreeing(problem: Aligned, groups: list[list[Slot]]) -> list[list[Slot]]:
    """The groups in which all terms agree, and the rest as one group, which comes first."""
    keys = [{key_of(restricted(term, group, 1.0)) for term in problem.terms} for group in groups]
    differing = [g for g, key in zip(groups, keys, strict=True) if len(key) > 1]
    same = [g for g, key in zip(groups, keys, strict=True) if len(key) == 1]
    sizes = (problem.rows, problem.columns)

    def side(group: list[Slot], which: int) -> int:
        return math.prod(sizes[s][k] for s, k in group if s == which)

    square = [g for g in same if side(g, 0) == side(g, 1)]
    other = [g for g in same if side(g, 0) != side(g, 1)]
    lump = sorted(slot for g in (*differing, *other) for slot in g)
    return ([lump] if lump else []) + square


def key_of(term: NumericTerm) -> Any:
    """Equal for terms that are equal up to their coefficients, and known to be."""
    arrays = tuple((same_numbers(c.array), c.atoms) for c in term.cores)
    return term.out, term.into, tuple(sorted(term.sizes.items())), arrays


class Same:
    """Equal where the object is the same one, which it keeps alive."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.array is other.array

    def __hash__(self) -> int:
        return id(self.array)


def same_numbers(array: Any) -> Any:
    """A key that two arrays share only if they are the same memory."""
    if isinstance(array, Pattern):
        return array
    if namespace(array) is not np:
        return Same(array)
    return array.__array_interface__["data"][0], array.shape, array.strides


def restricted(term: NumericTerm, group: Sequence[Slot], coefficient: float) -> NumericTerm:
    """The factor of a term on some slots."""
    out = [(term.out_atoms[k],) for side, k in group if side == 0]
    into = [(term.in_atoms[k],) for side, k in group if side == 1]
    atoms = {a for axis in (*out, *into) for a in axis}
    for linked in atom_groups(term):
        if linked & atoms:
            atoms |= linked
    cores = [c for c in term.cores if set(c.atoms) <= atoms]
    return normal(coefficient, out, into, term.sizes, cores)


def _part(problem: Aligned, group: list[Slot], first: bool) -> Part:
    """The part on some slots; the numbers of the terms go to the first part."""
    rows = tuple(k for side, k in group if side == 0)
    columns = tuple(k for side, k in group if side == 1)
    terms: Sequence[NumericTerm]
    if first:
        terms = [restricted(t, group, t.coefficient * _loose(t)) for t in problem.terms]
        if len({key_of(t) for t in terms}) == 1:  # they differ in the number at most
            terms = [replace(terms[0], coefficient=sum(t.coefficient for t in terms))]
    else:
        terms = [restricted(problem.terms[0], group, 1.0)]
    return Part(
        rows,
        columns,
        Aligned(
            tuple(problem.rows[k] for k in rows),
            tuple(problem.columns[k] for k in columns),
            tuple(terms),
            tuple(problem.row_axes[k] for k in rows),
            tuple(problem.column_axes[k] for k in columns),
        ),
    )


def _loose(term: NumericTerm) -> Any:
    """The number that cores without slots amount to."""
    outer = {*term.out_atoms, *term.in_atoms}
    result: Any = 1.0
    for group in atom_groups(term):
        if not group & outer:
            cores = tuple(c for c in term.cores if set(c.atoms) <= group)
            sizes = {a: term.sizes[a] for a in group}
            xp = common_namespace(c.array for c in cores)
            value = values_on(NumericTerm(1.0, (), (), sizes, cores), (), np.float64, xp)
            result = result * (float(value) if xp is np else value)
    return result


class Kronecker:
    """The solvers of the parts, one after the other."""

    def __init__(
        self, problem: Aligned, parts: Sequence[Part], solver_of: Callable[[Aligned], Solver]
    ) -> None:
        self._problem = problem
        self._parts = list(parts)
        self._solvers = [solver_of(part.problem) for part in parts]
        texts = [s.text for s in self._solvers]
        self.text = "; ".join(dict.fromkeys(texts))

    def solve(self, b: Any) -> Any:
        """Each part's axes in turn."""
        names: list[Slot] = [(0, i) for i in range(len(self._problem.rows))]
        for part, solver in zip(self._parts, self._solvers, strict=True):
            mine: list[Slot] = [(0, i) for i in part.rows]
            others = [s for s in names if s not in mine]
            order = [names.index(s) + 1 for s in (*others, *mine)]
            moved = turned(b, [0, *order])
            lead = tuple(moved.shape)[: len(moved.shape) - len(mine)]
            solved = solver.solve(shaped(moved, (math.prod(lead), *part.problem.rows)))
            b = shaped(solved, (*lead, *part.problem.columns))
            names = [*others, *((1, j) for j in part.columns)]
        order = [names.index((1, j)) + 1 for j in range(len(names))]
        return turned(b, [0, *order])

    def slogdet(self) -> tuple[Any, Any]:
        """Each part's as often as the others have entries."""
        problem = self._problem
        sign: Any = 1.0
        value: Any = 0.0
        for part, solver in zip(self._parts, self._solvers, strict=True):
            often = problem.n_rows // max(part.problem.n_rows, 1)
            s, v = solver.slogdet()
            sign = sign * (s if often % 2 else s * s)
            value = value + often * v
        rows = [i for part in self._parts for i in part.rows]
        columns = [j for part in self._parts for j in part.columns]
        return sign * parity(problem.rows, rows) * parity(problem.columns, columns), value


__all__ = ["Kronecker", "Part", "parts_of"]
