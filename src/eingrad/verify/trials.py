"""The points at which an answer is compared with the derivative.

A point tells something only where the derivative is more than rounding: XᵀX of a wide X has no
inverse, and tanh(1000c) is flat but for tiny c. So further sizes are tried, then points ever closer
to 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import EingradError
from ..ir.build import is_zero
from ..ir.node import Node
from ..ir.walk import variables
from .compare import TOLERANCE, close
from .reference import evaluate
from .sample import sample_points, sample_sizes

POINTS = 2  # for each set of sizes
NEGLIGIBLE = 1e-9
LADDER = [10.0**-k for k in range(1, 9)]
IN_VIEW = 1e-5  # of the largest derivative on the ladder: less than that has lost its digits

Change = Callable[[np.ndarray], np.ndarray]
Facts = Mapping[str, frozenset[str]]
Start = tuple[Mapping[str, np.ndarray], Mapping[str, int]]  # a point and the sizes


@dataclass(frozen=True)
class Trial:
    """Derivative and answer at one point; the derivative's axes are output, then inputs."""

    derivative: np.ndarray
    answer: np.ndarray
    point: Mapping[str, np.ndarray]
    sizes: Mapping[str, int]

    @property
    def magnitude(self) -> float:
        """The largest entry of the derivative."""
        return float(np.abs(self.derivative).max(initial=0.0))

    @property
    def answer_tells(self) -> bool:
        """Whether the answer is more than rounding."""
        return float(np.abs(self.answer).max(initial=0.0)) > NEGLIGIBLE


def trials_of(derivative: Node, answer: Node, facts: Facts | None = None) -> list[Trial]:
    """Trials at random points of two sets of sizes, or of more where those tell nothing; with
    `facts` for variables in place of their own."""
    found: list[Trial] = []
    seen: list[dict[str, int]] = []
    for variant in (0, 1, -1):
        sizes = sample_sizes(derivative, answer, variant=variant)
        if variant < 0 and (sizes in seen or (found and all(map(_tells, found)))):
            continue  # X tall instead of wide is needed only where wide does not do
        count = 1 if sizes in seen else POINTS
        seen.append(sizes)
        for point in sample_points([derivative, answer], count, sizes, facts, seed=10 + variant):
            found.append(_trial(derivative, answer, point, sizes))
    if is_zero(derivative):
        return found
    if not found:  # cosh(1000c) of an answer is finite for small c alone
        return _towards_zero(derivative, answer, _starts(derivative, answer, facts))
    if not any(map(_tells, found)):
        closer = _towards_zero(derivative, answer, [(t.point, t.sizes) for t in found])
        # Two that vanish together tell nothing once others do.
        return [*closer, *(t for t in found if not closer or t.answer_tells)]
    # Exact zeros stay: relu has them on one side. What is merely tiny is rounding.
    return [t for t in found if _tells(t) or not t.derivative.any()]


def nothing_told(derivative: Node, trials: Sequence[Trial]) -> bool:
    """Whether the derivative is negligible wherever it was tried, without being zero by itself."""
    return not is_zero(derivative) and not any(map(_tells, trials))


def agree(trials: Sequence[Trial], change: Change, tolerance: float = TOLERANCE) -> bool:
    """Whether the answer is the derivative, arranged by `change`, in all trials."""
    return all(close(change(t.derivative), t.answer, tolerance) for t in trials)


def _tells(trial: Trial) -> bool:
    return trial.magnitude > NEGLIGIBLE


def _trial(
    derivative: Node, answer: Node, point: Mapping[str, np.ndarray], sizes: Mapping[str, int]
) -> Trial:
    value = evaluate(derivative, point, sizes)
    return Trial(value, evaluate(answer, point, sizes), point, sizes)


def _starts(derivative: Node, answer: Node, facts: Facts | None) -> list[Start]:
    """Points at which the derivative is finite by itself, if it has all variables."""
    sizes = sample_sizes(derivative, answer)
    names = {v.name for v in variables(derivative, answer)}
    points = sample_points([derivative], POINTS, sizes, facts, seed=10)
    return [(point, sizes) for point in points if point.keys() >= names]


def _towards_zero(derivative: Node, answer: Node, starts: Sequence[Start]) -> list[Trial]:
    """Trials at the points scaled down, as far as they tell something."""
    closer = [t for start in starts for t in _scaled(derivative, answer, *start)]
    least = max((IN_VIEW * t.magnitude for t in closer), default=0.0)
    return [t for t in closer if t.magnitude > max(least, NEGLIGIBLE)]


def _scaled(
    derivative: Node, answer: Node, start: Mapping[str, np.ndarray], sizes: Mapping[str, int]
) -> Iterator[Trial]:
    for factor in LADDER:
        point = {n: value if _is_whole(value) else factor * value for n, value in start.items()}
        try:
            with np.errstate(all="ignore"):
                trial = _trial(derivative, answer, point, sizes)
        except (EingradError, np.linalg.LinAlgError, ArithmeticError, ValueError):
            continue
        if np.isfinite(trial.derivative).all() and np.isfinite(trial.answer).all():
            yield trial


def _is_whole(value: np.ndarray) -> bool:
    """Whether it is an index or another whole number, which stays one."""
    return bool((value == np.round(value)).all())
