"""Other forms of what is inside of recurrences: one step is rewritten as any tensor is."""

from __future__ import annotations

from collections.abc import Callable

from ..ir.loop import Recurrence, Scan
from ..ir.node import Node
from ..ir.recurrence import with_operands
from ..ir.walk import rebuild, topological


def rewritten_bodies(root: Node, rewrite: Callable[[Node], Node]) -> Node:
    """The node with the bodies of its recurrences in another form; `rewrite` does the same for
    recurrences inside of a body."""
    order = topological(root)
    if not any(isinstance(node, Scan) for node in order):
        return root
    bodies: dict[Recurrence, list[Node]] = {}
    new: dict[Node, Node] = {}
    for node in order:
        operands = tuple(new[o] for o in node.operands)
        if isinstance(node, Scan):
            r = node.recurrence
            if r not in bodies:
                bodies[r] = [rewrite(body) for body in r.bodies]
            new[node] = with_operands(node, operands, bodies[r])
        else:
            new[node] = rebuild(node, operands)
    return new[root]
