"""A condensed derivative is the derivative: it expands to it, and its rule is the pullback."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eingrad
from eingrad.differentiate import differentiate
from eingrad.errors import InputError, ShapeError, UnsupportedError
from eingrad.ir.build import einsum
from eingrad.ir.node import variable
from eingrad.ir.walk import variables
from eingrad.simplify import equal
from eingrad.structure import compress, decompose
from eingrad.verify.reference import evaluate
from tests.strategies import SIZES, expressions, random_values

# text, by, declarations, condensed, the side, whether G is transposed, ∂L/∂X
RULES = [
    ("A*B", "A", {}, "Bᵀ", "right", False, "GBᵀ"),
    ("A*B", "B", {}, "Aᵀ", "left", False, "AᵀG"),
    ("W'*A", "W", {}, "A", "left", True, "AGᵀ"),
    ("W'*a", "W", {"a": "n"}, "a", "outer left", True, "aGᵀ"),
    ("W'*A", "A", {}, "W", "left", False, "WG"),
    ("A*x", "x", {}, "Aᵀ", "left", False, "AᵀG"),
    ("A*x", "A", {}, "x", "outer right", False, "Gxᵀ"),
    ("exp(Z)", "Z", {}, "exp(Z)", "elementwise", False, "G ⊙ exp(Z)"),
    ("3*Z.*Z", "Z", {}, "6Z", "elementwise", False, "6G ⊙ Z"),
    ("x*y'", "x", {}, "y", "weights", False, "Gy"),
    ("W*X + b*vector(1)'", "b", {"b": "m"}, "1", "number", False, "G𝟏"),
    ("X'", "X", {}, "1", "number", True, "Gᵀ"),
    ("tr(A*X)", "X", {}, "Aᵀ", "scaled", False, "GAᵀ"),
    ("2*A*B", "A", {}, "2Bᵀ", "right", False, "2GBᵀ"),
    ("diag(x)*A", "x", {}, "A", "products summed", False, "(A ⊙ G)𝟏"),
]


@pytest.mark.parametrize(("text", "by", "declared", "array", "side", "turned", "rule"), RULES)
def test_condensed_array_and_rule(text, by, declared, array, side, turned, rule):
    c = eingrad.derivative(eingrad.parse(text, **declared), by).compress()
    (term,) = c.compression.terms
    (held,) = term.objects
    assert (str(c.formula()), held.meets, term.transposed) == (array, side, turned)
    if turned or "ᵀ" in array or array == "6Z":
        assert str(c.pullback_formula()) == rule


@pytest.mark.parametrize(
    ("text", "by", "words"),
    [
        ("A*B", "A", "∂y/∂A condenses to Bᵀ; it multiplies the incoming gradient from the right"),
        ("W'*A", "W", "it multiplies the transposed incoming gradient from the left"),
        ("exp(Z)", "Z", "it multiplies the incoming gradient elementwise"),
        ("A*X*B", "X", "Aᵀ multiplies the incoming gradient from the left, Bᵀ multiplies"),
        ("b'*x", "A", "∂y/∂A is zero"),
    ],
)
def test_sentences(text, by, words):
    assert words in str(eingrad.derivative(text, by).compress())


def test_a_bias_sums_over_the_batch():
    y = eingrad.parse("W*X + b*vector(1)'", W="m n", X="n p", b="m")
    c = eingrad.derivative(y, "b").compress()
    assert c.compression.terms[0].summed == (1,)
    assert "the gradient is summed over axis 1" in c.sentence


def test_two_arrays_are_not_one():
    c = eingrad.derivative("A*X*B", "X").compress()
    assert len(c.objects) == 2
    with pytest.raises(InputError, match="2 arrays"):
        c.formula()


@settings(max_examples=40, deadline=None)
@given(expressions(max_steps=6), st.data())
def test_expanding_gives_the_tensor_and_pulling_its_contraction(expression, data):
    by = data.draw(st.sampled_from(expression.variables))
    y = expression.node
    d = differentiate(y, [by])
    g = variable("G0", y.shape)
    c = compress(decompose(d, y.ndim, [by.ndim]), g)
    assert c.lossless
    values = random_values([*variables(y, d), g], 2)
    dense = evaluate(d, values, SIZES)
    if dense.size > 4000 or not np.isfinite(dense).all():
        return
    scale = 1e-9 * (1 + np.abs(dense).max(initial=0))
    np.testing.assert_allclose(evaluate(c.expand(), values, SIZES), dense, 1e-9, scale)
    wanted = np.tensordot(values["G0"], dense, y.ndim)
    scale *= 1 + np.abs(values["G0"]).sum()
    np.testing.assert_allclose(evaluate(c.pullback, values, SIZES), wanted, 1e-9, scale)


@pytest.mark.parametrize("text", ["A*B", "X*X", "inv(X)", "softmax(x)", "A*X'*B", "x/norm2(x)"])
def test_expanding_is_the_same_object(text):
    y = eingrad.parse(text)
    for name in sorted(y.variables):
        d = eingrad.derivative(y, name)
        expanded = d.compress().expand()
        assert expanded.node is d.node or equal(expanded.node, d.node)
        assert expanded.check().ok


def test_the_condensed_array_alone_carries_the_numbers():
    """Another array in its place gives another tensor: nothing is remembered on the side."""
    (term,) = eingrad.derivative("A*B", "A").compress().compression.terms
    (held,) = term.objects
    other = type(held)(2 * held.node, held.atoms, held.meets)
    changed = type(term)((other,), False, (), (), term.sizes, term.axes)
    axes = [(k,) for k in range(4)]
    assert changed.node is einsum([(term.node, axes)], axes, 2)


def test_a_second_derivative_condenses_by_its_last_variable():
    c = eingrad.hessian("norm2(T - U*V')^2", "U").compress()
    assert str(c.formula()) == "2VᵀV"
    assert "∂L/∂U = " in c.sentence


def test_another_gradient_is_pulled_through_the_same_arrays():
    c = eingrad.derivative("A*B", "A").compress("H")
    assert "H" in str(c.pullback_formula())
    with pytest.raises(ShapeError):
        c.compression.pull(variable("G", ()))


def test_a_contracted_derivative_meets_no_gradient():
    with pytest.raises(UnsupportedError):
        eingrad.hessian_diagonal("sum(exp(x))", "x").compress()


def test_the_summary_counts_as_people_write_it():
    assert str(eingrad.derivative("A*B", "A").compress()).endswith(
        "lossless: np numbers for m²np entries"
    )
    assert str(eingrad.derivative("A'", "A").compress()).endswith(
        "lossless: 1 number for m²n² entries"
    )


def test_a_row_that_meets_one_entry_is_told():
    sentence = eingrad.derivative("sum(X.^2, axis=1)", "X").compress().compression.sentence
    assert "2X; it is multiplied elementwise by the incoming gradient, repeated" in sentence
