"""Recurrences of which few states are kept: the steps cut into segments, and sweeps over those.

All marked recurrences of one length that agree in their mark are run together. What hangs on their
states has a *level*: the sweep that first computes it. Sweeps go forward and back in turn: a loss
by the states is of level 0, its gradient of level 1, and what the gradient's own derivative runs
forward again of level 2. A sweep keeps the states at which the segments start; a later one that
reads states makes those of one segment again from there, and runs its own recurrences through the
segment. So what has a slice for each step is there for one segment at a time: sums over the steps
are added up segment by segment, and only stacks that are needed as a whole are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dims import Dim
from ..ir.loop import Scan
from ..ir.node import Contraction, Node
from ..ir.walk import depending_on, rebuild, topological
from .segment import SegmentGraph
from .slices import Part, axis_along, end_of, index_along, parts, parts_by_index, taken_early

Group = Any  # of states that come out of one loop, see `Scan.group`


def segmented(roots: Sequence[Node]) -> list[Node]:
    """The roots with sweeps in place of the recurrences that are marked."""
    done: set[tuple[Dim, int]] = set()
    found = taken_early(roots)
    while True:
        clocks = {
            (n.recurrence.length, n.recurrence.checkpoint): None
            for n in topological(*found)
            if isinstance(n, Scan) and n.recurrence.checkpoint
        }
        pending = [clock for clock in clocks if clock not in done]
        if not pending:
            return found
        done.add(pending[0])
        found = _Sweeps(found, *pending[0]).roots()


class _Sweeps:
    """The sweeps over the recurrences of one length and one mark."""

    def __init__(self, roots: Sequence[Node], length: Dim, checkpoint: int) -> None:
        self.given = list(roots)
        self.length, self.checkpoint = length, checkpoint
        self.order = topological(*roots)
        self.position = {node: k for k, node in enumerate(self.order)}
        scans = [n for n in self.order if self._is_own(n)]
        self.dependent = depending_on(self.order, scans)
        self.axes: dict[Node, int] = {}  # of what has a slice for each step: where
        self.sums: dict[Node, int] = {}  # of sums over the steps: the index
        self.ends: set[Node] = set()  # last states
        self.levels: dict[Node, int] = {}
        self.groups: dict[Group, int] = {}  # the level of each loop
        for node in self.order:
            if node in self.dependent:
                self._place(node)
        # What is needed: as a whole; in slices, by level; and the loops that each sweep runs.
        self.wholes: set[Node] = set()
        self.slices: dict[int, dict[Part, list[Part] | None]] = {}
        self.runs: dict[int, dict[Group, Scan]] = {}
        self._need()

    # What belongs to which sweep.

    def _is_own(self, node: Node) -> bool:
        if not isinstance(node, Scan):
            return False
        r = node.recurrence
        return (r.length, r.checkpoint) == (self.length, self.checkpoint)

    def _place(self, node: Node) -> None:
        """The axis of a node along the steps, and its level."""
        if isinstance(node, Scan) and self._is_own(node):
            self.axes[node] = 0
            if node.group not in self.groups:
                needed = max(map(self._level, self._read_by(node)))
                odd = (needed + node.recurrence.reverse) % 2
                self.groups[node.group] = needed + odd
            self.levels[node] = self.groups[node.group]
            return
        scan = end_of(node)
        if scan is not None and self._is_own(scan):
            self.ends.add(node)
            self.levels[node] = self.levels[scan] + 1
            return
        axis = axis_along(node, self.axes)
        if axis is not None:
            self.axes[node] = axis
            self.levels[node] = max(map(self._level, parts(node, axis) or ()))
            return
        atom = index_along(node, self.axes)
        if isinstance(node, Contraction) and atom is not None and atom not in node.out:
            through = parts_by_index(node, atom)
            if through is not None:
                self.sums[node] = atom
                self.levels[node] = max(map(self._level, through)) + 1
                return
        self.levels[node] = max(self._level((o, None)) for o in node.operands)

    def _level(self, part: Part) -> int:
        """The first sweep that may read a part."""
        node, axis = part
        if node not in self.dependent:
            return 0
        ahead = node in self.axes and self.axes[node] != axis
        return self.levels[node] + ahead

    def _read_by(self, scan: Scan) -> list[Part]:
        """What a recurrence reads: slices of its stacked inputs, the rest whole."""
        r = scan.recurrence
        first, second = len(r.carries), len(r.carries) + len(r.steps)
        return [(o, 0 if first <= k < second else None) for k, o in enumerate(scan.operands)]

    # What is needed.

    def _need(self) -> None:
        pending: list[tuple[Part, int]] = [((root, None), -1) for root in self.given]
        run: set[Group] = set()

        def runs(scan: Scan) -> None:
            level = self.groups[scan.group]
            if scan.group not in run:
                run.add(scan.group)
                self.runs.setdefault(level, {})[scan.group] = scan
                pending.extend((part, level) for part in self._read_by(scan))

        while pending:
            part, level = pending.pop()
            node, axis = part
            if axis is None:
                if node not in self.dependent or node in self.wholes:
                    continue
                self.wholes.add(node)
                scan = end_of(node) if node in self.ends else None
                if scan is not None:
                    runs(scan)
                elif node in self.sums:
                    assert isinstance(node, Contraction)
                    through = parts_by_index(node, self.sums[node]) or []
                    pending += [(p, self.levels[node] - 1) for p in through]
                elif node in self.axes:
                    pending.append(((node, self.axes[node]), self.levels[node]))
                else:
                    pending += [((o, None), -1) for o in node.operands]
                continue
            cut = self.slices.setdefault(level, {})
            if part in cut:
                continue
            made_of = cut[part] = self._through(node, axis)
            if isinstance(node, Scan) and self._is_own(node) and axis == 0:
                runs(node)  # in its own sweep, and here again if that was an earlier one
                pending += [(p, level) for p in self._read_by(node)]
            elif made_of is None:
                pending.append(((node, None), -1))
            else:
                pending += [(p, level) for p in made_of]

    def _through(self, node: Node, axis: int) -> list[Part] | None:
        """What a slice is made of; None where it is one of the whole, or of the states."""
        if node in self.dependent and self.axes.get(node) != axis:
            return None
        return parts(node, axis)

    # The new graph.

    def roots(self) -> list[Node]:
        """The roots in terms of the results of the sweeps."""
        new: dict[Node, Node] = {}
        starts: dict[Group, tuple[Node, ...]] = {}
        whole = [n for n in self.wholes if not self._swept(n)]
        whole.sort(key=lambda n: (self.levels[n], self.position[n]))
        for level in range(max(self.levels.values(), default=-1) + 2):
            while whole and self.levels[whole[0]] <= level:
                node = whole.pop(0)
                new[node] = rebuild(node, tuple(new.get(o, o) for o in node.operands))
            if level in self.runs or level in self.slices:
                self._sweep(level, new, starts)
        return [new.get(root, root) for root in self.given]

    def _swept(self, node: Node) -> bool:
        return node in self.ends or node in self.sums or node in self.axes

    def _sweep(self, level: int, new: dict[Node, Node], starts: dict[Group, Any]) -> None:
        """One sweep, whose results are put into `new` and `starts`."""
        graph = SegmentGraph(self.length, self.checkpoint, bool(level % 2), new)
        slices = self.slices.get(level, {})
        pending = sorted(slices, key=lambda part: self.position[part[0]])
        groups = self.runs.get(level, {})
        for part in pending:
            node, axis = part
            assert axis is not None
            through = slices[part]
            if isinstance(node, Scan) and self._is_own(node) and axis == 0:
                graph.states(node, starts.get(node.group))
            elif through is None:
                graph.cut(node, axis)
            else:
                graph.join(node, axis, through)
        for scan in groups.values():
            graph.run(scan)
        own = [n for n in self.wholes if self._swept(n)]
        own.sort(key=lambda n: self.position[n])
        for node in own:
            last = end_of(node) if node in self.ends else None
            if last is not None and last.group in groups:
                graph.end(node, last)
            elif node in self.sums and self.levels[node] == level + 1:
                assert isinstance(node, Contraction)
                graph.sum(node, self.sums[node])
            elif node in self.axes and self.levels[node] == level:
                graph.stack(node, self.axes[node])
        found = graph.results()
        new.update(found.nodes)
        starts.update(found.starts)
