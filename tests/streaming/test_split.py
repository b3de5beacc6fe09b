"""Blocks of rows give what all rows give, and what cannot be cut is told."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import eingrad
from tests.streaming.cases import CASES, declared, values

ALL = ("value", "gradient", "hessian")


def derivative(text):
    return eingrad.hessian(eingrad.parse(text, **declared(text)), CASES[text])


def same(got, expected, tolerance=1e-11):
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, np.abs(b).max()))


@pytest.mark.parametrize("text", CASES)
def test_blocks_give_what_all_rows_give(text):
    d = derivative(text)
    arrays = values()
    whole = d.function("numpy", ALL)
    expected = whole(**{n: arrays[n] for n in whole.arguments})
    blocks = d.blockwise("m", outputs=ALL)
    given = {n: arrays[n] for n in (*blocks.axes, *blocks.shared)}
    for rows in (1, 5, 23, 100):
        same(blocks(block_rows=rows, **given), expected)


@pytest.mark.parametrize("text", CASES)
def test_nothing_that_a_block_gives_grows_with_the_rows(text):
    blocks = derivative(text).blockwise("m", outputs=ALL)
    assert not any("m" in dim.symbols() for p in blocks.partials for dim in p.shape)
    assert "m" not in blocks.entries.symbols()


@pytest.mark.parametrize("text", CASES)
def test_results_of_blocks_meet_in_any_order(text):
    d = derivative(text)
    arrays = values(1)
    blocks = d.blockwise("m", outputs=ALL)
    shared = {n: arrays[n] for n in blocks.shared}
    cuts = [0, 3, 4, 11, 23]
    parts = [
        blocks.per_block(**{n: arrays[n][a:b] for n in blocks.axes}, **shared)
        for a, b in pairwise(cuts)
    ]
    straight = blocks.combine(parts, **shared)
    tree = blocks.merge(blocks.merge(parts[3], parts[1]), blocks.merge(parts[2], parts[0]))
    same(blocks.combine([tree], **shared), straight)


def test_the_partial_results_are_the_fewest():
    """What outputs share is summed once, and kept small where a square would lose digits."""

    def entries(text, outputs=ALL):
        return str(derivative(text).blockwise("m", outputs=outputs).entries)

    assert entries("sum(log(exp(-y.*(X*w)) + 1))") == "n*n + n + 1"
    assert entries("norm2(X*w - y)") == "n*n + n + 1"
    assert entries("sqrt(sum((X*w - y).^2)/m)") == "n*n + n + 2"
    assert entries("logsumexp(X*w)") == "n*n + n + 1"
    assert entries("sum(exp(X*w) - y.*(X*w))", ("gradient",)) == "n"


def test_exponentials_do_not_overflow_in_blocks():
    d = eingrad.gradient(eingrad.parse("logsumexp(X*w)", X="m n", w="n"), "w")
    blocks = d.blockwise("m", outputs=("value", "gradient"))
    X = np.array([[800.0, 0.0], [-900.0, 1.0], [805.0, 2.0], [1e5, 3.0], [1e5, 5.0]])
    w = np.array([1.0, 0.0])
    value, gradient = blocks(X=X, w=w, block_rows=1)
    np.testing.assert_allclose(value, 1e5 + np.log(2), rtol=1e-15)
    np.testing.assert_allclose(gradient, [1e5, 4.0], rtol=1e-10)


def test_rows_without_weight_in_a_block_do_no_harm():
    d = eingrad.gradient(eingrad.parse("logsumexp(X*w + z)", X="m n", w="n", z="m"), "w")
    X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    z = np.array([-np.inf, 0.0, 0.0])
    with np.errstate(invalid="ignore"):
        got = d.blockwise("m")(X=X, z=z, w=np.zeros(2), block_rows=1)
    np.testing.assert_allclose(got, [4.0, 5.5])


def test_the_largest_and_smallest_entry_and_products_meet():
    expression = eingrad.parse("max(X*w) - min(X*w)*prod(y)", X="m n", w="n", y="m")
    arrays = values(2)
    d = eingrad.gradient(expression, "y")
    blocks = d.blockwise("m", outputs=("value",))
    assert sorted(p.kind for p in blocks.partials) == ["max", "min", "prod"]
    z = arrays["X"] @ arrays["w"]
    expected = z.max() - z.min() * arrays["y"].prod()
    got = blocks(X=arrays["X"], w=arrays["w"], y=arrays["y"], block_rows=4)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "shapes", "by", "said"),
    [
        ("sum(tanh(X*w - mean(X*w)))", {"X": "m n", "w": "n"}, "w", "total over all rows first"),
        ("max(X*w)", {"X": "m n", "w": "n"}, "w", r"max_share\(Xw\) needs all rows m at once"),
        ("sum(y.*cumsum(X*w))", {"X": "m n", "w": "n", "y": "m"}, "w", "tril"),
        ("norm2(X[1:, :]*w)", {"X": "m n", "w": "n"}, "w", "size m - 1"),
        ("sum(exp(X*X'))", {"X": "m n"}, "X", "size m on 2 axes"),
        ("w'*K*w", {"K": "m m", "w": "m"}, "w", "K has the size m on 2 axes"),
        ("sum(X.*reshape(X', m, n))", {"X": "m n"}, "X", "arranges the rows m in two ways"),
        ("sum(tanh(reshape(X, n, m)*y))", {"X": "m n", "y": "m"}, "y", "in two ways"),
    ],
)
def test_what_cannot_be_cut_is_named(text, shapes, by, said):
    d = eingrad.gradient(eingrad.parse(text, **shapes), by)
    with pytest.raises(eingrad.UnsupportedError, match=said):
        d.blockwise("m", outputs=("value", "gradient"))


def test_a_result_with_rows_is_told():
    d = eingrad.jacobian(eingrad.parse("tanh(X*w)", X="m n", w="n"), "w")
    with pytest.raises(eingrad.UnsupportedError, match="derivative has the rows m itself"):
        d.blockwise("m")


def test_a_compound_size_of_a_variable_is_told():
    d = eingrad.gradient(eingrad.parse("sum(exp(a*v))", v=("m*n",), a=""), "a")
    with pytest.raises(eingrad.UnsupportedError, match=r"v has an axis of size m\*n"):
        d.blockwise("m")


def test_rows_that_nothing_depends_on_are_told():
    d = eingrad.gradient(eingrad.parse("norm2(w)^2 + sum(X*w)", X="m n", w="n"), "w")
    with pytest.raises(eingrad.InputError, match="depends on rows of a size k"):
        d.blockwise("k")
    ridge = eingrad.hessian(eingrad.parse("norm2(w)^2", w="n"), "w")
    with pytest.raises(eingrad.InputError, match="depends on rows of a size m"):
        ridge.blockwise("m")


@pytest.mark.parametrize("rows", ["T", "b"])
def test_a_recurrence_needs_all_rows(rows):
    """Whether the rows are its steps or samples: neither may be taken for what all blocks share."""
    x, w = eingrad.tensor("X", "T b n"), eingrad.matrix("W", "n n")
    states = eingrad.scan(lambda h, x: np.tanh(h @ w + x), eingrad.matrix("h0", "b n"), x)
    with pytest.raises(eingrad.UnsupportedError, match="a recurrence with the rows"):
        eingrad.gradient(np.sum(states**2), w).blockwise(rows)
