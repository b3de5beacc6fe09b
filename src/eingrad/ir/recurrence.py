"""Recurrences in normal form: one step as a closed body, and the loops that run it.

`scan` is the one way to make them. The body's variables are bound: carries (the state), steps (one
slice of each stacked input) and params (the same in all steps); whatever else occurs in a body
becomes a parameter. Bound variables get names by place, inputs are sorted, and what is not used,
zero, or the same in all steps does not stay a stacked input, so that equal recurrences are one.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from ..dims import ONE, Dim, shape_text
from ..errors import ShapeError
from . import kernels
from .build import einsum, is_zero, zeros
from .construct import concatenate, expand_dims, take_slice
from .facts import facts_of
from .loop import MARK, Recurrence, Scan, raw_scan
from .node import Constant, Kernel, Node, Shape, Size, Term, Variable, variable
from .walk import depending_on, substitute, substitute_each, topological, variables

KEPT = frozenset({"positive", "nonnegative", "integer"})  # what slices have if the whole has it


@dataclass(frozen=True)
class Loop:
    """All states of a recurrence that runs once.

    Attributes
    ----------
    after, before:
        For each carry the states after and before the steps, of shape (T, *carry).
    last:
        For each carry the state after the last step.
    """

    after: tuple[Node, ...]
    before: tuple[Node, ...]
    last: tuple[Node, ...]


Bound = Sequence[tuple[Variable, Node]]


def scan(
    bodies: Sequence[Node],
    carries: Bound,
    steps: Bound = (),
    params: Bound = (),
    *,
    length: Dim,
    reverse: bool = False,
    checkpoint: int = 0,
) -> Loop:
    """The loop that puts the values of `bodies` in place of the carries, `length` times.

    Parameters
    ----------
    bodies:
        The next value of each carry.
    carries, steps, params:
        Bound variables with what they stand for: the initial state, the stacked input (axis 0 is
        the step), the value that is the same in all steps.
    reverse:
        Whether slices are taken from the last to the first.
    checkpoint:
        How far apart the states are that code keeps; see `Recurrence`.

    Raises
    ------
    ShapeError
        A body has another shape than its carry, an input does not fit, or there are no steps.

    Examples
    --------
    >>> from eingrad.ir.build import dims
    >>> h, x, X = (variable(*v) for v in [("h", ()), ("x", ()), ("X", dims("T"))])
    >>> loop = scan([h + x], [(h, h - h)], [(x, X)], length=X.shape[0])
    >>> loop.after[0].shape, loop.last[0].shape
    ((Dim(T),), ())
    """
    _check(bodies, carries, steps, params, length)
    if length.is_one:
        return _once(bodies, carries, steps, params)
    stacked, fixed, inlined = _sorted_out(steps, params)
    if inlined:
        bodies = [substitute(b, inlined) for b in bodies]
    outside: dict[Node, Node] = {}
    for k, node in enumerate(_free(bodies, {v for v, _ in (*carries, *stacked, *fixed)})):
        v = variable(f"free{MARK}{k}", node.shape)
        outside[node] = v
        fixed.append((v, node))
    if outside:
        bodies = [substitute(b, outside) for b in bodies]
    used = set(variables(*bodies))
    renamed: dict[Node, Node] = {}
    new_carries = _named("c", [(v, _plain(v)) for v, _ in carries], renamed)
    new_steps, inputs = _collected("x", [s for s in stacked if s[0] in used], renamed)
    new_params, values = _collected("p", [p for p in fixed if p[0] in used], renamed)
    recurrence = Recurrence(
        tuple(substitute(b, renamed) for b in bodies),
        new_carries,
        new_steps,
        new_params,
        length,
        reverse,
        checkpoint,
    )
    return loop_of(recurrence, [*(init for _, init in carries), *inputs, *values])


def loop_of(recurrence: Recurrence, operands: Sequence[Node]) -> Loop:
    """The stacks that come out of a recurrence in normal form."""
    places = range(len(recurrence.carries))
    after = tuple(raw_scan(recurrence, operands, k, False) for k in places)
    before = tuple(raw_scan(recurrence, operands, k, True) for k in places)
    end = Dim.of(0) if recurrence.reverse else recurrence.length - 1
    return Loop(after, before, tuple(slice_of(stack, end) for stack in after))


def with_operands(
    node: Scan, operands: Sequence[Node], bodies: Sequence[Node] | None = None
) -> Node:
    """The same states of the recurrence with other operands (or other bodies, in terms of the same
    bound variables), in normal form again."""
    r = node.recurrence
    first, second = len(r.carries), len(r.carries) + len(r.steps)
    loop = scan(
        r.bodies if bodies is None else bodies,
        list(zip(r.carries, operands[:first], strict=True)),
        list(zip(r.steps, operands[first:second], strict=True)),
        list(zip(r.params, operands[second:], strict=True)),
        length=r.length,
        reverse=r.reverse,
        checkpoint=r.checkpoint,
    )
    return (loop.before if node.before else loop.after)[node.place]


def by_states_after(roots: Sequence[Node], known: Collection[Node]) -> list[Node]:
    """The roots with states before a step as the start and the states after the step before it,
    where those are among the known nodes: for functions that are handed one stack.

    Examples
    --------
    >>> h, h0 = variable("h", (Dim.symbol("n"),)), variable("h0", (Dim.symbol("n"),))
    >>> loop = scan([h * h], [(h, h0)], length=Dim.symbol("T"))
    >>> (shifted,) = by_states_after(loop.before, loop.after)
    >>> loop.before[0] in topological(shifted), loop.after[0] in topological(shifted)
    (False, True)
    """
    found: dict[Node, Node] = {}
    for node in topological(*roots):
        if isinstance(node, Scan) and node.before:
            r = node.recurrence
            after = loop_of(r, node.operands).after[node.place]
            if after in known:
                start = expand_dims(node.operands[node.place], [0])
                kept = take_slice(after, 0, int(r.reverse), 1, r.length - 1)
                found[node] = concatenate([kept, start] if r.reverse else [start, kept], 0)
    return substitute_each(roots, found) if found else list(roots)


def bound(recurrence: Recurrence) -> tuple[Variable, ...]:
    """The bound variables in the order of the operands."""
    return (*recurrence.carries, *recurrence.steps, *recurrence.params)


def parts(node: Scan) -> tuple[list[tuple[Variable, Node]], ...]:
    """The bound variables with the operands they stand for: carries, steps, params."""
    r = node.recurrence
    named = list(zip(bound(r), node.operands, strict=True))
    first, second = len(r.carries), len(r.carries) + len(r.steps)
    return named[:first], named[first:second], named[second:]


def slice_of(stack: Node, place: Dim) -> Node:
    """The slice of a stack at one step."""
    axes = [(k,) for k in range(stack.ndim)]
    pattern = kernels.selection(ONE, stack.shape[0], place, 1)
    return einsum([(stack, axes), (pattern, [(), (0,)])], axes[1:])


def placed(part: Node, place: Dim, length: Dim) -> Node:
    """A stack that has `part` at one step and is zero elsewhere."""
    axes = [(k,) for k in range(part.ndim)]
    pattern = kernels.selection(ONE, length, place, 1)
    return einsum([(part, axes), (pattern, [(), ("t",)])], [("t",), *axes])


def repeated(node: Node, length: Dim) -> Node:
    """A stack that has the node at every step."""
    axes: list[tuple[Hashable, ...]] = [(k,) for k in range(node.ndim)]
    return einsum([(node, axes)], [("t",), *axes], 1, {"t": length})


# --- normal form ----------------------------------------------------------------------------------


def _check(
    bodies: Sequence[Node], carries: Bound, steps: Bound, params: Bound, length: Dim
) -> None:
    if length == 0:
        raise ShapeError("a recurrence needs at least one step; there are none (T = 0)")
    if not carries or len(bodies) != len(carries):
        raise ShapeError(f"{len(bodies)} bodies for {len(carries)} carries of a recurrence")
    for k, (body, (v, init)) in enumerate(zip(bodies, carries, strict=True), 1):
        which = "the carry" if len(carries) == 1 else f"carry {k}"
        if init.shape != v.shape:
            raise ShapeError(
                f"{which} has shape {shape_text(v.shape)}, its initial value "
                f"{shape_text(init.shape)}"
            )
        if body.shape != v.shape:
            raise ShapeError(
                f"{which} has shape {shape_text(v.shape)} before a step and "
                f"{shape_text(body.shape)} after it; a recurrence must keep it"
            )
    for v, stack in steps:
        if stack.shape != (length, *v.shape):
            raise ShapeError(
                f"a stacked input has shape {shape_text(stack.shape)}, it needs "
                f"{shape_text((length, *v.shape))}"
            )
    for v, value in params:
        if value.shape != v.shape:
            raise ShapeError(
                f"a parameter has shape {shape_text(value.shape)}, it needs {shape_text(v.shape)}"
            )


def _once(bodies: Sequence[Node], carries: Bound, steps: Bound, params: Bound) -> Loop:
    """One step needs no loop."""
    values: dict[Node, Node] = {v: n for v, n in (*carries, *params)}
    for v, stack in steps:
        axes = [(k,) for k in range(v.ndim)]
        values[v] = einsum([(stack, [(), *axes])], axes)
    last = tuple(substitute(b, values) for b in bodies)
    before = tuple(expand_dims(init, [0]) for _, init in carries)
    return Loop(tuple(expand_dims(n, [0]) for n in last), before, last)


def _sorted_out(
    steps: Bound, params: Bound
) -> tuple[list[tuple[Variable, Node]], list[tuple[Variable, Node]], dict[Node, Node]]:
    """Inputs that differ from step to step, those that do not, and those that are patterns."""
    stacked, fixed = [], list(params)
    for v, stack in steps:
        once = _same_in_all(stack)
        if once is None:
            stacked.append((v, stack))
        else:
            fixed.append((v, once))
    inlined: dict[Node, Node] = {v: n for v, n in fixed if _is_pattern(n)}
    return stacked, [f for f in fixed if f[0] not in inlined], inlined


def _same_in_all(stack: Node) -> Node | None:
    """The slice of a stack that was broadcast over its first axis."""
    if is_zero(stack):
        return zeros(stack.shape[1:])
    if not isinstance(stack, Term) or len(stack.out[0]) != 1:
        return None
    (atom,) = stack.out[0]
    carried = [a for f in stack.factors for axis in f.indices for a in axis]
    if atom in carried or any(atom in axis for axis in stack.out[1:]):
        return None
    sizes: dict[Hashable, Dim] = {k: d for k, d in enumerate(stack.sizes) if k != atom}
    factors = [(f.node, f.indices) for f in stack.factors]
    return einsum(factors, stack.out[1:], stack.coefficient, sizes)


def _is_pattern(node: Node) -> bool:
    """Whether a node has no entries of its own: zeros, ones, an identity, a number."""
    if isinstance(node, Term):
        return all(isinstance(f.node, Kernel | Size) for f in node.factors)
    return is_zero(node) or isinstance(node, Kernel | Size)


def _free(bodies: Sequence[Node], own: set[Variable]) -> list[Node]:
    """The largest parts of the bodies without bound variables; patterns, multiples and views stay
    where they are."""
    order = topological(*bodies)
    inside = depending_on(order, own)
    entries = {n for n in order if isinstance(n, Variable | Constant)}
    owned = depending_on(order, entries - own)
    pending = [b for b in bodies if b not in inside]
    pending += [o for node in order if node in inside for o in node.operands if o not in inside]
    found: dict[Node, None] = {}
    while pending:
        node = pending.pop()
        if isinstance(node, Term):  # −a and Aᵀ are a and A, seen otherwise
            pending.extend(node.operands)
        elif node in owned:
            found[node] = None
    return list(found)


def _plain(v: Variable) -> Node:
    """Something of a variable's shape of which nothing is known: a carry may lose its sign."""
    return variable(v.name, v.shape)


def _named(letter: str, given: Bound, renamed: dict[Node, Node]) -> tuple[Variable, ...]:
    new = []
    for k, (v, node) in enumerate(given):
        new.append(variable(f"{letter}{MARK}{k}", v.shape, facts_of(node) & KEPT))
        renamed[v] = new[-1]
    return tuple(new)


def _collected(
    letter: str, given: Bound, renamed: dict[Node, Node]
) -> tuple[tuple[Variable, ...], list[Node]]:
    """New names in the order of the operands; one for all that stand for the same."""
    operands = sorted({node for _, node in given}, key=lambda n: n.order)
    shape_of: Mapping[Node, Shape] = {node: v.shape for v, node in given}
    new = {
        node: variable(f"{letter}{MARK}{k}", shape_of[node], facts_of(node) & KEPT)
        for k, node in enumerate(operands)
    }
    renamed.update((v, new[node]) for v, node in given)
    return tuple(new.values()), operands
