"""Every pair of shapes in every layout: axes add up, sizes multiply, and each axis is named."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.dims import product

SHAPES = {"s": "", "v": "n", "M": "k r"}
INPUTS = {"s": "", "v": "m", "M": "p q"}

# The output and the input with their sizes, and what each layout gives: the definitions of a
# scalar by a vector (m×1), a vector by a scalar (1×n), a vector by a vector (m×n), a matrix by a
# scalar and a scalar by a matrix, in denominator layout; the tensor cases follow the same rule.
DENOMINATOR = {
    ("s", "s"): "",
    ("s", "v"): "m",
    ("v", "s"): "n",
    ("v", "v"): "m n",
    ("M", "s"): "r k",
    ("s", "M"): "p q",
    ("v", "M"): "p q n",
    ("M", "v"): "m r k",
    ("M", "M"): "p q r k",
}
NUMERATOR = {
    ("s", "s"): "",
    ("s", "v"): "m",
    ("v", "s"): "n",
    ("v", "v"): "n m",
    ("M", "s"): "k r",
    ("s", "M"): "q p",
    ("v", "M"): "n q p",
    ("M", "v"): "k r m",
    ("M", "M"): "k r q p",
}
MIXED = {
    ("s", "s"): "",
    ("s", "v"): "m",
    ("v", "s"): "n",
    ("v", "v"): "n m",
    ("M", "s"): "k r",
    ("s", "M"): "p q",
    ("v", "M"): "n p q",
    ("M", "v"): "k r m",
    ("M", "M"): "k r p q",
}


def pair(output: str, into: str):
    """y = (a constant array) × (a function of all entries of x), a generic pair of shapes."""
    x = eingrad.tensor("x", INPUTS[into])
    weights = eingrad.tensor("c", SHAPES[output])
    total = x * x if into == "s" else (x * x).sum()
    return weights * total, x


@pytest.mark.parametrize("output", SHAPES)
@pytest.mark.parametrize("into", INPUTS)
@pytest.mark.parametrize(
    ("layout", "table"),
    [("denominator", DENOMINATOR), ("numerator", NUMERATOR), ("mixed", MIXED)],
)
def test_shapes_of_all_pairs(output, into, layout, table):
    y, x = pair(output, into)
    d = eingrad.derivative(y, x, layout=layout)
    assert [str(k) for k in d.shape] == table[output, into].split()
    assert len(d.shape) == len(SHAPES[output].split()) + len(INPUTS[into].split())
    assert d.size == product(y.node.shape) * product(x.node.shape)
    assert layout in str(d)


@pytest.mark.parametrize("layout", ["denominator", "numerator", "mixed"])
@pytest.mark.parametrize("output", SHAPES)
@pytest.mark.parametrize("into", INPUTS)
def test_each_axis_says_which_it_is(output, into, layout):
    y, x = pair(output, into)
    d = eingrad.derivative(y, x, layout=layout)
    assert len(d.axes) == len(d.shape)
    shapes = {"y": SHAPES[output].split(), "x": INPUTS[into].split()}
    for name, size in zip(d.axes, d.shape, strict=True):
        who, _, place = name.split()
        assert shapes[who][int(place)] == str(size)


def test_seed_shapes_of_a_matrix_by_a_scalar_and_back():
    """∂(k×r)/∂s is r×k, that is transposed, and ∂s/∂(r×k) is r×k, in denominator layout."""
    M, s, A = eingrad.matrix("M", "k r"), eingrad.scalar("s"), eingrad.matrix("A", "r k")
    by_scalar = eingrad.derivative(M * s, s, layout="denominator")
    assert [str(d) for d in by_scalar.shape] == ["r", "k"]
    of_scalar = eingrad.derivative((A * A).sum(), A, layout="denominator")
    assert [str(d) for d in of_scalar.shape] == ["r", "k"]


@pytest.mark.parametrize(("c", "d"), [(1, 3), (3, 1), (2, 3), (3, 3)])
def test_c_tensors_by_d_tensors(c, d):
    x = eingrad.tensor("x", tuple(f"i{k}" for k in range(d)))
    w = eingrad.tensor("w", tuple(f"o{k}" for k in range(c)))
    found = eingrad.derivative(w * (x * x).sum(), x)
    assert len(found.shape) == c + d
    assert found.size == product(w.node.shape) * product(x.node.shape)
    assert found.check().ok
    turned = found.in_layout("denominator")
    assert [str(k) for k in turned.shape] == [
        *(f"i{k}" for k in range(d)),
        *(f"o{k}" for k in reversed(range(c))),
    ]


def test_vec_layout_is_a_matrix_of_stacked_columns():
    d = eingrad.derivative("A*X*B", "X", layout="vec")
    assert str(d.formula()) == "Bᵀ ⊗ A"


def test_layouts_do_not_change_the_numbers():
    A, x = eingrad.matrix("A", "2 3"), eingrad.vector("x", "3")
    values = {"A": np.arange(6.0).reshape(2, 3), "x": np.ones(3)}
    arrays = [
        eingrad.derivative(A @ x, x, layout=layout).function()(**values)
        for layout in ("mixed", "denominator", "numerator", "vec")
    ]
    for array in arrays:
        np.testing.assert_array_equal(array, values["A"])
