"""Random operators against the dense tensors that they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eingrad
from eingrad.errors import UnsupportedError
from tests.operators.random_operators import matrix, operator_of

SIZES = (2, 3, 4, 1, 5, 3)
ATOMS = range(len(SIZES))


@st.composite
def axes(draw: Any, most: int = 3) -> list[tuple[int, ...]]:
    """Axes of up to two atoms each; atoms may occur again."""
    axis = st.lists(st.sampled_from(ATOMS), max_size=2).map(tuple)
    return draw(st.lists(axis, max_size=most))


@st.composite
def terms(draw: Any) -> tuple[Any, ...]:
    """A coefficient, output and input, and up to three cores; some atoms are summed."""
    core = st.lists(st.sampled_from(ATOMS), min_size=1, max_size=3, unique=True).map(tuple)
    return (
        draw(st.sampled_from([1.0, -2.5, 0.5])),
        draw(axes()),
        draw(axes()),
        draw(st.lists(core, max_size=3)),
    )


@settings(max_examples=150, deadline=None)
@given(terms(), st.integers(0, 9))
def test_products_with_directions_are_those_of_the_dense_tensor(term: Any, seed: int) -> None:
    operator, tensor = operator_of(SIZES, [term], seed)
    rng = np.random.default_rng(seed)
    M = matrix(operator, tensor)
    v = rng.normal(size=(2, 3, *operator.in_shape))
    g = rng.normal(size=operator.out_shape)
    forward = operator.matvec(v)
    assert forward.shape == (2, 3, *operator.out_shape)
    np.testing.assert_allclose(forward.reshape(6, -1), v.reshape(6, -1) @ M.T, atol=1e-10)
    back = operator.rmatvec(g)
    assert back.shape == operator.in_shape
    np.testing.assert_allclose(back.reshape(-1), g.reshape(-1) @ M, atol=1e-10)


@settings(max_examples=100, deadline=None)
@given(terms(), st.integers(0, 9))
def test_dense_and_sparse_are_the_tensor(term: Any, seed: int) -> None:
    operator, tensor = operator_of(SIZES, [term], seed)
    np.testing.assert_allclose(operator.dense(), tensor, atol=1e-12)
    np.testing.assert_allclose(operator.to_sparse().toarray(), matrix(operator, tensor), atol=1e-12)


@st.composite
def square(draw: Any) -> list[Any]:
    """A sum of terms that take and give the shape 2 · 3, 4, 3."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        # Rows are atoms 0 1 2 3, columns any of the same sizes or the same atoms.
        columns = [draw(st.sampled_from([k, k + 4])) for k in range(4)]
        if draw(st.booleans()):
            columns[1], columns[3] = columns[3], columns[1]
        used = [0, 1, 2, 3, *columns]
        core = st.lists(st.sampled_from(used), min_size=1, max_size=3, unique=True).map(tuple)
        cores = draw(st.lists(core, max_size=2))
        out = [(0, 1), (2,), (3,)]
        into = [(columns[0], columns[1]), (columns[2],), (columns[3],)]
        found.append((draw(st.sampled_from([1.0, -1.5])), out, into, cores))
    return found


SQUARE = (2, 3, 4, 3, 2, 3, 4, 3)


@settings(max_examples=100, deadline=None)
@given(square(), st.integers(0, 9))
def test_diagonal_and_trace_are_those_of_the_matrix(found: Any, seed: int) -> None:
    operator, tensor = operator_of(SQUARE, found, seed)
    M = matrix(operator, tensor)
    np.testing.assert_allclose(operator.diagonal().reshape(-1), np.diagonal(M), atol=1e-11)
    np.testing.assert_allclose(operator.trace(), np.trace(M), atol=1e-10)


@settings(max_examples=100, deadline=None)
@given(square(), st.integers(0, 9), st.sampled_from(["auto", "dense"]))
def test_shifted_operators_solve_and_have_their_determinant(
    found: Any, seed: int, method: str
) -> None:
    operator, tensor = operator_of(SQUARE, found, seed)
    shift = 1.5 * (1 + np.abs(matrix(operator, tensor)).sum(1).max())
    shifted = operator.shifted(shift)
    M = matrix(operator, tensor) + shift * np.eye(72)
    b = np.random.default_rng(seed).normal(size=(2, *operator.out_shape))
    x = shifted.solve(b, method=method)
    np.testing.assert_allclose(x.reshape(2, -1) @ M.T, b.reshape(2, -1), atol=1e-9)
    np.testing.assert_allclose(shifted.slogdet(method), np.linalg.slogdet(M), rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(square(), square(), st.integers(0, 9))
def test_sums_adjoints_and_compositions_are_those_of_matrices(
    first: Any, second: Any, seed: int
) -> None:
    a, dense_a = operator_of(SQUARE, first, seed)
    b, dense_b = operator_of(SQUARE, second, seed + 1)
    A, B = matrix(a, dense_a), matrix(b, dense_b)
    scale = 1 + np.abs(A).max() * np.abs(B).max() * 72
    for made, expected in (
        (a + b, A + B),
        (a - 2 * b, A - 2 * B),
        (-a / 4, -A / 4),
        (a @ b, A @ B),
        (a.T @ b, A.T @ B),
        (a @ b.adjoint(), A @ B.T),
    ):
        np.testing.assert_allclose(made.dense().reshape(72, 72), expected, atol=1e-12 * scale)
        v = np.random.default_rng(seed).normal(size=made.in_shape)
        np.testing.assert_allclose((made @ v).reshape(-1), expected @ v.reshape(-1), atol=1e-9)


def test_the_difference_with_itself_is_zero() -> None:
    operator, _ = operator_of((3, 4, 4), [(2.0, [(0,), (1,)], [(0,), (2,)], [(1, 2)])])
    zero = operator - operator
    assert zero.terms == ()
    assert not zero.matvec(np.ones((3, 4))).any()
    assert zero.structure == "zero"


def test_compositions_keep_the_structure() -> None:
    a, _ = operator_of((3, 4, 5), [(2.0, [(0,), (1,)], [(0,), (2,)], [(1, 2)])])
    both = a.T @ a
    (term,) = both.terms
    assert [c.array.shape for c in term.cores] == [(5, 5)]
    assert both.nbytes == 200


def test_axes_that_are_divided_in_conflict_are_refused_in_products_and_right_in_diagonals() -> None:
    swap, tensor = operator_of((2, 3), [(1.0, [(0, 1)], [(1, 0)], [])])
    M = matrix(swap, tensor)
    np.testing.assert_allclose(swap.diagonal(), np.diagonal(M))
    assert swap.trace() == np.trace(M)
    with pytest.raises(UnsupportedError, match="conflict"):
        _ = swap @ swap


def test_scipy_operators_are_flat() -> None:
    operator, tensor = operator_of((3, 4, 5), [(2.0, [(0,), (1,)], [(2,), (0,)], [(1, 2)])])
    flat = operator.to_scipy()
    M = matrix(operator, tensor)
    rng = np.random.default_rng(0)
    v, W = rng.normal(size=15), rng.normal(size=(12, 2))
    np.testing.assert_allclose(flat @ v, M @ v)
    np.testing.assert_allclose(flat.rmatmat(W), M.T @ W)


def test_arrays_and_numbers_on_the_left() -> None:
    operator, tensor = operator_of((3, 4, 5), [(2.0, [(0,), (1,)], [(2,), (0,)], [(1, 2)])])
    g = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_allclose(g @ operator, np.tensordot(g, tensor, 2))
    np.testing.assert_allclose((np.float64(3) * operator).dense(), 3 * tensor)
    for wrong in (lambda: operator + 1.0, lambda: operator * operator, lambda: operator * g):
        with pytest.raises(UnsupportedError):
            wrong()


def test_structure_is_said_in_a_sentence() -> None:
    core = np.array([[2.0, 1.0], [1.0, 5.0]])
    operator, _ = operator_of((4, 2, 2), [(3.0, [(0,), (1,)], [(0,), (2,)], [(core, (1, 2))])])
    assert operator.structure == "3 · identity of size 4 on axis 0 ⊗ symmetric 2×2 core"
    assert operator.structure in repr(operator)


def test_results_never_share_memory_with_arguments() -> None:
    identity, _ = operator_of((3, 4), [(1.0, [(0,), (1,)], [(0,), (1,)], [])])
    v = np.ones((3, 4))
    for result in (identity @ v, identity.solve(v), identity.T @ v):
        assert not np.may_share_memory(result, v)
        assert result.flags.writeable


def test_an_operator_never_becomes_an_array_by_itself() -> None:
    operator = eingrad.derivative("A*B", "A").operator(B=np.ones((3, 2)), m=4)
    for use in (np.asarray, operator.matvec, lambda a: np.linalg.solve(a, np.ones(3))):
        with pytest.raises(UnsupportedError, match="dense"):
            use(operator)
    with pytest.raises(UnsupportedError, match="cannot add ndarray"):
        np.ones((4, 2, 4, 3)) + operator


def test_operators_sum_with_sum() -> None:
    first = eingrad.derivative("A*B", "A").operator(B=np.ones((3, 2)), m=4)
    second = eingrad.derivative("A*B", "A").operator(B=np.arange(6.0).reshape(3, 2), m=4)
    np.testing.assert_allclose(sum([first, second]).dense(), first.dense() + second.dense())


@pytest.mark.parametrize("divisor", ["a", 1j, np.ones(2)])
def test_operators_are_divided_by_real_numbers(divisor: object) -> None:
    operator = eingrad.derivative("A*B", "A").operator(B=np.ones((3, 2)), m=4)
    np.testing.assert_allclose((operator / 4).dense(), operator.dense() / 4)
    with pytest.raises(UnsupportedError):
        operator / divisor
