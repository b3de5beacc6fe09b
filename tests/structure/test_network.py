"""Ranks and signs that the factors of a core show are those of its values; opening is bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.dims import Dim
from eingrad.ir.build import contract, dims
from eingrad.ir.node import Factor, Node, variable
from eingrad.ir.walk import variables
from eingrad.structure import decompose, deepened
from eingrad.structure.network import MAX_OPENED, cuts, opened, rank, semidefinite
from eingrad.verify.reference import evaluate

X = variable("X", dims(3, 5))
Z = variable("Z", dims(3, 7))
S = variable("S", dims(3, 3))
w = variable("w", dims(3))
p = variable("p", dims(3), frozenset({"positive"}))
B = variable("B", dims(3, 4))


def network_of(node: Node) -> Any:
    return opened(
        [Factor(node, tuple((k,) for k in range(node.ndim)))], dict(enumerate(node.shape))
    )


MATRICES = [
    # node, rows, columns, rank bound, semidefinite
    (contract("ia,ib->ab", X, X), [0], [1], 3, True),
    (contract("i,ia,ib->ab", w, X, X), [0], [1], 3, False),
    (contract("i,ia,ib->ab", p, X, X), [0], [1], 3, True),
    (contract("i,i,ia,ib->ab", w, w, X, X), [0], [1], 3, True),
    (contract("ia,ib->ab", X, Z), [0], [1], 3, False),
    (contract("ia,ij,jb->ab", X, S, Z), [0], [1], 3, False),
    (contract("ia,ic,ib,id->acbd", X, B, X, B), [0, 1], [2, 3], 3, True),
    (contract("ia,ic,ib,id->acbd", X, B, X, B), [0, 1], [3, 2], 3, False),
    (contract("ia,ib,ic,id->abcd", X, B, X, B), [0, 2], [1, 3], 3, False),
    (contract("ia,ib,ic->iabc", X, X, X), [1, 2], [3], None, False),
]


@pytest.mark.parametrize(("node", "rows", "columns", "bound", "definite"), MATRICES)
def test_bounds_hold_for_values(
    node: Node, rows: list[int], columns: list[int], bound: int | None, definite: bool
) -> None:
    net = network_of(node)
    found = rank(net, rows, columns)
    assert (found.as_int() if found else None) == bound
    sound = semidefinite(net, rows, columns)
    assert sound == definite
    rng = np.random.default_rng(1)
    values = {v.name: rng.normal(size=[d.as_int() for d in v.shape]) for v in (X, Z, S, w, B)}
    values["p"] = rng.uniform(0.5, 2, size=3)
    array = evaluate(node, values)
    if array.ndim > len(rows) + len(columns):
        return
    moved = np.transpose(array, [*rows, *columns])
    matrix = moved.reshape(int(np.prod(moved.shape[: len(rows)])), -1)
    if bound is not None:
        assert np.linalg.matrix_rank(matrix) <= bound
    if definite:
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
        assert np.linalg.eigvalsh(matrix).min() > -1e-10


def test_the_smallest_cut_is_taken() -> None:
    """Xᵀ U Vᵀ Z with U, V of two columns: rank 2 and not 3."""
    U, V = variable("U", dims(3, 2)), variable("V", dims(3, 2))
    node = contract("ia,ik,jk,jb->ab", X, U, V, Z)
    assert rank(network_of(node), [0], [1]) == Dim.of(2)


def test_a_cut_separates() -> None:
    node = contract("ia,ij,jb->ab", X, S, Z)
    for cut in cuts(network_of(node), [0], [1]):
        left = {a for f in cut.left for axis in f.indices for a in axis}
        right = {a for f in cut.right for axis in f.indices for a in axis}
        assert 0 in left and 1 in right
        assert not (left & right) - set(cut.atoms)


def test_what_is_shared_is_not_opened_without_end() -> None:
    """(((AA)(AA))…) shares every level; opened in full it would have 2^40 factors."""
    n = dims("n")[0]
    node: Node = contract("ab,bc->ac", variable("A", (n, n)), variable("B", (n, n)))
    for _ in range(40):
        node = contract("ab,bc,b->ac", node, node, variable("v", (n,)))
    net = network_of(node)
    assert len(net.factors) <= MAX_OPENED + 3


def batch(text: str, **declared: str) -> Any:
    return eingrad.hessian(eingrad.parse(text, **declared), "P")


def test_a_sum_below_a_contraction_is_opened_where_its_parts_are_smaller() -> None:
    d = batch("sum(logsumexp(relu(X*P)*Q, axis=1))", X="m d", P="d h", Q="h c")
    found = decompose(d.node, 0, [2, 2])
    deeper = deepened(found)
    assert (len(found.terms), len(deeper.terms)) == (1, 2)
    sizes = {"m": 4, "d": 3, "h": 5, "c": 2}
    rng = np.random.default_rng(0)
    values = {
        v.name: rng.normal(size=[k.evaluate(sizes) for k in v.shape]) for v in variables(d.node)
    }
    expected = evaluate(d.node, values, sizes)
    np.testing.assert_allclose(evaluate(deeper.rebuild(), values, sizes), expected, atol=1e-12)


def test_a_sum_of_parts_as_large_stays() -> None:
    d = eingrad.hessian(eingrad.parse("norm2((A + B)*x)^2", A="m n", B="m n", x="n"), "x")
    found = decompose(d.node, 0, [1, 1])
    assert deepened(found) is found


def test_the_operator_holds_whichever_form_is_smaller() -> None:
    """A wide batch has fewer numbers opened, a narrow one closed; both are the same tensor."""
    d = batch("sum(logsumexp(relu(X*P)*Q, axis=1))", X="m d", P="d h", Q="h c")
    rng = np.random.default_rng(2)
    counts = []
    for m, d_, h, c in ((2, 3, 9, 4), (40, 2, 3, 5)):
        values = {
            "X": rng.normal(size=(m, d_)),
            "P": rng.normal(size=(d_, h)),
            "Q": rng.normal(size=(h, c)),
        }
        operator = d.operator(**values)
        whole = evaluate(d.node, values, {"m": m, "d": d_, "h": h, "c": c})
        np.testing.assert_allclose(operator.dense(), whole, atol=1e-11)
        counts.append((operator.nbytes // 8, whole.size))
    assert counts[0][0] < counts[0][1] / 2  # opened
    assert counts[1][0] == counts[1][1]  # one array


def test_sums_of_low_rank_matrices_are_never_held_as_a_matrix() -> None:
    """XᵀDX + ZᵀEZ with few rows: n×n would be 80 GB."""
    text = "sum(exp(X*w)) + sum(exp(Z*w)) + l*w'*w"
    d = eingrad.hessian(eingrad.parse(text, X="m n", Z="p n", w="n", l=""), "w")
    rng = np.random.default_rng(3)
    n = 100_000
    values = {
        "X": rng.normal(size=(4, n)) / 300,
        "Z": rng.normal(size=(3, n)) / 300,
        "w": rng.normal(size=n) / 300,
        "l": np.array(2.0),
    }
    operator = d.operator(**values)
    assert operator.nbytes < 10 * n * 8
    b = rng.normal(size=n)
    x = operator.solve(b)
    np.testing.assert_allclose(operator.matvec(x), b, atol=1e-9)
    X, Z, v = values["X"], values["Z"], rng.normal(size=n)
    by_hand = 4 * v
    for rows in (X, Z):
        by_hand = by_hand + rows.T @ (np.exp(rows @ values["w"]) * (rows @ v))
    np.testing.assert_allclose(operator.matvec(v), by_hand, atol=1e-9)


def test_many_rows_are_held_as_one_matrix() -> None:
    text = "sum(exp(X*w)) + sum(exp(Z*w))"
    d = eingrad.hessian(eingrad.parse(text, X="m n", Z="p n", w="n"), "w")
    rng = np.random.default_rng(3)
    values = {"X": rng.normal(size=(40, 5)), "Z": rng.normal(size=(30, 5)), "w": np.zeros(5)}
    operator = d.operator(**values)
    assert (len(operator.terms), operator.nbytes) == (1, 25 * 8)
    expected = values["X"].T @ values["X"] + values["Z"].T @ values["Z"]
    np.testing.assert_allclose(operator.dense(), expected)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_work_does_not_grow_faster_than_depth(activation: str) -> None:
    """Cuts tried, factors opened and terms are bounded: 64 layers say something at once."""
    h: Any = eingrad.matrix("X", "m n")
    for k in range(64):
        h = getattr(eingrad, activation)(h @ eingrad.matrix(f"W{k}", "n n"))
    d = eingrad.hessian(eingrad.logsumexp(h, axis=1).sum(), "W0")
    terms = d.structure.terms
    assert d.structure.symmetric
    assert 1 <= len(terms) <= 32
