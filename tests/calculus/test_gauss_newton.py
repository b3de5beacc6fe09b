"""Gauss-Newton and Fisher matrices: by hand, by autodiff, and one as the other where they agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.errors import NameError_, ShapeError, UnsupportedError

SIZES = {"n": 6, "m": 5, "k": 4, "l": 3}
X, W, V, T = (
    eingrad.tensor(name, shape)
    for name, shape in [("X", "n m"), ("W", "m k"), ("V", "k l"), ("T", "n l")]
)
OUTPUT = np.tanh(X @ W) @ V
Z = eingrad.tensor("Z", "n l")
CROSS_ENTROPY = (np.sum(eingrad.logsumexp(Z, axis=1)) - np.sum(T * Z)) / Z.shape[0]
SQUARES = np.sum((Z - T) ** 2) / 2
SAMPLES = eingrad.logsumexp(OUTPUT, axis=1) - np.sum(T * OUTPUT, axis=1)


def values(seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        v.node.name: rng.normal(size=[SIZES[str(d)] for d in v.node.shape]) for v in (X, W, V, T)
    }


def softmax(A: np.ndarray) -> np.ndarray:
    e = np.exp(A - A.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def jacobian(name: str) -> np.ndarray:
    """∂ tanh(XW)V / ∂W or ∂V, by hand."""
    v = values()
    A = np.tanh(v["X"] @ v["W"])
    if name == "W":
        return np.einsum("na,nb,bl->nlab", v["X"], 1 - A * A, v["V"])
    return np.einsum("nb,lc->nlbc", A, np.eye(3))


def output() -> np.ndarray:
    v = values()
    return np.tanh(v["X"] @ v["W"]) @ v["V"]


def middle(loss: str) -> np.ndarray:
    """The Hessian of the loss by each row of the outputs."""
    if loss == "squares":
        return np.broadcast_to(np.eye(3), (6, 3, 3))
    P = softmax(output())
    return (P[:, :, None] * np.eye(3) - P[:, :, None] * P[:, None, :]) / 6


def at(d: Any) -> np.ndarray:
    v = values()
    return d.operator(**{n: a for n, a in v.items() if n in d.names}).dense()


@pytest.mark.parametrize(("loss", "text"), [(SQUARES, "squares"), (CROSS_ENTROPY, "softmax")])
@pytest.mark.parametrize("by", [(W,), (V,), (W, V)])
def test_it_is_jacobian_hessian_jacobian(loss: Any, text: str, by: tuple[Any, ...]) -> None:
    d = eingrad.gauss_newton(loss, *by, outputs={"Z": OUTPUT})
    left, right = jacobian(by[0].node.name), jacobian(by[-1].node.name)
    wanted = np.einsum("nlab,nlp,npcd->abcd", left, middle(text), right)
    np.testing.assert_allclose(at(d), wanted, atol=1e-13)
    assert d.check().ok


def test_a_penalty_on_the_weights_is_not_linearised() -> None:
    d = eingrad.gauss_newton(SQUARES + np.sum(W**4), W, outputs={"Z": OUTPUT})
    plain = at(eingrad.gauss_newton(SQUARES, W, outputs={"Z": OUTPUT}))
    penalty = np.einsum("ab,ac,bd->abcd", 12 * values()["W"] ** 2, np.eye(5), np.eye(4))
    np.testing.assert_allclose(at(d), plain + penalty, atol=1e-12)
    assert d.check().ok


def test_for_a_linear_model_it_is_the_hessian() -> None:
    sizes = {"A": "n m", "U": "m k", "B": "n k"}
    residual = eingrad.parse("A*U - B", **sizes)
    loss = eingrad.parse("norm2(R)^2/2", R="n k")
    by_rows = eingrad.gauss_newton(loss, "U", outputs={"R": residual})
    exact = eingrad.hessian(eingrad.parse("norm2(A*U - B)^2/2", **sizes), "U")
    assert by_rows.node is exact.node
    found = by_rows.kronecker()
    assert found.is_exact and str(found) == "symmetric positive semidefinite m×m ⊗ identity k×k"


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (W, "Σ over n of rank 1 m×m ⊗ symmetric k×k"),
        (V, "Σ over n of rank 1 k×k ⊗ symmetric l×l"),
    ],
)
def test_fisher_is_gauss_newton_of_the_cross_entropy(by: Any, words: str) -> None:
    """The softmax is a natural parameter: J. Martens (2014), arXiv:1412.1193."""
    fisher = eingrad.fisher(eingrad.log_softmax(OUTPUT), by)
    newton = eingrad.gauss_newton(CROSS_ENTROPY, by, outputs={"Z": OUTPUT})
    np.testing.assert_allclose(at(fisher), at(newton), atol=1e-14)
    assert fisher.check().ok
    assert str(newton.kronecker()) == words
    assert str(fisher.kronecker()) == words


def test_fisher_is_the_mean_over_labels_of_outer_products() -> None:
    P = softmax(output())
    J = jacobian("W")
    slopes = np.einsum("nlp,npab->nlab", np.eye(3)[None] - P[:, None, :], J)
    wanted = np.einsum("nl,nlab,nlcd->abcd", P, slopes, slopes) / 6
    np.testing.assert_allclose(
        at(eingrad.fisher(eingrad.log_softmax(OUTPUT), W)), wanted, atol=1e-14
    )


@pytest.mark.parametrize("by", [(W,), (V,), (W, V)])
def test_empirical_fisher_is_the_mean_of_outer_products(by: tuple[Any, ...]) -> None:
    v = values()
    delta = softmax(output()) - v["T"]
    gradients = [np.einsum("nl,nlab->nab", delta, jacobian(b.node.name)) for b in by]
    wanted = np.einsum("nab,ncd->abcd", gradients[0], gradients[-1]) / 6
    d = eingrad.empirical_fisher(SAMPLES, *by)
    np.testing.assert_allclose(at(d), wanted, atol=1e-13)
    assert d.check().ok
    if by[-1] is W:
        assert str(d.kronecker()) == "Σ over n of rank 1 m×m ⊗ rank 1 k×k"


def test_kfac_is_seen() -> None:
    """E[x xᵀ] ⊗ E[g gᵀ] with the gradients g by the values before the activation."""
    v = values()
    delta = (softmax(output()) - v["T"]) @ v["V"].T * (1 - np.tanh(v["X"] @ v["W"]) ** 2)
    found = eingrad.empirical_fisher(SAMPLES, W).kronecker()
    A, G = (factor.function()(**v) for factor in found.factors)
    np.testing.assert_allclose(A, v["X"].T @ v["X"] / 6, rtol=1e-12)
    np.testing.assert_allclose(G, delta.T @ delta / 6, rtol=1e-12)
    K = found.approximation().operator(**v)
    np.testing.assert_allclose(K.dense(), np.einsum("ac,bd->abcd", A, G), atol=1e-13)


def test_errors_name_what_is_wrong() -> None:
    with pytest.raises(ShapeError, match="scalar loss"):
        eingrad.gauss_newton(Z - T, W, outputs={"Z": OUTPUT})
    with pytest.raises(ShapeError, match="Z has shape n×l"):
        eingrad.gauss_newton(SQUARES, W, outputs={"Z": X @ W})
    with pytest.raises(NameError_, match="Y"):
        eingrad.gauss_newton(SQUARES, W, outputs={"Y": OUTPUT})
    with pytest.raises(ShapeError, match="axis of classes"):
        eingrad.fisher("log(norm2(x))", "x")
    with pytest.raises(UnsupportedError, match="a contracted derivative is an array"):
        eingrad.squared_norms(SAMPLES, W).operator(**values())
