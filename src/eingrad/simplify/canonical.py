"""The canonical form: everything between nonlinearities is one expanded sum of products.

There tr(AAA) in any spelling, tr(XᵀAX) and Σ X ⊙ (AX) meet, so it decides equality. It is
exponential in the worst case, hence the budget: past it the node is left as it is (equality may
then be missed, never claimed).
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import product as cartesian

from ..dims import Dim
from ..ir.build import add, einsum, is_zero, zeros
from ..ir.node import Contraction, Node, Sum, Term
from ..ir.walk import rebuild, topological
from .bodies import rewritten_bodies

MAX_NODES = 400
MAX_PRODUCTS = 64
MAX_FACTORS = 40  # a contraction is not opened into more: ordering them costs the square of it
MAX_GROWTH = 600  # terms and factors that opening may add in all

RawFactor = tuple[Node, tuple[tuple[Hashable, ...], ...]]


# Node → what it was rewritten to, and by how much that grew: for tensors that share parts.
Memo = dict[Node, tuple[Node, int]]


def flat(node: Node, memo: Memo | None = None) -> Node:
    """Nested contractions opened into one, so that factors meet that were built apart."""
    return _rewritten(node, False, {} if memo is None else memo)


def canonical(node: Node, memo: Memo | None = None) -> Node:
    """The expanded form; the node itself where that would be too large."""
    return _rewritten(node, True, {} if memo is None else memo)


def equal(a: Node, b: Node) -> bool:
    """Whether two nodes are known to be the same tensor."""
    if a is b:
        return True
    if a.shape != b.shape:
        return False
    return canonical(_with_canonical_steps(a)) is canonical(_with_canonical_steps(b))


def _with_canonical_steps(node: Node) -> Node:
    """The node with canonical bodies in its recurrences, which its own form leaves as they are."""
    return rewritten_bodies(node, lambda body: canonical(_with_canonical_steps(body)))


def _rewritten(root: Node, expand: bool, memo: Memo) -> Node:
    order = topological(root)
    if len(order) > MAX_NODES:
        return root
    grown = 0
    for node in order:
        if node not in memo:
            memo[node] = _rewritten_once(node, expand, memo)
        grown += memo[node][1]
        if grown > MAX_GROWTH:
            return root
    return memo[root][0]


def _rewritten_once(node: Node, expand: bool, memo: Memo) -> tuple[Node, int]:
    """A node whose operands are rewritten, and by how much it grew."""
    current = rebuild(node, tuple(memo[o][0] for o in node.operands))
    grown = 0
    for _ in range(8):
        opened = _open(current, expand)
        grown += max(0, _parts(opened) - _parts(current))
        if grown > MAX_GROWTH or opened is current:
            break
        current = opened
    return current, grown


def _parts(node: Node) -> int:
    """Terms and factors of a node, those of the terms of a sum included."""
    return sum(1 + len(t.operands) for t in node.operands)


def _open(node: Node, expand: bool) -> Node:
    """One step: contractions inside a product opened, and sums inside it expanded."""
    if isinstance(node, Sum):
        if not any(isinstance(t, Sum) or _openable(t, expand) for t in node.operands):
            return node
        parts: list[Node] = []
        for t in node.operands:
            opened = _open(t, expand)
            parts.extend(
                opened.operands if isinstance(opened, Sum) and opened.operands else [opened]
            )
        return add(*parts)
    if not _openable(node, expand):
        return _vanishing(node)
    if _opened_size(node) > MAX_FACTORS:
        return node
    assert isinstance(node, Contraction | Term)
    out = node.out if isinstance(node, Term) else tuple((a,) for a in node.out)
    coefficient = node.coefficient if isinstance(node, Term) else 1
    sizes: dict[Hashable, Dim] = dict(enumerate(node.sizes))
    choices: list[list[list[RawFactor]]] = []
    count = 1
    for k, factor in enumerate(node.factors):
        inner, axes = factor.node, factor.indices
        if isinstance(node, Term) and isinstance(inner, Contraction) and _openable(inner, expand):
            inner = _open(inner, expand)  # else its parts would close to the same contraction
        if expand and isinstance(inner, Sum) and count * len(inner.operands) <= MAX_PRODUCTS:
            count *= len(inner.operands)
            choices.append([[(term, axes)] for term in inner.operands])
        elif isinstance(inner, Contraction):
            choices.append([_inside(inner, axes, k, sizes)])
        else:
            choices.append([[(inner, axes)]])
    products = [
        einsum([f for part in chosen for f in part], out, coefficient, sizes)
        for chosen in cartesian(*choices)
    ]
    if not products:  # what was inside cancelled once it was opened
        return zeros(node.shape)
    return products[0] if len(products) == 1 else add(*products)


def _vanishing(node: Node) -> Node:
    """Σ(x − mean(x)) is 0: a sum of terms that cancel is opened even where others stay closed."""
    if not isinstance(node, Contraction) or len(node.factors) != 1:
        return node
    (factor,) = node.factors
    if not isinstance(factor.node, Sum) or len(factor.node.operands) > MAX_PRODUCTS:
        return node
    out = [(a,) for a in node.out]
    sizes = dict(enumerate(node.sizes))
    total = add(*(einsum([(t, factor.indices)], out, 1, sizes) for t in factor.node.operands))
    return total if is_zero(total) else node


def _openable(node: Node, expand: bool) -> bool:
    if isinstance(node, Contraction):
        return any(
            isinstance(f.node, Contraction) or (expand and isinstance(f.node, Sum))
            for f in node.factors
        )
    if isinstance(node, Term):
        return any(
            (expand and isinstance(f.node, Sum))
            or (isinstance(f.node, Contraction) and _openable(f.node, expand))
            for f in node.factors
        )
    return False


def _opened_size(node: Node) -> int:
    """The factors of a product once the contractions in it are opened."""
    return sum(
        len(o.operands) if isinstance(o, Contraction) else 1
        for o in (f.node for f in getattr(node, "factors", ()))
    )


def _inside(
    node: Contraction,
    axes: tuple[tuple[Hashable, ...], ...],
    tag: int,
    sizes: dict[Hashable, Dim],
) -> list[RawFactor]:
    """The factors of a contraction with the index names of the product around it."""
    names: dict[int, tuple[Hashable, ...]] = dict(zip(node.out, axes, strict=True))
    for label, dim in enumerate(node.sizes):
        if label not in names:
            names[label] = ((tag, label),)
            sizes[(tag, label)] = dim
    return [
        (f.node, tuple(tuple(x for a in axis for x in names[a]) for axis in f.indices))
        for f in node.factors
    ]
