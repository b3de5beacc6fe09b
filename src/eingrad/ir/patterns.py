"""What 0/1 patterns do when they meet in a product.

A pattern that selects (a slice, a gather) has one 1 in each row, so K_ip K_iq = K_ip δ_pq and
Σ_p K_ip = 1; where no place is taken twice, K_ip K_jp = K_ip δ_ij as well. So the Hessian of a
function of selected entries is a diagonal, not a matrix product of two patterns.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from .node import Kernel, Node

if TYPE_CHECKING:
    from .algebra import ProductView


def selects(node: Node) -> bool:
    """Whether a node has exactly one 1 in each row, the last axis being the columns."""
    return isinstance(node, Kernel) and node.kind in ("selection", "gather")


def injective(node: Node) -> bool:
    """Whether a selecting pattern takes no entry twice."""
    if not isinstance(node, Kernel):
        return False
    if node.kind != "gather":
        return True
    places = dict(node.params)["places"]
    same_side = all(p >= 0 for p in places) or all(p < 0 for p in places)
    return same_side and len(set(places)) == len(places)


def meet_patterns(view: ProductView) -> bool:
    """One simplification of selecting patterns in a product; whether there was one."""
    if view.coefficient and apart(view):
        view.coefficient = 0
    seen: dict[Node, list[int]] = {}
    for k, (node, _) in enumerate(view.factors):
        if selects(node):
            seen.setdefault(node, []).append(k)
    for positions in seen.values():
        for p, q in combinations(positions, 2):
            if meet(view, p, q):
                return True
        for p in positions:
            if sum_of_row(view, p):
                return True
    return False


def apart(view: ProductView) -> bool:
    """Whether two patterns pick different single entries of one axis: [a, b] at 0 has no b."""
    places: dict[object, object] = {}
    for node, axes in view.factors:
        if isinstance(node, Kernel) and node.kind == "selection" and axes[0] == () and axes[1]:
            start = dict(node.params)["start"].as_int()
            if start is not None and places.setdefault(axes[1], start) != start:
                return True
    return False


def meet(view: ProductView, p: int, q: int) -> bool:
    """Make one of two equal selecting patterns that share their rows (or their columns)."""
    node, mine = view.factors[p]
    its = view.factors[q][1]
    if mine[:-1] == its[:-1]:
        return view.join({q}, (), (mine[-1], its[-1]))
    if mine[-1] and mine[-1] == its[-1] and injective(node):
        return view.join({q}, (), *zip(mine[:-1], its[:-1], strict=True))
    return False


def sum_of_row(view: ProductView, position: int) -> bool:
    """Σ_p K_ip -> 1, where nothing else carries p."""
    _, axes = view.factors[position]
    if view.private(axes[-1], 1):
        view.drop({position}, axes[-1])
        return True
    return False
