"""A multiple of the identity, or of a permutation of axes such as a commutation matrix."""

from __future__ import annotations

import math

import numpy as np

from ..align import Aligned
from .base import name_of, singular
from .parity import parity


def is_permutation(problem: Aligned) -> bool:
    """Whether there is one term, of deltas from each row slot to one column slot."""
    if len(problem.terms) != 1:
        return False
    (term,) = problem.terms
    distinct = len(set(term.out_atoms)) == len(term.out_atoms)
    return distinct and not term.cores and sorted(term.out_atoms) == sorted(term.in_atoms)


class Identity:
    """Division by a number, with the axes in another order."""

    text = "multiple of the identity"

    def __init__(self, problem: Aligned) -> None:
        (term,) = problem.terms
        self._sizes = problem.rows
        self._scale = term.coefficient
        if self._scale == 0:
            raise singular(name_of(problem), "it is zero")
        self._order = [term.out_atoms.index(a) for a in term.in_atoms]
        if self._order != sorted(self._order):
            self.text = "permutation of axes"

    def solve(self, b: np.ndarray) -> np.ndarray:
        """b over the number."""
        x = b.transpose([0, *(k + 1 for k in self._order)])
        return x if self._scale == 1 else x / self._scale

    def slogdet(self) -> tuple[float, float]:
        """n log|c|, with the sign of the permutation."""
        n = math.prod(self._sizes)
        sign = float(np.sign(self._scale)) if n % 2 else 1.0
        return sign * parity(self._sizes, self._order), n * math.log(abs(self._scale))
