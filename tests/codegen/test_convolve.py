"""Convolutions of every kind as one operation of JAX, beside the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.codegen import generate
from eingrad.ir.walk import variables
from eingrad.verify.reference import evaluate
from tests.codegen.backends import BACKENDS, call

# stride, padding, dilation of each axis
WAYS = [
    ((1, 1), ((0, 0), (0, 0)), (1, 1)),
    ((1, 1), ((1, 1), (1, 1)), (1, 1)),
    ((2, 1), ((1, 0), (0, 2)), (1, 2)),
    ((3, 2), ((2, 2), (3, 1)), (2, 1)),
]


def gradients(way: tuple[Any, ...], image: str = "2 c 9 8") -> dict[str, Any]:
    """A convolution of images, and what comes back for both operands."""
    X, W = eingrad.tensor("X", image), eingrad.tensor("W", "o c 3 2")
    y = eingrad.conv2d(X, W, *way)
    return {"y": y.node} | {n: eingrad.vjp(y, n, "G").node for n in ("X", "W")}


def sample(outputs: dict[str, Any]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(6)
    sizes = {"c": 5, "o": 4}
    return {
        v.name: rng.normal(size=[d.evaluate(sizes) for d in v.shape])
        for v in variables(*outputs.values())
    }


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_values_are_those_of_the_reference(way: tuple[Any, ...], backend: str) -> None:
    outputs = gradients(way)
    point = sample(outputs)
    found = call(backend, generate(outputs, backend=backend), point, {})
    for one, (name, node) in zip(found, outputs.items(), strict=True):
        expected = evaluate(node, point, {"c": 5, "o": 4})
        np.testing.assert_allclose(one, expected, rtol=1e-10, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_each_is_one_operation_of_jax(way: tuple[Any, ...]) -> None:
    """Of images that are not so small that a dense pattern is cheaper."""
    source = generate(gradients(way, "b c 39 38"), backend="jax").definition
    assert source.count("conv_general_dilated(") == 3
    assert "tensordot" not in source


def test_a_filter_that_is_turned_round_is_no_operation_of_jax() -> None:
    """`numpy.convolve` slides against the filter: windows and a product, with the same values."""
    x, w = eingrad.tensor("x", "2 9"), eingrad.vector("w", "3")
    y = np.sum(np.convolve(x[0], w) * np.convolve(x[1], w)).node
    point = {"x": np.arange(18.0).reshape(2, 9) ** 0.5, "w": np.array([1.0, -2.0, 0.5])}
    found = call("jax", generate({"y": y}, backend="jax"), point, {})
    np.testing.assert_allclose(found, evaluate(y, point, {}), rtol=1e-12)


def test_numpy_lays_windows_out_in_one_view() -> None:
    definition = generate(gradients(WAYS[2], "b c 39 38")).definition
    assert definition.count("_windows(") == 1
    assert "np.pad" not in definition


@pytest.mark.parametrize("shape", [(0, 5, 9, 8), (2, 5, 9, 8)])
def test_an_empty_batch_has_empty_values(shape: tuple[int, ...]) -> None:
    X, W = eingrad.tensor("X", "b c 9 8"), eingrad.tensor("W", "o c 3 2")
    y = eingrad.conv2d(X, W)
    function = generate({"y": y.node, "dW": eingrad.vjp(y, "W", "G").node}).function()
    value = function(X=np.ones(shape), W=np.ones((4, 5, 3, 2)), G=np.ones((shape[0], 4, 7, 7)))
    assert value[0].shape == (shape[0], 4, 7, 7)
    assert (value[1] == 49 * shape[0]).all()
