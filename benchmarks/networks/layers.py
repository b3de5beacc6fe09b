"""The backward pass of each layer in NumPy, and both passes in JAX and PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..frameworks.gradients import TOLERANCE, flattened, results
from ..measure import Call, Row, admit, medians, progress
from . import attention, cells, dense, images, losses, normalisation
from .case import Case, Function, Samples

BUDGET = 1.2  # seconds for a row
HAND, BOTH, BOTH_HAND = "NumPy by hand", "eingrad, both passes", "by hand, both passes"
JAX, TORCH, KERNEL = "jax.jit(jax.vjp)", "torch.compile, autograd", "PyTorch's own kernel, eager"


def cases(dtype: type[np.floating]) -> list[Case]:
    """Every layer, with values of one type."""
    make = Samples(dtype)
    rooms = (dense, losses, normalisation, images, attention, cells)
    return [case for room in rooms for case in room.cases(make)]


def numpy_row(case: Case) -> tuple[Row, Row]:
    """The backward pass alone from what each forward pass keeps; then both passes together."""
    passes = case.layer.passes
    forward, backward = passes.forward.function(), passes.backward.function()
    given = {passes.forward.arguments[n]: case.arrays[n] for n in passes.forward.arguments}
    names = [passes.value, *(s.name for s in passes.own)]
    taken = passes.backward.arguments
    sizes = {k: v for k, v in _sizes(case).items() if k in passes.backward.sizes.values()}

    def ahead() -> dict[str, Any]:
        found = forward(**given)
        values = found if passes.own else (found,)
        known = {**case.arrays, **dict(zip(names, values, strict=True))}
        return {**{taken[n]: known[n] for n in taken if n in known}, **sizes}

    incoming = {taken[passes.incoming]: case.incoming} if passes.incoming in taken else {}
    kept = ahead()
    by_hand = case.forward(**case.arrays)[1]

    def hand_both() -> Any:
        return case.backward(case.incoming, *case.forward(**case.arrays)[1])

    alone = {
        "eingrad": lambda: backward(**kept, **incoming),
        HAND: lambda: case.backward(case.incoming, *by_hand),
    }
    both = {"eingrad": lambda: backward(**ahead(), **incoming), HAND: hand_both}
    return (
        compared(case, alone, {HAND: "≥ 0.91×"}),
        compared(case, both, {}),
    )


def _sizes(case: Case) -> dict[str, int]:
    """The sizes of all symbols, by name."""
    return {
        str(dim): size
        for n, t in case.layer.arguments.items()
        for dim, size in zip(t.node.shape, np.shape(case.arrays[n]), strict=True)
    }


def jax_row(case: Case) -> Row:
    """Value and gradients under `jit`, by the rule and by `jax.vjp` of the composed function."""
    import jax

    placed = {n: jax.numpy.asarray(a) for n, a in case.arrays.items()}
    by = case.wrt
    incoming = jax.numpy.asarray(case.incoming)
    rule = case.layer.rule("jax").function()

    def ours(arrays: dict[str, Any]) -> Any:
        return rule(**arrays)

    def theirs(arrays: dict[str, Any]) -> Any:
        return case.composed(jax.numpy, **arrays)

    def call(function: Function) -> Call:
        def both(incoming: Any, arrays: dict[str, Any]) -> Any:
            def of(*found: Any) -> Any:
                return function({**arrays, **dict(zip(by, found, strict=True))})

            value, back = jax.vjp(of, *(arrays[n] for n in by))
            return (value, *back(incoming))

        made = jax.jit(both)
        return lambda: jax.block_until_ready(made(incoming, placed))

    return compared(case, {"eingrad": call(ours), JAX: call(theirs)}, {JAX: "≥ 0.91×"})


def torch_row(case: Case) -> Row:
    """Value and gradients under `torch.compile`; beside them PyTorch's own kernel, eager."""
    import torch

    torch._dynamo.reset()  # one function is compiled only so many times, then no more
    placed = {n: torch.from_numpy(a) for n, a in case.arrays.items()}
    by = case.wrt
    for n in by:
        placed[n].requires_grad_()
    incoming = torch.from_numpy(case.incoming)
    rule = case.layer.rule("torch").function()
    composed, kernel = case.composed, case.kernel

    def call(function: Function) -> Call:
        def both() -> Any:
            value = function(placed)
            found = torch.autograd.grad(value, [placed[n] for n in by], incoming)
            return (value.detach(), *found)

        return both

    calls = {
        "eingrad": call(torch.compile(lambda arrays: rule(**arrays))),
        TORCH: call(torch.compile(lambda arrays: composed(torch, **arrays))),
    }
    if kernel is not None:
        calls[KERNEL] = call(lambda arrays: kernel(**arrays))
    return compared(case, calls, {TORCH: "≥ 0.91×"})


def compared(case: Case, calls: dict[str, Call], targets: dict[str, str]) -> Row:
    """Equal results, then times. All gradients are compared, as one long vector."""
    dtype = str(case.incoming.dtype)
    scales = [np.abs(a).max(initial=1e-300) for a in results(calls["eingrad"]())]

    def flat(call: Call) -> Call:
        return lambda: flattened(call(), scales)

    checked = {name: flat(call) for name, call in calls.items()}
    able, words = admit(case.name, checked, checked["eingrad"](), TOLERANCE[dtype])
    progress(f"{case.name}: timing")
    return Row(case.name, medians({n: calls[n] for n in able}, budget=BUDGET), targets, words)
