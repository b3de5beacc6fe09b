"""What waits for the last derivative: `stop_gradient` is taken away, or replaced for a check.

Both are walks that go into the bodies of recurrences. `released` makes stop_gradient(u) u. `held`
makes it u of other variables, which a check by differences does not move: there is no rule in it,
so what it compares with shares nothing with the derivative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .loop import Scan
from .node import Apply, Node, Variable, variable
from .recurrence import parts, scan, with_operands
from .walk import rebuild, topological, with_bodies

STOP = "stop_gradient"


def is_held(node: Node) -> bool:
    """Whether a node is stop_gradient(u)."""
    return isinstance(node, Apply) and node.function == STOP


def holds(*roots: Node) -> bool:
    """Whether anything below is held constant, in the bodies of recurrences too."""
    return any(map(is_held, with_bodies(*roots)))


def released(root: Node) -> Node:
    """The root with u for stop_gradient(u)."""
    return released_each([root])[0]


def released_each(roots: Sequence[Node]) -> list[Node]:
    """`released` of several roots, what they share once.

    Examples
    --------
    >>> from .apply import apply
    >>> x = variable("x", ())
    >>> released(x + apply("stop_gradient", x * x - x)) is x * x
    True
    """
    if not holds(*roots):
        return list(roots)
    new: dict[Node, Node] = {}
    bodies: dict[object, list[Node]] = {}
    for node in topological(*roots):
        operands = tuple(new[o] for o in node.operands)
        if is_held(node):
            new[node] = operands[0]
        elif isinstance(node, Scan):
            if node.group not in bodies:
                bodies[node.group] = released_each(node.recurrence.bodies)
            own = bodies[node.group]
            same = operands == node.operands and own == list(node.recurrence.bodies)
            new[node] = node if same else with_operands(node, operands, own)
        else:
            new[node] = rebuild(node, operands)
    return [new[root] for root in roots]


def held(roots: Sequence[Node], moved: Sequence[Variable]) -> tuple[list[Node], dict[str, str]]:
    """The roots as functions of what moves, with stop_gradient(u) read where nothing has moved.

    Returns
    -------
    The roots, in which a second variable stands for each of `moved` below a stop_gradient, and the
    names of those second variables by the names of the first. A derivative of the roots by the
    first ones, at equal values of both, is the one that stop_gradient means.

    Examples
    --------
    >>> from .apply import apply
    >>> x = variable("x", ())
    >>> (y,), names = held([x * apply("stop_gradient", x)], [x])
    >>> sorted(v.name for v in topological(y) if isinstance(v, Variable)), names
    (['x', 'x held'], {'x': 'x held'})
    """
    if not holds(*roots):
        return list(roots), {}
    still = {v: variable(f"{v.name} held", v.shape, v.facts, v.dormant) for v in moved}
    live, _ = _doubled(roots, still)
    return live, {v.name: w.name for v, w in still.items()}


def _doubled(
    roots: Sequence[Node], still: Mapping[Variable, Variable]
) -> tuple[list[Node], list[Node]]:
    """The roots twice: as they move, and where nothing moves."""
    live: dict[Node, Node] = {}
    fixed: dict[Node, Node] = {}
    runs: dict[object, _Doubled] = {}
    for node in topological(*roots):
        moving = tuple(live[o] for o in node.operands)
        resting = tuple(fixed[o] for o in node.operands)
        if isinstance(node, Variable):
            live[node], fixed[node] = node, still.get(node, node)
        elif is_held(node):
            live[node] = fixed[node] = resting[0]
        elif isinstance(node, Scan):
            if node.group not in runs:
                runs[node.group] = _Doubled(node, moving, resting)
            live[node], fixed[node] = runs[node.group].stacks(node)
        else:
            live[node], fixed[node] = rebuild(node, moving), rebuild(node, resting)
    return [live[root] for root in roots], [fixed[root] for root in roots]


class _Doubled:
    """A recurrence with each state twice, once as it moves and once where nothing does."""

    def __init__(self, node: Scan, moving: Sequence[Node], resting: Sequence[Node]) -> None:
        r = node.recurrence
        self.count = len(r.carries)
        groups = parts(node)
        named = [v for group in groups for v, _ in group]
        twin = {v: variable(f"{v.name} held", v.shape, v.facts) for v in named}
        live, fixed = _doubled(r.bodies, twin)
        given = iter(zip(moving, resting, strict=True))
        pairs: list[list[tuple[Variable, Node]]] = []
        for group in groups:
            both = [next(given) for _ in group]
            own = [(v, a) for (v, _), (a, _) in zip(group, both, strict=True)]
            pairs.append(own + [(twin[v], b) for (v, _), (_, b) in zip(group, both, strict=True)])
        self.loop = scan(
            [*live, *fixed],
            *pairs,
            length=r.length,
            reverse=r.reverse,
            checkpoint=r.checkpoint,
        )

    def stacks(self, node: Scan) -> tuple[Node, Node]:
        """The same states of the recurrence, moving and not."""
        found = self.loop.before if node.before else self.loop.after
        return found[node.place], found[node.place + self.count]


__all__ = ["held", "holds", "is_held", "released", "released_each"]
