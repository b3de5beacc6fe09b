"""Slices and placements inside a product: selection patterns are resolved, never built.

A selection S[i, p] says p = start + step·i. Whatever carries p is sliced and carries i from then
on; an output axis p becomes a *place*: the core is written to a slice of it. A Kronecker delta is
the same thing with the whole axis as its slice, so both are one pattern when the result is
assembled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..dims import Dim
from ..ir.node import AxisIndex, Kernel
from .pairwise import ALL, Operand
from .program import ZERO, Program, Value


@dataclass(frozen=True)
class Place:
    """Where the core lies on an axis of the result: at start + step·label, or just at start."""

    label: int | None
    start: Dim
    step: int
    total: Dim

    def after(self, inner: Place) -> Place:
        """This place seen through one of its label."""
        return Place(
            inner.label, self.start + inner.start * self.step, self.step * inner.step, self.total
        )


@dataclass(frozen=True)
class Selection:
    """S[row, column]: column = start + step·row; `row` None is one entry."""

    row: int | None
    column: int
    start: Dim
    step: int
    count: Dim
    total: Dim


class VanishingProduct(Exception):
    """Two slices of one axis have no entry in common: the product is zero."""


def as_selection(node: Kernel, axes: tuple[AxisIndex, ...]) -> Selection | None:
    """The selection that a kernel with plain indices is; None when it has to be built."""
    if node.kind != "selection" or len(axes[0]) > 1 or len(axes[1]) != 1 or axes[0] == axes[1]:
        return None
    params = dict(node.params)
    row = axes[0][0] if axes[0] else None
    return Selection(row, axes[1][0], params["start"], params["step"], *node.shape)


class Resolver:
    """Eliminates the selections among the factors of one product."""

    def __init__(
        self,
        program: Program,
        sizes: dict[int, Dim],
        operands: list[Operand],
        selections: list[Selection],
    ) -> None:
        self.program = program
        self.sizes = sizes
        self.operands = operands
        self.selections = selections
        self.places: dict[int, Place] = {}
        self.renamed: dict[int, int] = {}

    def run(self) -> None:
        """Eliminate all; raises `VanishingProduct` when nothing is left."""
        while self.selections:
            # Slices of factors first: what remains is then placed into the result.
            now = self.selections.pop(0)
            self._others(now)
            self.operands = [self._slice(o, now) for o in self.operands]
            self.places[now.column] = Place(now.row, now.start, now.step, now.total)

    def place(self, label: int) -> Place:
        """Where an output label lies now."""
        label = self.renamed.get(label, label)
        size = self.sizes[label]
        place = Place(label, ZERO, 1, size)
        while place.label is not None:
            label = self.renamed.get(place.label, place.label)
            place = replace(place, label=label)
            inner = self.places.get(label)
            if inner is None:
                return place
            place = place.after(inner)
        return place

    def _others(self, now: Selection) -> None:
        """Rewrite the other selections that carry the eliminated label."""
        others, self.selections = self.selections, []
        while others:
            other = others.pop(0)
            if other.column == now.column:
                # Labels may be renamed here, in what is still to be looked at as well.
                self.selections += others
                self._meet(now, other)
                return self._others(now)
            if other.row == now.column:
                other = replace(
                    other,
                    row=now.row,
                    start=other.start + now.start * other.step,
                    step=other.step * now.step,
                    count=now.count,
                )
            self._keep(other)

    def _keep(self, selection: Selection) -> None:
        """Hold a selection for later; one of an axis from itself is built: its fixed entries."""
        if selection.row != selection.column:
            self.selections.append(selection)
            return
        value = self.program.diagonal(self._dense(selection, row=True), 0, 1)
        self.operands.append(Operand(value, (selection.column,)))

    def _meet(self, now: Selection, other: Selection) -> None:
        """Two selections of one axis: the same, or without a common entry, or one is built."""
        same = (now.start, now.step, now.count) == (other.start, other.step, other.count)
        if same and now.row is not None and other.row is not None:
            if now.row != other.row:
                self._rename(other.row, now.row)
            return
        if same and now.row is None and other.row is None:
            return
        if now.step == other.step == 1 and (
            _at_most(now.start + now.count, other.start)
            or _at_most(other.start + other.count, now.start)
        ):
            raise VanishingProduct
        if other.row is None or other.row == now.column:
            pattern = self._dense(other, row=False)
            self.operands.append(Operand(pattern, (other.column,)))
        else:
            self.operands.append(Operand(self._dense(other, row=True), (other.row, other.column)))

    def _dense(self, selection: Selection, row: bool) -> Value:
        params = (("start", selection.start), ("step", selection.step))
        value = self.program.kernel("selection", (selection.count, selection.total), params)
        return value if row else self.program.index(value, [("at", ZERO), ALL])

    def _rename(self, old: int, new: int) -> None:
        self.renamed[old] = new
        self.operands = [self._with_label(o, old, new) for o in self.operands]
        others, self.selections = self.selections, []
        for s in others:
            row = new if s.row == old else s.row
            self._keep(replace(s, row=row, column=new if s.column == old else s.column))

    def _with_label(self, operand: Operand, old: int, new: int) -> Operand:
        if old not in operand.labels:
            return operand
        if new not in operand.labels:
            return replace(operand, labels=tuple(new if x == old else x for x in operand.labels))
        operand = self._built(operand)
        p, q = operand.labels.index(old), operand.labels.index(new)
        value = self.program.diagonal(operand.value, p, q)
        rest = tuple(x for x in operand.labels if x not in (old, new))
        return replace(operand, value=value, labels=(*rest, new))

    def _built(self, operand: Operand) -> Operand:
        return operand if operand.dense is None else Operand(operand.dense(), operand.labels)

    def _slice(self, operand: Operand, now: Selection) -> Operand:
        if now.column not in operand.labels:
            return operand
        if operand.pattern is not None and now.row is not None:
            sliced = operand.pattern.sliced(self.program, operand, now)
            if sliced is not None:
                return self._with_label(sliced, now.column, now.row)
        operand = self._built(operand)
        axis = operand.labels.index(now.column)
        entry: tuple[object, ...] = (
            ("at", now.start) if now.row is None else ("slice", now.start, now.step, now.count)
        )
        value = self.program.index(
            operand.value, [entry if k == axis else ALL for k in range(operand.value.ndim)]
        )
        if now.row is None:
            labels = tuple(x for x in operand.labels if x != now.column)
            return replace(operand, value=value, labels=labels)
        return self._with_label(replace(operand, value=value), now.column, now.row)


def _at_most(a: Dim, b: Dim) -> bool:
    """Whether a ≤ b for all sizes, as far as the signs of the coefficients show it."""
    return all(c >= 0 for _, c in (b - a).terms)
