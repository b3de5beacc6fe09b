"""What every solver is, and the errors that they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...errors import SingularError
from ..align import Aligned

REMEDY = "add a multiple of the identity: operator.shifted(λ)"


class Solver(Protocol):
    """A factorised square operator.

    Attributes
    ----------
    text:
        How it solves, for people.
    """

    text: str

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Right sides (k, *rows) → solutions (k, *columns)."""

    def slogdet(self) -> tuple[float, float]:
        """Sign and logarithm of the absolute determinant, rows and columns each in their order."""


@dataclass(frozen=True)
class Proposal:
    """A solver that fits, before anything is computed: its work, its memory, how to make it."""

    flops: float
    nbytes: float
    build: Callable[[], Solver]
    text: str


class NotSuitable(Exception):
    """A solver found in the numbers that it does not serve; another one may."""


@dataclass
class Singular:
    """The solver of what cannot be solved: says why when asked to."""

    text: str

    @classmethod
    def of_rank(cls, problem: Aligned, rank: int) -> Singular:
        """For a part whose rank is at most a number that is too small."""
        return cls(
            f"{name_of(problem)} is singular (its rank is at most {rank}), and with it the operator"
        )

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Raise `SingularError`."""
        raise SingularError(self.text, hint=REMEDY)

    def slogdet(self) -> tuple[float, float]:
        """The determinant is zero."""
        return 0.0, -np.inf


def singular(what: str, why: str) -> SingularError:
    """The error for a factor that is singular."""
    return SingularError(
        f"{what} is singular ({why}), and with it the operator",
        hint=REMEDY,
    )


def name_of(problem: Aligned) -> str:
    """What a part is called in messages: its cores, its size and its axes."""
    axes = sorted(set(problem.row_axes))
    labels = [c.label for t in problem.terms for c in t.cores]
    # A sum is not called by one of its terms: AᵀA + cI is not AᵀA.
    written = dict.fromkeys("" if label is None else label() for label in labels)
    named = len(problem.terms) == 1 and len(written) == 1 and "" not in written
    called = f" {next(iter(written))}" if named else ""
    where = f" on axis {axes[0]}" if axes else ""
    if len(axes) > 1:
        where = f" on axes {', '.join(map(str, axes[:-1]))} and {axes[-1]}"
    return f"the {problem.n_rows}×{problem.n_columns} factor{called}{where}"
