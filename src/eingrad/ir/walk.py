"""Walks over the graph, all iterative: a thousand layers must not meet the recursion limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from . import build
from .apply import apply
from .loop import Scan
from .node import Apply, Contraction, Node, Sum, Term, Variable, variable
from .sweep import Sweep, sweep


def topological(*roots: Node) -> list[Node]:
    """All nodes below the roots, operands before the nodes that use them."""
    return _ordered(roots, lambda node: node.operands)


def with_bodies(*roots: Node) -> list[Node]:
    """The same with what is inside of recurrences, bound variables included: for those who ask
    which functions, sizes or patterns occur anywhere."""
    return _ordered(roots, _with_bodies)


def _with_bodies(node: Node) -> tuple[Node, ...]:
    if not isinstance(node, Scan):
        return node.operands
    return (*node.recurrence.carries, *node.recurrence.bodies, *node.operands)


def _ordered(roots: Iterable[Node], below: Callable[[Node], tuple[Node, ...]]) -> list[Node]:
    seen: set[Node] = set()
    result: list[Node] = []
    stack: list[tuple[Node, Iterator[Node]]] = []
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        stack.append((root, iter(below(root))))
        while stack:
            node, operands = stack[-1]
            for operand in operands:
                if operand not in seen:
                    seen.add(operand)
                    stack.append((operand, iter(below(operand))))
                    break
            else:
                result.append(node)
                stack.pop()
    return result


def variables(*roots: Node) -> list[Variable]:
    """The variables below the roots, by name."""
    return sorted((n for n in topological(*roots) if isinstance(n, Variable)), key=lambda v: v.name)


def depending_on(nodes: Iterable[Node], targets: Iterable[Node]) -> set[Node]:
    """Which of `nodes` (in topological order) depend on a target; targets included."""
    dependent = set(targets)
    for node in nodes:
        if any(operand in dependent for operand in node.operands):
            dependent.add(node)
    return dependent


def count_uses(*roots: Node) -> dict[Node, int]:
    """How many operand slots each node fills; roots count one more."""
    uses: dict[Node, int] = {root: 1 for root in roots}
    for node in topological(*roots):
        for operand in node.operands:
            uses[operand] = uses.get(operand, 0) + 1
    return uses


def rebuild(node: Node, operands: tuple[Node, ...]) -> Node:
    """The node with other operands, in normal form again."""
    if operands == node.operands:
        return node
    if isinstance(node, Apply):
        return (
            build.power(operands[0], node.param("exponent"))
            if node.function == "power"
            else apply(node.function, *operands, **dict(node.params))
        )
    if isinstance(node, Sum):
        return build.add(*operands) if operands else node
    if isinstance(node, Term):
        factors = [(new, f.indices) for new, f in zip(operands, node.factors, strict=True)]
        return build.einsum(factors, node.out, node.coefficient, dict(enumerate(node.sizes)))
    if isinstance(node, Contraction):
        factors = [(new, f.indices) for new, f in zip(operands, node.factors, strict=True)]
        out = [(a,) for a in node.out]
        return build.einsum(factors, out, 1, dict(enumerate(node.sizes)))
    if isinstance(node, Scan):
        from .recurrence import with_operands

        return with_operands(node, operands)
    if isinstance(node, Sweep):
        return sweep(node.segment, operands, node.kind, node.place)
    return node


def transform(root: Node, leaf: Callable[[Node], Node | None]) -> Node:
    """Replace nodes bottom-up: `leaf(node)` gives the replacement, or None to rebuild the node."""
    return transform_each([root], leaf)[0]


def transform_each(roots: Sequence[Node], leaf: Callable[[Node], Node | None]) -> list[Node]:
    """`transform` of several roots, what they share once: linear in the whole graph."""
    new: dict[Node, Node] = {}
    for node in topological(*roots):
        replaced = leaf(node)
        new[node] = (
            replaced
            if replaced is not None
            else rebuild(node, tuple(new[o] for o in node.operands))
        )
    return [new[root] for root in roots]


def with_facts(root: Node) -> Node:
    """The root as it is after the last derivative: the declared facts of its variables are put to
    use, and what was held constant by `stop_gradient` is there as itself."""
    return with_facts_each([root])[0]


def with_facts_each(roots: Sequence[Node]) -> list[Node]:
    """`with_facts` of several roots in one walk."""
    from .held import released_each

    return awakened_each(released_each(roots))


def awakened_each(roots: Sequence[Node]) -> list[Node]:
    """The roots with the declared facts in use alone: for what others differentiate further."""
    asleep = [v for v in variables(*roots) if v.dormant]
    if not asleep:
        return list(roots)
    return substitute_each(roots, {v: awake(v) for v in asleep})


def awake(v: Variable) -> Variable:
    """The variable with its facts in use."""
    return variable(v.name, v.shape, v.facts)


def substitute(root: Node, mapping: Mapping[Node, Node]) -> Node:
    """The root with nodes exchanged for nodes of the same shape."""
    return transform(root, mapping.get)


def substitute_each(roots: Sequence[Node], mapping: Mapping[Node, Node]) -> list[Node]:
    """`substitute` in several roots in one walk."""
    return transform_each(roots, mapping.get)
