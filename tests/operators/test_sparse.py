"""Sparse forms go through the entries that deltas and patterns leave, and systems keep them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.errors import SingularError
from eingrad.operators import StructuredOperator
from eingrad.operators.pattern import Pattern
from eingrad.operators.sparse import entry_count
from eingrad.operators.term import Core, normal
from tests.operators.random_operators import dense

RNG = np.random.default_rng(7)
FIRST = Pattern("selection", (8, 9), (0, 1))  # of nine places the first eight
LAST = Pattern("selection", (8, 9), (1, 1))
BACK = Pattern("selection", (4, 8), (7, -2))
SOME = Pattern("gather", (5, 9), (3, 3, 0, 8, 1))
WINDOW = Pattern("shifts", (6, 3, 9), (-1, 2, 1))  # reaches beyond the axis on both sides
LOWER = Pattern("tril", (9, 9), (0,))

# sizes, axes of the output, axes of the input, cores, the entries that are gone through
CASES: dict[str, tuple[tuple[int, ...], Any, Any, Any, int]] = {
    "neighbours": ((9, 9, 8), [(0,)], [(1,)], [(FIRST, (2, 0)), (LAST, (2, 1))], 8),
    "weighted": ((9, 9, 8), [(0,)], [(1,)], [(FIRST, (2, 0)), (LAST, (2, 1)), (2,)], 8),
    "by both places": ((9, 9, 8), [(0,)], [(1,)], [(FIRST, (2, 0)), (LAST, (2, 1)), (0, 1)], 8),
    "one after another": ((4, 9, 8), [(0,)], [(1,)], [(BACK, (0, 2)), (LAST, (2, 1))], 4),
    "the same place twice": ((8, 9, 5), [(0,)], [(2,)], [(LAST, (0, 1)), (SOME, (2, 1))], 40),
    "gathered": ((9, 9, 5), [(0,)], [(1,)], [(SOME, (2, 0)), (SOME, (2, 1)), (2,)], 5),
    "window": ((6, 3, 9), [(0,)], [(2,)], [(WINDOW, (0, 1, 2)), (1,)], 18),
    "beside a delta": (
        (7, 9, 9, 8),
        [(0,), (1,)],
        [(2,), (0,)],
        [(FIRST, (3, 1)), (LAST, (3, 2)), (0, 3)],
        56,
    ),
    "triangle": ((9, 9), [(0,)], [(1,)], [(LOWER, (0, 1)), (0,)], 81),
}


def built(name: str) -> tuple[StructuredOperator, np.ndarray, int]:
    sizes, out, into, cores, _ = CASES[name]
    size = dict(enumerate(sizes))
    arrays = [c if len(c) == 2 and isinstance(c[0], Pattern) else (None, c) for c in cores]
    arrays = [(RNG.normal(size=[sizes[a] for a in t]) if p is None else p, t) for p, t in arrays]
    term = normal(-1.5, out, into, size, [Core(a, t) for a, t in arrays])
    shapes = [tuple(int(np.prod([sizes[a] for a in x])) for x in s) for s in (out, into)]
    full = [(a.dense(np.float64) if isinstance(a, Pattern) else a, t) for a, t in arrays]
    tensor = -1.5 * dense(size, out, into, full)
    return StructuredOperator([term], *shapes), tensor, entry_count(term)


@pytest.mark.parametrize("name", CASES)
def test_entries_are_those_of_the_tensor(name: str) -> None:
    operator, tensor, entries = built(name)
    assert entries == CASES[name][-1]
    flat = tensor.reshape(operator.to_sparse().shape)
    np.testing.assert_allclose(operator.to_sparse().toarray(), flat, atol=1e-14)
    np.testing.assert_allclose(operator.T.to_sparse().toarray(), flat.T, atol=1e-14)


def neighbours(n: int, dtype: Any = np.float64) -> StructuredOperator:
    """a_k x_k y_{k+1} and b_k x_{k+1} y_k beside a diagonal: a matrix of three diagonals."""
    size = {0: n, 1: n, 2: n - 1}
    first = Pattern("selection", (n - 1, n), (0, 1))
    last = Pattern("selection", (n - 1, n), (1, 1))
    rng = np.random.default_rng(3)
    weights = [rng.normal(size=k).astype(dtype) for k in (n - 1, n - 1, n)]
    upper = [Core(first, (2, 0)), Core(last, (2, 1)), Core(weights[0], (2,))]
    lower = [Core(last, (2, 0)), Core(first, (2, 1)), Core(weights[1], (2,))]
    terms = [normal(1.0, [(0,)], [(1,)], size, cores) for cores in (upper, lower)]
    terms.append(normal(1.0, [(0,)], [(0,)], size, [Core(weights[2] + 3, (0,))]))
    return StructuredOperator(terms, (n,), (n,), dtype)


@pytest.mark.parametrize("n", [301, 302])
def test_sparse_systems_are_solved_as_such(n: int) -> None:
    operator = neighbours(n)
    assert operator.solver == f"sparse LU of the {n}×{n} factor on axis 0 ({3 * n - 2} entries)"
    full, b = operator.dense(), np.random.default_rng(0).normal(size=(2, 3, n))
    expected = np.linalg.solve(full, b.reshape(6, n).T).T.reshape(b.shape)
    np.testing.assert_allclose(operator.solve(b), expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(operator.slogdet(), np.linalg.slogdet(full), rtol=1e-10)
    np.testing.assert_allclose((-operator).slogdet(), np.linalg.slogdet(-full), rtol=1e-10)


def test_long_chains_need_neither_a_matrix_nor_iterations() -> None:
    operator = neighbours(100_000)
    b = np.ones(100_000)
    assert operator.solver.startswith("sparse LU")
    np.testing.assert_allclose(operator @ operator.solve(b), b, atol=1e-9)
    assert operator.to_sparse(limit=20_000_000).nnz == 299_998


def test_sparse_systems_keep_float32() -> None:
    operator = neighbours(400, np.float32)
    assert operator.solve(np.ones(400, np.float32)).dtype == np.float32


def test_singular_sparse_systems_are_named() -> None:
    h = eingrad.hessian("sum(x[1:].*x[:-1])", "x")
    even = h.operator(n=300)  # ones beside the diagonal: regular for an even n alone
    np.testing.assert_allclose(even @ even.solve(np.ones(300)), np.ones(300))
    with pytest.raises(SingularError, match="the 301×301 factor on axis 0 is singular"):
        h.operator(n=301).solve(np.ones(301))
    assert h.operator(n=301).slogdet() == (0.0, -np.inf)


def test_low_rank_beside_a_sparse_matrix_builds_on_its_factors() -> None:
    h = eingrad.hessian("sum(x[1:].*x[:-1]) + 2*norm2(x)^2 + sum(x)^2", "x").operator(n=5001)
    assert "sparse LU" in h.solver and "rank 1 (Woodbury)" in h.solver
    b = np.random.default_rng(0).normal(size=5001)
    np.testing.assert_allclose(h @ h.solve(b), b, atol=1e-9)
