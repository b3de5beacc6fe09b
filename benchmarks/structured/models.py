"""Models that are trained: a deep network, softmax regression, and the loss that both end in."""

from __future__ import annotations

from typing import Any

import numpy as np

import eingrad

from ..rivals import Functions
from .case import Case


def relu_network(n: int = 60, depth: int = 10) -> Case:
    """ReLU layers with softmax cross-entropy, by the first weight, twice."""
    rng = np.random.default_rng(4)
    W = rng.normal(size=(depth, n, n)) * np.sqrt(2 / n)
    x, t = rng.normal(size=n), np.eye(n)[3]
    h: Any = eingrad.vector("x", str(n))
    for k in range(depth):
        h = eingrad.matrix(f"W{k}", f"{n} {n}") @ h
        h = h if k == depth - 1 else eingrad.relu(h)
    derivative = eingrad.hessian(
        eingrad.logsumexp(h) - (eingrad.vector("t", str(n)) * h).sum(), "W0"
    )

    def by_hand() -> np.ndarray:
        J, h = np.eye(n), W[0] @ x
        for k in range(1, depth):
            J, h = (W[k] * (h > 0)) @ J, W[k] @ np.maximum(h, 0)
        p = np.exp(h - h.max())
        p /= p.sum()
        Jp = J.T @ p
        M: np.ndarray = (J.T * p) @ J - np.outer(Jp, Jp)
        return M[:, None, :, None] * np.outer(x, x)[None, :, None, :]

    return Case(
        f"ReLU network, {depth} layers, n = {n}, by its first weight",
        derivative,
        {**{f"W{k}": W[k] for k in range(depth)}, "x": x, "t": t},
        _relu_losses(depth).hessian().calls(W[0], W[1:], x, t),
        {"JAX": "≥ 100×"},
        {"hand": "≥ 0.77×"},
        by_hand,
    )


def _relu_losses(depth: int) -> Functions:
    def jax_loss(first: Any, rest: Any, x: Any, t: Any) -> Any:
        import jax

        h = first @ x
        for k in range(depth - 1):
            h = rest[k] @ jax.numpy.maximum(h, 0)
        return jax.nn.logsumexp(h) - t @ h

    def torch_loss(first: Any, rest: Any, x: Any, t: Any) -> Any:
        import torch

        h = first @ x
        for k in range(depth - 1):
            h = rest[k] @ torch.relu(h)
        return torch.logsumexp(h, 0) - t @ h

    def tensorflow_loss(first: Any, rest: Any, x: Any, t: Any) -> Any:
        import tensorflow as tf

        h = tf.linalg.matvec(first, x)
        for k in range(depth - 1):
            h = tf.linalg.matvec(rest[k], tf.nn.relu(h))
        return tf.reduce_logsumexp(h) - tf.tensordot(t, h, 1)

    return Functions(jax_loss, torch_loss, tensorflow_loss)


def softmax_regression(m: int = 300, d: int = 20, c: int = 10) -> Case:
    """Σ logsumexp(XW) − Σ Y ⊙ XW by W, twice."""
    rng = np.random.default_rng(5)
    X, W = rng.normal(size=(m, d)), rng.normal(size=(d, c))
    Y = np.eye(c)[rng.integers(0, c, m)]

    def jax_loss(W: Any, X: Any, Y: Any) -> Any:
        import jax

        Z = X @ W
        return jax.nn.logsumexp(Z, axis=1).sum() - (Y * Z).sum()

    def torch_loss(W: Any, X: Any, Y: Any) -> Any:
        import torch

        Z = X @ W
        return torch.logsumexp(Z, 1).sum() - (Y * Z).sum()

    def tensorflow_loss(W: Any, X: Any, Y: Any) -> Any:
        import tensorflow as tf

        Z = X @ W
        return tf.reduce_sum(tf.reduce_logsumexp(Z, 1)) - tf.reduce_sum(Y * Z)

    return Case(
        f"softmax regression, {m}×{d} by {d}×{c}",
        eingrad.hessian("sum(logsumexp(X*W, axis=1)) - sum(Y.*(X*W))", "W"),
        {"X": X, "W": W, "Y": Y},
        Functions(jax_loss, torch_loss, tensorflow_loss).hessian().calls(W, X, Y),
    )


def logsumexp(n: int = 1500) -> Case:
    """logsumexp by x, twice."""
    import jax
    import tensorflow as tf
    import torch

    x = np.random.default_rng(6).normal(size=n)
    losses = Functions(jax.nn.logsumexp, lambda x: torch.logsumexp(x, 0), tf.reduce_logsumexp)
    return Case(
        f"logsumexp, n = {n}",
        eingrad.hessian("logsumexp(x)", "x"),
        {"x": x},
        losses.hessian().calls(x),
    )
