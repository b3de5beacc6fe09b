"""Functions for custom rules, in eingrad's words and composed of elementary steps in the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import eingrad

Function = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """A function that returns an array.

    Attributes
    ----------
    name:
        What the table calls it, with its sizes.
    expression:
        In eingrad's words.
    arrays:
        Values of its variables, in the order in which the functions take them.
    jax, torch:
        Composed of elementary steps.
    kernel:
        What PyTorch has as one operation with a fused backward pass, as a function of the same
        arrays.
    """

    name: str
    expression: Any
    arrays: Mapping[str, np.ndarray]
    jax: Function
    torch: Function
    kernel: Function
    incoming: np.ndarray = field(repr=False)


def cases(dtype: type[np.floating]) -> list[Case]:
    """All of them, with values of one type."""
    rng = np.random.default_rng(1)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(dtype)

    return [softmax(normal), layer_norm(normal), logsumexp(normal), attention(normal)]


def softmax(normal: Function, n: int = 1024, d: int = 512) -> Case:
    """Of each row."""
    expression = eingrad.softmax(eingrad.matrix("X", "n d"), axis=-1)

    def jax(X: Any) -> Any:
        import jax.numpy as jnp

        e = jnp.exp(X - X.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def torch(X: Any) -> Any:
        e = (X - X.amax(-1, keepdim=True)).exp()
        return e / e.sum(-1, keepdim=True)

    def kernel(X: Any) -> Any:
        return X.softmax(-1)

    arrays = {"X": normal(n, d)}
    return Case(f"softmax, {n}×{d}", expression, arrays, jax, torch, kernel, normal(n, d))


def layer_norm(normal: Function, n: int = 512, d: int = 768) -> Case:
    """Of each row, with gain and bias."""
    X, g, b = eingrad.matrix("X", "n d"), eingrad.vector("g", "d"), eingrad.vector("b", "d")
    centred = X - X.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-5)

    def jax(X: Any, g: Any, b: Any) -> Any:
        import jax.numpy as jnp

        c = X - X.mean(-1, keepdims=True)
        return c / jnp.sqrt((c * c).mean(-1, keepdims=True) + 1e-5) * g + b

    def torch(X: Any, g: Any, b: Any) -> Any:
        c = X - X.mean(-1, keepdim=True)
        return c / ((c * c).mean(-1, keepdim=True) + 1e-5).sqrt() * g + b

    def kernel(X: Any, g: Any, b: Any) -> Any:
        import torch

        return torch.nn.functional.layer_norm(X, (X.shape[-1],), g, b, 1e-5)

    arrays = {"X": normal(n, d), "g": normal(d), "b": normal(d)}
    expression = centred / spread * g + b
    return Case(f"layer norm, {n}×{d}", expression, arrays, jax, torch, kernel, normal(n, d))


def logsumexp(normal: Function, n: int = 1024, d: int = 512) -> Case:
    """Of each row."""
    expression = eingrad.logsumexp(eingrad.matrix("X", "n d"), axis=-1)

    def jax(X: Any) -> Any:
        import jax.numpy as jnp

        top = X.max(-1, keepdims=True)
        return jnp.log(jnp.exp(X - top).sum(-1)) + top[..., 0]

    def torch(X: Any) -> Any:
        top = X.amax(-1, keepdim=True)
        return (X - top).exp().sum(-1).log() + top[..., 0]

    def kernel(X: Any) -> Any:
        return X.logsumexp(-1)

    arrays = {"X": normal(n, d)}
    return Case(f"logsumexp, {n}×{d}", expression, arrays, jax, torch, kernel, normal(n))


def attention(normal: Function, heads: int = 8, n: int = 256, d: int = 64) -> Case:
    """softmax(QKᵀ/√d) V of each head."""
    Q = eingrad.tensor("Q", "h n d")
    K, V = eingrad.tensor("K", "h m d"), eingrad.tensor("V", "h m d")
    weights = eingrad.softmax(eingrad.einsum("hnd,hmd->hnm", Q, K) / 8, axis=-1)
    expression = eingrad.einsum("hnm,hmd->hnd", weights, V)
    assert d == 64, "√d is a number of the expression"

    def jax(Q: Any, K: Any, V: Any) -> Any:
        import jax.numpy as jnp

        S = Q @ K.transpose(0, 2, 1) / 8
        e = jnp.exp(S - S.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True) @ V

    def torch(Q: Any, K: Any, V: Any) -> Any:
        S = Q @ K.transpose(1, 2) / 8
        e = (S - S.amax(-1, keepdim=True)).exp()
        return e / e.sum(-1, keepdim=True) @ V

    def kernel(Q: Any, K: Any, V: Any) -> Any:
        import torch

        return torch.nn.functional.scaled_dot_product_attention(Q, K, V)

    arrays = {k: normal(heads, n, d) for k in "QKV"}
    name = f"attention, {heads} heads, {n} tokens, {d} features"
    return Case(name, expression, arrays, jax, torch, kernel, normal(heads, n, d))
