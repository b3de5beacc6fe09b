"""The reference evaluator against NumPy written by hand, and what it refuses."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import eingrad.functions  # noqa: F401
from eingrad.dims import Dim
from eingrad.errors import InputError, NameError_, ShapeError
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.build import contract, dims, einsum
from eingrad.ir.node import constant, variable
from eingrad.verify.binding import bind_sizes
from eingrad.verify.reference import evaluate, evaluate_all

RNG = np.random.default_rng(0)
A, B = variable("A", dims("m", "n")), variable("B", dims("n", "k"))
x = variable("x", dims("n"))
VALUES = {"A": RNG.normal(size=(2, 3)), "B": RNG.normal(size=(3, 4)), "x": RNG.normal(size=3)}


def test_a_delta_becomes_zeros_but_for_equal_indices() -> None:
    m = Dim.symbol("m")
    node = einsum([(B, [(3,), (1,)])], [(0,), (1,), (0,), (3,)], 1, {0: m})
    expected = np.einsum("ac,db->abcd", np.eye(2), VALUES["B"])
    np.testing.assert_array_equal(evaluate(node, VALUES, {"m": 2}), expected)


def test_three_equal_output_indices() -> None:
    node = einsum([(x, [(0,)])], [(0,), (0,), (0,)])
    value = evaluate(node, VALUES)
    assert value.sum() == pytest.approx(VALUES["x"].sum())
    assert np.count_nonzero(value) == 3


def test_merged_axes_are_row_major() -> None:
    np.testing.assert_array_equal(evaluate(construct.ravel(A), VALUES), VALUES["A"].ravel())
    np.testing.assert_array_equal(evaluate(construct.vec(A), VALUES), VALUES["A"].T.ravel())
    kron = construct.kron(A, B)
    np.testing.assert_allclose(evaluate(kron, VALUES), np.kron(VALUES["A"], VALUES["B"]))


def test_a_long_chain_of_matrices_stays_small() -> None:
    """Thirty matrices in one contraction: multiplied out naively, an array of 2³¹ entries."""
    names = [f"M{(7 * k) % 30}" for k in range(30)]
    letters = [chr(ord("a") + k) for k in range(26)] + [chr(ord("A") + k) for k in range(5)]
    spec = ",".join(letters[k] + letters[k + 1] for k in range(30)) + "->" + "a" + letters[30]
    node = contract(spec, *(variable(n, dims("n", "n")) for n in names))
    values = {n: RNG.normal(size=(2, 2)) for n in names}
    expected = np.linalg.multi_dot([values[n] for n in names])
    np.testing.assert_allclose(evaluate(node, values), expected, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_the_type_of_the_values_is_the_type_of_the_result(dtype: type) -> None:
    node = apply("tanh", construct.matmul(A, x)) * Fraction(1, 3) + construct.mean_axes(A, [1])
    node = node * constant(np.array([1.0, 2.0])) if node.shape[0] == 2 else node
    value = evaluate(node, {k: v.astype(dtype) for k, v in VALUES.items()})
    assert value.dtype == dtype
    triangular = construct.triangle(A, 0, lower=True)
    assert evaluate(triangular, {"A": VALUES["A"].astype(dtype)}).dtype == dtype


def test_integers_are_computed_in_float64() -> None:
    value = evaluate(A / 2, {"A": np.array([[1, 2, 3]])})
    np.testing.assert_array_equal(value, [[0.5, 1.0, 1.5]])


def test_several_nodes_are_computed_together() -> None:
    first = construct.matmul(A, x)
    values = evaluate_all([first, A, first * 2, first], VALUES)
    np.testing.assert_array_equal(values[0], values[3])
    np.testing.assert_allclose(values[2], 2 * VALUES["A"] @ VALUES["x"])
    np.testing.assert_array_equal(values[1], VALUES["A"])


def test_matrix_functions_work_on_batches() -> None:
    stack = variable("S", dims(2, "n", "n"))
    value = RNG.normal(size=(2, 3, 3)) + 3 * np.eye(3)
    np.testing.assert_allclose(evaluate(apply("inv", stack), {"S": value}), np.linalg.inv(value))


def test_arrays_without_entries() -> None:
    value = evaluate(construct.matmul(A, x), {"A": np.zeros((2, 0)), "x": np.zeros(0)})
    np.testing.assert_array_equal(value, [0.0, 0.0])
    assert evaluate(construct.eye("n"), {}, {"n": 0}).shape == (0, 0)


def test_sizes_follow_from_products_and_sums() -> None:
    m, n = Dim.symbol("m"), Dim.symbol("n")
    sizes = bind_sizes(
        [variable("v", (m * n + 1,)), variable("w", (n * n,))], {"v": np.ones(7), "w": np.ones(4)}
    )
    assert sizes == {"m": 3, "n": 2}


def test_a_value_that_does_not_fit_names_the_variable_and_both_shapes() -> None:
    with pytest.raises(ShapeError, match=r"B is n×k; its value is 2×3\n.*n is 3 in A"):
        evaluate(construct.matmul(A, B), {**VALUES, "B": np.ones((2, 3))})
    with pytest.raises(ShapeError, match="x is n; its value is 3×1"):
        evaluate(x, {"x": np.ones((3, 1))})
    with pytest.raises(ShapeError, match="Z is 2×n; its value is 3×4"):
        evaluate(variable("Z", dims(2, "n")), {"Z": np.ones((3, 4))})
    odd = variable("v", (Dim.symbol("m") * 2,))
    with pytest.raises(ShapeError, match=r"v is 2\*m; its value is 5"):
        evaluate(odd, {"v": np.ones(5)})


def test_a_missing_value_and_a_missing_size_are_named() -> None:
    with pytest.raises(NameError_, match="no value for x"):
        evaluate(x, {})
    with pytest.raises(InputError, match="the size p is not known"):
        evaluate(build.broadcast_to(x, dims("p", "n")), VALUES)
