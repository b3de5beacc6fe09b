"""A program for a process of its own: generated JAX code with its rows spread over devices.

    python sharded.py                        all devices of this process
    python sharded.py PORT PROCESS COUNT     one of several processes on the loopback interface

It prints, as JSON, for each loss and its outputs: how many collectives of each kind the compiled
program has, how many bytes its all-reduces carry, and the largest relative difference from the
generated NumPy code on all rows.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import eingrad
from eingrad.ir.construct import inner_product

LOSSES = {
    "least squares": ("sum((X*w - y).^2)/2", {"X": "m n", "y": "m", "w": "n"}, "tanh(X*w) - y"),
    "mean square": ("sum((X*w - y).^2)/m", {"X": "m n", "y": "m", "w": "n"}, None),
    "root mean square": ("sqrt(sum((X*w - y).^2)/m)", {"X": "m n", "y": "m", "w": "n"}, None),
    "ridge": ("norm2(X*w - y)^2 + λ*norm2(w)^2", {"X": "m n", "y": "m", "w": "n", "λ": ""}, None),
    "logistic": (
        "sum(log(exp(-y.*(X*w)) + 1))",
        {"X": "m n", "y": "m", "w": "n"},
        "1 ./ (1 + exp(-X*w)) - y",
    ),
    "softmax": (
        "sum(logsumexp(X*W, axis=1)) - sum(Y.*(X*W))",
        {"X": "m n", "Y": "m c", "W": "n c"},
        "softmax(X*W) - Y",
    ),
    "Poisson": ("sum(exp(X*w) - y.*(X*w))", {"X": "m n", "y": "m", "w": "n"}, "exp(X*w) - y"),
}
COLLECTIVES = (
    *("all-reduce", "all-gather", "reduce-scatter", "collective-permute", "all-to-all"),
    *("collective-broadcast", "ragged-all-to-all"),
)
ROWS = frozenset("XyY")
BYTES = {"f64": 8, "f32": 4}


def values() -> dict[str, np.ndarray]:
    """The same arrays in each process."""
    rng = np.random.default_rng(7)
    m, n, c = 48, 5, 3
    return {
        "X": rng.normal(size=(m, n)),
        "y": rng.normal(size=m),
        "Y": rng.random((m, c)),
        "w": rng.normal(size=n) / 3,
        "W": rng.normal(size=(n, c)),
        "λ": np.array(0.7),
    }


class AllRows:
    """What blocks give, of all rows as one block: each sum over rows is ended before it is used."""

    def __init__(self, blocks: Any) -> None:
        self.blocks = blocks
        self.arguments = (*blocks.axes, *blocks.shared)

    def __call__(self, *arrays: Any, **values: Any) -> Any:
        given = {**dict(zip(self.arguments, arrays, strict=False)), **values}
        shared = {name: given[name] for name in self.blocks.shared}
        return self.blocks.combine([self.blocks.per_block(**given)], **shared)


def gauss_newton(residual: str, shapes: dict[str, str], by: str) -> eingrad.Derivative:
    """JᵀJ for the Jacobian J of a residual: the Hessian of ½‖Jv‖² by the direction v."""
    moved = eingrad.jvp(eingrad.parse(residual, **shapes), by, "v")
    return eingrad.hessian(inner_product(moved.node, moved.node) / 2, "v")


def functions(name: str) -> dict[str, Any]:
    """What is compiled for a loss: by outputs, its function for each backend."""
    text, shapes, residual = LOSSES[name]
    by = "W" if "W" in shapes else "w"
    hessian = eingrad.hessian(eingrad.parse(text, **shapes), by)
    asked = [("value",), ("gradient",), ("hessian",), ("value", "gradient", "hessian")]
    made = {" ".join(o): {b: hessian.function(b, o) for b in ("jax", "numpy")} for o in asked}
    blocks = {b: hessian.blockwise("m", b, asked[-1]) for b in ("jax", "numpy")}
    made["blocks"] = {b: AllRows(blocks[b]) for b in blocks}
    if residual is not None:
        product = gauss_newton(residual, shapes, by)
        made["Gauss-Newton"] = {b: product.function(b) for b in ("jax", "numpy")}
    return made


def collectives(text: str) -> dict[str, int]:
    """How often the compiled program has each collective."""
    return {kind: len(re.findall(rf"[ )]{kind}(?:-start)?\(", text)) for kind in COLLECTIVES}


def reduced_bytes(text: str) -> int:
    """The bytes of what the all-reduces of a compiled program carry."""
    total = 0
    for line in text.splitlines():
        found = re.search(r"= (.*?) all-reduce(?:-start)?\(", line)
        for kind, sizes in re.findall(r"(f64|f32)\[([\d,]*)\]", found[1] if found else ""):
            total += BYTES[kind] * int(np.prod([int(k) for k in sizes.split(",") if k]))
    return total


def measure(made: dict[str, Any], arrays: dict[str, np.ndarray], mesh: Mesh) -> dict[str, Any]:
    """One function, compiled for rows spread over the mesh, and what it gives."""
    replicated = NamedSharding(mesh, PartitionSpec())
    placed = []
    for name in made["jax"].arguments:
        array = arrays[name]
        spread = NamedSharding(mesh, PartitionSpec("rows")) if name in ROWS else replicated
        placed.append(
            jax.make_array_from_callback(array.shape, spread, lambda where, a=array: a[where])
        )
    step = jax.jit(lambda *given: made["jax"](*given), out_shardings=replicated)
    compiled = step.lower(*placed).compile()
    text = compiled.as_text()
    got = jax.tree.leaves(compiled(*placed))
    expected = jax.tree.leaves(made["numpy"](**{n: arrays[n] for n in made["numpy"].arguments}))
    errors = [
        np.abs(np.asarray(a.addressable_data(0)) - b).max() / max(np.abs(b).max(), 1e-300)
        for a, b in zip(got, expected, strict=True)
    ]
    return {
        "collectives": collectives(text),
        "bytes": reduced_bytes(text),
        "error": float(max(errors)),
    }


def main(words: list[str]) -> None:
    jax.config.update("jax_enable_x64", True)
    if words:
        port, process, count = map(int, words)
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(f"127.0.0.1:{port}", count, process, initialization_timeout=60)
    mesh = Mesh(np.array(jax.devices()), ("rows",))
    arrays = values()
    result: dict[str, Any] = {"devices": mesh.size, "processes": jax.process_count()}
    result["losses"] = {
        name: {asked: measure(made, arrays, mesh) for asked, made in functions(name).items()}
        for name in LOSSES
    }
    # What the counting would see if rows had to meet rows of other devices.
    outer = eingrad.gradient(eingrad.parse("sum(exp(X*X') .* K)", X="m n", K="m m"), "K")
    made = {b: outer.function(b) for b in ("jax", "numpy")}
    result["rows that meet"] = measure(made, arrays, mesh)
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
