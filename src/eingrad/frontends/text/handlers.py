"""One handler for each kind of syntax: its value from the values of its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ...ir import build
from . import arrays, entries, functions, operators, products, records, structural
from . import syntax as s
from .values import Context, Value


class Names(Protocol):
    """What a handler may ask of the elaborator."""

    context: Context
    python: bool

    def name(self, syntax: s.Name) -> Value:
        """The value of a name."""
        ...


Handler = Callable[[Names, s.Syntax, list[Value]], Value]
HANDLERS: dict[type, Handler] = {}


def handles(kind: type) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Register the handler of a kind of syntax."""

    def remember(handler: Callable[..., Value]) -> Callable[..., Value]:
        HANDLERS[kind] = handler
        return handler

    return remember


def unexpected(elaborator: Names, syntax: s.Syntax, parts: list[Value]) -> Value:
    """Syntax that stands for no value, such as a text."""
    raise elaborator.context.error("this has no meaning here", syntax)


@handles(s.Number)
def _number(elaborator: Names, syntax: s.Number, parts: list[Value]) -> Value:
    zero = syntax.value == 0
    value = elaborator.context.new(
        syntax, (), lambda: build.zeros(()) if zero else build.number(syntax.value)
    )
    value.number = syntax.value
    return value


@handles(s.Name)
def _name(elaborator: Names, syntax: s.Name, parts: list[Value]) -> Value:
    return elaborator.name(syntax)


@handles(s.Constant)
def _constant(elaborator: Names, syntax: s.Constant, parts: list[Value]) -> Value:
    context = elaborator.context
    for dim in syntax.sizes:
        for symbol in dim.symbols():
            context.sizes.named(symbol)
    if syntax.kind == "eye":
        dim = syntax.sizes[0] if syntax.sizes else context.sizes.fresh()
        return structural.identity(context, syntax, dim)
    if syntax.kind == "commutation":
        return structural.commutation(context, syntax, *syntax.sizes)
    return structural.ones(context, syntax, list(syntax.sizes) or [context.sizes.fresh()])


@handles(s.Sum)
def _sum(elaborator: Names, syntax: s.Sum, parts: list[Value]) -> Value:
    return operators.add(elaborator.context, syntax, parts)


@handles(s.Prefix)
def _prefix(elaborator: Names, syntax: s.Prefix, parts: list[Value]) -> Value:
    return products.root(elaborator.context, syntax, parts[0])


@handles(s.Transpose)
def _transpose(elaborator: Names, syntax: s.Transpose, parts: list[Value]) -> Value:
    return operators.transpose(elaborator.context, syntax, parts[0])


@handles(s.Fence)
def _fence(elaborator: Names, syntax: s.Fence, parts: list[Value]) -> Value:
    context = elaborator.context
    if syntax.kind == "norm":
        return structural.norm(context, syntax, parts[0], syntax.which)
    record = records.find_record("abs")
    assert record is not None
    return records.apply_record(context, syntax, record, parts, {})


@handles(s.Subscript)
def _subscript(elaborator: Names, syntax: s.Subscript, parts: list[Value]) -> Value:
    return entries.entry(elaborator.context, syntax, parts[0])


@handles(s.Delta)
def _delta(elaborator: Names, syntax: s.Delta, parts: list[Value]) -> Value:
    return entries.delta(elaborator.context, syntax)


@handles(s.Summation)
def _summation(elaborator: Names, syntax: s.Summation, parts: list[Value]) -> Value:
    return entries.summation(elaborator.context, syntax, parts[0])


@handles(s.Block)
def _block(elaborator: Names, syntax: s.Block, parts: list[Value]) -> Value:
    return arrays.block(elaborator.context, syntax, parts)


@handles(s.Index)
def _index(elaborator: Names, syntax: s.Index, parts: list[Value]) -> Value:
    return arrays.index(elaborator.context, syntax, parts[0])


@handles(s.Call)
def _call(elaborator: Names, syntax: s.Call, parts: list[Value]) -> Value:
    return functions.call(elaborator.context, syntax, parts)


@handles(s.Binary)
def _binary(elaborator: Names, syntax: s.Binary, parts: list[Value]) -> Value:
    context = elaborator.context
    left, right = parts
    operator = syntax.operator
    scalar = left.is_scalar or right.is_scalar
    if operator == "*":
        if elaborator.python and not syntax.implicit and not scalar:
            raise context.misfit(
                "* between arrays is ambiguous in a text with @ or .T",
                left,
                right,
                hint="write @ for the matrix product or .* for entry by entry",
            )
        return operators.product(context, syntax, left, right)
    if operator == "@":
        return operators.at(context, syntax, left, right)
    if operator == "⊗":
        return operators.kronecker(context, syntax, left, right)
    if operator == "^":
        return operators.power(context, syntax, left, right)
    if operator == ".^":
        return operators.elementwise_power(context, syntax, left, right)
    if operator == "/" and not right.is_scalar:
        raise context.misfit(
            "/ divides by a scalar only",
            left,
            right,
            hint="write ./ for entry by entry, inv(B) for the inverse",
        )
    if operator == "\\":
        return products.solve(context, syntax, left, right)
    if operator in operators.COMPARISON_RECORDS:
        return operators.compare(context, syntax, left, right)
    return operators.elementwise(context, syntax, left, right, operator)
