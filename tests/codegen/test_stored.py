"""Loops in NumPy code keep what their steps made where it is read for all steps again."""

from __future__ import annotations

from typing import Any

import numpy as np

import eingrad
from eingrad.codegen import generate
from eingrad.ir.node import Node
from eingrad.verify.reference import evaluate
from tests.codegen.backends import call

SIZES = {"T": 5, "b": 3, "m": 4, "n": 2}
SHAPES = {"X": "T b m", "h0": "b n", "W": "m n", "U": "n n", "V": "n n", "v": "n"}


def inputs() -> dict[str, Any]:
    return {name: eingrad.tensor(name, shape) for name, shape in SHAPES.items()}


def point() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return {n: rng.normal(size=[SIZES[d] for d in s.split()]) for n, s in SHAPES.items()}


def source_and_check(outputs: dict[str, Node]) -> str:
    made = generate(outputs)
    found = call("numpy", made, point(), SIZES)
    found = found if len(outputs) > 1 else [found]
    for one, node in zip(found, outputs.values(), strict=True):
        np.testing.assert_allclose(one, evaluate(node, point(), SIZES), rtol=1e-10, atol=1e-12)
    return made.source[made.source.rindex("for i") :]


def gated(reverse: bool = False) -> tuple[dict[str, Any], Any]:
    """f = σ(xW + hU + v), h ← f tanh(c), c ← f c + (1 − f) x, with two carries."""
    p = inputs()

    def step(carried: Any, x: Any) -> Any:
        h, c = carried
        f = eingrad.function("sigmoid")(x @ p["W"] + h @ p["U"] + p["v"])
        c = f * c + x @ p["W"]
        return f * np.tanh(c), c

    return p, eingrad.scan(step, (p["h0"], 2 * p["h0"]), p["X"], reverse=reverse)[0]


def gradients(loss: Any) -> dict[str, Node]:
    return {n: eingrad.gradient(loss, n).node for n in ("W", "U", "v", "h0", "X")}


def test_gates_are_made_once_and_gradients_are_right() -> None:
    for reverse in (False, True):
        _, states = gated(reverse)
        outputs = gradients(np.sum(states * states) / 2)
        source = generate(outputs).source
        assert source.count("np.tanh(") == 1
        assert source.count("_sigmoid(") == 2  # its definition, and in the loop
        source_and_check(outputs)


def test_what_no_step_makes_is_made_outside() -> None:
    p, states = gated()
    made = source_and_check({"y": np.tanh(states @ p["V"]).node})  # of the states after a step
    assert made.count("np.tanh(") == 2


def test_what_no_state_enters_is_not_made_in_the_loop() -> None:
    p = inputs()
    stack = np.tanh(p["X"] @ p["W"])
    states = eingrad.scan(lambda h, x: np.tanh(x @ p["W"]) * h, p["h0"], p["X"])
    after = source_and_check({"a": stack.node, "b": (states * stack).node})
    assert "np.tanh(" not in after
    assert "k0" not in after


def test_vectors_and_matrices_beside_each_other() -> None:
    p = inputs()
    z = eingrad.matrix("z", "T n")
    base = {**point(), "z": np.random.default_rng(4).normal(size=(SIZES["T"], SIZES["n"]))}
    states = eingrad.scan(lambda h, x: np.tanh(h * x + p["v"]), p["h0"], z)
    outputs = {n: eingrad.gradient(np.sum(states**3), n).node for n in ("v", "h0", "z")}
    found = call("numpy", generate(outputs), base, SIZES)
    for one, node in zip(found, outputs.values(), strict=True):
        np.testing.assert_allclose(one, evaluate(node, base, SIZES), rtol=1e-10, atol=1e-12)


def test_the_second_derivative_is_right() -> None:
    _, states = gated()
    source_and_check({"H": eingrad.hessian(np.sum(states * states) / 2, "v").node})
