"""Variables and constants: names, shapes, facts, and what is refused."""

import numpy as np
import pytest

from eingrad.errors import FactError, InputError, NameError_, ShapeError
from eingrad.frontends.python import (
    constant,
    einsum,
    eye,
    matrix,
    ones,
    scalar,
    tensor,
    vector,
    zeros,
)
from eingrad.ir import build
from tests.frontends.python.agreement import assert_agrees


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (scalar("c"), "<Tensor c: scalar>"),
        (vector("x"), "<Tensor x: n>"),
        (vector("x", 3), "<Tensor x: 3>"),
        (matrix("A"), "<Tensor A: m×n>"),
        (matrix("A", (4, "k")), "<Tensor A: 4×k>"),
        (matrix("A", "n n", "spd"), "<Tensor A: n×n spd>"),
        (matrix("A", "n n spd"), "<Tensor A: n×n spd>"),
        (tensor("T", "n m k"), "<Tensor T: n×m×k>"),
        (tensor("T", (3, 4, 5)), "<Tensor T: 3×4×5>"),
        (tensor("λ", "", "positive"), "<Tensor λ: scalar positive>"),
    ],
)
def test_a_variable_shows_its_shape_and_facts(made, text):
    assert repr(made) == text


def test_the_same_declaration_is_the_same_node():
    assert matrix("A", "m n").node is tensor("A", ("m", "n")).node


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda: tensor("a b", "n"), NameError_),
        (lambda: tensor("x", "-3"), InputError),
        (lambda: matrix("A", "n"), ShapeError),
        (lambda: vector("x", "m n"), ShapeError),
        (lambda: matrix("A", "m n", "symmetric"), FactError),
        (lambda: matrix("A", "n n", "pretty"), FactError),
    ],
)
def test_a_bad_declaration_is_an_input_error(attempt, error):
    with pytest.raises(error):
        attempt()


def test_structured_constants_have_symbolic_sizes():
    A = matrix("A", "m n")
    m, n = A.shape
    assert (A @ eye("n")).node is A.node
    assert (A @ eye(n)).node is A.node
    assert (A + zeros((m, n))).node is A.node
    assert (A * ones("m n")).node is A.node
    assert (A @ ones(n)).node is A.sum(axis=1).node
    assert build.is_zero((A - A).node)
    assert constant(3.0).node is build.number(3)


def test_einsum_agrees_with_numpy_and_puts_repeated_letters_on_a_diagonal():
    assert_agrees(lambda t, x: (einsum if hasattr(x, "node") else np.einsum)(
        "ijk,j,k->i", t, x, x), "m n n", "n")  # fmt: skip
    x = vector("x")
    assert einsum("i->ii", x).node is np.diag(x).node
    with pytest.raises(ShapeError, match="repeated letter"):
        np.einsum("i->ii", x)


@pytest.mark.parametrize("spec", ["ij,jk->ik", "ij", "i->i", "ij->ik", "i j k", "ij->i...", "i1"])
def test_einsum_shows_what_does_not_fit(spec):
    with pytest.raises(ShapeError, match="einsum"):
        einsum(spec, matrix("A", "m n"), vector("x", "k"))
    with pytest.raises(ShapeError, match="einsum"):
        einsum("ij,j->i", matrix("A", "m n"), vector("x", "k"))
