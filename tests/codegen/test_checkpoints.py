"""Recurrences that keep few of their states: the same gradients, in all frameworks."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import eingrad as eg
from eingrad.codegen import generate
from eingrad.differentiate import differentiate, pullbacks
from eingrad.ir.build import multiply, number
from eingrad.ir.construct import sum_axes
from eingrad.ir.node import Node, Variable, variable
from eingrad.ir.walk import variables
from tests.codegen.backends import BACKENDS, call
from tests.differentiate.cells import CELLS, EINGRAD, jax_library, loss

STEPS = 7
APART = [True, 1, 3, STEPS, 20]  # of which 3 leaves a rest, and two are no shorter than all steps
DIGITS = 1e-12
SIZES = {"T": STEPS, "S": 5, "n": 4, "m": 3}
SHAPES = {
    **{"W": "n n", "V": "n n", "U": "n m", "b": "n", "h0": "n", "c0": "n"},
    **{"X": "T m", "Y": "T n", "Z": "S m"},
}
KINDS = ("many-to-one", "many-to-many", "in the carry", "two carries")


def tensors(steps: int | str = "T") -> dict[str, eg.Tensor]:
    return {name: eg.tensor(name, text.replace("T", str(steps))) for name, text in SHAPES.items()}


def arrays(steps: int = STEPS) -> dict[str, np.ndarray]:
    rng, sizes = np.random.default_rng(5), {**SIZES, "T": steps}
    return {v: 0.6 * rng.normal(size=[sizes[s] for s in t.split()]) for v, t in SHAPES.items()}


def loss_of(
    kind: str, checkpoint: bool | int, reverse: bool = False, steps: int | str = "T"
) -> Node:
    """A loss of the states of a recurrent network."""
    p = tensors(steps)
    last = 0 if reverse else -1
    options: Any = {"checkpoint": checkpoint, "reverse": reverse}

    def cell(h: Any, x: Any) -> Any:
        return np.tanh(p["W"] @ h + p["U"] @ x + p["b"])

    def with_loss(state: Any, slices: Any) -> Any:
        h = cell(state[0], slices[0])
        return h, state[1] + np.sum((h - slices[1]) ** 2)

    def gated(state: Any, x: Any) -> Any:
        h, c = state
        gate = eg.function("sigmoid")(p["V"] @ h + p["U"] @ x)
        c = gate * c + np.tanh(p["W"] @ h + p["b"])
        return gate * np.tanh(c), c

    if kind == "in the carry":
        states = eg.scan(with_loss, (p["h0"], 0), (p["X"], p["Y"]), **options)[1]
        return states[last].node
    if kind == "two carries":
        h, c = eg.scan(gated, (p["h0"], p["c0"]), p["X"], **options)
        return (np.sum(h**3 * p["Y"]) + np.sum(c[last] ** 2)).node
    h = eg.scan(cell, p["h0"], p["X"], **options)
    return np.sum(h[last] ** 2 if kind == "many-to-one" else (h - p["Y"]) ** 2).node


def gradients(*args: Any) -> dict[str, Node]:
    """The loss, and its gradients by all that occurs in it."""
    value = loss_of(*args)
    by = variables(value)
    found = pullbacks(value, by, number(1))
    return {"value": value} | {f"d{v.name}": d for v, d in zip(by, found, strict=True)}


def computed(outputs: dict[str, Node], backend: str, values: Any) -> dict[str, np.ndarray]:
    generated = generate(outputs, backend=backend)
    given = {name: values[name] for name in generated.arguments}
    found = call(backend, generated, given, {s: SIZES[s] for s in generated.sizes})
    return dict(zip(outputs, found if len(outputs) > 1 else [found], strict=True))


def assert_same(found: dict[str, Any], expected: dict[str, Any], what: Any) -> None:
    assert found.keys() == expected.keys()
    for name, other in expected.items():
        one = np.asarray(found[name])
        assert one.shape == np.shape(other), (name, what)
        error = np.abs(one - other).max() / max(1.0, np.abs(other).max())
        assert error < DIGITS, (name, what, error)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_with_all_states_kept(kind: str, reverse: bool) -> None:
    """By the initial states, every input and every parameter, with T a symbol and a number."""
    values = arrays()
    expected = computed(gradients(kind, False, reverse), "numpy", values)
    for place, checkpoint in enumerate(APART):
        outputs = gradients(kind, checkpoint, reverse, "T" if place % 2 else STEPS)
        assert_same(computed(outputs, "numpy", values), expected, checkpoint)


@pytest.mark.parametrize("backend", [b for b in BACKENDS if b != "numpy"])
@pytest.mark.parametrize(("kind", "checkpoint", "reverse"), [
    ("many-to-one", True, False), ("many-to-many", 1, True), ("in the carry", 20, False),
    ("two carries", 3, False), ("two carries", 3, True),
])  # fmt: skip
def test_each_framework_computes_the_same(
    backend: str, kind: str, checkpoint: bool | int, reverse: bool
) -> None:
    values = arrays()
    expected = computed(gradients(kind, False, reverse), "numpy", values)
    found = computed(gradients(kind, checkpoint, reverse), backend, values)
    assert_same(found, expected, kind)


def test_second_order_is_that_of_jax() -> None:
    """The Hessian by the initial state, and a Hessian-vector product by the weights."""
    lib = jax_library()
    jax = importlib.import_module("jax")
    values = arrays()

    def f(changed: dict[str, Any]) -> Any:
        return loss("many-to-many", lib, CELLS["rnn"](lib, values | changed))

    slope_of = jax.grad(lambda w: f({"W": w}))
    hessian = jax.jit(jax.hessian(lambda h: f({"h0": h})))(values["h0"])
    hvp = jax.jit(lambda w, v: jax.jvp(slope_of, (w,), (v,))[1])(values["W"], values["V"])
    expected = {"hessian": np.asarray(hessian), "hvp": np.asarray(hvp)}
    p = tensors()
    w, h0 = p["W"].node, p["h0"].node
    assert isinstance(w, Variable)
    assert isinstance(h0, Variable)
    for backend, checkpoint in (("numpy", True), ("numpy", 3), ("jax", True)):
        states = CELLS["rnn"](replace(EINGRAD, scan=partial(eg.scan, checkpoint=checkpoint)), p)
        value = loss("many-to-many", EINGRAD, states).node
        slope = sum_axes(multiply(differentiate(value, [w]), variable("V", w.shape)))
        outputs = {"hessian": differentiate(value, [h0, h0]), "hvp": differentiate(slope, [w])}
        assert_same(computed(outputs, backend, values), expected, (backend, checkpoint))


def networks(scan: Callable[..., Any]) -> dict[str, Any]:
    """Losses that read the states of several recurrences, and read them otherwise than step by
    step."""
    W, U, V = eg.matrix("W", "n n"), eg.matrix("U", "n m"), eg.matrix("V", "n n")
    X, Z, h0 = eg.matrix("X", "T m"), eg.matrix("Z", "S m"), eg.vector("h0", "n")
    softmax = eg.function("softmax")

    def cell(A: Any, B: Any) -> Any:
        return lambda h, x: np.tanh(A @ h + B @ x)

    h = scan(cell(W, U), h0, X)
    back = scan(cell(V, W), h0, h, reverse=True)
    decoded = scan(cell(W, U), h[-1], Z)
    swapped = scan(lambda s, x: (s[1], U @ x), (h0, h0), X)[0]
    return {
        "two layers": np.sum(scan(cell(V, W), h0, h)[-1] ** 2),
        "a layer in the other direction": np.sum(back**2 * h),
        "bidirectional": np.sum(np.tanh(scan(cell(V, U), h0, X, reverse=True) @ V + h @ W)),
        "deviation from the mean over the steps": np.sum((h - np.mean(h, axis=0)) ** 2),
        "neighbouring states": np.sum((h[1:] - h[:-1]) ** 2) + np.sum(h[2] * h[-1]),
        "attention over the steps": np.sum(softmax(h @ V @ h[-1]) @ h),
        "products of all pairs": np.sum(np.tanh(h @ h.T)),
        "softmax at each step": np.sum(softmax(h @ V) * h) + np.sum((np.tanh(h) * h)[-1]),
        "encoder and decoder": np.sum(decoded**2) + np.sum(decoded[-1]),
        "two of one length": np.sum(scan(cell(V, U), h[-1], np.tanh(X)) ** 3),
        "a second one that keeps all": np.sum(eg.scan(cell(V, W), h0, h) ** 2),
        "without inputs": np.sum(scan(lambda h: np.tanh(W @ h), h0, length="T") ** 2),
        "states that are inputs": np.sum(swapped[-1]) + np.sum(scan(lambda s, x: x, U[0], X)[-1]),
    }


def derived(value: Any) -> dict[str, Node]:
    """The value, its gradients, and a Hessian-vector product by W where there is one."""
    node = value.node
    by = {v.name: v for v in variables(node)}
    outputs = {"value": node} | {f"d{name}": differentiate(node, [v]) for name, v in by.items()}
    if "W" in by:
        direction = variable("V", by["W"].shape)
        slope = sum_axes(multiply(outputs["dW"], direction))
        outputs["hvp"] = differentiate(slope, [by["W"]])
    return outputs


@pytest.mark.parametrize("name", networks(eg.scan))
def test_networks_of_recurrences(name: str) -> None:
    values = arrays()
    expected = computed(derived(networks(eg.scan)[name]), "numpy", values)
    checkpoint = 2 if "layer" in name else True
    marked = networks(partial(eg.scan, checkpoint=checkpoint))[name]
    assert_same(computed(derived(marked), "numpy", values), expected, checkpoint)


@pytest.mark.parametrize("kind", KINDS)
def test_formulas_and_checks_are_those_without(kind: str) -> None:
    one, other = (eg.gradient(eg.Tensor(loss_of(kind, mark)), "W") for mark in (True, False))
    assert str(one.formula()) == str(other.formula())
    assert one.check().ok


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_steps_is_an_error(backend: str) -> None:
    with pytest.raises(ValueError, match="at least one step, but T is 0"):
        computed({"value": loss_of("many-to-many", True)}, backend, arrays(0))


def test_float32_stays() -> None:
    values = {k: v.astype(np.float32) for k, v in arrays().items()}
    for found in computed(gradients("two carries", True), "numpy", values).values():
        assert found.dtype == np.float32


def test_custom_rules_keep_no_stack_of_states() -> None:
    """PyTorch's gradients through the rule, and those of the gradients, are those without."""
    torch = importlib.import_module("torch")
    found: dict[Any, list[Any]] = {}
    for checkpoint in (False, True):
        value = eg.Tensor(loss_of("many-to-one", checkpoint))
        rule = eg.custom_rule(value, ["W", "h0", "X"], "torch")
        if checkpoint:
            assert all(len(s.shape) < 2 for s in rule.saved if s.own)
        given = {k: v for k, v in arrays().items() if k in {x.name for x in variables(value.node)}}
        leaves = {k: torch.tensor(v, requires_grad=k in "W h0 X") for k, v in given.items()}
        wrt = [leaves[k] for k in ("W", "h0", "X")]
        first = torch.autograd.grad(rule.function()(**leaves), wrt, create_graph=True)
        second = torch.autograd.grad(sum((g**3).sum() for g in first), wrt)
        found[checkpoint] = [g.detach().numpy() for g in (*first, *second)]
    for one, other in zip(found[True], found[False], strict=True):
        assert_same({"": one}, {"": other}, "rule")
