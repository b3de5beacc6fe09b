"""Results from their pieces: concatenated, written to their places, merged axes joined."""

from __future__ import annotations

from collections.abc import Sequence

from ..dims import ONE, Dim
from ..ir.node import Sum
from .network import Piece, lengths
from .pairwise import ALL, NEW
from .program import ZERO, Program, Value


class Assembly:
    """Assembles pieces in a program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def concatenated(self, patterns: list[tuple[int, Piece]], node: Sum) -> Value | None:
        """The pieces side by side, when they fill one axis and are plain on the others."""
        axes = set()
        at: dict[Dim, tuple[int, Piece, Dim]] = {}
        for sign, piece in patterns:
            for k, place in enumerate(piece.places):
                count = ONE if place.label is None else piece.sizes[place.label]
                if place.start == ZERO and place.total == count and place.step == 1:
                    continue
                if place.step != 1 or place.start in at:
                    return None
                axes.add(k)
                at[place.start] = (sign, piece, count)
            labels = [p.label for p in piece.places if p.label is not None]
            if labels != list(piece.labels) or any(len(axis) > 1 for axis in piece.groups):
                return None
        if len(axes) != 1 or len(at) != len(patterns) or len(at) < 2:
            return None
        (axis,) = axes
        parts = []
        start = ZERO
        while start in at:
            sign, piece, count = at.pop(start)
            shape = list(node.shape)
            shape[axis] = count
            parts.append(self.program.broadcast_to(self._core(sign, piece), tuple(shape)))
            start = start + count
            if count == ZERO:
                break
        if at or start != node.shape[axis]:
            return None
        return self.program.concatenate(parts, axis)

    def _core(self, sign: int, piece: Piece) -> Value:
        """The core with an axis of size 1 where a place is one entry."""
        core = self.program.scale(sign, piece.core)
        if any(p.label is None for p in piece.places):
            full = self.program.broadcast_to(core, tuple(piece.sizes[x] for x in piece.labels))
            return self.program.index(full, [NEW if p.label is None else ALL for p in piece.places])
        return core

    def assembled(self, piece: Piece) -> Value:
        """The tensor of a piece: lazily broadcast if it is plain, else with its pattern built."""
        program = self.program
        shape = lengths(piece.groups, piece.sizes) if piece.plain else None
        atoms = tuple(p.total for p in piece.places)
        if shape is None:
            value = self.embedded(None, [(1, piece)], atoms)
        else:
            value = piece.core
            if value.weak or all(len(axis) == 1 for axis in piece.groups):
                return value
            if all(len(axis) <= 1 for axis in piece.groups):
                missing = len(piece.labels) - value.ndim
                entries = [ALL if axis else NEW for axis in piece.groups]
                while missing or (entries and entries[0] == NEW):
                    missing -= entries.pop(0) == ALL
                return program.index(value, entries)
            value = self._merge_ready(value, piece)
        return program.reshape(value, _merged(piece.groups, atoms, value.shape))

    def _merge_ready(self, value: Value, piece: Piece) -> Value:
        """The value with full rank, and with all parts of a merged axis there or none."""
        program = self.program
        missing = len(piece.labels) - value.ndim
        value = program.index(value, [NEW] * missing + [ALL] * value.ndim)
        full = list(value.shape)
        position = 0
        for axis in piece.groups:
            span = range(position, position + len(axis))
            position += len(axis)
            present = [not value.shape[k].is_one or piece.places[k].total.is_one for k in span]
            if any(present):
                for k in span:
                    full[k] = piece.places[k].total
        return program.broadcast_to(value, tuple(full))

    def embedded(
        self, base: Value | None, pieces: Sequence[tuple[int, Piece]], shape: tuple[Dim, ...]
    ) -> Value:
        """The pieces written, or added to `base`, at their places."""
        program = self.program
        if base is None and len(pieces) == 1:
            simple = self._diagonal_matrix(*pieces[0])
            if simple is not None:
                return simple
        cores = []
        patterns = []
        for sign, piece in pieces:
            position = {x: k for k, x in enumerate(piece.labels)}
            cores.append(program.scale(sign, piece.core))
            patterns.append(
                tuple(
                    (-1, p.start, 1, ONE, p.total)
                    if p.label is None
                    else (position[p.label], p.start, p.step, piece.sizes[p.label], p.total)
                    for p in piece.places
                )
            )
        args = cores if base is None else [base, *cores]
        return program.make("embed", args, (shape, base is not None, tuple(patterns)), shape)

    def _diagonal_matrix(self, sign: int, piece: Piece) -> Value | None:
        """c·I and diag(v), which every library has."""
        places = piece.places
        if len(places) != 2 or len(piece.labels) != 1 or places[0] != places[1]:
            return None
        (label,) = piece.labels
        n = piece.sizes[label]
        if places[0].start != ZERO or places[0].step != 1 or places[0].total != n:
            return None
        program = self.program
        core = program.scale(sign, piece.core)
        if core.ndim and not core.shape[0].is_one:
            return program.make("diag", (core,), (), (n, n))
        core = program.index(core, [("at", ZERO)]) if core.ndim else core
        return program.mul(core, program.make("eye", (), (n,), (n, n)))


def _merged(
    groups: Sequence[tuple[int, ...]], atoms: Sequence[Dim], have: Sequence[Dim]
) -> tuple[Dim, ...]:
    """The shape with merged axes, of a value whose atoms are full or all of size 1."""
    shape = []
    position = 0
    for axis in groups:
        size = ONE
        for k in range(position, position + len(axis)):
            size = size * have[k]
        position += len(axis)
        shape.append(size)
    return tuple(shape)


def is_scaled_identity(piece: Piece) -> bool:
    core = piece.core
    return (
        len(piece.places) == 2
        and len(piece.labels) == 1
        and piece.places[0] == piece.places[1]
        and piece.places[0].total == piece.sizes[piece.labels[0]]
        and (not core.ndim or core.shape[0].is_one)
    )
