"""Products and powers by name: outer, kron, dot, sqrt, …"""

from __future__ import annotations

from fractions import Fraction

from ...ir import build, construct
from ...ir.apply import apply
from ...ir.node import Node
from . import operators
from . import syntax as s
from .functions import Arguments, structural
from .records import apply_record, find_record
from .values import Context, Value
from .written import integer


@structural("outer", count=2)
def _outer(context: Context, call: s.Call, args: Arguments) -> Value:
    a, b = args.values
    return context.new(call, (*a.shape, *b.shape), construct.outer, a, b)


@structural("kron", count=2)
def _kron(context: Context, call: s.Call, args: Arguments) -> Value:
    return operators.kronecker(context, call, *args.values)


@structural("hadamard multiply", count=2)
def _hadamard(context: Context, call: s.Call, args: Arguments) -> Value:
    return operators.elementwise(context, call, args.values[0], args.values[1], ".*")


@structural("divide", count=2)
def _divide(context: Context, call: s.Call, args: Arguments) -> Value:
    return operators.elementwise(context, call, args.values[0], args.values[1], "./")


@structural("inner vdot", count=2)
def _inner(context: Context, call: s.Call, args: Arguments) -> Value:
    a, b = args.values
    flat = [context.new(v.syntax, v.shape, lambda n: n, v) if v.row else v for v in (a, b)]
    context.common_shape(flat, call.function)
    if a.ndim != b.ndim:
        raise context.misfit(f"{call.function} takes operands of one shape", a, b)
    return context.new(call, (), construct.inner_product, *flat)


@structural("dot matmul", count=2)
def _dot(context: Context, call: s.Call, args: Arguments) -> Value:
    a, b = args.values
    syntax = s.Binary(call.start, call.stop, "@", a.syntax, b.syntax)
    if a.is_scalar or b.is_scalar:
        return operators.elementwise(context, syntax, a, b, ".*")
    return operators.at(context, syntax, a, b)


def solve(context: Context, syntax: s.Syntax, left: Value, right: Value) -> Value:
    """A⁻¹b, which code computes as the solution of a linear system."""
    inverse = find_record("inv")
    assert inverse is not None
    inverted = apply_record(context, left.syntax, inverse, [left], {})
    binary = s.Binary(syntax.start, syntax.stop, "*", left.syntax, right.syntax)
    return operators.product(context, binary, inverted, right)


@structural("solve", count=2)
def _solve(context: Context, call: s.Call, args: Arguments) -> Value:
    return solve(context, call, *args.values)


@structural("sqrt")
def _sqrt(context: Context, call: s.Call, args: Arguments) -> Value:
    return root(context, call, args.values[0])


def root(context: Context, syntax: s.Syntax, value: Value) -> Value:
    """The square root of each entry."""

    def make(node: Node) -> Node:
        known = build.number_of(node)
        if known is not None and known < 0:
            raise context.error("a root of a negative number is not real", syntax)
        return build.power(node, Fraction(1, 2))

    return context.new(syntax, value.shape, make, value, row=value.row)


@structural("square")
def _square(context: Context, call: s.Call, args: Arguments) -> Value:
    (value,) = args.values
    return context.new(call, value.shape, lambda n: n * n, value, row=value.row)


@structural("pow power", count=2)
def _pow(context: Context, call: s.Call, args: Arguments) -> Value:
    return operators.elementwise_power(context, call, *args.values)


@structural("matrix_power", "n")
def _matrix_power(context: Context, call: s.Call, args: Arguments) -> Value:
    if "n" not in args.written:
        raise context.error("matrix_power needs its exponent", call)
    item = args.written["n"]
    exponent = Value(item, (), lambda: build.number(1))
    exponent.number = Fraction(integer(context, item))
    syntax = s.Binary(call.start, call.stop, "^", call, item)
    if args.values[0].ndim != 2:
        raise context.misfit("a matrix power needs a square matrix", args.values[0])
    return operators.power(context, syntax, args.values[0], exponent)


@structural("log2 log10")
def _logarithm(context: Context, call: s.Call, args: Arguments) -> Value:
    base = 2 if call.function == "log2" else 10
    log = find_record("log")
    assert log is not None
    natural = apply_record(context, call, log, args.values, {})
    return context.new(
        call,
        natural.shape,
        lambda n: build.divide(n, apply("log", build.number(base))),
        natural,
        row=natural.row,
    )
