"""Which arrays an operator holds: the cores of the decomposition, or what they are made of.

A core such as Σ_i X_ia w_i X_ib is held as one matrix where that has fewer numbers than X, w and X
have; else as these, which also shows that its rank is the number of rows of X.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..dims import Dim, product
from ..ir.build import einsum, split_coefficient
from ..ir.node import AxisIndex, Factor, Kernel, Node, Number
from ..structure import Core, StructuredTerm
from ..structure.merge import collect
from ..structure.network import opened

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

    @property
    def is_closed(self) -> bool:
        """Whether the core is held as one array."""
        return len(self.pieces) == 1 and self.pieces[0].node is self.core


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
    def opened(self) -> tuple[Opening, ...]:
        """The factors, where there are several: those of the outermost sum, then of all sums."""
        found = [_opened(self._term, self.core, self._fresh, deep) for deep in (False, True)]
        return tuple(o for o in found if o is not None and len(o.pieces) > 1)

    def at(self, sizes: Mapping[str, int]) -> Opening:
        """Whichever has the fewest numbers for given sizes, the one with fewer factors in doubt."""
        if not self.opened:
            return self.closed
        held = (self.closed, *(_multiplied(o, self.core.atoms, sizes) for o in self.opened))
        return min(held, key=lambda o: _numbers([o], sizes))


def choices_of(term: StructuredTerm) -> list[Choice]:
    """One for each core; the summed atoms of each have numbers of their own."""
    fresh = len(term.sizes)
    result = []
    for core in term.cores:
        result.append(Choice(term, core, fresh))
        fresh += 1000  # no core has so many summed atoms
    return result


@dataclass(frozen=True)
class Held:
    """A term with the ways to hold each of its cores."""

    term: StructuredTerm
    choices: tuple[Choice, ...]

    @staticmethod
    def of(term: StructuredTerm) -> Held:
        """The choices for a term."""
        return Held(term, tuple(choices_of(term)))

    def at(self, sizes: Mapping[str, int]) -> tuple[StructuredTerm, tuple[Opening, ...]]:
        """The cores as they are held for given sizes."""
        return self.term, tuple(c.at(sizes) for c in self.choices)


def chosen(
    forms: Sequence[Sequence[Held]], sizes: Mapping[str, int]
) -> list[tuple[StructuredTerm, tuple[Opening, ...]]]:
    """Of several forms of one tensor the one with the fewest numbers, the first in doubt. Cores on
    the same atoms that are held as one array each are added up to one."""
    best = min(
        ([h.at(sizes) for h in form] for form in forms),
        key=lambda held: _numbers([o for _, opening in held for o in opening], sizes),
    )
    whole = [term for term, opening in best if all(o.is_closed for o in opening)]
    together = collect(whole)
    if len(together) == len(whole):
        return best
    rest = [held for held in best if not any(held[0] is term for term in whole)]
    return [*(Held.of(term).at(sizes) for term in together), *rest]


def _numbers(openings: Sequence[Opening], sizes: Mapping[str, int]) -> int:
    """How many numbers a product goes through: all pieces, the same one in each place."""
    return sum(p.entries.evaluate(sizes) for o in openings for p in o.pieces)


def _multiplied(opening: Opening, outer: Atoms, sizes: Mapping[str, int]) -> Opening:
    """The opening with two pieces that share a summed index multiplied, where the product has no
    more numbers than they have: of Σ_qr V_jq V_rq P_sr the part Σ_r V_rq P_sr."""
    pieces = list(opening.pieces)
    size: dict[Hashable, Dim] = dict(opening.sizes.items())
    for piece in pieces:
        size.update(zip(piece.atoms, piece.node.shape, strict=True))
    coefficient = opening.coefficient
    waiting = sorted(opening.sizes)
    while waiting:
        summed = waiting.pop(0)
        pair = [p for p in pieces if summed in p.atoms]
        rest = [p for p in pieces if summed not in p.atoms]
        kept = {*outer, *(a for p in rest for a in p.atoms)}
        if len(pair) != 2 or len(rest) < 2 or any(isinstance(p.node, Kernel) for p in pair):
            continue
        left = tuple(dict.fromkeys(a for p in pair for a in p.atoms if a in kept))
        both = sum(p.entries.evaluate(sizes) for p in pair)
        if not left or product(size[a] for a in left).evaluate(sizes) > both:
            continue
        value = einsum([(p.node, [(a,) for a in p.atoms]) for p in pair], [(a,) for a in left])
        c, value = split_coefficient(value)
        coefficient = coefficient * c
        pieces = [*rest, Piece(value, left)]
        waiting = sorted({a for p in pieces for a in p.atoms} & opening.sizes.keys())
    if len(pieces) == len(opening.pieces):
        return opening
    live = {a for p in pieces for a in p.atoms}
    summed_sizes = {a: d for a, d in opening.sizes.items() if a in live}
    return Opening(opening.core, coefficient, tuple(pieces), summed_sizes)


def _opened(term: StructuredTerm, core: Core, fresh: int, deep: bool) -> Opening | None:
    parts = core.parts or (Factor(core.node, tuple((a,) for a in core.atoms)),)
    net = opened(parts, dict(enumerate(term.sizes)), fresh, deep)
    factors, sizes = net.factors, net.sizes
    if {a for _, indices in factors for axis in indices for a in axis} < set(core.atoms):
        return None
    scale, pieces = _collected(factors, sizes)
    summed = {a: sizes[a] for a in net.summed}
    return Opening(core.node, net.coefficient * scale, tuple(pieces), summed)


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
