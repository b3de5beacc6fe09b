"""JAX: every operation is traced, so operators pass through `jit`, `vmap` and `grad`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_solve
from jax.scipy.sparse.linalg import cg

from .namespace import Namespace, Shape


class JaxNamespace(Namespace):
    """Arrays and tracers alike; constants take no device, JAX places them where they are used."""

    name = "jax"
    promotes = True

    @classmethod
    def owns(cls, value: Any) -> bool:
        return isinstance(value, jax.Array)

    @classmethod
    def like(cls, arrays: Sequence[Any]) -> JaxNamespace:
        if not arrays:
            return cls(jnp.zeros(()).dtype)
        return cls(jnp.result_type(*(a.dtype for a in arrays)))

    @classmethod
    def shape_of(cls, array: Any) -> Shape:
        return tuple(array.shape)

    @classmethod
    def kind_of(cls, array: Any) -> np.dtype:
        if jnp.issubdtype(array.dtype, jnp.floating):
            return np.dtype(f"f{max(array.dtype.itemsize, 2)}")
        return np.dtype(array.dtype)

    def cast(self, array: Any) -> Any:
        return array.astype(self.dtype)

    def constant(self, array: np.ndarray, keep: bool = False) -> Any:
        return jnp.asarray(array, None if keep else self.dtype)

    def reshape(self, a: Any, shape: Shape) -> Any:
        return jnp.reshape(a, shape)

    def transpose(self, a: Any, order: Sequence[int]) -> Any:
        return jnp.transpose(a, tuple(order))

    def broadcast_to(self, a: Any, shape: Shape) -> Any:
        return jnp.broadcast_to(a, shape)

    def matmul(self, a: Any, b: Any) -> Any:
        return jnp.matmul(a, b)

    def sum(self, a: Any, axis: Any = None) -> Any:
        return jnp.sum(a, axis=axis)

    def prod(self, a: Any) -> Any:
        return jnp.prod(a)

    def sign(self, a: Any) -> Any:
        return jnp.sign(a)

    def log_abs(self, a: Any) -> Any:
        return jnp.log(jnp.abs(a))

    def full(self, shape: Shape, value: float) -> Any:
        return jnp.full(shape, value, self.dtype)

    def where(self, mask: Any, a: Any, b: Any) -> Any:
        return jnp.where(mask, a, b)

    def equal_places(self, n: int) -> Any:
        return jnp.eye(n, dtype=bool)

    def diagonal(self, a: Any, first: int, second: int) -> Any:
        return jnp.diagonal(a, axis1=first, axis2=second)

    def take(self, a: Any, places: np.ndarray, axis: int) -> Any:
        return jnp.take(a, places, axis=axis)

    def cumsum(self, a: Any, axis: int, reverse: bool) -> Any:
        return jax.lax.cumsum(a, axis=axis, reverse=reverse)

    def concatenate(self, parts: Sequence[Any], axis: int) -> Any:
        return jnp.concatenate(parts, axis=axis)

    def segment_sum(self, a: Any, places: np.ndarray, length: int) -> Any:
        return jnp.zeros((length, *a.shape[1:]), a.dtype).at[places].add(a)

    def solve(self, a: Any, b: Any) -> Any:
        return jnp.linalg.solve(a, b)

    def cholesky(self, a: Any) -> Any:
        return jnp.linalg.cholesky(a)

    def cholesky_solve(self, factor: Any, b: Any) -> Any:
        return cho_solve((factor, True), b)

    def slogdet(self, a: Any) -> tuple[Any, Any]:
        sign, value = jnp.linalg.slogdet(a)
        return sign, value

    def conjugate_gradients(
        self, apply: Callable[[Any], Any], b: Any, scale: Any, rtol: float, steps: int
    ) -> Any:
        """By `jax.scipy`, whose derivative is a solve again, not the iteration's."""

        def one(right: Any) -> Any:
            return cg(
                lambda v: apply(v[None])[0],
                right,
                tol=rtol,
                maxiter=steps,
                M=lambda v: scale * v,
            )[0]

        return jax.vmap(one)(b)
