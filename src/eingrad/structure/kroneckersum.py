"""Sums of Kronecker products as objects: their factors, the tensor again, and what they are in
words."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from ..dims import Dim, product
from ..ir.build import add, einsum, power
from ..ir.node import Factor, Node, Shape
from ..ir.node import size as size_node
from .decompose import StructuredTerm, decompose, summands
from .network import opened, semidefinite
from .sides import size_text, stays


@dataclass(frozen=True)
class KroneckerFactor:
    """A factor of each product of a sum.

    Attributes
    ----------
    axes:
        The rows' axes of the tensor that it is on; its columns are as many axes further on.
    stack:
        The factor in each product: an axis for each index of the sum, then rows, then columns.
    weighted:
        Whether it carries the weights of the sum (at most one factor does): its total is taken
        where the others are averaged.
    """

    axes: tuple[int, ...]
    stack: Node
    weighted: bool


@dataclass(frozen=True)
class KroneckerSum:
    """Σ_s F₁(s) ⊗ F₂(s) ⊗ …; one product where nothing is summed.

    Attributes
    ----------
    summed:
        The sizes of the indices s.
    factors:
        On different axes; together on all.
    split:
        How many axes are rows.
    """

    summed: Shape
    factors: tuple[KroneckerFactor, ...]
    split: int

    @property
    def node(self) -> Node:
        """The tensor, exactly."""
        sums: list[Hashable] = [("s", k) for k in range(len(self.summed))]
        return self._over([(f.stack, sums) for f in self.factors])

    def single(self, k: int) -> Node:
        """The factor k of the one product that stands for the sum: the mean over s, or the total
        of the factor with the weights. Exact where nothing is summed."""
        factor, n = self.factors[k], len(self.summed)
        if not n:
            return factor.stack
        axes = [(a,) for a in range(factor.stack.ndim)]
        total = add(*(einsum([(s, axes)], axes[n:]) for s in summands([factor.stack])))
        if factor.weighted:
            return total
        count = [(power(size_node(d), -1), ()) for d in self.summed]
        rest = [(a,) for a in range(total.ndim)]
        return add(*(einsum([(s, rest), *count], rest) for s in summands([total])))

    @property
    def approximation(self) -> Node:
        """The product of the single factors: the expectation of a Kronecker product replaced by the
        product of expectations."""
        return self.product([self.single(k) for k in range(len(self.factors))])

    def product(self, singles: Sequence[Node]) -> Node:
        """The Kronecker product of arrays in the places of the factors."""
        return self._over([(node, []) for node in singles])

    def _over(self, given: Sequence[tuple[Node, Sequence[Hashable]]]) -> Node:
        factors = []
        for factor, (node, sums) in zip(self.factors, given, strict=True):
            rows: list[tuple[Hashable, ...]] = [(a,) for a in factor.axes]
            columns: list[tuple[Hashable, ...]] = [(a + self.split,) for a in factor.axes]
            factors.append((node, [*((s,) for s in sums), *rows, *columns]))
        return einsum(factors, [(a,) for a in range(2 * self.split)])

    @property
    def sentence(self) -> str:
        """`Σ over n of rank 1 m×m ⊗ symmetric k×k`."""
        return self.told(symmetric=False)

    def told(self, symmetric: bool) -> str:
        """The sentence where it may be known that the sum stays the same with rows and columns
        exchanged."""
        n = len(self.summed)
        alike = [_is_symmetric(f, n) for f in self.factors]
        if symmetric and not n and alike.count(False) == 1:
            alike = [True] * len(alike)
        said = " ⊗ ".join(_words(f, n, s) for f, s in zip(self.factors, alike, strict=True))
        if not self.summed:
            return said
        return f"Σ over {' and '.join(size_text(d) for d in self.summed)} of {said}"


@dataclass(frozen=True)
class Kronecker:
    """A tensor as a sum of Kronecker sums, all cut at the same axes.

    Attributes
    ----------
    terms:
        The sums.
    symmetric:
        Whether it is known to stay the same with rows and columns exchanged.
    """

    terms: tuple[KroneckerSum, ...]
    symmetric: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether each term is one product, so that the single factors are all there is."""
        return not any(t.summed for t in self.terms)

    def rebuild(self) -> Node:
        """The tensor again, exactly."""
        return add(*(t.node for t in self.terms))

    @property
    def sentence(self) -> str:
        """The terms in words."""
        # One product is symmetric only if each of its factors is (or all are antisymmetric).
        alone = self.symmetric and len(self.terms) == 1 and self.is_exact
        said = [t.told(alone) for t in self.terms]
        return said[0] if len(said) == 1 else " + ".join(f"({s})" for s in said)


# --- in words -------------------------------------------------------------------------------------


def _is_symmetric(factor: KroneckerFactor, count: int) -> bool:
    """Whether each matrix of a stack is its own transpose, as far as its form shows."""
    n = len(factor.axes)
    order = [*range(count), *range(count + n, count + 2 * n), *range(count, count + n)]
    return stays(factor.stack, order)


def _words(factor: KroneckerFactor, count: int, symmetric: bool) -> str:
    """One factor of each product: `identity k×k`, `rank 1 m×m`, `symmetric k×k`."""
    n = len(factor.axes)
    stack = factor.stack
    rows, columns = range(count, count + n), range(count + n, count + 2 * n)
    size = size_text(product(stack.shape[k] for k in rows))
    shape = f"{size}×{size}"
    terms = decompose(stack).terms
    if all([t.axes[k] for k in rows] == [t.axes[k] for k in columns] for t in terms):
        free = all(not t.carried & {a for k in rows for a in t.axes[k]} for t in terms)
        if not free:
            return f"diagonal {shape}"
        alone = len(terms) == 1 and terms[0].coefficient == 1 and not terms[0].cores
        return f"{'identity' if alone else 'multiple of the identity'} {shape}"
    if len(terms) == 1 and _is_rank_one(terms[0], set(rows), set(columns)):
        return f"rank 1 {shape}"
    if not symmetric:
        return shape
    net = opened([Factor(stack, tuple((k,) for k in range(stack.ndim)))], _sizes(stack))
    sure = len(terms) == 1 and semidefinite(replace(net, coefficient=1), list(rows), list(columns))
    sure = sure and net.coefficient > 0 and terms[0].coefficient > 0
    return f"symmetric {'positive semidefinite ' if sure else ''}{shape}"


def _sizes(node: Node) -> dict[int, Dim]:
    return dict(enumerate(node.shape))


def _is_rank_one(term: StructuredTerm, rows: set[int], columns: set[int]) -> bool:
    """Whether no array of a term reaches rows and columns, and no delta does."""
    above = {a for k in rows for a in term.axes[k]}
    below = {a for k in columns for a in term.axes[k]}
    pieces = [set(p.atoms) for p in term.pieces]
    return not above & below and not any(p & above and p & below for p in pieces)
