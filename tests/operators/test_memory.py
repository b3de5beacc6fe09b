"""Structured routes stay small: memory is measured, and large results are refused beforehand."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, SizeLimitError
from eingrad.operators import identity
from eingrad.operators.memory import default_limit, free_memory


def peak(call: Callable[[], Any]) -> int:
    """The most bytes that a call holds at once; what it imports is imported before."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def factorisation(n: int, k: int) -> Any:
    rng = np.random.default_rng(0)
    U, V = rng.normal(size=(n, k)), rng.normal(size=(n, k))
    return eingrad.hessian("norm2(T-U*V')^2", "U").operator(U=U, V=V)


def test_two_million_unknowns_are_solved_in_a_few_vectors() -> None:
    operator = factorisation(100_000, 20)
    b = np.random.default_rng(1).normal(size=operator.out_shape)
    operator.solve(b)
    fresh = factorisation(100_000, 20)
    assert peak(lambda: fresh.solve(b)) < 4 * b.nbytes
    assert peak(lambda: fresh.matvec(b)) < 4 * b.nbytes
    np.testing.assert_allclose(fresh @ fresh.solve(b), b, atol=1e-9)


def test_diagonal_trace_and_determinant_need_no_matrix() -> None:
    operator = factorisation(20_000, 10)
    vector = 20_000 * 10 * 8
    operator.logdet()
    assert peak(operator.diagonal) < 3 * vector
    assert peak(operator.trace) < vector
    assert peak(factorisation(20_000, 10).logdet) < vector


def test_kronecker_factors_are_never_multiplied() -> None:
    n = 60
    X = np.random.default_rng(0).normal(size=(n, n)) + n * np.eye(n)
    operator = eingrad.derivative("inv(X)", "X").operator(X=X)
    v = np.ones((n, n))
    operator.solve(v)
    for call in (lambda: operator @ v, lambda: operator.rmatvec(v), lambda: operator.solve(v)):
        assert peak(call) < 20 * v.nbytes  # the tensor has 3,600 times as many


def test_low_rank_systems_need_no_square_matrix() -> None:
    m, n = 20, 30_000
    rng = np.random.default_rng(0)
    X, w, y = rng.normal(size=(m, n)), np.zeros(n), np.ones(m)
    derivative = eingrad.hessian("sum(log(exp(-y.*(X*w))+1))", "w")
    operator = derivative.operator(X=X, w=w, y=y).shifted(0.1)
    b = rng.normal(size=n)
    assert peak(lambda: operator.solve(b)) < 10 * X.nbytes  # the matrix has 1,500 times as many
    np.testing.assert_allclose(operator @ operator.solve(b), b, atol=1e-8)


def test_patterns_act_without_being_built() -> None:
    n = 20_000
    v = np.random.default_rng(0).normal(size=n)
    running = eingrad.derivative("cumsum(x)", "x").operator(x=v)
    part = eingrad.derivative(eingrad.parse("x[5:n-3]", x="n"), "x").operator(x=v)
    assert peak(lambda: (running @ v, running.rmatvec(v))) < 20 * v.nbytes
    assert peak(lambda: part.rmatvec(part @ v)) < 20 * v.nbytes
    np.testing.assert_allclose(running @ v, np.cumsum(v))
    np.testing.assert_allclose(running.rmatvec(v), np.cumsum(v[::-1])[::-1])
    np.testing.assert_allclose(part @ v, v[5 : n - 3])


def test_convolutions_act_by_windows() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=20_000), rng.normal(size=7)
    operator = eingrad.derivative("conv1d(x, w)", "x").operator(x=x, w=w)
    assert peak(lambda: operator.rmatvec(operator @ x)) < 60 * x.nbytes
    np.testing.assert_allclose(operator @ x, np.correlate(x, w, "valid"))


@pytest.mark.parametrize("form", ["dense", "to_sparse"])
def test_results_over_the_limit_are_refused_before_anything_is_allocated(form: str) -> None:
    operator = factorisation(3000, 5)
    with pytest.raises(SizeLimitError, match="the limit is 1 MB"):
        getattr(operator, form)(limit=1_000_000)

    def refused() -> None:
        with pytest.raises(SizeLimitError):
            getattr(operator, form)(limit=1_000_000)

    assert peak(refused) < 1_000_000


def test_without_a_limit_a_quarter_of_the_free_memory_counts() -> None:
    huge = identity((200_000, 100))
    with pytest.raises(SizeLimitError, match="quarter of the free memory"):
        huge.dense()
    assert 0 < default_limit() <= free_memory() // 3


def test_dense_systems_over_the_limit_are_refused() -> None:
    operator = identity((3000, 2)) + 2 * identity((3000, 2))
    with pytest.raises(SizeLimitError, match="6000×6000"):
        operator.solve(np.ones((3000, 2)), method="dense", limit=10_000_000)


def test_cores_over_the_limit_are_refused_before_they_are_computed() -> None:
    derivative = eingrad.derivative("exp(x*y')", "x")
    x = np.broadcast_to(np.float64(1), (3_000_000,))
    with pytest.raises(SizeLimitError, match="cores"):
        derivative.operator(x=x, y=x)


def test_a_limit_is_a_number() -> None:
    with pytest.raises(InputError, match="number of bytes, not '1GB'"):
        eingrad.derivative("A*B", "A").operator(B=np.ones((3, 2)), m=4).dense(limit="1GB")
