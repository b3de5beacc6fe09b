"""Attention in one head, and in several with a causal mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from eingrad import nn

from .case import Case, Cases, Samples, softmax


def cases(make: Samples) -> Cases:
    """Both."""
    return [_attention(make), _heads(make)]


def _attention(make: Samples, b: int = 32, t: int = 128, d: int = 64) -> Case:
    root = d**0.5

    def forward(Q: Any, K: Any, V: Any) -> Any:
        weights = softmax(np, Q @ K.transpose(0, 2, 1) / root)
        return weights @ V, (Q, K, V, weights)

    def backward(G: Any, Q: Any, K: Any, V: Any, weights: Any) -> Any:
        slope = G @ V.transpose(0, 2, 1)
        scores = weights * (slope - (slope * weights).sum(axis=-1, keepdims=True))
        scores /= root
        return scores @ K, scores.transpose(0, 2, 1) @ Q, weights.transpose(0, 2, 1) @ G

    def composed(xp: Any, Q: Any, K: Any, V: Any) -> Any:
        return softmax(xp, Q @ xp.swapaxes(K, 1, 2) / root) @ V

    def kernel(Q: Any, K: Any, V: Any) -> Any:
        import torch

        return torch.nn.functional.scaled_dot_product_attention(Q, K, V)

    arrays = {k: make.normal(b, t, d) for k in "QKV"}
    name = f"attention, {b}×{t}×{d}"
    return Case(name, nn.attention(), arrays, forward, backward, composed, kernel)


def _heads(make: Samples, b: int = 16, t: int = 64, width: int = 256, heads: int = 4) -> Case:
    inner = width // heads
    root = inner**0.5

    def into(X: Any, W: Any) -> Any:  # one product for all heads
        columns = W.transpose(1, 0, 2).reshape(width, heads * inner)
        return (X @ columns).reshape(b, t, heads, inner).transpose(0, 2, 1, 3)

    def forward(X: Any, queries: Any, keys: Any, values: Any, projection: Any, mask: Any) -> Any:
        Q, K, V = (into(X, W) for W in (queries, keys, values))
        scores = np.where(mask > 0, Q @ K.transpose(0, 1, 3, 2) / root, X.dtype.type(-1e30))
        weights = softmax(np, scores)
        attended = (weights @ V).transpose(0, 2, 1, 3).reshape(b * t, heads * inner)
        value = (attended @ projection.reshape(heads * inner, width)).reshape(b, t, width)
        return value, (X, queries, keys, values, projection, Q, K, V, weights, attended)

    def backward(
        G: Any,
        X: Any,
        queries: Any,
        keys: Any,
        values: Any,
        projection: Any,
        Q: Any,
        K: Any,
        V: Any,
        weights: Any,
        attended: Any,
    ) -> Any:
        rows = G.reshape(b * t, width)
        out = projection.reshape(heads * inner, width)
        slope = (rows @ out.T).reshape(b, t, heads, inner).transpose(0, 2, 1, 3)
        by_weights = slope @ V.transpose(0, 1, 3, 2)
        # Where the mask hides, the weights are zero, and so is this.
        scores = weights * (by_weights - (by_weights * weights).sum(axis=-1, keepdims=True))
        scores /= root
        x = X.reshape(b * t, width)
        dX = np.zeros_like(x)
        found = []
        for W, by in (
            (queries, scores @ K),
            (keys, scores.transpose(0, 1, 3, 2) @ Q),
            (values, weights.transpose(0, 1, 3, 2) @ slope),
        ):
            by = by.transpose(0, 2, 1, 3).reshape(b * t, heads * inner)
            dX += by @ W.transpose(0, 2, 1).reshape(heads * inner, width)
            found.append((x.T @ by).reshape(width, heads, inner).transpose(1, 0, 2))
        return dX.reshape(X.shape), *found, (attended.T @ rows).reshape(projection.shape)

    def composed(
        xp: Any, X: Any, queries: Any, keys: Any, values: Any, projection: Any, mask: Any
    ) -> Any:
        Q, K, V = (xp.einsum("btd,hde->bhte", X, W) for W in (queries, keys, values))
        scores = Q @ xp.swapaxes(K, 2, 3) / root
        weights = softmax(xp, xp.where(mask > 0, scores, -1e30))
        return xp.einsum("bhte,hed->btd", weights @ V, projection)

    def kernel(X: Any, queries: Any, keys: Any, values: Any, projection: Any, mask: Any) -> Any:
        import torch

        Q, K, V = (torch.einsum("btd,hde->bhte", X, W) for W in (queries, keys, values))
        attend = torch.nn.functional.scaled_dot_product_attention
        return torch.einsum("bhte,hed->btd", attend(Q, K, V, is_causal=True), projection)

    arrays = {
        "X": make.normal(b, t, width),
        **{n: make.weight(heads, width, inner) for n in ("queries", "keys", "values")},
        "projection": make.weight(heads, inner, width),
        "mask": np.tri(t, dtype=make.dtype),
    }
    layer = nn.multi_head_attention(heads, width=width, mask=True)
    name = f"multi-head attention, causal, {b}×{t}×{width}, {heads} heads"
    return Case(name, layer, arrays, forward, backward, composed, kernel)
