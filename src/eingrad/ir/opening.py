"""When a sum inside a product is opened: where keeping it whole would swallow structure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from ..dims import Dim
from .node import Node, Number, Sum, Term

MAX_DISTRIBUTED = 16  # products over structured sums are opened up to this many terms

RawAxis = Sequence[Hashable]
RawFactor = tuple[Node, Sequence[RawAxis]]


def distribute(
    factors: Sequence[RawFactor],
    out: Sequence[RawAxis],
    coefficient: Number,
    sizes: Mapping[Hashable, Dim],
) -> Node | None:
    """Open a factor that is a sum, where keeping it whole would swallow structure.

    That is: a sum that is only transposed, and a sum with a delta or an outer product in a term
    that is scaled or meets a summed index ((A + λI)x, (D − ppᵀ)g).
    """
    if not any(isinstance(node, Sum) for node, _ in factors):
        return None
    kept = {a for axis in out for a in axis}
    for k, (node, indices) in enumerate(factors):
        if not isinstance(node, Sum) or len(node.operands) > MAX_DISTRIBUTED:
            continue
        atoms = [a for axis in indices for a in axis]
        if len(factors) == 1:
            # A sum of sums stays whole: opening it again at every step would cost quadratically.
            # A number stays outside, unless it would hide the structure of the terms.
            flat = [a for axis in out for a in axis]
            moved = [tuple(axis) for axis in indices] != [tuple(axis) for axis in out]
            wanted = (
                len(flat) == len(set(flat))
                and set(flat) == set(atoms)
                and not any(isinstance(t, Sum) for t in node.operands)
                and (moved or (coefficient != 1 and any(map(is_structured, node.operands))))
            )
        else:
            wanted = (
                len(atoms) >= 2
                and not set(atoms) <= kept
                and any(is_structured(t) for t in node.operands)
            )
        if wanted:
            from .build import add, einsum

            return add(
                *(
                    einsum(
                        [*factors[:k], (term, indices), *factors[k + 1 :]],
                        out,
                        coefficient,
                        {**_sizes_of(node, indices), **sizes},
                    )
                    for term in node.operands
                )
            )
    return None


def _sizes_of(node: Node, indices: Sequence[RawAxis]) -> dict[Hashable, Dim]:
    return {axis[0]: dim for dim, axis in zip(node.shape, indices, strict=True) if len(axis) == 1}


def is_structured(term: Node) -> bool:
    """A delta, or no factor that spans all axes: the term would be built out if it were kept
    whole."""
    if not isinstance(term, Term):
        return False
    flat = [a for axis in term.out for a in axis]
    if len(set(flat)) < len(flat):
        return True
    carried = {a for f in term.factors for axis in f.indices for a in axis}
    if carried != set(flat):
        return False  # a mere broadcast
    return not any({a for axis in f.indices for a in axis} == carried for f in term.factors)
