"""Gradients of losses: generated code and automatic differentiation, compiled in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import eingrad

from ..measure import Call, Row, admit, medians, progress
from .functions import Case
from .losses import Loss

Function = Callable[..., Any]
BUDGET = 3.0  # seconds for a row
TOLERANCE = {"float32": 2e-4, "float64": 1e-8}


def jax_row(loss: Loss, place: Function | None = None, guarded: Function | None = None) -> Row:
    """Under `jax.jit`, beside `jax.jit(jax.grad(loss))`; `guarded` wraps the compiled calls of
    eingrad's code when they are warm."""
    import jax

    arrays = {n: (place or jax.numpy.asarray)(a) for n, a in loss.arrays.items()}
    placed = list(arrays.values())
    wrt = tuple(range(len(loss.by)))
    source, names = pasted(loss, "jax")
    generated, given = jax.jit(source), [arrays[n] for n in names]
    automatic = jax.jit(jax.grad(loss.jax, argnums=wrt))
    if guarded is not None:
        generated(*given)
        guarded(lambda: jax.block_until_ready(generated(*given)))()
    return compared(
        loss,
        {
            "eingrad": lambda: jax.block_until_ready(generated(*given)),
            "jax.jit(jax.grad)": lambda: jax.block_until_ready(automatic(*placed)),
        },
        {"jax.jit(jax.grad)": "≥ 0.91×"},
    )


def torch_row(
    loss: Loss,
    place: Function | None = None,
    done: Function | None = None,
    guarded: Function | None = None,
) -> Row:
    """Under `torch.compile`, beside gradients of the loss compiled in both ways that there are: the
    loss alone, then `autograd.grad`; and `torch.func.grad` as one graph.

    `done` waits for the device; `guarded` wraps a warm call of eingrad's code.
    """
    import torch

    torch._dynamo.reset()  # one function is compiled only so many times, then no more
    to = place or torch.from_numpy
    arrays = {n: to(a) for n, a in loss.arrays.items()}
    placed = list(arrays.values())
    count = len(loss.by)
    leaves = [p.clone().requires_grad_() for p in placed[:count]] + placed[count:]
    source, names = pasted(loss, "torch")
    generated, given = torch.compile(source, fullgraph=True), [arrays[n] for n in names]
    forward = torch.compile(loss.torch)
    whole = torch.compile(torch.func.grad(loss.torch, argnums=tuple(range(count))))

    if guarded is not None:
        generated(*given)
        guarded(lambda: generated(*given))()

    def autograd() -> Any:
        return torch.autograd.grad(forward(*leaves), leaves[:count])

    def waiting(call: Call) -> Call:
        return call if done is None else lambda: (call(), done())[0]

    return compared(
        loss,
        {
            "eingrad": waiting(lambda: generated(*given)),
            "torch.compile, autograd.grad": waiting(autograd),
            "torch.compile(torch.func.grad)": waiting(lambda: whole(*placed)),
        },
        {"torch.compile": "≥ 0.91×"},
    )


def tensorflow_row(loss: Loss, xla: bool) -> Row:
    """In `tf.function`, beside a gradient tape in one."""
    import tensorflow as tf

    arrays = {n: tf.constant(a) for n, a in loss.arrays.items()}
    placed = list(arrays.values())
    count = len(loss.by)
    source, names = pasted(loss, "tensorflow")
    generated = tf.function(source, autograph=False, jit_compile=xla)
    given = [arrays[n] for n in names]

    @tf.function(autograph=False, jit_compile=xla)  # type: ignore[untyped-decorator]
    def tape(*arrays: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as recorded:
            recorded.watch(arrays[:count])
            value = loss.tensorflow(*arrays)
        return recorded.gradient(value, arrays[:count])

    name = "tf.function, XLA" if xla else "tf.function"
    return compared(
        loss,
        {"eingrad": lambda: generated(*given), name: lambda: tape(*placed)},
        {name: "≥ 0.91×"},
    )


def pasted(loss: Loss, backend: str) -> tuple[Function, list[str]]:
    """eingrad's gradients for a framework as one that pastes the source has them, and the names of
    the arrays that it takes."""
    made = eingrad.gradients(loss.expression, list(loss.by)).function(backend)
    scope: dict[str, Any] = {}
    exec(made.source, scope)
    return scope["gradients"], list(made.arguments)


def compared(loss: Loss | Case, calls: dict[str, Call], targets: dict[str, str]) -> Row:
    """Equal results, then times. All gradients are compared, as one long vector."""
    dtype = str(next(iter(loss.arrays.values())).dtype)
    case = f"{loss.name}, {dtype}"
    scales = [np.abs(a).max(initial=1e-300) for a in results(calls["eingrad"]())]

    def flat(call: Call) -> Call:
        return lambda: flattened(call(), scales)

    checked = {name: flat(call) for name, call in calls.items()}
    expected = checked["eingrad"]()
    able, words = admit(case, checked, expected, TOLERANCE[dtype])
    progress(f"{case}: timing")
    return Row(case, medians({n: calls[n] for n in able}, budget=BUDGET), targets, words)


def results(found: Any) -> list[np.ndarray]:
    """One array or several, with NumPy."""
    several = found if isinstance(found, Sequence) else [found]
    return [np.asarray(a.cpu() if hasattr(a, "cpu") else a) for a in several]


def flattened(found: Any, scales: Sequence[float]) -> np.ndarray:
    """All entries, each array as a multiple of what is largest in it."""
    arrays = results(found)
    return np.concatenate([np.ravel(a) / s for a, s in zip(arrays, scales, strict=True)])
