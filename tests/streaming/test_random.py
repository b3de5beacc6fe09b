"""Random expressions: what can be cut into blocks of rows is the same as for all rows at once."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import eingrad
from eingrad.ir.build import einsum
from eingrad.ir.walk import variables
from tests.strategies import expressions, random_values

SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def without_rows(node, rows):
    """The node with its axes that have the rows summed."""
    axes = [(k,) for k in range(node.ndim)]
    kept = [axis for axis, dim in zip(axes, node.shape, strict=True) if rows not in dim.symbols()]
    return einsum([(node, axes)], kept)


@SETTINGS
@given(expressions(), st.sampled_from("ab"), st.data())
def test_blocks_give_what_all_rows_give(expression, rows, data):
    node = without_rows(expression.node, rows)
    shared = [v for v in variables(node) if all(rows not in d.symbols() for d in v.shape)]
    assume(shared and len(shared) < len(variables(node)))
    by = data.draw(st.sampled_from(shared))
    d = eingrad.derivative(node, by)
    assume(d.node.ndim <= 4)
    try:
        blocks = d.blockwise(rows, outputs=("value", "derivative"))
    except (eingrad.UnsupportedError, eingrad.InputError):
        assume(False)
    values = random_values(d.variables)
    whole = d.function("numpy", ("value", "derivative"))
    expected = whole(**{n: values[n] for n in whole.arguments})
    given_ = {n: values[n] for n in (*blocks.axes, *blocks.shared)}
    for block_rows in (1, 2):
        for a, b in zip(blocks(block_rows=block_rows, **given_), expected, strict=True):
            assert np.shape(a) == np.shape(b)
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-9 * max(1.0, np.abs(b).max()))
