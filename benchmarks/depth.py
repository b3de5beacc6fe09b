"""Deep networks: the cost of derivation and code is linear in depth, and structure is kept."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import eingrad
from eingrad.ir import build, construct, walk
from eingrad.ir.apply import apply
from eingrad.ir.node import Node, Sum, Variable, variable

from .measure import compare, duration, plain_table, ratio_table
from .rivals import jax_call, use_double_precision


def network(depth: int, residual: bool) -> tuple[Node, list[Variable], Variable]:
    """Σ h² of a tanh network without biases: the loss, the weights, the input."""
    x = variable("x", build.dims("n"))
    weights = [variable(f"W{k}", build.dims("n", "n")) for k in range(depth)]
    h: Node = x
    for W in weights:
        z = apply("tanh", construct.matmul(W, h))
        h = h + z if residual else z
    return construct.sum_axes(h * h), weights, x


def _figures(depth: int, residual: bool, order: int) -> list[str]:
    loss, weights, _ = network(depth, residual)
    start = time.perf_counter()
    derivative = eingrad.derivative(loss, *[weights[0].name] * order)
    node = derivative.outputs(["derivative"])["derivative"]
    middle = time.perf_counter()
    source = derivative.source()
    end = time.perf_counter()
    terms = len(node.operands) if isinstance(node, Sum) else 1
    name = f"{'residual ' if residual else ''}tanh, {depth} layers, order {order}"
    return [
        name,
        duration(middle - start),
        duration(end - middle),
        str(terms),
        str(len(walk.topological(node))),
        str(len(source.splitlines())),
    ]


def _gradient_speed(depth: int = 100, n: int = 200) -> str:
    import jax
    import jax.numpy as jnp

    loss, weights, _ = network(depth, residual=False)
    f = eingrad.derivative(loss, weights[0].name).function()
    rng = np.random.default_rng(0)
    W = rng.normal(size=(depth, n, n)) / np.sqrt(n)
    x = rng.normal(size=n)
    values = {w.name: W[k] for k, w in enumerate(weights)} | {"x": x}

    def by_hand() -> np.ndarray:
        h = [x]
        for k in range(depth):
            h.append(np.tanh(W[k] @ h[-1]))
        g = 2 * h[-1]
        for k in range(depth - 1, 0, -1):
            g = W[k].T @ (g * (1 - h[k + 1] ** 2))
        return np.outer(g * (1 - h[1] ** 2), x)

    def jax_loss(first: Any, rest: Any, x: Any) -> Any:
        h = jnp.tanh(first @ x)
        for k in range(depth - 1):
            h = jnp.tanh(rest[k] @ h)
        return jnp.sum(h * h)

    row = compare(
        f"gradient by the first of {depth} tanh layers, n = {n}",
        {
            "eingrad": lambda: f(**values),
            "NumPy by hand": by_hand,
            "jit(jax.grad)": jax_call(jax.grad(jax_loss), W[0], W[1:], x),
        },
        {},
    )
    return ratio_table("Deep gradient", [row])


def report() -> str:
    """Both tables."""
    use_double_precision()
    cases = [(200, False, 1), (400, False, 1), (800, False, 1), (32, True, 2), (64, True, 2)]
    rows = [_figures(*case) for case in cases]
    header = ["network, by its first weight", "derive", "generate", "terms", "nodes", "lines"]
    return plain_table("Depth", header, rows) + "\n\n" + _gradient_speed()
