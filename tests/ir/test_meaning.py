"""Whatever the IR makes of an expression, its value is NumPy's value of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from eingrad.ir.node import Node, variable
from eingrad.ir.text import from_text, to_text
from eingrad.ir.walk import substitute
from eingrad.verify.reference import evaluate
from tests.strategies import (
    ALL_OPERATIONS,
    FACTS,
    SIZES,
    Expression,
    expressions,
    nodes,
    random_values,
)


def assert_value(node: Node, expected: np.ndarray, values: dict[str, np.ndarray]) -> None:
    value = evaluate(node, values, SIZES)
    assert value.shape == np.shape(expected)
    scale = 1.0 + np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-9 * scale)


@settings(max_examples=400, deadline=None)
@given(expressions(operations=ALL_OPERATIONS))
def test_a_node_has_the_value_and_shape_of_the_expression(expression: Expression) -> None:
    values = random_values(expression.variables)
    expected = expression.compute(np, values)
    assert tuple(d.evaluate(SIZES) for d in expression.node.shape) == np.shape(expected)
    assert_value(expression.node, expected, values)


@settings(max_examples=200, deadline=None)
@given(expressions(facts=FACTS, operations=ALL_OPERATIONS))
def test_declared_facts_do_not_change_the_value(expression: Expression) -> None:
    values = random_values(expression.variables)
    assert_value(expression.node, expression.compute(np, values), values)


@settings(max_examples=150, deadline=None)
@given(nodes())
def test_the_text_form_reads_back_to_the_same_object(node: Node) -> None:
    assert from_text(to_text(node)) is node


@settings(max_examples=150, deadline=None)
@given(expressions())
def test_other_names_in_another_order_give_the_same_value(expression: Expression) -> None:
    """Renaming rebuilds every node, with another canonical order everywhere."""
    there = {
        v: variable(f"{chr(ord('z') - k)}_", v.shape) for k, v in enumerate(expression.variables)
    }
    renamed = substitute(expression.node, there)
    values = random_values(expression.variables)
    again = {there[v].name: values[v.name] for v in expression.variables}
    assert_value(renamed, evaluate(expression.node, values, SIZES), again)
    back = substitute(renamed, {new: old for old, new in there.items()})
    assert_value(back, evaluate(expression.node, values, SIZES), values)
