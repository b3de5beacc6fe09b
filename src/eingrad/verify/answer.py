"""Is somebody's answer the derivative, in the layout asked for? If not, how does it differ?

Decided by values at random points and several sizes, so that no accident of either can mislead.
What is wrong is named by trying the usual slips in turn: layout, transpose, sign, factor, ⊙.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np

from ..dims import Dim, product, shape_text
from ..errors import InputError
from ..ir.node import Node, Variable
from ..ir.walk import topological
from .compare import (
    array_text,
    is_diagonal,
    is_its_diagonal,
    number_text,
    ratio_of,
    same_shape,
)
from .pieces import factor_text, term_slip
from .reference import evaluate
from .sample import sample_points, sample_sizes, whole_numbers
from .slips import slips
from .trials import Change, Trial, agree, nothing_told, trials_of

LAYOUTS = ("mixed", "denominator", "numerator", "vec")
MAX_PERMUTED = 5  # axes up to which all transposes are tried


@dataclass(frozen=True, repr=False)
class Verdict:
    """What became of an answer.

    Attributes
    ----------
    equal:
        Whether it is the derivative in the layout asked for.
    reason:
        A sentence: how it was compared, or what is wrong.
    kind:
        `equal layout transposed sign factor symmetric term product argument diagonal summed shape
        domain undecided different`.
    layout:
        The layout in which it is right, if any.
    example:
        Values of the variables at which a wrong answer differs.
    """

    equal: bool
    reason: str
    kind: str
    layout: str | None = None
    example: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.equal

    def __str__(self) -> str:
        if self.kind == "undecided":  # neither; the reason says so
            return self.reason
        return f"{'right' if self.equal else 'wrong'}: {self.reason}"

    def __repr__(self) -> str:
        return f"<Verdict {self}>"


def judge(
    derivative: Node, n_out: int, n_in: Sequence[int], answer: Node, layout: str = "mixed"
) -> Verdict:
    """Compare an answer with the derivative.

    Parameters
    ----------
    derivative:
        Its axes are those of the output, then of each input.
    n_out, n_in:
        How many axes the output and each input have.
    answer:
        Any node in the same variables. A vector may be given without orientation, or as a row or
        a column.
    layout:
        `"mixed"`, `"denominator"`, `"numerator"` or `"vec"`.

    Raises
    ------
    InputError
        The layout is unknown.

    Examples
    --------
    >>> from eingrad.ir import build
    >>> from eingrad.ir.node import variable
    >>> A = variable("A", build.dims("m", "n"))
    >>> judge(A, 1, [1], build.transpose(A, (1, 0))).reason
    'right in denominator layout, not in mixed'
    >>> judge(A, 1, [1], -2 * A).reason
    'off by a factor: the answer is −2 times the derivative'
    """
    if layout not in LAYOUTS:
        raise InputError(f"unknown layout {layout}", hint=f"use one of {', '.join(LAYOUTS)}")
    case = _Case(derivative, n_out, tuple(n_in), answer, layout)
    trials = case.trials()
    if not trials:
        return case.nowhere()
    untold = nothing_told(derivative, trials) and answer is not derivative
    if untold and (not any(t.answer.any() for t in trials) or case.in_a_layout(trials)):
        return case.untold()
    for attempt in (
        case.in_a_layout, case.transposed, case.scaled, case.of_symmetric, case.term_slip,
        case.product_slip, case.other_object,
    ):  # fmt: skip
        verdict = attempt(trials)
        if verdict is not None:
            return verdict
    return case.different(trials)


class _Case:
    """One answer to judge, with the slips that are looked for."""

    def __init__(
        self, derivative: Node, n_out: int, n_in: tuple[int, ...], answer: Node, layout: str
    ) -> None:
        self.derivative, self.answer, self.layout = derivative, answer, layout
        self.n_out, self.n_in = n_out, n_in
        names = {n.name: n for n in topological(derivative, answer) if isinstance(n, Variable)}
        self.variables = dict(sorted(names.items()))

    # Values -------------------------------------------------------------------------------------

    def trials(
        self, facts: Mapping[str, frozenset[str]] | None = None, answer: Node | None = None
    ) -> list[Trial]:
        return trials_of(self.derivative, self.answer if answer is None else answer, facts)

    def layouts(self) -> tuple[str, ...]:
        """The one asked for first; `vec` only when asked for or when it is a form of its own."""
        return (self.layout, *(name for name in LAYOUTS if name != self.layout))

    def arranged(self, layout: str) -> Change:
        """From the derivative's own axes to a layout."""
        order, groups = self.axis_order(layout)

        def change(array: np.ndarray) -> np.ndarray:
            turned = array.transpose(order)
            if groups is None:
                return turned
            rows = int(np.prod(turned.shape[:groups], dtype=int))
            return turned.reshape(rows, int(np.prod(turned.shape[groups:], dtype=int)))

        return change

    def axis_order(self, layout: str) -> tuple[list[int], int | None]:
        outputs = list(range(self.n_out))
        inputs = list(range(self.n_out, self.n_out + sum(self.n_in)))
        if layout == "denominator":
            return inputs + outputs[::-1], None
        if layout == "numerator":
            return outputs + inputs[::-1], None
        if layout == "vec":  # columns are vec of the last input, rows are vec of what is before
            last = len(outputs) + sum(self.n_in[:-1])
            both = outputs + inputs
            return both[:last][::-1] + both[last:][::-1], last
        return outputs + inputs, None

    def shape(self, layout: str) -> tuple[Dim, ...]:
        order, groups = self.axis_order(layout)
        turned = tuple(self.derivative.shape[k] for k in order)
        return turned if groups is None else (product(turned[:groups]), product(turned[groups:]))

    def orientation(self, layout: str) -> str | None:
        """Whether a derivative with one axis is written as a row or a column."""
        if self.n_out + sum(self.n_in) != 1 or layout == "vec":
            return None
        rows = {("numerator", 0), ("denominator", 1)}
        return "row" if (layout, self.n_out) in rows else "column"

    def given_orientation(self) -> str | None:
        shape = self.answer.shape
        if len(shape) != 2 or shape[0].is_one == shape[1].is_one:
            return None
        return "row" if shape[0].is_one else "column"

    # Slips --------------------------------------------------------------------------------------

    def in_a_layout(self, trials: list[Trial]) -> Verdict | None:
        given = self.given_orientation()
        matching = [name for name in self.layouts() if agree(trials, self.arranged(name))]
        if not matching:
            return self._zero(trials)
        fitting = [n for n in matching if given in (None, self.orientation(n))]
        if given is None or self.orientation(self.layout) is None:
            fitting = matching
        if self.layout in fitting:
            text = f"equal at {len(trials)} random points in {self.layout} layout"
            return Verdict(True, text, "equal", self.layout)
        if fitting:
            text = f"right in {fitting[0]} layout, not in {self.layout}"
            if matching[0] == self.layout:
                text += f" (it is a {given}, and should be a {self.orientation(self.layout)})"
            return Verdict(False, text, "layout", fitting[0])
        return None

    def _zero(self, trials: list[Trial]) -> Verdict | None:
        """The number 0 stands for a zero of any shape."""
        if self.answer.shape or any(t.derivative.any() or t.answer.any() for t in trials):
            return None
        return Verdict(True, "the derivative is zero", "equal", self.layout)

    def transposed(self, trials: list[Trial]) -> Verdict | None:
        for order in self._other_orders():
            if agree(trials, lambda d, order=order: d.transpose(order)):  # type: ignore[misc]
                if len(order) == 2:
                    text = f"transposed: the answer is the transpose of the {self.layout} layout"
                else:
                    text = "right but for the order of its axes"
                return Verdict(False, text, "transposed")
        vec = self.arranged("vec")
        if self.answer.ndim == 2 and self.n_in and agree(trials, lambda d: vec(d).T):
            text = "transposed: the answer is the transpose of the vec layout"
            return Verdict(False, text, "transposed")
        return None

    def _other_orders(self) -> Iterator[tuple[int, ...]]:
        if 2 <= self.derivative.ndim <= MAX_PERMUTED:
            yield from permutations(range(self.derivative.ndim))

    def scaled(self, trials: list[Trial]) -> Verdict | None:
        for name in self.layouts():
            verdict = self._scaled_as(trials, self.arranged(name), name)
            if verdict is not None:
                return verdict
        for order in self._other_orders():
            change = lambda d, order=order: d.transpose(order)  # noqa: E731
            verdict = self._scaled_as(trials, change, "")
            if verdict is not None:
                return verdict
        return None

    def _scaled_as(self, trials: list[Trial], change: Change, name: str) -> Verdict | None:
        ratios = []
        for t in trials:
            ratio = ratio_of(change(t.derivative), t.answer)
            if ratio is None:
                return None
            ratios.append(ratio)
        if name == self.layout:
            where = ""
        else:
            where = f", and it is in {name} layout" if name else ", and it is transposed"
        factor = factor_text(self.derivative, self.answer, trials, ratios)
        if factor == "−1":
            return Verdict(False, f"the sign is wrong{where}", "sign")
        if factor is None:
            if all(t.derivative.size == 1 for t in trials):
                return None  # any two scalars are proportional
            low, high = min(ratios), max(ratios)
            text = f"off by a factor that is not constant ({low:.3g} to {high:.3g}){where}"
        else:
            text = f"off by a factor{where}: the answer is {factor} times the derivative"
        return Verdict(False, text, "factor")

    def of_symmetric(self, trials: list[Trial]) -> Verdict | None:
        square = [
            name
            for name, v in self.variables.items()
            if v.ndim == 2 and v.shape[0] == v.shape[1] and not v.facts
        ]
        for names in [[name] for name in square] + ([square] if len(square) > 1 else []):
            facts = {name: frozenset({"symmetric"}) for name in names}
            special = self.trials(facts)
            if special and agree(special, self.arranged(self.layout)):
                text = f"right only for symmetric {' and '.join(names)}"
                return Verdict(False, text, "symmetric", example=self._example(trials))
        return None

    def term_slip(self, trials: list[Trial]) -> Verdict | None:
        order, groups = self.axis_order(self.layout)
        if groups is not None:  # vec: terms are not written so
            return None
        change = self.arranged(self.layout)
        text = term_slip(self.derivative, self.answer, trials, change, order)
        return None if text is None else Verdict(False, text, "term", example=self._example(trials))

    def product_slip(self, trials: list[Trial]) -> Verdict | None:
        for changed, text, kind in slips(self.answer):
            again = self.trials(answer=changed)
            if again and agree(again, self.arranged(self.layout)):
                return Verdict(False, text, kind, example=self._example(trials))
        return None

    def other_object(self, trials: list[Trial]) -> Verdict | None:
        """The diagonal in place of a diagonal matrix, the derivative of the sum of the entries."""
        square = self.n_out and self.n_out == sum(self.n_in)
        if square and all(is_diagonal(t.derivative, t.answer, self.n_out) for t in trials):
            text = (
                "these are the entries on the diagonal: the derivative is "
                f"{shape_text(self.shape(self.layout))}, with zeros elsewhere"
            )
            return Verdict(False, text, "diagonal")
        if square and all(is_its_diagonal(t.derivative, t.answer, self.n_out) for t in trials):
            text = (
                "these are the entries on the diagonal alone: the derivative is "
                f"{shape_text(self.shape(self.layout))}, and entries off the diagonal are not 0"
            )
            return Verdict(False, text, "diagonal")
        outputs = tuple(range(self.n_out))
        if self.n_out and agree(trials, lambda d: d.sum(axis=outputs)):
            text = (
                "that is the derivative of the sum of all entries of the output; the derivative "
                f"has shape {shape_text(self.shape(self.layout))}"
            )
            return Verdict(False, text, "summed")
        return None

    def nowhere(self) -> Verdict:
        """No common point: the answer's fault if the derivative has one by itself."""
        sizes = sample_sizes(self.derivative, self.answer)
        points = sample_points([self.derivative], 1, sizes, seed=10)
        if points and self.variables.keys() == points[0].keys():
            text = "the answer is not finite where the derivative is"
            return Verdict(False, text, "domain", example=points[0])
        text = "not decided: no random point was found where derivative and answer are finite"
        return Verdict(False, text, "undecided")

    def untold(self) -> Verdict:
        """Agreement of nothing with nothing."""
        text = "not decided: the derivative is negligible at every point that was tried"
        return Verdict(False, text, "undecided")

    # Otherwise ----------------------------------------------------------------------------------

    def different(self, trials: list[Trial]) -> Verdict:
        expected = self.shape(self.layout)
        if trials[0].answer.squeeze().ndim != self.arranged(self.layout)(
            trials[0].derivative
        ).squeeze().ndim or not same_shape(expected, self.answer.shape):
            text = (
                f"wrong shape: the answer is {shape_text(self.answer.shape)}, the derivative in "
                f"{self.layout} layout is {shape_text(expected)}"
            )
            return Verdict(False, text, "shape")
        telling = [t for t in trials if not agree([t], self.arranged(self.layout))] or trials
        trial = self._smallest() or max(
            telling, key=lambda t: (t.derivative.size == 1, t.magnitude)
        )
        right = self.arranged(self.layout)(trial.derivative)
        wrong = trial.answer.reshape(right.shape)
        place = np.unravel_index(np.argmax(np.abs(right - wrong)), right.shape)
        entry = f"entry ({', '.join(str(k + 1) for k in place)}) of the" if right.ndim else "the"
        at = ", ".join(f"{n} = {array_text(v)}" for n, v in trial.point.items())
        text = (
            f"not equal: at {at}, {entry} derivative is {number_text(right[place])}, "
            f"the answer gives {number_text(wrong[place])}"
        )
        return Verdict(False, text, "different", example=trial.point)

    def _example(self, trials: list[Trial]) -> Mapping[str, np.ndarray]:
        """Where the two differ: small whole numbers if any such will do."""
        return (self._smallest() or trials[0]).point

    def _smallest(self) -> Trial | None:
        """A point with small sizes and small whole numbers where the two differ."""
        symbols = sample_sizes(self.derivative, self.answer)
        rng = np.random.default_rng(5)
        for size in (1, 2, 3):
            sizes = dict.fromkeys(symbols, size)
            for _ in range(12):
                try:
                    trial = self._whole_numbers(sizes, rng)
                except (InputError, np.linalg.LinAlgError, ValueError, IndexError):
                    break
                finite = np.isfinite(trial.derivative).all() and np.isfinite(trial.answer).all()
                if finite and not agree([trial], self.arranged(self.layout), 1e-6):
                    return trial
        return None

    def _whole_numbers(self, sizes: Mapping[str, int], rng: np.random.Generator) -> Trial:
        point = whole_numbers(self.variables, sizes, rng)
        value = evaluate(self.derivative, point, sizes)
        return Trial(value, evaluate(self.answer, point, sizes), point, sizes)
