"""Syntax with shapes: what elaboration makes of each part of a text before nodes are built.

A `Value` knows its shape up to sizes that are still being unified, and how its node is made from
the nodes of its operands. Nodes are made at the end, when all sizes are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...dims import Dim, shape_text
from ...errors import EingradError, InputError, ParseError, ShapeError, Span
from ...ir import build
from ...ir.node import Node, Shape
from . import syntax as s
from .sizes import Sizes

Make = Callable[..., Node]

MAX_SIZE_TERMS = 200  # of the polynomial that a size is
MAX_SIZE_PARTS = 100


@dataclass(slots=True, eq=False)
class Value:
    """A part of the text with its shape.

    `row` marks a transposed vector: a row to every product, an array with one axis to the IR.
    `letters` are the index letters of its axes in the index form, else None. `number` is the value
    of a literal.
    """

    syntax: s.Syntax
    shape: Shape
    make: Make
    operands: tuple[Value, ...] = ()
    row: bool = False
    number: Fraction | None = None
    letters: tuple[str, ...] | None = None
    node: Node | None = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def is_scalar(self) -> bool:
        """Whether it has no axes."""
        return not self.shape

    @property
    def kind(self) -> str:
        """`scalar`, `column`, `row`, `matrix` or `tensor`."""
        if self.ndim == 1:
            return "row" if self.row else "column"
        return ("scalar", "", "matrix")[self.ndim] if self.ndim < 3 else "tensor"


class Context:
    """What the elaboration of one text shares: its sizes, its values, its errors."""

    def __init__(self, text: str, sizes: Sizes) -> None:
        self.text = text
        self.sizes = sizes
        self.values: list[Value] = []
        self.notes: list[str] = []
        self.met: list[Dim] = []  # sizes of variables in the order of reading
        self.used_names: set[str] = set()
        self.undeclared: set[str] = set()

    def new(
        self,
        syntax: s.Syntax,
        shape: Iterable[Dim],
        make: Make,
        *operands: Value,
        row: bool = False,
    ) -> Value:
        """A new value, to be built after its operands."""
        dims = tuple(shape)
        for dim in dims:
            if (
                len(dim.terms) > MAX_SIZE_TERMS
                or sum(len(m) for m, _ in dim.terms) > MAX_SIZE_PARTS
            ):
                raise self.error("the size of this is too long a formula", syntax)
        value = Value(syntax, dims, make, operands, row and len(dims) == 1)
        self.values.append(value)
        return value

    def note(self, sentence: str) -> None:
        """Remember something that was assumed."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    # -- errors --------------------------------------------------------------------------------

    def span(self, syntax: s.Syntax, label: str = "") -> Span:
        """The place of a part of the text."""
        return Span(syntax.start, max(syntax.stop, syntax.start + 1), label)

    def shown(self, value: Value) -> str:
        """The shape of a value for a message: `m×n`, `1×n` for a row, `scalar`."""
        shape = self.sizes.display(value.shape, self.met, self.used_names)
        if value.row:
            return f"1×{shape_text(shape)} (a row)"
        return shape_text(shape)

    def error(self, message: str, *places: s.Syntax, hint: str = "") -> ParseError:
        """An error with carets under parts of the text."""
        return ParseError(message, text=self.text, spans=tuple(map(self.span, places)), hint=hint)

    def misfit(self, message: str, *values: Value, hint: str = "") -> ShapeError:
        """An error with carets under values, and their shapes."""
        spans = tuple(self.span(v.syntax, self.shown(v)) for v in values)
        if len({v.kind for v in values}) > 1:
            for value in values:
                name = value.syntax.name if isinstance(value.syntax, s.Name) else ""
                if name in self.undeclared:
                    kind = "vector" if value.ndim == 1 else value.kind
                    hint += (
                        f"{chr(10) if hint else ''}{name} is not declared and was read as a {kind}"
                    )
        return ShapeError(message, text=self.text, spans=spans, hint=hint)

    # -- shapes --------------------------------------------------------------------------------

    def unify(self, left: Dim, right: Dim, message: str, *values: Value, hint: str = "") -> None:
        """Make two sizes equal or raise a `ShapeError` that shows the values."""

        def failure() -> ShapeError:
            return self.misfit(message, *values, hint=hint)

        if not self.sizes.unify(left, right, failure):
            raise failure()

    def is_one(self, dim: Dim) -> bool:
        """Whether a size is the literal 1."""
        return self.sizes.resolve(dim).is_one

    def common_shape(self, values: Sequence[Value], what: str) -> tuple[Shape, bool]:
        """The shape (and whether it is a row) of an elementwise operation; scalars stretch."""
        arrays = [v for v in values if not v.is_scalar]
        if not arrays:
            return (), False
        first = arrays[0]
        shape = list(first.shape)
        for other in arrays[1:]:
            hint = ""
            if other.ndim == first.ndim == 1 and other.row != first.row:
                raise self.misfit(
                    f"{what} takes operands of one shape, not a column and a row",
                    first,
                    other,
                    hint="transpose one of them with '",
                )
            if other.ndim != first.ndim:
                if {first.ndim, other.ndim} == {1, 2}:
                    hint = "a vector is repeated along rows or columns as in x*vector(1)'"
                raise self.misfit(f"{what} takes operands of one shape", first, other, hint=hint)
            for k, (a, b) in enumerate(zip(shape, other.shape, strict=True)):
                a, b = self.sizes.resolve(a), self.sizes.resolve(b)
                if a.is_one and not self.sizes.flexible(b):
                    shape[k] = b
                elif b.is_one and not self.sizes.flexible(a):
                    continue
                else:
                    self.unify(a, b, f"{what} takes operands of one shape", first, other)
        return tuple(shape), first.row

    def square(self, value: Value, what: str) -> Dim:
        """The size of a square matrix; `ShapeError` that names `what` needs it otherwise."""
        if value.ndim != 2:
            raise self.misfit(f"{what} needs a square matrix", value)
        self.unify(value.shape[0], value.shape[1], f"{what} needs a square matrix", value)
        return value.shape[0]

    def as_matrix(self, value: Value) -> Value:
        """A scalar, column or row as a matrix with axes of size 1."""
        one = Dim.of(1)
        if value.ndim == 2:
            return value
        if value.is_scalar:
            return self.new(value.syntax, (one, one), lambda n: _expand(n, (0, 1)), value)
        (size,) = value.shape
        if value.row:
            return self.new(value.syntax, (one, size), lambda n: _expand(n, (0,)), value)
        return self.new(value.syntax, (size, one), lambda n: _expand(n, (1,)), value)

    def as_column(self, syntax: s.Syntax, value: Value) -> Value:
        """A matrix with an axis of literal size 1 as the column, row or scalar that it is."""
        rows, columns = map(self.is_one, value.shape)
        kept = [k for k, gone in enumerate((rows, columns)) if not gone]
        if len(kept) == 2:
            return value
        shape = [value.shape[k] for k in kept]
        gone = [k for k in (0, 1) if k not in kept]
        return self.new(syntax, shape, lambda n: _squeeze(n, gone), value, row=rows)

    # -- building ------------------------------------------------------------------------------

    def build(self) -> None:
        """Make the nodes of all values, operands first."""
        for value in self.values:
            nodes = [v.node for v in value.operands]
            try:
                node = value.make(*nodes)
            except InputError as error:
                if error.text:
                    raise
                raise type(error)(
                    error.message, text=self.text, spans=(self.span(value.syntax),), hint=error.hint
                ) from error
            expected = self.sizes.resolve_shape(value.shape)
            if node.shape != expected:
                raise ShapeError(
                    f"this has shape {shape_text(node.shape)}, "
                    f"where {shape_text(expected)} was read",
                    text=self.text,
                    spans=(self.span(value.syntax),),
                )
            value.node = node


def _expand(node: Node, axes: Sequence[int]) -> Node:
    from ...ir.construct import expand_dims

    return expand_dims(node, axes)


def _squeeze(node: Node, axes: Sequence[int]) -> Node:
    from ...ir.construct import squeeze

    return squeeze(node, axes)


def with_place(error: EingradError, context: Context, syntax: s.Syntax) -> EingradError:
    """The error with the place in the text that it is about, if it has none yet."""
    if isinstance(error, InputError) and not error.text:
        return type(error)(
            error.message, text=context.text, spans=(context.span(syntax),), hint=error.hint
        )
    return error


def stretch(node: Node, shape: Shape) -> Node:
    """A node broadcast to a shape."""
    return build.broadcast_to(node, shape)
