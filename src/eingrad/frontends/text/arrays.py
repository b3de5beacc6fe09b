"""einsum, blocks, concatenation and indexing in texts: what is written with lists and letters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ...dims import ONE, Dim
from ...ir import build, construct
from ...ir.node import Node
from . import syntax as s
from .functions import Arguments, structural
from .values import Context, Value
from .written import axes_of, integer, size

MAX_ITEMS = 200  # of a block or a concatenation


@structural("einsum", count=None)
def _einsum(context: Context, call: s.Call, args: Arguments) -> Value:
    texts = [a for a in call.arguments if isinstance(a, s.Text)]
    if len(texts) != 1 or call.arguments[0] is not texts[0]:
        raise context.error('einsum needs its letters first, as in einsum("ij,j->i", A, x)', call)
    spec = texts[0].content.replace(" ", "")
    inputs, arrow, output = spec.partition("->")
    parts = inputs.split(",")
    letters = set("".join(parts))
    if not all(c.isalpha() and len(c) == 1 for c in letters | set(output)):
        hint = "leading axes are written out with letters" if "." in spec else ""
        raise context.error("einsum takes letters, commas and ->", texts[0], hint=hint)
    if len(parts) != len(args.values):
        raise context.error(
            f"einsum has letters for {len(parts)} operands and is given {len(args.values)}", call
        )
    if not arrow:
        output = "".join(sorted(c for c in letters if inputs.count(c) == 1))
    if len(set(output)) < len(output) or not set(output) <= letters:
        raise context.error("each output letter of einsum occurs once, and in an operand", texts[0])
    sizes: dict[str, tuple[Dim, Value]] = {}
    for part, value in zip(parts, args.values, strict=True):
        if len(part) != value.ndim:
            raise context.misfit(f"einsum has {len(part)} letters for this operand", value)
        for letter, dim in zip(part, value.shape, strict=True):
            known, first = sizes.setdefault(letter, (dim, value))
            context.unify(known, dim, f"the letter {letter} has two sizes", first, value)
    wanted = f"{','.join(parts)}->{output}"
    return context.new(
        call,
        tuple(sizes[c][0] for c in output),
        lambda *nodes: build.contract(wanted, *nodes),
        *args.values,
    )


# -- blocks ------------------------------------------------------------------------------------


def block(context: Context, syntax: s.Block, parts: list[Value]) -> Value:
    """`[a, b; c, d]`: columns and rows of blocks; `[[a, b], [c, d]]` as in Python."""
    if len(parts) > MAX_ITEMS:
        raise context.error(f"a block has at most {MAX_ITEMS} entries", syntax)
    rows: list[list[Value]] = []
    rest = iter(parts)
    for row in syntax.rows:
        rows.append([next(rest) for _ in row])
    nested = len(rows) == 1 and all(isinstance(item, s.Block) for item in syntax.rows[0])
    if nested:
        rows = [[value] for value in rows[0]]
    for value in parts:
        if value.ndim > 2:
            raise context.misfit("a block holds scalars, vectors and matrices", value)
    array = any(not v.is_scalar for v in parts)
    matrices = [[_entry(context, v, array) for v in row] for row in rows]
    _align_columns(context, matrices)
    lines = [_join(context, syntax, row, 1) for row in matrices]
    return context.as_column(syntax, _join(context, syntax, lines, 0))


def _entry(context: Context, value: Value, array: bool) -> Value:
    """An entry as a matrix; among arrays, a literal 0 takes the shape that its place has."""
    if array and value.number == 0:
        dims = (context.sizes.fresh(True), context.sizes.fresh(True))
        return context.new(
            value.syntax, dims, lambda: build.zeros(context.sizes.resolve_shape(dims))
        )
    return context.as_matrix(value)


def _align_columns(context: Context, rows: list[list[Value]]) -> None:
    """Blocks above one another have one width where that is open: in [A, B; C, D], A and C."""
    if len({len(row) for row in rows}) > 1:
        return
    for above, below in pairwise(rows):
        for a, b in zip(above, below, strict=True):
            left, right = context.sizes.resolve_shape((a.shape[1], b.shape[1]))
            if any(w in map(Dim.symbol, context.sizes.flexible(w)) for w in (left, right)):
                context.unify(left, right, "these do not fit above one another", a, b)


def _join(context: Context, syntax: s.Syntax, values: Sequence[Value], axis: int) -> Value:
    """Arrays one after another; all other axes agree."""
    first = values[0]
    if len(values) == 1:
        return first
    total = Dim([])
    for value in values:
        if value.ndim != first.ndim:
            raise context.misfit("these have different numbers of axes", first, value)
        for k, (a, b) in enumerate(zip(first.shape, value.shape, strict=True)):
            if k != axis:
                context.unify(a, b, "these do not fit side by side", first, value)
        total = total + value.shape[axis]
    shape = (*first.shape[:axis], total, *first.shape[axis + 1 :])
    return context.new(syntax, shape, lambda *nodes: construct.concatenate(nodes, axis), *values)


@structural("concatenate concat", "axis", None, listed=True)
def _concatenate(context: Context, call: s.Call, args: Arguments) -> Value:
    values = _items(context, call, args)
    axis = _axis(context, args, values[0], 0)
    if values[0].is_scalar:
        raise context.misfit("concatenate joins vectors, matrices and tensors", values[0])
    return _join(context, call, values, axis)


@structural("vstack hstack", "", None, listed=True)
def _stack_rows(context: Context, call: s.Call, args: Arguments) -> Value:
    values = _items(context, call, args)
    down = call.function == "vstack"
    matrices = [context.as_matrix(v) for v in values]
    return context.as_column(call, _join(context, call, matrices, 0 if down else 1))


@structural("stack", "axis", None, listed=True)
def _stack(context: Context, call: s.Call, args: Arguments) -> Value:
    values = _items(context, call, args)
    first = values[0]
    for value in values[1:]:
        if value.ndim != first.ndim:
            raise context.misfit("stack takes arrays of one shape", first, value)
        for a, b in zip(first.shape, value.shape, strict=True):
            context.unify(a, b, "stack takes arrays of one shape", first, value)
    axis = integer(context, args.written["axis"]) if "axis" in args.written else 0
    rank = first.ndim + 1
    if not -rank <= axis < rank:
        raise context.error(f"a stack of these has no axis {axis}", call)
    axis %= rank
    shape = [*first.shape]
    shape.insert(axis, Dim.of(len(values)))
    return context.new(call, shape, lambda *nodes: construct.stack(nodes, axis), *values)


def _items(context: Context, call: s.Call, args: Arguments) -> list[Value]:
    if not args.values:
        raise context.error(f"{call.function} needs arrays, as in {call.function}([x, y])", call)
    if len(args.values) > MAX_ITEMS:
        raise context.error(f"{call.function} takes at most {MAX_ITEMS} arrays", call)
    return args.values


def _axis(context: Context, args: Arguments, value: Value, default: int) -> int:
    if "axis" not in args.written:
        return default
    axes = axes_of(context, args.written["axis"], value)
    if len(axes) != 1:
        raise context.error("one axis is expected here", args.written["axis"])
    return axes[0]


# -- indices -----------------------------------------------------------------------------------


def index(context: Context, syntax: s.Index, value: Value) -> Value:
    """`x[0]`, `A[1:3, :]`, with Python's meaning: from 0, the end excluded, −1 is the last."""
    if len(syntax.items) > value.ndim:
        raise context.misfit(
            f"{len(syntax.items)} indices for {value.ndim} axes", value, hint=_hint(value)
        )
    lists = [item for item in syntax.items if isinstance(item, s.Block)]
    if len(lists) > 1:
        raise context.error("an index has one list", *lists[:2], hint="use one after the other")
    for axis in reversed(range(len(syntax.items))):
        item = syntax.items[axis]
        if isinstance(item, s.Slice):
            value = _take_slice(context, item, value, axis)
        elif isinstance(item, s.Block):
            from .patterns import take_places

            value = take_places(context, item, value, axis)
        else:
            value = _take_one(context, item, value, axis)
    return context.new(syntax, value.shape, lambda n: n, value, row=value.row)


def _hint(value: Value) -> str:
    return "declare it with more axes, as in 'n m k'" if isinstance(value.syntax, s.Name) else ""


def _take_one(context: Context, item: s.Syntax, value: Value, axis: int) -> Value:
    place = size_or_negative(context, item)
    size_here = context.sizes.resolve(value.shape[axis])
    start = _from_end(context, place, size_here)
    count = size_here.as_int()
    at = start.as_int()
    if at is not None and (at < 0 or (count is not None and at >= count)):
        raise context.error(f"this axis has size {size_here}", item)
    if count is None:
        context.note("sizes are assumed to be large enough for the indices that are written")
    shape = [d for k, d in enumerate(value.shape) if k != axis]

    def make(node: Node) -> Node:
        resolved = context.sizes.resolve(start)
        _check_place(context, item, resolved, node.shape[axis])
        cut = construct.take_slice(node, axis, resolved, 1, ONE)
        return construct.squeeze(cut, [axis])

    return context.new(value.syntax, shape, make, value, row=value.row)


def _check_place(context: Context, item: s.Syntax, place: Dim, size_here: Dim) -> None:
    at, count = place.as_int(), size_here.as_int()
    if at is not None and count is not None and not 0 <= at < count:
        raise context.error(f"this axis has size {size_here}", item)


def size_or_negative(context: Context, item: s.Syntax) -> Dim:
    """An index as written: `0`, `-1`, `n-1`."""
    for part in s.postorder(item):
        if isinstance(part, s.Name):
            known = (*context.sizes.rigid, *context.sizes.typed)
            if part.name not in known:
                raise context.error(
                    f"an index is made of numbers and sizes, and {part.name} is no known size",
                    part,
                    hint="declare the shape with that size",
                )
    if isinstance(item, s.Sum) and len(item.terms) == 1 and item.signs == [-1]:
        return size(context, item.terms[0]) * -1
    return size(context, item)


def _from_end(context: Context, place: Dim, size_here: Dim) -> Dim:
    from_end = bool(place.terms) and all(c < 0 for _, c in place.terms)
    return size_here + place if from_end else place


def _take_slice(context: Context, item: s.Slice, value: Value, axis: int) -> Value:
    if item.first is None and item.last is None and item.step is None:
        return value
    size_here = context.sizes.resolve(value.shape[axis])
    step = integer(context, item.step) if item.step is not None else 1
    if step == 0:
        raise context.error("the step of a slice is not 0", item)
    known = size_here.as_int()
    bounds = [
        None if part is None else size_or_negative(context, part)
        for part in (item.first, item.last)
    ]
    integers = [None if b is None else b.as_int() for b in bounds]
    if known is not None and all(
        (b is None) == (i is None) for b, i in zip(bounds, integers, strict=True)
    ):
        places = range(known)[slice(integers[0], integers[1], step)]
        start, count = Dim.of(places.start), Dim.of(len(places))
    else:
        start, count = _symbolic_slice(context, item, bounds, step, size_here)
    shape = [count if k == axis else d for k, d in enumerate(value.shape)]

    def make(node: Node) -> Node:
        first, many = context.sizes.resolve_shape((start, count))
        number = many.as_int()
        if number is not None and number < 0:
            raise context.error(f"this slice is longer than the axis of size {size_here}", item)
        if number != 0:
            last = first + (many - 1) * step
            _check_place(context, item, first, node.shape[axis])
            _check_place(context, item, last, node.shape[axis])
        return construct.take_slice(node, axis, first, step, many)

    return context.new(value.syntax, shape, make, value, row=value.row)


def _symbolic_slice(
    context: Context, item: s.Slice, bounds: list[Dim | None], step: int, size_here: Dim
) -> tuple[Dim, Dim]:
    """First place and count; with a step that is not ±1, the length must be a number."""
    first, last = (None if b is None else _from_end(context, b, size_here) for b in bounds)
    context.note("sizes are assumed to be large enough for the slices that are written")
    if step > 0:
        start = first if first is not None else Dim([])
        length = (last if last is not None else size_here) - start
    else:
        start = first if first is not None else size_here - 1
        length = start - (last if last is not None else Dim.of(-1))
    if step in (1, -1):
        return start, length
    number = length.as_int()
    if number is None:
        raise context.error(
            "a slice with a step needs an axis of known size", item, hint="declare the size"
        )
    return start, Dim.of(-(-number // abs(step)))
