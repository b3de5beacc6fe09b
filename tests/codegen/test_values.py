"""Generated functions give the value of the nodes, whatever the nodes are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from eingrad.codegen import generate
from eingrad.verify.reference import evaluate
from tests.strategies import SIZES, Expression, expressions, random_values


@settings(max_examples=300, deadline=None)
@given(expressions())
def test_generated_code_has_the_value_of_the_node(expression: Expression) -> None:
    node = expression.node
    generated = generate({"y": node}, arguments=expression.variables)
    values = random_values(expression.variables)
    given = {v: values[v] for v in generated.arguments}
    extra = {python: SIZES[symbol] for symbol, python in generated.sizes.items()}
    result = generated.function()(**given, **extra)
    expected = evaluate(node, values, SIZES)
    assert np.shape(result) == expected.shape
    scale = 1.0 + np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-9 * scale)
