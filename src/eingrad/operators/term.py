"""A term with numbers: coefficient × Kronecker deltas × cores, see docs/design.md §1."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import is_number, namespace
from .pattern import Pattern

Axis = tuple[int, ...]
Axes = tuple[Axis, ...]


@dataclass(frozen=True)
class Core:
    """An array (or a pattern) with an atom on each of its axes; no atom occurs twice.

    Attributes
    ----------
    label:
        Gives the formula of the core, for messages.
    """

    array: Any
    atoms: Axis
    label: Callable[[], str] | None = None

    def as_array(self, dtype: Any) -> np.ndarray:
        """The numbers."""
        return self.array.dense(dtype) if isinstance(self.array, Pattern) else self.array


@dataclass(frozen=True)
class NumericTerm:
    """One term of an operator.

    Attributes
    ----------
    coefficient:
        A number; or an array without axes, where a library traces it.
    out, into:
        For each axis of the output, and of the input, its atoms, row-major. An atom that occurs
        twice is a Kronecker delta. An atom that occurs in cores only is summed.
    sizes:
        The size of each atom.
    cores:
        Their atoms are distinct within a core.
    """

    coefficient: Any
    out: Axes
    into: Axes
    sizes: Mapping[int, int]
    cores: tuple[Core, ...]

    @property
    def out_atoms(self) -> Axis:
        """The atoms of the output, in order."""
        return tuple(a for axis in self.out for a in axis)

    @property
    def in_atoms(self) -> Axis:
        """The atoms of the input, in order."""
        return tuple(a for axis in self.into for a in axis)

    @property
    def carried(self) -> frozenset[int]:
        """The atoms that cores have."""
        return frozenset(a for core in self.cores for a in core.atoms)

    def shape_of(self, atoms: Sequence[int]) -> tuple[int, ...]:
        """The sizes of some atoms."""
        return tuple(self.sizes[a] for a in atoms)

    def count(self, atoms: Sequence[int] | frozenset[int]) -> int:
        """The product of the sizes of some atoms."""
        return math.prod(self.sizes[a] for a in atoms)

    def transposed(self) -> NumericTerm:
        """Output and input exchanged."""
        return NumericTerm(self.coefficient, self.into, self.out, self.sizes, self.cores)

    def scaled(self, factor: Any) -> NumericTerm:
        """The term times a number."""
        return NumericTerm(self.coefficient * factor, self.out, self.into, self.sizes, self.cores)


def normal(
    coefficient: float,
    out: Sequence[Sequence[int]],
    into: Sequence[Sequence[int]],
    sizes: Mapping[int, int],
    cores: Sequence[Core],
) -> NumericTerm:
    """A term in normal form: atoms of size 1 dropped, cores that are numbers multiplied into the
    coefficient, repeated atoms of a core its diagonal, atoms numbered by first occurrence."""
    kept: list[Core] = []
    for core in cores:
        core = _plain(core, sizes)
        if core.atoms:
            kept.append(core)
        else:
            coefficient = coefficient * _number(core.array)
    axes = [tuple(a for a in axis if sizes[a] != 1) for axis in (*out, *into)]
    names: dict[int, int] = {}
    for a in (a for group in (*axes, *(c.atoms for c in kept)) for a in group):
        names.setdefault(a, len(names))
    axes = [tuple(names[a] for a in axis) for axis in axes]
    named = tuple(Core(c.array, tuple(names[a] for a in c.atoms), c.label) for c in kept)
    return NumericTerm(
        coefficient,
        tuple(axes[: len(out)]),
        tuple(axes[len(out) :]),
        {new: sizes[old] for old, new in names.items()},
        named,
    )


def _number(array: Any) -> Any:
    xp = namespace(array)
    return np.asarray(array).item() if xp is np else xp.reshape(array, ())


def _plain(core: Core, sizes: Mapping[int, int]) -> Core:
    """The core without axes of size 1 and repeated atoms."""
    distinct = len(set(core.atoms)) == len(core.atoms)
    if distinct and all(sizes[a] != 1 for a in core.atoms):
        return core
    array: Any = core.array
    if isinstance(array, Pattern):
        array = array.dense(np.float64)
    kept = [k for k, a in enumerate(core.atoms) if sizes[a] != 1]
    atoms = tuple(core.atoms[k] for k in kept)
    xp = namespace(array)
    array = xp.reshape(array, tuple(array.shape[k] for k in kept))
    if not distinct:
        unique = tuple(dict.fromkeys(atoms))
        if xp is np:
            places = {a: k for k, a in enumerate(unique)}
            array = np.einsum(array, [places[a] for a in atoms], list(range(len(unique))))
        else:
            array = xp.embedded(array, atoms)
        atoms = unique
    return Core(array, atoms, core.label)


def merged(terms: Sequence[NumericTerm]) -> tuple[NumericTerm, ...]:
    """Terms of the same pattern added; terms that are zero left out."""
    found: dict[Any, NumericTerm] = {}
    for term in terms:
        if is_number(term.coefficient, 0):
            continue
        key: Any = (term.out, term.into, tuple(sorted(term.sizes.items())))
        key += (tuple((sorted(c.atoms)) for c in term.cores).__repr__(),)
        other = found.get(key)
        if other is None:
            found[key] = term
            continue
        both = _added(other, term)
        if both is None:
            found[(*key, len(found))] = term
        elif is_number(both.coefficient, 0):
            del found[key]
        else:
            found[key] = both
    return tuple(found.values())


def _added(a: NumericTerm, b: NumericTerm) -> NumericTerm | None:
    """The sum of two terms of the same pattern as one term, if it is one."""
    different = [
        k
        for k, (p, q) in enumerate(zip(a.cores, b.cores, strict=True))
        if p.array is not q.array or p.atoms != q.atoms
    ]
    if not different:
        total = a.coefficient + b.coefficient
        return NumericTerm(total, a.out, a.into, a.sizes, a.cores)
    if len(different) > 1:
        return None
    p, q = a.cores[different[0]], b.cores[different[0]]
    if isinstance(p.array, Pattern) or isinstance(q.array, Pattern):
        return None
    xp = namespace(p.array)
    if type(xp) is not type(namespace(q.array)):  # a constant beside a library's array
        return None
    order = [q.atoms.index(atom) for atom in p.atoms]
    other = xp.transpose(q.array, order)
    # The coefficient of the first stays outside: powers of two are exact, other numbers are not.
    total = a.coefficient * p.array + b.coefficient * other
    cores = list(a.cores)
    cores[different[0]] = Core(total, p.atoms)
    return NumericTerm(1.0, a.out, a.into, a.sizes, tuple(cores))
