"""Answers as lines for people: how the text was read, the formulas, shapes, notes, the check."""

from __future__ import annotations

from collections.abc import Iterator

from ..calculus import Derivative
from ..notation import Formula
from .answer import Answer, Derived, all_notes, shape_and_axes
from .terminal import Line

WIDTH = 12  # of the column of labels


def answer_lines(answer: Answer) -> Iterator[Line]:
    """The report of `eingrad derive`."""
    yield from reading_lines(answer)
    for one in answer.derived:
        yield []
        yield from _derived_lines(one)


def reading_lines(answer: Answer) -> Iterator[Line]:
    """How the text was read, and what was inferred."""
    expression = answer.expression
    label = answer.derived[0].derivative.label if answer.derived else "f"
    yield [(f"{label} ", "title"), ("= ", ""), (expression.reading, "title")]
    for sentence in expression.echo:
        yield _labelled("", sentence)
    for sentence in getattr(expression.parsed, "notes", ()):
        yield _labelled("note", sentence, "note")


def _derived_lines(one: Derived) -> Iterator[Line]:
    d = one.derivative
    for k, formula in enumerate(one.formulas.values()):
        yield from _formula_lines(d, formula, first=k == 0)
    shape, axes = shape_and_axes(d)
    where = f" (axes: {', '.join(axes)})" if axes else ""
    yield _labelled("shape", f"{shape}, {d.layout} layout{where}")
    for sentence in all_notes(one):
        yield _labelled("note", sentence, "note")
    if one.cost is not None:
        yield _labelled("structure", d.structure.sentence)
        for k, line in enumerate(one.cost.text(**one.sizes).split("\n")):
            yield _labelled("" if k else "cost", line)
    if one.explanation is not None:
        from .explaining import explanation_lines

        yield from explanation_lines(one.explanation)
    if one.entries is not None:
        yield []
        for line in one.entries.text().split("\n"):
            yield [("  " + line if line else "", "")]
        yield []
    if one.report is not None:
        yield _labelled("check", one.report.text, "good")
    elif one.unchecked:
        yield _labelled("check", one.unchecked, "bad")
    else:
        yield _labelled("check", "not checked (--no-check)", "note")


def _formula_lines(d: Derivative, formula: Formula, *, first: bool) -> Iterator[Line]:
    start, *rest = str(formula).split("\n")
    left = _left_side(d, formula)
    if first:
        yield [(left, "title"), (" = ", ""), (start, "formula")]
    else:
        yield [("  " + f"{formula.form} form".ljust(WIDTH), "label"), (start, "formula")]
    for line in rest:
        yield _labelled("", line, "formula")


def _left_side(d: Derivative, formula: Formula) -> str:
    """∂f/∂A, or what the form gives in its place: df, an entry, the matrix of vec."""
    left = d.title
    if formula.directions:
        left = d.title.split("/")[0].replace("∂", "d")
    if formula.form == "index" and formula.letters:
        letters = ["".join(axis) for axis in formula.letters]
        separator = "" if all(len(one) == 1 for one in letters) else ","
        left = f"{left}_" if formula.directions else f"({left})_"
        return left + separator.join(letters)
    return left


def _labelled(label: str, text: str, style: str = "") -> Line:
    return [("  " + label.ljust(WIDTH), "label"), (text, style)]
