"""Recurrences as they are written on paper: h_t = tanh(Wh_{t−1} + Ux_t), ∂L/∂W = Σ_t dz_t h_{t−1}ᵀ.

Before a node is written, its recurrences are rewritten: a sum over the steps becomes Σ_t of what is
summed at one step, a state at a known step becomes h_T, and each carry gets "where" lines, one for
a step and one for its start. States are counted from 0, where the recurrence begins (or where one
that runs backwards ends): h_t is the state between the steps t and t + 1.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..dims import Dim
from ..ir.build import add, einsum, power, scale, split_coefficient
from ..ir.loop import Scan
from ..ir.node import Apply, Constant, Contraction, Node, Sum, Term, Variable, variable
from ..ir.recurrence import loop_of, parts
from ..ir.walk import rebuild, substitute, topological, variables
from .names import Names
from .running import Running
from .steps import (
    At,
    NotSliced,
    atom_of,
    counting,
    is_linear,
    number_of_step,
    places_of,
    running_or_fixed,
    slices_below,
)
from .tree import Tree, make, name

if TYPE_CHECKING:
    from .writer import Writer


class Definition(NamedTuple):
    """`title = node`, to be written as a "where" line."""

    title: Tree
    node: Node


class Recurrences:
    """The recurrences of one formula.

    Attributes
    ----------
    running:
        The letters of running steps.
    """

    def __init__(self, writer: Writer, names: Names) -> None:
        self.writer = writer
        self.names = names
        self.running = Running(names)
        self._titles: dict[tuple[object, int], Tree] = {}
        self._order: list[Scan] = []  # one for each carry that has a name
        self._rewritten: dict[Node, Node] = {}
        self._timed: set[Node] = set()
        self._atoms: dict[Node, int | None] = {}
        self._steps: set[Variable] = set()  # states at a running step
        self._first: Definition | None = None
        self._more: list[Definition] = []
        self._slices: dict[tuple[Node, int, At], Node] = {}
        self._whole: dict[Node, Variable] = {}
        self._stacks: list[tuple[Tree, Scan]] = []
        self._defined: dict[Node, Tree] = {}

    # What is written.

    def rewritten(self, root: Node) -> Node:
        """The node with sums over steps, and states, as variables that are drawn as such."""
        if root in self._rewritten:
            return self._rewritten[root]
        self._find_timed(root)
        stack = [root]
        while stack:
            node = stack[-1]
            if node not in self._rewritten:
                needed = self._needed(node)
                if needed:
                    stack.extend(needed)
                    continue
                self._rewritten[node] = self._rewrite(node)
            stack.pop()
        return self._rewritten[root]

    def _needed(self, node: Node) -> list[Node]:
        """What must be rewritten before a node; what is summed over steps need not."""
        if node not in self._timed or isinstance(node, Scan):
            return []
        atom = self._step_atom(node)
        if atom is None:
            return [o for o in node.operands if o not in self._rewritten]
        assert isinstance(node, Contraction)
        others = [f.node for f in node.factors if not any(atom in axis for axis in f.indices)]
        return [o for o in others if o not in self._rewritten]

    def _rewrite(self, node: Node) -> Node:
        if node not in self._timed:
            return node
        if isinstance(node, Scan):
            return self._stack(node)
        atom = self._step_atom(node)
        if atom is not None:
            assert isinstance(node, Contraction)
            return self._summed(node, atom)
        return rebuild(node, tuple(self._rewritten[o] for o in node.operands))

    def of_whole(self, root: Node) -> Node:
        """The same for a whole formula: one whose first axis is the step is told step by step."""
        if not any(isinstance(n, Scan) for n in topological(root)):
            return root
        self._find_timed(root)
        now = At(Dim.of(0), True)
        try:
            part = self._sliced(root, 0, now) if root.ndim in (1, 2, 3) else None
        except NotSliced:
            part = None
        if part is None or not any(v in self._steps for v in variables(part)):
            return self.rewritten(root)
        title = self.names.for_kind(root.ndim)
        self._first = Definition(
            self.running.drawn(name(title, root.ndim - 1), now), self.rewritten(part)
        )
        return self._leaf(name(title, root.ndim), root.shape)

    def definitions(self) -> list[Definition]:
        """What the names mean: the steps and starts of all carries that were named."""
        found: list[tuple[Scan, list[Definition]]] = []
        done = stacks = 0
        while done < len(self._order) or stacks < len(self._stacks):
            if stacks < len(self._stacks):  # a stack as a whole: its slices
                title, node = self._stacks[stacks]
                stacks += 1
                around = self.running.around(node)
                now = At(Dim.of(0), True, len(around))
                left = self.running.drawn(title, now, around)
                found.append((node, [Definition(left, self.at(node, 0, now))]))
            else:
                node = self._order[done]
                done += 1
                found.append((node, self._carry(node)))
        place = {n: k for k, n in enumerate(topological(*(node for node, _ in found)))}
        found.sort(key=lambda entry: place[entry[0]])
        lines = [*(line for _, each in found for line in each), *self._more]
        return lines if self._first is None else [*lines, self._first]

    # Names.

    def _title(self, node: Scan) -> Tree:
        """The name of a carry: h for one that starts at h0, dh for what is passed back to it."""
        key = (node.group, node.place)
        if key not in self._titles:
            r = node.recurrence
            init = node.operands[node.place]
            stem = init.name.rstrip("0").rstrip("_") if isinstance(init, Variable) else ""
            if not stem or r.reverse or stem == getattr(init, "name", ""):
                stem = self._derived(node) or "s"
            depth = len(self.running.around(node))
            self._titles[key] = name(self.names.fresh(stem), r.carries[node.place].ndim)
            self._order.append(node)
            self.running.count(depth, r.length)
        return self._titles[key]

    def _derived(self, node: Scan) -> str:
        """d and the name of a state whose gradient or tangent this recurrence carries."""
        r = node.recurrence
        if not is_linear(r):
            return ""
        shape = r.carries[node.place].shape
        count = len(r.carries)
        states = [
            o
            for o in node.operands[count : count + len(r.steps)]
            if isinstance(o, Scan) and o.shape[1:] == shape[len(shape) - o.ndim + 1 :]
        ]
        found = [s for s in states if s.place == node.place] or states
        return f"d{self._title(found[0]).data}" if found else ""

    def _leaf(self, tree: Tree, shape: tuple[Dim, ...]) -> Variable:
        """A variable that is drawn as a tree."""
        v = variable(f"{len(self.writer.drawn)}#", shape)
        self.writer.drawn[v] = tree
        if tree.op == "at" and tree.data[1]:
            self.running.depends[v] = tuple(tree.data[1].split(","))
        return v

    def _stack(self, node: Scan) -> Node:
        """A stack as a whole: its slices get a line."""
        if node not in self._whole:
            self._title(node)
            ndim = node.ndim
            shown = name(self.names.for_kind(ndim), ndim)
            self._whole[node] = self._leaf(
                self.running.inside(shown, self.running.around(node)), node.shape
            )
            self._stacks.append((name(shown.data, ndim - 1), node))
        return self._whole[node]

    # One step.

    def _carry(self, node: Scan) -> list[Definition]:
        """The lines of one carry."""
        r = node.recurrence
        title = self._title(node)
        zero, one = Dim.of(0), Dim.of(1)
        around = self.running.around(node)
        now = At(zero, True, len(around))
        loop = loop_of(r, node.operands)
        carries, steps, params = parts(node)
        inside: dict[Node, Node] = {v: self.rewritten(o) for v, o in params}
        for (v, _), before in zip(carries, loop.before, strict=True):
            inside[v] = self.at(before, 0, now)
        for v, stack in steps:
            inside[v] = self.at(stack, 0, now)
        own = r.bodies[node.place]
        for body, after in zip(r.bodies, loop.after, strict=True):  # what another carry becomes
            if body is not own and not isinstance(body, Variable) and variables(body):
                inside[body] = self.at(after, 0, now)
        body = substitute(own, inside)
        left = At(zero - one, True, len(around)) if r.reverse else now
        start = At(r.length if r.reverse else zero, False)
        lines = [Definition(self.running.drawn(title, left, around), self.rewritten(body))]
        init = node.operands[node.place]
        if not isinstance(init, Variable) or init.name not in (f"{title.data}0", f"{title.data}_0"):
            lines.append(Definition(self.running.drawn(title, start, around), self.rewritten(init)))
        return lines

    def at(self, node: Node, axis: int, at: At) -> Node:
        """The slice of a node at one step; one that has no such notation gets a name."""
        try:
            return self._sliced(node, axis, at)
        except NotSliced:
            if axis:
                raise
        whole = self.rewritten(node)
        around = self.running.around(whole)
        if whole not in self._defined:  # one name, however many recurrences take its slices
            if around:
                title = name(self.names.for_kind(whole.ndim), whole.ndim)
                self._more.append(Definition(self.running.inside(title, around), whole))
            else:
                title = self.writer.define(whole)
            self._defined[whole] = title
        shown = name(self._defined[whole].data, node.ndim - 1)
        return self._leaf(self.running.drawn(shown, at, around), node.shape[1:])

    def _sliced(self, root: Node, axis: int, at: At) -> Node:
        """The slice, from those of the operands; iterative, since bodies may be deep."""
        stack: list[tuple[Node, int]] = [(root, axis)]
        while stack:
            node, k = stack[-1]
            if (node, k, at) in self._slices:
                stack.pop()
                continue
            needed = [r for r in slices_below(node, k) if (*r, at) not in self._slices]
            if needed:
                stack.extend(needed)
                continue
            self._slices[node, k, at] = self._slice(node, k, at)
            stack.pop()
        return self._slices[root, axis, at]

    def _slice(self, node: Node, axis: int, at: At) -> Node:
        if isinstance(node, Scan):
            shift = Dim.of(0) if node.before == node.recurrence.reverse else Dim.of(-1)
            place = at.place + shift
            shown = self._title(node)
            drawn = self.running.drawn(
                shown, At(place, at.running, at.depth), self.running.around(node)
            )
            self._steps.add(leaf := self._leaf(drawn, node.shape[1:]))
            return leaf
        if isinstance(node, Variable | Constant):
            return self._leaf(self._slice_of_leaf(node, at), node.shape[1:])
        inner = {r: self._slices[(*r, at)] for r in slices_below(node, axis)}
        if counting(node) is not None:
            running = self._leaf(name(self.running.letter(at.depth), 0), ()) if at.running else None
            return number_of_step(node, at, running)
        if isinstance(node, Sum):
            return add(*(inner[o, axis] for o in node.operands))
        if isinstance(node, Apply):
            operands = [inner[o, axis] for o in node.operands]
            if node.function == "power":
                return power(operands[0], node.param("exponent"))
            return rebuild(node, tuple(operands))
        assert isinstance(node, Contraction | Term)
        return self._product(node, axis, inner)

    def _product(
        self, node: Contraction | Term, axis: int, inner: Mapping[tuple[Node, int], Node]
    ) -> Node:
        """A product at one step: the factors with the step's index are sliced."""
        atom = atom_of(node, axis)
        factors: list[tuple[Node, Sequence[tuple[Hashable, ...]]]] = []
        for factor in node.factors:
            places = places_of(factor, atom)
            if places:
                axes = [a for k, a in enumerate(factor.indices) if k != places[0]]
                factors.append((inner[factor.node, places[0]], axes))
            else:
                factors.append((self.rewritten(factor.node), factor.indices))
        out = list(node.out) if isinstance(node, Term) else [(a,) for a in node.out]
        del out[axis]
        coefficient = node.coefficient if isinstance(node, Term) else 1
        sizes: dict[Hashable, Dim] = {k: d for k, d in enumerate(node.sizes) if k != atom}
        return einsum(factors, out, coefficient, sizes)

    def _slice_of_leaf(self, node: Variable | Constant, at: At) -> Tree:
        if isinstance(node, Constant):
            return self.running.drawn(name(self.writer.constant_name(node), node.ndim - 1), at)
        tree = self.writer.variable(node)
        if tree.op == "at":  # M_t at s is M_{t,s}
            inner, label = tree.args[0], tree.data
            shown = self.running.drawn(name(inner.data, node.ndim - 1), at)
            data = tuple(
                ",".join(filter(None, both)) for both in zip(label, shown.data, strict=True)
            )
            return make("at", list(shown.args), data, shown.kind, shown.symmetric)
        if tree.op != "name":
            raise NotSliced
        return self.running.drawn(name(tree.data, node.ndim - 1), at)

    # Sums over steps.

    def _find_timed(self, root: Node) -> None:
        """Find the nodes with a recurrence below."""
        for node in topological(root):
            if isinstance(node, Scan):
                self.names.taken |= node.recurrence.length.symbols()
            if isinstance(node, Scan) or any(o in self._timed for o in node.operands):
                self._timed.add(node)

    def _step_atom(self, node: Node) -> int | None:
        """The index of a contraction that is summed over steps, where the summand can be told."""
        if node not in self._atoms:
            self._atoms[node] = self._find_atom(node)
        return self._atoms[node]

    def _find_atom(self, node: Node) -> int | None:
        if not isinstance(node, Contraction):
            return None
        for atom in range(len(node.sizes)):
            if atom in node.out:
                continue
            holders = [f for f in node.factors if any(atom in axis for axis in f.indices)]
            if not any(f.node in self._timed and f.indices[0] == (atom,) for f in holders):
                continue
            at, factors = running_or_fixed(node, atom, len(self.running.around(node)))
            try:
                for factor in factors:
                    for place in places_of(factor, atom):
                        self._sliced(factor.node, place, at)
            except NotSliced:
                continue
            return atom
        return None

    def _summand(self, node: Contraction, atom: int) -> Node:
        """What is summed, at one step."""
        at, kept = running_or_fixed(node, atom, len(self.running.around(node)))
        factors: list[tuple[Node, Sequence[tuple[Hashable, ...]]]] = []
        for factor in kept:
            places = places_of(factor, atom)
            if places:
                axes = [a for k, a in enumerate(factor.indices) if k != places[0]]
                factors.append((self._sliced(factor.node, places[0], at), axes))
            else:
                factors.append((self._rewritten.get(factor.node, factor.node), factor.indices))
        sizes: dict[Hashable, Dim] = {k: d for k, d in enumerate(node.sizes) if k != atom}
        return einsum(factors, [(a,) for a in node.out], 1, sizes)

    def _summed(self, node: Contraction, atom: int) -> Node:
        body = self.rewritten(self._summand(node, atom))
        if not running_or_fixed(node, atom)[0].running:
            return body
        coefficient, body = split_coefficient(body)
        return scale(coefficient, self._sigma(body, self.running.around(node)))

    def _sigma(self, body: Node, around: tuple[str, ...]) -> Node:
        """Σ_t of a node as a variable that is drawn so."""
        if body not in self._whole:
            written = self.writer.write(body)
            kind = (body.ndim >= 1, body.ndim >= 2)
            if written is not None:
                tree = written.tree()
            else:  # in index notation, as a line that depends on the step
                title = name(self.names.for_kind(body.ndim), body.ndim)
                tree = self.running.drawn(title, At(Dim.of(0), True, len(around)), around)
                self._more.append(Definition(tree, body))
            shown = make("sigma", [tree], (self.running.letter(len(around)),), kind)
            leaf = self._whole[body] = self._leaf(shown, body.shape)
            if around:
                self.running.depends[leaf] = around
        return self._whole[body]
