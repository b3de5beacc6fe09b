"""Derivatives come out in the factored form that a person would write: deltas and cores."""

from eingrad.differentiate import differentiate, pullback
from eingrad.dims import Dim
from eingrad.ir.apply import apply
from eingrad.ir.build import (
    add,
    contract,
    einsum,
    is_zero,
    multiply,
    power,
    scale,
    subtract,
    transpose,
)
from eingrad.ir.construct import diag_matrix, eye, inner_product, matmul
from eingrad.ir.node import Node, Term, variable

M, N, K, P = (Dim.symbol(s) for s in "mnkp")
A = variable("A", (N, N))
B = variable("B", (N, P))
X = variable("X", (M, N))
x = variable("x", (N,))
y = variable("y", (M,))


def t(node: Node) -> Node:
    return transpose(node, (1, 0))


def test_product_by_its_left_factor_is_a_delta_and_the_right_factor() -> None:
    expected = einsum([(B, [("l",), ("j",)])], [("i",), ("j",), ("i",), ("l",)], 1, {"i": M})
    assert differentiate(matmul(X, B), [X]) is expected


def test_quadratic_form_twice_is_the_matrix_and_its_transpose() -> None:
    assert differentiate(matmul(x, matmul(A, x)), [x, x]) is add(A, t(A))


def test_symmetric_matrix_is_symmetric_again_after_the_last_derivative() -> None:
    s = variable("S", (N, N), frozenset({"symmetric"}))
    assert differentiate(matmul(x, matmul(s, x)), [x]) is scale(2, matmul(s, x))
    # By S itself all entries are free: x yᵀ, not its symmetric part.
    z = variable("z", (N,))
    expected = contract("i,j->ij", x, z)
    assert differentiate(matmul(x, matmul(s, z)), [s]) is expected


def test_least_squares_keeps_its_residual() -> None:
    r = subtract(matmul(X, x), y)
    assert differentiate(inner_product(r, r), [x]) is scale(2, matmul(t(X), r))


def test_factorisation_hessian_is_a_delta_and_a_small_core() -> None:
    u, v = variable("U", (M, K)), variable("V", (N, K))
    r = subtract(variable("T", (M, N)), matmul(u, t(v)))
    hessian = differentiate(inner_product(r, r), [u, u])
    assert isinstance(hessian, Term)
    assert hessian.out == ((0,), (1,), (0,), (2,))
    assert [f.node for f in hessian.factors] == [matmul(t(v), v)]


def test_norm_is_not_differentiated_through_its_square() -> None:
    norm = power(inner_product(x, x), 0.5)
    assert differentiate(norm, [x]) is multiply(x, power(norm, -1))


def test_elementwise_function_gives_a_diagonal_delta() -> None:
    value = apply("exp", x)
    assert differentiate(value, [x]) is diag_matrix(value)


def test_identity_and_absent_variables() -> None:
    assert differentiate(x, [x]) is eye(N)
    zero = differentiate(x, [y])
    assert is_zero(zero)
    assert zero.shape == (N, M)


def test_pullback_passes_the_incoming_gradient_through() -> None:
    g = variable("G", (M, P))
    assert pullback(matmul(X, B), X, g) is matmul(g, t(B))
