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


def transformer(blocks: int) -> tuple[Any, list[str], dict[str, tuple[int, ...]]]:
    """½‖output − T‖² of a pre-norm transformer of attention and GELU layers: the loss, the names of
    all parameters, and shapes to test with (small: 5 tokens, 8 features, 2 heads)."""
    sizes = {"n": 5, "d": 8, "h": 2, "e": 4, "f": 16}
    shapes: dict[str, tuple[int, ...]] = {}

    def array(name: str, shape: str) -> Any:
        shapes[name] = tuple(sizes[s] for s in shape.split())
        return eingrad.tensor(name, shape)

    def norm(x: Any, k: str) -> Any:
        c = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((c * c).mean(axis=-1, keepdims=True) + 1e-5)
        return c / spread * array(f"g{k}", "d") + array(f"b{k}", "d")

    x, T = array("x", "n d"), array("T", "n d")
    for k in range(blocks):
        h = norm(x, f"{k}a")
        Q, K, V = (eingrad.einsum("nd,hde->hne", h, array(f"{w}{k}", "h d e")) for w in "QKV")
        weights = eingrad.softmax(eingrad.einsum("hne,hme->hnm", Q, K) / 2, axis=-1)
        heads = eingrad.einsum("hnm,hme->hne", weights, V)
        x = x + eingrad.einsum("hne,hed->nd", heads, array(f"O{k}", "h e d"))
        h = norm(x, f"{k}m")
        inner = eingrad.gelu(h @ array(f"U{k}", "d f") + array(f"u{k}", "f"))
        x = x + inner @ array(f"D{k}", "f d") + array(f"v{k}", "d")
    return ((x - T) ** 2).sum() / 2, [n for n in shapes if n not in "xT"], shapes


def transformer_loss(blocks: int, values: dict[str, Any]) -> Any:
    """The same loss in JAX."""
    import jax
    import jax.numpy as jnp

    def norm(x: Any, k: str) -> Any:
        c = x - x.mean(-1, keepdims=True)
        scaled = c / jnp.sqrt((c * c).mean(-1, keepdims=True) + 1e-5)
        return scaled * values[f"g{k}"] + values[f"b{k}"]

    x = values["x"]
    for k in range(blocks):
        Q, K, V = (jnp.einsum("nd,hde->hne", norm(x, f"{k}a"), values[f"{w}{k}"]) for w in "QKV")
        weights = jax.nn.softmax(jnp.einsum("hne,hme->hnm", Q, K) / 2)
        x = x + jnp.einsum("hne,hed->nd", weights @ V, values[f"O{k}"])
        inner = jax.nn.gelu(norm(x, f"{k}m") @ values[f"U{k}"] + values[f"u{k}"], approximate=False)
        x = x + inner @ values[f"D{k}"] + values[f"v{k}"]
    return ((x - values["T"]) ** 2).sum() / 2


def transformer_figures(blocks: int) -> list[str]:
    """Seconds from the Python function to the source of all gradients, which are those of JAX."""
    import jax

    start = time.perf_counter()
    loss, names, shapes = transformer(blocks)
    gradients = eingrad.gradients(loss, names)
    middle = time.perf_counter()
    function = gradients.function("jax", outputs=("value", "gradients"))
    end = time.perf_counter()
    rng = np.random.default_rng(0)
    values = {n: rng.normal(size=s) / np.sqrt(s[-1]) for n, s in shapes.items()}
    expected, slopes = jax.value_and_grad(lambda v: transformer_loss(blocks, v))(values)
    value, *found = function(**values)
    np.testing.assert_allclose(value, expected, rtol=1e-9)
    for name, one in zip(names, found, strict=True):
        scale = np.abs(slopes[name]).max()
        np.testing.assert_allclose(one, slopes[name], rtol=0, atol=1e-8 * scale, err_msg=name)
    return [
        f"transformer, {blocks} blocks, {len(names)} parameters",
        duration(middle - start),
        duration(end - middle),
        duration(end - start) + (" (asked for: ≤ 20 s)" if blocks == 12 else ""),
        str(len(function.source.splitlines())),
    ]


def report() -> str:
    """The tables."""
    use_double_precision()
    cases = [(200, False, 1), (400, False, 1), (800, False, 1), (32, True, 2), (64, True, 2)]
    rows = [_figures(*case) for case in cases]
    header = ["network, by its first weight", "derive", "generate", "terms", "nodes", "lines"]
    blocks = [transformer_figures(k) for k in (3, 6, 12, 24)]
    wide = ["gradients by all parameters", "derive", "generate", "in all", "lines"]
    tables = [plain_table("Depth", header, rows), plain_table("Transformers", wide, blocks)]
    return "\n\n".join([*tables, _gradient_speed()])
