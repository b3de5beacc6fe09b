"""What a forward pass keeps for the backward pass: the smallest set that it can be made from.

The backward pass reads values that do not depend on the incoming gradient. Each is either kept, or
made again from what is kept. With a vertex for each value, whose capacity is its size, the least
that must be kept is a minimum cut between what the forward pass has and what the backward pass
reads; a value that may not be made again counts among what the forward pass has. By duality
a maximum flow finds it (L. Ford and D. Fulkerson, doi:10.4153/CJM-1956-045-5).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from ..dims import Dim, product
from ..errors import InputError
from ..ir.loop import Scan
from ..ir.node import Apply, Constant, Contraction, Kernel, Node, Size, Sum, Term, Variable
from ..ir.record import lookup
from ..ir.walk import depending_on, topological

POLICIES = ("none", "cheap", "all")
TYPICAL = 64  # of a size that nobody stated
WITHOUT_LIMIT = 2**31 - 1
LARGEST = 10**8  # a capacity; flows are 32-bit numbers


def least_saved(
    y: Node,
    gradients: Sequence[Node],
    incoming: Sequence[Variable],
    *,
    recompute: str = "cheap",
    sizes: Mapping[str, int] | None = None,
) -> list[Node]:
    """The nodes to keep, so that the gradients follow from them and the incoming ones.

    Only what the forward pass computes for y is kept: work that the gradients alone need belongs
    to the backward pass, which may not come. Inputs and y itself are there anyhow, and preferred
    among equals. What a recurrence gives at each step is made again where it asked for that
    (`Recurrence.checkpoint`), whatever the policy.

    Parameters
    ----------
    recompute:
        What the backward pass may make again: `"none"` (views only), `"cheap"` (elementwise
        functions, sums and products too: a compiler fuses them), `"all"` (everything: the least
        memory).
    sizes:
        Typical sizes, by which the choice is made; 64 for the others.

    Raises
    ------
    InputError
        There is no such policy.
    """
    if recompute not in POLICIES:
        raise InputError(
            f"recompute={recompute!r} is none of {', '.join(POLICIES)}",
            hint='"cheap" makes elementwise functions again and keeps the rest',
        )
    order = topological(*gradients)
    dependent = depending_on(order, incoming)
    independent = [n for n in order if n not in dependent]
    read = {o for n in dependent for o in n.operands if o not in dependent}
    read |= {g for g in gradients if g not in dependent}
    free = _free(independent)
    candidates = [n for n in independent if n not in free]
    again = _at_marked_steps(topological(y, *gradients)) - {y}
    forward = set(topological(y)) - again
    capacity = {
        n: _capacity(n, sizes or {}, y) if n in forward else WITHOUT_LIMIT for n in candidates
    }
    had = {
        n
        for n in candidates
        if isinstance(n, Variable) or (n in forward and not _may_recompute(n, recompute))
    }
    return _minimum_cut(candidates, had, read & capacity.keys(), capacity)


def _free(nodes: Sequence[Node]) -> set[Node]:
    """Nodes that need no input: constants, patterns, sizes, and what is made of those."""
    free: set[Node] = set()
    for node in nodes:
        leaf = isinstance(node, Constant | Kernel | Size)
        if leaf or (not isinstance(node, Variable) and all(o in free for o in node.operands)):
            free.add(node)
    return free


def _at_marked_steps(order: Sequence[Node]) -> set[Node]:
    """What has an entry for each step of a recurrence that keeps few of its states: what it gives,
    and what is made for it."""
    found: set[Node] = set()
    scans: dict[Dim, list[Node]] = {}
    for node in order:
        if isinstance(node, Scan) and node.recurrence.checkpoint:
            scans.setdefault(node.recurrence.length, []).append(node)
    for length, members in scans.items():
        hanging = depending_on(order, members) | set(topological(*members))
        found |= {n for n in hanging if length in n.shape and not isinstance(n, Variable)}
    return found


def _capacity(node: Node, sizes: Mapping[str, int], y: Node) -> int:
    """The number of entries; of two equal sets the one that is there anyhow is the smaller."""
    entries = product(node.shape)
    count = entries.evaluate({s: sizes.get(s, TYPICAL) for s in entries.symbols()})
    return min(2 * count + 1, LARGEST) - (isinstance(node, Variable) or node is y)


def _may_recompute(node: Node, policy: str) -> bool:
    if policy == "all":
        return True
    if isinstance(node, Apply) and lookup(node.function).looks_up:
        return True
    if isinstance(node, Term):  # no sum over an index: a view, or an elementwise product
        return policy == "cheap" or sum(bool(f.node.ndim) for f in node.factors) <= 1
    if policy == "none" or isinstance(node, Contraction):
        return False
    return isinstance(node, Sum) or (isinstance(node, Apply) and lookup(node.function).elementwise)


def _minimum_cut(
    nodes: Sequence[Node], had: set[Node], read: set[Node], capacity: Mapping[Node, int]
) -> list[Node]:
    """The cheapest nodes that separate `had` from `read`, in the order of `nodes`."""
    if not read:
        return []
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    place = {n: k for k, n in enumerate(nodes)}
    source, sink = 2 * len(nodes), 2 * len(nodes) + 1
    edges: dict[tuple[int, int], int] = {}
    for node, k in place.items():
        edges[2 * k, 2 * k + 1] = capacity[node]
        if node in had:
            edges[source, 2 * k] = WITHOUT_LIMIT
        else:
            for operand in node.operands:
                if operand in place:
                    edges[2 * place[operand] + 1, 2 * k] = WITHOUT_LIMIT
        if node in read:
            edges[2 * k + 1, sink] = WITHOUT_LIMIT
    rows, columns = np.array(list(edges)).T
    graph = csr_array(
        (np.array(list(edges.values()), np.int32), (rows, columns)), shape=(sink + 1, sink + 1)
    )
    flow = maximum_flow(graph, source, sink).flow
    # Of several least cuts the one nearest to what is read: it leaves the least to make again.
    behind = _reachable((graph - flow).T, sink)
    return [n for n, k in place.items() if 2 * k + 1 in behind and 2 * k not in behind]


def _reachable(residual: Any, start: int) -> set[int]:
    """The vertices to which a graph has a way of positive capacity."""
    residual = residual.tocsr()
    reached = {start}
    pending = deque([start])
    while pending:
        k = pending.popleft()
        span = slice(residual.indptr[k], residual.indptr[k + 1])
        for other, room in zip(residual.indices[span], residual.data[span], strict=True):
            if room > 0 and int(other) not in reached:
                reached.add(int(other))
                pending.append(int(other))
    return reached
