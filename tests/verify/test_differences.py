"""Differences agree with right derivatives, disagree with wrong ones, and say how."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad.functions  # noqa: F401
from eingrad.differentiate import differentiate
from eingrad.dims import Dim
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.build import contract, dims, transpose
from eingrad.ir.node import Node, variable
from eingrad.verify.differences import check_derivative
from eingrad.verify.steps import central, complex_step

A, B = variable("A", dims("m", "n")), variable("B", dims("n", "k"))
Q, S = variable("Q", dims("n", "n")), variable("Q", dims("n", "n"), frozenset({"symmetric"}))
x, y = variable("x", dims("n")), variable("y", dims("n"))
QUADRATIC = contract("i,ij,j->", x, Q, x)
GRADIENT = construct.matmul(Q + transpose(Q, (1, 0)), x)


def test_a_right_derivative_agrees_to_rounding() -> None:
    report = check_derivative(QUADRATIC, [x], GRADIENT)
    assert report.ok and report.error < 1e-14
    assert report.text == (
        f"checked against complex-step differences on 2 random points (n={report.sizes['n']}): "
        f"largest relative error {report.error:.0e}"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        construct.matmul(Q, x) * 2,
        construct.matmul(x, Q),
        GRADIENT * build.exact(1.0001),
        -GRADIENT,
        build.zeros(x.shape),
    ],
)
def test_a_wrong_derivative_does_not(wrong: Node) -> None:
    report = check_derivative(QUADRATIC, [x], wrong)
    assert report.compared and not report.ok
    assert "does NOT agree" in report.text


def test_a_derivative_of_the_wrong_shape_is_refused_with_both_shapes() -> None:
    report = check_derivative(QUADRATIC, [x], construct.expand_dims(GRADIENT, [0]))
    assert not report.ok
    assert report.text == "the derivative has shape 1×n, not n"


def test_axes_are_output_then_inputs() -> None:
    product = construct.matmul(A, B)
    m = A.shape[0]
    right = build.einsum([(B, [(3,), (1,)])], [(0,), (1,), (0,), (3,)], 1, {0: m})
    assert check_derivative(product, [A], right).ok
    assert not check_derivative(product, [B], right).ok


def test_a_second_derivative_is_compared_with_differences_of_the_first() -> None:
    hessian = Q + transpose(Q, (1, 0))
    assert check_derivative(QUADRATIC, [x, x], hessian, previous=[GRADIENT]).ok
    assert not check_derivative(QUADRATIC, [x, x], 2 * Q, previous=[GRADIENT]).ok
    # A wrong first derivative is not hidden by a second one that fits it.
    wrong = check_derivative(QUADRATIC, [x, x], 2 * hessian, previous=[2 * GRADIENT])
    assert not wrong.ok
    with pytest.raises(ValueError, match="need 1 previous"):
        check_derivative(QUADRATIC, [x, x], hessian)


def test_functions_with_kinks_are_compared_by_central_differences() -> None:
    node = apply("abs", construct.matmul(A, x))
    right = contract("i,ij->ij", apply("sign", construct.matmul(A, x)), A)
    report = check_derivative(node, [x], right)
    assert report.ok and report.method == "central"
    assert 0 < report.error < 1e-6 or report.error == 0
    assert not check_derivative(node, [x], A).ok


def test_large_inputs_are_probed_in_random_directions() -> None:
    W, v = variable("W", dims(300, 200)), variable("v", dims(200))
    node = construct.inner_product(construct.matmul(W, v), construct.matmul(W, v))
    gradient = 2 * contract("i,j->ij", construct.matmul(W, v), v)
    assert check_derivative(node, [W], gradient).ok
    assert not check_derivative(node, [W], 2 * construct.outer(construct.matmul(W, v), v) * 2).ok
    # The second derivative has 3.6·10⁹ entries and is never built.
    hessian = build.einsum([(v, [(1,)]), (v, [(3,)])], [(0,), (1,), (0,), (3,)], 2, {0: W.shape[0]})
    assert check_derivative(node, [W, W], hessian, previous=[gradient]).ok
    assert not check_derivative(node, [W, W], 2 * hessian, previous=[gradient]).ok


def test_symmetric_variables_are_moved_symmetrically() -> None:
    node = contract("i,ij,j->", x, S, y)
    half = build.exact(0.5)
    for right in (construct.outer(x, y), (construct.outer(x, y) + construct.outer(y, x)) * half):
        assert check_derivative(node, [S], right).ok
    assert not check_derivative(node, [S], construct.outer(x, x)).ok
    free = contract("i,ij,j->", x, Q, y)
    assert not check_derivative(free, [Q], construct.outer(y, x)).ok


def test_without_a_point_nothing_is_claimed() -> None:
    report = check_derivative(apply("log", -construct.inner_product(x, x)), [x], x)
    assert not report.ok and not report.compared
    assert "not checked" in report.text


def test_the_derivative_by_what_does_not_occur_is_zero() -> None:
    assert check_derivative(QUADRATIC, [A], build.zeros(A.shape)).ok
    assert not check_derivative(QUADRATIC, [A], A).ok


def test_complex_step_is_exact_and_central_differences_know_their_error() -> None:
    z, d = np.array([0.3, -1.2]), np.array([1.0, 2.0])
    np.testing.assert_allclose(complex_step(np.tanh, z, d), d / np.cosh(z) ** 2, rtol=1e-15)
    value, doubt = central(np.tanh, z, d)
    error = np.abs(value - d / np.cosh(z) ** 2)
    assert (error < 1e-9).all() and (doubt < 1e-6).all()
    # A kink inside all steps shows as doubt.
    _, doubt = central(np.abs, np.array([1e-7]), np.array([1.0]))
    assert doubt[0] > 1e-2


def test_a_derivative_without_entries_is_reported_as_that() -> None:
    z = variable("Z", (Dim.of(0), Dim.of(3)))
    y = build.contract("ij,ij->", z, z)
    report = check_derivative(y, [z], 2 * z)
    assert report.ok
    assert "no entries" in report.text
    n = variable("N", build.dims("m", "n"))
    square = build.contract("ij,ij->", n, n)
    empty = check_derivative(square, [n], 2 * n, sizes={"m": 0, "n": 3})
    assert "no entries" in empty.text
    assert "no entries" not in check_derivative(square, [n], 2 * n).text


def test_sizes_too_large_for_arrays_are_reported_before_any_is_built() -> None:
    x = variable("x", ())
    wide = build.broadcast_to(x, (Dim.of(10**7), Dim.of(10**8)))
    one = build.broadcast_to(build.number(1), wide.shape)
    report = check_derivative(wide, [x], one)
    assert not report.compared and not report.ok
    assert "too large" in report.text


@pytest.mark.parametrize("exponent", [7, 200, 301])
def test_high_powers_are_judged_where_they_neither_vanish_nor_overflow(exponent: int) -> None:
    a = variable("A", build.dims("n", "n"))
    y = apply("det", a) ** exponent
    slope = differentiate(y, [a])
    assert check_derivative(y, [a], slope).ok
    assert not check_derivative(y, [a], 2 * slope).ok
