"""The node of a recurrence, and what one step of it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..dims import Dim
from .node import Node, Variable, intern, shape_key

ROOT = -1  # checkpoints about √T steps apart
MARK = "#"  # in the name of a bound variable: no user can give one


class Recurrence(NamedTuple):
    """What one step of a recurrence does: a description, not a node.

    The bodies are closed: their variables are `carries`, `steps` and `params`, with names that no
    user can give, so that equal recurrences are equal tuples. `eingrad.ir.recurrence` makes them.

    Attributes
    ----------
    bodies:
        The next value of each carry.
    carries:
        The state before the step.
    steps:
        One slice of each stacked input.
    params:
        What is the same in all steps.
    length:
        The number of steps T.
    reverse:
        Whether the slices are taken from the last one to the first.
    checkpoint:
        0: code may keep all states; `ROOT`: it keeps one in about √T, and makes the others again
        where they are read; a number K: one in K. What is computed is the same.
    """

    bodies: tuple[Node, ...]
    carries: tuple[Variable, ...]
    steps: tuple[Variable, ...]
    params: tuple[Variable, ...]
    length: Dim
    reverse: bool
    checkpoint: int = 0


class Scan(Node):
    """The states of one carry of a recurrence, stacked: axis 0 is the step.

    Operands are the initial carries, the stacked inputs (steps first), then the parameters; all
    the `Scan`s with one recurrence and the same operands come out of one loop. Slice t belongs to
    slice t of the stacked inputs: the state after that step, or `before` it.
    """

    __slots__ = ("before", "place", "recurrence")
    rank_of_kind = 4
    recurrence: Recurrence
    place: int
    before: bool

    @property
    def group(self) -> tuple[Recurrence, tuple[Node, ...]]:
        """What is the same for all that come out of one loop."""
        return (self.recurrence, self.operands)


def raw_scan(recurrence: Recurrence, operands: Sequence[Node], place: int, before: bool) -> Scan:
    """A stack of states; `eingrad.ir.recurrence` brings recurrences to normal form first."""
    operands = tuple(operands)
    bodies, carries, steps, params, length, reverse, checkpoint = recurrence
    bound = [[f"{v.name}:{shape_key(v.shape)}" for v in vs] for vs in (carries, steps, params)]
    content = f"{place}|{before}|{length}|{reverse}|{bound}|{[b.digest.hex() for b in bodies]}"
    content += f"|{checkpoint}" * bool(checkpoint)
    return intern(
        Scan,
        (recurrence, operands, place, before),
        content,
        (length, *carries[place].shape),
        operands,
        {"recurrence": recurrence, "place": place, "before": before},
    )
