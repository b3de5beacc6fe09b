"""Gradients by several variables as one function, and the plan that says what outputs share."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError

RNG = np.random.default_rng(0)
LOSS = "sum(softplus(-y .* (X*w + b))) + w'*S*w"
VALUES = {
    "X": RNG.normal(size=(7, 4)),
    "w": RNG.normal(size=4),
    "y": RNG.normal(size=7),
    "b": np.array(0.3),
    "S": RNG.normal(size=(4, 4)),
}


def layers(depth: int) -> tuple[Any, list[str]]:
    """Σ tanh layers² with a weight and a bias each, and the names of those."""
    h = eingrad.vector("x", "n")
    names = []
    for k in range(depth):
        W, b = eingrad.matrix(f"W{k}", "n n"), eingrad.vector(f"b{k}", "n")
        h = np.tanh(W @ h + b)
        names += [W.node.name, b.node.name]
    return np.sum(h * h), names


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_together_they_are_what_each_is_alone(backend: str) -> None:
    names = ["w", "X", "b", "y"]
    together = eingrad.gradients(LOSS, names)
    value, *found = together.function(backend, outputs=("value", "gradients"))(**VALUES)
    exact = {"rtol": 1e-12} if backend == "numpy" else {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(
        value, eingrad.gradient(LOSS, "w").function(outputs=("value",))(**VALUES), **exact
    )  # type: ignore[arg-type]
    for name, alone, array in zip(names, together, found, strict=True):
        expected = eingrad.gradient(LOSS, name).function()(**VALUES)
        np.testing.assert_allclose(alone.function()(**VALUES), expected, rtol=1e-12)
        np.testing.assert_allclose(array, expected, **exact)  # type: ignore[arg-type]


def test_declared_facts_count_in_each_and_in_all() -> None:
    S = eingrad.matrix("S", "n n symmetric")
    x = eingrad.vector("x", "n")
    together = eingrad.gradients(x @ S @ x, [x, S])
    assert str(together[0].formula()) == "2Sx"
    s = VALUES["S"] + VALUES["S"].T
    dx, dS = together.function()(S=s, x=VALUES["w"])
    np.testing.assert_allclose(dx, 2 * s @ VALUES["w"])
    np.testing.assert_allclose(dS, np.outer(VALUES["w"], VALUES["w"]))


def test_the_backward_pass_is_computed_once_for_all_layers() -> None:
    loss, names = layers(6)
    source = eingrad.gradients(loss, names).source()
    assert source.count("np.tanh(") == 6
    # A product ahead and one back through each layer but the first.
    assert source.count(" @ ") == 6 + 5


def test_a_name_that_the_loss_lacks_has_a_gradient_of_zero_that_says_so() -> None:
    dw, du = eingrad.gradients(LOSS, ["w", "u"])
    assert not dw.is_zero
    assert du.is_zero
    assert any("exactly 0" in note for note in du.notes)


@pytest.mark.parametrize("outputs", ["gradients", ("gradient",), ()])
def test_outputs_that_there_are_not(outputs: Any) -> None:
    with pytest.raises(InputError, match="value and gradients"):
        eingrad.gradients(LOSS, "w").source(outputs=outputs)


PLANNED = {
    "value, gradient, Hessian": (eingrad.hessian(LOSS, "w"), ("value", "gradient", "hessian")),
    "a Hessian with deltas": (
        eingrad.hessian("sum(exp(-y .* (X*w + b))) + log(w'*S*w)", "w"),
        ("gradient", "hessian"),
    ),
    "gradients": (eingrad.gradients(LOSS, ["w", "X", "S"]), ("value", "gradients")),
}


@pytest.mark.parametrize("name", PLANNED)
def test_the_steps_that_serve_an_output_are_all_that_it_needs(name: str) -> None:
    computed, outputs = PLANNED[name]
    plan = computed.plan(outputs=outputs)
    expected = computed.function(outputs=outputs)(**VALUES)
    source = computed.source(outputs=outputs)
    returned = _returned(source)
    before = _prologue(source)
    for label, text, whole in zip(plan.outputs, returned, expected, strict=True):
        steps = [s for s in plan.steps if label in s.serves]
        assert len(steps) < len(plan.steps)
        np.testing.assert_array_equal(_run([before, *(s.text for s in steps)], text), whole)
        for left_out in steps:  # nor can any of them be spared
            rest = [before, *(s.text for s in steps if s is not left_out)]
            try:
                assert not np.array_equal(_run(rest, text), whole)
            except NameError:
                continue


def _returned(source: str) -> list[str]:
    last = ast.parse(source).body[-1].body[-1]  # type: ignore[attr-defined]
    return [ast.unparse(e) for e in last.value.elts]


def _prologue(source: str) -> str:
    """The imports and functions that stand before the function itself."""
    return "\n".join(ast.unparse(part) for part in ast.parse(source).body[:-1])


def _run(statements: Sequence[str], result: str) -> Any:
    """What the statements of a plan make of the values."""
    scope: dict[str, Any] = {"np": np, "dtype": np.dtype(float), "m": 7, "n": 4, **VALUES}
    exec("\n".join(statements), scope)
    return eval(result, scope)


def test_what_three_outputs_share_is_said_in_the_plan_and_in_the_source() -> None:
    d = eingrad.hessian("sum(softplus(-y .* (X*w)))", "w")
    outputs = ("value", "gradient", "hessian")
    plan = d.plan(outputs=outputs)
    everywhere = [s.name for s in plan.shared if s.serves == outputs]
    assert everywhere
    assert f"{everywhere[0]} serves value, gradient and hessian" in d.source(outputs=outputs)
    assert "serves" not in d.source()
    text = str(plan).splitlines()
    assert text[0].startswith("3 outputs")
    assert len(text) == 1 + len(plan.steps)


def test_of_many_outputs_the_documentation_counts() -> None:
    loss, names = layers(4)
    assert "steps serve more than one output" in eingrad.gradients(loss, names).source()


def test_a_variable_may_be_called_self() -> None:
    loss = eingrad.parse("sum((self*w).^2)", self="m n", w="n")
    values = {"self": np.array([[1.0, 2.0], [0.0, 3.0], [1.0, 0.0]]), "w": np.array([3.0, 5.0])}
    expected = 2 * values["self"].T @ (values["self"] @ values["w"])
    d = eingrad.gradient(loss, "w")
    np.testing.assert_allclose(d.function()(**values), expected)
    blocks = d.blockwise("m")
    parts = [blocks.per_block(**values)]
    np.testing.assert_allclose(blocks.combine(parts, w=values["w"]), expected)
