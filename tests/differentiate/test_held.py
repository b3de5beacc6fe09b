"""`stop_gradient`: derivatives of all orders are JAX's, and a check sees a rule that is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import eingrad as eg
from eingrad.errors import CheckError
from eingrad.ir.held import holds
from eingrad.ir.record import REGISTRY
from tests.mutation import installed

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
jnp = jax.numpy
stop = jax.lax.stop_gradient

RNG = np.random.default_rng(3)
A, X, x = RNG.normal(size=(4, 3)), RNG.normal(size=(5, 3)), 2 * RNG.normal(size=3)
V, y = RNG.normal(size=(5, 4)), RNG.normal(size=5)
POINT = {"A": A, "X": X, "x": x, "V": V, "y": y}

CASES: list[tuple[str, Callable[..., Any], str]] = [
    # The straight-through estimator of a rounding.
    (
        "sum((x + stop_gradient(floor(x + 1/2) - x)).^4)",
        lambda p: jnp.sum((p["x"] + stop(jnp.floor(p["x"] + 0.5) - p["x"])) ** 4),
        "x",
    ),
    # A target that moves with the parameters, but is not pulled (temporal differences).
    (
        "norm2(X*x - y - 9*stop_gradient(tanh(V*A*x)))^2",
        lambda p: jnp.sum(
            (p["X"] @ p["x"] - p["y"] - 9 * stop(jnp.tanh(p["V"] @ p["A"] @ p["x"]))) ** 2
        ),
        "x",
    ),
    ("exp(x)'*stop_gradient(exp(x))", lambda p: jnp.exp(p["x"]) @ stop(jnp.exp(p["x"])), "x"),
    (
        "sum(stop_gradient(x.*stop_gradient(x)).*sin(x).*x)",
        lambda p: jnp.sum(stop(p["x"] * stop(p["x"])) * jnp.sin(p["x"]) * p["x"]),
        "x",
    ),
    (
        "tr(A*X'*V*stop_gradient(A*A'))",
        lambda p: jnp.trace(p["A"] @ p["X"].T @ p["V"] @ stop(p["A"] @ p["A"].T)),
        "A",
    ),
]
TEXTS = [text for text, _, _ in CASES]


def given(d: Any) -> dict[str, np.ndarray]:
    return {v.name: POINT[v.name] for v in d.variables}


@pytest.mark.parametrize(("text", "theirs", "by"), CASES, ids=TEXTS)
def test_first_and_second_derivatives_are_those_of_jax(
    text: str, theirs: Callable[..., Any], by: str
) -> None:
    def of(value: Any) -> Any:
        return theirs({**POINT, by: value})

    for made, wanted in (
        (eg.gradient(text, by), jax.grad(of)(POINT[by])),
        (eg.hessian(text, by), jax.hessian(of)(POINT[by])),
    ):
        found = made.function()(**given(made))
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("text", "by"), [(t, by) for t, _, by in CASES], ids=TEXTS)
def test_finished_derivatives_have_no_trace_and_pass_their_check(text: str, by: str) -> None:
    for made in (eg.gradient(text, by), eg.hessian(text, by), eg.hvp(text, by)):
        assert not holds(made.node)
        assert "stop_gradient(" not in made.source(outputs=("value", "derivative"))
        report = made.check()
        assert report.ok and report.compared
        assert any("stop_gradient" in note for note in made.notes)


@pytest.mark.parametrize("text", TEXTS[:3])
def test_a_check_sees_a_rule_that_lets_gradients_through(text: str) -> None:
    record = REGISTRY["stop_gradient"]
    with installed(replace(record, derivative=(lambda y, u: 1,))):
        made = eg.gradient(text, "x")
        with pytest.raises(CheckError):
            made.check()


def test_the_remainder_of_an_approximation_vanishes_as_it_should() -> None:
    """The function that is approximated is the one in which what is held does not move."""
    measured = eg.approximation("exp(x)'*stop_gradient(exp(x))", "x")
    assert measured.slope == pytest.approx(2, abs=0.02)
    measured = eg.approximation("exp(x)'*stop_gradient(exp(x))", "x", order=2)
    assert measured.slope == pytest.approx(3, abs=0.03)


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_rules_hold_it_in_the_second_derivatives_that_a_framework_takes(backend: str) -> None:
    text = TEXTS[2]
    f = eg.custom_rule(text, "x", backend, name="paired").function()
    if backend == "jax":
        second = jax.jacrev(jax.grad(f))(x)
    elif backend == "torch":
        torch = pytest.importorskip("torch")
        second = torch.autograd.functional.hessian(f, torch.tensor(x)).numpy()
    else:
        tf = pytest.importorskip("tensorflow")
        at = tf.Variable(x)
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                value = f(at)
            slope = inner.gradient(value, at)
        second = outer.jacobian(slope, at).numpy()
    np.testing.assert_allclose(second, np.diag(np.exp(2 * x)), rtol=1e-10)


def test_it_keeps_the_facts_and_is_not_repeated() -> None:
    v = eg.vector("v", "n", "positive")
    assert eg.stop_gradient(eg.stop_gradient(v)).node is eg.stop_gradient(v).node
    assert np.abs(eg.stop_gradient(v)).node is eg.stop_gradient(v).node
    assert eg.stop_gradient(3).node is eg.constant(3).node


def test_what_is_declared_is_used_beside_it() -> None:
    """A is symmetric only after the last derivative, in what was held as well."""
    made = eg.gradient(eg.parse("x'*A*stop_gradient(A'*x)", A="n n symmetric"), "x")
    assert str(made.formula()) == "A²x"
    assert made.check().ok


def test_code_of_a_value_alone_can_be_differentiated_by_a_framework() -> None:
    made = eg.gradient(TEXTS[2], "x")
    f = made.function("jax", outputs=("value",))
    np.testing.assert_allclose(jax.grad(f)(x), np.exp(2 * x), rtol=1e-12)
    assert "stop_gradient(" not in made.source("numpy", outputs=("value",))


@pytest.mark.parametrize(
    "spelling",
    ["x.detach()", "tf.stop_gradient(x)", "jax.lax.stop_gradient(x)", "lax.stop_gradient(x)"],
)
def test_it_is_read_as_the_frameworks_spell_it(spelling: str) -> None:
    assert eg.parse(f"sum(x.*{spelling})").node is eg.parse("sum(x.*stop_gradient(x))").node
