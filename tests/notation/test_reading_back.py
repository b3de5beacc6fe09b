"""Printed text is read by the text front end as what it states."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import eingrad.functions  # noqa: F401
from eingrad.differentiate import differentiate
from eingrad.frontends.text import parse
from eingrad.frontends.text.parse import parse_index_form
from eingrad.ir.node import variable
from eingrad.notation import Split, formula
from eingrad.verify import evaluate
from tests.strategies import SIZES, expressions, random_values


def read_value(result, variables, point):
    known = {v.name: v for v in variables}
    point = dict(point)
    rng = np.random.default_rng(3)
    for title, shape in result.directions.items():
        known[title] = variable(title, shape)
        point[title] = rng.normal(size=[d.evaluate(SIZES) for d in shape])
    if result.form == "index" and (result.letters or not result.shape):
        node = parse_index_form(str(result), known, result.letters, result.shape)
    else:
        node = parse(str(result), known=known, expected_shape=result.shape).node
    return evaluate(node, point, SIZES), point


@given(expressions(max_steps=6), st.sampled_from(["auto", "matrix", "index"]))
@settings(max_examples=200, deadline=None)
def test_the_text_reads_back_as_the_node(expression, form):
    result = formula(expression.node, form=form)
    point = random_values(expression.variables)
    got, _ = read_value(result, expression.variables, point)
    wanted = evaluate(expression.node, point, SIZES)
    np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-9, err_msg=str(result))


@given(expressions(max_steps=4), st.data())
@settings(max_examples=150, deadline=None)
def test_the_forms_of_a_derivative_read_back(expression, data):
    y = expression.node
    x = data.draw(st.sampled_from([v for v in expression.variables if y.ndim + v.ndim <= 5]))
    node = differentiate(y, [x])
    split = Split(y.ndim, (x.ndim,))
    form = data.draw(st.sampled_from(["vec", "differential", "index"]))
    result = formula(node, form=form, split=split, inputs=[x.name])
    point = random_values(expression.variables)
    got, point = read_value(result, expression.variables, point)
    wanted = evaluate(node, point, SIZES)
    if form == "differential":
        (direction,) = result.directions
        wanted = np.tensordot(wanted, point[direction], x.ndim)
    elif result.form == "vec":
        order = [*reversed(range(y.ndim)), *reversed(range(y.ndim, node.ndim))]
        wanted = wanted.transpose(order).reshape(got.shape)
    np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-9, err_msg=str(result))
