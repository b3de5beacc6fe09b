"""Gather, scatter and indices have NumPy's values, with known places and with symbolic ones."""

from __future__ import annotations

import numpy as np
import pytest

from eingrad.errors import ShapeError, UnsupportedError
from eingrad.frontends.python import gather, one_hot, scatter_add, tensor
from eingrad.ir.node import Constant
from eingrad.ir.walk import topological
from eingrad.verify.reference import evaluate

RNG = np.random.default_rng(8)
A = RNG.normal(size=(4, 3, 5))
PLACES = [
    np.array([2, 0, 0, 1]),
    np.array([[1, -1], [0, 2], [2, 2]]),
    np.array([2]),
    np.array([[-3]]),
    np.array(1),
    np.array([], dtype=int),
]


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("places", PLACES, ids=str)
def test_gather_is_take(places: np.ndarray, axis: int) -> None:
    wanted = np.take(A, places, axis)
    x = tensor("x", A.shape)
    np.testing.assert_array_equal(evaluate(gather(x, places, axis).node, {"x": A}), wanted)
    index = tensor("i", places.shape, "integer")
    found = evaluate(gather(x, index, axis).node, {"x": A, "i": places})
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("places", PLACES, ids=str)
def test_scatter_add_is_the_adjoint_of_gather(places: np.ndarray) -> None:
    values = RNG.normal(size=(2, *places.shape, 4))
    wanted = np.zeros((2, 3, 4))
    for k in np.ndindex(places.shape):
        wanted[:, places[k]] += values[(slice(None), *k)]
    v, index = tensor("v", values.shape), tensor("i", places.shape, "integer")
    for at in (places, index):
        found = evaluate(scatter_add(v, at, 3, axis=1).node, {"v": values, "i": places})
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_an_index_may_be_a_tensor() -> None:
    x, i = tensor("x", "4 3 5"), tensor("i", "6", "integer")
    at = RNG.integers(0, 3, 6)
    for key in (
        (slice(None), "i"),
        (1, "i"),
        (slice(1, 3), "i", slice(None, None, 2)),
        (Ellipsis, "i", 0),
        (None, 2, "i"),
        (1, slice(1, 3), "i"),
        ("i", slice(None), 2),
        ("i", None, slice(None), 2),
    ):
        found = x[tuple(i if k == "i" else k for k in key)]
        wanted = A[tuple(at if k == "i" else k for k in key)]
        np.testing.assert_array_equal(evaluate(found.node, {"x": A, "i": at}), wanted)


def test_uneven_places_of_a_symbolic_axis_build_no_constant() -> None:
    found = tensor("x", "n")[[0, 3, 1, -1]].node
    assert not any(isinstance(node, Constant) for node in topological(found))
    x = RNG.normal(size=6)
    np.testing.assert_array_equal(evaluate(found, {"x": x}), x[[0, 3, 1, -1]])


def test_one_hot_and_bincount() -> None:
    i, w = tensor("i", "4", "integer"), tensor("w", "4")
    at, weights = np.array([2, 0, 2, 4]), RNG.normal(size=4)
    values = {"i": at, "w": weights}
    np.testing.assert_array_equal(evaluate(one_hot(i, 5).node, values), np.eye(5)[at])
    np.testing.assert_array_equal(evaluate(one_hot(at, 5).node, values), np.eye(5)[at])
    wanted = np.bincount(at, weights, 6)
    np.testing.assert_allclose(evaluate(np.bincount(i, w, 6).node, values), wanted)
    np.testing.assert_allclose(evaluate(np.bincount(at, w).node, values), wanted[:5])


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric", "wrap", "constant"])
def test_pad_has_the_modes_of_numpy(mode: str) -> None:
    x = RNG.normal(size=(4, 5))
    found = np.pad(tensor("x", "4 5"), ((1, 2), (3, 0)), mode=mode)
    wanted = np.pad(x, ((1, 2), (3, 0)), mode=mode)
    np.testing.assert_array_equal(evaluate(found.node, {"x": x}), wanted)


@pytest.mark.parametrize(
    ("attempt", "error", "message"),
    [
        (lambda x, i: x[i * 1.5], UnsupportedError, "fact integer"),
        (lambda x, i: gather(x, [0.5]), UnsupportedError, "integers"),
        (lambda x, i: gather(x, [0, 4]), ShapeError, "out of bounds"),
        (lambda x, i: x[i, i], (ShapeError, UnsupportedError), "beside|indices"),
        (lambda x, i: scatter_add(x, [0, 1], 3), ShapeError, "shape"),
        (lambda x, i: np.bincount(i, x), UnsupportedError, "minlength"),
    ],
)
def test_what_is_no_index_is_an_error(attempt, error, message) -> None:
    with pytest.raises(error, match=message):
        attempt(tensor("x", "4"), tensor("i", "4", "integer"))
