"""What a sweep does at one segment, as a closed graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..dims import Dim
from ..ir.build import is_zero, transpose
from ..ir.facts import facts_of
from ..ir.loop import MARK, Scan
from ..ir.node import Contraction, Kernel, Node, Size, Term, Variable, variable
from ..ir.recurrence import KEPT, Loop, scan
from ..ir.sweep import SEGMENT, Segment, sweep
from ..ir.walk import variables
from .hoist import hoisted
from .slices import Part, joined, joined_by_index, parts_by_index

Group = Any


@dataclass(frozen=True)
class Results:
    """What a sweep gives: nodes of the graph outside → results, and by loop the states with which
    the segments start."""

    nodes: Mapping[Node, Node]
    starts: Mapping[Group, tuple[Node, ...]]


class SegmentGraph:
    """Collects what one sweep does at a segment, operands before what is made of them.

    Parameters
    ----------
    whole:
        What stands for a node of the graph outside by now; itself where there is nothing else.
    """

    def __init__(
        self, length: Dim, checkpoint: int, reverse: bool, whole: Mapping[Node, Node]
    ) -> None:
        self.length, self.checkpoint, self.reverse = length, checkpoint, reverse
        self.whole = whole
        self.inner: dict[Part, Node] = {}  # by node and axis (None: whole) of the graph outside
        self._loops: dict[Group, Loop] = {}
        self._carried: dict[Group, int] = {}  # loops of this sweep → place of their first carry
        self._carries: list[tuple[Variable, Node]] = []
        self._ends: list[Node] = []
        self._starts: list[tuple[Variable, Node]] = []
        self._steps: list[tuple[Variable, Node]] = []
        self._params: dict[Node, Variable] = {}
        self._wanted: dict[Node, tuple[str, int]] = {}
        self._sums: list[Node] = []
        self._stacks: list[tuple[Node, int]] = []

    # Slices.

    def cut(self, node: Node, axis: int) -> None:
        """The slices of an array that is there as a whole."""
        outside = self.whole.get(node, node)
        ahead = [axis, *(k for k in range(node.ndim) if k != axis)]
        stacked = transpose(outside, ahead)
        facts = facts_of(outside) & KEPT
        v = variable(f"x{MARK}{len(self._steps)}", (SEGMENT, *stacked.shape[1:]), facts)
        self._steps.append((v, stacked))
        self.inner[node, axis] = transpose(v, [ahead.index(k) for k in range(node.ndim)])

    def join(self, node: Node, axis: int, through: Sequence[Part]) -> None:
        """Slices that are made of others."""
        self._enter(through)
        self.inner[node, axis] = joined(node, axis, self.inner, SEGMENT)

    def states(self, node: Scan, starts: Sequence[Node] | None) -> None:
        """The states at the steps of the segment: from where this sweep is, or made again from the
        `starts` of an earlier one."""
        loop = self._loop(node, starts)
        self.inner[node, 0] = (loop.before if node.before else loop.after)[node.place]

    def run(self, node: Scan) -> None:
        """A recurrence of this sweep, whether its states are read here or later."""
        self._loop(node, None)

    # Results.

    def end(self, node: Node, of: Scan) -> None:
        """The last state of a recurrence of this sweep."""
        self._loop(of, None)
        self._wanted[node] = ("end", self._carried[of.group] + of.place)

    def sum(self, node: Contraction, atom: int) -> None:
        """A sum over the steps."""
        self._enter(parts_by_index(node, atom) or ())
        self._wanted[node] = ("sum", len(self._sums))
        self._sums.append(joined_by_index(node, atom, self.inner, SEGMENT))

    def stack(self, node: Node, axis: int) -> None:
        """The slices of a node at all steps."""
        self._wanted[node] = ("stack", len(self._stacks))
        self._stacks.append((self.inner[node, axis], axis))

    def results(self) -> Results:
        """The sweep."""
        moved = [
            transpose(node, [axis, *(k for k in range(node.ndim) if k != axis)])
            for node, axis in self._stacks
        ]
        found = hoisted([*self._ends, *self._sums, *moved])
        first, second = len(self._ends), len(self._ends) + len(self._sums)
        used = set(variables(*found))
        starts = [s for s in self._starts if s[0] in used]
        steps = [s for s in self._steps if s[0] in used]
        params = [(v, self.whole.get(n, n)) for n, v in self._params.items() if v in used]
        segment = Segment(
            tuple(v for v, _ in self._carries),
            tuple(found[:first]),
            tuple(v for v, _ in starts),
            tuple(v for v, _ in steps),
            tuple(v for v, _ in params),
            tuple(found[first:second]),
            tuple(found[second:]),
            self.length,
            self.reverse,
            self.checkpoint,
        )
        operands = [n for _, n in (*self._carries, *starts, *steps, *params)]
        nodes: dict[Node, Node] = {}
        for node, (kind, place) in self._wanted.items():
            result: Node = sweep(segment, operands, kind, place)
            if kind == "stack":
                axis = self._stacks[place][1]
                order = [*range(1, axis + 1), 0, *range(axis + 1, node.ndim)]
                result = transpose(result, order)
            nodes[node] = result
        kept: dict[Group, tuple[Node, ...]] = {}
        for group, place in self._carried.items():
            count = len(group[0].carries)
            kept[group] = tuple(
                sweep(segment, operands, "starts", k) for k in range(place, place + count)
            )
        return Results(nodes, kept)

    # What is inside.

    def _enter(self, through: Sequence[Part]) -> None:
        """Give names to the parts that are the same in all segments."""
        for node, axis in through:
            if axis is None:
                self.inner[node, None] = self._same(node)

    def _same(self, node: Node) -> Node:
        """What stands inside for a node that is the same in all segments."""
        if _is_pattern(node):
            return node
        if node not in self._params:
            facts = facts_of(self.whole.get(node, node))
            name = f"p{MARK}{len(self._params)}"
            self._params[node] = variable(name, node.shape, facts)
        return self._params[node]

    def _loop(self, node: Scan, starts: Sequence[Node] | None) -> Loop:
        group = node.group
        if group in self._loops:
            return self._loops[group]
        r = node.recurrence
        first, second = len(r.carries), len(r.carries) + len(r.steps)
        begun: list[Variable] = []
        if starts is None:
            self._carried[group] = len(self._carries)
            for init in node.operands[:first]:
                begun.append(variable(f"c{MARK}{len(self._carries)}", init.shape))
                self._carries.append((begun[-1], self.whole.get(init, init)))
        else:
            for start in starts:
                begun.append(variable(f"s{MARK}{len(self._starts)}", start.shape[1:]))
                self._starts.append((begun[-1], start))
        loop = scan(
            r.bodies,
            list(zip(r.carries, begun, strict=True)),
            [(v, self.inner[o, 0]) for v, o in zip(r.steps, node.operands[first:], strict=False)],
            [(v, self._same(o)) for v, o in zip(r.params, node.operands[second:], strict=True)],
            length=SEGMENT,
            reverse=r.reverse,
        )
        if starts is None:
            self._ends += loop.last
        self._loops[group] = loop
        return loop


def _is_pattern(node: Node) -> bool:
    """Whether a node has no entries of its own and is not built where it can be helped."""
    if isinstance(node, Term):
        return all(isinstance(o, Kernel | Size) for o in node.operands)
    return isinstance(node, Kernel | Size) or is_zero(node)
