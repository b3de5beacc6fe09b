"""Answers and errors as JSON; docs/command-line.md describes the schema.

The schema only grows: a field is never renamed, and `"schema"` counts incompatible changes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from ..verify import Report
    from .answer import Answer, Derived

SCHEMA = 1


def document(command: str, exit_code: int, **fields: Any) -> dict[str, Any]:
    """What every answer has: the schema, the command, whether all is well."""
    return {
        "schema": SCHEMA,
        "command": command,
        "ok": exit_code == 0,
        "exit_code": exit_code,
        "error": None,
        **fields,
    }


def dumps(value: Mapping[str, Any]) -> str:
    """JSON text that any reader takes: no NaN, no lone surrogates."""
    text = json.dumps(_plain(value), ensure_ascii=False, indent=2, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(_plain(value), ensure_ascii=True, indent=2, allow_nan=False)
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, str | bool | int) or value is None:
        return value
    number = float(value)
    return number if math.isfinite(number) else None


def derive_document(answer: Answer) -> dict[str, Any]:
    """The document of `eingrad derive`."""
    request = answer.request
    code = None
    if request.target:
        code = {"target": request.target, "text": answer.artifact}
    return document(
        "derive",
        answer.exit_code,
        expression=expression_part(answer.expression),
        derivatives=[_derived_part(one) for one in answer.derived],
        output=code,
    )


def expression_part(expression: Any) -> dict[str, Any]:
    """How the text was read."""
    return {
        "text": expression.text,
        "reading": expression.reading,
        "shape": [str(d) for d in expression.node.shape],
        "variables": [
            {"name": v.name, "shape": [str(d) for d in v.shape], "facts": sorted(v.facts)}
            for v in expression.variables.values()
        ],
        "echo": list(expression.echo),
        "notes": list(getattr(expression.parsed, "notes", ())),
    }


def _derived_part(one: Derived) -> dict[str, Any]:
    from .answer import all_notes, shape_and_axes

    d = one.derivative
    shape, axes = shape_and_axes(d)
    return {
        "title": d.title,
        "wrt": [v.name for v in d.wrt],
        "order": d.order,
        "formula": str(next(iter(one.formulas.values()))),
        "formulas": {form: str(formula) for form, formula in one.formulas.items()},
        "latex": d.latex(),
        "layout": d.layout,
        "shape": shape.split("×") if d.layout == "vec" else [str(k) for k in d.shape],
        "axes": list(axes),
        "zero": d.is_zero,
        "notes": all_notes(one),
        "check": _check_part(one.report, one.unchecked),
        **_cost_part(one),
        **({} if one.explanation is None else {"explanation": one.explanation.json()}),
        **({} if one.entries is None else {"entries": one.entries.as_dict()}),
    }


def _cost_part(one: Derived) -> dict[str, Any]:
    """With --cost: the structure, and each route with its formulas (and its numbers)."""
    if one.cost is None:
        return {}
    complete = set(one.cost.sizes) <= one.sizes.keys()
    numbers = one.cost.at(**one.sizes) if complete else None
    routes = {
        r.name: {key: str(value) for key, value in vars(r).items() if key != "name"}
        for r in one.cost.routes
    }
    return {
        "structure": one.derivative.structure.sentence,
        "cost": {"formulas": routes, "numbers": numbers},
    }


def _check_part(report: Report | None, unchecked: str) -> dict[str, Any] | None:
    if report is None and not unchecked:
        return None
    return {
        "ok": report is not None and report.ok,
        "compared": report is not None and report.compared,
        "method": report.method if report else "",
        "error": report.error if report else None,
        "points": report.points if report else 0,
        "sizes": dict(report.sizes) if report else {},
        "text": report.text if report else unchecked,
    }


def error_document(command: str, error: Exception, exit_code: int) -> dict[str, Any]:
    """The document of a command that failed."""
    part: dict[str, Any] = {
        "kind": type(error).__name__.rstrip("_"),
        "message": str(getattr(error, "message", "") or error),
        "text": "",
        "spans": [],
        "hint": "",
    }
    if isinstance(error, InputError):
        part["text"] = error.text
        part["spans"] = [{"start": s.start, "stop": s.stop, "label": s.label} for s in error.spans]
        part["hint"] = error.hint
    return document(command, exit_code, error=part)
