"""What an answer is off by: a factor; or a term that is missing, surplus, or itself off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..ir.build import einsum, number_of, transpose
from ..ir.node import Node, Sum, Term
from ..ir.walk import topological
from ..notation import formula
from ..notation.tree import ONE
from ..simplify import canonical
from .compare import close, power_text, ratio_of, same_number
from .reference import evaluate
from .trials import Change, Trial

EXPONENTS = (1, -1, 2, -2, Fraction(1, 2), Fraction(-1, 2))
MAX_TERMS = 12
MAX_SCALARS = 12


def term_slip(
    derivative: Node,
    answer: Node,
    trials: Sequence[Trial],
    change: Change,
    order: Sequence[int],
) -> str | None:
    """A sentence where the answer differs from the derivative by one term of either.

    `change` and `order` bring an array, and the axes of a node, to the layout asked for.
    """
    rest = [_difference(t, change) for t in trials]
    if any(r is None for r in rest):
        return None
    off = [r for r in rest if r is not None]
    for term in _terms(derivative):
        factor = _ratio(term, trials, off, change)
        if factor is not None:
            shown = _text(transpose(term, order) if term.ndim else term)
            if factor == "−1":
                return f"a term is missing{shown}"
            if factor == "−2":
                return f"a term has the wrong sign{shown} in the derivative"
            return f"a term has the wrong factor{shown} in the derivative"
    for term in _terms(answer):
        if _ratio(term, trials, off, lambda a: a) == "1":
            return f"a term is surplus{_text(term)}"
    return None


def factor_text(
    derivative: Node, answer: Node, trials: Sequence[Trial], ratios: Sequence[float]
) -> str | None:
    """The factor as a number, or a number times a power of a size or of a scalar that occurs."""
    number = same_number(ratios)
    if number is not None:
        return number
    bases: dict[str, list[float]] = {}
    for symbol in trials[0].sizes:
        bases[symbol] = [float(t.sizes[symbol]) for t in trials]
    bases |= scalars_within(derivative, answer, trials)
    for exponent in EXPONENTS:
        for name, values in bases.items():
            if exponent.denominator > 1 and min(values) <= 0:
                continue
            rest = [r / v ** float(exponent) for r, v in zip(ratios, values, strict=True)]
            number = same_number(rest)
            if number is not None:
                return power_text(number, name, exponent)
    return None


def scalars_within(
    derivative: Node, answer: Node, trials: Sequence[Trial]
) -> dict[str, list[float]]:
    """Numbers that occur in the derivative or the answer, by how they are written: ‖x‖, det(X)."""
    found: dict[str, list[float]] = {}
    for node in topological(derivative, answer):
        if node.ndim or node in (derivative, answer) or number_of(node) is not None:
            continue
        if len(found) == MAX_SCALARS:
            break
        written = formula(node)
        if written.letters or written.where:
            continue
        values = [float(evaluate(node, t.point, t.sizes)) for t in trials]
        tree = written.tree
        if not all(values):
            continue
        if tree.op == "frac" and tree.args[0] is ONE:  # of 1/‖x‖ the norm is what has a name
            written, tree = replace(written, tree=tree.args[1]), tree.args[1]
            values = [1 / v for v in values]
        bare = tree.op in ("name", "norm", "call", "size", "power")
        found[str(written) if bare else f"({written})"] = values
    return found


def _difference(trial: Trial, change: Change) -> np.ndarray | None:
    right = change(trial.derivative)
    if right.size != trial.answer.size or right.squeeze().shape != trial.answer.squeeze().shape:
        return None
    off = trial.answer.reshape(right.shape) - right
    return None if close(right, right + off) else off


def _terms(node: Node) -> list[Node]:
    """The summands as they stand, then those of the expanded form."""
    found: dict[Node, None] = {}
    for form in (node, canonical(node)):
        parts = _distributed(form)
        if 2 <= len(parts) <= MAX_TERMS:
            found.update(dict.fromkeys(parts))
    return list(found)


def _distributed(node: Node) -> list[Node]:
    """The summands of a sum, also of one with something in front."""
    if isinstance(node, Sum):
        return [part for operand in node.operands for part in _distributed(operand)]
    if not isinstance(node, Term):
        return [node]
    sums = [k for k, f in enumerate(node.factors) if isinstance(f.node, Sum)]
    if len(sums) != 1:
        return [node]
    (k,) = sums
    sizes = dict(enumerate(node.sizes))
    return [
        einsum(
            [(part if j == k else f.node, f.indices) for j, f in enumerate(node.factors)],
            node.out,
            node.coefficient,
            sizes,
        )
        for part in node.factors[k].node.operands
    ]


def _ratio(
    term: Node,
    trials: Sequence[Trial],
    off: Sequence[np.ndarray],
    change: Callable[[np.ndarray], np.ndarray],
) -> str | None:
    """c with difference = c · term at every point, as a number."""
    ratios = []
    for trial, rest in zip(trials, off, strict=True):
        ratio = ratio_of(change(evaluate(term, trial.point, trial.sizes)), rest)
        if ratio is None:
            return None
        ratios.append(ratio)
    if len(ratios) < 2:
        return None
    return same_number(ratios)


def _text(term: Node) -> str:
    written = formula(term)
    return "" if written.letters or written.where else f": {written}"
