"""Functions of the language: the records of the registry, and structural ones.

A structural function is one entry of `STRUCTURAL`: which of its arguments are values (the others
are sizes, axes, texts, read as written), and what makes its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from ... import functions as _records  # noqa: F401  (fills the registry)
from ...dims import Dim, product
from ...errors import EingradError, ParseError, UnsupportedError
from ...ir import build, construct
from ...ir.apply import apply
from ...ir.node import Node, Shape
from ...ir.record import REGISTRY, SPELLINGS, Record, infer_shape
from . import syntax as s
from .values import MAX_SIZE_TERMS, Context, Value, with_place

ALIASES = {
    "ln": "log", "σ": "sigmoid", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "fabs": "abs", "absolute": "abs",
    "expit": "sigmoid", "gammaln": "lgamma", "Φ": "normal_cdf",
}  # fmt: skip


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call by the names of the parameters; values and written ones."""

    values: list[Value]
    written: dict[str, s.Syntax]
    rest: list[s.Syntax]


@dataclass(frozen=True)
class Structural:
    """One function: `parameters` are names (`"x axis=None *"`), the first `count` are values."""

    make: Callable[[Context, s.Call, Arguments], Value]
    parameters: tuple[str, ...]
    count: int | None
    listed: bool = False


STRUCTURAL: dict[str, Structural] = {}
KERNELS = {"tril": 3, "triu": 3, "selection": 4}  # 0/1 patterns by sizes: tril(m, n, k)


def structural(
    spellings: str, parameters: str = "", count: int | None = 1, listed: bool = False
) -> Callable[[Callable[[Context, s.Call, Arguments], Value]], Any]:
    """Register a structural function under its spellings.

    `parameters` names those behind the values; `count` is how many values there are (None: all
    that are given); `listed` says that the values are the items of one list.
    """

    def remember(make: Callable[[Context, s.Call, Arguments], Value]) -> Any:
        for spelling in spellings.split():
            STRUCTURAL[spelling] = Structural(make, tuple(parameters.split()), count, listed)
        return make

    return remember


def _numpy_names() -> dict[str, str]:
    return {
        name.rpartition(".")[2]: record.name
        for record in REGISTRY.values()
        for name in record.numpy
    }


def find_record(name: str) -> Record | None:
    """The record that a word of the text means."""
    for word in (name, ALIASES.get(name, "")):
        found = SPELLINGS.get(word) or _numpy_names().get(word)
        if found:
            return REGISTRY[found]
    return None


def is_function(name: str) -> bool:
    """Whether a word is the name of a function."""
    return name in STRUCTURAL or find_record(name) is not None


def function_names() -> list[str]:
    """All names of functions, for suggestions."""
    return sorted({*STRUCTURAL, *SPELLINGS, *ALIASES})


def value_arguments(call: s.Call) -> list[s.Syntax]:
    """The arguments of a call that are expressions, to be elaborated before it."""
    entry = STRUCTURAL.get(call.function)
    if entry is None:
        record = find_record(call.function)
        assert record is not None
        return call.arguments[: len(record.domain)]
    given = [a for a in call.arguments if not isinstance(a, s.Text)]
    if len(given) == KERNELS.get(call.function):
        return []
    if not entry.listed:
        return given if entry.count is None else given[: entry.count]
    if given and isinstance(given[0], s.Block) and len(given[0].rows) == 1:
        return given[0].rows[0]
    if given and isinstance(given[0], s.Tuple):
        return given[0].items
    return given


def call(context: Context, syntax: s.Call, values: list[Value]) -> Value:
    """The value of a call whose value arguments are elaborated."""
    entry = STRUCTURAL.get(syntax.function)
    if entry is None:
        return _record_call(context, syntax, values)
    given = [a for a in syntax.arguments if not isinstance(a, s.Text)]
    if entry.listed:
        listed = bool(given) and isinstance(given[0], s.Block | s.Tuple)
        rest = given[1:] if listed else []
    else:
        rest = given[len(values) :]
    if len(given) == KERNELS.get(syntax.function):
        return entry.make(context, syntax, Arguments([], {}, given))
    if entry.count is not None and not entry.listed and len(values) != entry.count:
        raise _wrong_count(context, syntax, entry.count)
    written = dict(syntax.keywords)
    named = [p for p in entry.parameters if p != "*"]
    for key in written:
        if key not in named:
            raise _unknown_keyword(context, syntax, key, named)
    spare: list[s.Syntax] = []
    for k, item in enumerate(rest):
        if k < len(named):
            if named[k] in written:
                raise context.error(f"{named[k]} is given twice", item)
            written[named[k]] = item
        elif "*" in entry.parameters:
            spare.append(item)
        else:
            raise context.error(f"{syntax.function} does not take this argument", item)
    return entry.make(context, syntax, Arguments(values, written, spare))


def _wrong_count(context: Context, syntax: s.Call, count: int) -> ParseError:
    noun = "argument" if count == 1 else "arguments"
    return context.error(f"{syntax.function} takes {count} {noun}", syntax)


def _unknown_keyword(
    context: Context, syntax: s.Call, key: str, known: Iterable[str]
) -> ParseError:
    known = list(known)
    close = get_close_matches(key, known, 1)
    hint = f"did you mean {close[0]}?" if close else ""
    if not close and known:
        hint = f"it takes {', '.join(known)}"
    return context.error(
        f"{syntax.function} has no parameter {key}", syntax.keywords[key], hint=hint
    )


# -- records -----------------------------------------------------------------------------------


def _record_call(context: Context, syntax: s.Call, values: list[Value]) -> Value:
    record = find_record(syntax.function)
    assert record is not None
    if len(values) != len(record.domain):
        raise _wrong_count(context, syntax, len(record.domain))
    pattern = vector_pattern(record)
    if pattern:
        return _vector_call(context, syntax, record, values[0], pattern)
    names = list(record.defaults)
    params: dict[str, Any] = {}
    for k, item in enumerate(syntax.arguments[len(values) :]):
        if k >= len(names):
            raise context.error(f"{syntax.function} does not take this argument", item)
        params[names[k]] = literal(context, item)
    for key, item in syntax.keywords.items():
        if key not in names:
            raise _unknown_keyword(context, syntax, key, names)
        params[key] = literal(context, item)
    return apply_record(context, syntax, record, values, params)


def apply_record(
    context: Context, syntax: s.Syntax, record: Record, values: list[Value], params: dict[str, Any]
) -> Value:
    """A record applied to values: sizes unified by its signature, scalars stretched."""
    what = record.name
    if record.elementwise:
        shape, row = context.common_shape(values, what)
        if len(values) == 1:
            return context.new(
                syntax, shape, lambda n: apply(record.name, n, **params), *values, row=row
            )

        def make(*nodes: Node) -> Node:
            full = context.sizes.resolve_shape(shape)
            return apply(record.name, *(build.broadcast_to(n, full) for n in nodes), **params)

        return context.new(syntax, shape, make, *values, row=row)
    if isinstance(record.signature, str):
        values = [_fit_rank(context, record, k, v) for k, v in enumerate(values)]
        shape = _by_signature(context, record.signature, record.name, values)
    else:
        _hints_for_callable(context, record, values)
        shapes = tuple(context.sizes.resolve_shape(v.shape) for v in values)
        try:
            shape = infer_shape(record, shapes, {**record.defaults, **params})
        except EingradError as error:
            raise with_place(error, context, syntax) from error
    row = len(values) == 1 and values[0].row
    return context.new(
        syntax, shape, lambda *nodes: apply(record.name, *nodes, **params), *values, row=row
    )


def vector_pattern(record: Record) -> str:
    """`"k -> k"` or `"k ->"` of a function of one vector, else an empty text."""
    if not isinstance(record.signature, str) or record.elementwise or record.defaults:
        return ""
    given, result = _patterns(record.signature)
    if len(given) != 1 or len(given[0]) != 1:
        return ""
    return "k -> k" if result == given[0] else "" if result else "k ->"


def _vector_call(
    context: Context, syntax: s.Call, record: Record, value: Value, pattern: str
) -> Value:
    """A function of a vector, over `axis` of an array: by default softmax takes the last axis,
    logsumexp and max all entries, as in NumPy."""
    for item in syntax.arguments[1:]:
        hint = f"{record.name}imum" if record.name in ("max", "min") else "axis="
        raise context.error(
            f"{syntax.function} takes one array; other parameters have names",
            item,
            hint=f"did you mean {hint}?",
        )
    for key in syntax.keywords:
        if key not in ("axis", "keepdims"):
            raise _unknown_keyword(context, syntax, key, ["axis", "keepdims"])
    name = record.name
    written = syntax.keywords.get("axis")
    if value.is_scalar:
        raise context.misfit(f"{name} needs a vector", value)
    if pattern == "k -> k":
        axes = axes_of(context, written, value) if written is not None else [value.ndim - 1]
        if len(axes) != 1:
            raise context.error(f"{name} goes along one axis", syntax)
        (axis,), last = axes, value.ndim - 1

        def along(node: Node) -> Node:
            moved = construct.move_axes(node, [axis], [last])
            return construct.move_axes(apply(name, moved), [last], [axis])

        return context.new(syntax, value.shape, along, value, row=value.row)
    axes = axes_of(context, written, value)
    keep = syntax.keywords.get("keepdims")
    keepdims = keep is not None and literal(context, keep) is True
    rest = [k for k in range(value.ndim) if k not in axes]
    shape = [
        Dim.of(1) if k in axes else d for k, d in enumerate(value.shape) if k in rest or keepdims
    ]

    def over(node: Node) -> Node:
        indices = [(k,) for k in range(node.ndim)]
        merged = build.einsum([(node, indices)], [*((k,) for k in rest), tuple(axes)])
        reduced = apply(name, merged)
        return construct.expand_dims(reduced, axes) if keepdims else reduced

    return context.new(syntax, shape, over, value, row=value.row and bool(shape))


def _patterns(signature: str) -> tuple[list[list[str]], list[str]]:
    given, result = signature.split("->")
    return [part.split() for part in given.split(",")], result.split()


def _fit_rank(context: Context, record: Record, position: int, value: Value) -> Value:
    """A row where a matrix is needed is one of shape 1×n."""
    assert isinstance(record.signature, str)
    pattern = _patterns(record.signature)[0][position]
    if value.row and len(pattern) == 2 and len(set(pattern)) == 2:
        return context.as_matrix(value)
    return value


def _by_signature(context: Context, signature: str, name: str, values: list[Value]) -> Shape:
    patterns, result = _patterns(signature)
    sizes: dict[str, Dim] = {}
    batch: Shape = ()
    for pattern, value in zip(patterns, values, strict=True):
        core = len(pattern)
        square = core == 2 and pattern[0] == pattern[1]
        wanted = "a square matrix" if square else ("", "a vector", "a matrix")[min(core, 2)]
        message = f"{name} needs {wanted}"
        if value.ndim < core:
            raise context.misfit(message, value)
        tail = value.shape[value.ndim - core :]
        for symbol, dim in zip(pattern, tail, strict=True):
            if symbol in sizes:
                context.unify(
                    sizes[symbol],
                    dim,
                    message if square else f"the sizes of the operands of {name} differ",
                    *([value] if square and value is values[0] else values),
                )
            else:
                sizes[symbol] = dim
        if value is values[0]:
            batch = value.shape[: value.ndim - core]
        elif value.ndim - core != len(batch):
            raise context.misfit(f"{name}: the stacks differ", *values)
        else:
            for a, b in zip(batch, value.shape, strict=False):
                context.unify(a, b, f"{name}: the stacks differ", *values)
    return (*batch, *(sizes[symbol] for symbol in result))


def _hints_for_callable(context: Context, record: Record, values: list[Value]) -> None:
    """What every record of this kind of operands needs, where the signature is a program."""
    for value, domain in zip(values, record.domain, strict=True):
        if domain in ("square", "spd", "symmetric") and value.ndim >= 2:
            context.unify(
                value.shape[-2], value.shape[-1], f"{record.name} needs a square matrix", value
            )
    if record.name == "solve" and values[0].ndim == 2 and values[1].ndim in (1, 2):
        context.unify(
            values[0].shape[1], values[1].shape[0], "the inner sizes of this solve differ", *values
        )


# -- written arguments -------------------------------------------------------------------------


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


def needs(name: str) -> str:
    """The name of a record that a structural function is built on; an error if it is missing."""
    if name not in REGISTRY:
        raise UnsupportedError(f"this needs the function {name}, which is not there")
    return name


from . import arrays as _arrays  # noqa: E402, F401  (fills STRUCTURAL)
from . import structural as _structural  # noqa: E402, F401
