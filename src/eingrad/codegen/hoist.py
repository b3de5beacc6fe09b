"""Work that need not be done in a loop: what no state enters is computed for all steps at once.

U x_t + b in a recurrent cell is one matrix product before the loop; in the recurrence of its
gradient it is all of f′. So the loop is left with what depends on the step before.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ..dims import Dim
from ..ir.build import add, einsum
from ..ir.loop import Scan
from ..ir.node import Contraction, Factor, Kernel, Node, Size, Sum, Term, Variable, variable
from ..ir.recurrence import loop_of, parts, scan
from ..ir.stacking import stacked
from ..ir.walk import depending_on, rebuild, topological, variables


def hoisted(roots: Sequence[Node]) -> list[Node]:
    """The roots with recurrences whose bodies hold only what depends on their state."""
    new: dict[Node, Node] = {}
    made: dict[object, tuple[tuple[Node, ...], tuple[Node, ...]]] = {}
    for node in topological(*roots):
        current = rebuild(node, tuple(new[o] for o in node.operands))
        if isinstance(current, Scan):
            if current.group not in made:
                made[current.group] = _Hoisting(current).stacks()
            after, before = made[current.group]
            current = (before if current.before else after)[current.place]
        new[node] = current
    return [new[root] for root in roots]


class _Hoisting:
    """One recurrence whose bodies are being relieved."""

    def __init__(self, node: Scan) -> None:
        self.node = node
        r = node.recurrence
        order = topological(*r.bodies)
        self.bound = depending_on(order, r.carries)
        self.stepped = depending_on(order, r.steps)
        self.fixed = depending_on(order, r.params)
        self.rank = max(v.ndim for v in (*r.carries, *r.steps))
        self.outside: dict[Node, Variable] = {}  # what is hoisted → the name it has inside
        self.new: dict[Node, Node] = {}
        for item in order:
            if item in self.bound:
                self.new[item] = self._relieved(item)

    def stacks(self) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        """The states after and before each step."""
        r = self.node.recurrence
        bodies = [self.new[b] if b in self.bound else self._out(b) for b in r.bodies]
        if not self.outside:
            loop = loop_of(r, self.node.operands)
            return loop.after, loop.before
        carries, steps, params = parts(self.node)
        inputs: dict[Node, Node] = {v: stack for v, stack in steps}
        values: dict[Node, Node] = {v: value for v, value in params}
        wholes = stacked(list(self.outside), inputs, values, r.length)
        more = zip(self.outside.values(), wholes, strict=True)  # the same in all: `scan` finds out
        loop = scan(bodies, carries, [*steps, *more], params, length=r.length, reverse=r.reverse)
        return loop.after, loop.before

    def _relieved(self, node: Node) -> Node:
        """A node that depends on the state, with all else below it hoisted."""
        if isinstance(node, Sum):
            free = [o for o in node.operands if o not in self.bound]
            kept = [self.new[o] for o in node.operands if o in self.bound]
            return add(*kept, *([self._out(self._known(add(*free), free))] if free else []))
        if isinstance(node, Contraction | Term):
            return self._product(node)
        operands = [self.new[o] if o in self.bound else self._out(o) for o in node.operands]
        return rebuild(node, tuple(operands))

    def _product(self, node: Contraction | Term) -> Node:
        """Factors that no state enters and that run over the same indices are one factor."""
        sizes: dict[Hashable, Dim] = dict(enumerate(node.sizes))
        groups: dict[frozenset[int], list[Factor]] = {}
        factors: list[tuple[Node, Sequence[tuple[Hashable, ...]]]] = []
        for factor in node.factors:
            if factor.node in self.bound:
                factors.append((self.new[factor.node], factor.indices))
            else:
                atoms = frozenset(a for axis in factor.indices for a in axis)
                groups.setdefault(atoms, []).append(factor)
        for members in groups.values():
            if len(members) == 1:
                factors.append((self._out(members[0].node), members[0].indices))
                continue
            order = dict.fromkeys(a for f in members for axis in f.indices for a in axis)
            axes = [(a,) for a in order]  # as they lie, and not transposed
            joined = einsum([(f.node, f.indices) for f in members], axes, 1, sizes)
            whole = self._out(self._known(joined, [f.node for f in members]))
            factors.append((whole, axes))
        out = node.out if isinstance(node, Term) else tuple((a,) for a in node.out)
        coefficient = node.coefficient if isinstance(node, Term) else 1
        return einsum(factors, out, coefficient, sizes)

    def _known(self, made: Node, of: Sequence[Node]) -> Node:
        """A new node that depends on what its parts depend on."""
        for found in (self.stepped, self.fixed):
            if any(o in found for o in of):
                found.add(made)
        return made

    def _out(self, node: Node) -> Node:
        """What stands inside for a node that no state enters."""
        leaf = isinstance(node, Variable | Kernel | Size)
        if leaf or not (node in self.stepped or node in self.fixed) or not variables(node):
            return node
        if node in self.stepped and node.ndim > self.rank:
            return node  # an outer product of inputs would be larger than they are
        if node not in self.outside:
            self.outside[node] = variable(f"outside{len(self.outside)}", node.shape)
        return self.outside[node]
