"""Convolutions and pooling.

By hand and composed for PyTorch they are windows and matrix products; JAX has a primitive operation
for a convolution, which anyone would use.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from eingrad import nn

from .case import Case, Cases, Samples


def cases(make: Samples) -> Cases:
    """All of them."""
    return [_conv1d(make), _conv2d(make), _pool(make, "max"), _pool(make, "average")]


def _conv1d(make: Samples, b: int = 64, c: int = 32, n: int = 256, o: int = 64, k: int = 5) -> Case:
    side = k // 2

    def windows(X: Any) -> Any:
        padded = np.pad(X, ((0, 0), (0, 0), (side, side)))
        return np.lib.stride_tricks.sliding_window_view(padded, k, axis=2)  # b c n k

    def forward(X: Any, W: Any, bias: Any) -> Any:
        columns = windows(X).transpose(0, 2, 1, 3).reshape(b * n, c * k)
        value = (columns @ W.reshape(o, c * k).T + bias).reshape(b, n, o)
        return value.transpose(0, 2, 1), (columns, W)

    def backward(G: Any, columns: Any, W: Any) -> Any:
        rows = G.transpose(0, 2, 1).reshape(b * n, o)
        dW = (rows.T @ columns).reshape(W.shape)
        taps = (rows @ W.reshape(o, c * k)).reshape(b, n, c, k)
        padded = np.zeros((b, n + 2 * side, c), G.dtype)
        for t in range(k):
            padded[:, t : t + n] += taps[:, :, :, t]
        return padded[:, side : side + n].transpose(0, 2, 1), dW, G.sum(axis=(0, 2))

    def composed(xp: Any, X: Any, W: Any, bias: Any) -> Any:
        if xp.__name__ == "jax.numpy":
            import jax

            return jax.lax.conv(X, W, (1,), "SAME") + bias[:, None]
        padded = xp.nn.functional.pad(X, (side, side))
        return xp.einsum("bcnk,ock->bon", padded.unfold(2, k, 1), W) + bias[:, None]

    def kernel(X: Any, W: Any, bias: Any) -> Any:
        import torch

        return torch.nn.functional.conv1d(X, W, bias, padding=side)

    arrays = {"X": make.normal(b, c, n), "W": make.weight(o, c, k), "bias": make.normal(o)}
    layer = nn.convolution1d(k, padding=side)
    name = f"1-D convolution, {b}×{c}×{n}, {o} filters of {k}"
    return Case(name, layer, arrays, forward, backward, composed, kernel)


def _conv2d(make: Samples, b: int = 32, c: int = 16, n: int = 32, o: int = 32, k: int = 3) -> Case:
    side = k // 2

    def forward(X: Any, W: Any, bias: Any) -> Any:
        padded = np.pad(X, ((0, 0), (0, 0), (side, side), (side, side)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(2, 3))
        columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(b * n * n, c * k * k)
        value = (columns @ W.reshape(o, -1).T + bias).reshape(b, n, n, o)
        return value.transpose(0, 3, 1, 2), (columns, W)

    def backward(G: Any, columns: Any, W: Any) -> Any:
        rows = G.transpose(0, 2, 3, 1).reshape(b * n * n, o)
        dW = (rows.T @ columns).reshape(W.shape)
        taps = (rows @ W.reshape(o, -1)).reshape(b, n, n, c, k, k)
        padded = np.zeros((b, n + 2 * side, n + 2 * side, c), G.dtype)
        for p in range(k):
            for q in range(k):
                padded[:, p : p + n, q : q + n] += taps[..., p, q]
        inner = padded[:, side : side + n, side : side + n]
        return inner.transpose(0, 3, 1, 2), dW, G.sum(axis=(0, 2, 3))

    def composed(xp: Any, X: Any, W: Any, bias: Any) -> Any:
        if xp.__name__ == "jax.numpy":
            import jax

            return jax.lax.conv(X, W, (1, 1), "SAME") + bias[:, None, None]
        padded = xp.nn.functional.pad(X, (side, side, side, side))
        windows = padded.unfold(2, k, 1).unfold(3, k, 1)
        return xp.einsum("bchwpq,ocpq->bohw", windows, W) + bias[:, None, None]

    def kernel(X: Any, W: Any, bias: Any) -> Any:
        import torch

        return torch.nn.functional.conv2d(X, W, bias, padding=side)

    arrays = {"X": make.normal(b, c, n, n), "W": make.weight(o, c, k, k), "bias": make.normal(o)}
    layer = nn.convolution2d(k, padding=side)
    name = f"2-D convolution, {b}×{c}×{n}×{n}, {o} filters of {k}×{k}"
    return Case(name, layer, arrays, forward, backward, composed, kernel)


def _pool(make: Samples, kind: str, b: int = 32, c: int = 16, n: int = 32) -> Case:
    half = n // 2

    def cut(X: Any) -> Any:
        return X.reshape(b, c, half, 2, half, 2)

    def forward_max(X: Any) -> Any:
        value = cut(X).max(axis=(3, 5))
        return value, (X, value)

    def backward_max(G: Any, X: Any, value: Any) -> Any:
        chosen = cut(X) == value[:, :, :, None, :, None]
        share = G / chosen.sum(axis=(3, 5))  # equal entries share the gradient
        return ((chosen * share[:, :, :, None, :, None]).reshape(X.shape),)

    def backward_mean(G: Any, X: Any) -> Any:
        result = np.empty_like(X)
        cut(result)[...] = (G / 4)[:, :, :, None, :, None]
        return (result,)

    def composed(xp: Any, X: Any) -> Any:
        windows = cut(X)
        if kind == "max":
            return xp.amax(windows, axis=(3, 5))
        return xp.mean(windows, axis=(3, 5))

    def kernel(X: Any) -> Any:
        import torch

        pool = "max_pool2d" if kind == "max" else "avg_pool2d"
        return getattr(torch.nn.functional, pool)(X, 2)

    forward, backward = (
        (forward_max, backward_max)
        if kind == "max"
        else (lambda X: (cut(X).mean(axis=(3, 5)), (X,)), backward_mean)
    )
    layer = (nn.max_pool if kind == "max" else nn.average_pool)((2, 2), sizes=f"b c {n} {n}")
    name = f"{kind} pooling, {b}×{c}×{n}×{n}"
    return Case(name, layer, {"X": make.normal(b, c, n, n)}, forward, backward, composed, kernel)
