"""One step of a product: two operands become a matrix product, an elementwise product, a solve, ….

An `Operand` is a value with a label (a small integer) on each axis. It may stand for 1 / value
(`inverted`), so that a quotient is written as one; it may be a *leaf with structure*, an inverse or
a triangle, that is only built when no solve, mask or running sum takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from ..dims import ONE, Dim, product
from .program import ZERO, Program, Value

ALL, NEW, FIRST = ("all",), ("new",), ("at", ZERO)


@dataclass(frozen=True)
class Operand:
    """A value with labels.

    Attributes
    ----------
    kind:
        `"array"`; `"inverse"`: the inverse of the matrix `value`; `"tril"` or `"triu"`: a triangle
        of ones; `"gather"` and `"shifts"`: see `eingrad.codegen.patterns`.
    pattern:
        What else such a leaf is made of.
    k:
        The diagonal of a triangle.
    dense:
        Builds an inverse or a triangle as an array.
    symmetric:
        Whether the matrix under an inverse is symmetric.
    nonnegative:
        Whether all entries are known to be at least 0.
    """

    value: Value
    labels: tuple[int, ...]
    inverted: bool = False
    kind: str = "array"
    k: int = 0
    dense: Callable[[], Value] | None = None
    symmetric: bool = False
    nonnegative: bool = False
    pattern: Any = None


class Steps:
    """Combines operands; `sizes` has the size of each label."""

    def __init__(
        self,
        program: Program,
        sizes: dict[int, Dim],
        weight: Callable[[Dim], float],
        on_solve: Callable[[Value, Value], None],
    ) -> None:
        self.program = program
        self.sizes = sizes
        self.weight = weight
        self.on_solve = on_solve

    def array(self, operand: Operand) -> Operand:
        """The operand as an ordinary array, not inverted."""
        if operand.dense is not None:
            return Operand(operand.dense(), operand.labels)
        if operand.inverted:
            value = self.program.div(self.program.number(1), operand.value)
            return replace(operand, value=value, inverted=False)
        return operand

    def root(self, operand: Operand) -> Operand:
        """The square root of a nonnegative operand."""
        return replace(operand, value=self.program.power(operand.value, Fraction(1, 2)))

    def sum_out(self, operand: Operand, gone: Collection[int]) -> Operand:
        """The operand summed over labels that nothing else carries."""
        gone = [x for x in operand.labels if x in gone]
        if not gone:
            return operand
        if operand.kind != "array":
            for label in gone:  # a running sum or a solve is still cheaper than the array
                ones = Operand(self.program.ones((self.sizes[label],)), (label,))
                kept = [x for x in operand.labels if x not in gone]
                return self.sum_out(self.combine(operand, ones, {*kept, *gone} - {label}), gone)
        operand = self.array(operand)
        axes = [k for k, x in enumerate(operand.labels) if x in gone]
        value = self.program.sum(operand.value, axes)
        return Operand(value, tuple(x for x in operand.labels if x not in gone))

    def combine(
        self, a: Operand, b: Operand, kept: Collection[int], order: Sequence[int] = ()
    ) -> Operand:
        """The product, summed over the labels that are not `kept`; `order` is a wish."""
        if a.kind != "array":
            a, b = b, a
        if b.kind != "array":
            if a.kind != "array":
                a = self.array(a)
            if b.pattern is not None:
                structured = b.pattern.combine(self, b, a, kept)
            elif b.kind == "inverse":
                structured = self._solve(b, a, kept)
            else:
                structured = self._triangle(b, a, kept)
            if structured is not None:
                return structured
            b = self.array(b)
        a = self.sum_out(a, {x for x in a.labels if x not in kept and x not in b.labels})
        b = self.sum_out(b, {x for x in b.labels if x not in kept and x not in a.labels})
        summed = [x for x in a.labels if x in b.labels and x not in kept]
        if not summed:
            return self.elementwise(a, b, order)
        return self._contract(self.array(a), self.array(b), summed, order)

    def elementwise(self, a: Operand, b: Operand, order: Sequence[int] = ()) -> Operand:
        """The product without a summed label, broadcasting what one side lacks."""
        a = self.array(a) if a.dense is not None else a
        b = self.array(b) if b.dense is not None else b
        union = list(dict.fromkeys([*a.labels, *b.labels]))
        if order and set(union) <= set(order):
            target = [x for x in order if x in union]
        else:
            large, small = (a, b) if self._volume(a) >= self._volume(b) else (b, a)
            target = list(dict.fromkeys([*large.labels, *small.labels]))
        left, right = self.align(a, target), self.align(b, target)
        if a.inverted == b.inverted:
            value = self.program.mul(left, right)
        elif a.inverted:
            value = self.program.div(right, left)
        else:
            value = self.program.div(left, right)
        return Operand(
            value,
            tuple(target),
            inverted=a.inverted and b.inverted,
            nonnegative=(a.nonnegative and b.nonnegative) or a == b,
        )

    def align(self, operand: Operand, order: Sequence[int]) -> Value:
        """The value with its axes in the places that `order` gives them, others of size 1.

        Leading axes that it lacks are left out.
        """
        value = self.arrange(operand, [x for x in order if x in operand.labels])
        entries = [ALL if x in operand.labels else NEW for x in order]
        while entries and entries[0] == NEW:
            entries.pop(0)
        return self.program.index(value, entries)

    def arrange(self, operand: Operand, order: Sequence[int]) -> Value:
        """The value with its axes in the order of the labels given."""
        return self.program.transpose(operand.value, [operand.labels.index(x) for x in order])

    def _volume(self, operand: Operand) -> float:
        total = 1.0
        for label in operand.labels:
            total *= self.weight(self.sizes[label])
        return total

    def _contract(self, a: Operand, b: Operand, summed: list[int], order: Sequence[int]) -> Operand:
        batch = [x for x in a.labels if x in b.labels and x not in summed]
        left = [x for x in a.labels if x not in b.labels]
        right = [x for x in b.labels if x not in a.labels]
        if left and right:
            several = len(summed) > 1 or len(left) > 1 or len(right) > 1
            compare = self._scattered if several and not batch else self._turned
            if compare(b, a, right, left, order) < compare(a, b, left, right, order):
                a, b, left, right = b, a, right, left
        if batch:
            return self._batched(a, b, batch, left, right, summed)
        program = self.program
        if not left and not right:
            return Operand(program.vdot(a.value, self.arrange(b, a.labels)), ())
        if len(summed) == 1 and len(left) <= 1 and len(right) <= 1:
            if not left:
                return Operand(
                    program.matmul(self.arrange(b, [*right, *summed]), a.value), tuple(right)
                )
            first = self.arrange(a, [*left, *summed])
            second = self.arrange(b, [*summed, *right])
            return Operand(program.matmul(first, second), (*left, *right))
        if not left:
            a, b, left, right = b, a, right, left
        value = program.tensordot(
            a.value,
            b.value,
            [a.labels.index(x) for x in summed],
            [b.labels.index(x) for x in summed],
        )
        return Operand(value, (*left, *right))

    def _turned(
        self, a: Operand, b: Operand, left: list[int], right: list[int], order: Sequence[int]
    ) -> tuple[int, int]:
        """How many transposes a @ b takes, and what else decides between it and its transpose."""
        turns = int(a.labels[-1] in left) + int(b.labels[0] in right)
        if not set(left + right) <= set(order):
            return turns, a.value.number
        late = min(map(order.index, right)) < min(map(order.index, left))
        return turns + late, late

    def _scattered(
        self, a: Operand, b: Operand, left: list[int], right: list[int], order: Sequence[int]
    ) -> tuple[bool, bool, bool, float, int]:
        """What speaks against a·b in this order, where operands are laid out as matrices: their
        axes come last in the result that do so now, and those of the larger one."""
        last = next((x for x in reversed(order) if x in left or x in right), None)
        volumes = [
            self._volume(Operand(o.value, tuple(rest))) for o, rest in ((a, left), (b, right))
        ]
        return (
            last in left,
            b.labels[-1] not in right,
            a.labels[-1] in left,
            volumes[0] - volumes[1],
            a.value.number,
        )

    def _batched(
        self,
        a: Operand,
        b: Operand,
        batch: list[int],
        left: list[int],
        right: list[int],
        summed: list[int],
    ) -> Operand:
        program = self.program
        if not left and not right:
            value = program.mul(a.value, self.arrange(b, a.labels))  # as it lies in memory
            gone = [k for k, x in enumerate(a.labels) if x in summed]
            return Operand(program.sum(value, gone), tuple(x for x in a.labels if x in batch))
        first = self._grouped(a, batch, left, summed)
        second = self._grouped(b, batch, summed, right)
        value = program.matmul(first, second)
        lead = tuple(self.sizes[x] for x in batch)
        if not left or not right:
            side = [*([ALL] if left else [FIRST]), *([ALL] if right else [FIRST])]
            value = program.index(value, [*[ALL] * len(batch), *side])
        shape = lead + tuple(self.sizes[x] for x in left + right)
        return Operand(program.reshape(value, shape), (*batch, *left, *right))

    def _grouped(
        self, operand: Operand, batch: list[int], rows: list[int], columns: list[int]
    ) -> Value:
        """The operand as a stack of matrices: labels merged into one axis, or none made an axis."""
        value = self.arrange(operand, [*batch, *rows, *columns])
        shape = [self.sizes[x] for x in batch]
        entries: list[tuple[object, ...]] = [ALL] * len(batch)
        for group in (rows, columns):
            shape.append(product(self.sizes[x] for x in group))
            entries.append(ALL if group else NEW)
        if len(rows) > 1 or len(columns) > 1:
            return self.program.reshape(value, tuple(shape))
        return self.program.index(value, entries)

    def _solve(self, inverse: Operand, b: Operand, kept: Collection[int]) -> Operand | None:
        """A⁻¹ times something as a linear solve; None where the inverse itself is needed."""
        row, column = inverse.labels
        b = self.array(b)
        b = self.sum_out(b, {x for x in b.labels if x not in kept and x not in inverse.labels})
        meets = [x for x in (column, row) if x in b.labels]
        if not meets or any(x in kept for x in meets):
            return None
        met = meets[0]
        other = row if met == column else column
        matrix = inverse.value
        if met == row and not inverse.symmetric:
            matrix = self.program.transpose(matrix, (1, 0))
        rest = [x for x in b.labels if x != met]
        right = self.arrange(b, [met, *rest])
        shape = right.shape
        if len(rest) > 1:
            right = self.program.reshape(right, (shape[0], product(shape[1:])))
        value = self.program.solve(matrix, right)
        self.on_solve(inverse.value, value)
        value = self.program.reshape(value, shape)
        if other in rest:  # the trace of A⁻¹ B
            value = self.program.diagonal(value, 0, 1 + rest.index(other))
            rest.remove(other)
            return Operand(self.program.sum(value, [len(rest)]), tuple(rest))
        return self.sum_out(Operand(value, (other, *rest)), {other} if other not in kept else ())

    def _triangle(self, triangle: Operand, b: Operand, kept: Collection[int]) -> Operand | None:
        """A triangle of ones as a mask or a running sum; None where it must be built."""
        row, column = triangle.labels
        lower = triangle.kind == "tril"
        meets = [x for x in (row, column) if x in b.labels]
        if len(meets) == 2:
            b = self.array(b)
            rest = [x for x in b.labels if x not in meets]
            value = self.program.triangle(self.arrange(b, [*rest, row, column]), triangle.k, lower)
            result = Operand(value, (*rest, row, column))
            return self.sum_out(result, {x for x in result.labels if x not in kept})
        if len(meets) != 1 or meets[0] in kept or triangle.k:
            return None
        if self.sizes[row] != self.sizes[column]:
            return None
        b = self.array(b)
        met = meets[0]
        other = row if met == column else column
        value = self.program.cumsum(b.value, b.labels.index(met), reverse=lower == (met == row))
        labels = tuple(other if x == met else x for x in b.labels)
        return self.sum_out(Operand(value, labels), {x for x in labels if x not in kept})


def squeezed(program: Program, operand: Operand, sizes: dict[int, Dim]) -> Operand:
    """Without the axes that are lazily broadcast: the value has size 1 where the label has more."""
    lazy = [
        d.is_one and not sizes[x].is_one
        for d, x in zip(operand.value.shape, operand.labels, strict=True)
    ]
    if not any(lazy):
        return operand
    value = program.index(operand.value, [FIRST if z else ALL for z in lazy])
    labels = tuple(x for z, x in zip(lazy, operand.labels, strict=True) if not z)
    return replace(operand, value=value, labels=labels)


__all__ = ["ALL", "FIRST", "NEW", "ONE", "Operand", "Steps", "squeezed"]
