"""Each structure is solved by its own solver, and right; singular factors are named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, ShapeError, SingularError
from eingrad.operators import StructuredOperator, identity
from tests.operators.random_operators import matrix, operator_of, positive_definite

rng = np.random.default_rng(5)


def spd(n: int) -> np.ndarray:
    return positive_definite(rng, n)


def regular(n: int) -> np.ndarray:
    return rng.normal(size=(n, n)) + 3 * np.eye(n)


# structure: sizes of atoms, terms, and what the solver says of itself
CASES: dict[str, tuple[Any, Any, list[str]]] = {
    "diagonal": (
        (4, 3),
        [(1.5, [(0,), (1,)], [(0,), (1,)], [(0, 1)])],
        ["diagonal"],
    ),
    "identity ⊗ core": (
        (7, 3, 3),
        [(1.5, [(0,), (1,)], [(0,), (2,)], [(regular(3), (1, 2))])],
        ["multiple of the identity", "LU of the 3×3 factor on axis 1"],
    ),
    "core ⊗ identity, core positive definite": (
        (7, 3, 3),
        [(2.0, [(1,), (0,)], [(2,), (0,)], [(spd(3), (1, 2))])],
        ["multiple of the identity", "Cholesky of the 3×3 factor on axis 0"],
    ),
    "Kronecker product of three": (
        (2, 3, 4, 2, 3, 4),
        [
            (
                -1.0,
                [(0,), (1,), (2,)],
                [(3,), (4,), (5,)],
                [(regular(2), (0, 3)), (spd(3), (1, 4)), (regular(4), (5, 2))],
            )
        ],
        ["LU of the 2×2", "Cholesky of the 3×3", "LU of the 4×4"],
    ),
    "Kronecker product with its axes exchanged": (
        (4, 3, 4, 3),
        [(1.5, [(0,), (1,)], [(3,), (2,)], [(regular(4), (0, 2)), (regular(3), (3, 1))])],
        ["LU of the 4×4", "LU of the 3×3"],
    ),
    "commutation": ((4, 3), [(-2.0, [(0, 1)], [(1, 0)], [])], ["permutation"]),
    "blocks": (
        (5, 3, 3),
        [
            (1.0, [(0,), (1,)], [(0,), (2,)], [(0, 1, 2)]),
            (4.0, [(0,), (1,)], [(0,), (1,)], [(np.full(5, 2.0), (0,))]),
        ],
        ["5 blocks of 3×3"],
    ),
    "blocks on the last axis": (
        (5, 3, 3),
        [(1.0, [(1,), (0,)], [(2,), (0,)], [(0, 1, 2)])],
        ["5 blocks of 3×3"],
    ),
    "diagonal + low rank": (
        (40, 2, 40),
        [
            (1.0, [(0,)], [(0,)], [(np.linspace(1, 2, 40), (0,))]),
            (1.0, [(0,)], [(2,)], [(0, 1), (2, 1)]),
        ],
        ["division by the diagonal, then rank 2 (Woodbury)"],
    ),
    "identity + rank one": (
        (50, 50),
        [(3.0, [(0,)], [(0,)], []), (1.0, [(0,)], [(1,)], [(0,), (1,)])],
        ["multiple of the identity, then rank 1 (Woodbury)"],
    ),
    "identity ⊗ core + rank one": (
        (9, 4, 9, 4),
        [
            (1.5, [(0,), (1,)], [(0,), (3,)], [(spd(4), (1, 3))]),
            (1.0, [(0,), (1,)], [(2,), (3,)], [(0,), (2,), (1,), (3,)]),
        ],
        ["Cholesky of the 4×4 factor on axis 1, then rank 1 (Woodbury)"],
    ),
    "λI + A ⊗ B": (
        (9, 8, 9, 8),
        [
            (0.5, [(0,), (1,)], [(0,), (1,)], []),
            (1.0, [(0,), (1,)], [(2,), (3,)], [(spd(9), (0, 2)), (spd(8), (1, 3))]),
        ],
        ["common eigenbasis of 2 Kronecker factors"],
    ),
    "A ⊗ I + I ⊗ B": (
        (9, 8, 9, 8),
        [
            (0.5, [(0,), (1,)], [(2,), (1,)], [(spd(9), (0, 2))]),
            (1.0, [(0,), (1,)], [(0,), (3,)], [(spd(8), (1, 3))]),
        ],
        ["common eigenbasis of 2 Kronecker factors"],
    ),
    "A ⊗ I + I ⊗ B, not symmetric": (
        (9, 8, 9, 8),
        [
            (0.5, [(1,), (0,)], [(1,), (2,)], [(regular(9), (0, 2))]),
            (-2.0, [(1,), (0,)], [(3,), (0,)], [(regular(8), (1, 3))]),
            (9.0, [(1,), (0,)], [(1,), (0,)], []),
        ],
        ["Sylvester equation"],
    ),
    "positive definite without structure": (
        (4, 3, 4, 3),
        [(1.0, [(0,), (1,)], [(2,), (3,)], [(spd(12).reshape(4, 3, 4, 3), (0, 1, 2, 3))])],
        ["Cholesky of the 12×12 factor on axes 0 and 1"],
    ),
    "two terms that divide an axis differently": (
        (2, 3, 6),
        [
            (0.5, [(0, 1)], [(2,)], [(0,), (1, 2)]),
            (5.0, [(0, 1)], [(0, 1)], [(np.array([1.0, 2.0, -1.0]), (1,))]),
        ],
        ["LU of the 6×6"],
    ),
    "a number": ((1, 1), [(3.0, [(0,)], [(1,)], [])], ["multiple of the identity"]),
    "output and input of different shapes": (
        (4, 3, 12),
        [(1.0, [(0,), (1,)], [(2,)], [(regular(12).reshape(4, 3, 12), (0, 1, 2))])],
        ["LU of the 12×12"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_solutions_and_determinants_are_those_of_the_matrix(name: str) -> None:
    sizes, terms, _ = CASES[name]
    operator, tensor = operator_of(sizes, terms)
    M = matrix(operator, tensor)
    b = np.random.default_rng(0).normal(size=(2, 3, *operator.out_shape))
    x = operator.solve(b)
    assert x.shape == (2, 3, *operator.in_shape)
    expected = np.linalg.solve(M, b.reshape(6, -1).T).T.reshape(x.shape)
    np.testing.assert_allclose(x, expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(operator.slogdet(), np.linalg.slogdet(M), rtol=1e-10, atol=1e-12)
    assert operator.logdet() == operator.slogdet()[1]
    g = np.random.default_rng(1).normal(size=operator.in_shape)
    back = operator.T.solve(g).reshape(-1)
    np.testing.assert_allclose(M.T @ back, g.reshape(-1), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", CASES)
def test_the_solver_is_that_of_the_structure(name: str) -> None:
    sizes, terms, expected = CASES[name]
    operator, _ = operator_of(sizes, terms)
    for part in expected:
        assert part in operator.solver


@pytest.mark.parametrize("name", CASES)
def test_float32_stays(name: str) -> None:
    sizes, terms, _ = CASES[name]
    small = [
        (c, o, i, [(k[0].astype("f4"), k[1]) if isinstance(k[0], np.ndarray) else k for k in cores])
        for c, o, i, cores in terms
    ]
    operator, _ = operator_of(sizes, small, dtype=np.float32)
    v = np.ones(operator.in_shape, np.float32)
    for result in (operator @ v, operator.dense(), operator.solve(operator @ v)):
        assert result.dtype == np.float32
    np.testing.assert_allclose(operator.solve(operator @ v), v, atol=2e-2)
    assert (operator @ v.astype(np.float64)).dtype == np.float64


SINGULAR: dict[str, tuple[Any, Any, str]] = {
    "core": (
        (4, 3, 3),
        [(1.0, [(0,), (1,)], [(0,), (2,)], [(np.diag([1.0, 0.0, 2.0]), (1, 2))])],
        r"the 3×3 factor on axis 1 is singular",
    ),
    "second of a Kronecker product": (
        (4, 3, 4, 3),
        [(1.0, [(0,), (1,)], [(2,), (3,)], [(spd(4), (0, 2)), (np.ones((3, 3)), (1, 3))])],
        r"the 3×3 factor on axis 1 is singular",
    ),
    "rank one": (
        (4, 4),
        [(1.0, [(0,)], [(1,)], [(0,), (1,)])],
        r"singular \(its rank is at most 1\)",
    ),
    "rank of a product": (
        (6, 2, 6),
        [(1.0, [(0,)], [(2,)], [(0, 1), (2, 1)])],
        r"singular \(its rank is at most 2\)",
    ),
    "diagonal": (
        (4,),
        [(1.0, [(0,)], [(0,)], [(np.array([1.0, 2.0, 0.0, 1.0]), (0,))])],
        "entry 2 of its diagonal is 0",
    ),
    "block": (
        (3, 2, 2),
        [
            (
                1.0,
                [(0,), (1,)],
                [(0,), (2,)],
                [(np.stack([np.eye(2), np.ones((2, 2)), np.eye(2)]), (0, 1, 2))],
            )
        ],
        "block 1 of",
    ),
    "identity less rank one": (
        (40, 40),
        [
            (1.0, [(0,)], [(0,)], []),
            (-1.0, [(0,)], [(1,)], [(np.full(40, 0.2), (0,)), (np.full(40, 0.125), (1,))]),
        ],
        "rank 1 is singular",
    ),
    "Sylvester": (
        (9, 8, 9, 8),
        [
            (1.0, [(0,), (1,)], [(2,), (1,)], [(np.triu(np.ones((9, 9))), (0, 2))]),
            (-1.0, [(0,), (1,)], [(0,), (3,)], [(np.triu(np.ones((8, 8))), (1, 3))]),
        ],
        "eigenvalue of A is minus one of B",
    ),
    "in the common eigenbasis": (
        (9, 8, 9, 8),
        [
            (1.0, [(0,), (1,)], [(2,), (1,)], [(np.diag(np.arange(1.0, 10)), (0, 2))]),
            (-1.0, [(0,), (1,)], [(0,), (3,)], [(np.diag(np.arange(1.0, 9)), (1, 3))]),
        ],
        "eigenvalue is 0",
    ),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_singular_factors_are_named(name: str) -> None:
    sizes, terms, message = SINGULAR[name]
    operator, _ = operator_of(sizes, terms)
    with pytest.raises(SingularError, match=message):
        operator.solve(np.ones(operator.out_shape))
    assert operator.slogdet() == (0.0, -np.inf)
    assert np.isfinite(operator.shifted(0.3).logdet())


def test_zero_is_singular() -> None:
    zero = 0 * identity((3, 2))
    with pytest.raises(SingularError, match="zero"):
        zero.solve(np.ones((3, 2)))


def test_rectangular_systems_are_refused_with_both_shapes() -> None:
    operator, _ = operator_of((4, 3, 5), [(1.0, [(0,), (1,)], [(0,), (2,)], [(1, 2)])])
    with pytest.raises(ShapeError, match="maps 4×5 to 4×3"):
        operator.solve(np.ones((4, 3)))
    for ask in (operator.diagonal, operator.trace, lambda: operator.shifted(1.0)):
        with pytest.raises(ShapeError, match="one shape"):
            ask()


def test_nan_passes_through() -> None:
    sizes, terms, _ = CASES["identity ⊗ core"]
    operator, _ = operator_of(sizes, terms)
    b = np.ones(operator.out_shape)
    b[2, 1] = np.nan
    x = operator.solve(b)
    assert np.isnan(x[2]).all()
    assert np.isfinite(np.delete(x, 2, axis=0)).all()
    core = np.array([[1.0, np.nan], [0.0, 1.0]])
    broken, _ = operator_of((3, 2, 2), [(1.0, [(0,), (1,)], [(0,), (2,)], [(core, (1, 2))])])
    assert np.isnan(broken.solve(np.ones((3, 2)))).any()


def test_empty_axes_have_empty_solutions() -> None:
    operator, _ = operator_of((0, 3, 3), [(1.0, [(0,), (1,)], [(0,), (2,)], [(1, 2)])])
    assert operator.solve(np.ones((0, 3))).shape == (0, 3)
    assert operator.logdet() == 0.0
    assert operator.trace() == 0.0
    assert operator.dense().shape == (0, 3, 0, 3)
    assert operator.matvec(np.ones((2, 0, 3))).shape == (2, 0, 3)
    assert operator.to_sparse().shape == (0, 0)


def test_an_empty_batch_is_solved() -> None:
    sizes, terms, _ = CASES["blocks"]
    operator, _ = operator_of(sizes, terms)
    assert operator.solve(np.ones((0, 5, 3))).shape == (0, 5, 3)
    assert operator.matvec(np.ones((0, 5, 3))).shape == (0, 5, 3)


def bound(text: str, wrt: str, **values: Any) -> StructuredOperator:
    return eingrad.derivative(text, *wrt.split()).operator(**values)


@pytest.mark.parametrize("rtol", [-1.0, 0.0, 2.0, np.nan])
def test_a_tolerance_lies_between_0_and_1(rtol: float) -> None:
    with pytest.raises(InputError, match="rtol is a number between 0 and 1"):
        bound("x'*A*x", "x x", A=np.eye(2)).solve(np.ones(2), rtol=rtol)


def test_infinite_entries_pass_through_as_in_numpy() -> None:
    matrix = np.array([[np.inf, 1.0], [2.0, 3.0]])
    h = bound("x'*A*x/2", "x x", A=matrix)
    b = np.array([1.0, 2.0])
    np.testing.assert_allclose(h.solve(b), np.linalg.solve((matrix + matrix.T) / 2, b))
    assert np.isnan(bound("x'*A*x", "x x", A=np.full((2, 2), np.inf)).solve(b)).all()


def test_a_sum_is_not_called_by_one_of_its_terms() -> None:
    values = {"A": np.ones((3, 4)), "x": np.zeros(4), "y": np.zeros(3)}
    h = bound("norm2(A*x - y)^2 + c*norm2(x)^2", "x x", **values, c=0.5)
    assert h.solver == "Cholesky of the 4×4 factor on axis 0"


def test_factors_over_several_axes_name_them() -> None:
    rng = np.random.default_rng(1)
    values = {"A": rng.normal(size=(2, 2)), "X": np.zeros((2, 3)), "B": rng.normal(size=(3, 3))}
    assert bound("A*X + X*B", "X", **values).solver == "LU of the 6×6 factor on axes 0 and 1"


def test_determinants_of_rectangular_maps_are_refused_as_determinants() -> None:
    rectangular = bound("A*B", "A", A=np.ones((4, 3)), B=np.ones((3, 2)))
    with pytest.raises(ShapeError, match="a determinant needs as many rows as columns"):
        rectangular.logdet()
