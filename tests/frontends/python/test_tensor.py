"""A tensor behaves like an array, or refuses with a TypeError; it never becomes an object array."""

import copy
import math
import operator
from fractions import Fraction

import numpy as np
import pytest

from eingrad.errors import ShapeError, UnsupportedError
from eingrad.frontends.python import Tensor, constant, matrix, scalar, tensor, vector
from eingrad.ir import build
from eingrad.ir.node import Constant, Term
from eingrad.verify.reference import evaluate
from tests.frontends.python.agreement import SIZES, assert_agrees

OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
]  # fmt: skip
ROW = np.array([1.5, -2.0, 0.5, 3.0])


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("other", [2, 0.25, Fraction(1, 3), np.float64(1.5), np.int32(3), ROW])
def test_numbers_and_arrays_stand_on_either_side(op, other):
    number = float(other) if isinstance(other, Fraction) else other
    values = {"x": np.arange(12.0).reshape(3, 4) + 0.5}
    x = tensor("x", "m n" if np.ndim(other) == 0 else "m 4")
    for found, expected in (
        (op(x, other), op(values["x"], number)),
        (op(other, x), op(number, values["x"])),
    ):
        assert isinstance(found, Tensor)
        np.testing.assert_allclose(evaluate(found.node, values, SIZES), expected, rtol=1e-13)


@pytest.mark.parametrize("op", OPERATORS)
def test_operators_of_tensors_broadcast(op):
    assert_agrees(op, "m n", "n")
    assert_agrees(op, "m 1", "k m n")


def test_powers_are_elementwise():
    assert_agrees(lambda x: x**2, "n n")
    assert_agrees(lambda x: x**-1, "n n")
    assert_agrees(lambda x: x**0.5, "n n positive")
    assert_agrees(lambda x: x**0, "n n")
    assert_agrees(lambda x: 2**x, "n n")
    assert_agrees(lambda x, y: x**y, "m n positive", "n")


def test_matrix_products_stand_beside_arrays():
    left = np.arange(6.0).reshape(2, 3)
    assert_agrees(lambda x: left @ x, "3 n")
    assert_agrees(lambda x: x @ left, "m 2")
    assert_agrees(lambda x: x @ x, "n n")


def test_signs_and_absolute_values():
    assert_agrees(lambda x: -x, "m n")
    assert_agrees(lambda x: +x, "m n")
    assert_agrees(lambda x: abs(x), "m n")


def test_augmented_assignment_rebinds_the_name_only():
    x = vector("x")
    y = x
    y += 1
    assert y is not x
    assert x.node is vector("x").node
    assert y.node is (x + 1).node


METHODS = {
    "sum": lambda x: x.sum(),
    "sum of an axis": lambda x: x.sum(0),
    "sum keepdims": lambda x: x.sum(axis=1, keepdims=True),
    "mean": lambda x: x.mean(axis=(0, 2)),
    "var": lambda x: x.var(axis=1, ddof=1),
    "std": lambda x: x.std(keepdims=True),
    "prod": lambda x: x.prod(axis=-1),
    "max": lambda x: x.max(axis=1),
    "min": lambda x: x.min(),
    "cumsum": lambda x: x.cumsum(1),
    "reshape": lambda x: x.reshape(-1),
    "reshape to a tuple": lambda x: x.reshape((2, -1)),
    "reshape to sizes": lambda x: x.reshape(x.shape[2], x.shape[0] * x.shape[1]),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.flatten(),
    "transpose": lambda x: x.transpose(),
    "transpose to an order": lambda x: x.transpose(1, 0, 2),
    "transpose to a tuple": lambda x: x.transpose((2, 0, 1)),
    "swapaxes": lambda x: x.swapaxes(0, 2),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "trace": lambda x: x[:, :, :2].trace(axis1=0, axis2=2),
    "diagonal": lambda x: x[:, :, :2].diagonal(0, 0, 2),
    "dot": lambda x: x.dot(x[0].T),
    "clip": lambda x: x.clip(-0.5, 1),
    "squeeze": lambda x: x[:1].squeeze(axis=0),
    "take": lambda x: x.take([0, 1], axis=0),
    "repeat": lambda x: x.repeat(2, axis=1),
    "astype": lambda x: x.astype(float),
    "copy": lambda x: x.copy(),
    "real": lambda x: x.real,
    "conj": lambda x: x.conj(),
    "size": lambda x: x.size * 1.0,
    "ndim": lambda x: x.ndim,
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_method_is_the_method_of_arrays(method):
    assert_agrees(method, "2 m n")


def test_shape_has_integers_where_sizes_are_integers():
    x = tensor("x", (3, "n", 5))
    assert x.shape[0] == 3 and isinstance(x.shape[0], int)
    assert str(x.shape[1]) == "n"
    assert (x.ndim, len(x), str(x.size)) == (3, 3, "15*n")
    assert tensor("y", "2 3").size == 6


def test_numbers_become_exact_coefficients():
    x = vector("x")
    for value in (0.1, np.float64(0.1), np.float32(0.1), Fraction(1, 10)):
        node = (value * x).node
        assert isinstance(node, Term) and node.coefficient == Fraction(1, 10)


def test_plain_arrays_are_recognised():
    A = matrix("A", "3 3")
    assert (A @ np.eye(3)).node is A.node
    assert (2 * np.eye(3) @ A).node is (2 * A).node
    assert (A + np.zeros((3, 3))).node is A.node
    assert (A * np.ones(3)).node is A.node
    assert build.is_zero((A * np.zeros((3, 3))).node)
    assert isinstance(constant([[1, 2], [3, 4]]).node, Constant)


def test_an_array_is_copied():
    array = np.array([1.0, 2.0, 3.0])
    x = vector("x", 3)
    before = x + array
    array[0] = 99
    np.testing.assert_allclose(evaluate(before.node, {"x": np.zeros(3)}), [1, 2, 3])


def test_arrays_in_any_memory_order_and_of_any_real_type():
    whole = np.arange(24).reshape(4, 6)
    for array in (whole[::2, ::3].T, np.asfortranarray(whole), whole.astype(np.uint8) > 7,
                  whole.astype(np.float16), whole[::-1]):  # fmt: skip
        assert_agrees(lambda x, a=array: x * a + a, " ".join(map(str, array.shape)))


@pytest.mark.parametrize(
    "value",
    [1j, np.array([1j, 2]), np.array(["a"]), np.array([None]), "a", object(), float("nan"),
     np.ones((1, 2)).view(np.matrix),
     np.ma.array([1.0, 2.0]), [[1, 2], [3]], np.datetime64("2020-01-01")],
)  # fmt: skip
def test_what_is_not_real_numbers_is_a_type_error_on_either_side(value):
    x = vector("x", 2)
    with pytest.raises(TypeError):
        x + value
    with pytest.raises(TypeError):
        value + x


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x: np.array(x),
        lambda x: np.asarray(x),
        lambda x: np.array([x, x]),
        lambda x: np.array([[x[0], 1.0]]),
        lambda x: np.asarray([x[0], x[1]], dtype=object),
        lambda x: np.add(np.zeros(3), [x[0], x[1], x[2]]),
    ],
)
def test_nothing_becomes_an_object_array(attempt):
    with pytest.raises(TypeError):
        attempt(vector("x", 3))


def test_assignment_into_an_array_is_refused():
    array = np.zeros(3)
    with pytest.raises(TypeError):
        array[:] = vector("x", 3)
    with pytest.raises((TypeError, ValueError)):  # NumPy's own error, with ours as its cause
        array[0] = scalar("c")
    with pytest.raises(TypeError):
        array += vector("x", 3)


@pytest.mark.parametrize("function", [bool, float, int, complex, math.exp, range, list, len])
def test_what_needs_a_value_is_a_type_error(function):
    with pytest.raises(TypeError):
        function(vector("x"))
    with pytest.raises(TypeError):
        function(scalar("c"))


def test_branching_on_a_comparison_names_the_remedy():
    with pytest.raises(UnsupportedError, match=r"np\.where"):
        if scalar("c") > 0:
            pass


def test_a_constant_scalar_has_a_value():
    two = constant(2)
    assert (float(two), int(two), bool(two), two.item()) == (2.0, 2, True, 2)
    assert not bool(scalar("c") - scalar("c"))


@pytest.mark.parametrize("op", [operator.add, operator.mul, operator.lt, np.hypot, np.maximum])
def test_shapes_that_do_not_broadcast_are_shown(op):
    with pytest.raises(ShapeError, match="m×n and k"):
        op(matrix("A", "m n"), vector("x", "k"))


def test_inner_sizes_that_differ_are_shown():
    with pytest.raises(ShapeError, match="m×n @ k"):
        matrix("A", "m n") @ vector("x", "k")


def test_tensors_are_immutable_and_hashable():
    x = vector("x")
    with pytest.raises(AttributeError):
        x.node = 1
    assert {x: "value"}[x] == "value"
    assert copy.deepcopy(x) is x and copy.copy(x) is x
    assert hash(x) == hash(vector("x"))


def test_comparison_with_what_is_no_number_is_false():
    x = vector("x")
    assert (x == None) is False  # noqa: E711
    assert (x != "x") is True


def test_booleans_follow_the_rules_of_booleans():
    assert_agrees(lambda x: ~(x > 0) | (x > 1), "m n")
    assert_agrees(lambda x: (x > 0) * (x < 1), "m n")
    assert_agrees(lambda x: (x > 0).sum(), "m n")
    assert_agrees(lambda x: (x > 0) * 2.5, "m n")
    assert_agrees(lambda x: np.array([True, False, True, True]) & (x > 0), "m 4")
    x = vector("x")
    for attempt in (lambda: (x > 0) - (x > 1), lambda: -(x > 0), lambda: x & x, lambda: ~x):
        with pytest.raises(UnsupportedError):
            attempt()
