"""When a sum inside a term is opened: where that shows more structure than the term alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

from ..dims import Dim
from ..ir.build import einsum
from ..ir.node import Contraction, Factor, Node, Sum, Term
from .decompose import StructuredTerm, atoms_of, summands, term_of
from .network import largest, of_patterns, opened

MAX_FACTORS = 20  # sums are not looked for in products of more factors


def open_sum(node: Node, budget: int) -> list[Node] | None:
    """The node as a sum of several, where that shows more structure than the node alone."""
    if isinstance(node, Sum):
        return list(node.operands) if len(node.operands) <= max(budget, 1) else None
    if isinstance(node, Contraction):
        return _worthwhile(node, _inside(node, budget))
    if not isinstance(node, Term):
        return None
    for k, factor in enumerate(node.factors):
        inner = factor.node
        choices: Iterable[list[Node]]
        if isinstance(inner, Sum) and len(inner.operands) <= budget:
            choices = [list(inner.operands)]
        elif isinstance(inner, Contraction):
            choices = _inside(inner, budget)
        else:
            continue
        candidates = [_with_factor(node, k, options) for options in choices]
        opened = _worthwhile(node, candidates, atoms_of([factor]))
        if opened is not None:
            return opened
    return None


def _with_factor(node: Term, k: int, options: Sequence[Node]) -> list[Node]:
    """The term with each of `options` in the place of factor k."""
    before, factor, after = node.factors[:k], node.factors[k], node.factors[k + 1 :]
    sizes: dict[Hashable, Dim] = dict(enumerate(node.sizes))
    return [
        einsum([*before, (option, factor.indices), *after], node.out, node.coefficient, sizes)
        for option in options
    ]


def _inside(node: Contraction, budget: int) -> list[list[Node]]:
    """For each sum in a contraction, the contraction with each of its summands."""
    out = [(a,) for a in node.out]
    sizes: dict[Hashable, Dim] = dict(enumerate(node.sizes))
    result = []
    for k, factor in enumerate(node.factors):
        if isinstance(factor.node, Sum) and len(factor.node.operands) <= budget:
            rest = [*node.factors[:k], *node.factors[k + 1 :]]
            result.append(
                [
                    einsum([*rest, (option, factor.indices)], out, 1, sizes)
                    for option in factor.node.operands
                ]
            )
    return result


def _worthwhile(
    node: Node, candidates: Iterable[list[Node]], within: set[int] | None = None
) -> list[Node] | None:
    """The first candidate in which every summand has a smaller largest core, or more deltas."""
    closed = term_of(node)
    inside = set(range(len(closed.sizes)))
    if within is not None and isinstance(node, Term):
        label: dict[int, int] = {}
        for axis in node.out:
            for a in axis:
                label.setdefault(a, len(label))
        inside = {label[a] for a in within}
    largest = max((len(p.atoms) for p in closed.pieces if inside & set(p.atoms)), default=0)
    if largest < 2:
        return None
    for options in candidates:
        if all(_simpler(term_of(option), closed, largest) for option in summands(options)):
            return options
    return None


def _simpler(term: StructuredTerm, closed: StructuredTerm, largest: int) -> bool:
    if len(term.sizes) < len(closed.sizes):
        return True
    ours = sorted((len(p.atoms) for p in term.pieces), reverse=True)
    theirs = sorted((len(p.atoms) for p in closed.pieces), reverse=True)
    theirs.remove(largest)
    for size in theirs:  # cores elsewhere stay what they are
        if size in ours:
            ours.remove(size)
    return max(ours, default=0) < largest


# --- sums below a contraction ---------------------------------------------------------------------


def open_below(node: Node, budget: int) -> list[Node] | None:
    """The node with a sum opened that is a factor of it or lies anywhere below a contraction, if
    that leaves factors only that have fewer axes than the sum has."""
    if isinstance(node, Contraction):
        return _deeper(node, _below(node, budget))
    if isinstance(node, Term):
        for k, factor in enumerate(node.factors):
            found: Iterable[tuple[Node, int, list[Node]]] = ()
            if isinstance(factor.node, Contraction):
                found = _below(factor.node, budget)
            elif isinstance(factor.node, Sum) and len(factor.node.operands) <= budget:
                axes = len(atoms_of([factor]))
                found = [(factor.node, axes, list(factor.node.operands))]
            opened = _deeper(node, ((s, a, _with_factor(node, k, o)) for s, a, o in found))
            if opened is not None:
                return opened
    return None


def _deeper(
    node: Contraction | Term, candidates: Iterable[tuple[Node, int, list[Node]]]
) -> list[Node] | None:
    """The first way to open a sum (given with its number of axes) that is worth it."""
    closed = term_of(node)
    for inner, axes, options in candidates:
        others = _pieces(closed)
        if not of_patterns(inner):
            if axes not in others:
                continue
            others.remove(axes)
        if all(_lighter(term_of(o), closed, others, axes) for o in summands(options)):
            return options
    return None


def _below(node: Contraction, budget: int) -> Iterator[tuple[Node, int, list[Node]]]:
    """Each sum among the factors of a contraction with all contractions in it opened: the sum, how
    many axes it has, and the contraction with each of its summands."""
    out = tuple((a,) for a in range(node.ndim))
    net = opened([Factor(node, out)], dict(enumerate(node.shape)))
    if len(net.factors) > MAX_FACTORS:
        return
    sizes: dict[Hashable, Dim] = {a: d for a, d in net.sizes.items()}
    for k, factor in enumerate(net.factors):
        axes = len(atoms_of([factor]))
        if not isinstance(factor.node, Sum) or axes < 2 or len(factor.node.operands) > budget:
            continue
        if not all(_small(term_of(o), axes) for o in summands(list(factor.node.operands))):
            continue
        rest = [*net.factors[:k], *net.factors[k + 1 :]]
        yield (
            factor.node,
            axes,
            [
                einsum([*rest, (option, factor.indices)], out, net.coefficient, sizes)
                for option in factor.node.operands
            ],
        )


def _small(term: StructuredTerm, axes: int) -> bool:
    """Whether a summand can be lighter than a sum of so many axes, by itself."""
    return len(term.sizes) < axes or max(_pieces(term), default=0) < axes


def _pieces(term: StructuredTerm) -> list[int]:
    """How many axes the factors of a term have, its contractions opened."""
    sizes = dict(enumerate(term.sizes))
    return [n for core in term.cores for n in largest(opened(core.parts, sizes))]


def _lighter(
    term: StructuredTerm, closed: StructuredTerm, others: Sequence[int], axes: int
) -> bool:
    """Whether a term has a delta more, or besides the `others` only factors of fewer axes."""
    if len(term.sizes) < len(closed.sizes):
        return True
    ours = _pieces(term)
    for n in others:
        if n in ours:
            ours.remove(n)
    return max(ours, default=0) < axes
