"""Answers as lines for people: how the text was read, the formulas, shapes, notes, the check."""

from __future__ import annotations

from collections.abc import Iterator

from ..calculus import Derivative
from .answer import Answer, Derived, shape_and_axes
from .terminal import Line

WIDTH = 10  # of the column of labels


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
    for k, (form, formula) in enumerate(one.formulas.items()):
        yield from _formula_lines(d, form, formula, first=k == 0)
    shape, axes = shape_and_axes(d)
    where = f": {', '.join(axes)}" if axes else ""
    yield _labelled("shape", f"{shape}, {d.layout} layout{where}")
    for sentence in d.notes:
        yield _labelled("note", sentence, "note")
    if one.report is not None:
        yield _labelled("check", one.report.text, "good")
    elif one.unchecked:
        yield _labelled("check", one.unchecked, "bad")
    else:
        yield _labelled("check", "not checked (--no-check)", "note")


def _formula_lines(d: Derivative, form: str, formula: str, *, first: bool) -> Iterator[Line]:
    start, *rest = formula.split("\n")
    if first:
        # The differential form has its own left side: it says dF, not ∂F/∂X.
        yield [*_left_side(d, start), (start, "formula")]
    else:
        yield _labelled(f"{form} form", start, "formula")
    for line in rest:
        yield _labelled("", line, "formula")


def _left_side(d: Derivative, formula: str) -> Line:
    if formula.startswith(("d", "D")) and " = " in formula.partition(" where ")[0]:
        return []
    return [(d.title, "title"), (" = ", "")]


def _labelled(label: str, text: str, style: str = "") -> Line:
    return [("  " + label.ljust(WIDTH), "label"), (text, style)]
