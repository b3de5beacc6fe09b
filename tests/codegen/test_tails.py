"""Activation functions in NumPy code keep their digits down to the smallest normal numbers."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.codegen import generate

RANGE = {np.float64: 745, np.float32: 104}  # beyond, exp(-x) is below the smallest number


def exact(x: np.ndarray) -> dict[str, np.ndarray]:
    """Values in extended precision, of exponentials of negative numbers alone."""
    x = x.astype(np.longdouble)
    tail = np.exp(-np.abs(x))
    softplus = np.maximum(x, 0) + np.log1p(tail)
    sigmoid = np.where(x < 0, tail, 1) / (1 + tail)
    return {
        "sigmoid": sigmoid,
        "silu": x * sigmoid,
        "softplus": softplus,
        "log_sigmoid": np.minimum(x, 0) - np.log1p(tail),
    }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["sigmoid", "silu", "softplus", "log_sigmoid"])
def test_normal_values_are_right_to_rounding(name: str, dtype: type) -> None:
    x = np.linspace(-RANGE[dtype], RANGE[dtype], 20011).astype(dtype)
    expected = exact(x)[name]
    made = generate({"y": eingrad.function(name)(eingrad.vector("x", "n")).node}).function()
    normal = np.abs(expected) >= np.finfo(dtype).tiny
    for part in (slice(None), slice(9000, None)):  # with what overflows the quick form, and without
        found, wanted = made(x[part])[normal[part]], expected[part][normal[part]]
        assert np.max(np.abs(found - wanted) / np.abs(wanted)) < 8 * np.finfo(dtype).eps
    below = np.abs(made(x)[~normal] - expected[~normal])
    assert np.all(below <= 4 * np.finfo(dtype).smallest_subnormal)


@pytest.mark.filterwarnings("error")
def test_single_numbers_and_empty_arrays_are_taken() -> None:
    x = eingrad.scalar("x")
    made = generate({"y": eingrad.function("silu")(x).node}).function()
    assert made(-712.0) == pytest.approx(-712 * np.exp(np.longdouble(-712)), rel=1e-15)
    many = generate({"y": eingrad.function("silu")(eingrad.vector("x", "n")).node}).function()
    assert many(np.empty(0)).shape == (0,)
