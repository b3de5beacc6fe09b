"""A formula means the node that it was printed from: by its tree, and by its text."""

import numpy as np
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import eingrad.functions  # noqa: F401
from eingrad.differentiate import differentiate
from eingrad.notation import Split, formula
from eingrad.verify import evaluate
from tests.notation.treevalue import Undetermined, evaluate_formula
from tests.strategies import SIZES, expressions, random_values


def agree(node, result, point):
    wanted = evaluate(node, point, SIZES)
    try:
        got = evaluate_formula(result, point, SIZES)
    except Undetermined:
        reject()
    np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-9, err_msg=str(result))


@given(expressions(), st.sampled_from(["auto", "matrix", "index"]))
@settings(max_examples=200, deadline=None)
def test_the_tree_has_the_value_of_the_node(expression, form):
    point = random_values(expression.variables)
    agree(expression.node, formula(expression.node, form=form), point)


def split_of(y, *wrt):
    return Split(y.ndim, tuple(v.ndim for v in wrt))


def vec_matrix(array, split, into):
    """∂vec Y/∂vec Xᵀ of the dense derivative, columns stacked."""
    rows = array.ndim - into
    order = [*reversed(range(rows)), *reversed(range(rows, array.ndim))]
    count = int(np.prod(array.shape[:rows], dtype=int))
    return array.transpose(order).reshape(count, -1)


@given(expressions(max_steps=5), st.data())
@settings(max_examples=150, deadline=None)
def test_forms_of_a_derivative(expression, data):
    y = expression.node
    inputs = [v for v in expression.variables if y.ndim + v.ndim <= 5]
    x = data.draw(st.sampled_from(inputs))
    node = differentiate(y, [x])
    split = split_of(y, x)
    point = random_values(expression.variables)
    wanted = evaluate(node, point, SIZES)

    result = formula(node, form="vec", split=split)
    got = evaluate_formula(result, point, SIZES)
    expected = vec_matrix(wanted, split, x.ndim) if result.form == "vec" else wanted
    np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-9, err_msg=str(result))

    result = formula(node, form="differential", split=split, inputs=[x.name])
    ((title, shape),) = result.directions.items()
    assert shape == x.shape
    direction = np.random.default_rng(7).normal(size=[d.evaluate(SIZES) for d in shape])
    got = evaluate_formula(result, {**point, title: direction}, SIZES)
    np.testing.assert_allclose(
        got, np.tensordot(wanted, direction, x.ndim), rtol=1e-8, atol=1e-9, err_msg=str(result)
    )

    for layout in ("denominator", "numerator"):
        axes = split.axes(layout)
        got = evaluate_formula(formula(node, axes=axes), point, SIZES)
        np.testing.assert_allclose(got, wanted.transpose(axes), rtol=1e-8, atol=1e-9)
