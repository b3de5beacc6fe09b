"""Matrices and tensors as products of thin factors: a Hessian is one small block, or one a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import eingrad

from ..measure import Row, medians
from ..rivals import Functions
from .case import Case, core_function


def factorisation(n: int = 200, k: int = 5) -> tuple[Case, Row]:
    """‖T − UVᵀ‖² by U, twice; the second row is the generated function of the core alone."""
    rng = np.random.default_rng(1)
    T, U, V = rng.normal(size=(n, n)), rng.normal(size=(n, k)), rng.normal(size=(n, k))
    derivative = eingrad.hessian("norm2(T-U*V')^2", "U")

    def loss(U: Any, T: Any, V: Any) -> Any:
        return ((T - U @ V.T) ** 2).sum()

    def tensorflow_loss(U: Any, T: Any, V: Any) -> Any:
        import tensorflow as tf

        return tf.reduce_sum((T - tf.matmul(U, V, transpose_b=True)) ** 2)

    def by_hand() -> np.ndarray:
        result = np.zeros((n, k, n, k))
        np.einsum("iaib->iab", result)[...] = 2 * (V.T @ V)
        return result

    case = Case(
        f"matrix factorisation, n = {n}, k = {k}",
        derivative,
        {"U": U, "V": V},
        Functions(loss, loss, tensorflow_loss).hessian().calls(U, T, V),
        {"JAX": "≥ 5,000×"},
        {"JAX": "≥ 100×", "hand": "≥ 0.77×"},
        by_hand,
        {"T": T},
    )
    core = core_function(derivative)
    np.testing.assert_allclose(2 * core(V), 2 * V.T @ V)
    alone = medians({"core": lambda: core(V)}, budget=2.0)["core"]
    row = Row(
        "the same, the generated function alone",
        {**case.structured.seconds, "eingrad": alone},
        {"JAX": "≥ 20,000×"},
        case.structured.words,
    )
    return case, row


def masked(n: int = 100, k: int = 5) -> Case:
    """‖M ⊙ (T − UVᵀ)‖² by U, twice: a block for each row."""
    rng = np.random.default_rng(7)
    T, U, V = rng.normal(size=(n, n)), rng.normal(size=(n, k)), rng.normal(size=(n, k))
    M = (rng.random((n, n)) < 0.3).astype(float)

    def loss(U: Any, M: Any, T: Any, V: Any) -> Any:
        return ((M * (T - U @ V.T)) ** 2).sum()

    def tensorflow_loss(U: Any, M: Any, T: Any, V: Any) -> Any:
        import tensorflow as tf

        return tf.reduce_sum((M * (T - tf.matmul(U, V, transpose_b=True))) ** 2)

    return Case(
        f"matrix factorisation with a mask, n = {n}, k = {k}",
        eingrad.hessian("norm2(M.*(T-U*V'))^2", "U"),
        {"M": M, "U": U, "V": V},
        Functions(loss, loss, tensorflow_loss).hessian().calls(U, M, T, V),
    )


def cp_decomposition(n: int = 40, r: int = 8) -> Case:
    """‖T − Σ a ∘ b ∘ c‖² by A, twice."""
    import jax.numpy as jnp
    import tensorflow as tf
    import torch

    rng = np.random.default_rng(8)
    T = rng.normal(size=(n, n, n))
    A, B, C = rng.normal(size=(3, n, r))

    def loss(einsum: Callable[..., Any], total: Callable[[Any], Any]) -> Callable[..., Any]:
        def f(A: Any, T: Any, B: Any, C: Any) -> Any:
            return total((T - einsum("ir,jr,kr->ijk", A, B, C)) ** 2)

        return f

    losses = Functions(
        loss(jnp.einsum, jnp.sum), loss(torch.einsum, torch.sum), loss(tf.einsum, tf.reduce_sum)
    )
    return Case(
        f"CP decomposition, {n}×{n}×{n}, rank {r}",
        eingrad.hessian(
            eingrad.parse('sum((T - einsum("ir,jr,kr->ijk", A, B, C)).^2)', T="m n p"), "A"
        ),
        {"A": A, "B": B, "C": C, "T": T},
        losses.hessian().calls(A, T, B, C),
    )
