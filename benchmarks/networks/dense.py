"""Dense layers, activations, dropout and embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from eingrad import nn

from .case import Case, Cases, Function, Samples, sigmoid, softmax


def cases(make: Samples) -> Cases:
    """All of them."""
    return [
        _dense(make),
        _dense_columns(make),
        *_activations(make),
        _softmax(make),
        _dropout(make),
        _embedding(make),
    ]


def _dense(make: Samples, b: int = 128, m: int = 512, n: int = 384) -> Case:
    def forward(X: Any, W: Any, b: Any) -> Any:
        return X @ W + b, (X, W)

    def backward(G: Any, X: Any, W: Any) -> Any:
        return G @ W.T, X.T @ G, G.sum(axis=0)

    def kernel(X: Any, W: Any, b: Any) -> Any:
        import torch

        return torch.nn.functional.linear(X, W.T, b)

    arrays = {"X": make.normal(b, m), "W": make.weight(m, n), "b": make.weight(n)}
    return Case(
        f"dense, {b}×{m} by {m}×{n}",
        nn.dense(),
        arrays,
        forward,
        backward,
        lambda xp, X, W, b: X @ W + b,
        kernel,
    )


def _dense_columns(make: Samples, b: int = 128, m: int = 512, n: int = 384) -> Case:
    def forward(A: Any, W: Any, b: Any) -> Any:
        return W.T @ A + b[:, None], (A, W)

    def backward(G: Any, A: Any, W: Any) -> Any:
        return W @ G, A @ G.T, G.sum(axis=1)

    arrays = {"A": make.normal(m, b), "W": make.weight(m, n), "b": make.weight(n)}
    return Case(
        f"dense, columns, {m}×{n} by {m}×{b}",
        nn.dense_columns(),
        arrays,
        forward,
        backward,
        lambda xp, A, W, b: W.T @ A + b[:, None],
    )


def _activations(make: Samples, b: int = 256, n: int = 512) -> list[Case]:
    from scipy.special import erfc

    def kept(function: Function) -> Function:
        def forward(X: Any) -> Any:
            value = function(X)
            return value, (value,)

        return forward

    def logistic(X: Any) -> Any:
        return 1 / (1 + np.exp(-X))

    def silu(X: Any) -> Any:
        s = logistic(X)
        return X * s, (X, s)

    def gelu(X: Any) -> Any:
        inside = 0.5 * erfc(X * X.dtype.type(-(0.5**0.5)))
        return X * inside, (X, inside)

    def gelu_backward(G: Any, X: Any, inside: Any) -> Any:
        density = np.exp(-0.5 * X * X) * X.dtype.type((2 * np.pi) ** -0.5)
        return (G * (inside + X * density),)

    def gelu_composed(xp: Any, X: Any) -> Any:
        from importlib import import_module

        special = import_module("jax.scipy.special") if xp.__name__ == "jax.numpy" else xp
        return 0.5 * X * special.erfc(-X * 0.5**0.5)  # small tails keep their digits

    def elu(X: Any) -> Any:
        value = np.where(X > 0, X, np.expm1(np.minimum(X, 0)))
        return value, (X, value)

    hand: dict[str, tuple[Function, Function, Function]] = {
        "tanh": (kept(np.tanh), lambda G, y: (G * (1 - y * y),), lambda xp, X: xp.tanh(X)),
        "relu": (
            lambda X: (np.maximum(X, 0), (X,)),
            lambda G, X: (G * (X > 0),),
            lambda xp, X: xp.where(X > 0, X, 0.0),
        ),
        "sigmoid": (
            kept(logistic),
            lambda G, y: (G * y * (1 - y),),
            lambda xp, X: sigmoid(xp, X),
        ),
        "silu": (
            silu,
            lambda G, X, s: (G * (s + X * s * (1 - s)),),
            lambda xp, X: X * sigmoid(xp, X),
        ),
        "gelu": (gelu, gelu_backward, gelu_composed),
        "softplus": (
            lambda X: (np.logaddexp(0, X), (X,)),
            lambda G, X: (G / (1 + np.exp(-X)),),
            lambda xp, X: xp.log1p(xp.exp(-xp.abs(X))) + xp.where(X > 0, X, 0.0),
        ),
        "elu": (
            elu,
            lambda G, X, y: (np.where(X > 0, G, G * (y + 1)),),
            lambda xp, X: xp.where(X > 0, X, xp.expm1(xp.where(X > 0, 0.0, X))),
        ),
        "leaky_relu": (
            lambda X: (np.where(X > 0, X, 0.1 * X), (X,)),
            lambda G, X: (np.where(X > 0, G, 0.1 * G),),
            lambda xp, X: xp.where(X > 0, X, 0.1 * X),
        ),
    }

    def kernel(name: str) -> Function:
        def call(X: Any) -> Any:
            import torch

            return getattr(torch.nn.functional, name)(X)

        return call

    made = []
    for name, (forward, backward, composed) in hand.items():
        options = {"slope": 0.1} if name == "leaky_relu" else {}
        layer = nn.activation(name, **options)
        arrays = {"X": make.normal(b, n)}
        theirs = None if options else kernel(name)
        made.append(Case(f"{name}, {b}×{n}", layer, arrays, forward, backward, composed, theirs))
    return made


def _softmax(make: Samples, b: int = 256, n: int = 512) -> Case:
    def forward(X: Any) -> Any:
        value = softmax(np, X)
        return value, (value,)

    def backward(G: Any, y: Any) -> Any:
        return (y * (G - (G * y).sum(axis=-1, keepdims=True)),)

    layer = nn.activation("softmax")
    arrays = {"X": make.normal(b, n)}
    name = f"softmax, {b}×{n}"
    return Case(
        name,
        layer,
        arrays,
        forward,
        backward,
        lambda xp, X: softmax(xp, X),
        lambda X: X.softmax(-1),
    )


def _dropout(make: Samples, b: int = 256, n: int = 512) -> Case:
    arrays = {
        "X": make.normal(b, n),
        "mask": (make.rng.random((b, n)) < 0.8).astype(make.dtype),
        "keep": np.array(0.8, make.dtype),
    }
    return Case(
        f"dropout, {b}×{n}",
        nn.dropout(),
        arrays,
        lambda X, mask, keep: (X * mask / keep, (mask, keep)),
        lambda G, mask, keep: (G * mask / keep,),
        lambda xp, X, mask, keep: X * mask / keep,
    )


def _embedding(make: Samples, words: int = 2000, width: int = 256, places: int = 4096) -> Case:
    def backward(G: Any, index: Any, table: Any) -> Any:
        # Sorted, equal places lie side by side, and one pass adds them up.
        order = np.argsort(index, kind="stable")
        rows, starts = np.unique(index[order], return_index=True)
        result = np.zeros_like(table)
        result[rows] = np.add.reduceat(G[order], starts, axis=0)
        return (result,)

    def kernel(table: Any, index: Any) -> Any:
        import torch

        return torch.nn.functional.embedding(index, table)

    return Case(
        f"embedding, {places} of {words}×{width}",
        nn.embedding(),
        {"table": make.normal(words, width), "index": make.places(words, places)},
        lambda table, index: (table[index], (index, table)),
        backward,
        lambda xp, table, index: table[index],
        kernel,
    )
