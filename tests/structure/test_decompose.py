"""A decomposition is the same tensor, and its terms are as small as their deltas and cores say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eingrad
from eingrad.differentiate import differentiate
from eingrad.ir.node import Node
from eingrad.ir.walk import variables
from eingrad.simplify import equal
from eingrad.structure import Decomposition, decompose
from eingrad.verify.reference import evaluate
from tests.strategies import SIZES, expressions, random_values


def numbers(node: Node, seed: int = 0) -> dict[str, np.ndarray]:
    return random_values(variables(node), seed)


def assert_same_tensor(left: Node, right: Node) -> None:
    found = {v.name: v for node in (left, right) for v in variables(node)}
    symbols = {s for d in left.shape for s in d.symbols()}
    symbols |= {s for v in found.values() for d in v.shape for s in d.symbols()}
    others = sorted(symbols - SIZES.keys())
    sizes = {**SIZES, **{s: 3 + k for k, s in enumerate(others)}}
    values = random_values(list(found.values()), 0, sizes)
    a = evaluate(left, values, sizes)
    b = evaluate(right, values, sizes)
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * (1 + np.abs(b).max(initial=0)))


def of(text: str, *wrt: str, **declared: str) -> Decomposition:
    d = eingrad.derivative(eingrad.parse(text, **declared), *wrt)
    return decompose(d.node, d.n_out, [v.ndim for v in d.wrt])


@settings(max_examples=40, deadline=None)
@given(expressions())
def test_rebuilding_any_expression_gives_its_value(expression):
    found = decompose(expression.node)
    assert_same_tensor(found.rebuild(), expression.node)
    assert_same_tensor(found.merged().rebuild(), expression.node)


@settings(max_examples=25, deadline=None)
@given(expressions(), st.data())
def test_rebuilding_any_derivative_gives_its_value(expression, data):
    by = data.draw(st.sampled_from(expression.variables))
    d = differentiate(expression.node, [by])
    if evaluate(d, numbers(expression.node), SIZES).size > 4000:
        return
    found = decompose(d, expression.node.ndim, [by.ndim])
    assert_same_tensor(found.rebuild(), d)
    assert_same_tensor(found.merged().rebuild(), d)
    for term in found.terms:
        flat = [a for axis in term.axes for a in axis]
        assert sorted(set(flat)) == list(range(len(term.sizes)))
        carried = [a for core in term.cores for a in core.atoms]
        assert len(carried) == len(set(carried))
        for core in term.cores:
            assert core.node.shape == tuple(term.sizes[a] for a in core.atoms)


CASES = [
    # expression, variables, one (axes, atoms of the cores) for each term
    ("A*B", ["A"], [(((0,), (1,), (0,), (2,)), [(1, 2)])]),
    ("A*B", ["B"], [(((0,), (1,), (2,), (1,)), [(0, 2)])]),
    ("norm2(T-U*V')^2", ["U", "U"], [(((0,), (1,), (0,), (2,)), [(1, 2)])]),
    ("A*X*B", ["X"], [(((0,), (1,), (2,), (3,)), [(0, 2), (1, 3)])]),
    ("kron(A,B)", ["A"], [(((0, 1), (2, 3), (0,), (2,)), [(1, 3)])]),
    ("exp(X)", ["X"], [(((0,), (1,), (0,), (1,)), [(0, 1)])]),
    ("softmax(x)", ["x"], [(((0,), (0,)), [(0,)]), (((0,), (1,)), [(0,), (1,)])]),
    ("norm2(x)", ["x", "x"], [(((0,), (0,)), [()]), (((0,), (1,)), [(), (0,), (1,)])]),
    (
        "X*X",
        ["X"],
        [(((0,), (1,), (2,), (1,)), [(0, 2)]), (((0,), (1,), (0,), (2,)), [(1, 2)])],
    ),
]


@pytest.mark.parametrize(("text", "wrt", "terms"), CASES)
def test_terms_of_known_derivatives(text, wrt, terms):
    found = [(t.axes, [c.atoms for c in t.cores]) for t in of(text, *wrt).terms]
    assert found == terms


@pytest.mark.parametrize("text", ["tr(X'*A*X)", "sum(X.*(A*X))", "sum(diag(A*X*X'))"])
def test_spellings_meet(text):
    reference = of("tr(X'*A*X)", "X", "X").merged()
    found = of(text, "X", "X").merged()
    assert len(found.terms) == 1
    assert [t.axes for t in found.terms] == [t.axes for t in reference.terms]
    assert equal(found.rebuild(), reference.rebuild())


def test_a_ridge_penalty_goes_into_the_core_that_is_there():
    found = of("norm2(T - U*V')^2 + c*norm2(U)^2", "U", "U")
    assert len(found.terms) == 2
    (term,) = found.merged().terms
    assert term.axes == ((0,), (1,), (0,), (2,))
    assert [c.atoms for c in term.arrays] == [(1, 2)]


def test_diagonal_plus_rank_one_stays_two_terms():
    assert len(of("softmax(x)", "x").merged().terms) == 2


def test_sums_open_beside_other_factors():
    # (I − ppᵀ) inside a product with a scalar factor: the delta must come out
    found = of("norm2(A*x)", "x", "x")
    assert_same_tensor(found.rebuild(), eingrad.derivative("norm2(A*x)", "x", "x").node)


def test_equal_terms_cancel():
    from eingrad.structure.merge import collect

    (term,) = of("A*B", "A").terms
    negative = type(term)(-term.coefficient, term.sizes, term.axes, term.cores)
    assert collect([term, negative]) == ()


def test_zero_has_no_terms():
    found = of("x'*A*x + b'*y", "x", "y")
    assert found.terms == ()
    assert eingrad.ir.build.is_zero(found.rebuild())


def test_rows_of_a_softmax_are_diagonal_and_rank_one_for_each_row():
    X = eingrad.matrix("X", "m n")
    d = eingrad.derivative(eingrad.softmax(X, axis=-1), X)
    diagonal, outer = decompose(d.node, 2, [2]).merged().terms
    assert diagonal.axes == ((0,), (1,), (0,), (1,))
    assert outer.axes == ((0,), (1,), (0,), (2,))
    assert [p.atoms for p in outer.pieces] == [(0, 1), (0, 2)]
    assert not outer.cores[0].is_whole
    assert outer.stored.evaluate({"m": 3, "n": 5}) == 30


def test_a_matrix_is_not_taken_apart():
    (term,) = of("tr(A*X*X')", "X", "X").terms
    assert all(core.is_whole for core in term.cores)


def test_patterns_are_not_added_into_matrices():
    """tril(A) + B as one core would hide the zeros of a third of it."""
    A = eingrad.matrix("A", "n n")
    B = eingrad.matrix("B", "n n")
    node = (np.tril(A) + B).node
    assert_same_tensor(decompose(node, 1, [1]).merged().rebuild(), node)
