"""The largest entries of windows are found where the entries are."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.codegen import generate
from eingrad.verify.reference import evaluate
from tests.codegen.backends import BACKENDS, call

# Windows along the last two of four axes, and the axes in which their places are left.
LAYOUTS = [(0, 1, 2, 4, 3, 5), (2, 0, 4, 1, 5, 3), (4, 2, 1, 0, 3, 5)]


def windows(order: tuple[int, ...]) -> eingrad.Tensor:
    X = eingrad.tensor("X", "2 3 8 15")
    cut = np.reshape(X, (2, 3, 4, 2, 5, 3))
    return np.reshape(np.transpose(cut, order), (*[cut.shape[k] for k in order[:4]], 6))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("order", LAYOUTS)
def test_values_and_shares_are_those_of_the_reference(backend: str, order: tuple[int, ...]) -> None:
    places = windows(order)
    outputs = {
        "largest": np.max(places, axis=-1).node,
        "least": np.min(places, axis=-1).node,
        "shares": eingrad.function("max_share")(places).node,
    }
    point = {"X": np.random.default_rng(4).integers(0, 4, (2, 3, 8, 15)).astype(float)}  # with ties
    found = call(backend, generate(outputs, backend=backend), point, {})
    for one, (name, node) in zip(found, outputs.items(), strict=True):
        np.testing.assert_allclose(one, evaluate(node, point, {}), rtol=1e-12, err_msg=name)


def test_a_compiler_is_given_windows_where_they_are() -> None:
    largest = np.max(windows(LAYOUTS[0]), axis=-1)
    slope = eingrad.vjp(largest, eingrad.tensor("X", "2 3 8 15"))
    source = generate({"y": largest.node, "dX": slope.node}, backend="jax").definition
    assert "transpose" not in source and "axis=(3, 5)" in source
