"""A sum of terms arranged for the reader: what all terms share stands outside, once.

I ⊗ (XᵀX + λI) is one block along an identity; diag(p_i) − p_i p_iᵀ for each row i is a block for
each place of axis 0. What is low rank or diagonal beside a full matrix stays a term of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .decompose import Decomposition, StructuredTerm
from .merge import absorb, collect
from .sides import rank_bound, sides, split_of, tells


@dataclass(frozen=True)
class Shared:
    """Deltas that all terms have, between one axis of the rows and one of the columns.

    Attributes
    ----------
    identities, batch:
        The rows' axes along which no term changes, and those along which some does.
    inner:
        The terms with these axes hidden (as axes without atoms, so that numbers of axes stay).
    """

    identities: tuple[int, ...]
    batch: tuple[int, ...]
    inner: tuple[StructuredTerm, ...]


def presented(found: Decomposition) -> Decomposition:
    """The terms as they are told: matrices on the same axes added unless a rank is lost by it, and
    diagonals put into blocks. `lowrank + dense` and `diagonal + dense` stay two terms."""
    split = split_of(found)
    terms = collect(found.terms, apart=lambda term: _has_rank(term, split))
    if shared(terms, split) is None:
        terms = absorb(terms, into=lambda term: bool(term.deltas))
    return Decomposition(found.shape, found.n_out, found.inputs, terms)


def clearer(found: Decomposition, deeper: Decomposition) -> Decomposition:
    """Of two presented forms of one tensor the second, if it shows more ranks; else the first."""
    split = split_of(found)
    shown = [
        sum(_told_rank(t, split) for t in form.terms if all(c.is_whole for c in t.cores))
        for form in (found, deeper)
    ]
    return deeper if shown[1] > shown[0] else found


def _has_rank(term: StructuredTerm, split: int) -> bool:
    """Whether a core has a rank that is told, or is a product of smaller arrays."""
    return not all(core.is_whole for core in term.cores) or _told_rank(term, split)


def _told_rank(term: StructuredTerm, split: int) -> bool:
    for block in sides(term, split).blocks:
        bound = rank_bound(term, block)
        if bound is not None and tells(bound, block.shape(term)):
            return True
    return False


def shared(terms: Sequence[StructuredTerm], split: int) -> Shared | None:
    """What all of several terms share; None where that is nothing, or leaves nothing."""
    if len(terms) < 2 or not split:
        return None
    pairs = [
        (i, j)
        for i in range(split)
        for j in range(split, len(terms[0].axes))
        if all(_tied(term, i, j) for term in terms)
    ]
    hidden = {k for pair in pairs for k in pair}
    if not pairs or all(not axis for t in terms for axis in _hide(t, hidden).axes):
        return None
    carried = [i for i, _ in pairs if any(t.carried & set(t.axes[i]) for t in terms)]
    return Shared(
        tuple(i for i, _ in pairs if i not in carried),
        tuple(carried),
        tuple(_hide(t, hidden) for t in terms),
    )


def _tied(term: StructuredTerm, i: int, j: int) -> bool:
    """Whether two axes are one delta, and nothing else is on it."""
    axis = term.axes[i]
    return bool(axis) and axis == term.axes[j] and all(term.places(a) == (i, j) for a in axis)


def _hide(term: StructuredTerm, axes: set[int]) -> StructuredTerm:
    return replace(term, axes=tuple(() if k in axes else a for k, a in enumerate(term.axes)))
