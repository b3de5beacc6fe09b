"""Canonical labels for a contraction: equal contractions get equal factor orders and index names.

Colour refinement first; where factors stay alike (tr(AAA) has three), each is tried as the first
and the smallest encoding wins. The search is bounded: past the bound the answer is still right,
but two spellings of a very symmetric contraction might then stay two nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..dims import Dim
from .node import Contraction, Factor, Shape, raw_contraction

MAX_LEAVES = 64
MAX_WORK = 30_000  # factors looked at while ties are broken, once there is an answer

Raw = tuple[Any, tuple[tuple[int, ...], ...]]  # (node, indices) with workspace atoms


def canonical_contraction(
    factors: Sequence[Raw], free: frozenset[int], size: Mapping[int, Dim] | Sequence[Dim]
) -> tuple[Contraction, list[int]]:
    """The canonical node of a connected contraction, and which atom each of its axes is."""
    order, colour = _best_order(list(factors), free, size)
    label: dict[int, int] = {}
    named: list[Factor] = []
    for k in order:
        node, indices = factors[k]
        if is_symmetric(node) and all(len(axis) == 1 for axis in indices):
            indices = tuple(sorted(indices, key=lambda axis: _rank(axis[0], label, colour)))
        for axis in indices:
            for atom in axis:
                label.setdefault(atom, len(label))
        new = tuple(tuple(label[a] for a in axis) for axis in indices)
        if is_symmetric(node):
            new = tuple(sorted(new))
        named.append(Factor(node, new))
    sizes: Shape = tuple(size[a] for a in label)
    place: dict[int, int] = {}
    for node, indices in factors:
        exchange = is_symmetric(node)
        for position, axis in enumerate(indices):
            at = 0 if exchange else position
            for atom in axis:
                place[atom] = min(at, place.get(atom, at))
    # Rows before columns: AB is stored as AB rather than as its transpose.
    axes = sorted(free, key=lambda atom: (place[atom], label[atom]))
    return raw_contraction(named, tuple(label[a] for a in axes), sizes), axes


def _rank(atom: int, label: Mapping[int, int], colour: Mapping[int, int]) -> tuple[int, int]:
    """Where an axis of a symmetric factor goes: first those with a label, then by colour."""
    return label.get(atom, 1 << 30), colour.get(atom, 0)


def is_symmetric(node: Any) -> bool:
    """Whether the two axes of a node may be exchanged."""
    if len(node.shape) != 2:
        return False
    from .facts import symmetric

    return symmetric(node)


def _best_order(
    factors: list[Raw], free: frozenset[int], size: Mapping[int, Dim] | Sequence[Dim]
) -> tuple[list[int], Mapping[int, int]]:
    """The canonical order of the factors, and colours of the atoms to break ties in them."""
    symmetric = [is_symmetric(node) for node, _ in factors]
    if len(factors) == 1 and not symmetric[0]:
        return [0], {}
    kinds = sorted({node.order for node, _ in factors})
    rank = {order: k for k, order in enumerate(kinds)}
    base = [rank[node.order] for node, _ in factors]
    if len(kinds) == len(factors) and not any(symmetric):
        return sorted(range(len(factors)), key=base.__getitem__), {}

    atoms = sorted({a for _, indices in factors for axis in indices for a in axis})
    start = {a: (0 if a in free else 1, str(size[a])) for a in atoms}
    names = {key: k for k, key in enumerate(sorted(set(start.values())))}
    index_colour = {a: names[start[a]] for a in atoms}
    leaves = work = 0
    best: tuple[Any, list[int], dict[int, int]] | None = None
    pending = [(base, index_colour)]
    while pending and leaves < MAX_LEAVES and (best is None or work < MAX_WORK):
        colours, index_colours, rounds = _refine(factors, symmetric, *pending.pop())
        work += rounds * len(factors)
        twins = _first_tie(colours)
        if not twins:
            leaves += 1
            order = sorted(range(len(factors)), key=colours.__getitem__)
            code = _encode(factors, symmetric, order, base, index_colour, index_colours)
            if best is None or code < best[0]:
                best = (code, order, index_colours)
            continue
        for k in twins:
            chosen = [2 * c for c in colours]
            chosen[k] -= 1
            pending.append((chosen, index_colours))
    assert best is not None
    return best[1], best[2]


def _refine(
    factors: list[Raw], symmetric: list[bool], colours: list[int], index_colours: dict[int, int]
) -> tuple[list[int], dict[int, int], int]:
    """Split colour classes by the colours around them until nothing changes; in how many rounds."""
    classes, rounds = -1, 0
    while True:
        rounds += 1
        seen_at: dict[int, list[tuple[int, int, int]]] = {a: [] for a in index_colours}
        for k, (_, indices) in enumerate(factors):
            for position, axis in enumerate(indices):
                place = 0 if symmetric[k] else position
                for inner, atom in enumerate(axis):
                    seen_at[atom].append((colours[k], place, inner))
        new_index = _compress(
            {a: (index_colours[a], tuple(sorted(seen_at[a]))) for a in index_colours}
        )
        signature = {}
        for k, (_, indices) in enumerate(factors):
            around = [tuple(new_index[a] for a in axis) for axis in indices]
            pattern = (
                tuple(
                    tuple(indices[0].index(a) if a in indices[0] else -1 for a in axis)
                    for axis in indices
                )
                if indices
                else ()
            )
            signature[k] = (colours[k], tuple(sorted(around) if symmetric[k] else around), pattern)
        new_colours = _compress(signature)
        colours = [new_colours[k] for k in range(len(factors))]
        index_colours = new_index
        count = len(set(colours)) + len(set(index_colours.values()))
        if count == classes:
            return colours, index_colours, rounds
        classes = count


def _compress(signature: dict[int, Any]) -> dict[int, int]:
    rank = {s: k for k, s in enumerate(sorted(set(signature.values())))}
    return {key: rank[s] for key, s in signature.items()}


def _first_tie(colours: list[int]) -> list[int]:
    groups: dict[int, list[int]] = {}
    for k, colour in enumerate(colours):
        groups.setdefault(colour, []).append(k)
    for colour in sorted(groups):
        if len(groups[colour]) > 1:
            return groups[colour]
    return []


def _encode(
    factors: list[Raw],
    symmetric: list[bool],
    order: list[int],
    base: list[int],
    kind: dict[int, int],
    index_colours: dict[int, int],
) -> Any:
    """What is minimised: `kind` tells free atoms from summed ones, and sizes."""
    label: dict[int, int] = {}
    code = []
    for k in order:
        indices = factors[k][1]
        if symmetric[k]:
            indices = tuple(
                sorted(indices, key=lambda axis: [_rank(a, label, index_colours) for a in axis])
            )
        for axis in indices:
            for atom in axis:
                label.setdefault(atom, len(label))
        named = [tuple((label[a], kind[a]) for a in axis) for axis in indices]
        code.append((base[k], tuple(sorted(named) if symmetric[k] else named)))
    return code
