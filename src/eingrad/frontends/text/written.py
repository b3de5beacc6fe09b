"""Arguments that are read as written: sizes, axes, numbers, flags."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from ...dims import Dim, product
from ...errors import ParseError
from . import syntax as s
from .values import MAX_SIZE_TERMS, Context, Value


def literal(context: Context, syntax: s.Syntax) -> Any:
    """A parameter as written: a number, a text, None, True, False or a tuple of those."""
    if isinstance(syntax, s.Text):
        return syntax.content
    if isinstance(syntax, s.Name) and syntax.name in ("None", "True", "False"):
        return {"None": None, "True": True, "False": False}[syntax.name]
    if isinstance(syntax, s.Tuple):
        return tuple(literal(context, item) for item in syntax.items)
    if isinstance(syntax, s.Block) and len(syntax.rows) == 1:
        return tuple(literal(context, item) for item in syntax.rows[0])
    sign = 1
    while isinstance(syntax, s.Sum) and len(syntax.terms) == 1:
        sign, syntax = sign * syntax.signs[0], syntax.terms[0]
    if (
        isinstance(syntax, s.Binary)
        and syntax.operator == "/"
        and isinstance(syntax.left, s.Number)
        and isinstance(syntax.right, s.Number)
        and syntax.right.value
    ):
        quotient = syntax.left.value / syntax.right.value
        syntax = s.Number(syntax.start, syntax.stop, quotient, str(quotient))
    if isinstance(syntax, s.Number):
        value = sign * syntax.value
        return int(value) if value.denominator == 1 else Fraction(value)
    raise context.error("a number, None, True or False is expected here", syntax)


def axes_of(context: Context, syntax: s.Syntax | None, value: Value) -> list[int]:
    """The axes that a written `axis` means; all when it is left out or None."""
    written = None if syntax is None else literal(context, syntax)
    if written is None:
        return list(range(value.ndim))
    axes = list(written) if isinstance(written, tuple) else [written]
    assert syntax is not None
    for axis in axes:
        if (
            not isinstance(axis, int)
            or isinstance(axis, bool)
            or not -value.ndim <= axis < value.ndim
        ):
            raise context.error(f"a {value.kind} has no axis {axis}", syntax)
    return [axis % value.ndim for axis in axes]


def integer(context: Context, syntax: s.Syntax, limit: int = 10**6) -> int:
    """A whole number as written."""
    value = literal(context, syntax)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > limit:
        raise context.error("a whole number is expected here", syntax)
    return value


def size(context: Context, syntax: s.Syntax) -> Dim:
    """A size as written: `3`, `n`, `2*n`, `m + 1`."""
    results: dict[s.Syntax, Dim] = {}
    for part in s.postorder(syntax):
        if isinstance(part, s.Number):
            if part.value.denominator != 1 or abs(part.value) > 2**63:
                raise context.error(f"{part.literal} is not a size", part)
            results[part] = Dim.of(int(part.value))
        elif isinstance(part, s.Name):
            results[part] = context.sizes.named(part.name)
        elif isinstance(part, s.Sum):
            total = Dim([])
            for sign, term in zip(part.signs, part.terms, strict=True):
                total = total + results[term] * sign
            results[part] = total
        elif isinstance(part, s.Binary) and part.operator == "*":
            left, right = results[part.left], results[part.right]
            if len(left.terms) * len(right.terms) > MAX_SIZE_TERMS:
                raise context.error("this size is too long a formula", part)
            results[part] = left * right
        elif (
            isinstance(part, s.Binary)
            and part.operator == "^"
            and isinstance(part.right, s.Number)
            and part.right.value in (1, 2, 3, 4)
        ):
            results[part] = product([results[part.left]] * int(part.right.value))
        else:
            raise context.error("this is not a size: write an integer or a name", part)
    dim = results[syntax]
    value = dim.as_int()
    if value is not None and value < 0:
        raise context.error("a size is not negative", syntax)
    return dim


def sizes(context: Context, items: list[s.Syntax]) -> list[Dim]:
    """Sizes as written one after another, or in one tuple."""
    if len(items) == 1 and isinstance(items[0], s.Tuple):
        items = items[0].items
    return [size(context, item) for item in items]


def wrong_count(context: Context, syntax: s.Call, count: int) -> ParseError:
    """A function was given more or fewer arguments than it takes."""
    noun = "argument" if count == 1 else "arguments"
    return context.error(f"{syntax.function} takes {count} {noun}", syntax)


def unknown_keyword(context: Context, syntax: s.Call, key: str, known: Iterable[str]) -> ParseError:
    """A keyword that a function does not have."""
    known = list(known)
    close = get_close_matches(key, known, 1)
    hint = f"did you mean {close[0]}?" if close else ""
    if not close and known:
        hint = f"it takes {', '.join(known)}"
    return context.error(
        f"{syntax.function} has no parameter {key}", syntax.keywords[key], hint=hint
    )
