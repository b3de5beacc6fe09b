"""Entries by a symmetric variable: a_ij and a_ji are two places of one number.

The brute-force proof counts all entries as independent. What a convention makes of them is put
together here from the entries that were proved, and compared with the formula's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..entries.content import Content, content
from ..entries.evaluate import Numbers
from ..entries.expand import Entries
from ..entries.points import random_points
from ..entries.polynomial import Entry, add, expanded, multiply
from ..errors import CheckError
from ..ir.facts import closure
from ..ir.node import Node, Variable
from ..ir.walk import variables
from ..notation import Formula
from .entryproof import agree

RULES = {
    "cookbook": "off the diagonal the derivative by the one number is the sum of those by its two "
    "places; on the diagonal it is as above",
    "project": "each entry is the mean of those by its two places",
}


@dataclass(frozen=True)
class Convention:
    """How the entries of symmetric variables are counted, and the derivative that comes of it."""

    how: str  # one of RULES
    node: Node
    written: Formula


@dataclass
class Counted:
    """The derivative under a convention, entry by entry."""

    convention: Convention
    names: tuple[str, ...]  # of the symmetric variables
    content: Content

    @property
    def rule(self) -> str:
        """What becomes of the entries, as a sentence without its stop."""
        return RULES[self.convention.how]

    @property
    def title(self) -> str:
        """Of which variables."""
        return f"With {' and '.join(dict.fromkeys(self.names))} symmetric"

    def as_dict(self) -> dict[str, object]:
        """All of it as plain data (for JSON)."""
        texts = [pair.text for pair in np.ravel(self.content.labels)]
        return {
            "symmetric": self.convention.how,
            "formula": str(self.convention.written),
            "entries": np.array(texts).reshape(self.content.labels.shape).tolist(),
        }


def counted_entries(
    convention: Convention,
    free: Content,
    inputs: Sequence[Variable],
    n_out: int,
    sizes: Mapping[str, int],
    known: Sequence[Variable],
) -> Counted:
    """The entries under a convention, each compared with what it is made of.

    Parameters
    ----------
    free:
        The entries that count as independent, output axes first.

    Raises
    ------
    CheckError
        One differs from the convention's formula: a bug in eingrad.
    """
    made, names, start = free.entries, [], n_out
    for v in inputs:
        if v.ndim == 2 and "symmetric" in closure(v.facts):
            made = _counted(made, start, convention.how)
            names.append(v.name)
        start += v.ndim
    whole = Entries(sizes, whole=True)
    points: list[Numbers] = []
    for place in np.ndindex(*made.shape):
        wanted = whole.entry(convention.node, place)
        if expanded(made.item(*place)) == expanded(wanted):
            continue
        if not points:
            both = {v.name: v for v in (*known, *variables(convention.node))}
            points = [Numbers(p, sizes) for p in random_points(list(both.values()), sizes)]
        if agree(made.item(*place), wanted, points) is False:
            raise CheckError(f"the formula does not have the entry {place} of its convention")
    found = content(convention.node, sizes, known, lines=made.size)
    return Counted(convention, tuple(names), found)


def _counted(entries: NDArray[np.object_], start: int, how: str) -> NDArray[np.object_]:
    """The convention for the two axes that begin at `start`."""
    other = np.swapaxes(entries, start, start + 1)
    made = np.empty(entries.shape, dtype=object)
    for place in np.ndindex(*entries.shape):
        here: Entry = entries.item(*place)
        if how == "project":
            made[place] = multiply(Fraction(1, 2), [add([here, other.item(*place)])])
        elif place[start] == place[start + 1]:
            made[place] = here
        else:
            made[place] = add([here, other.item(*place)])
    return made
