"""The algebra that users expect: both sides are one node, and the value is what it was before."""

from __future__ import annotations

import re

import numpy as np
import pytest

import eingrad
from eingrad.dims import as_dim
from eingrad.ir import build
from eingrad.ir.apply import apply
from eingrad.ir.node import Node
from eingrad.ir.walk import topological, with_facts
from eingrad.verify.reference import evaluate
from tests.functions.test_registry_walk import without_rewrites
from tests.functions.walk import close

DECLARED = {
    "A": "m n", "B": "n m", "C": "k k", "P": "n n", "Q": "n n orthogonal", "R": "n n",
    "S": "n n symmetric", "T": "n n spd", "L": "n n triangular", "X": "n n", "Y": "n n",
    "a": "", "p": "n positive", "q": "n positive", "u": "n", "v": "n", "x": "n", "y": "n",
    "z": "m", "d": "positive",
}  # fmt: skip

SAME = [
    # inverses
    ("inv(inv(X))", "X"),
    ("inv(X')", "inv(X)'"),
    ("inv(X*Y)", "inv(Y)*inv(X)"),
    ("inv(-2*X)", "-inv(X)/2"),
    ("inv(d*X)", "inv(X)/d"),
    ("inv(X*diag(p)*Y)", "inv(Y)*diag(1 ./ p)*inv(X)"),
    ("inv(diag(p))", "diag(1 ./ p)"),
    ("inv(3*eye(n))*x", "x/3"),
    ("inv(Q)", "Q'"),
    ("inv(kron(X, C))", "kron(inv(X), inv(C))"),
    ("inv(A'*A*X)", "inv(X)*inv(A'*A)"),
    ("inv(X)*X", "eye(n)"),
    ("X*inv(X)", "eye(n)"),
    ("X'*inv(X')", "eye(n)"),
    ("inv(S)*S'", "eye(n)"),
    ("X*(inv(X)*u)", "u"),
    ("inv(X)*(X*u)", "u"),
    ("tr(Y*inv(X)*X)", "tr(Y)"),
    ("(u'*inv(X))*(X*v)", "u'*v"),
    ("inv(A'*A)*(A'*A)", "eye(n)"),
    ("inv(A'*A)*A'*A", "eye(n)"),
    ("A'*A*inv(A'*A)*u", "u"),
    ("inv(A'*diag(z)*A)*A'*diag(z)*A*u", "u"),
    ("inv(S*X)*S*X*u", "u"),
    ("tr(inv(X)*X)", "tr(eye(n))"),
    ("Q'*Q", "eye(n)"),
    ("Q*Q'*u", "u"),
    ("Q'*(Q*u)", "u"),
    ("pinv(pinv(A))", "A"),
    ("pinv(A')", "pinv(A)'"),
    ("pinv(T)", "inv(T)"),
    # determinants
    ("det(X*Y)", "det(X)*det(Y)"),
    ("det(X')", "det(X)"),
    ("det(inv(X))", "1/det(X)"),
    ("det(diag(p))", "prod(p)"),
    ("det(L)", "prod(diag(L))"),
    ("det(eye(n) + u*v')", "1 + v'*u"),
    ("det(expm(X))", "exp(tr(X))"),
    ("logdet(X*Y)", "logdet(X) + logdet(Y)"),
    ("logdet(A'*A*X)", "logdet(A'*A) + logdet(X)"),
    ("logdet(inv(X))", "-logdet(X)"),
    ("logdet(X')", "logdet(X)"),
    ("logdet(diag(p))", "sum(log(p))"),
    ("logdet(eye(n) + u*v')", "log(abs(1 + v'*u))"),
    ("logdet(eye(n) + u*u')", "log(1 + u'*u)"),
    ("logdet(Q)", "0"),
    ("log(det(X))", "logdet(X)"),
    ("log(det(inv(X)))", "-logdet(X)"),
    ("log(det(T*X))", "logdet(T) + logdet(X)"),
    ("log(det(T)^2)", "2*logdet(T)"),
    ("detsign(T)", "1"),
    ("adj(X')", "adj(X)'"),
    ("adj(X*Y)", "adj(Y)*adj(X)"),
    # exponentials and logarithms
    ("log(exp(x))", "x"),
    ("exp(log(p))", "p"),
    ("log(p .* q)", "log(p) + log(q)"),
    ("log(p ./ q)", "log(p) - log(q)"),
    ("log(5*p)", "log(5) + log(p)"),
    ("log(p.^3)", "3*log(p)"),
    ("log(sqrt(p))", "log(p)/2"),
    ("log(x.^2)", "2*log(abs(x))"),
    ("log(exp(x) .* p)", "x + log(p)"),
    ("log(1 + exp(x))", "softplus(x)"),
    ("log(exp(-x) + 1)", "softplus(-x)"),
    ("log(exp(x) + exp(y))", "y + softplus(x - y)"),
    ("log1p(exp(x))", "softplus(x)"),
    ("1 ./ (1 + exp(-x))", "sigmoid(x)"),
    ("exp(x) ./ (1 + exp(x))", "sigmoid(x)"),
    ("exp(x) ./ (exp(x) + 1) .* y", "sigmoid(x) .* y"),
    ("1 ./ (1 + exp(x)).^2", "sigmoid(-x) .* sigmoid(-x)"),
    ("log(sigmoid(x))", "log_sigmoid(x)"),
    ("exp(log_sigmoid(x))", "sigmoid(x)"),
    ("log(sum(exp(x)))", "logsumexp(x)"),
    ("log(sum(exp(x - max(x)))) + max(x)", "logsumexp(x)"),
    ("exp(x)/sum(exp(x))", "softmax(x)"),
    ("y .* exp(x)/sum(exp(x))", "y .* softmax(x)"),
    ("exp(x - max(x))/sum(exp(x - max(x)))", "softmax(x)"),
    ("(y'*exp(x))/sum(exp(x))", "y'*softmax(x)"),
    ("softmax(x + a)", "softmax(x)"),
    ("log(softmax(x))", "log_softmax(x)"),
    ("exp(log_softmax(x))", "softmax(x)"),
    ("exp(x).^2.5", "exp(2.5*x)"),
    ("sqrt(exp(x))", "exp(x/2)"),
    ("prod(exp(x))", "exp(sum(x))"),
    # signs
    ("abs(abs(x))", "abs(x)"),
    ("abs(-x)", "abs(x)"),
    ("abs(p)", "p"),
    ("abs(x .* p)", "abs(x) .* p"),
    ("abs(x).^2", "x.^2"),
    ("abs(x) .* abs(x)", "x .* x"),
    ("sign(x) .* abs(x)", "x"),
    ("sign(x) ./ abs(x)", "1 ./ x"),
    ("sign(x) .* x", "abs(x)"),
    ("sign(p)", "ones(n)"),
    ("sign(-x)", "-sign(x)"),
    ("relu(p)", "p"),
    ("relu(exp(x))", "exp(x)"),
    ("tanh(-x)", "-tanh(x)"),
    ("cos(-x)", "cos(x)"),
    ("maximum(x, x)", "x"),
    ("where(greater(x, y), p, p)", "p"),
    # factorisations
    ("cholesky(T)*cholesky(T)'", "T"),
    ("expm(X)*expm(-X)", "eye(n)"),
    ("inv(expm(X))", "expm(-X)"),
    ("expm(X')", "expm(X)'"),
    ("expm(diag(x))", "diag(exp(x))"),
    ("svdvals(A')", "svdvals(A)"),
    ("svdvals(-3*A)", "3*svdvals(A)"),
    ("nuclear_norm(T)", "tr(T)"),
    ("det(kron(X, C))", "pow(det(C), n)*pow(det(X), k)"),
]
DIFFERENT = [
    ("inv(A*B)", "inv(B*A)"),
    ("det(A*B)", "det(B*A)"),  # equal sizes would make these equal; here they are not
    ("log(x .* y)", "log(x) + log(y)"),
    ("abs(x)", "x"),
    ("relu(x)", "x"),
    ("log(abs(x))", "log(x)"),
    ("inv(X)*X'", "eye(n)"),
    ("X*inv(Y)", "eye(n)"),
    ("Q*Q", "eye(n)"),
    ("Q' .* Q", "eye(n)"),
    ("inv(X) .* X", "eye(n)"),
    ("inv(A'*A)*A'*diag(z)*A", "eye(n)"),
    ("inv(X*Y)*Y*X", "eye(n)"),
    ("sqrt(x.^2)", "x"),
    ("softmax(x + y)", "softmax(x)"),
    ("expm(X + Y)", "expm(X)*expm(Y)"),
    ("logdet(A'*A)", "logdet(A*A')"),
    ("exp(x)/sum(exp(y))", "softmax(x)"),
    ("det(eye(n) + X)", "1 + tr(X)"),
]


def node(text: str) -> Node:
    """The node of a text, with all facts in use."""
    words = set(re.findall(r"[A-Za-z_]\w*", text))
    declared = {name: kind for name, kind in DECLARED.items() if name in words}
    return with_facts(eingrad.parse(text, **declared).node)


def values() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    square = {name: rng.normal(size=(3, 3)) + 3 * np.eye(3) for name in "PRXYST"}
    square["S"] = square["S"] + square["S"].T
    square["T"] = square["T"] @ square["T"].T + np.eye(3)
    return {
        **square,
        "A": rng.normal(size=(4, 3)), "B": rng.normal(size=(3, 4)),
        "C": rng.normal(size=(2, 2)) + 2 * np.eye(2),
        "Q": np.linalg.qr(square["P"])[0],
        "L": np.tril(square["R"]),
        "a": np.array(0.7), "d": np.array(1.3), "z": rng.normal(size=4),
        **{name: rng.uniform(0.5, 2.0, 3) for name in "pq"},
        **{name: rng.normal(size=3) for name in "uvxy"},
    }  # fmt: skip


SIZES = {"m": 4, "n": 3, "k": 2}


def value(of: Node) -> np.ndarray:
    return evaluate(of, values(), SIZES)


@pytest.mark.parametrize(("before", "after"), SAME, ids=[b for b, _ in SAME])
def test_rewriting_gives_the_simpler_form_and_keeps_the_value(before: str, after: str) -> None:
    with without_rewrites():
        wanted = value(node(before))
    rewritten, simple = node(before), node(after)
    close(value(rewritten), wanted, before, rtol=1e-8)
    assert rewritten is simple, f"{before} became {rewritten}, not {simple}"


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=[b for b, _ in DIFFERENT])
def test_what_is_not_an_identity_is_left_alone(one: str, other: str) -> None:
    left, right = node(one), node(other)
    assert left is not right
    with without_rewrites():
        wanted = value(node(one))
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(value(left), wanted, rtol=1e-9, equal_nan=True)


def test_a_matrix_times_its_inverse_leaves_no_size_behind() -> None:
    """The summed index vanishes with both factors; it must not be counted as a free sum."""
    kinds = {type(n).__name__ for n in topological(node("u'*inv(X)*X*v"))}
    assert "Size" not in kinds


def test_an_index_that_is_used_elsewhere_keeps_the_inverse() -> None:
    x = eingrad.matrix("X", "n n")
    w = eingrad.vector("w", "n")
    weighted = eingrad.einsum("ij,jk,j->ik", np.linalg.inv(x), x, w).node
    assert "inv" in repr(weighted)
    assert not np.allclose(evaluate(weighted, {"X": values()["X"], "w": values()["p"]}), np.eye(3))


@pytest.mark.parametrize(
    ("left", "right", "product"),
    [
        ("inv(X)", "X", "eye(6)"),
        ("inv(B'*B)", "B'*B", "eye(6)"),
        ("expm(X)", "expm(-X)", "eye(6)"),
        ("cholesky(B'*B)'", "inv(cholesky(B'*B))'", "eye(6)"),
    ],
)
def test_what_would_cancel_stays_where_the_axes_are_cut_in_conflict(
    left: str, right: str, product: str
) -> None:
    """2·3 against 3·2: there is no delta between them, so both matrices stay."""
    rng = np.random.default_rng(4)
    given = {"X": rng.normal(size=(6, 6)), "B": rng.normal(size=(7, 6))}
    one, other, whole = (eingrad.parse(text, X="6 6", B="7 6") for text in (left, right, product))
    cut = np.tensordot(np.reshape(one, (2, 3, 6)), np.reshape(other, (6, 3, 2)), ([2], [0]))
    wanted = evaluate(whole.node, given).reshape(2, 3, 3, 2)
    np.testing.assert_allclose(evaluate(cut.node, given), wanted, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("m", "n"), [(2, 2), (3, 3), (3, 2)])
def test_a_commutation_matrix_is_no_kronecker_product(m: int, n: int) -> None:
    sizes = {0: as_dim(m), 1: as_dim(n)}
    matrix = build.einsum([], [(0, 1), (1, 0)], 1, sizes)
    dense = evaluate(matrix, {})
    assert (dense.sum(axis=0) == 1).all() and (dense.sum(axis=1) == 1).all()
    for name, function in (("det", np.linalg.det), ("inv", np.linalg.inv)):
        close(evaluate(apply(name, matrix), {}), function(dense), name)


def test_blocks_that_share_an_index_are_no_kronecker_product() -> None:
    a, b = eingrad.matrix("A", "3 3"), eingrad.matrix("B", "3 3")
    rng = np.random.default_rng(5)
    given = {"A": rng.normal(size=(3, 3)), "B": rng.normal(size=(3, 3)) + 2}
    i = np.eye(3)
    whole = np.reshape(eingrad.einsum("ij,jk,jl->ijlk", a, b, i), (9, 9))
    dense = np.einsum("ij,jk,jl->ijlk", given["A"], given["B"], i).reshape(9, 9)
    close(evaluate(np.linalg.det(whole).node, given), np.linalg.det(dense), "det")
    shared = build.einsum([(a.node, ((0,), (1,))), (b.node, ((1,), (2,)))], [(0, 1), (1, 2)])
    wanted = np.linalg.det(evaluate(shared, given))
    close(evaluate(apply("det", shared), given), wanted, "det of shared")
