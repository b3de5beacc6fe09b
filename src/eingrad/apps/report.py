"""Answers as documents: how the text was read, the formulas, shapes, notes, steps, the check."""

from __future__ import annotations

from collections.abc import Iterator

from ..calculus import Expression
from ..calculus.explained import left_side, partial
from ..errors import EingradError
from ..explain.forms import (
    Block,
    Display,
    Document,
    Inset,
    Labelled,
    Name,
    Section,
    words,
)
from ..explain.written import Math, Prose, math
from ..notation import formula
from .answer import Answer, Derived, all_notes, shape_and_axes

Row = tuple[str, Prose, str]


def answer_document(answer: Answer) -> Document:
    """The report of `eingrad derive`."""
    titles: list[str | Math] = []
    blocks = list(reading(answer.expression, _label(answer)))
    for one in answer.derived:
        titles += [", ", partial(one.derivative)]
        blocks.append(Section((), tuple(_derived(one))))
    return Document(("Derivative ", *titles[1:]), tuple(blocks), headed=False, spaced=False)


def _label(answer: Answer) -> str:
    return answer.derived[0].derivative.label if answer.derived else "f"


def reading(expression: Expression, label: str) -> Iterator[Block]:
    """How the text was read, and what was inferred."""
    name = math(Name(label))
    try:
        read = math(formula(expression.node, names_taken={label, *expression.variables}))
    except EingradError:  # what has no formula is shown as it was read
        read = math(words(expression.reading))
    yield Display(read, name, text=(expression.reading,))
    rows: list[Row] = [("", (sentence,), "") for sentence in expression.echo]
    rows += [("note", (s,), "note") for s in getattr(expression.parsed, "notes", ())]
    if rows:
        yield Labelled(tuple(rows))


def _derived(one: Derived) -> Iterator[Block]:
    d = one.derivative
    for k, shown in enumerate(one.formulas.values()):
        left = left_side(d, shown)
        if not k:
            yield Display(math(shown), left)
        else:
            start, *rest = str(shown).split("\n")
            text = (start, *rest)
            yield (
                Labelled(((f"{shown.form} form", (math(shown),), "formula"),))
                if len(text) == 1
                else Display(math(shown), text=text)
            )
    shape, axes = shape_and_axes(d)
    where = f" (axes: {', '.join(axes)})" if axes else ""
    rows: list[Row] = [("shape", (f"{shape}, {d.layout} layout{where}",), "")]
    rows += [("note", (sentence,), "note") for sentence in all_notes(one)]
    if one.cost is not None:
        rows.append(("structure", (d.structure.sentence,), ""))
        for k, line in enumerate(one.cost.text(**one.sizes).split("\n")):
            rows.append(("" if k else "cost", (line,), ""))
    yield Labelled(tuple(rows))
    if one.explanation is not None:
        yield Inset(one.explanation.document())
    if one.entries is not None:
        yield Inset(one.entries.document())
    if one.report is not None:
        yield Labelled((("check", (one.report.text,), "good"),))
    elif one.unchecked:
        yield Labelled((("check", (one.unchecked,), "bad"),))
    else:
        yield Labelled((("check", ("not checked (--no-check)",), "note"),))
