"""Generated code of gathers, shifts and running products gives what the reference gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.codegen import generate
from eingrad.frontends.python import one_hot, scatter_add, tensor
from eingrad.ir.node import Node
from eingrad.ir.walk import variables
from eingrad.verify.reference import evaluate
from eingrad.verify.sample import sample_points, sample_sizes
from tests.codegen.backends import BACKENDS, call
from tests.codegen.test_values import assert_equal, of
from tests.pattern_cases import CASES, derivatives


def agrees(node: Node, backend: str) -> None:
    for variant in (0, -1):
        sizes = sample_sizes(node, variant=variant)
        for point in sample_points([node], 2 if backend == "numpy" else 1, sizes):
            generated = generate({"y": node}, arguments=variables(node), backend=backend)
            assert_equal(of(backend, generated, point, sizes), evaluate(node, point, sizes))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_the_value_and_its_derivatives(name: str, backend: str) -> None:
    agrees(CASES[name][0]().node, backend)
    for derivative in derivatives(name):
        agrees(derivative.node, backend)


def run(name: str, values: Mapping[str, Any]) -> Any:
    generated = generate({"y": CASES[name][0]().node})
    return generated.function()(**values)


def test_single_precision_stays() -> None:
    values = {"x": np.ones((2, 5, 6), np.float32), "w": np.ones((3, 2, 2, 3), np.float32)}
    assert run("the filter of an image", values).dtype == np.float32
    values = {"x": np.ones(3, np.float32), "i": np.array([0, 2])}
    assert run("a symbolic index", values).dtype == np.float32
    assert run("a gather", {"x": np.ones(3, np.float32)}).dtype == np.float32


def test_a_place_out_of_bounds_is_an_error() -> None:
    with pytest.raises(IndexError):
        run("a symbolic index", {"x": np.ones(3), "i": np.array([0, 3])})


def test_a_filter_longer_than_the_axis_has_no_value() -> None:
    with pytest.raises(ValueError):
        run("what is filtered", {"x": np.ones(2), "w": np.ones(5)})


@pytest.mark.parametrize("wrong", [[0.5, 2.0], [0.0, np.nan], [1.0, np.inf], [1e-3, 0.0]])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_fraction_is_no_place(wrong: list[float], dtype: type) -> None:
    values = {"x": np.ones(3), "i": np.array(wrong, dtype)}
    for node in (CASES["a symbolic index"][0]().node, derivatives("a symbolic index")[0].node):
        with pytest.raises(IndexError, match="whole numbers"):
            generate({"y": node}).function()(**values)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.uint64])
def test_whole_numbers_of_any_type_are_places(dtype: type) -> None:
    x = np.array([1.0, 2.0, 3.0])
    expected = run("a symbolic index", {"x": x, "i": np.array([0, 2])})
    assert run("a symbolic index", {"x": x, "i": np.array([0, 2], dtype)}) == expected


def test_a_place_in_each_row_is_not_taken_for_all_pairs_of_rows() -> None:
    source = eingrad.derivative(
        eingrad.parse("sum(one_hot(label, size=v).*Z)", label="b integer", Z="b v"), "Z"
    ).source(outputs=("value",))
    assert "np.take" not in source and "diagonal" not in source


def chosen() -> Any:
    """X with c taken from one entry of each row, and the sum of those entries."""
    X, i = eingrad.matrix("X", "m n"), tensor("i", "m", "integer")
    c = eingrad.vector("c", "m")
    return X, np.exp(X) - c[:, None] * one_hot(i, X.shape[1]), i


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_entry_of_each_row_is_changed_and_read(backend: str) -> None:
    X, changed, i = chosen()
    outputs = {
        "changed": changed.node,
        "read": (one_hot(i, X.shape[1]) * np.sin(X)).sum(axis=1).node,
        "exp": np.exp(X).node,
        "counted": (X + one_hot(i, X.shape[1])).node,
    }
    point = {"X": np.arange(12.0).reshape(3, 4) / 5, "i": np.array([2, 0, -1]), "c": np.arange(3.0)}
    found = call(backend, generate(outputs, backend=backend), point, {})
    for one, node in zip(found, outputs.values(), strict=True):
        np.testing.assert_allclose(one, evaluate(node, point, {"m": 3, "n": 4}), rtol=1e-12)


def test_numpy_builds_no_matrix_for_one_entry_of_each_row() -> None:
    definition = generate({"y": chosen()[1].node}).definition
    assert "np.eye" not in definition
    assert "-= c" in definition


@pytest.mark.parametrize("count", [3, 700])  # one by one, and by a sparse matrix
def test_sums_at_places(count: int) -> None:
    values = np.random.default_rng(2).normal(size=(count, 2, 3))
    places = np.random.default_rng(3).integers(-5, 5, count)
    node = scatter_add(tensor("x", "m 2 3"), tensor("i", "m", "integer"), "5").node
    add = generate({"y": node}).function()
    expected = np.zeros((5, 2, 3))
    for place, value in zip(places, values, strict=True):
        expected[place] += value
    np.testing.assert_allclose(add(x=values, i=places), expected, rtol=1e-12, atol=1e-12)
    assert add(x=values.astype(np.float32), i=places).dtype == np.float32
    with pytest.raises(IndexError):
        add(x=values, i=np.where(places == places[1], 5, places))
