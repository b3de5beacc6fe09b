"""Structural functions of the language: reductions, constants, views."""

from __future__ import annotations

from fractions import Fraction

from ...dims import Dim, product
from ...ir import build, construct, kernels
from ...ir.apply import apply
from ...ir.node import Node
from . import operators
from . import syntax as s
from .functions import Arguments, structural
from .records import needs
from .values import Context, Value
from .written import axes_of, integer, literal, size, sizes


def _flag(context: Context, args: Arguments, key: str) -> bool:
    return key in args.written and literal(context, args.written[key]) is True


# -- reductions --------------------------------------------------------------------------------


@structural("sum total", "axis keepdims")
def _sum(context: Context, call: s.Call, args: Arguments) -> Value:
    return reduction(context, call, args, construct.sum_axes)


@structural("mean average", "axis keepdims")
def _mean(context: Context, call: s.Call, args: Arguments) -> Value:
    return reduction(context, call, args, construct.mean_axes)


@structural("var", "axis keepdims")
def _var(context: Context, call: s.Call, args: Arguments) -> Value:
    return reduction(context, call, args, _variance)


@structural("std", "axis keepdims")
def _std(context: Context, call: s.Call, args: Arguments) -> Value:
    return reduction(
        context, call, args, lambda n, a, k: build.power(_variance(n, a, k), Fraction(1, 2))
    )


def _variance(node: Node, axes: list[int], keepdims: bool) -> Node:
    centred = node - construct.mean_axes(node, axes, True)
    return construct.mean_axes(centred * centred, axes, keepdims)


def reduction(context: Context, call: s.Call, args: Arguments, reduce: object) -> Value:
    """A reduction over written axes, all by default."""
    (value,) = args.values
    axes = axes_of(context, args.written.get("axis"), value)
    keep = _flag(context, args, "keepdims")
    shape = [
        Dim.of(1) if k in axes else d for k, d in enumerate(value.shape) if k not in axes or keep
    ]
    row = value.row and bool(shape)
    return context.new(call, shape, lambda n: reduce(n, axes, keep), value, row=row)  # type: ignore[operator]


@structural("norm2")
def _norm2(context: Context, call: s.Call, args: Arguments) -> Value:
    return euclidean(context, call, args.values[0])


def euclidean(context: Context, syntax: s.Syntax, value: Value) -> Value:
    """The Euclidean norm of a vector, the Frobenius norm of a matrix."""
    return context.new(
        syntax, (), lambda n: build.power(construct.inner_product(n, n), Fraction(1, 2)), value
    )


@structural("norm1")
def _norm1(context: Context, call: s.Call, args: Arguments) -> Value:
    return absolute_sum(context, call, args.values[0])


def absolute_sum(context: Context, syntax: s.Syntax, value: Value) -> Value:
    """The sum of absolute values."""
    name = needs("abs")
    if value.ndim > 1:
        context.note("norm1 of a matrix is read as the sum of the absolute values of its entries")
    return context.new(syntax, (), lambda n: construct.sum_axes(apply(name, n)), value)


@structural("norm", "ord")
def _norm(context: Context, call: s.Call, args: Arguments) -> Value:
    (value,) = args.values
    order = args.written.get("ord")
    texts = [a.content for a in call.arguments if isinstance(a, s.Text)]
    which = texts[0] if texts else ""
    if isinstance(order, s.Name):
        which = order.name
    elif order is not None:
        which = str(literal(context, order))
    return norm(context, call, value, "" if which == "None" else which)


def norm(context: Context, syntax: s.Syntax, value: Value, which: str) -> Value:
    """A norm by its subscript: `1`, `2`, `F`, `*` (nuclear), `∞`."""
    matrix = value.ndim == 2
    if which in ("", "F", "fro"):
        return euclidean(context, syntax, value)
    if which == "2":
        if matrix:
            context.note("the norm with subscript 2 of a matrix is read as the Frobenius norm")
        return euclidean(context, syntax, value)
    if which == "1" and not matrix:
        return absolute_sum(context, syntax, value)
    if which in ("*", "nuc") and matrix:
        name = needs("nuclear_norm")
        return context.new(syntax, (), lambda n: apply(name, n), value)
    if which in ("∞", "inf", "infty") and not matrix:
        name = needs("max")
        return context.new(syntax, (), lambda n: apply(name, apply(needs("abs"), n)), value)
    raise context.error(
        f"the norm with subscript {which} of a {value.kind} is not covered",
        syntax,
        hint="covered are 2, F, and 1 and ∞ of a vector",
    )


@structural("tr trace")
def _trace(context: Context, call: s.Call, args: Arguments) -> Value:
    (value,) = args.values
    if value.is_scalar:
        return context.new(call, (), lambda n: n, value)
    context.square(value, "a trace")
    return context.new(call, (), construct.trace, value)


@structural("cumsum", "axis")
def _cumsum(context: Context, call: s.Call, args: Arguments) -> Value:
    (value,) = args.values
    axes = axes_of(context, args.written.get("axis"), value)
    if len(axes) != 1:
        raise context.error("cumsum needs an axis here, as in cumsum(A, axis=0)", call)
    return context.new(
        call, value.shape, lambda n: construct.cumulative_sum(n, axes[0]), value, row=value.row
    )


# -- constants ---------------------------------------------------------------------------------


@structural("eye identity", "*", 0)
def _eye(context: Context, call: s.Call, args: Arguments) -> Value:
    dims = sizes(context, args.rest)
    if len(dims) > 2:
        raise context.error("eye takes one size", call)
    if len(dims) == 2:
        context.sizes.unify(dims[0], dims[1], lambda: context.error("eye is square", call))
    return identity(context, call, dims[0] if dims else context.sizes.fresh())


def identity(context: Context, syntax: s.Syntax, dim: Dim) -> Value:
    """The identity matrix."""
    return context.new(syntax, (dim, dim), lambda: construct.eye(context.sizes.resolve(dim)))


def ones(context: Context, syntax: s.Syntax, dims: list[Dim]) -> Value:
    """The array of ones."""
    return context.new(syntax, dims, lambda: construct.ones(context.sizes.resolve_shape(dims)))


def commutation(context: Context, syntax: s.Syntax, m: Dim, n: Dim) -> Value:
    """K with K vec A = vec Aᵀ for A m×n: nothing but two deltas on merged axes."""

    def make() -> Node:
        a, b = context.sizes.resolve_shape((m, n))
        return build.einsum([], [(0, 1), (1, 0)], 1, {0: a, 1: b})

    return context.new(syntax, (m * n, m * n), make)


@structural("size", "*", 0)
def _size(context: Context, call: s.Call, args: Arguments) -> Value:
    if len(args.rest) != 1:
        raise context.error("size takes one size, as in size(n)", call)
    dim = size(context, args.rest[0])
    return context.new(call, (), lambda: construct.size_value(context.sizes.resolve(dim)))


@structural("ones", "*", 0)
def _ones(context: Context, call: s.Call, args: Arguments) -> Value:
    return ones(context, call, sizes(context, args.rest) or [context.sizes.fresh()])


@structural("zeros", "*", 0)
def _zeros(context: Context, call: s.Call, args: Arguments) -> Value:
    dims = sizes(context, args.rest) or [context.sizes.fresh()]
    return context.new(call, dims, lambda: build.zeros(context.sizes.resolve_shape(dims)))


@structural("vector", "size")
def _vector(context: Context, call: s.Call, args: Arguments) -> Value:
    dim = size(context, args.written["size"]) if "size" in args.written else context.sizes.fresh()
    return _filled(context, call, args.values[0], [dim])


@structural("matrix", "rows columns")
def _matrix(context: Context, call: s.Call, args: Arguments) -> Value:
    dims = [
        size(context, args.written[key]) if key in args.written else context.sizes.fresh()
        for key in ("rows", "columns")
    ]
    return _filled(context, call, args.values[0], dims)


def _filled(context: Context, call: s.Call, value: Value, dims: list[Dim]) -> Value:
    if not value.is_scalar:
        raise context.misfit(f"{call.function}(c) repeats a scalar", value)
    return context.new(
        call, dims, lambda n: build.broadcast_to(n, context.sizes.resolve_shape(dims)), value
    )


# -- views -------------------------------------------------------------------------------------


@structural("diag diagonal")
def _diag(context: Context, call: s.Call, args: Arguments) -> Value:
    (value,) = args.values
    if value.ndim == 1:
        if call.function == "diagonal":
            raise context.misfit("diagonal needs a square matrix", value)
        return context.new(call, value.shape * 2, construct.diag_matrix, value)
    dim = context.square(value, "the diagonal")
    return context.new(call, (dim,), construct.diagonal, value)


@structural("vec")
def _vec(context: Context, call: s.Call, args: Arguments) -> Value:
    (value,) = args.values
    if value.is_scalar:
        raise context.misfit("vec stacks the columns of a matrix", value)
    if value.ndim == 1:
        return context.new(call, value.shape, lambda n: n, value)
    return context.new(call, (product(value.shape),), construct.vec, value)


@structural("ravel flatten")
def _ravel(context: Context, call: s.Call, args: Arguments) -> Value:
    (value,) = args.values
    return context.new(call, (product(value.shape),), construct.ravel, value)


@structural("reshape", "*")
def _reshape(context: Context, call: s.Call, args: Arguments) -> Value:
    (value,) = args.values
    items = args.rest
    if len(items) == 1 and isinstance(items[0], s.Tuple):
        items = items[0].items
    if not items:
        raise context.error("reshape needs the new sizes, as in reshape(x, m, n)", call)
    total = product(value.shape)
    dims: list[Dim] = []
    open_: list[int] = []
    for k, item in enumerate(items):
        if isinstance(item, s.Sum) and len(item.terms) == 1 and item.signs == [-1]:
            if open_ or integer(context, item) != -1:
                raise context.error("only one size may be left open, as -1", item)
            open_.append(k)
            dims.append(Dim.of(1))
        else:
            dims.append(size(context, item))
    if open_:
        known = product(dims)
        rest = context.sizes.resolve(total).divide(context.sizes.resolve(known))
        dims[open_[0]] = rest if rest is not None else context.sizes.fresh()
    context.unify(total, product(dims), "a reshape keeps the number of entries", value)
    return context.new(
        call, dims, lambda n: construct.reshape(n, context.sizes.resolve_shape(dims)), value
    )


@structural("transpose", "*")
def _transpose(context: Context, call: s.Call, args: Arguments) -> Value:
    (value,) = args.values
    if not args.rest:
        return operators.transpose(context, call, value)
    written = [literal(context, item) for item in args.rest]
    order = list(written[0]) if isinstance(written[0], tuple) else written
    if sorted(map(str, order)) != sorted(map(str, range(value.ndim))):
        raise context.misfit(f"{order} is not an order of its axes", value)
    shape = [value.shape[k] for k in order]
    return context.new(call, shape, lambda n: build.transpose(n, order), value)


@structural("tril triu", "k")
def _triangle(context: Context, call: s.Call, args: Arguments) -> Value:
    if not args.values:
        rows, columns = (size(context, item) for item in args.rest[:2])
        offset = integer(context, args.rest[2])
        return _pattern(context, call, (rows, columns), offset)
    (value,) = args.values
    if value.ndim < 2:
        raise context.misfit(f"{call.function} needs a matrix", value)
    k = integer(context, args.written["k"]) if "k" in args.written else 0
    lower = call.function == "tril"
    return context.new(call, value.shape, lambda n: construct.triangle(n, k, lower), value)


def _pattern(context: Context, call: s.Call, dims: tuple[Dim, Dim], offset: int) -> Value:
    """`tril(m, n, k)`: the 0/1 pattern itself."""
    lower = call.function == "tril"

    def make() -> Node:
        rows, columns = context.sizes.resolve_shape(dims)
        return kernels.triangle(rows, columns, offset, lower)

    return context.new(call, dims, make)


@structural("selection", "*", 0)
def _selection(context: Context, call: s.Call, args: Arguments) -> Value:
    if len(args.rest) != 4:
        raise context.error("selection takes count, size, start and step", call)
    count, whole, start = (size(context, item) for item in args.rest[:3])
    step = integer(context, args.rest[3])

    def make() -> Node:
        dims = context.sizes.resolve_shape((count, whole, start))
        return kernels.selection(dims[0], dims[1], dims[2], step)

    return context.new(call, (count, whole), make)
