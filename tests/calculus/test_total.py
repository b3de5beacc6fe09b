"""A total derivative is the sum of the partial one and a term for each path."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, ShapeError
from eingrad.ir.build import add
from eingrad.ir.walk import variables
from eingrad.verify.reference import evaluate

CASES = [
    ("a*b", "a", {"b": "a^2"}),
    ("x'*y", "x", {"y": "A*x"}),
    ("x'*y + c", "x", {"y": "A*x", "c": "y'*y"}),
    ("sin(b)", "a", {"b": "a^2"}),
    ("sin(b)", "a", {"b": "c*a", "c": "exp(a)"}),
    ("X*y", "y", {"X": "A.*(w*y')"}),
]


@pytest.mark.parametrize(("text", "by", "total"), CASES)
def test_contributions_add_up(text, by, total):
    d = eingrad.derivative(text, by, total=total)
    assert d.check().ok
    assert set(d.contributions) == {by, *total}
    assert all(part.check().ok for part in d.contributions.values())
    together = add(*(part.node for part in d.contributions.values()))
    rng = np.random.default_rng(5)
    sizes = {s: 3 for v in variables(together, d.node) for k in v.shape for s in k.symbols()}
    values = {
        v.name: rng.normal(size=[k.evaluate(sizes) for k in v.shape])
        for v in variables(together, d.node)
    }
    np.testing.assert_allclose(
        evaluate(together, values), evaluate(d.node, values), rtol=1e-10, atol=1e-12
    )


def test_a_total_derivative_is_not_the_partial_one():
    partial = eingrad.derivative("a*b", "a")
    total = eingrad.derivative("a*b", "a", total={"b": "a^2"})
    assert str(partial.formula()) == "b"
    assert str(total.formula()) == "3a²"
    assert str(total.contributions["b"].formula()) == "2a²"
    assert {v.name for v in variables(total.node)} == {"a"}


def test_both_contributions_are_shown():
    text = str(eingrad.derivative("x'*y", "x", total={"y": "A*x"}))
    assert text.startswith("df/dx = (A + Aᵀ)x")
    assert "with y = Ax" in text
    assert "∂f/∂x with y held fixed = Ax" in text
    assert "∂f/∂y dy/dx = Aᵀx" in text


def test_tensors_serve_as_well():
    A, x, y = eingrad.matrix("A", "m n"), eingrad.vector("x", "n"), eingrad.vector("y", "n")
    d = eingrad.derivative(y @ x, x, total={"y": A.T @ (A @ x)})
    rng = np.random.default_rng(0)
    a, v = rng.normal(size=(2, 3)), rng.normal(size=3)
    np.testing.assert_allclose(d.function()(A=a, x=v), 2 * a.T @ a @ v)


@pytest.mark.parametrize(
    ("total", "message"),
    [
        (True, "what depends on what"),
        ({}, "what depends on what"),
        ({"q": "a"}, "no variable called 'q'"),
        ({"a": "b"}, "function of itself|given as a function"),
        ({"b": "a*b"}, "function of itself"),
    ],
)
def test_what_makes_no_sense_is_said(total, message):
    with pytest.raises(InputError, match=message):
        eingrad.derivative("a*b", "a", total=total)


def test_a_wrong_shape_is_an_error():
    with pytest.raises(ShapeError):
        eingrad.derivative("x'*y", "x", total={"y": "x'*x"})


def test_only_first_total_derivatives():
    with pytest.raises(InputError):
        eingrad.derivative("a*b", "a", "a", total={"b": "a^2"})
