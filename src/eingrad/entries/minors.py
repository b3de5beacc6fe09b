"""Entries of cofactors, the derivatives of a determinant: signed minors, short ones written out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations

MAX_MINOR = 2  # rows of a minor that is written out: x₁₁x₂₂ − x₁₂x₂₁

Place = tuple[int, int]


def minor(place: Sequence[int], n: int) -> list[tuple[int, tuple[Place, ...]]] | None:
    """∂ᵖ det(X)/∂x[i₁j₁] … ∂x[iₚjₚ] of an n×n matrix at the place (i₁, j₁, …, iₚ, jₚ), by Leibniz.

    Returns
    -------
    list of (sign, places), or None
        Σ sign · Π x[place]; empty where a row or column is taken twice; None for a long sum.

    Examples
    --------
    >>> minor((0, 0), 3)
    [(1, ((1, 1), (2, 2))), (-1, ((1, 2), (2, 1)))]
    >>> minor((0, 1, 1, 0), 2), minor((0, 1, 0, 0), 2), minor((0, 0), 5)
    ([(-1, ())], [], None)
    """
    rows, columns = place[::2], place[1::2]
    if len(set(rows)) < len(rows) or len(set(columns)) < len(columns):
        return []
    kept = [[k for k in range(n) if k not in taken] for taken in (rows, columns)]
    if len(kept[0]) > MAX_MINOR:
        return None
    outer = (-1) ** (sum(rows) + sum(columns)) * _parity(rows) * _parity(columns)
    return [
        (outer * _parity(order), tuple(zip(kept[0], order, strict=True)))
        for order in permutations(kept[1])
    ]


def _parity(sequence: Sequence[int]) -> int:
    return (-1) ** sum(p > q for p, q in combinations(sequence, 2))
