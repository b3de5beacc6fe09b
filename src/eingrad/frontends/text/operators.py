"""Operators on values: sums, the products of columns, rows and matrices, quotients and powers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ...dims import Dim
from ...errors import UnsupportedError
from ...ir import build, construct
from ...ir.apply import apply
from ...ir.node import Node
from ...ir.record import REGISTRY
from . import syntax as s
from .values import Context, Value

MAX_EXPONENT = 100_000  # of a power; larger ones are surely slips, and overflow everywhere
MAX_FOLDED = 100  # terms of a sum of literals
MAX_MATRIX_POWER = 1_000
COMPARISON_RECORDS = {
    ">": "greater", ">=": "greater_equal", "<": "less", "<=": "less_equal",
    "==": "equal", "!=": "not_equal",
}  # fmt: skip


def add(context: Context, syntax: s.Sum, terms: list[Value]) -> Value:
    """A sum with signs; scalars are added to every entry."""
    shape, row = context.common_shape(terms, "a sum" if len(terms) > 1 else "a sign")
    signs = list(syntax.signs)

    def make(*nodes: Node) -> Node:
        signed = [
            n if sign == 1 else build.scale(-1, n) for sign, n in zip(signs, nodes, strict=True)
        ]
        return build.sum_of(*signed) if len(signed) > 1 else signed[0]

    result = context.new(syntax, shape, make, *terms, row=row)
    numbers = [t.number for t in terms]
    if None not in numbers and len(numbers) < MAX_FOLDED:
        result.number = sum(
            (n * sign for n, sign in zip(numbers, signs, strict=True) if n is not None), Fraction(0)
        )
    return result


def elementwise(context: Context, syntax: s.Syntax, left: Value, right: Value, name: str) -> Value:
    """`.*`, `./` and products with scalars."""
    shape, row = context.common_shape([left, right], name)
    if name in ("./", "/"):
        result = context.new(
            syntax, shape, lambda a, b: _divide(context, right, a, b), left, right, row=row
        )
        if left.number is not None and right.number:
            result.number = _small(left.number / right.number)
        return result
    result = context.new(syntax, shape, build.multiply, left, right, row=row)
    if left.number is not None and right.number is not None:
        result.number = _small(left.number * right.number)
    return result


def _small(value: Fraction) -> Fraction | None:
    """A folded literal while it is short; numbers that grow are left to the IR."""
    return (
        value if max(value.numerator.bit_length(), value.denominator.bit_length()) < 200 else None
    )


def _divide(context: Context, divisor: Value, a: Node, b: Node) -> Node:
    if build.is_zero(b) or build.number_of(b) == 0:
        raise context.error("a division by zero", divisor.syntax)
    return build.divide(a, b)


def _contract(spec: str) -> Callable[[Node, Node], Node]:
    return lambda a, b: build.contract(spec, a, b)


def product(context: Context, syntax: s.Binary, left: Value, right: Value) -> Value:
    """The matrix product of columns, rows and matrices; a scalar times anything."""
    if left.is_scalar or right.is_scalar:
        return elementwise(context, syntax, left, right, ".*")
    kinds = (left.kind, right.kind)
    if "tensor" in kinds:
        raise context.misfit(
            "* takes scalars, vectors and matrices", left, right, hint="use @ or einsum"
        )
    inner = "the inner sizes of this product differ"
    a, b = left.shape, right.shape
    if kinds == ("matrix", "matrix"):
        context.unify(a[1], b[0], inner, left, right)
        return context.new(syntax, (a[0], b[1]), _contract("ij,jk->ik"), left, right)
    if kinds == ("matrix", "column"):
        context.unify(a[1], b[0], inner, left, right)
        return context.new(syntax, (a[0],), _contract("ij,j->i"), left, right)
    if kinds == ("row", "matrix"):
        context.unify(a[0], b[0], inner, left, right)
        return context.new(syntax, (b[1],), _contract("i,ij->j"), left, right, row=True)
    if kinds == ("row", "column"):
        context.unify(a[0], b[0], inner, left, right)
        return context.new(syntax, (), _contract("i,i->"), left, right)
    if kinds == ("column", "row"):
        return context.new(syntax, (*a, *b), _contract("i,j->ij"), left, right)
    if kinds == ("matrix", "row") and context.is_one(a[1]):
        return context.new(syntax, (a[0], b[0]), _contract("ij,k->ik"), left, right)
    if kinds == ("column", "matrix") and context.is_one(b[0]):
        return context.new(syntax, (a[0], b[1]), _contract("i,jk->ik"), left, right)
    if kinds in (("column", "column"), ("row", "row")):
        x, y = _factor(left, "x"), _factor(right, "y")
        both = "columns" if kinds[0] == "column" else "rows"
        inner_form = f"{_turned(x)}*{y}" if kinds[0] == "column" else f"{x}*{_turned(y)}"
        raise context.misfit(
            f"two {both} have no matrix product",
            left,
            right,
            hint=f"write {inner_form} for the inner product, {x}.*{y} for entry by entry",
        )
    hint = "transpose one of them with ', or use .* for entry by entry"
    if kinds == ("column", "matrix"):
        hint = f"write {_name(left, 'x')}'*{_name(right, 'A')} for a row times a matrix"
    raise context.misfit(inner, left, right, hint=hint)


def _factor(value: Value, other: str) -> str:
    """What a hint calls a factor: a name as it is given, with its prime."""
    syntax = value.syntax
    if isinstance(syntax, s.Transpose) and isinstance(syntax.operand, s.Name):
        return f"{syntax.operand.name}'"
    return _name(value, other if value.kind != "row" else f"{other}'")


def _turned(factor: str) -> str:
    return factor[:-1] if factor.endswith("'") else f"{factor}'"


def _name(value: Value, other: str) -> str:
    return value.syntax.name if isinstance(value.syntax, s.Name) else other


def at(context: Context, syntax: s.Binary, left: Value, right: Value) -> Value:
    """`@`: as `*` between columns, rows and matrices; also NumPy's x @ A, x @ y and stacks."""
    if left.is_scalar or right.is_scalar:
        scalar = left if left.is_scalar else right
        raise context.misfit("@ takes vectors and matrices", scalar, hint="write * for a scalar")
    if max(left.ndim, right.ndim) <= 2:
        if left.kind == "column" and right.kind in ("matrix", "column"):
            flat = context.new(left.syntax, left.shape, lambda n: n, left, row=True)
            result = product(context, syntax, flat, right)
            if result.kind == "row":
                result.row = False
            return result
        if (
            left.kind == "column"
            and right.kind == "row"
            and isinstance(right.syntax, s.Transpose)
            and right.syntax.python
        ):
            raise context.misfit(
                "is this the inner product (NumPy) or the outer one (columns)?",
                left,
                right,
                hint="write x.T @ y for the inner product, outer(x, y) for the outer one",
            )
        return product(context, syntax, left, right)
    a, b = left.shape, right.shape
    inner = b[-2] if right.ndim > 1 else b[-1]
    context.unify(a[-1], inner, "the inner sizes of this product differ", left, right)
    batch = _batch(context, left, right)
    tail = (*(a[-2:-1] if left.ndim > 1 else ()), *(b[-1:] if right.ndim > 1 else ()))
    return context.new(syntax, (*batch, *tail), construct.matmul, left, right)


def _batch(context: Context, left: Value, right: Value) -> tuple[Dim, ...]:
    result: list[Dim] = []
    first, second = left.shape[:-2][::-1], right.shape[:-2][::-1]
    for k in range(max(len(first), len(second))):
        pair = [side[k] for side in (first, second) if k < len(side)]
        if len(pair) == 2 and not context.is_one(pair[0]) and not context.is_one(pair[1]):
            context.unify(pair[0], pair[1], "the stacks differ in size", left, right)
        result.append(pair[0] if len(pair) == 1 or not context.is_one(pair[0]) else pair[1])
    return tuple(reversed(result))


def kronecker(context: Context, syntax: s.Syntax, left: Value, right: Value) -> Value:
    """`⊗`: Kronecker product; vectors are columns (rows when transposed)."""
    if left.is_scalar or right.is_scalar:
        return elementwise(context, syntax, left, right, ".*")
    if left.ndim == right.ndim == 1 and left.row == right.row:
        shape = (left.shape[0] * right.shape[0],)
        return context.new(syntax, shape, construct.kron, left, right, row=left.row)
    if max(left.ndim, right.ndim) <= 2:
        left, right = context.as_matrix(left), context.as_matrix(right)
    rank = max(left.ndim, right.ndim)
    one = Dim.of(1)
    a = (one,) * (rank - left.ndim) + left.shape
    b = (one,) * (rank - right.ndim) + right.shape
    dims = [x * y for x, y in zip(a, b, strict=True)]
    result = context.new(syntax, dims, construct.kron, left, right)
    return context.as_column(syntax, result) if rank == 2 else result


def transpose(context: Context, syntax: s.Syntax, value: Value) -> Value:
    """`'`: a column becomes a row and back; a matrix is transposed."""
    if value.ndim < 2:
        result = context.new(syntax, value.shape, lambda n: n, value, row=not value.row)
        result.number = value.number
        return result
    if value.ndim > 2:
        raise context.misfit(
            "' transposes vectors and matrices", value, hint="use transpose(T, (2, 0, 1)) or einsum"
        )
    flipped = (value.shape[1], value.shape[0])
    return context.new(syntax, flipped, lambda n: build.transpose(n, (1, 0)), value)


def compare(context: Context, syntax: s.Binary, left: Value, right: Value) -> Value:
    """`x > y`: 1 where it holds, 0 elsewhere."""
    record = COMPARISON_RECORDS[syntax.operator]
    if record not in REGISTRY:
        raise UnsupportedError(f"the comparison {syntax.operator} is not covered")
    shape, row = context.common_shape([left, right], syntax.operator)

    def make(a: Node, b: Node) -> Node:
        full = context.sizes.resolve_shape(shape)
        return apply(record, build.broadcast_to(a, full), build.broadcast_to(b, full))

    return context.new(syntax, shape, make, left, right, row=row)


def power(context: Context, syntax: s.Binary, base: Value, exponent: Value) -> Value:
    """`a^b` of a scalar, the matrix power of a square matrix."""
    if exponent.number is not None:
        check_exponent(context, exponent)
    if base.is_scalar and exponent.is_scalar:
        return context.new(
            syntax, (), lambda a, b: _power(context, base, exponent, a, b), base, exponent
        )
    if not exponent.is_scalar:
        raise context.misfit(
            "an exponent of ^ is a number", base, exponent, hint="write .^ for entry by entry"
        )
    if base.ndim != 2:
        written = context.text[base.syntax.start : base.syntax.stop]
        shown = written if len(written) < 30 else "x"
        raise context.misfit(
            f"^ is the power of a scalar or of a square matrix, and this is a {base.kind}",
            base,
            hint=f"write .^ for entry by entry: {shown}.^{_exponent_text(exponent)}",
        )
    if exponent.number is None:
        raise context.error(
            "the exponent of a matrix power is a whole number",
            exponent.syntax,
            hint="write .^ for entry by entry",
        )
    context.square(base, "a matrix power")
    number = exponent.number
    if number.denominator != 1:
        raise UnsupportedError(
            f"the matrix power with exponent {number} is not covered; "
            "write .^ for the power of each entry"
        )
    if abs(number) > MAX_MATRIX_POWER:
        raise context.error(
            f"a matrix power beyond {MAX_MATRIX_POWER} is not covered", exponent.syntax
        )
    return context.new(syntax, base.shape, lambda a: construct.matrix_power(a, int(number)), base)


def _exponent_text(exponent: Value) -> str:
    return str(exponent.number) if exponent.number is not None else "a"


def check_exponent(context: Context, exponent: Value) -> None:
    """Refuse exponents that nothing can be done with."""
    number = exponent.number
    assert number is not None
    if abs(number) > MAX_EXPONENT or number.denominator > 10**9:
        raise context.error(f"an exponent lies between ±{MAX_EXPONENT}", exponent.syntax)


def elementwise_power(context: Context, syntax: s.Syntax, base: Value, exponent: Value) -> Value:
    """`.^`: the power of each entry."""
    if exponent.number is not None:
        check_exponent(context, exponent)
    shape, row = context.common_shape([base, exponent], ".^")

    def make(a: Node, b: Node) -> Node:
        full = context.sizes.resolve_shape(shape)
        result = _power(context, base, exponent, a, b)
        return build.broadcast_to(result, full)

    return context.new(syntax, shape, make, base, exponent, row=row)


def _power(context: Context, base: Value, exponent: Value, a: Node, b: Node) -> Node:
    value = build.number_of(b)
    known = build.number_of(a)
    if value is not None and value < 0 and (build.is_zero(a) or known == 0):
        raise context.error("a division by zero", base.syntax)
    if known is not None and known < 0 and value is not None and Fraction(value).denominator != 1:
        raise context.error("a root of a negative number is not real", base.syntax)
    return build.power(a, b if value is None else value)
