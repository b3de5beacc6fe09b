"""A tensor as terms that say what is small: coefficient · Π cores · δ.

The factored form of a node keeps deltas and factors apart already. Here sums that hide structure
are opened, and the factors of each term are put together into *cores*: the smallest arrays of
which the term is the product.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..dims import Dim, product
from ..ir.build import add, einsum, exact, split_coefficient, zeros
from ..ir.node import (
    AxisIndex,
    Contraction,
    Factor,
    Kernel,
    Node,
    Number,
    Shape,
    Sum,
    Term,
)

MAX_TERMS = 32  # sums are opened up to this many terms in all


@dataclass(frozen=True)
class Core:
    """One small array of a term.

    Attributes
    ----------
    node:
        Its value; each axis is one atom.
    atoms:
        The atom on each axis of `node`, all different; none for a scalar.
    parts:
        The factors that it is the elementwise (broadcast) product of, with atoms on their axes.
    """

    node: Node
    atoms: tuple[int, ...]
    parts: tuple[Factor, ...]

    @property
    def is_whole(self) -> bool:
        """Whether one factor has all the atoms; else it is an outer product for each place of the
        common ones, and smaller in pieces."""
        return len(self.parts) < 2 or any(atoms_of([f]) == set(self.atoms) for f in self.parts)

    @cached_property
    def pieces(self) -> tuple[Core, ...]:
        """The core itself, or its factors where each is smaller; these may have common atoms."""
        if self.is_whole:
            return (self,)
        return tuple(
            Core(einsum([f], [(a,) for a in atoms], 1, self._sizes), atoms, (f,))
            for f in self.parts
            for atoms in [tuple(sorted(atoms_of([f])))]
        )

    @property
    def _sizes(self) -> dict[Hashable, Dim]:
        return dict(zip(self.atoms, self.node.shape, strict=True))


@dataclass(frozen=True)
class StructuredTerm:
    """coefficient · Π cores · δ.

    Attributes
    ----------
    coefficient:
        An exact number.
    sizes:
        The size of each atom; atoms are numbered 0, 1, … as they first occur in `axes`.
    axes:
        For each axis of the tensor the atoms that it is made of, row-major. An atom in several
        places is a Kronecker delta; an axis of literal size 1 has none.
    cores:
        Arrays with disjoint atoms, and at most one scalar (first). An atom that no core has is a
        one along its axis (where it occurs once) or an identity (where it occurs twice).
    """

    coefficient: Number
    sizes: Shape
    axes: tuple[AxisIndex, ...]
    cores: tuple[Core, ...]

    @property
    def scalar(self) -> Node | None:
        """The scalar core, if there is one."""
        return self.cores[0].node if self.cores and not self.cores[0].atoms else None

    @property
    def arrays(self) -> tuple[Core, ...]:
        """The cores that are not scalar."""
        return tuple(c for c in self.cores if c.atoms)

    @property
    def pieces(self) -> tuple[Core, ...]:
        """The arrays, those that are outer products along common atoms in pieces."""
        return tuple(p for c in self.arrays for p in c.pieces)

    @property
    def carried(self) -> frozenset[int]:
        """The atoms that some core has."""
        return frozenset(a for c in self.cores for a in c.atoms)

    @property
    def deltas(self) -> tuple[int, ...]:
        """The atoms that occur more than once in `axes`."""
        flat = [a for axis in self.axes for a in axis]
        return tuple(a for a in range(len(self.sizes)) if flat.count(a) > 1)

    def places(self, atom: int) -> tuple[int, ...]:
        """The axes that an atom is part of (an axis twice where it occurs in it twice)."""
        return tuple(k for k, axis in enumerate(self.axes) for a in axis if a == atom)

    @property
    def support(self) -> Dim:
        """How many entries the deltas leave: all others are zero."""
        return product(self.sizes)

    @property
    def stored(self) -> Dim:
        """How many numbers the cores have (1 for a multiple of deltas)."""
        total = Dim([])
        for core in self.cores:
            for piece in core.pieces:
                total = total + product(piece.node.shape)
        return total if self.cores else Dim.of(1)

    @cached_property
    def node(self) -> Node:
        """The tensor that this term is."""
        factors = [(c.node, [(a,) for a in c.atoms]) for c in self.cores]
        return einsum(factors, self.axes, self.coefficient, dict(enumerate(self.sizes)))


@dataclass(frozen=True)
class Decomposition:
    """A tensor of axes output, then those of each input, as a sum of structured terms.

    Attributes
    ----------
    shape:
        One size for each axis.
    n_out:
        How many axes are the output's.
    inputs:
        How many axes each input has.
    terms:
        None for zero.
    """

    shape: Shape
    n_out: int
    inputs: tuple[int, ...]
    terms: tuple[StructuredTerm, ...]

    def rebuild(self) -> Node:
        """The tensor again, exactly."""
        return add(*(t.node for t in self.terms)) if self.terms else zeros(self.shape)

    def merged(self) -> Decomposition:
        """The same with terms put into others that hold them anyway: `B + λI`, with B any matrix,
        is one matrix. (Low rank + diagonal is kept as two terms by `decompose` alone.)"""
        from .merge import absorb, collect

        return Decomposition(self.shape, self.n_out, self.inputs, absorb(collect(self.terms)))


def decompose(node: Node, n_out: int = 0, inputs: Sequence[int] = ()) -> Decomposition:
    """The structure of a tensor.

    Parameters
    ----------
    node:
        Any tensor; for a derivative, its axes are output, then inputs.
    n_out, inputs:
        How many axes are the output's, and each input's; only noted.

    Returns
    -------
    Decomposition
        Its `rebuild()` is the same tensor as `node`.

    Examples
    --------
    >>> from eingrad.ir.build import contract, dims
    >>> from eingrad.ir.node import variable
    >>> B = variable("B", dims("n", "k"))
    >>> (term,) = decompose(contract("db,ac->abcd", B, contract("ac->ac", B)), 2, [2]).terms
    >>> term.axes, [core.atoms for core in term.cores]
    (((0,), (1,), (2,), (3,)), [(0, 2), (1, 3)])
    """
    from .opening import open_sum

    terms = _terms([node], open_sum)
    return Decomposition(node.shape, n_out, tuple(inputs), terms)


def deepened(found: Decomposition) -> Decomposition:
    """The same with sums below contractions opened as well, where that leaves smaller factors only:
    Σ_p X_pa X_pc G_pbd with G_pbd = Σ_q W_bq W_dq S_pq − u_pb u_pd. It has more cores then, that
    are products of smaller arrays; `found` itself where there is nothing to open."""
    from .opening import open_below, open_sum

    def either(node: Node, budget: int) -> list[Node] | None:
        opened = open_below(node, budget)
        return open_sum(node, budget) if opened is None else opened

    whole = [t.node for t in found.terms]
    if all(open_below(node, MAX_TERMS - len(whole)) is None for node in whole):
        return found
    return Decomposition(found.shape, found.n_out, found.inputs, _terms(whole, either))


def _terms(
    nodes: Sequence[Node], opening: Callable[[Node, int], list[Node] | None]
) -> tuple[StructuredTerm, ...]:
    """The sum of some nodes as terms, sums in them opened within the budget."""
    from .merge import collect, is_thin

    pieces: list[Node] = []
    pending = list(reversed(nodes))
    while pending:
        current = pending.pop()
        opened = opening(current, MAX_TERMS - len(pieces) - len(pending))
        if opened is None:
            pieces.append(current)
        else:
            pending.extend(reversed(opened))
    return tuple(
        sorted(
            collect([term_of(piece) for piece in pieces], apart=is_thin),
            key=lambda t: (len(t.sizes), -len(t.arrays)),
        )
    )


def term_of(node: Node) -> StructuredTerm:
    """One node as one term, whatever it is."""
    if isinstance(node, Term):
        return make_term(node.coefficient, node.factors, node.out, node.sizes)
    axes = tuple((k,) if not d.is_one else () for k, d in enumerate(node.shape))
    return make_term(1, [(node, axes)], axes, node.shape)


def make_term(
    coefficient: Number,
    factors: Iterable[tuple[Node, Sequence[AxisIndex]]],
    out: Sequence[AxisIndex],
    sizes: Sequence[Dim],
) -> StructuredTerm:
    """The term with its atoms numbered as they occur, and its factors grouped into cores."""
    label: dict[int, int] = {}
    for axis in out:
        for a in axis:
            label.setdefault(a, len(label))
    axes = tuple(tuple(label[a] for a in axis) for axis in out)
    size = tuple(sizes[a] for a in label)
    parts = [
        Factor(node, tuple(tuple(label[a] for a in axis) for axis in indices))
        for node, indices in factors
    ]
    cores = []
    for group in _groups(parts):
        atoms = tuple(sorted(atoms_of(group)))
        value = einsum(group, [(a,) for a in atoms], 1, dict(enumerate(size)))
        c, value = split_coefficient(value)
        coefficient = exact(coefficient * c)
        if atoms or value.operands or not isinstance(value, Term):  # not merely the number 1
            cores.append(Core(value, atoms, tuple(group)))
    cores.sort(key=lambda core: core.atoms)
    return StructuredTerm(exact(coefficient), size, axes, tuple(cores))


def atoms_of(factors: Iterable[Factor]) -> set[int]:
    """The atoms on the axes of some factors."""
    return {a for f in factors for axis in f.indices for a in axis}


def _groups(parts: Sequence[Factor]) -> list[list[Factor]]:
    """Factors that hang together through common atoms; those without atoms are one group."""
    groups: list[tuple[set[int], list[Factor]]] = []
    scalars = [f for f in parts if not atoms_of([f])]
    for factor in parts:
        atoms = atoms_of([factor])
        if not atoms:
            continue
        together = [g for g in groups if g[0] & atoms]
        groups = [g for g in groups if not g[0] & atoms]
        members = [f for _, fs in together for f in fs] + [factor]
        groups.append((atoms.union(*(g[0] for g in together)), members))
    return ([scalars] if scalars else []) + [members for _, members in groups]


def summands(options: Sequence[Node]) -> list[Node]:
    """Sums among the options as their summands."""
    result: list[Node] = []
    pending = list(options)
    while pending:
        option = pending.pop()
        if isinstance(option, Sum):
            pending.extend(option.operands)
        else:
            result.append(option)
    return result


def has_pattern(node: Node) -> bool:
    """Whether 0/1 patterns (triangles, selections) make entries of a node vanish: patterns among
    its factors, both of whose axes are its own."""
    if isinstance(node, Sum):
        return any(map(has_pattern, summands([node])))
    if isinstance(node, Contraction | Term):
        kept = set(node.out) if isinstance(node, Contraction) else set(range(len(node.sizes)))
        return any(isinstance(f.node, Kernel) and atoms_of([f]) <= kept for f in node.factors)
    return isinstance(node, Kernel)
