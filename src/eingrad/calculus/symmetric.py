"""Conventions: by a symmetric matrix, whose entries are not independent, and at kinks."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.build import add, einsum, scale, transpose
from ..ir.construct import eye
from ..ir.facts import closure
from ..ir.node import MATRIX_FACTS, Apply, Node, Variable
from ..ir.record import lookup
from ..ir.walk import depending_on, topological, variables

SYMMETRIC = ("free", "project", "cookbook")


def for_symmetric(
    free: Node, n_out: int, by: Sequence[Variable], how: str
) -> tuple[Node, list[str]]:
    """Apply the convention for symmetric variables to each of their slots, and say which it was."""
    notes = []
    node = free
    start = n_out
    for v in by:
        if v.ndim == 2 and "symmetric" in closure(v.facts):
            if how == "project":
                node = scale(0.5, add(node, _swapped(node, start)))
            elif how == "cookbook":
                axes = [(k,) for k in range(node.ndim)]
                same = [axes[start], axes[start + 1]]
                diagonal = einsum([(node, axes), (eye(v.shape[0]), same)], axes)
                node = add(node, _swapped(node, start), scale(-1, diagonal))
            said = {
                "free": 'all entries of {} count as independent (symmetric="free")',
                "project": 'projected to the symmetric part in {} (symmetric="project")',
                "cookbook": '{0}_ij and {0}_ji count as one variable (symmetric="cookbook")',
            }[how].format(v.name)
            if said not in notes:
                notes.append(said)
        start += v.ndim
    return node, notes


def _swapped(node: Node, axis: int) -> Node:
    order = list(range(node.ndim))
    order[axis], order[axis + 1] = order[axis + 1], order[axis]
    return transpose(node, order)


def kink_notes(node: Node, by: Sequence[Variable]) -> list[str]:
    """What is taken for a derivative where a function on the way has none."""
    order = topological(node)
    moving = depending_on(order, by)
    notes: dict[str, None] = {}
    for n in order:
        if isinstance(n, Apply) and n in moving:
            found = [k.text for k in lookup(n.function).kinks if k.when(dict(n.params))]
            notes.update(dict.fromkeys(found))
    return list(notes)


def fact_notes(node: Node) -> list[str]:
    """Which facts of the variables the formulas rest on."""
    notes = []
    for v in variables(node):
        used = sorted(v.facts & MATRIX_FACTS)
        if used:
            notes.append(f"with {v.name} {', '.join(used)}")
    return notes
