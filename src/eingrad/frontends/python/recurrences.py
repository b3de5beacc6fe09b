"""`scan`: a recurrence from a Python function of one step."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from operator import index
from typing import Any

import numpy as np

from ...dims import Dim, as_dim, shape_text
from ...errors import InputError, ShapeError
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

    Returns
    -------
    The state after each step, of shape (T, …): a tensor, or a tuple. The last state is at −1 (at 0
    in reverse).

    Gradients go through all T steps. To truncate them, derive the gradient of a short recurrence
    whose `init` is a variable, and give it the last state of one part of the data for the next.

    Raises
    ------
    ShapeError
        There are no steps, inputs differ in length, or the body changes the shape of the state.
    InputError
        There is neither `xs` nor `length`, the body gives another number of states, or
        `checkpoint` is neither a bool nor a number of steps.

    Examples
    --------
    >>> import numpy as np
    >>> from eingrad.frontends.python import matrix, vector
    >>> W, U, X = matrix("W", "n n"), matrix("U", "n m"), matrix("X", "T m")
    >>> h = scan(lambda h, x: np.tanh(W @ h + U @ x), vector("h0", "n"), X)
    >>> h.shape, h[-1].shape
    ((T, n), (n,))
    """
    several = isinstance(init, tuple | list)
    starts = [node_of(s) for s in (init if several else (init,))]
    given = () if xs is None else xs if isinstance(xs, tuple | list) else (xs,)
    stacks = [node_of(x) for x in given]
    size = _length(stacks, length)
    carries = [_traced("state", s.shape) for s in starts]
    slices = [_traced("slice", x.shape[1:], facts_of(x) & KEPT) for x in stacks]
    state: Any = tuple(map(Tensor, carries)) if several else Tensor(carries[0])
    inputs: tuple[Any, ...] = ()
    if xs is not None:
        wide = isinstance(xs, tuple | list)
        inputs = (tuple(map(Tensor, slices)) if wide else Tensor(slices[0]),)
    result = body(state, *inputs, *params)
    new = _results(result, several, len(carries))
    made = loop_of(
        new,
        list(zip(carries, starts, strict=True)),
        list(zip(slices, stacks, strict=True)),
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
