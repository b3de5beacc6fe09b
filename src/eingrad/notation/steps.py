"""Which parts of a node belong to one step of a recurrence."""

from __future__ import annotations

from typing import NamedTuple

from ..dims import Dim
from ..ir.build import add, number, scale
from ..ir.construct import size_value
from ..ir.loop import Recurrence, Scan
from ..ir.node import Apply, Constant, Contraction, Factor, Kernel, Node, Sum, Term, Variable
from ..ir.record import lookup
from ..ir.walk import topological


class At(NamedTuple):
    """A step: the running one with an offset (`Dim` 0 is t itself), or one that is fixed; in a loop
    that is inside of so many."""

    place: Dim
    running: bool
    depth: int = 0


class NotSliced(Exception):
    """Matrix notation of one step cannot say a part."""


def is_linear(recurrence: Recurrence) -> bool:
    """Whether each step is linear in the state, up to what is added: so are derivatives."""
    degree: dict[Node, int] = {v: 1 for v in recurrence.carries}
    for node in topological(*recurrence.bodies):
        below = [degree.get(o, 0) for o in node.operands]
        if isinstance(node, Contraction | Term):
            degree[node] = sum(below)
        elif isinstance(node, Sum):
            degree[node] = max(below, default=0)
        elif node not in degree:
            degree[node] = 2 if any(below) else 0
    return all(degree[body] <= 1 for body in recurrence.bodies)


def running_or_fixed(node: Contraction, atom: int, depth: int = 0) -> tuple[At, list[Factor]]:
    """Whether a sum over steps picks out one of them, and the factors without the pattern that
    does."""
    for factor in node.factors:
        pattern, axes = factor
        if isinstance(pattern, Kernel) and pattern.kind == "selection" and axes == ((), (atom,)):
            rest = [f for f in node.factors if f is not factor]
            return At(dict(pattern.params)["start"] + 1, False, depth), rest
    return At(Dim.of(0), True, depth), list(node.factors)


def places_of(factor: Factor, atom: int) -> list[int]:
    """The axis of a factor that has an index, which must be one by itself there."""
    places = [k for k, axis in enumerate(factor.indices) if atom in axis]
    if len(places) > 1 or (places and factor.indices[places[0]] != (atom,)):
        raise NotSliced
    return places


def atom_of(node: Contraction | Term, axis: int) -> int:
    """The index of an axis, where it is one by itself."""
    if isinstance(node, Contraction):
        return node.out[axis]
    found = node.out[axis]
    if len(found) != 1 or sum(x.count(found[0]) for x in node.out) > 1:
        raise NotSliced
    return found[0]


def counting(node: Node) -> bool | None:
    """Whether entries are 1, 2, … (True) or …, 2, 1 (False), as the sum of a triangle's rows gives
    the number of a step; None for anything else."""
    if not isinstance(node, Contraction) or len(node.factors) != 1 or len(node.out) != 1:
        return None
    ((kernel, axes),) = node.factors
    if not isinstance(kernel, Kernel) or kernel.kind not in ("tril", "triu"):
        return None
    if dict(kernel.params)["k"] or kernel.shape[0] != kernel.shape[1]:
        return None
    return (kernel.kind == "tril") == (axes[0] == (node.out[0],))


def number_of_step(node: Node, at: At, running: Node | None) -> Node:
    """The entry of a node that is `counting` at a step; `running` stands for t."""
    place = size_value(at.place) if running is None else add(running, size_value(at.place))
    last = size_value(node.shape[0])
    return place if counting(node) else add(last, scale(-1, place), number(1))


def slices_below(node: Node, axis: int) -> list[tuple[Node, int]]:
    """Which axes of which operands a slice is made of."""
    if isinstance(node, Scan | Variable | Constant):
        if axis:
            raise NotSliced
        return []
    if counting(node) is not None:
        return []
    if isinstance(node, Sum):
        return [(o, axis) for o in node.operands]
    if isinstance(node, Apply):
        signature = lookup(node.function).signature
        if not isinstance(signature, str):
            raise NotSliced
        cores = [len(p.split()) for p in signature.split("->")[0].split(",")]
        if not signature.startswith("*") and axis >= node.operands[0].ndim - cores[0]:
            raise NotSliced
        return [(o, axis) for o in node.operands]
    if not isinstance(node, Contraction | Term):
        raise NotSliced
    atom = atom_of(node, axis)
    found = []
    for factor in node.factors:
        found += [(factor.node, k) for k in places_of(factor, atom)]
    return found
