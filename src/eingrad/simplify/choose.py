"""Which form of a tensor to show and to compute: the one with the fewest factors in all."""

from __future__ import annotations

from ..ir.node import Apply, Node, Sum, Term
from ..ir.walk import topological
from .canonical import MAX_NODES, canonical, flat


def shortest(node: Node) -> Node:
    """The shortest of the node, its flat form and its canonical form; ties go to the canonical one,
    so that different spellings of one function end in one form."""
    if len(topological(node)) > MAX_NODES:
        return node
    candidates = [canonical(node), flat(node), node]
    return min(candidates, key=length)


def length(node: Node) -> int:
    """How many factors, terms and functions the graph has; shared parts count once."""
    total = 0
    for n in topological(node):
        if isinstance(n, Apply):
            total += 1 + len(n.operands)
        elif isinstance(n, Sum):
            total += len(n.operands)
        elif isinstance(n, Term):
            total += len(n.factors) + (n.coefficient not in (1, -1))
        else:
            total += len(n.operands)
    return total
