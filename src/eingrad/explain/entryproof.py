"""Entries of a derivative, taken by hand from the entries of the value, against its formula."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..entries.evaluate import Numbers
from ..entries.expand import Entries
from ..entries.points import random_points
from ..entries.polynomial import Entry, Symbol, expanded
from ..entries.slopes import NotOpenedError, partial
from ..errors import CheckError
from ..ir.held import released
from ..ir.node import Node, Variable
from ..ir.walk import awake, substitute, variables

MAX_TERMS = 40_000  # atoms of the value that are differentiated
POINTS = 3  # at which entries that are written differently are compared
TOLERANCE = 1e-8


def proofs(
    values: NDArray[np.object_],
    node: Node,
    shape: tuple[int, ...],
    inputs: Sequence[Variable],
    sizes: Mapping[str, int],
    known: Sequence[Variable],
) -> dict[tuple[int, ...], str]:
    """For each place how the derivative, taken from the written value, was compared."""
    proofs: dict[tuple[int, ...], str] = {}
    if sum(e.weight for e in values.ravel()) > MAX_TERMS:
        return dict.fromkeys(np.ndindex(*shape), "")
    formula = Entries(sizes, whole=True)
    points: list[Numbers] = []
    for place in np.ndindex(*shape):
        entry: Entry = values.item(*place[: values.ndim])
        start = values.ndim
        try:
            for v in inputs:
                entry = partial(entry, Symbol(v.name, tuple(place[start : start + v.ndim])))
                start += v.ndim
        except NotOpenedError:
            proofs[place] = ""
            continue
        wanted = formula.entry(node, place)
        if expanded(entry) == expanded(wanted):
            proofs[place] = "terms"
            continue
        points = points or [Numbers(p, sizes) for p in random_points(known, sizes)]
        same = agree(entry, wanted, points)
        if same is False:
            raise CheckError(f"the formula and the definition differ at the entry {place}")
        proofs[place] = "values" if same else ""
    return proofs


def in_own_entries(of: Node, inputs: Sequence[Variable]) -> Node:
    """The value as its entries are written and differentiated: facts of variables are put to use,
    but not those of the inputs, as each of their entries moves by itself."""
    value = released(of)
    moving = {v.name for v in inputs}
    known: dict[Node, Node] = {
        v: awake(v) for v in variables(value) if v.dormant and v.name not in moving
    }
    return substitute(value, known)


def agree(one: Entry, two: Entry, points: Sequence[Numbers]) -> bool | None:
    """Whether two entries have the same values at the first points where they are finite; None
    where there is no such point."""
    compared = 0
    for at in points:
        a, b = at.of(one), at.of(two)
        if not (math.isfinite(a) and math.isfinite(b)):
            continue
        if abs(a - b) > TOLERANCE * max(1.0, abs(a), abs(b)):
            return False
        compared += 1
        if compared == POINTS:
            break
    return True if compared else None
