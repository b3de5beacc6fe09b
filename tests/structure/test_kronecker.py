"""Second derivatives of layers are the sums of Kronecker products that they are called, and their
factors are what people write by hand."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, UnsupportedError
from eingrad.verify.reference import evaluate

SIZES = {"n": 6, "m": 5, "k": 4, "l": 3}
BATCH = {"X": "n m", "W": "m k", "V": "k l", "T": "n k", "S": "n l", "a": ""}
SAMPLE = {"x": "m", "W": "m k", "V": "k l", "t": "k", "s": "l"}

Values = dict[str, np.ndarray]


def softmax(Z: np.ndarray) -> np.ndarray:
    e = np.exp(Z - Z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def of_softmax(Z: np.ndarray) -> np.ndarray:
    """diag(p) − p pᵀ, for each row."""
    P = softmax(Z)
    return P[:, :, None] * np.eye(P.shape[1]) - P[:, :, None] * P[:, None, :]


def of_logistic(Z: np.ndarray) -> np.ndarray:
    s = 1 / (1 + np.exp(-Z))
    return (s * (1 - s))[:, :, None] * np.eye(Z.shape[1])


def of_relu(Z: np.ndarray, V: np.ndarray) -> np.ndarray:
    mask = (Z > 0).astype(float)
    return mask[:, :, None] * (V @ V.T) * mask[:, None, :]


def of_tanh(Z: np.ndarray, V: np.ndarray, S: np.ndarray) -> np.ndarray:
    """½‖tanh(z)V − s‖² by z twice."""
    A = np.tanh(Z)
    slope = 1 - A * A
    inner = slope[:, :, None] * (V @ V.T) * slope[:, None, :]
    residual = (A @ V - S) @ V.T
    return inner - 2 * (residual * A * slope)[:, :, None] * np.eye(Z.shape[1])


@dataclass(frozen=True)
class Layer:
    """A loss of XW, or of xᵀW for one sample, and its Hessians by the rows of XW."""

    batch: str
    sample: str
    words: str  # of the second factor, for a batch and for one sample
    middle: Callable[[np.ndarray, Values], np.ndarray]

    def __str__(self) -> str:
        return self.batch


LAYERS = [
    Layer(
        "sum(logsumexp(X*W, axis=1)) - sum(T.*(X*W))",
        "logsumexp(W'*x) - t'*W'*x",
        "symmetric k×k",
        lambda Z, v: of_softmax(Z),
    ),
    Layer(
        "sum(softplus(X*W) - T.*(X*W))",
        "sum(softplus(W'*x) - t.*(W'*x))",
        "diagonal k×k",
        lambda Z, v: of_logistic(Z),
    ),
    Layer(
        "norm2(relu(X*W)*V)^2/2",
        "norm2(V'*relu(W'*x))^2/2",
        "symmetric positive semidefinite k×k",
        lambda Z, v: of_relu(Z, v["V"]),
    ),
    Layer(
        "norm2(tanh(X*W)*V - S)^2/2",
        "norm2(V'*tanh(W'*x) - s)^2/2",
        "symmetric k×k",
        lambda Z, v: of_tanh(Z, v["V"], v["S"]),
    ),
]


def hessian(text: str, declared: dict[str, str]) -> Any:
    return eingrad.hessian(
        eingrad.parse(text, **{k: v for k, v in declared.items() if k in text}), "W"
    )


def values(d: Any, sizes: dict[str, int] = SIZES, seed: int = 3) -> Values:
    rng = np.random.default_rng(seed)
    return {
        v.name: rng.normal(size=[k.evaluate(sizes) for k in v.shape]) / 2
        for v in d.variables
        if v.name not in "uv"
    }


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_a_batch_is_a_sum_over_its_samples(layer: Layer) -> None:
    d = hessian(layer.batch, BATCH)
    assert d.structure.sentence.endswith(f"that is, Σ over n of rank 1 m×m ⊗ {layer.words}")
    v = values(d)
    M = layer.middle(v["X"] @ v["W"], v)
    wanted = np.einsum("na,nc,nbd->abcd", v["X"], v["X"], M)
    rebuilt = evaluate(d.structure.kronecker.rebuild(), v, SIZES)
    np.testing.assert_allclose(rebuilt, wanted, atol=1e-12)
    np.testing.assert_allclose(d.operator(**v).dense(), wanted, atol=1e-12)


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_one_sample_is_one_product(layer: Layer) -> None:
    d = hessian(layer.sample, SAMPLE)
    found = d.kronecker()
    assert found.is_exact and str(found) == f"rank 1 m×m ⊗ {layer.words}"
    v = values(d)
    rows = {**v, **{n.upper(): v[n][None, :] for n in "st" if n in v}}
    A, M = (factor.function()(**v) for factor in found.factors)
    np.testing.assert_allclose(A, np.outer(v["x"], v["x"]), rtol=1e-12)
    np.testing.assert_allclose(M, layer.middle((v["x"] @ v["W"])[None, :], rows)[0], atol=1e-13)
    np.testing.assert_allclose(
        found.approximation().operator(**v).dense(), d.operator(**v).dense(), atol=1e-13
    )


@pytest.mark.parametrize(
    ("text", "by", "sentence"),
    [
        (
            "norm2(X*W - T)^2/2",
            "W",
            "symmetric positive semidefinite m×m ⊗ identity k×k",
        ),
        (
            "norm2(relu(X*W)*V - S)^2/2",
            "V",
            "symmetric positive semidefinite k×k ⊗ identity l×l",
        ),
    ],
)
def test_where_the_middle_is_the_same_for_all_samples_nothing_is_summed(
    text: str, by: str, sentence: str
) -> None:
    d = eingrad.hessian(eingrad.parse(text, **{k: v for k, v in BATCH.items() if k in text}), by)
    found = d.kronecker()
    assert str(found) == sentence and found.is_exact
    v = values(d)
    inputs = v["X"] if by == "W" else np.maximum(v["X"] @ v["W"], 0)
    size = v[by].shape[1]
    np.testing.assert_allclose(
        found.approximation().function()(**v),
        np.einsum("na,nc,bd->abcd", inputs, inputs, np.eye(size)),
        atol=1e-12,
    )


def test_samples_in_several_axes() -> None:
    X, W = eingrad.tensor("X", "n t m"), eingrad.tensor("W", "m k")
    d = eingrad.hessian(np.sum(eingrad.logsumexp(X @ W, axis=2)), W)
    assert str(d.kronecker()) == "Σ over n and t of rank 1 m×m ⊗ symmetric k×k"
    sizes = {"n": 3, "t": 2, "m": 5, "k": 4}
    v = values(d, sizes)
    M = of_softmax((v["X"] @ v["W"]).reshape(6, 4))
    X_rows = v["X"].reshape(6, 5)
    wanted = np.einsum("na,nc,nbd->abcd", X_rows, X_rows, M)
    np.testing.assert_allclose(d.operator(**v).dense(), wanted, atol=1e-13)
    rebuilt = evaluate(d.structure.kronecker.rebuild(), v, sizes)
    np.testing.assert_allclose(rebuilt, wanted, atol=1e-13)
    approximate = np.einsum("na,nc,bd->abcd", X_rows, X_rows, M.sum(0)) / 6
    np.testing.assert_allclose(
        d.kronecker().approximation().function()(**v), approximate, atol=1e-13
    )


def test_weight_decay_is_a_term_of_its_own() -> None:
    d = hessian("sum(logsumexp(X*W, axis=1)) + a*norm2(W)^2", BATCH)
    found = d.kronecker()
    assert str(found) == (
        "(identity m×m ⊗ multiple of the identity k×k) + (Σ over n of rank 1 m×m ⊗ symmetric k×k)"
    )
    with pytest.raises(UnsupportedError, match="2 terms"):
        _ = found.factors
    with pytest.raises(UnsupportedError, match="2 terms"):
        found.approximation("λ")
    v = values(d)
    P = softmax(v["X"] @ v["W"])
    middle = np.diag(P.sum(0)) - P.T @ P
    wanted = np.einsum("ac,bd->abcd", v["X"].T @ v["X"] / 6, middle)
    wanted += 2 * v["a"] * np.einsum("ac,bd->abcd", np.eye(5), np.eye(4))
    np.testing.assert_allclose(found.approximation().function()(**v), wanted, atol=1e-12)


def test_axes_that_are_not_apart_are_no_kronecker_product() -> None:
    d = eingrad.hessian(eingrad.parse("sum(exp(W*W*x))", W="m m", x="m"), "W")
    assert d.structure.kronecker is None
    with pytest.raises(UnsupportedError, match="no sum of Kronecker products"):
        d.kronecker()
    with pytest.raises(UnsupportedError, match="no sum of Kronecker products"):
        eingrad.jacobian("A*B", "A").kronecker()


def test_factors_and_approximation_by_hand_and_its_solver() -> None:
    d = hessian("(sum(logsumexp(X*W, axis=1)) - sum(T.*(X*W)))/6", BATCH)
    found = d.kronecker()
    v = values(d)
    A, M = (factor.operator(**v).dense() for factor in found.factors)
    np.testing.assert_allclose(A, v["X"].T @ v["X"] / 6, rtol=1e-12)
    np.testing.assert_allclose(M, of_softmax(v["X"] @ v["W"]).mean(0), atol=1e-13)
    damped = found.approximation(damping=("λ", "μ"))
    assert damped.check().ok
    G = np.random.default_rng(4).normal(size=(5, 4))
    got = damped.operator(**v, λ=0.3, μ=0.2).solve(G)
    inverses = np.linalg.inv(A + 0.3 * np.eye(5)), np.linalg.inv(M + 0.2 * np.eye(4))
    np.testing.assert_allclose(got, inverses[0] @ G @ inverses[1], rtol=1e-9)
    torch = pytest.importorskip("torch")
    there = {n: torch.tensor(a) for n, a in {**v, "λ": np.array(0.3), "μ": np.array(0.2)}.items()}
    solver = damped.operator("torch", **there).solver
    assert solver.startswith("Cholesky of the 5×5 factor")  # XᵀX/n + λI is known to be definite
    with pytest.raises(InputError, match="damping for 3 factors; there are 2"):
        found.approximation(damping=(1, 2, 3))


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_a_large_layer_is_never_written_out(layer: Layer) -> None:
    """10¹² entries; a product makes arrays of the size of the direction, 8 MB."""
    sizes = {"n": 32, "m": 1000, "k": 1000, "l": 7}
    d = hessian(layer.batch, BATCH)
    v = values(d, sizes)
    v["W"] /= 10
    H = d.operator(**v)
    assert H.size == 10**12 and H.nbytes < 1_100_000
    direction = np.random.default_rng(5).normal(size=(1000, 1000))
    H @ direction[:, :]
    tracemalloc.start()
    got = H @ direction
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000
    part = {**v, "X": v["X"][:3]} | ({"S": v["S"][:3]} if "S" in v else {})
    small = d.operator(**{n: a[:3] if n == "T" else a for n, a in part.items()}) @ direction
    M = layer.middle(part["X"] @ v["W"], part)
    wanted = np.einsum("na,nb->ab", part["X"], np.einsum("nbd,nd->nb", M, part["X"] @ direction))
    np.testing.assert_allclose(small, wanted, rtol=1e-7, atol=1e-9 * np.abs(wanted).max())
    assert got.shape == (1000, 1000)
