"""One tensor, one object: equal expressions meet however they were built."""

from __future__ import annotations

import itertools
import warnings
from fractions import Fraction

import numpy as np
import pytest

import eingrad.functions  # noqa: F401
from eingrad.dims import ONE, Dim
from eingrad.errors import InputError, ShapeError
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.build import contract, dims, einsum, transpose
from eingrad.ir.node import Contraction, Node, Sum, Term, Variable, variable
from eingrad.ir.walk import topological
from eingrad.verify.reference import evaluate

M, N, K = (Dim.symbol(s) for s in "mnk")
SIZES = {"m": 2, "n": 3, "k": 4}
RNG = np.random.default_rng(3)


def var(name: str, *shape: str | int, facts: str = "") -> Variable:
    return variable(name, dims(*shape), frozenset(facts.split()))


def t(node: Node) -> Node:
    return transpose(node, (1, 0))


def value(node: Node, **values: np.ndarray) -> np.ndarray:
    return evaluate(node, values, SIZES)


A, B, C = var("A", "n", "n"), var("B", "n", "n"), var("C", "n", "n")
X, Y = var("X", "m", "n"), var("Y", "n", "k")
x, y, s = var("x", "n"), var("y", "n"), var("s")
S = var("S", "n", "n", facts="symmetric")


def test_factors_in_any_order_and_any_letters_are_one_node() -> None:
    parts = {"ij": A, "jk": B, "kl": C}
    nodes = set()
    for order in itertools.permutations(parts):
        for letters in ("ijkl", "ljik", "zxyw"):
            rename = str.maketrans("ijkl", letters)
            spec = ",".join(order).translate(rename) + "->" + "il".translate(rename)
            nodes.add(contract(spec, *(parts[p] for p in order)))
    assert len(nodes) == 1
    a, b, c = RNG.normal(size=(3, 3, 3))
    np.testing.assert_allclose(value(nodes.pop(), A=a, B=b, C=c), a @ b @ c)


def test_every_spelling_of_tr_aaa_is_one_node() -> None:
    nodes = {
        contract(f"{a}{b},{b}{c},{c}{a}->", A, A, A) for a, b, c in itertools.permutations("ijk")
    }
    nodes.add(contract("ji,kj,ik->", A, A, A))
    assert len(nodes) == 1
    # tr(AᵀAA) is another number.
    assert contract("ji,jk,ki->", A, A, A) not in nodes


def test_rotations_and_transposes_of_a_trace_are_one_node() -> None:
    abc = contract("ij,jk,ki->", A, B, C)
    assert contract("ij,jk,ki->", B, C, A) is abc
    assert contract("ji,kj,ik->", t(A), t(B), t(C)) is abc
    assert contract("ij,jk,ki->", t(C), t(B), t(A)) is abc
    assert contract("ij,jk,ki->", A, C, B) is not abc


def test_symmetric_matrices_are_equal_to_their_transposes() -> None:
    assert t(S) is S
    assert construct.matmul(S, x) is construct.matmul(x, S)
    assert construct.matmul(A, x) is not construct.matmul(x, A)
    bs = contract("ij,jk->ik", B, S)
    assert bs is contract("ij,kj->ik", B, S)


def test_a_minus_a_is_zero_and_a_plus_a_is_two_a() -> None:
    zero = A - A
    assert isinstance(zero, Sum) and not zero.operands and zero.shape == A.shape
    assert A + A is 2 * A
    assert A + B + A - 2 * A is B
    assert (A + B) - (B + A) is zero
    assert construct.matmul(A, x) - contract("j,ij->i", x, A) is build.zeros((N,))
    assert A * Fraction(1, 2) + A * Fraction(1, 2) is A


def test_sums_do_not_depend_on_the_order_of_creation() -> None:
    terms = [A, 2 * B, t(C), construct.eye("n"), contract("i,j->ij", x, y)]
    assert len({build.add(*order) for order in itertools.permutations(terms)}) == 1


def test_a_number_as_a_factor_is_a_coefficient() -> None:
    total = A + 1
    assert total * 2 is build.scale(2, total)
    assert total * build.number(2) is 2 * total
    assert (2 * A) * (3 * B) is 6 * (A * B)


def test_a_delta_with_a_summed_index_disappears() -> None:
    eye = construct.eye("n")
    assert construct.matmul(eye, A) is A
    assert construct.matmul(construct.matmul(A, eye), eye) is A
    assert contract("ij,ij->", eye, A) is construct.trace(A)
    assert contract("ij,j->i", construct.diag_matrix(x), y) is x * y


def test_deltas_are_a_partition_of_the_axes() -> None:
    eye = construct.eye("n")
    chain = contract("ab,bc->abc", eye, eye)
    star = contract("ab,ac->abc", eye, eye)
    assert chain is star
    assert isinstance(chain, Term) and chain.out == ((0,), (0,), (0,))
    expected = np.einsum("ab,bc->abc", np.eye(3), np.eye(3))
    np.testing.assert_array_equal(value(chain), expected)


def test_the_trace_of_the_identity_is_the_size() -> None:
    assert construct.trace(construct.eye("n")) is construct.size_value(N)
    assert construct.trace(construct.eye(5)) is build.number(5)
    assert value(construct.sum_axes(construct.eye("n"))) == 3


def test_a_summed_index_that_no_factor_carries_is_a_size() -> None:
    node = einsum([(x, [("i",)])], [("i",)], 1, {})
    total = construct.sum_axes(build.broadcast_to(node, (M, N)), [0])
    v = RNG.normal(size=3)
    np.testing.assert_allclose(value(total, x=v), 2 * v)


def test_connected_factors_are_one_contraction_and_others_stay_apart() -> None:
    node = contract("ij,j,kl,l->ik", A, x, B, y)
    assert isinstance(node, Term)
    assert {type(f.node) for f in node.factors} == {Contraction}
    assert node is construct.outer(construct.matmul(A, x), construct.matmul(B, y))


def test_only_a_literal_one_broadcasts() -> None:
    row = var("r", 1, "n")
    node = X * row
    a, b = RNG.normal(size=(2, 3)), RNG.normal(size=(1, 3))
    np.testing.assert_allclose(value(node, X=a, r=b), a * b)
    with pytest.raises(ShapeError, match="m×n and k×n"):
        X * var("Z", "k", "n")
    # A symbolic size that happens to be 1 is an axis like any other.
    one = evaluate(construct.outer(x, y), {"x": np.ones(1), "y": np.ones(1)})
    assert one.shape == (1, 1)


def test_axes_of_size_one_come_and_go() -> None:
    assert construct.squeeze(construct.expand_dims(A, [0, 2])) is A
    assert construct.expand_dims(A, [1]).shape == (N, ONE, N)
    assert construct.sum_axes(construct.expand_dims(A, [1]), [1]) is A
    assert construct.reshape(construct.reshape(A, (N, ONE, N)), (N, N)) is A


def test_vec_of_a_product_is_a_kronecker_product_times_vec() -> None:
    Z = var("Z", "k", "k")
    left = construct.vec(contract("ij,jl,lo->io", X, Y, Z))
    right = construct.matmul(construct.kron(t(Z), X), construct.vec(Y))
    assert left is right


def test_the_mixed_product_rule_of_kronecker_products() -> None:
    Z, W = var("Z", "k", "m"), var("W", "m", "k")
    left = construct.matmul(construct.kron(A, Z), construct.kron(B, W))
    assert left is construct.kron(construct.matmul(A, B), construct.matmul(Z, W))


def test_a_reshape_and_its_inverse_vanish() -> None:
    flat = construct.ravel(X)
    assert construct.reshape(flat, (M, N)) is X
    w = var("w", 6)
    assert construct.ravel(construct.reshape(w, (2, 3))) is w
    assert construct.reshape(construct.reshape(w, (2, 3)), (3, 2)) is construct.reshape(w, (3, 2))


def test_cuts_that_conflict_still_have_the_right_value() -> None:
    """2·3 against 3·2: no common refinement, so one of the two stays a node of its own."""
    p, q = var("p", 2, 3), var("q", 3, 2)
    node = construct.ravel(p) * construct.ravel(q)
    a, b = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 2))
    np.testing.assert_allclose(value(node, p=a, q=b), a.ravel() * b.ravel())
    total = construct.sum_axes(node)
    np.testing.assert_allclose(value(total, p=a, q=b), a.ravel() @ b.ravel())
    again = construct.reshape(construct.reshape(p, (3, 2)) * q, (6,))
    np.testing.assert_allclose(value(again, p=a, q=b), a.ravel() * b.ravel())


def test_refined_cuts_meet() -> None:
    """m·n against (m·n): the coarse side is cut, and the product is one matrix again."""
    w = var("w", "m", "n")
    v = variable("v", (M * N,))
    node = construct.reshape(construct.ravel(w) * v, (M, N))
    a, b = RNG.normal(size=(2, 3)), RNG.normal(size=6)
    np.testing.assert_allclose(value(node, w=a, v=b), a * b.reshape(2, 3))
    assert node is w * construct.reshape(v, (M, N))


def test_powers_of_one_base_are_collected() -> None:
    assert x * x is x**2
    assert x**3 * x**-1 is x**2
    assert x * x**-1 is construct.ones((N,))
    assert x ** Fraction(1, 2) * x ** Fraction(1, 2) is x
    assert (x**6) * x is x**7
    assert (x * y) ** 2 is x**2 * y**2
    assert 1 / (1 / x) is x


def test_the_root_of_a_square_is_the_absolute_value() -> None:
    assert (x**2) ** Fraction(1, 2) is apply("abs", x)
    p = var("p", "n", facts="positive")
    assert (p**2) ** Fraction(1, 2) is p
    v = np.array([-1.5, 2.0, -0.25])
    np.testing.assert_allclose(value((x**2) ** Fraction(3, 2), x=v), np.abs(v) ** 3)
    np.testing.assert_allclose(value((-2 * x) ** 3, x=v), (-2 * v) ** 3)


def test_elementwise_functions_move_below_transposes() -> None:
    assert apply("exp", t(A)) is t(apply("exp", A))
    assert apply("exp", construct.ravel(X)) is construct.ravel(apply("exp", X))
    assert apply("exp", build.broadcast_to(x, (M, N))) is build.broadcast_to(
        apply("exp", x), (M, N)
    )
    # exp(0) = 1: not below a delta.
    v = RNG.normal(size=3)
    diagonal = apply("exp", construct.diag_matrix(x))
    np.testing.assert_allclose(value(diagonal, x=v), np.exp(np.diag(v)))


def test_elementwise_functions_of_sums_move_below_axes_of_size_one() -> None:
    r = var("r", 1, "n")
    total = construct.expand_dims(x * y + 1, [0])
    assert apply("tanh", total) is construct.expand_dims(apply("tanh", x * y + 1), [0])
    v = RNG.normal(size=(1, 3))
    np.testing.assert_allclose(value(apply("tanh", r * r + r), r=v), np.tanh(v * v + v))


def test_numbers_are_exact() -> None:
    third = build.number(Fraction(1, 3))
    assert third + third + third is build.number(1)
    assert build.number(0.1) + build.number(0.2) is build.number(Fraction(3, 10))
    assert build.number(4) ** Fraction(1, 2) is build.number(2)
    with pytest.raises(ShapeError):
        build.number(float("nan"))


def test_elementwise_functions_of_a_diagonal_see_only_the_diagonal() -> None:
    diagonal = contract("ii->i", A)
    logs = apply("log", diagonal)
    assert logs is not contract("ii->i", apply("log", A))
    assert apply("log", build.broadcast_to(diagonal, (M, N))) is build.broadcast_to(logs, (M, N))
    cube = var("T", "n", "n", "m")
    flat = contract("iij->ij", cube)
    assert apply("exp", t(flat)) is t(apply("exp", flat))
    assert apply("exp", construct.ravel(flat)) is construct.ravel(apply("exp", flat))
    v = np.diag([2.0, 3.0, 5.0]) - np.ones((3, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the other entries have no logarithm
        np.testing.assert_allclose(value(logs, A=v), np.log([1.0, 2.0, 4.0]))


def test_a_number_without_a_function_value_is_left_alone_in_silence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "log" in repr(apply("log", build.number(-1)) * x)


def test_rows_stay_before_columns_on_factors_of_many_axes() -> None:
    """The place of an axis counts however many axes a factor has."""
    shared = [(f"k{i}",) for i in range(10)]
    f, g = var("F", *[2] * 10, "n", "n"), var("G", *[2] * 10, "n", "n")
    node = einsum(
        [(f, [*shared, ("s",), ("c",)]), (g, [*shared, ("r",), ("s",)])], [("r",), ("c",)]
    )
    (contraction,) = [n for n in topological(node) if isinstance(n, Contraction)]
    places = [
        next(k for f in contraction.factors for k, axis in enumerate(f.indices) if a in axis)
        for a in contraction.out
    ]
    assert places == [10, 11]


def test_orthogonal_matrices_that_meet_with_cuts_that_conflict_stay() -> None:
    q = var("Q", 6, 6, facts="orthogonal")
    left, right = construct.reshape(q, (6, 2, 3)), construct.reshape(q, (6, 3, 2))
    node = contract("iab,icd->abcd", left, right)
    a, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    np.testing.assert_allclose(value(node, Q=a), np.eye(6).reshape(2, 3, 3, 2), rtol=0, atol=1e-12)


def test_exact_numbers_too_long_to_write_are_refused() -> None:
    x = variable("x", dims("n"))
    for make in (
        lambda: build.power(build.number(2), 99_999),
        lambda: build.power(build.number(Fraction(1, 3)), -99_999),
        lambda: build.scale(10**2000, build.scale(10**2000, x)),
    ):
        with pytest.raises(InputError, match="binary digits"):
            make()
    assert build.number_of(build.power(build.number(2), 2000)) == 2**2000
