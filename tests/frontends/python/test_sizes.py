"""Symbolic sizes do arithmetic with integers, sizes, numbers and tensors."""

import math

import numpy as np
import pytest

from eingrad.errors import UnsupportedError
from eingrad.frontends.python import Tensor, matrix, vector
from tests.frontends.python.agreement import assert_agrees

m, n = matrix("A", "m n").shape


@pytest.mark.parametrize(
    ("size", "text"),
    [(m * n, "m*n"), (2 * n, "2*n"), (n * 3, "3*n"), (n + 1, "n + 1"), (1 + n, "n + 1"),
     (n - 1, "n - 1"), (n**2, "n*n"), (m * n // m, "n"), (n - n + 4, "4")],
)  # fmt: skip
def test_sums_products_and_exact_quotients_are_sizes(size, text):
    assert str(size) == text


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x / x.shape[0],
        lambda x: x * x.shape[1],
        lambda x: x.shape[1] * x,
        lambda x: x - x.shape[0],
        lambda x: x.shape[0] - x,
        lambda x: x + x.shape[1] / x.shape[0],
        lambda x: x * (1 / x.shape[0]),
        lambda x: x / np.sqrt(x.shape[1]),
        lambda x: x * np.log(x.size),
        lambda x: x / (x.shape[0] - 1),
        lambda x: x * (0.5 * x.shape[0]),
        lambda x: x * np.float64(2) * x.shape[0] ** 0.5,
        lambda x: x + -x.shape[0],
        lambda x: x + (5 - x.shape[0]),
        lambda x: np.ones(3)[:, None, None] * x.shape[0] * x,
    ],
)
def test_a_size_is_a_number_beside_tensors(function):
    assert_agrees(function, "m n")


@pytest.mark.parametrize(
    "attempt", [range, np.eye, int, float, math.sqrt, lambda k: k > 3, lambda k: k // 2]
)
def test_what_needs_the_value_names_the_size(attempt):
    with pytest.raises(UnsupportedError, match="the size n is symbolic"):
        attempt(n)


def test_a_size_of_one_tensor_shapes_another():
    assert vector("y", n).shape == (n,)
    assert isinstance(n / 2, Tensor)


def test_numpy_makes_no_array_of_a_symbolic_shape():
    for make in (np.zeros, np.ones, np.empty):
        with pytest.raises(TypeError, match="n"):
            make(n)
        with pytest.raises(TypeError):
            make((3, n))
