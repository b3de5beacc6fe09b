"""Contracted Hessians are contractions of the Hessian, in formulas and in code."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, ShapeError

CASES = [
    ("norm2(A*x - y)^2", "x", {}),
    ("norm2(T - U*V')^2", "U", {}),
    ("norm2(T - U*V')^2 + c*norm2(U)^2", "U", {}),
    ("sum(exp(A*x))", "x", {}),
    ("tr(X'*A*X) + sum(X.^4)", "X", {}),
    ("sum(exp(X))", "X", {}),
    ("log(det(X))", "X", {}),
    ("c*a^4", "a", {}),
]
SIZES = {"m": 5, "n": 3, "p": 2, "q": 4}


def numeric(text, by, declared):
    """The Hessian and gradient as matrix and vector, and values of the variables."""
    y = eingrad.parse(text, **declared)
    h = eingrad.hessian(y, by)
    rng = np.random.default_rng(3)
    values = {}
    for v in y.variables.values():
        shape = [d.evaluate(SIZES) for d in v.shape]
        values[v.name] = rng.normal(size=shape) + (2 * np.eye(*shape) if len(shape) == 2 else 1)
    n = int(np.prod(np.shape(values[by])))
    matrix = np.reshape(h.function()(**values), (n, n))
    gradient = np.reshape(eingrad.gradient(y, by).function()(**values), n)
    return y, matrix, gradient, values


@pytest.mark.parametrize(("text", "by", "declared"), CASES)
def test_laplacian_is_the_trace(text, by, declared):
    y, matrix, _, values = numeric(text, by, declared)
    d = eingrad.laplacian(y, by)
    assert d.shape == () and d.check().ok
    np.testing.assert_allclose(d.function()(**values), np.trace(matrix), rtol=1e-9)


@pytest.mark.parametrize(("text", "by", "declared"), CASES)
def test_quadratic_form_is_the_second_derivative_along_a_direction(text, by, declared):
    y, matrix, _, values = numeric(text, by, declared)
    d = eingrad.curvature(y, by)
    assert d.check().ok
    v = np.random.default_rng(4).normal(size=np.shape(values[by]))
    wanted = np.ravel(v) @ matrix @ np.ravel(v)
    np.testing.assert_allclose(d.function()(v=v, **values), wanted, rtol=1e-9)


@pytest.mark.parametrize(("text", "by", "declared"), CASES)
def test_newton_step_solves_with_the_hessian(text, by, declared):
    y, matrix, gradient, values = numeric(text, by, declared)
    d = eingrad.newton_step(y, by)
    assert d.check().ok
    found = d.function()(**values)
    assert found.shape == np.shape(values[by])
    np.testing.assert_allclose(matrix @ np.ravel(found), gradient, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize(("text", "by"), [("tr(X'*A*X) + sum(X.^4)", "X"), ("log(det(X))", "X")])
def test_blocks_are_those_of_the_hessian(text, by, axis):
    y, matrix, _, values = numeric(text, by, {})
    d = eingrad.block_diagonal(y, by, axis)
    rows, columns = np.shape(values[by])
    full = matrix.reshape(rows, columns, rows, columns)
    wanted = np.einsum("ijil->ijl" if axis == 0 else "jili->ijl", full)
    assert len(d.axes) == 3 and d.check().ok
    np.testing.assert_allclose(d.function()(**values), wanted, rtol=1e-9)


def test_only_the_small_matrix_is_inverted():
    d = eingrad.newton_step("norm2(T - U*V')^2", "U")
    assert str(d.formula()) == "U − TV(VᵀV)⁻¹"
    assert "solve" in d.source() and "inv(" not in d.source()
    assert "def newton_step(" in d.source()


def test_titles_say_what_it_is():
    assert eingrad.laplacian("x'*A*x", "x").title == "tr ∂²y/∂x²"
    assert eingrad.curvature("x'*A*x", "x", "d").title == "dᵀ (∂²y/∂x²) d"
    assert eingrad.newton_step("norm2(A*x - y)^2", "x").title == "(∂²f/∂x²)⁻¹ ∂f/∂x"


@pytest.mark.parametrize("name", ["laplacian", "curvature", "newton_step", "block_diagonal"])
def test_vectors_have_no_hessian_to_contract(name):
    with pytest.raises(ShapeError):
        getattr(eingrad, name)("A*x", "x")


def test_a_linear_function_has_no_newton_step():
    with pytest.raises(InputError, match="linear"):
        eingrad.newton_step("h'*x", "x")


def test_an_axis_that_there_is_not():
    with pytest.raises(InputError, match="no axis 2"):
        eingrad.block_diagonal("sum(exp(X))", "X", 2)


def test_the_trace_of_a_sum_has_sizes_in_place_of_deltas():
    d = eingrad.laplacian("norm2(A*X - Y)^2 + c*norm2(X)^2", "X")
    assert str(d.formula()) == "2 p·(c n + ‖A‖²)"
    values = {n: np.random.default_rng(0).normal(size=s) for n, s in {"A": (5, 3)}.items()}
    found = d.function()(**values, c=0.25, X=np.zeros((3, 4)), Y=np.zeros((5, 4)))
    np.testing.assert_allclose(found, 2 * 4 * (0.25 * 3 + np.sum(values["A"] ** 2)))


def test_the_diagonal_is_called_a_diagonal():
    d = eingrad.hessian_diagonal("sum(exp(A*x))", "x")
    assert d.title == "diagonal of ∂²y/∂x²"
    assert d.axes == ("x axis 0",)
    assert "def hessian_diagonal(" in d.source()


@pytest.mark.parametrize(
    "name", ["laplacian", "curvature", "hessian_diagonal", "block_diagonal", "hvp", "vjp", "jvp"]
)
def test_a_zero_says_why(name):
    d = getattr(eingrad, name)("norm2(x)^2", "q")
    assert d.is_zero
    assert any("q does not occur" in note for note in d.notes)
