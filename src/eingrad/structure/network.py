"""What a core is a product of: its factors with all contractions opened, and what these show.

A core such as Σ_i X_ia w_i X_ib is one array to the term around it. As a network of X, w and X it
shows that its rank is at most the number of rows of X, and with w ≥ 0 that it is positive
semidefinite.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ..dims import Dim, product
from ..ir.build import einsum
from ..ir.facts import facts_of, has
from ..ir.node import Contraction, Factor, Kernel, Node, Number, Sum, Term

MAX_SUMMED = 8  # with more summed indices only single ones are tried as cuts
MAX_CUT = 2  # indices in a cut
MAX_OPENED = 64  # contractions in larger products stay closed
MAX_FACTORS = 40  # products of more are not looked into: trying all cuts costs the square of it


@dataclass(frozen=True)
class Network:
    """coefficient · Π factors, summed over the atoms that are not the core's.

    Attributes
    ----------
    coefficient:
        An exact number.
    factors:
        None of them a contraction, or a term without deltas.
    sizes:
        The size of each atom; `summed` are those of the network alone.
    """

    coefficient: Number
    factors: tuple[Factor, ...]
    sizes: Mapping[int, Dim]
    summed: tuple[int, ...]


def opened(
    parts: Sequence[Factor],
    sizes: Mapping[int, Dim],
    fresh: int | None = None,
    deep: bool = True,
) -> Network:
    """The product of `parts` with the contractions in it opened.

    Parameters
    ----------
    fresh:
        The first number for summed atoms; by default above all of `sizes`.
    deep:
        Whether contractions inside of a contraction are opened too: AX as A and X.
    """
    known = dict(sizes)
    first = max(known, default=-1) + 1 if fresh is None else fresh
    following = first
    coefficient: Number = 1
    factors: list[Factor] = []
    pending = [(part, True) for part in parts]
    while pending:
        (node, indices), openly = pending.pop(0)
        inner = (openly and isinstance(node, Contraction)) or (
            isinstance(node, Term) and _without_deltas(node) and node.factors
        )
        full = len(factors) + len(pending) >= MAX_OPENED  # a shared part opens in every place
        if full or not inner or any(len(axis) > 1 for axis in indices):
            factors.append(Factor(node, indices))
            continue
        assert isinstance(node, Contraction | Term)
        outer = [(a,) for a in node.out] if isinstance(node, Contraction) else list(node.out)
        named = {}
        for axis, atoms in zip(outer, indices, strict=True):
            if axis and atoms:
                named[axis[0]] = atoms[0]
        for a, size in enumerate(node.sizes):
            if a not in named:
                named[a] = following
                known[following] = size
                following += 1
        if isinstance(node, Term):
            coefficient = coefficient * node.coefficient
        openly = deep or (openly and isinstance(node, Term))
        pending += [
            (Factor(f.node, tuple(tuple(named[a] for a in axis) for axis in f.indices)), openly)
            for f in node.factors
        ]
    used = {a for f in factors for a in _atoms(f)}
    summed = tuple(a for a in known if first <= a < following and a in used)
    return Network(coefficient, tuple(factors), known, summed)


def _without_deltas(node: Term) -> bool:
    """Whether each axis of a term is one atom of its own, which some factor carries."""
    flat = [a for axis in node.out for a in axis]
    carried = {a for f in node.factors for axis in f.indices for a in axis}
    return (
        len(set(flat)) == len(flat)
        and all(len(axis) <= 1 for axis in node.out)
        and set(flat) == carried
    )


def _atoms(factor: Factor) -> set[int]:
    return {a for axis in factor.indices for a in axis}


# --- cuts -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """Summed atoms without which rows and columns are not connected.

    Attributes
    ----------
    atoms:
        The atoms.
    left, right, middle:
        The factors on the side of the rows, of the columns, and of neither.
    """

    atoms: tuple[int, ...]
    left: tuple[Factor, ...]
    right: tuple[Factor, ...]
    middle: tuple[Factor, ...]


def cuts(net: Network, rows: Sequence[int], columns: Sequence[int]) -> Iterator[Cut]:
    """The ways to separate rows from columns by few summed atoms; smaller cuts first. Atoms that
    are neither rows, columns nor summed are a batch, and never connect."""
    if len(net.factors) > MAX_FACTORS:
        return
    most = MAX_CUT if len(net.summed) <= MAX_SUMMED else 1
    walls = set(net.sizes) - set(net.summed) - set(rows) - set(columns)
    for count in range(1, most + 1):
        for chosen in combinations(net.summed, count):
            closed = walls | set(chosen)
            left = _reached(net.factors, rows, closed)
            if any(_atoms(f) & set(columns) for f in left):
                continue
            right = _reached(net.factors, columns, closed)
            sides = {id(f) for f in (*left, *right)}
            middle = tuple(f for f in net.factors if id(f) not in sides)
            yield Cut(chosen, tuple(left), tuple(right), middle)


def _reached(factors: Sequence[Factor], start: Sequence[int], closed: set[int]) -> list[Factor]:
    """The factors that hang together with some atoms, none of `closed` being passed."""
    left = [(f, _atoms(f)) for f in factors]
    reached = set(start)
    found: list[Factor] = []
    while touched := [(f, atoms) for f, atoms in left if atoms & reached]:
        left = [(f, atoms) for f, atoms in left if not atoms & reached]
        found += [f for f, _ in touched]
        reached.update(*(atoms - closed for _, atoms in touched))
    return found


def rank(net: Network, rows: Sequence[int], columns: Sequence[int]) -> Dim | None:
    """A bound of the rank of a matrix (of each of a batch): the smallest cut that is found, of the
    lowest degree where sizes are symbols; None where there is no cut."""
    best: Dim | None = None
    for cut in cuts(net, rows, columns):
        size = product(net.sizes[a] for a in cut.atoms)
        if best is None or degree(size) < degree(best) or smaller(size, best):
            best = size
    return best


def semidefinite(net: Network, rows: Sequence[int], columns: Sequence[int]) -> bool:
    """Whether a matrix (each of a batch) is Lᵀ diag(w) L with w ≥ 0, the rows paired with the
    columns in the order given."""
    if len(rows) != len(columns) or net.coefficient < 0:
        return False
    batch = [a for a in net.sizes if a not in (*net.summed, *rows, *columns)]
    used = {a for f in net.factors for a in _atoms(f)}
    batch = [a for a in batch if a in used]
    sizes: dict[Hashable, Dim] = {a: d for a, d in net.sizes.items()}
    for cut in cuts(net, rows, columns):
        if len(cut.left) != len(cut.right):
            continue
        common = [(a,) for a in (*cut.atoms, *batch)]
        left = einsum(cut.left, [*((a,) for a in rows), *common], 1, sizes)
        right = einsum(cut.right, [*((a,) for a in columns), *common], 1, sizes)
        if left is right and _nonnegative(cut.middle, [*cut.atoms, *batch], sizes):
            return True
        if len(cut.atoms) == 2 and _framed(cut, rows, columns, sizes):
            return True
    return False


def _framed(
    cut: Cut, rows: Sequence[int], columns: Sequence[int], sizes: Mapping[Hashable, Dim]
) -> bool:
    """Whether a cut is that of LᵀSL with S positive semidefinite."""
    if len(cut.middle) != 1 or "psd" not in facts_of(cut.middle[0].node):
        return False
    i, j = cut.atoms
    if {i, j} != _atoms(cut.middle[0]) or cut.middle[0].node.ndim != 2:
        return False
    if any(j in _atoms(f) for f in cut.left):
        i, j = j, i
    if any(j in _atoms(f) for f in cut.left) or any(i in _atoms(f) for f in cut.right):
        return False
    held = {a for f in cut.left for a in _atoms(f)} | {a for f in cut.right for a in _atoms(f)}
    if not held >= {i, j, *rows, *columns}:
        return False
    left = einsum(cut.left, [*((a,) for a in rows), (i,)], 1, sizes)
    right = einsum(cut.right, [*((a,) for a in columns), (j,)], 1, sizes)
    return left is right


def _nonnegative(
    factors: Sequence[Factor], kept: Sequence[int], sizes: Mapping[Hashable, Dim]
) -> bool:
    """Whether a product is not below 0 anywhere; 0/1 patterns are not."""
    weights = [f for f in factors if not isinstance(f.node, Kernel)]
    if len(weights) < len(factors):
        return all(has(f.node, "nonnegative") for f in weights)
    held = {a for f in weights for a in _atoms(f)}
    value = einsum(weights, [(a,) for a in kept if a in held], 1, sizes)
    return not weights or has(value, "nonnegative")


def smaller(a: Dim, b: Dim) -> bool:
    """Whether a size is certainly smaller than another (for integers)."""
    x, y = a.as_int(), b.as_int()
    return x is not None and y is not None and x < y


def degree(size: Dim) -> int:
    """How many symbols are multiplied in a size, at most."""
    return max((len(symbols) for symbols, _ in size.terms), default=0)


def largest(net: Network) -> list[int]:
    """How many axes its factors have, the most first; factors on the same axes are one. A 0/1
    pattern is none, since it acts without being built, and neither is a sum of patterns, which
    opens into some."""
    held = {frozenset(_atoms(f)) for f in net.factors if not of_patterns(f.node)}
    return sorted((len(atoms) for atoms in held), reverse=True)


def of_patterns(node: Node) -> bool:
    """Whether a node is a 0/1 pattern or a sum of multiples of some: S − T, which takes the
    differences of neighbours."""
    parts = node.operands if isinstance(node, Sum) else (node,)
    return all(
        isinstance(p, Kernel)
        or (
            isinstance(p, Term)
            and len(p.factors) == 1
            and isinstance(p.factors[0].node, Kernel)
            and _without_deltas(p)
        )
        for p in parts
    )
