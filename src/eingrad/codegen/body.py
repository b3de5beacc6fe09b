"""What runs again and again as a program of its own: a step of a loop, a segment of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..ir.loop import Recurrence
from ..ir.sweep import Segment

if TYPE_CHECKING:
    from .program import Program, Value


class Body:
    """One step of a recurrence as a program of its own, whose inputs are the bound variables.

    Attributes
    ----------
    recurrence:
        What it computes.
    program:
        Its operations.
    roots:
        The next value of each carry.
    kept:
        Values of a step that are stacked for those outside.
    """

    __slots__ = ("kept", "program", "recurrence", "roots")

    def __init__(
        self,
        recurrence: Recurrence,
        program: Program,
        roots: Sequence[Value],
        kept: Sequence[Value] = (),
    ) -> None:
        self.recurrence = recurrence
        self.program = program
        self.roots = tuple(roots)
        self.kept = tuple(kept)


class SweepBody:
    """One segment of a sweep as a program of its own, whose inputs are the bound variables.

    Attributes
    ----------
    segment:
        What it computes.
    program:
        Its operations.
    roots:
        What it gives: ends, sums, stacks.
    """

    __slots__ = ("program", "roots", "segment")
    kept: tuple[Value, ...] = ()

    def __init__(self, segment: Segment, program: Program, roots: Sequence[Value]) -> None:
        self.segment = segment
        self.program = program
        self.roots = tuple(roots)
