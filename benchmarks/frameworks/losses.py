"""Five losses, in eingrad's words and in those of each framework, composed of elementary steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import eingrad

Function = Callable[..., Any]


@dataclass(frozen=True)
class Loss:
    """A scalar function.

    Attributes
    ----------
    name:
        What the table calls it, with its sizes.
    expression:
        In eingrad's words.
    by:
        What it is differentiated by.
    arrays:
        Values of all variables, those of `by` first; the functions take them in this order.
    jax, torch, tensorflow:
        The same in the words of each framework.
    """

    name: str
    expression: Any
    by: Sequence[str]
    arrays: Mapping[str, np.ndarray]
    jax: Function
    torch: Function
    tensorflow: Function

    def __post_init__(self) -> None:
        assert list(self.arrays)[: len(self.by)] == list(self.by)


def losses(dtype: type[np.floating]) -> list[Loss]:
    """All of them, with values of one type."""
    rng = np.random.default_rng(0)

    def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
        return (scale * rng.normal(size=shape)).astype(dtype)

    return [dense(normal), layer_norm(normal), attention(normal), logistic(normal), gauss(normal)]


def dense(normal: Function, n: int = 512, d: int = 512, c: int = 256) -> Loss:
    """A dense layer and the cross-entropy of its softmax."""
    X, W = eingrad.matrix("X", "n d"), eingrad.matrix("W", "d c")
    b, Y = eingrad.vector("b", "c"), eingrad.matrix("Y", "n c")
    expression = -(Y * eingrad.log_softmax(X @ W + b, axis=-1)).sum() / X.shape[0]

    def jax(W: Any, b: Any, X: Any, Y: Any) -> Any:
        import jax

        return -(Y * jax.nn.log_softmax(X @ W + b)).sum() / X.shape[0]

    def torch(W: Any, b: Any, X: Any, Y: Any) -> Any:
        import torch

        return -(Y * torch.log_softmax(X @ W + b, -1)).sum() / X.shape[0]

    def tensorflow(W: Any, b: Any, X: Any, Y: Any) -> Any:
        import tensorflow as tf

        return -tf.reduce_sum(Y * tf.nn.log_softmax(X @ W + b)) / X.shape[0]

    x = normal(n, d)
    classes = np.eye(c, dtype=x.dtype)[np.arange(n) * 7 % c]
    arrays = {"W": normal(d, c, scale=d**-0.5), "b": normal(c), "X": x, "Y": classes}
    name = f"dense + softmax cross-entropy, {n}×{d} by {d}×{c}"
    return Loss(name, expression, ["W", "b"], arrays, jax, torch, tensorflow)


def layer_norm(normal: Function, n: int = 512, d: int = 768) -> Loss:
    """½‖layer norm − T‖²."""
    X, T = eingrad.matrix("X", "n d"), eingrad.matrix("T", "n d")
    g, b = eingrad.vector("g", "d"), eingrad.vector("b", "d")
    centred = X - X.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-5)
    expression = ((centred / spread * g + b - T) ** 2).sum() / 2

    def jax(X: Any, g: Any, b: Any, T: Any) -> Any:
        import jax.numpy as jnp

        c = X - X.mean(-1, keepdims=True)
        y = c / jnp.sqrt((c * c).mean(-1, keepdims=True) + 1e-5) * g + b
        return ((y - T) ** 2).sum() / 2

    def torch(X: Any, g: Any, b: Any, T: Any) -> Any:
        import torch

        c = X - X.mean(-1, keepdim=True)
        y = c / torch.sqrt((c * c).mean(-1, keepdim=True) + 1e-5) * g + b
        return ((y - T) ** 2).sum() / 2

    def tensorflow(X: Any, g: Any, b: Any, T: Any) -> Any:
        import tensorflow as tf

        c = X - tf.reduce_mean(X, -1, keepdims=True)
        y = c / tf.sqrt(tf.reduce_mean(c * c, -1, keepdims=True) + 1e-5) * g + b
        return tf.reduce_sum((y - T) ** 2) / 2

    arrays = {"X": normal(n, d), "g": normal(d), "b": normal(d), "T": normal(n, d)}
    name = f"layer norm, {n}×{d}"
    return Loss(name, expression, ["X", "g", "b"], arrays, jax, torch, tensorflow)


def attention(normal: Function, heads: int = 8, n: int = 256, d: int = 64) -> Loss:
    """½‖softmax(QKᵀ/√d) V − T‖² of each head."""
    Q, T = eingrad.tensor("Q", "h n d"), eingrad.tensor("T", "h n d")
    K, V = eingrad.tensor("K", "h m d"), eingrad.tensor("V", "h m d")
    weights = eingrad.softmax(eingrad.einsum("hnd,hmd->hnm", Q, K) / 8, axis=-1)
    expression = ((eingrad.einsum("hnm,hmd->hnd", weights, V) - T) ** 2).sum() / 2
    assert d == 64, "√d is a number of the expression"

    def jax(Q: Any, K: Any, V: Any, T: Any) -> Any:
        import jax

        return ((jax.nn.softmax(Q @ K.transpose(0, 2, 1) / 8) @ V - T) ** 2).sum() / 2

    def torch(Q: Any, K: Any, V: Any, T: Any) -> Any:
        import torch

        return ((torch.softmax(Q @ K.transpose(1, 2) / 8, -1) @ V - T) ** 2).sum() / 2

    def tensorflow(Q: Any, K: Any, V: Any, T: Any) -> Any:
        import tensorflow as tf

        weights = tf.nn.softmax(tf.matmul(Q, K, transpose_b=True) / 8)
        return tf.reduce_sum((weights @ V - T) ** 2) / 2

    arrays = {k: normal(heads, n, d) for k in "QKVT"}
    name = f"attention, {heads} heads, {n} tokens, {d} features"
    return Loss(name, expression, ["Q", "K", "V"], arrays, jax, torch, tensorflow)


def logistic(normal: Function, n: int = 2048, d: int = 512) -> Loss:
    """The mean of log(1 + exp(−y Xw))."""
    X, w, y = eingrad.matrix("X", "n d"), eingrad.vector("w", "d"), eingrad.vector("y", "n")
    expression = eingrad.softplus(-y * (X @ w)).sum() / X.shape[0]

    def jax(w: Any, X: Any, y: Any) -> Any:
        import jax

        return jax.nn.softplus(-y * (X @ w)).sum() / X.shape[0]

    def torch(w: Any, X: Any, y: Any) -> Any:
        import torch

        return torch.nn.functional.softplus(-y * (X @ w)).sum() / X.shape[0]

    def tensorflow(w: Any, X: Any, y: Any) -> Any:
        import tensorflow as tf

        return tf.reduce_sum(tf.nn.softplus(-y * tf.linalg.matvec(X, w))) / X.shape[0]

    arrays = {"w": normal(d, scale=d**-0.5), "X": normal(n, d), "y": np.sign(normal(n))}
    name = f"logistic loss, {n} rows, {d} features"
    return Loss(name, expression, ["w"], arrays, jax, torch, tensorflow)


def gauss(normal: Function, n: int = 400, d: int = 4) -> Loss:
    """½(yᵀK⁻¹y + log det K) of the kernel K = exp(−‖xᵢ − xⱼ‖²/2l²) + s²I."""
    X, y = eingrad.matrix("X", "n d"), eingrad.vector("y", "n")
    length, noise = eingrad.scalar("l"), eingrad.scalar("s")
    distances = eingrad.pairwise_squared_distances(X, X)
    kernel = np.exp(-distances / (2 * length**2)) + noise**2 * eingrad.eye(X.shape[0])
    expression = (y @ np.linalg.solve(kernel, y) + eingrad.logdet(kernel)) / 2

    def jax(l: Any, s: Any, X: Any, y: Any) -> Any:
        import jax.numpy as jnp

        D = ((X[:, None] - X) ** 2).sum(-1)
        K = jnp.exp(-D / (2 * l**2)) + s**2 * jnp.eye(len(X), dtype=X.dtype)
        return (y @ jnp.linalg.solve(K, y) + jnp.linalg.slogdet(K)[1]) / 2

    def torch(l: Any, s: Any, X: Any, y: Any) -> Any:
        import torch

        D = ((X[:, None] - X) ** 2).sum(-1)
        K = torch.exp(-D / (2 * l**2)) + s**2 * torch.eye(len(X), dtype=X.dtype, device=X.device)
        return (y @ torch.linalg.solve(K, y) + torch.linalg.slogdet(K)[1]) / 2

    def tensorflow(l: Any, s: Any, X: Any, y: Any) -> Any:
        import tensorflow as tf

        D = tf.reduce_sum((X[:, None] - X) ** 2, -1)
        K = tf.exp(-D / (2 * l**2)) + s**2 * tf.eye(X.shape[0], dtype=X.dtype)
        solved = tf.linalg.solve(K, y[:, None])[:, 0]
        return (tf.tensordot(y, solved, 1) + tf.linalg.slogdet(K)[1]) / 2

    x = normal(n, d)
    one = x.dtype.type
    arrays = {"l": np.array(one(1.5)), "s": np.array(one(0.5)), "X": x, "y": normal(n)}
    name = f"Gaussian-process likelihood, {n} points"
    return Loss(name, expression, ["l", "s"], arrays, jax, torch, tensorflow)
