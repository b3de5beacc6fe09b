"""The work and the words of `eingrad check`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..calculus import Expression, check, parse
from ..calculus.judgement import Judgement
from ..explain.forms import Document
from .answer import free_label
from .jsonform import document, expression_part
from .report import reading


@dataclass(frozen=True)
class Judged:
    """An expression, the answer that was given, and what is to be said about it."""

    expression: Expression
    wrt: Sequence[str]
    answer: str
    layout: str
    verdict: Judgement


def judged(
    text: str,
    wrt: Sequence[str],
    answer: str,
    declarations: Mapping[str, str],
    layout: str,
    symmetric: str,
) -> Judged:
    """Read the expression and judge the answer.

    Raises
    ------
    EingradError
        The expression or the answer cannot be read.
    """
    expression = parse(text, **declarations)
    by = [expression.variables.get(name, name) for name in wrt]
    verdict = check(expression, *by, answer=answer, layout=layout, symmetric=symmetric)
    assert verdict.derivative is not None
    verdict.derivative.label = free_label(expression)
    return Judged(expression, wrt, answer, layout, verdict)


def verdict_document(judged: Judged) -> Document:
    """The report of `eingrad check`."""
    verdict, label = judged.verdict, free_label(judged.expression)
    blocks = [*reading(judged.expression, label), *verdict.blocks()]
    return Document(verdict.document().title, tuple(blocks), headed=False, spaced=False)


def verdict_data(judged: Judged, exit_code: int) -> dict[str, Any]:
    """The JSON of `eingrad check`."""
    return document(
        "check",
        exit_code,
        expression=expression_part(judged.expression),
        wrt=list(judged.wrt),
        layout=judged.layout,
        answer=judged.answer,
        equal=bool(judged.verdict.equal),
        reason=str(judged.verdict.reason),
        kind=judged.verdict.kind,
        right_in=judged.verdict.layout,
    )
