"""Back-propagation through time, and its counterpart forward, for whole recurrences at once.

With s_t = f(s_{t−1}, x_t, p) and G_t the cotangent that reaches s_t from outside, m_t is what
arrives at s_t from later steps, and λ_t = G_t + m_t. One recurrence in the other direction has

    m_{t−1} = (∂f/∂s)ᵀ λ_t,    m_T = 0,

and all other gradients are sums over steps outside of the loop: ∂L/∂p = Σ_t (∂f/∂p)ᵀ λ_t is one
contraction of stacks, ∂L/∂x_t = (∂f/∂x)ᵀ λ_t one product for all t, ∂L/∂s_0 = m_0. Forward,
ṡ_t = (∂f/∂s) ṡ_{t−1} + u_t, where u_t holds what comes in by x and p. Where the body's value
occurs in its derivative (1 − tanh² is 1 − s_t²), the states that are known are used.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ..dims import Dim
from ..ir.build import add, is_zero, transpose, zeros
from ..ir.construct import sum_axes
from ..ir.loop import Scan
from ..ir.node import Node, Shape, Sum, Variable, variable
from ..ir.recurrence import Loop, loop_of, parts, placed, scan, slice_of
from ..ir.stacking import stacked
from ..ir.walk import substitute, variables
from .accumulate import merge

Terms = Mapping[Node, list[Node]]


class _Step:
    """One step of a recurrence with what is known of it at all steps."""

    def __init__(self, node: Scan) -> None:
        r = node.recurrence
        self.recurrence = r
        self.loop = loop_of(r, node.operands)
        self.carries, self.steps, self.params = parts(node)
        self.bodies = r.bodies
        # What a body gives is known: it is the state after the step.
        self.values: dict[Node, Variable] = {
            body: variable(f"y{k}", body.shape)
            for k, body in enumerate(r.bodies)
            if not isinstance(body, Variable) and variables(body)
        }
        self.stacks: dict[Variable, Node] = dict(self.steps)
        for (carry, _), before in zip(self.carries, self.loop.before, strict=True):
            self.stacks[carry] = before
        for body, after in zip(r.bodies, self.loop.after, strict=True):
            if body in self.values:
                self.stacks[self.values[body]] = after

    def known(self, node: Node) -> Node:
        """The node with the values of the bodies as inputs."""
        return substitute(node, self.values)

    def run(
        self, bodies: Sequence[Node], inits: Mapping[Variable, Node], more: Mapping[Variable, Node],
        reverse: bool,
    ) -> Loop:  # fmt: skip
        """A recurrence of other carries, over the same steps."""
        return scan(
            bodies,
            list(inits.items()),
            [*self.stacks.items(), *more.items()],
            self.params,
            length=self.recurrence.length,
            reverse=reverse,
            checkpoint=self.recurrence.checkpoint,
        )

    def at_all_steps(self, node: Node, more: Mapping[Variable, Node]) -> Node:
        """The node's value at every step, axis 0 being the step."""
        stacks: dict[Node, Node] = {v: n for v, n in (*self.stacks.items(), *more.items())}
        same: dict[Node, Node] = {v: n for v, n in self.params}
        return stacked([node], stacks, same, self.recurrence.length)[0]

    def moving(self, operands: Collection[Node]) -> set[Variable]:
        """The bound variables that depend on some operands."""
        inputs = [*self.steps, *self.params, *self.carries]
        found = {v for v, operand in inputs if operand in operands}
        below = [set(variables(body)) for body in self.bodies]
        while True:
            new = {v for (v, _), uses in zip(self.carries, below, strict=True) if uses & found}
            if new <= found:
                return found
            found |= new


def pulled_back(
    node: Scan, cotangents: Terms, dependent: Collection[Node], outer: Shape
) -> Iterator[tuple[Node, Node]]:
    """The operands of a recurrence, each with a cotangent, from those of all its stacks.

    Cotangents have axes of shape `outer` in front; only operands in `dependent` are given one.
    """
    from .derive import accumulate

    step = _Step(node)
    r, loop = step.recurrence, step.loop
    length, rank = r.length, len(outer)
    end = Dim.of(0) if r.reverse else length - 1
    outside: list[Node] = []  # G of the state after a step
    earlier: list[Node] = []  # G of the state before it
    ending: list[Node] = []  # G of the last state alone
    for after, before in zip(loop.after, loop.before, strict=True):
        shape = after.shape[1:]
        whole, last = _parted(cotangents.get(after, []), end, rank)
        outside.append(_total(whole, (length, *outer, *shape), rank))
        ending.append(add(*last) if last else zeros((*outer, *shape)))
        earlier.append(_total(cotangents.get(before, []), (length, *outer, *shape), rank))
    moving = step.moving(dependent)
    below = [set(variables(body)) for body in r.bodies]
    reached = {
        k
        for k in range(len(r.bodies))
        if not all(map(is_zero, (outside[k], earlier[k], ending[k])))
    }
    while True:
        more = {
            j for k in reached for j, (v, _) in enumerate(step.carries) if v in below[k]
        } - reached
        if not more:
            break
        reached |= more
    places = [k for k in sorted(reached) if step.carries[k][0] in moving]
    if not places:
        return
    arriving = {k: variable(f"m{k}", outer + r.carries[k].shape) for k in places}
    given = {k: variable(f"g{k}", outer + r.carries[k].shape) for k in places}
    total = {k: variable(f"l{k}", outer + r.carries[k].shape) for k in places}
    seeds: dict[Node, list[Node]] = {}
    for k in places:
        seeds.setdefault(r.bodies[k], []).append(total[k])
    inputs = [v for v, _ in (*step.carries, *step.steps, *step.params) if v in moving]
    found = accumulate(seeds, inputs, outer)
    pulled = {v: step.known(n) for v, n in zip(inputs, found, strict=True)}
    # Of the recurrence in the other direction.
    inside: dict[Node, Node] = {total[k]: add(given[k], arriving[k]) for k in places}
    bodies = []
    more_stacks: dict[Variable, Node] = {given[k]: outside[k] for k in places}
    for k in places:
        passed = substitute(pulled[r.carries[k]], inside)
        own = variable(f"b{k}", outer + r.carries[k].shape)
        more_stacks[own] = earlier[k]
        bodies.append(add(passed, own))
    inits = {arriving[k]: ending[k] for k in places}
    back = step.run(bodies, inits, more_stacks, not r.reverse)
    arrived = dict(zip(places, back.before, strict=True))
    reaching: dict[Variable, Node] = {total[k]: add(outside[k], arrived[k]) for k in places}
    for place, k in enumerate(places):
        init = step.carries[k][1]
        if init in dependent:
            yield init, back.last[place]
    for v, operand in step.steps:
        if v in moving and not is_zero(pulled[v]):
            every = step.at_all_steps(pulled[v], reaching)
            yield operand, _step_behind(every, rank)
    for v, operand in step.params:
        if v in moving and not is_zero(pulled[v]):
            yield operand, sum_axes(step.at_all_steps(pulled[v], reaching), [0])


def pushed_forward(node: Scan, tangents: Terms, trailing: Shape) -> dict[Node, list[Node]]:
    """The tangents of all stacks of a recurrence from those of its operands.

    Tangents have axes of shape `trailing` at the end.
    """
    from .derive import propagate

    step = _Step(node)
    r = step.recurrence
    moving = step.moving({o for o in node.operands if tangents.get(o)})
    places = [k for k, v in enumerate(r.carries) if v in moving]
    moved = {r.carries[k]: variable(f"d{k}", r.carries[k].shape + trailing) for k in places}
    inputs = [(v, o) for v, o in (*step.steps, *step.params) if v in moving]
    seeds = {v: variable(f"i{k}", v.shape + trailing) for k, (v, _) in enumerate(inputs)}
    stacks: dict[Node, Node] = {v: n for v, n in step.stacks.items()}
    fixed: dict[Node, Node] = {v: n for v, n in step.params}
    for v, operand in step.steps:
        if v in seeds:
            stacks[seeds[v]] = add(*tangents[operand])
    for v, operand in step.params:
        if v in seeds:
            fixed[seeds[v]] = add(*tangents[operand])
    bodies: list[Node] = []
    coming: dict[Variable, Node] = {}
    for k in places:
        body = r.bodies[k]
        through = step.known(propagate(body, moved, trailing))
        entering = step.known(propagate(body, seeds, trailing))
        own = variable(f"u{k}", body.shape + trailing)
        coming[own] = stacked([entering], stacks, fixed, r.length)[0]
        bodies.append(add(through, own))
    inits: dict[Variable, Node] = {}
    for k in places:
        v, init = step.carries[k]
        terms = tangents.get(init, [])
        inits[moved[v]] = add(*terms) if terms else zeros(v.shape + trailing)
    result: dict[Node, list[Node]] = {n: [] for n in (*step.loop.after, *step.loop.before)}
    if places:
        ahead = step.run(bodies, inits, coming, r.reverse)
        for place, k in enumerate(places):
            result[step.loop.after[k]] = [ahead.after[place]]
            result[step.loop.before[k]] = [ahead.before[place]]
    return result


def _parted(terms: Sequence[Node], end: Dim, outer: int) -> tuple[list[Node], list[Node]]:
    """Cotangents of a stack, without what belongs to the last state alone, and that."""
    opened = [t for term in merge([*terms]) for t in _summands(term)]
    whole: list[Node] = []
    last: list[Node] = []
    for term in opened:
        stack = _step_ahead(term, outer)
        part = slice_of(stack, end)
        if placed(part, end, stack.shape[0]) is stack:
            last.append(part)
        else:
            whole.append(term)
    return whole, last


def _summands(term: Node) -> Sequence[Node]:
    return term.operands if isinstance(term, Sum) and term.operands else (term,)


def _total(terms: Sequence[Node], shape: Shape, outer: int) -> Node:
    """The sum of cotangents of a stack, with the step in front."""
    return _step_ahead(add(*terms), outer) if terms else zeros(shape)


def _step_ahead(node: Node, outer: int) -> Node:
    order = [outer, *(k for k in range(node.ndim) if k != outer)]
    return transpose(node, order)


def _step_behind(node: Node, outer: int) -> Node:
    return transpose(node, [*range(1, outer + 1), 0, *range(outer + 1, node.ndim)])
