"""Products opened just where a factor needs a total over the rows: no more is expanded than must.

Σ_i (x_i − t)(x_i − t), with a total t, is Σ x_i x_i − 2t Σ x_i + t² Σ 1: then one pass will do.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import product as cartesian

from ..dims import Dim
from ..ir.build import add, einsum
from ..ir.node import AxisIndex, Contraction, Factor, Node, Sum, Term
from ..ir.walk import topological, transform

MAX_PRODUCTS = 64  # that one product is opened to
MAX_NODES = 4000

RawFactor = tuple[Node, tuple[tuple[Hashable, ...], ...]]


def expanded(root: Node, stuck: Callable[[Node], bool]) -> Node:
    """The root with one level of each stuck factor opened: sums distributed, contractions joined
    with the product around them; the root itself where there is nothing to open."""
    if len(topological(root)) > MAX_NODES:
        return root

    def opened(node: Node) -> Node | None:
        if not isinstance(node, Contraction | Term):
            return None
        if not any(stuck(f.node) and isinstance(f.node, Sum | Contraction) for f in node.factors):
            return None
        return _opened(node, stuck)

    return transform(root, opened)


def _opened(node: Contraction | Term, stuck: Callable[[Node], bool]) -> Node | None:
    sizes: dict[Hashable, Dim] = dict(enumerate(node.sizes))
    choices: list[list[list[RawFactor]]] = []
    count = 1
    for k, f in enumerate(node.factors):
        if stuck(f.node) and isinstance(f.node, Sum):
            choices.append([[(term, f.indices)] for term in f.node.operands])
            count *= len(f.node.operands)
        elif stuck(f.node) and isinstance(f.node, Contraction):
            choices.append([_joined(f, f.node, k, sizes)])
        else:
            choices.append([[(f.node, f.indices)]])
    if count > MAX_PRODUCTS:
        return None
    out: tuple[AxisIndex, ...] = (
        node.out if isinstance(node, Term) else tuple((a,) for a in node.out)
    )
    coefficient = node.coefficient if isinstance(node, Term) else 1
    terms = [
        einsum([f for part in chosen for f in part], out, coefficient, sizes)
        for chosen in cartesian(*choices)
    ]
    return add(*terms)


def _joined(
    factor: Factor, inner: Contraction, tag: int, sizes: dict[Hashable, Dim]
) -> list[RawFactor]:
    """The factors of a contraction with the names of the product around it."""
    names: dict[int, tuple[Hashable, ...]] = dict(zip(inner.out, factor.indices, strict=True))
    for atom, dim in enumerate(inner.sizes):
        if atom not in names:
            names[atom] = ((tag, atom),)
            sizes[(tag, atom)] = dim
    return [
        (f.node, tuple(tuple(x for a in axis for x in names[a]) for axis in f.indices))
        for f in inner.factors
    ]
