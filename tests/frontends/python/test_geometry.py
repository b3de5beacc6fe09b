"""Quadratic forms, distances, the normal distribution and bands against SciPy and NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.codegen import generate
from eingrad.errors import ShapeError
from eingrad.frontends.python import (
    band,
    mahalanobis,
    matrix,
    multivariate_normal_logpdf,
    pairwise_squared_distances,
    quadratic_form,
    squared_mahalanobis,
    tensor,
    vector,
)
from eingrad.ir.walk import variables
from eingrad.verify.reference import evaluate

RNG = np.random.default_rng(9)
B = RNG.normal(size=(4, 4))
VALUES = {
    "x": RNG.normal(size=4),
    "X": RNG.normal(size=(5, 4)),
    "Y": RNG.normal(size=(3, 4)),
    "m": RNG.normal(size=4),
    "S": B @ B.T + np.eye(4),
    "A": B,
}
x, m = vector("x"), vector("m")
X, Y, A = matrix("X", "p n"), matrix("Y", "q n"), matrix("A", "n n")
S = tensor("S", "n n", "spd")


def value(expression: Any) -> np.ndarray:
    return evaluate(expression.node, VALUES)


def compiled(expression: Any) -> Callable[..., np.ndarray]:
    return generate({"y": expression.node}).function()


def test_a_quadratic_form_of_a_vector_and_of_rows() -> None:
    np.testing.assert_allclose(value(quadratic_form(x, A)), VALUES["x"] @ B @ VALUES["x"])
    wanted = [r @ B @ r for r in VALUES["X"]]
    np.testing.assert_allclose(value(quadratic_form(X, A)), wanted)


def test_distances_are_those_of_scipy() -> None:
    distance = pytest.importorskip("scipy.spatial.distance")
    inverse = np.linalg.inv(VALUES["S"])
    wanted = distance.mahalanobis(VALUES["x"], VALUES["m"], inverse)
    np.testing.assert_allclose(value(mahalanobis(x, m, S)), wanted)
    np.testing.assert_allclose(value(squared_mahalanobis(x, m, S)), wanted**2)
    wanted = distance.cdist(VALUES["X"], VALUES["Y"], "sqeuclidean")
    np.testing.assert_allclose(value(pairwise_squared_distances(X, Y)), wanted)
    wanted = distance.cdist(VALUES["X"], VALUES["X"], "sqeuclidean")
    np.testing.assert_allclose(value(pairwise_squared_distances(X)), wanted, atol=1e-14)


def test_the_log_density_is_that_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for point in ("x", "X"):
        wanted = stats.multivariate_normal(VALUES["m"], VALUES["S"]).logpdf(VALUES[point])
        found = multivariate_normal_logpdf({"x": x, "X": X}[point], m, S)
        np.testing.assert_allclose(value(found), wanted)


def test_the_log_density_is_finite_where_the_determinant_is_not() -> None:
    n = 400
    found = compiled(multivariate_normal_logpdf(x, m, S))(
        x=np.zeros(n), m=np.zeros(n), S=1e-3 * np.eye(n)
    )
    np.testing.assert_allclose(found, -n / 2 * np.log(2e-3 * np.pi))


def test_code_of_the_log_density_solves() -> None:
    source = eingrad.gradient(multivariate_normal_logpdf(x, m, S), "x").source()
    assert "solve" in source and "inv" not in source


def test_close_points_have_exact_distances() -> None:
    near = np.array([[1.0, 1.0]]) + np.array([[0.0], [1e-9]])
    found = compiled(pairwise_squared_distances(X))(X=near)
    np.testing.assert_allclose(found[0, 1], 2e-18, rtol=1e-6)


@pytest.mark.parametrize("widths", [(0, 0), (1, 2), (2, 0), (0, 9)])
def test_a_band_has_so_many_diagonals_on_each_side(widths: tuple[int, int]) -> None:
    lower, upper = widths
    offset = np.arange(4) - np.arange(4)[:, None]
    wanted = np.where((offset >= -lower) & (offset <= upper), B, 0)
    np.testing.assert_array_equal(value(band(A, lower, upper)), wanted)


@pytest.mark.parametrize(
    "expression",
    [
        lambda: quadratic_form(X, A).sum(),
        lambda: mahalanobis(x, m, S),
        lambda: multivariate_normal_logpdf(X, m, S).sum(),
        lambda: np.exp(-pairwise_squared_distances(X, Y)).sum(),
        lambda: np.exp(-pairwise_squared_distances(X)).sum(),
    ],
)
def test_derivatives_agree_with_differences(expression) -> None:
    y = expression()
    for name in sorted({v.name for v in variables(y.node)}):
        for order in (1, 2):
            report = eingrad.derivative(y, *[name] * order).check()
            assert report.compared and report.ok, report.text


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: quadratic_form(x, matrix("C", "m m")),
        lambda: mahalanobis(x, m, matrix("C", "n k")),
        lambda: mahalanobis(x, vector("u", "k"), S),
        lambda: pairwise_squared_distances(X, matrix("C", "q k")),
        lambda: band(A, -1, 2),
    ],
)
def test_shapes_that_do_not_fit_are_errors(attempt) -> None:
    with pytest.raises(ShapeError):
        attempt()


class TestSpectrum:
    """Vectors of eigen- and singular values, and what happens where values coincide."""

    def test_derivatives_agree_with_differences(self) -> None:
        C = matrix("C", "3 3")
        for y in (
            eingrad.eigvecsh(C + C.T) @ vector("u", 3),
            eingrad.left_singular(matrix("C", "4 3")) @ vector("u", 3),
        ):
            report = eingrad.derivative(y, "C").check()
            assert report.compared and report.ok, report.text

    def test_where_values_coincide_the_derivative_of_vectors_is_an_error(self) -> None:
        C = matrix("C", "3 3")
        vectors = eingrad.derivative(eingrad.eigvecsh(C + C.T).sum(), "C").function()
        values = eingrad.derivative(np.linalg.eigvalsh(C + C.T).sum(), "C").function()
        at = np.diag([1.0, 1.0, 2.0])
        with pytest.raises(np.linalg.LinAlgError, match="eigenvalues 0 and 1 are equal"):
            vectors(C=at)
        np.testing.assert_allclose(values(C=at), 2 * np.eye(3), atol=1e-12)
