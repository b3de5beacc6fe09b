"""Samples are valid and otherwise generic."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad.functions  # noqa: F401
from eingrad.dims import Dim
from eingrad.errors import InputError
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.build import dims
from eingrad.ir.node import variable
from eingrad.verify.reference import evaluate
from eingrad.verify.sample import random_value, sample_points, sample_sizes

M, N, K = (Dim.symbol(s) for s in "mnk")
X, w = variable("X", dims("m", "n")), variable("w", dims("n"))


def test_sizes_are_pairwise_different_and_avoid_the_integer_sizes() -> None:
    sizes = sample_sizes(variable("T", dims("m", "n", "k", 3, 5)))
    assert len({*sizes.values(), 3, 5}) == 5
    assert min(sizes.values()) >= 2
    assert sample_sizes(variable("T", dims("m", "n", "k", 3, 5)), variant=1) != sizes


def test_every_size_of_the_graph_is_at_least_one() -> None:
    node = construct.take_slice(w, 0, 2, 2, N - M)
    sizes = sample_sizes(node, X)
    assert sizes["n"] > sizes["m"]
    assert 2 + 2 * (sizes["n"] - sizes["m"] - 1) < sizes["n"]
    assert sample_sizes(variable("v", (M - N * 2,)))["m"] > 2


def test_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="no small sizes"):
        sample_sizes(variable("v", (M - N,)), variable("u", (N - M,)))


@pytest.mark.parametrize("style", ["signed", "small", "positive", "dominant", "gram"])
def test_square_values_without_facts_are_not_symmetric(style: str) -> None:
    value = random_value((3, 3), frozenset(), np.random.default_rng(0), style)
    assert np.abs(value - value.T).max() > 1e-3
    assert np.linalg.matrix_rank(value) == 3


@pytest.mark.parametrize(
    ("facts", "holds"),
    [
        ("symmetric", lambda v: (v == v.T).all()),
        ("spd", lambda v: np.linalg.eigvalsh(v).min() > 0.1 and np.allclose(v, v.T)),
        ("psd", lambda v: abs(np.linalg.eigvalsh(v)[0]) < 1e-12 < np.linalg.eigvalsh(v)[1]),
        ("positive", lambda v: (v > 0).all() and (v != v.T).any()),
        ("symmetric positive", lambda v: (v > 0).all() and (v == v.T).all()),
        ("spd positive", lambda v: (v > 0).all() and np.linalg.eigvalsh(v).min() > 0),
        ("integer", lambda v: (v == np.round(v)).all() and (v != v.T).any()),
        ("diagonal", lambda v: np.count_nonzero(v) == 4),
        ("spd diagonal", lambda v: np.count_nonzero(v) == 4 and np.trace(v) > 0),
        ("triangular", lambda v: (v == np.tril(v)).all() and np.count_nonzero(v) == 10),
        ("orthogonal", lambda v: np.allclose(v @ v.T, np.eye(4))),
    ],
)
def test_values_have_their_facts(facts: str, holds: object) -> None:
    value = random_value((4, 4), frozenset(facts.split()), np.random.default_rng(1))
    assert holds(value)  # type: ignore[operator]


@pytest.mark.parametrize(
    "node",
    [
        apply("log", construct.matmul(X, w)),
        apply("log", 1 - construct.inner_product(w, w)),
        (construct.inner_product(w, w) - 20) ** build.exact(0.5),
        apply("log", build.add(w, -1 * build.broadcast_to(construct.mean_axes(w * w), (N,)))),
    ],
)
def test_a_point_of_the_domain_is_found(node: object) -> None:
    points = sample_points([node], 2)  # type: ignore[list-item]
    assert len(points) == 2
    for point in points:
        assert np.isfinite(evaluate(node, point)).all()  # type: ignore[arg-type]


def test_nothing_is_found_where_there_is_nothing() -> None:
    assert sample_points([apply("log", -construct.inner_product(w, w))], 2) == []


def test_points_are_the_same_in_every_run() -> None:
    first, again = (sample_points([X, w], 2, seed=4) for _ in range(2))
    for a, b in zip(first, again, strict=True):
        assert all((a[name] == b[name]).all() for name in a)
    assert (first[0]["X"] != first[1]["X"]).any()
