"""Code for recurrences: what JAX's own differentiation of `lax.scan` gives, from one loop."""

from __future__ import annotations

import importlib
import re
from typing import Any

import numpy as np
import pytest

import eingrad as eg
from eingrad.codegen import generate
from eingrad.differentiate import differentiate
from eingrad.ir.build import multiply
from eingrad.ir.construct import sum_axes
from eingrad.ir.node import Node, Variable, variable
from eingrad.verify.reference import evaluate_all
from tests.codegen.backends import BACKENDS, call
from tests.differentiate.cells import CELLS, EINGRAD, arrays, jax_library, loss, tensors

LOSSES = ("many-to-one", "many-to-many")
DIGITS = 1e-10


def variable_of(tensor: Any) -> Variable:
    node = tensor.node
    assert isinstance(node, Variable)
    return node


def made(cell: str, kind: str, steps: int | str = "T") -> tuple[Node, dict[str, Variable]]:
    given = tensors(cell, steps)
    value = loss(kind, EINGRAD, CELLS[cell](EINGRAD, given))
    return value.node, {name: variable_of(t) for name, t in given.items()}


def gradients(cell: str, kind: str, steps: int | str = "T") -> dict[str, Node]:
    value, given = made(cell, kind, steps)
    return {"value": value} | {f"d{n}": differentiate(value, [v]) for n, v in given.items()}


def by_jax(cell: str, kind: str, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    lib = jax_library()
    jax = importlib.import_module("jax")

    def f(p: dict[str, Any]) -> Any:
        return loss(kind, lib, CELLS[cell](lib, p))

    value, found = jax.value_and_grad(f)(values)
    return {"value": np.asarray(value)} | {f"d{n}": np.asarray(g) for n, g in found.items()}


def computed(
    outputs: dict[str, Node], backend: str, values: Any, sizes: dict[str, int] | None = None
) -> dict[str, Any]:
    found = call(backend, generate(outputs, backend=backend), values, sizes or {})
    return dict(zip(outputs, found if len(outputs) > 1 else [found], strict=True))


def assert_close(found: Any, expected: Any, what: str) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, what
    error = np.abs(found - expected).max() / max(1.0, np.abs(expected).max())
    assert error < DIGITS, (what, error)


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_those_of_jax(cell: str, kind: str, steps: int) -> None:
    outputs, values = gradients(cell, kind), arrays(cell, steps)
    expected = by_jax(cell, kind, values)
    for name, node in gradients(cell, kind, steps).items():  # a length that is known beforehand
        (found,) = evaluate_all([node], values)
        assert_close(found, expected[name], f"{name}, length known")
    for name, found in computed(outputs, "numpy", values).items():
        assert_close(found, expected[name], name)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cell", CELLS)
def test_each_framework_computes_the_same(cell: str, backend: str) -> None:
    outputs, values = gradients(cell, "many-to-many"), arrays(cell, 4)
    expected = by_jax(cell, "many-to-many", values)
    for name, found in computed(outputs, backend, values).items():
        assert_close(found, expected[name], f"{name} in {backend}")


def test_second_order_is_that_of_jax() -> None:
    """The Hessian by the initial state, and a Hessian-vector product by the weights."""
    value, given = made("rnn", "many-to-many")
    w, h0 = given["W"], given["h0"]
    direction = variable("D", w.shape)
    slope = sum_axes(multiply(differentiate(value, [w]), direction))
    outputs = {"hessian": differentiate(value, [h0, h0]), "hvp": differentiate(slope, [w])}
    values = arrays("rnn", 5)
    along = np.random.default_rng(8).normal(size=values["W"].shape)
    lib = jax_library()
    jax = importlib.import_module("jax")

    def f(changed: dict[str, Any]) -> Any:
        return loss("many-to-many", lib, CELLS["rnn"](lib, values | changed))

    hessian = jax.hessian(lambda h: f({"h0": h}))(values["h0"])
    _, hvp = jax.jvp(jax.grad(lambda w: f({"W": w})), (values["W"],), (along,))
    for backend in ("numpy", "jax"):
        found = computed(outputs, backend, {**values, "D": along})
        assert_close(found["hessian"], hessian, backend)
        assert_close(found["hvp"], hvp, backend)


def test_jax_code_compiles_one_step_and_can_be_mapped() -> None:
    jax_library()
    jax = importlib.import_module("jax")
    generated = generate(gradients("rnn", "many-to-one"), backend="jax")
    assert generated.source.count("jax.lax.scan") == 2
    values = arrays("rnn", 6)
    f = generated.function()
    expected = f(**values)
    for one, other in zip(jax.jit(f)(**values), expected, strict=True):
        assert_close(one, other, "jit")
    many = {k: np.stack([a, 0.5 * a]) for k, a in values.items()}
    mapped = jax.vmap(lambda p: f(**p))(many)
    for one, other in zip(mapped, expected, strict=True):
        assert_close(one[0], other, "vmap")


def test_one_loop_serves_all_states_that_are_used() -> None:
    given = tensors("lstm")

    def cell(state: Any, x: Any) -> Any:
        h, c = state
        c = eg.function("sigmoid")(x @ given["Uf"]) * c + np.tanh(h @ given["Wf"])
        return np.tanh(c), c

    h, c = eg.scan(cell, (given["h0"], given["c0"]), given["X"])
    outputs = {"h": h.node, "c": c.node, "last": h[-1].node, "sum": np.sum(h * c).node}
    source = generate(outputs).definition
    assert len(re.findall(r"^    for ", source, re.M)) == 1 + source.count("for name, shape")
    values = {k: v for k, v in arrays("lstm", 5).items() if k in generate(outputs).arguments}
    found = computed(outputs, "numpy", values)
    for name, expected in zip(outputs, evaluate_all(list(outputs.values()), values), strict=True):
        assert_close(found[name], expected, name)


def test_what_no_state_enters_is_computed_before_the_loop() -> None:
    """The loop holds one product with a matrix; inputs and biases are one product before it."""
    value, _ = made("rnn", "many-to-one")
    source = generate({"value": value}).source
    loop = source[source.index("range(") :]
    inside = loop[: loop.index("\n    return")]
    assert inside.count("@") == 1
    assert source.count("@") == 2


def test_states_are_written_once_and_read_as_views() -> None:
    """Memory is linear in the number of steps: states after and before a step are one array, and of
    the way back what the product over all steps reads is kept, not the carry."""
    value, given = made("rnn", "many-to-many")
    source = generate({"d": differentiate(value, [given["W"]])}).source
    assert source.count("np.empty((T + 1,") == 1
    assert source.count("np.empty((T,") == 1
    assert "concatenate" not in source


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_steps_is_an_error(backend: str) -> None:
    value, _ = made("rnn", "many-to-many")
    values = arrays("rnn", 3)
    values["X"] = values["X"][:0]
    with pytest.raises(ValueError, match="at least one step, but T is 0"):
        computed({"value": value}, backend, values)


@pytest.mark.parametrize("backend", BACKENDS)
def test_scalars_numbers_and_lengths_without_inputs(backend: str) -> None:
    """x ← cos x from 0 and from a variable, T times, with the derivative by the start."""
    a = eg.scalar("a")
    from_zero = eg.scan(lambda x: np.cos(x), 0, length="T")
    from_a = eg.scan(lambda x: np.cos(x + 0 * a), a, length="T")
    outputs = {
        "zero": from_zero.node,
        "a": from_a[-1].node,
        "slope": differentiate(from_a[-1].node, [variable_of(a)]),
    }
    x, y, slope = 0.0, 0.3, 1.0
    states = []
    for _ in range(4):
        slope *= -np.sin(y)
        x, y = np.cos(x), np.cos(y)
        states.append(x)
    found = computed(outputs, backend, {"a": np.array(0.3)}, {"T": 4})
    assert_close(found["zero"], states, "zero")
    assert_close(found["a"], y, "a")
    assert_close(found["slope"], slope, "slope")


def test_float32_stays() -> None:
    values = {k: v.astype(np.float32) for k, v in arrays("rnn", 4).items()}
    for found in computed(gradients("rnn", "many-to-many"), "numpy", values).values():
        assert found.dtype == np.float32


def test_custom_rules_hold_a_recurrence() -> None:
    """The gradient that PyTorch computes through the rule is that of PyTorch's own loop."""
    torch = importlib.import_module("torch")
    given = tensors("rnn")
    rule = eg.custom_rule(CELLS["rnn"](EINGRAD, given), [given["W"], given["h0"]], "torch")
    values = {
        k: torch.tensor(v, requires_grad=k in ("W", "h0")) for k, v in arrays("rnn", 5).items()
    }
    out = rule.function()(**values)
    kept = {s.name for s in rule.saved}
    assert kept == {"W", "h0", "y"}  # the states that it returns, and no second loop for them
    (out**2).sum().backward()
    found = {k: values[k].grad.clone() for k in ("W", "h0")}
    for k in found:
        values[k].grad = None
    h, states = values["h0"], []
    for x in values["X"]:
        h = torch.tanh(values["W"] @ h + values["U"] @ x + values["b"])
        states.append(h)
    (torch.stack(states) ** 2).sum().backward()
    for k in found:
        assert_close(found[k], values[k].grad, k)
