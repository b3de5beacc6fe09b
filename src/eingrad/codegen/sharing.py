"""Functions as what they are made of, where something else needs a part of that.

The gradient of silu reads sigmoid, that of a cross-entropy softmax beside logsumexp: libraries have
a function for each, and none for both. Where no compiler finds what they have in common, records
say it (`Record.parts`), and what is common is made once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..ir.node import Apply, Node
from ..ir.record import lookup
from ..ir.walk import rebuild, topological
from .targets import TARGETS


def in_common_parts(roots: Sequence[Node], backend: str) -> list[Node]:
    """The roots as a backend computes them: `in_parts` where its compiler, if it has one, does not
    find what functions have in common."""
    return in_parts(roots) if TARGETS[backend].shares else list(roots)


def in_parts(roots: Sequence[Node]) -> list[Node]:
    """The roots, with each function put together of its parts that shares one with another.

    What is inside of recurrences stays as it is.
    """
    order = topological(*roots)
    parts: dict[Apply, Node] = {}
    for n in order:
        made = _parts(n) if isinstance(n, Apply) else None
        if made is not None:
            assert isinstance(n, Apply)
            parts[n] = made
    if not parts:
        return list(roots)
    there: Counter[Node] = Counter(n for n in order if isinstance(n, Apply))
    made_of = {n: _functions(made, n) for n, made in parts.items()}
    there.update(f for found in made_of.values() for f in found)
    chosen = {n for n, found in made_of.items() if any(there[f] > 1 for f in found)}
    new: dict[Node, Node] = {}
    for node in order:
        current = rebuild(node, tuple(new[o] for o in node.operands))
        if node in chosen and isinstance(current, Apply):
            current = _parts(current) or current
        new[node] = current
    return [new[root] for root in roots]


def _parts(node: Apply) -> Node | None:
    """What a function is made of; None where its record does not say."""
    parts = lookup(node.function).parts
    return None if parts is None else parts(*node.operands, **dict(node.params))


def _functions(made: Node, node: Apply) -> set[Node]:
    """The applications in the parts of a node, down to its operands."""
    found: set[Node] = set()
    seen = set(node.operands)
    pending = [made]
    while pending:
        part = pending.pop()
        if part not in seen:
            seen.add(part)
            pending.extend(part.operands)
            if isinstance(part, Apply):
                found.add(part)
    return found
