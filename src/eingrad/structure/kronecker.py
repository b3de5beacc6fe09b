"""Sums of Kronecker products: Σ_s A_s ⊗ M_s, where the terms of a tensor show them.

The Hessian of a loss of XW by W is Σ_i x_i x_iᵀ ⊗ M_i with M_i the Hessian by the row i of XW. Its
terms are networks of X, W and others; without the index i of the samples each of them falls into a
part on the axes of x and a part on those of XW. Terms that agree in all parts but one are added
there: diag(p) ⊗ xxᵀ − ppᵀ ⊗ xxᵀ is (diag(p) − ppᵀ) ⊗ xxᵀ.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ..dims import Dim
from ..ir.build import add, einsum, is_zero, split_coefficient
from ..ir.node import Factor, Node, Number, Shape
from ..ir.walk import variables
from .decompose import Decomposition, StructuredTerm, atoms_of
from .kroneckersum import Kronecker, KroneckerFactor, KroneckerSum
from .network import MAX_FACTORS, MAX_SUMMED, Network, opened

MAX_CLOSED = 2  # indices that a sum of products runs over: samples, and steps of time

Groups = frozenset[frozenset[int]]


def kronecker(found: Decomposition, symmetric: bool = False) -> Kronecker | None:
    """The sum of Kronecker products that a tensor is, with as many factors as all terms allow.

    Parameters
    ----------
    found:
        Of a tensor whose columns have the shape of its rows, with at least two axes each.
    symmetric:
        Whether it is known that rows and columns can be exchanged.

    Returns
    -------
    Kronecker
        Its `rebuild()` is the same tensor; None where axes hang together in more ways than through
        one or two summed indices.

    Examples
    --------
    >>> from eingrad.ir.build import contract, dims
    >>> from eingrad.ir.node import variable
    >>> from eingrad.structure import decompose
    >>> X, S = variable("X", dims("n", "m")), variable("S", dims("n", "k"))
    >>> tensor = contract("na,nc,nb,nd->abcd", X, X, S, S)
    >>> print(kronecker(decompose(tensor, 0, [2, 2])).sentence)
    Σ over n of rank 1 m×m ⊗ rank 1 k×k
    """
    split = len(found.shape) // 2
    if split < 2 or found.shape[:split] != found.shape[split:] or not found.terms:
        return None
    nets = [_network(term) for term in found.terms]
    if any(len(net.factors) > MAX_FACTORS for net in nets):
        return None
    best = [_finest(t, n, split) for t, n in zip(found.terms, nets, strict=True)]
    groups = best[0]
    for other in best[1:]:
        groups = _joined(groups, other)
    if len(groups) < 2:
        return None
    order = sorted(tuple(sorted(g)) for g in groups)
    raw = [_cut(t, n, split, groups, order) for t, n in zip(found.terms, nets, strict=True)]
    heavy = _heaviest(raw, len(order))
    return Kronecker(
        tuple(
            KroneckerSum(
                summed,
                tuple(
                    KroneckerFactor(axes, stack, bool(summed) and k == heavy)
                    for k, (axes, stack) in enumerate(zip(order, stacks, strict=True))
                ),
                split,
            )
            for summed, stacks in _merged([_with_weight(p, heavy) for p in raw])
        ),
        symmetric,
    )


# --- where a term falls apart ---------------------------------------------------------------------


def _network(term: StructuredTerm) -> Network:
    """All cores of a term with the contractions in them opened."""
    parts = [Factor(c.node, tuple((a,) for a in c.atoms)) for c in term.cores]
    return opened(parts, dict(enumerate(term.sizes)))


def _closings(net: Network) -> Iterator[tuple[int, ...]]:
    """Summed indices that a sum of products may run over, fewest first."""
    most = MAX_CLOSED if len(net.summed) <= MAX_SUMMED else 1
    for count in range(most + 1):
        yield from combinations(net.summed, count)


def _finest(term: StructuredTerm, net: Network, split: int) -> Groups:
    """The most parts into which the axes fall."""
    options = (_parts(term, net, split, closed)[0] for closed in _closings(net))
    return max(options, key=len)


def _parts(
    term: StructuredTerm, net: Network, split: int, closed: Sequence[int]
) -> tuple[Groups, list[frozenset[int]]]:
    """The axes that hang together if some summed indices are fixed; and for each factor on which
    of them it is."""
    root: dict[Hashable, Hashable] = {}

    def find(item: Hashable) -> Hashable:
        while item in root:
            item = root[item]
        return item

    def join(a: Hashable, b: Hashable) -> None:
        a, b = find(a), find(b)
        if a != b:
            root[a] = b

    for k, axis in enumerate(term.axes):
        for a in axis:
            join(("axis", k % split), a)
    for i, factor in enumerate(net.factors):
        for a in atoms_of([factor]) - set(closed):
            join(("factor", i), a)
    together: dict[Hashable, set[int]] = {}
    for g in range(split):
        together.setdefault(find(("axis", g)), set()).add(g)
    on = [
        frozenset(together.get(find(("factor", i)), frozenset())) for i in range(len(net.factors))
    ]
    return frozenset(frozenset(g) for g in together.values()), on


def _joined(a: Groups, b: Groups) -> Groups:
    """The finest partition that both refine."""
    groups = [set(g) for g in a]
    for other in b:
        touching = [g for g in groups if g & other]
        groups = [g for g in groups if not g & other]
        groups.append(set().union(*touching))
    return frozenset(frozenset(g) for g in groups)


# --- products -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Product:
    """One term: what it sums over, a stack on each group of axes, and a weight for each s."""

    summed: Shape
    stacks: tuple[Node, ...]
    weight: Node


def _cut(
    term: StructuredTerm,
    net: Network,
    split: int,
    groups: Groups,
    order: Sequence[tuple[int, ...]],
) -> _Product:
    """A term at the axes at which all are cut, with the fewest indices fixed."""
    for closed in _closings(net):
        found, on = _parts(term, net, split, closed)
        if _joined(found, groups) == groups:
            break
    sums = [(a,) for a in closed]
    sizes: dict[Hashable, Dim] = {a: d for a, d in net.sizes.items()}
    stacks = []
    for group in order:
        mine = [f for f, axes in zip(net.factors, on, strict=True) if axes and axes <= set(group)]
        axes = [term.axes[a] for a in group] + [term.axes[a + split] for a in group]
        stacks.append(einsum(mine, [*sums, *axes], 1, sizes))
    rest = [f for f, axes in zip(net.factors, on, strict=True) if not axes]
    weight = einsum(rest, sums, term.coefficient * net.coefficient, sizes)
    return _Product(tuple(net.sizes[a] for a in closed), tuple(stacks), weight)


def _heaviest(products: Sequence[_Product], count: int) -> int:
    """Which factor takes the weights: the one of the most variables, the last in doubt. In a layer
    it is that of the outputs, and xxᵀ stays what it is."""

    def held(k: int) -> int:
        return len({v for p in products for v in variables(p.stacks[k])})

    return max(range(count), key=lambda k: (held(k), k))


def _with_weight(p: _Product, heavy: int) -> tuple[Shape, list[Node]]:
    """The stacks, with numbers and the weight in one of them."""
    coefficient: Number = 1
    stacks = []
    for stack in p.stacks:
        c, rest = split_coefficient(stack)
        coefficient = coefficient * c
        stacks.append(rest)
    sums = [(a,) for a in range(len(p.summed))]
    axes = [(a,) for a in range(stacks[heavy].ndim)]
    stacks[heavy] = einsum([(p.weight, sums), (stacks[heavy], axes)], axes, coefficient)
    return p.summed, stacks


def _merged(products: Sequence[tuple[Shape, list[Node]]]) -> list[tuple[Shape, list[Node]]]:
    """Products that agree in all factors but one, added in that one."""
    result: list[tuple[Shape, list[Node]]] = []
    pending = list(products)
    while pending:
        summed, stacks = pending.pop(0)
        for k, (other, theirs) in enumerate(result):
            different = [i for i, stack in enumerate(stacks) if stack is not theirs[i]]
            if other != summed or len(different) > 1:
                continue
            place = different[0] if different else 0
            total = add(theirs[place], stacks[place])
            del result[k]
            if not is_zero(total):
                pending.insert(0, (summed, [*stacks[:place], total, *stacks[place + 1 :]]))
            break
        else:
            result.append((summed, stacks))
    return result
