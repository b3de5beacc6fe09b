"""Norms of the gradients of many samples, against PyTorch's gradients sample by sample; the array
of these gradients is never there."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import eingrad

torch = pytest.importorskip("torch")

X, W, V, T, U = (
    eingrad.tensor(name, shape)
    for name, shape in [("X", "n m"), ("W", "m k"), ("V", "k l"), ("T", "n k"), ("U", "n k m")]
)
ONES = eingrad.ones((X.shape[0],))
LOSSES: dict[str, tuple[Any, Any]] = {
    "softmax": (
        eingrad.logsumexp(X @ W, axis=1) - np.sum(T * (X @ W), axis=1),
        lambda x, t, u, W, V: torch.logsumexp(x @ W, 0) - t @ (x @ W),
    ),
    "penalty": (
        np.sum((X @ W - T) ** 2, axis=1) + ONES * np.sum(W**2),
        lambda x, t, u, W, V: ((x @ W - t) ** 2).sum() + (W**2).sum(),
    ),
    "hidden": (
        np.sum((np.tanh(X @ W) @ V) ** 2, axis=1),
        lambda x, t, u, W, V: ((torch.tanh(x @ W) @ V) ** 2).sum(),
    ),
    "columns": (
        eingrad.einsum("nkm,mk->n", U, W),
        lambda x, t, u, W, V: (u * W.T).sum(),
    ),
}


def values(n: int = 6, m: int = 5, k: int = 4, l: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    shapes = {"X": (n, m), "W": (m, k), "V": (k, l), "T": (n, k), "U": (n, k, m)}
    return {name: rng.normal(size=shape) / m**0.5 for name, shape in shapes.items()}


def gradients(loss: Any, v: dict[str, np.ndarray]) -> np.ndarray:
    """∂ℓ_i/∂W for each sample by `torch.func`."""
    each = torch.func.vmap(torch.func.grad(loss, 3), (0, 0, 0, None, None))
    return each(*(torch.tensor(v[name]) for name in "XTUWV")).numpy()


@pytest.mark.parametrize("name", LOSSES)
def test_squared_norms_are_those_of_the_gradients(name: str) -> None:
    losses, same = LOSSES[name]
    v = values()
    wanted = (gradients(same, v) ** 2).sum((1, 2))
    norms = eingrad.squared_norms(losses, W)
    used = {n: a for n, a in v.items() if n in norms.names}
    np.testing.assert_allclose(norms.function()(**used), wanted, rtol=1e-12)
    J = eingrad.jacobian(losses, W).operator(**used)
    np.testing.assert_allclose(J.squared_norms(), wanted, rtol=1e-12)


def test_norms_of_rows_of_any_operator() -> None:
    rng = np.random.default_rng(2)
    A, B = rng.normal(size=(4, 3)), rng.normal(size=(3, 5))
    whole = eingrad.jacobian("A*B", "A").operator(A=A, B=B)
    wanted = (whole.dense() ** 2).sum((2, 3))
    np.testing.assert_allclose(whole.squared_norms(), wanted, rtol=1e-13)
    both = whole + whole * 2
    np.testing.assert_allclose(both.squared_norms(), 9 * wanted, rtol=1e-13)
    turned = eingrad.jacobian("C'", "C").operator(C=rng.normal(size=(4, 3)))
    np.testing.assert_array_equal(turned.squared_norms(), np.ones((3, 4)))
    sum_ = eingrad.jacobian("C*C", "C").operator(C=rng.normal(size=(4, 4)))
    np.testing.assert_allclose(sum_.squared_norms(), (sum_.dense() ** 2).sum((2, 3)), rtol=1e-12)


def test_no_rows_and_no_columns() -> None:
    J = eingrad.jacobian(LOSSES["softmax"][0], W)
    v = values(n=0)
    assert J.operator(X=v["X"], W=v["W"], T=v["T"]).squared_norms().shape == (0,)


@pytest.mark.parametrize("name", ["softmax", "hidden"])
def test_clipped_gradients_are_products(name: str) -> None:
    """As differentially private training sums them: M. Abadi et al. (2016), arXiv:1607.00133."""
    losses, same = LOSSES[name]
    v = values()
    each = gradients(same, v)
    lengths = np.sqrt((each**2).sum((1, 2)))
    bound = float(np.median(lengths))
    wanted = np.einsum("n,nab->ab", np.minimum(1, bound / lengths), each)
    J = eingrad.jacobian(losses, W)
    J = J.operator(**{n: a for n, a in v.items() if n in J.names})
    got = J.rmatvec(np.minimum(1, bound / np.sqrt(J.squared_norms())))
    np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", ["softmax", "penalty", "hidden"])
def test_memory_is_that_of_the_arrays(name: str) -> None:
    """The gradients of 300 samples would take 336 MB."""
    losses, _ = LOSSES[name]
    v = values(300, 400, 350, 7)
    norms = eingrad.squared_norms(losses, W)
    used = {n: a for n, a in v.items() if n in norms.names}
    function = norms.function()
    J = eingrad.jacobian(losses, W)
    first = function(**used), J.operator(**used).squared_norms()
    np.testing.assert_allclose(*first, rtol=1e-9)
    tracemalloc.start()
    function(**used)
    J.operator(**used).squared_norms()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000
