"""A part of a Hessian without the Hessian: its diagonal."""

from __future__ import annotations

from typing import Any

import numpy as np

import eingrad

from ..measure import Call, Row, compare
from ..rivals import Functions


def hessian_diagonal(n: int = 1500, m: int = 1400) -> list[Row]:
    """The diagonal of the Hessian of Σ exp(Ax), against both ways in which others get it."""
    import jax.numpy as jnp
    import torch

    rng = np.random.default_rng(10)
    A, x = rng.normal(size=(m, n)) / np.sqrt(n), rng.normal(size=n)
    f = eingrad.hessian_diagonal("sum(exp(A*x))", "x").function()
    ours: dict[str, Call] = {
        "eingrad": lambda: f(A=A, x=x),
        "NumPy by hand": lambda: np.exp(A @ x) @ (A * A),
    }

    def tensorflow_loss(x: Any, A: Any) -> Any:
        import tensorflow as tf

        return tf.reduce_sum(tf.exp(tf.linalg.matvec(A, x)))

    losses = Functions(
        lambda x, A: jnp.exp(A @ x).sum(), lambda x, A: torch.exp(A @ x).sum(), tensorflow_loss
    )
    title = f"diagonal of the Hessian of Σ exp(Ax), n = {n}"
    return [
        compare(
            f"{title}: a Hessian-vector product for each entry, vectorised",
            {**ours, **_by_products(losses.hvp(), n).calls(x, A)},
            {"JAX": "≥ 20×"},
        ),
        compare(
            f"{title}: taken from the whole Hessian",
            {**ours, **_from_whole(losses.hessian()).calls(x, A)},
            {},
        ),
    ]


def _by_products(hvp: Functions, n: int) -> Functions:
    def by_jax(x: Any, A: Any) -> Any:
        import jax

        return jax.vmap(lambda e: hvp.jax(e, x, A) @ e)(jax.numpy.eye(n))

    def by_torch(x: Any, A: Any) -> Any:
        import torch

        return torch.func.vmap(lambda e: hvp.torch(e, x, A) @ e)(torch.eye(n, dtype=x.dtype))

    def by_tensorflow(x: Any, A: Any) -> Any:
        import tensorflow as tf

        def entry(e: Any) -> Any:
            return tf.tensordot(hvp.tensorflow(e, x, A), e, 1)

        return tf.vectorized_map(entry, tf.eye(n, dtype=x.dtype))

    return Functions(by_jax, by_torch, by_tensorflow)


def _from_whole(hessian: Functions) -> Functions:
    def by_tensorflow(x: Any, A: Any) -> Any:
        import tensorflow as tf

        return tf.linalg.diag_part(hessian.tensorflow(x, A))

    return Functions(
        lambda x, A: hessian.jax(x, A).diagonal(),
        lambda x, A: hessian.torch(x, A).diagonal(),
        by_tensorflow,
    )
