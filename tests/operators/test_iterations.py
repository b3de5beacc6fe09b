"""Iterations where no structure helps: which one, what they promise, and that it is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, SingularError, UnsupportedError
from eingrad.operators import StructuredOperator
from tests.operators.random_operators import operator_of, positive_definite

rng = np.random.default_rng(5)


def many(n: int, definite: bool) -> StructuredOperator:
    """A sum of two Kronecker products without a common eigenbasis, as large as n²."""
    parts = [positive_definite(rng, n) / n + np.eye(n) for _ in range(4)]
    if not definite:
        parts[1] = parts[1] + np.triu(np.ones((n, n)), 1) / n
    axes = ([(0,), (1,)], [(2,), (3,)])
    terms = [(1.0, *axes, [(a, (0, 2)), (b, (1, 3))]) for a, b in (parts[:2], parts[2:])]
    return operator_of((n,) * 4, terms)[0] if n < 20 else _without_tensor(n, terms)


def _without_tensor(n: int, terms: Any) -> StructuredOperator:
    from eingrad.operators.term import Core, normal

    built = [
        normal(c, out, into, dict.fromkeys(range(4), n), [Core(a, t) for a, t in cores])
        for c, out, into, cores in terms
    ]
    return StructuredOperator(built, (n, n), (n, n))


def test_large_systems_without_structure_are_solved_by_conjugate_gradients() -> None:
    operator = many(70, definite=True)
    b = np.random.default_rng(0).normal(size=(70, 70))
    x = operator.solve(b)
    assert operator.solver.startswith("conjugate gradients")
    np.testing.assert_allclose(operator @ x, b, atol=1e-7)
    with pytest.raises(UnsupportedError, match="dense"):
        operator.logdet()


def test_large_systems_that_are_not_symmetric_are_solved_by_gmres() -> None:
    operator = many(70, definite=False)
    b = np.random.default_rng(0).normal(size=(70, 70))
    x = operator.solve(b)
    assert operator.solver == "GMRES"
    np.testing.assert_allclose(operator @ x, b, atol=1e-7)


def test_methods_can_be_asked_for() -> None:
    operator = many(5, definite=True)
    b = np.random.default_rng(0).normal(size=(2, 5, 5))
    expected = operator.solve(b, method="dense")
    np.testing.assert_allclose(operator.solve(b, method="iterative"), expected, rtol=1e-6)
    with pytest.raises(InputError, match="method"):
        operator.solve(b, method="magic")


def test_iterations_end_with_the_residual_asked_for_or_an_error() -> None:
    """Eigenvalues ±λ in pairs end MINRES early; in the others the residual that conjugate gradients
    carry along drifts from b − Ax."""
    X = rng.normal(size=(6, 6)) + 3 * np.eye(6)
    paired = eingrad.hessian("log(det(X))", "X").operator(X=X)
    hilbert = 1 / (1 + np.add.outer(np.arange(14), np.arange(14)))
    graded = np.logspace(0, -14, 30)
    turned = np.linalg.qr(rng.normal(size=(30, 30)))[0]
    solved = 0
    for operator in (
        paired,
        eingrad.hessian("x'*A*x", "x").operator(A=hilbert),
        eingrad.hessian("x'*A*x", "x").operator(A=turned * graded @ turned.T),
    ):
        b = rng.normal(size=operator.out_shape)
        try:
            x = operator.solve(b, method="iterative")
        except SingularError as error:
            assert "no iteration converged" in str(error)
            continue
        solved += 1
        assert np.linalg.norm(operator @ x - b) <= 1.1e-9 * np.linalg.norm(b)
    assert solved


def test_a_recurrence_that_drifted_from_the_residual_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from eingrad.operators.solvers.iterative import Iterative

    operator = eingrad.hessian("x'*A*x", "x").operator(A=positive_definite(rng, 9))
    b = rng.normal(size=9)
    monkeypatch.setattr(Iterative, "_unsolved", lambda self, x, b: np.ones(len(b), bool))
    with pytest.raises(SingularError, match="no iteration converged"):
        operator.solve(b, method="iterative")
