"""Axes of size 0 are cut, merged, differentiated and computed like any others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.dims import Dim
from eingrad.errors import ShapeError
from eingrad.ir import construct
from eingrad.ir.build import einsum
from eingrad.ir.node import variable
from eingrad.verify import evaluate

RNG = np.random.default_rng(11)


def test_zero_by_anything_else_is_zero_and_zero_by_zero_is_no_size() -> None:
    zero = Dim.of(0)
    assert zero.divide(Dim.of(3)) == zero
    assert zero.divide(Dim.symbol("n")) == zero
    assert zero.divide(zero) is None
    assert Dim.of(3).divide(zero) is None


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("sum(vec(Z).^2)", {"Z": (0, 3)}),
        ("sum(vec(kron(Z, B)).^2)", {"Z": (0, 3), "B": (2, 4)}),
        ("vec(Z*C)*w'", {"Z": (2, 0), "C": (0, 3), "w": (4,)}),
        ("kron(Z, B)*c", {"Z": (2, 0), "B": (2, 3), "c": (0,)}),
        ("sum(exp(reshape(Z, 0, 2, 5)))", {"Z": (0, 3)}),
        ("reshape(Z, 3, -1)", {"Z": (0, 3)}),
        ("Z'*Z", {"Z": (0, 3)}),
    ],
)
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_and_their_code_have_the_right_shape_and_value(
    text: str, shapes: dict[str, tuple[int, ...]], order: int
) -> None:
    y = eingrad.parse(text, **shapes)
    values = {name: RNG.normal(size=shape) for name, shape in shapes.items()}
    value = evaluate(y.node, values, {})
    for x, shape in shapes.items():
        d = eingrad.derivative(y, *[x] * order)
        expected = evaluate(d.node, values, {})
        assert expected.shape == value.shape + shape * order
        f = d.function()
        got = f(**values)
        np.testing.assert_allclose(got, expected)
        assert d.check().ok


def test_a_reshape_of_nothing_into_other_axes_of_nothing() -> None:
    z: Any = eingrad.parse("Z", Z=(0, 3))
    y: Any = np.reshape(z, (2, 2, 0))
    assert evaluate(y.node, {"Z": np.zeros((0, 3))}, {}).shape == (2, 2, 0)
    back = construct.reshape(y.node, [Dim.of(0), Dim.of(3)])
    assert evaluate(back, {"Z": np.zeros((0, 3))}, {}).shape == (0, 3)


def test_the_size_beside_one_of_zero_cannot_be_told() -> None:
    z = variable("z", (Dim.of(0),))
    with pytest.raises(ShapeError, match="cannot be cut"):
        einsum([(z, [(0, 1)])], [(1,)], 1, {0: Dim.of(0)})


def test_code_for_symbolic_sizes_takes_arrays_without_entries() -> None:
    f = eingrad.derivative("sum(vec(kron(A, B)).^2)", "A").function()
    a, b = np.zeros((0, 3)), RNG.normal(size=(2, 5))
    assert f(A=a, B=b).shape == (0, 3)
    np.testing.assert_array_equal(f(A=b, B=a), np.zeros((2, 5)))
