"""Inverses, determinants and traces of a matrix: derivatives are Kronecker products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import eingrad

from ..rivals import Functions
from .case import Case


def inverse(n: int = 48) -> Case:
    """∂X⁻¹/∂X."""
    import jax
    import tensorflow as tf
    import torch

    X = np.random.default_rng(2).normal(size=(n, n)) + n * np.eye(n)
    inverses = Functions(jax.numpy.linalg.inv, torch.linalg.inv, tf.linalg.inv)
    return Case(
        f"J of X⁻¹, {n}×{n}",
        eingrad.jacobian("inv(X)", "X"),
        {"X": X},
        inverses.jacobian().calls(X),
        {"JAX": "≥ 100×"},
    )


def trace_forms(n: int = 48) -> list[Case]:
    """tr(XᵀAX) by X, twice, in three spellings."""
    A, X = np.random.default_rng(3).normal(size=(2, n, n))
    spellings = ["tr(X'*A*X)", "sum(X.*(A*X))", 'einsum("ij,ik,kj->", X, A, X)']

    def loss(X: Any, A: Any) -> Any:
        return (X * (A @ X)).sum()

    def tensorflow_loss(X: Any, A: Any) -> Any:
        import tensorflow as tf

        return tf.reduce_sum(X * (A @ X))

    others = Functions(loss, loss, tensorflow_loss).hessian().calls(X, A)
    return [
        Case(
            f"`{text}`, {n}×{n}",
            eingrad.hessian(text, "X"),
            {"A": A, "X": X},
            others,
            {"JAX": "≥ 100×, equal in all spellings"},
        )
        for text in spellings
    ]


def gaussian_process(n: int = 40) -> Case:
    """yᵀK⁻¹y + log det K by K, twice."""
    import jax.numpy as jnp
    import torch

    rng = np.random.default_rng(9)
    root, y = rng.normal(size=(n, n)), rng.normal(size=n)
    K = root @ root.T + n * np.eye(n)

    def loss(linalg: Any) -> Callable[..., Any]:
        def f(K: Any, y: Any) -> Any:
            return y @ linalg.solve(K, y) + linalg.slogdet(K)[1]

        return f

    def tensorflow_loss(K: Any, y: Any) -> Any:
        import tensorflow as tf

        solution = tf.linalg.solve(K, y[:, None])[:, 0]
        return tf.tensordot(y, solution, 1) + tf.linalg.slogdet(K)[1]

    losses = Functions(loss(jnp.linalg), loss(torch.linalg), tensorflow_loss)
    return Case(
        f"Gaussian-process likelihood, n = {n}",
        eingrad.hessian("y'*inv(K)*y + logdet(K)", "K"),
        {"K": K, "y": y},
        losses.hessian().calls(K, y),
    )
