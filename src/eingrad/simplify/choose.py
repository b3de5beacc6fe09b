"""Which form of a tensor to show and to compute: the one with the fewest factors in all."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.apply import apply
from ..ir.build import scale, split_coefficient
from ..ir.node import Apply, Node, Sum, Term
from ..ir.walk import topological, transform
from .bodies import rewritten_bodies
from .canonical import MAX_NODES, Memo, canonical, flat


def shortest(node: Node) -> Node:
    """The shortest of the node, its flat form and its canonical form; ties go to the canonical one,
    so that different spellings of one function end in one form."""
    return shortest_each([node])[0]


def shortest_each(nodes: Sequence[Node]) -> list[Node]:
    """`shortest` of several tensors; what they share is rewritten once."""
    expanded: Memo = {}
    opened: Memo = {}
    return [_shortest(node, expanded, opened) for node in nodes]


def _shortest(node: Node, expanded: Memo, opened: Memo) -> Node:
    if len(topological(node)) > MAX_NODES:
        return node
    candidates = [canonical(node, expanded), flat(node, opened), node]
    other = _without_complements(node)
    if other is not node:
        candidates.append(canonical(other, expanded))
    return rewritten_bodies(min(candidates, key=length), shortest)


def shortest_together(nodes: Sequence[Node], forms: Sequence[Node]) -> list[Node]:
    """For tensors that are computed together, each as it is or in another form of it: one that is
    longer by itself, but shares more with the rest, is the better one."""
    chosen = list(nodes)
    if len(topological(*nodes)) > MAX_NODES:
        return chosen
    best = length(*chosen)
    for k, form in enumerate(forms):
        trial = [*chosen[:k], form, *chosen[k + 1 :]]
        if form is not nodes[k] and length(*trial) < best:
            chosen, best = trial, length(*trial)
    return list(forms) if length(*forms) < best else chosen


def _without_complements(node: Node) -> Node:
    """σ(−z) beside σ(z) as 1 − σ(z), so that (1 − y) σ(z) − y σ(−z) becomes σ(z) − y."""
    logistic = {
        n.operands[0] for n in topological(node) if isinstance(n, Apply) and n.function == "sigmoid"
    }
    negative = {z for z in logistic if split_coefficient(z)[0] < 0 and scale(-1, z) in logistic}
    if not negative:
        return node

    def complement(n: Node) -> Node | None:
        if isinstance(n, Apply) and n.function == "sigmoid" and n.operands[0] in negative:
            return 1 - apply("sigmoid", scale(-1, n.operands[0]))
        return None

    return transform(node, complement)


def length(*nodes: Node) -> int:
    """How many factors, terms and functions the graph has; shared parts count once."""
    total = 0
    for n in topological(*nodes):
        if isinstance(n, Apply):
            total += 1 + len(n.operands)
        elif isinstance(n, Sum):
            total += len(n.operands)
        elif isinstance(n, Term):
            total += len(n.factors) + (n.coefficient not in (1, -1))
        else:
            total += len(n.operands)
    return total
