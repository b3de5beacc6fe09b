"""Blocks are the parts of the tensor, and open to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eingrad
from eingrad.differentiate import differentiate
from eingrad.errors import InputError
from eingrad.ir.build import is_zero
from eingrad.ir.walk import variables
from eingrad.structure import decompose, hide
from eingrad.verify.reference import evaluate
from tests.strategies import SIZES, expressions, random_values


@settings(max_examples=30, deadline=None)
@given(expressions(max_steps=5), st.data())
def test_each_block_is_that_part(expression, data):
    by = data.draw(st.sampled_from(expression.variables))
    d = differentiate(expression.node, [by])
    values = random_values(variables(expression.node, d), 3)
    dense = evaluate(d, values, SIZES)
    if dense.size > 2000 or not np.isfinite(dense).all():
        return
    hidden = data.draw(st.sets(st.integers(0, d.ndim - 1))) if d.ndim else set()
    found = hide(decompose(d), *sorted(hidden))
    moved = np.transpose(dense, [*found.outer, *found.inner])
    counts = moved.shape[: len(found.outer)]
    if 0 in counts:
        return
    place = tuple(data.draw(st.integers(0, n - 1)) for n in counts)
    sizes = dict(SIZES)
    try:
        block = found.block(*place)
    except InputError:  # parts of a merged axis of symbolic sizes
        assert any(len(axis) > 1 for t in found.found.terms for axis in t.axes)
        return
    scale = 1e-9 * (1 + np.abs(dense).max(initial=0))
    np.testing.assert_allclose(evaluate(block, values, sizes), moved[place], 1e-9, scale)


def test_the_matrix_of_matrices_of_a_product():
    A, B = eingrad.matrix("A", "2 3"), eingrad.matrix("B", "3 4")
    d = eingrad.derivative(A @ B, "A")
    blocks = d.blocks()
    assert [b.as_int() for b in blocks.shape] == [2, 4]
    values = {"A": np.ones((2, 3)), "B": np.arange(12.0).reshape(3, 4)}
    for i in range(2):
        for j in range(4):
            wanted = np.zeros((2, 3))
            wanted[i] = values["B"][:, j]
            block = blocks[i, j]
            np.testing.assert_array_equal(evaluate(block.node, values), wanted)
            assert block.check().ok
    assert blocks.open().node is d.node
    stacked = evaluate(blocks.blocks.stacked(), values)
    np.testing.assert_array_equal(stacked, evaluate(d.node, values))


def test_hiding_other_axes_shows_zeros_and_repeats():
    A, B = eingrad.matrix("A", "2 3"), eingrad.matrix("B", "3 4")
    blocks = eingrad.derivative(A @ B, "A").blocks(1, 3)  # places: row of C, row of A
    assert is_zero(blocks[0, 1].node)
    assert blocks[0, 0].node is blocks[1, 1].node
    assert len(blocks.blocks.distinct) == 1
    assert blocks.rule == "block (i, j) is zero unless i = j, and is the same for all others"


def test_rules_for_symbolic_sizes():
    d = eingrad.derivative("A*B", "A")
    assert d.blocks().rule == "block (i, j) is zero except where its axis 0 is at i"
    assert eingrad.derivative("exp(x)", "x").blocks().rule == (
        "block (i) is zero except where its axis 0 is at i"
    )
    assert eingrad.derivative("b'*x", "A").blocks().rule == "all blocks are zero"
    with pytest.raises(InputError, match="no list of blocks"):
        d.blocks().blocks.places()


def test_a_generic_block_has_its_place_as_a_symbol():
    d = eingrad.derivative("A*B", "A")
    node = d.blocks().blocks.generic()
    rng = np.random.default_rng(0)
    values = {"A": rng.normal(size=(2, 3)), "B": rng.normal(size=(3, 4))}
    sizes = {"m": 2, "n": 3, "p": 4}
    dense = evaluate(d.node, values, sizes)
    for i, j in np.ndindex(2, 4):
        found = evaluate(node, values, {**sizes, "i": i, "j": j})
        np.testing.assert_allclose(found, dense[i, j])


def test_opening_a_column_of_vectors():
    x = eingrad.vector("x", "3")
    A = eingrad.matrix("A", "2 3")
    d = eingrad.derivative(A @ x, "x")
    blocks = d.blocks(0)  # the output is hidden: a row of columns, one for each entry of x
    values = {"A": np.arange(6.0).reshape(2, 3), "x": np.ones(3)}
    for k in range(3):
        np.testing.assert_array_equal(evaluate(blocks[k].node, values), values["A"][:, k])
    np.testing.assert_array_equal(evaluate(blocks.blocks.stacked(), values), values["A"])
    np.testing.assert_array_equal(evaluate(blocks.blocks.open(), values), values["A"])


@pytest.mark.parametrize(
    ("axes", "place"), [((4,), None), ((1, 1), None), ((2, 3), (5, 0)), ((2, 3), (0,))]
)
def test_places_and_axes_outside_are_errors(axes, place):
    d = eingrad.derivative(eingrad.matrix("A", "2 3") @ eingrad.matrix("B", "3 4"), "A")
    with pytest.raises(InputError):
        blocks = d.blocks(*axes)
        if place is not None:
            blocks[place]


def test_negative_places_count_from_the_end():
    d = eingrad.derivative(eingrad.matrix("A", "2 3") @ eingrad.matrix("B", "3 4"), "A")
    assert d.blocks()[-1, -2].node is d.blocks()[1, 2].node
    assert d.blocks()[-1, -2].check().ok


@pytest.mark.parametrize("place", [slice(None), (slice(None), 0), ("A", 0), (0.0, 1)])
def test_places_of_blocks_are_whole_numbers(place):
    derivative = eingrad.derivative(eingrad.matrix("A", "2 3") @ eingrad.matrix("B", "3 4"), "A")
    with pytest.raises(InputError, match="whole number"):
        derivative.blocks()[place]


def test_axes_of_blocks_are_whole_numbers():
    with pytest.raises(InputError, match="an axis is a whole number, not 'A'"):
        eingrad.derivative("A*B", "A").blocks("A")


RULES = [
    # a sum is said once where its terms have one rule, and apart where they differ
    (
        "sum(logsumexp(X*W, axis=1))",
        "W",
        (0, 2),
        "block (i, j) is a sum of terms, each of which: (1) is zero unless i = j;"
        " (2) differs from place to place",
    ),
    (
        "norm2(X*W)^2 + l*norm2(W)^2",
        "W",
        (0, 2),
        "block (i, j) is zero unless i = j, and is the same for all others",
    ),
    ("sum(logsumexp(Z, axis=1))", "Z", (1, 3), "block (i, j) is zero unless i = j"),
    ("logsumexp(A*x)", "x", (0,), "block (i) differs from place to place"),
]


@pytest.mark.parametrize(("text", "by", "hidden", "rule"), RULES)
def test_rules_of_sums(text, by, hidden, rule):
    declared = {"X": "m d", "W": "d c", "l": "", "Z": "m c", "A": "m n", "x": "n"}
    used = {k: v for k, v in declared.items() if k in text}
    d = eingrad.hessian(eingrad.parse(text, **used), by)
    assert d.blocks(*hidden).rule == rule


def test_one_block_is_the_whole_tensor():
    b = eingrad.derivative("sum(X.^2, axis=1)", "X").blocks(0, 1, 2)
    assert str(b) == "one block of m×m×n: the whole tensor"
