"""Losses: numbers for a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from eingrad import nn

from .case import Case, Cases, Samples, softmax


def cases(make: Samples, b: int = 256, n: int = 512) -> Cases:
    """All of them."""
    return [
        _softmax_cross_entropy(make, b, n),
        _labelled(make, b, n),
        _squared(make, b, n),
        _huber(make, b, n),
        _hinge(make, b * n),
        _divergence(make, b, n),
    ]


def _softmax_cross_entropy(make: Samples, b: int, n: int) -> Case:
    def forward(Z: Any, T: Any) -> Any:
        shifted = Z - Z.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        total = e.sum(axis=1, keepdims=True)
        return -np.vdot(T, shifted - np.log(total)) / len(Z), (e, total, T)

    def backward(G: Any, e: Any, total: Any, T: Any) -> Any:
        # The rows of T are probabilities, but only their sums are sure to be right.
        scale = G / len(T)
        return (e * (T.sum(axis=1, keepdims=True) * scale / total) - scale * T,)

    def composed(xp: Any, Z: Any, T: Any) -> Any:
        shifted = Z - xp.amax(Z, axis=1, keepdims=True)
        return -xp.sum(T * (shifted - xp.log(xp.exp(shifted).sum(1)[:, None]))) / Z.shape[0]

    def kernel(Z: Any, T: Any) -> Any:
        import torch

        return torch.nn.functional.cross_entropy(Z, T)

    arrays = {"Z": make.normal(b, n), "T": make.probabilities(b, n)}
    layer = nn.softmax_cross_entropy()
    name = f"softmax cross-entropy, {b}×{n}"
    return Case(name, layer, arrays, forward, backward, composed, kernel)


def _labelled(make: Samples, b: int, n: int) -> Case:
    def forward(Z: Any, label: Any) -> Any:
        shifted = Z - Z.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        total = e.sum(axis=1, keepdims=True)
        rows = np.arange(len(Z))
        return (np.log(total).sum() - shifted[rows, label].sum()) / len(Z), (e, total, label)

    def backward(G: Any, e: Any, total: Any, label: Any) -> Any:
        scale = G / len(e)
        result = e * (scale / total)
        result[np.arange(len(e)), label] -= scale
        return (result,)

    def composed(xp: Any, Z: Any, label: Any) -> Any:
        shifted = Z - xp.amax(Z, axis=1, keepdims=True)
        chosen = shifted[xp.arange(Z.shape[0]), label]
        return xp.sum(xp.log(xp.exp(shifted).sum(1)) - chosen) / Z.shape[0]

    def kernel(Z: Any, label: Any) -> Any:
        import torch

        return torch.nn.functional.cross_entropy(Z, label)

    arrays = {"Z": make.normal(b, n), "label": make.places(n, b)}
    layer = nn.labelled_cross_entropy()
    name = f"cross-entropy of labels, {b}×{n}"
    return Case(name, layer, arrays, forward, backward, composed, kernel)


def _squared(make: Samples, b: int, n: int) -> Case:
    def forward(X: Any, T: Any) -> Any:
        r = X - T
        return np.vdot(r, r) / (2 * len(X)), (r,)

    return Case(
        f"squared error, {b}×{n}",
        nn.squared_error(),
        {"X": make.normal(b, n), "T": make.normal(b, n)},
        forward,
        lambda G, r: (G / len(r) * r,),
        lambda xp, X, T: ((X - T) ** 2).sum() / (2 * X.shape[0]),
    )


def _huber(make: Samples, b: int, n: int) -> Case:
    def forward(X: Any, T: Any) -> Any:
        r = X - T
        size = np.abs(r)
        small = np.minimum(size, 1)
        return np.vdot(small, size - 0.5 * small) / len(X), (r,)

    def composed(xp: Any, X: Any, T: Any) -> Any:
        r = X - T
        size = xp.abs(r)
        return xp.where(size < 1, 0.5 * r * r, size - 0.5).sum() / X.shape[0]

    return Case(
        f"Huber, {b}×{n}",
        nn.huber(),
        {"X": make.normal(b, n), "T": make.normal(b, n)},
        forward,
        lambda G, r: (G / len(r) * np.clip(r, -1, 1),),
        composed,
    )


def _hinge(make: Samples, b: int) -> Case:
    def forward(X: Any, T: Any) -> Any:
        margin = 1 - T * X
        return np.maximum(margin, 0).sum() / len(X), (T, margin)

    return Case(
        f"hinge, {b}",
        nn.hinge(),
        {"X": make.normal(b), "T": make.signs(b)},
        forward,
        lambda G, T, margin: (-G / len(T) * T * (margin > 0),),
        lambda xp, X, T: xp.where(1 - T * X > 0, 1 - T * X, 0.0).sum() / X.shape[0],
    )


def _divergence(make: Samples, b: int, n: int) -> Case:
    return Case(
        f"KL divergence, {b}×{n}",
        nn.kl_divergence(),
        {"P": make.probabilities(b, n), "T": make.probabilities(b, n)},
        lambda P, T: (np.vdot(T, np.log(T) - np.log(P)) / len(P), (P, T)),
        lambda G, P, T: (-G / len(P) * (T / P),),
        lambda xp, P, T: (T * (xp.log(T) - xp.log(P))).sum() / P.shape[0],
    )


__all__ = ["cases", "softmax"]
