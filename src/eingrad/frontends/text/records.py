"""Records of the registry applied to values: sizes unified by signature, axes, parameters."""

from __future__ import annotations

from typing import Any

from ... import functions as _records  # noqa: F401  (fills the registry)
from ...dims import Dim
from ...errors import EingradError, UnsupportedError
from ...ir import build, construct
from ...ir.apply import apply
from ...ir.node import Node, Shape
from ...ir.record import REGISTRY, SPELLINGS, Record, infer_shape
from . import syntax as s
from .values import Context, Value, with_place
from .written import axes_of, literal, unknown_keyword, wrong_count

ALIASES = {
    "ln": "log", "σ": "sigmoid", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "fabs": "abs", "absolute": "abs",
    "expit": "sigmoid", "gammaln": "lgamma", "Φ": "normal_cdf",
}  # fmt: skip


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


def record_call(context: Context, syntax: s.Call, values: list[Value]) -> Value:
    """A call of a record: its operands are values, its parameters are written."""
    record = find_record(syntax.function)
    assert record is not None
    if len(values) != len(record.domain):
        raise wrong_count(context, syntax, len(record.domain))
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
            raise unknown_keyword(context, syntax, key, names)
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
            raise unknown_keyword(context, syntax, key, ["axis", "keepdims"])
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


def needs(name: str) -> str:
    """The name of a record that a structural function is built on; an error if it is missing."""
    if name not in REGISTRY:
        raise UnsupportedError(f"this needs the function {name}, which is not there")
    return name
