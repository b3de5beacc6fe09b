"""Which arrays an operator holds: the cores of the decomposition, or what they are made of.

A core such as Σ_i X_ia w_i X_ib is held as one matrix where that has fewer numbers than X, w and X
have; else as these, which also shows that its rank is the number of rows of X.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..dims import Dim, product
from ..ir.build import einsum, split_coefficient
from ..ir.node import AxisIndex, Contraction, Kernel, Node, Number, Term
from ..structure import Core, StructuredTerm

Atoms = tuple[int, ...]


@dataclass(frozen=True)
class Piece:
    """A node with an atom on each axis."""

    node: Node
    atoms: Atoms

    @property
    def entries(self) -> Dim:
        """How many numbers it has; a pattern has none."""
        return Dim([]) if isinstance(self.node, Kernel) else product(self.node.shape)


@dataclass(frozen=True)
class Opening:
    """A core as a product of smaller pieces, with sizes for the atoms that are summed."""

    core: Node
    coefficient: Number
    pieces: tuple[Piece, ...]
    sizes: Mapping[int, Dim]


class Choice:
    """A core and the ways to hold it, from one array to the smallest factors."""

    def __init__(self, term: StructuredTerm, core: Core, fresh: int) -> None:
        self.core = core
        self._term = term
        self._fresh = fresh

    @cached_property
    def closed(self) -> Opening:
        """One array."""
        return Opening(self.core.node, 1, (Piece(self.core.node, self.core.atoms),), {})

    @cached_property
    def opened(self) -> Opening | None:
        """The factors, where there are several."""
        found = _opened(self._term, self.core, self._fresh)
        return found if found is not None and len(found.pieces) > 1 else None

    def at(self, sizes: Mapping[str, int]) -> Opening:
        """Whichever has fewer numbers for given sizes."""
        if self.opened is None:
            return self.closed
        whole = self.closed.pieces[0].entries.evaluate(sizes)
        parts = sum(p.entries.evaluate(sizes) for p in self.opened.pieces)
        return self.opened if parts < whole else self.closed


def choices_of(term: StructuredTerm) -> list[Choice]:
    """One for each core; the summed atoms of each have numbers of their own."""
    fresh = len(term.sizes)
    result = []
    for core in term.cores:
        result.append(Choice(term, core, fresh))
        fresh += 1000  # no core has so many summed atoms
    return result


def _opened(term: StructuredTerm, core: Core, fresh: int) -> Opening | None:
    factors: list[tuple[Node, tuple[AxisIndex, ...]]] = []
    sizes: dict[int, Dim] = dict(enumerate(term.sizes))
    coefficient: Number = 1
    # Parts are factors of the core, contractions those of which the sums run inside.
    pending: list[tuple[Node, tuple[AxisIndex, ...]]] = [
        (part.node, part.indices) for part in core.parts
    ] or [(core.node, tuple((a,) for a in core.atoms))]
    while pending:
        node, indices = pending.pop(0)
        inner = isinstance(node, Contraction) or (
            isinstance(node, Term) and _without_deltas(node) and node.factors
        )
        if not inner or any(len(axis) > 1 for axis in indices):
            factors.append((node, indices))
            continue
        assert isinstance(node, Contraction | Term)
        outer = [(a,) for a in node.out] if isinstance(node, Contraction) else list(node.out)
        named = {}
        for axis, atoms in zip(outer, indices, strict=True):
            if axis and atoms:
                named[axis[0]] = atoms[0]
        for a, size in enumerate(node.sizes):
            if a not in named:
                named[a] = fresh
                sizes[fresh] = size
                fresh += 1
        if isinstance(node, Term):
            coefficient = coefficient * node.coefficient
        pending += [
            (f.node, tuple(tuple(named[a] for a in axis) for axis in f.indices))
            for f in node.factors
        ]
    if {a for _, indices in factors for axis in indices for a in axis} < set(core.atoms):
        return None
    scale, pieces = _collected(factors, sizes)
    used = {a for p in pieces for a in p.atoms}
    summed = {a: d for a, d in sizes.items() if a >= len(term.sizes) and a in used}
    return Opening(core.node, coefficient * scale, tuple(pieces), summed)


def _without_deltas(node: Term) -> bool:
    """Whether each axis of a term is one atom of its own, which some factor carries."""
    flat = [a for axis in node.out for a in axis]
    carried = {a for f in node.factors for axis in f.indices for a in axis}
    return (
        len(set(flat)) == len(flat)
        and all(len(axis) <= 1 for axis in node.out)
        and set(flat) == carried
    )


def _collected(
    factors: Sequence[tuple[Node, tuple[AxisIndex, ...]]], sizes: Mapping[int, Dim]
) -> tuple[Number, list[Piece]]:
    """Factors on the same atoms multiplied into one piece, numbers into the coefficient."""
    groups: dict[frozenset[int], list[tuple[Node, tuple[AxisIndex, ...]]]] = {}
    for node, indices in factors:
        atoms = frozenset(a for axis in indices for a in axis)
        together = groups.setdefault(atoms, [])
        if len(atoms) > 1 and not isinstance(node, Kernel) and _same_orientation(together, indices):
            together.append((node, indices))
        elif len(atoms) > 1 and together:
            groups[frozenset([*atoms, -1 - len(groups)])] = [(node, indices)]
        else:
            together.append((node, indices))
    coefficient: Number = 1
    pieces = []
    for group in groups.values():
        order = tuple(dict.fromkeys(a for _, indices in group for axis in indices for a in axis))
        value = einsum(group, [(a,) for a in order], 1, dict(sizes))
        c, value = split_coefficient(value)
        coefficient = coefficient * c
        if order or value.operands or value.rank_of_kind < 6:
            pieces.append(Piece(value, order))
    return coefficient, pieces


def _same_orientation(
    group: Sequence[tuple[Node, tuple[AxisIndex, ...]]], indices: tuple[AxisIndex, ...]
) -> bool:
    return all(not isinstance(n, Kernel) and i == indices for n, i in group)
