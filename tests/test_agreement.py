"""Random expressions: derivative, differences, JAX and generated code agree."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import eingrad
from eingrad.differentiate import differentiate
from eingrad.dims import product
from eingrad.ir.node import Node, Variable
from eingrad.ir.walk import variables
from eingrad.verify import check_derivative, evaluate
from tests.strategies import FACTS, SIZES, Expression, expressions, random_values

MAX_DERIVATIVE = 20_000  # entries of the dense derivative

relaxed = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def assert_close(value: Any, expected: np.ndarray, tolerance: float = 1e-9) -> None:
    assert np.shape(value) == np.shape(expected)
    scale = 1.0 + np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(value, expected, rtol=0, atol=tolerance * scale)


def an_input(data: st.DataObject, y: Node, axes: int = 9) -> Variable:
    """One of the variables of y whose derivative is not too large."""
    fitting = [
        v
        for v in variables(y)
        if product(y.shape + v.shape).evaluate(SIZES) <= MAX_DERIVATIVE and y.ndim + v.ndim <= axes
    ]
    assume(fitting)
    return data.draw(st.sampled_from(fitting), label="by")


@settings(relaxed, max_examples=150)
@given(expressions(max_steps=7), st.data())
def test_first_derivatives_agree_with_differences(e: Expression, data: st.DataObject) -> None:
    x = an_input(data, e.node)
    report = check_derivative(e.node, [x], differentiate(e.node, [x]), sizes=SIZES)
    assert report.ok or not report.compared, report.text


@settings(relaxed, max_examples=100)
@given(expressions(max_steps=7, facts=FACTS), st.data())
def test_derivatives_with_facts_agree_with_differences(e: Expression, data: st.DataObject) -> None:
    x = an_input(data, e.node)
    report = check_derivative(e.node, [x], differentiate(e.node, [x]), sizes=SIZES)
    assert report.ok or not report.compared, report.text


@settings(relaxed, max_examples=100)
@given(expressions(max_steps=6, scalar=True), st.data())
def test_second_derivatives_agree_with_differences(e: Expression, data: st.DataObject) -> None:
    x, z = an_input(data, e.node), an_input(data, e.node)
    first, second = differentiate(e.node, [x]), differentiate(e.node, [x, z])
    report = check_derivative(e.node, [x, z], second, previous=[first], sizes=SIZES)
    assert report.ok or not report.compared, report.text


@settings(relaxed, max_examples=80)
@given(expressions(max_steps=7), st.data())
def test_forward_and_reverse_give_one_tensor(e: Expression, data: st.DataObject) -> None:
    x = an_input(data, e.node)
    values = random_values(e.variables)
    forward, reverse = (differentiate(e.node, [x], mode) for mode in ("forward", "reverse"))
    assert_close(evaluate(forward, values, SIZES), evaluate(reverse, values, SIZES))


@settings(relaxed, max_examples=60)
@given(expressions(max_steps=7), st.data())
def test_jacobians_agree_with_jax(e: Expression, data: st.DataObject) -> None:
    x = an_input(data, e.node)
    values = random_values(e.variables)
    with jax.enable_x64(True):
        jacobian = jax.jacrev(lambda v: e.compute(jax.numpy, {**values, x.name: v}))
        expected = np.asarray(jacobian(values[x.name]))
    assert_close(evaluate(differentiate(e.node, [x]), values, SIZES), expected)


@settings(relaxed, max_examples=40)
@given(expressions(max_steps=6, scalar=True), st.data())
def test_hessians_agree_with_jax(e: Expression, data: st.DataObject) -> None:
    x = an_input(data, e.node)
    values = random_values(e.variables)
    with jax.enable_x64(True):
        hessian = jax.hessian(lambda v: e.compute(jax.numpy, {**values, x.name: v}))
        expected = np.asarray(hessian(values[x.name]))
    assert_close(evaluate(differentiate(e.node, [x, x]), values, SIZES), expected)


@settings(relaxed, max_examples=100)
@given(expressions(max_steps=7), st.data())
def test_generated_derivatives_agree_with_the_reference(e: Expression, data: st.DataObject) -> None:
    x = an_input(data, e.node)
    values = random_values(e.variables)
    d = eingrad.derivative(e.node, x)
    generated = d.function("numpy")
    used = {v.name for v in variables(e.node)}
    try:
        result = generated(**{k: v for k, v in values.items() if k in used})
    except eingrad.InputError as error:  # a size that no array has
        assert "size" in str(error)
        assume(False)
    assert_close(result, evaluate(d.node, values, SIZES))
