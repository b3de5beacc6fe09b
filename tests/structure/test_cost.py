"""Costs are formulas that agree with the arrays they are about."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, ShapeError
from eingrad.structure import linear_combination
from eingrad.structure.cost import direct_route
from eingrad.verify.reference import evaluate

CASES = [("A*B", "A"), ("A*B", "B"), ("A*X*B", "X"), ("softmax(x)", "x"), ("exp(X)", "X")]


def sizes_of(cost):
    return {s: 2 + k for k, s in enumerate(cost.sizes)}


@pytest.mark.parametrize(("text", "by"), CASES)
def test_numbers_of_the_tensor(text, by):
    d = eingrad.derivative(text, by)
    cost = d.cost()
    sizes = sizes_of(cost)
    rng = np.random.default_rng(1)
    values = {v.name: rng.normal(size=[k.evaluate(sizes) for k in v.shape]) for v in d._variables}
    dense = evaluate(d.node, values, sizes)
    row = cost.at(**sizes)["full tensor"]
    assert row["entries"] == dense.size
    assert row["bytes"] == dense.nbytes
    assert row["zeros"] == dense.size - np.count_nonzero(dense)
    assert row["distinct"] >= len(np.unique(dense))


@pytest.mark.parametrize(("text", "by"), CASES)
def test_the_linear_combination_is_the_pullback(text, by):
    d = eingrad.derivative(text, by)
    cost = d.cost()
    sizes = sizes_of(cost)
    rng = np.random.default_rng(2)
    pullback = eingrad.vjp(text, by)
    values = {
        v.name: rng.normal(size=[k.evaluate(sizes) for k in v.shape])
        for v in {*d._variables, *pullback._variables}
    }
    dense = evaluate(d.node, values, sizes)
    found = cost.linear_combination(dense, values["G"])
    np.testing.assert_allclose(found, evaluate(pullback.node, values, sizes), rtol=1e-12)


def test_formulas_for_a_product():
    cost = eingrad.derivative("A*B", "A").cost()
    at = cost.at(m=10, n=20, p=30)
    assert at["full tensor"]["entries"] == 10 * 30 * 10 * 20
    assert at["full tensor"]["zeros"] == 10 * 30 * 10 * 20 * 9 // 10
    assert at["linear combination"]["flops"] == 2 * 10 * 30 * 10 * 20
    assert at["direct"]["flops"] == 2 * 10 * 20 * 30
    assert at["direct"]["entries"] == 20 * 30
    assert at["direct"]["bytes"] == 8 * (20 * 30 + 10 * 30 + 10 * 20)


def test_the_cheaper_order_is_counted():
    A, X, B = (eingrad.matrix(n, s) for n, s in (("A", "50 2"), ("X", "2 3"), ("B", "3 70")))
    d = eingrad.derivative(A @ X @ B, "X")
    cost = d.cost()
    # G (50×70): Aᵀ G first is 2·2·50·70, then (AᵀG)Bᵀ 2·2·70·3; the other way is 2·50·70·3 + ….
    assert cost.at()["direct"]["flops"] == 2 * 2 * 50 * 70 + 2 * 2 * 70 * 3
    (term,) = d.structure.decomposition.terms
    assert direct_route(term, 2).order == (0, 1)


def test_a_sum_over_the_batch_has_no_products():
    y = eingrad.parse("W*X + b*vector(1)'", W="m n", X="n p", b="m")
    at = eingrad.derivative(y, "b").cost().at(m=3, p=5)
    assert at["direct"]["flops"] == 15


def test_the_table_names_the_routes_and_gives_numbers():
    text = eingrad.derivative("A*B", "A").cost().text(m=10, n=20, p=30)
    for word in ("full tensor", "linear combination", "direct", "m²np", "60,000", "12,000"):
        assert word in text


def test_missing_and_unknown_sizes_are_errors():
    cost = eingrad.derivative("A*B", "A").cost()
    with pytest.raises(InputError, match="not known"):
        cost.at(m=2)
    with pytest.raises(InputError, match="no size q"):
        cost.at(m=2, n=3, p=4, q=5)


def test_the_linear_combination_wants_output_axes_first():
    with pytest.raises(ShapeError):
        linear_combination(np.ones((3, 2)), np.ones(2))


def test_zero_costs_nothing_directly():
    at = eingrad.derivative("b'*x", "A").cost()
    assert at.direct.flops.terms == ()


@pytest.mark.parametrize("size", [-2, 2.5, "3", None, 4.0])
def test_a_size_is_a_whole_number(size):
    cost = eingrad.derivative("A*B", "A").cost()
    with pytest.raises(InputError, match=f"m is a size: a whole number.*not {size!r}"):
        cost.at(m=size, n=3, p=5)
    assert cost.at(m=np.int32(2), n=3, p=5) == cost.at(m=2, n=3, p=5)


def test_counts_of_small_sizes_are_counts():
    empty = eingrad.derivative("A*B", "A").cost().at(m=0, n=4, p=5)
    assert empty["full tensor"]["distinct"] == empty["full tensor"]["entries"] == 0
    chain = eingrad.hessian("sum((x[1:]-x[:-1]).^2)", "x").cost()
    for n in (1, 2, 3):
        row = chain.at(n=n)["full tensor"]
        assert 0 <= row["zeros"] <= row["entries"] and row["distinct"] <= row["entries"]
