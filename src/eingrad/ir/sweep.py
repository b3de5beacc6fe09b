"""A sweep over the segments of a recurrence's steps: what code runs where states are made again.

Derivatives, formulas and proofs know recurrences only. The code stage cuts the steps of a marked
one (`Recurrence.checkpoint`) into segments, and writes what belongs to a segment as one closed
graph, in which the recurrences are as long as the segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..dims import Dim
from .loop import MARK
from .node import Node, Shape, Variable, intern, shape_key

SEGMENT = Dim.symbol(f"segment{MARK}")  # the steps of one segment, inside of it
SEGMENTS = Dim.symbol(f"segments{MARK}")  # how many there are


class Segment(NamedTuple):
    """What a sweep does at one segment: a closed graph over bound variables.

    Attributes
    ----------
    carries, ends:
        States at the start of the segment, in the order of the sweep, and at its end.
    starts:
        The states with which earlier sweeps began the segment.
    steps:
        The slices of stacked arrays that belong to the segment, (SEGMENT, …).
    params:
        What is the same in all segments.
    sums:
        What is added up over the segments.
    stacks:
        What is joined along axis 0, (SEGMENT, …).
    length:
        The number of steps T.
    reverse:
        Whether the sweep goes from the last segment to the first.
    checkpoint:
        As in `Recurrence`: how many steps a segment has.
    """

    carries: tuple[Variable, ...]
    ends: tuple[Node, ...]
    starts: tuple[Variable, ...]
    steps: tuple[Variable, ...]
    params: tuple[Variable, ...]
    sums: tuple[Node, ...]
    stacks: tuple[Node, ...]
    length: Dim
    reverse: bool
    checkpoint: int

    @property
    def bound(self) -> tuple[Variable, ...]:
        """The bound variables in the order of the operands."""
        return (*self.carries, *self.starts, *self.steps, *self.params)

    @property
    def roots(self) -> tuple[Node, ...]:
        """All that a segment computes."""
        return (*self.ends, *self.sums, *self.stacks)


class Sweep(Node):
    """One of the results of a sweep: an `end`, the `starts` of all segments, a `sum`, a `stack`.

    Operands stand for the bound variables: the states at the start, the `starts` of earlier sweeps,
    the whole stacked arrays (steps first), the parameters.
    """

    __slots__ = ("kind", "place", "segment")
    rank_of_kind = 4
    segment: Segment
    kind: str
    place: int


def sweep(segment: Segment, operands: Sequence[Node], kind: str, place: int) -> Sweep:
    """The result of a sweep at a place among those of its kind."""
    operands = tuple(operands)
    bound = [f"{v.name}:{shape_key(v.shape)}" for v in segment.bound]
    counts = [len(part) for part in segment[:7]]
    content = f"{kind}|{place}|{segment[7:]}|{counts}|{bound}"
    content += f"|{[root.digest.hex() for root in segment.roots]}"
    return intern(
        Sweep,
        (segment, operands, kind, place),
        content,
        _shape(segment, kind, place),
        operands,
        {"segment": segment, "kind": kind, "place": place},
    )


def _shape(segment: Segment, kind: str, place: int) -> Shape:
    if kind == "end":
        return segment.carries[place].shape
    if kind == "starts":
        return (SEGMENTS, *segment.carries[place].shape)
    if kind == "sum":
        return segment.sums[place].shape
    return (segment.length, *segment.stacks[place].shape[1:])
