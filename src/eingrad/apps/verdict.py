"""The work and the words of `eingrad check`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..calculus import Expression, check, parse
from ..verify import Verdict
from .answer import free_label
from .jsonform import document, expression_part
from .terminal import Line


@dataclass(frozen=True)
class Judged:
    """An expression, the answer that was given, and what is to be said about it."""

    expression: Expression
    wrt: Sequence[str]
    answer: str
    layout: str
    verdict: Verdict


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
    return Judged(expression, wrt, answer, layout, verdict)


def verdict_lines(judged: Judged) -> Iterator[Line]:
    """The report of `eingrad check`."""
    yield [(f"{free_label(judged.expression)} = ", ""), (judged.expression.reading, "title")]
    for sentence in judged.expression.echo:
        yield [("  " + sentence, "label")]
    equal, reason = judged.verdict.equal, str(judged.verdict.reason)
    if judged.verdict.kind == "undecided":  # neither right nor wrong; the reason says so
        yield [(reason, "bad")]
        return
    yield [("right: " if equal else "wrong: ", "good" if equal else "bad"), (reason, "")]


def verdict_document(judged: Judged, exit_code: int) -> dict[str, Any]:
    """The document of `eingrad check`."""
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
