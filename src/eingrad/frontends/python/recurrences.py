"""`scan`: a recurrence from a Python function of one step."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from operator import index
from typing import Any

import numpy as np

from ...dims import Dim, as_dim, shape_text
from ...errors import InputError, ShapeError
from ...ir import kernels
from ...ir.apply import apply
from ...ir.build import broadcast_to, einsum, number
from ...ir.facts import facts_of
from ...ir.loop import MARK, ROOT
from ...ir.node import Node, Variable, variable
from ...ir.recurrence import KEPT
from ...ir.recurrence import scan as loop_of
from .convert import node_of
from .sizes import plain
from .tensor import Tensor

_NUMBERS = count()  # of the variables made for tracing: no two bodies may share one


def scan(
    body: Callable[..., Any],
    init: Any,
    xs: Any = None,
    *params: Any,
    length: Any = None,
    reverse: bool = False,
    checkpoint: bool | int = False,
    truncate: int | None = None,
) -> Any:
    """The states of a recurrence: h_t = body(h_{t−1}, x_t) for t = 1 … T, stacked.

    Parameters
    ----------
    body:
        `body(state, slice, *params) -> state`, written with NumPy's functions. It is called once,
        with symbols; tensors from outside may be used in it freely. State and slice are single
        tensors, or tuples where `init` or `xs` are. Without `xs` it is `body(state, *params)`.
    init:
        The state before the first step: a tensor, or a tuple of tensors (an LSTM's h and c).
    xs:
        What differs from step to step: a tensor of shape (T, …), or a tuple of such.
    length:
        T, a size or its name; needed where there is no `xs`.
    reverse:
        Whether the slices are taken from the last to the first; the state after slice t is still
        at place t.
    checkpoint:
        What code keeps for the way back through time: all states by default; True one in about √T,
        a number K one in K. The others are made again, segment by segment, when the gradients need
        them: memory grows with √T, for at most one run of the steps more. Formulas and values stay
        the same.
    truncate:
        After how many steps gradients are cut: the states that enter the steps K, 2K, … (counted
        from 0, in the direction of the scan) are held constant, as `stop_gradient` does. So the
        gradient is the sum of those of segments of K steps, each from a start that is given:
        truncated back-propagation through time. The values are those of all T steps. K = 1 lets no
        gradient through a state, K ≥ T lets all through; that by `init` is of the first segment.

    Returns
    -------
    The state after each step, of shape (T, …): a tensor, or a tuple. The last state is at −1 (at 0
    in reverse).

    Without `truncate` gradients go through all T steps.

    Raises
    ------
    ShapeError
        There are no steps, inputs differ in length, or the body changes the shape of the state.
    InputError
        There is neither `xs` nor `length`, the body gives another number of states,
        `checkpoint` is neither a bool nor a number of steps, or `truncate` is no whole number from
        1.

    Examples
    --------
    >>> import numpy as np
    >>> from eingrad.frontends.python import matrix, scalar, vector
    >>> W, U, X = matrix("W", "n n"), matrix("U", "n m"), matrix("X", "T m")
    >>> h = scan(lambda h, x: np.tanh(W @ h + U @ x), vector("h0", "n"), X)
    >>> h.shape, h[-1].shape
    ((T, n), (n,))

    Cut after every second step, what comes back through a state has a factor that is 0 there:

    >>> from eingrad import gradient
    >>> h = scan(lambda h, x: h * np.exp(x), scalar("h0"), vector("x", "T"), truncate=2)
    >>> print(str(gradient(np.sum(h), "h0").formula()).replace(" where ", "\\n"))
    s_0
    s_{t−1} = (1 + s_t) exp(x_t) (step(remainder(t − 1, 2)) + (t == 1)), s_T = 0, t = 1…T
    """
    several = isinstance(init, tuple | list)
    starts = [node_of(s) for s in (init if several else (init,))]
    given = () if xs is None else xs if isinstance(xs, tuple | list) else (xs,)
    stacks = [node_of(x) for x in given]
    size = _length(stacks, length)
    carries = [_traced("state", s.shape) for s in starts]
    slices = [_traced("slice", x.shape[1:], facts_of(x) & KEPT) for x in stacks]
    bound = list(zip(slices, stacks, strict=True))
    entering = list(map(Tensor, carries))
    if truncate is not None and _cuts(truncate, size):
        kept = _traced("slice", ())
        bound.append((kept, _kept(size, truncate, bool(reverse))))
        entering = [_held_unless(kept, carry) for carry in carries]
    state: Any = tuple(entering) if several else entering[0]
    inputs: tuple[Any, ...] = ()
    if xs is not None:
        wide = isinstance(xs, tuple | list)
        inputs = (tuple(map(Tensor, slices)) if wide else Tensor(slices[0]),)
    result = body(state, *inputs, *params)
    new = _results(result, several, len(carries))
    made = loop_of(
        new,
        list(zip(carries, starts, strict=True)),
        bound,
        length=size,
        reverse=bool(reverse),
        checkpoint=_apart(checkpoint),
    )
    after = tuple(map(Tensor, made.after))
    return after if several else after[0]


def _apart(checkpoint: Any) -> int:
    """How far apart states are kept, as `Recurrence` has it."""
    if isinstance(checkpoint, bool | np.bool_):
        return ROOT if checkpoint else 0
    try:
        steps = index(checkpoint)
    except TypeError:
        steps = 0
    if steps < 1:
        raise InputError(
            f"checkpoint={checkpoint!r} of scan is neither True nor a number of steps ≥ 1",
            hint="True keeps one state in about √T",
        )
    return steps


def _length(stacks: list[Node], length: Any) -> Dim:
    """The number of steps."""
    for x in stacks:
        if not x.ndim:
            raise ShapeError(
                "a stacked input of scan has the steps as its first axis, not a scalar"
            )
    sizes = [x.shape[0] for x in stacks]
    if length is not None:
        sizes.append(plain(as_dim(length)))
    if not sizes:
        raise InputError("scan needs a stacked input, or the number of steps: length=")
    if any(s != sizes[0] for s in sizes):
        listed = " and ".join(dict.fromkeys(map(str, sizes)))
        raise ShapeError(f"the inputs of scan differ in their number of steps: {listed}")
    return sizes[0]


def _cuts(steps: Any, length: Dim) -> bool:
    """Whether gradients that are cut after so many steps are cut anywhere."""
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise InputError(
            f"truncate={steps!r} is no number of steps",
            hint="give a whole number from 1, or None for gradients through all steps",
        )
    known = length.as_int()
    return known is None or int(steps) < known


def _kept(length: Dim, steps: int, reverse: bool) -> Node:
    """For each step whether gradients pass through the state before it: 0 at K, 2K, …, else 1.

    A formula of the number of the step rather than an array, since T may be a symbol.
    """
    ones = kernels.triangle(length, length, 0, lower=not reverse)
    count = einsum([(ones, [("t",), ("s",)])], [("t",)])  # 1, 2, … in the direction of the scan
    whole, one = (broadcast_to(number(k), count.shape) for k in (int(steps), 1))
    left, first = apply("remainder", count - 1, whole), apply("equal", count, one)
    return apply("step", left) + first


def _held_unless(kept: Node, carry: Node) -> Tensor:
    """The state, through which gradients pass where `kept` is 1.

    Once nothing is held any more it is the state itself: s + k(s − s).
    """
    state = Tensor(carry)
    still = Tensor(apply("stop_gradient", carry))
    return still + Tensor(kept) * (state - still)


def _traced(role: str, shape: Any, facts: frozenset[str] = frozenset()) -> Variable:
    return variable(f"{role}{MARK}{next(_NUMBERS)}", shape, facts)


def _results(result: Any, several: bool, wanted: int) -> list[Node]:
    """What the body gave, as nodes."""
    if several != isinstance(result, tuple | list):
        raise InputError(
            "the body of scan gives what it takes: "
            + ("a tuple of states" if several else "one state, not a tuple")
        )
    new = [node_of(r) for r in (result if several else (result,))]
    if len(new) != wanted:
        shapes = ", ".join(shape_text(n.shape) for n in new)
        raise InputError(
            f"the body of scan gives {len(new)} states ({shapes}), but it takes {wanted}"
        )
    return new
