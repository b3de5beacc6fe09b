"""What XLA makes of a rule: nothing dear twice, and derivatives that are right at a joint, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad import nn
from eingrad.codegen import generate

jax = pytest.importorskip("jax")

# Exponentials for value and gradient together; gelu has the density of the normal law, and its tail
# is made with one.
EXPONENTIALS = {"sigmoid": 1, "silu": 1, "softplus": 1, "gelu": 2}

# Value, slope and second derivative at 0.
AT_ZERO = {
    "softplus": (np.log(2), 1 / 2, 1 / 4),
    "sigmoid": (1 / 2, 1 / 4, 0),
    "silu": (0, 1 / 2, 1 / 2),
}


@pytest.mark.parametrize("name", EXPONENTIALS)
def test_value_and_gradient_share_what_is_dear(name: str) -> None:
    rule = nn.activation(name).rule("jax").function()

    def both(X: Any, G: Any) -> Any:
        value, back = jax.vjp(rule, X)
        return value, back(G)

    X = np.random.default_rng(2).normal(size=(64, 48)).astype(np.float32)
    compiled = jax.jit(both).lower(X, X).compile().as_text()
    assert compiled.count(" exponential(") == EXPONENTIALS[name]


@pytest.mark.parametrize("name", AT_ZERO)
def test_jax_differentiates_the_code_rightly_where_pieces_meet(name: str) -> None:
    """Logits of a model that starts with zeros are exactly 0."""
    X = eingrad.matrix("X", "m n")
    rule = nn.activation(name).rule("jax").function()
    code = generate({"y": eingrad.function(name)(X).node}, backend="jax").function()
    with jax.enable_x64(True):
        for function in (rule, code):
            derivatives = [lambda t, f=function: f(t * np.ones((1, 1)))[0, 0]]
            for _ in range(2):
                derivatives.append(jax.grad(derivatives[-1]))
            found = [float(d(0.0)) for d in derivatives]
            np.testing.assert_allclose(found, AT_ZERO[name], atol=1e-15)
