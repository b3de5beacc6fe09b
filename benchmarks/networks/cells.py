"""One step of a recurrent network."""

from __future__ import annotations

from typing import Any

import numpy as np

from eingrad import nn

from .case import Case, Cases, Samples, sigmoid


def cases(make: Samples, b: int = 64, m: int = 256, n: int = 256) -> Cases:
    """All of them."""
    return [_rnn(make, b, m, n), _gru(make, b, m, n), _lstm(make, b, m, n)]


def _rnn(make: Samples, b: int, m: int, n: int) -> Case:
    def forward(X: Any, H: Any, Wx: Any, Wh: Any, b: Any) -> Any:
        value = np.tanh(X @ Wx + H @ Wh + b)
        return value, (X, H, Wx, Wh, value)

    def backward(G: Any, X: Any, H: Any, Wx: Any, Wh: Any, value: Any) -> Any:
        s = G * (1 - value * value)
        return s @ Wx.T, s @ Wh.T, X.T @ s, H.T @ s, s.sum(axis=0)

    def kernel(X: Any, H: Any, Wx: Any, Wh: Any, b: Any) -> Any:
        import torch

        return torch.rnn_tanh_cell(X, H, Wx.T, Wh.T, b)

    arrays = {
        "X": make.normal(b, m),
        "H": make.normal(b, n),
        "Wx": make.weight(m, n),
        "Wh": make.weight(n, n),
        "b": make.weight(n),
    }
    return Case(
        f"RNN cell, batch {b}, {m} and {n}",
        nn.rnn_cell(),
        arrays,
        forward,
        backward,
        lambda xp, X, H, Wx, Wh, b: xp.tanh(X @ Wx + H @ Wh + b),
        kernel,
    )


def _gru(make: Samples, b: int, m: int, n: int) -> Case:
    def forward(X: Any, H: Any, **p: Any) -> Any:
        r = sigmoid(np, X @ p["Wr"] + H @ p["Ur"] + p["br"])
        z = sigmoid(np, X @ p["Wz"] + H @ p["Uz"] + p["bz"])
        inner = H @ p["Uc"] + p["dc"]
        c = np.tanh(X @ p["Wc"] + p["bc"] + r * inner)
        return z * H + (1 - z) * c, (X, H, p, r, z, inner, c)

    def backward(G: Any, X: Any, H: Any, p: Any, r: Any, z: Any, inner: Any, c: Any) -> Any:
        sc = G * (1 - z) * (1 - c * c)
        sz = G * (H - c) * z * (1 - z)
        si = sc * r
        sr = sc * inner * r * (1 - r)
        dX = sr @ p["Wr"].T + sz @ p["Wz"].T + sc @ p["Wc"].T
        dH = sr @ p["Ur"].T + sz @ p["Uz"].T + si @ p["Uc"].T + G * z
        return (
            *(dX, dH, X.T @ sr, X.T @ sz, X.T @ sc, H.T @ sr, H.T @ sz, H.T @ si),
            *(s.sum(axis=0) for s in (sr, sz, sc, si)),
        )

    def composed(xp: Any, X: Any, H: Any, **p: Any) -> Any:
        r = sigmoid(xp, X @ p["Wr"] + H @ p["Ur"] + p["br"])
        z = sigmoid(xp, X @ p["Wz"] + H @ p["Uz"] + p["bz"])
        c = xp.tanh(X @ p["Wc"] + p["bc"] + r * (H @ p["Uc"] + p["dc"]))
        return z * H + (1 - z) * c

    arrays = {
        "X": make.normal(b, m),
        "H": make.normal(b, n),
        **{f"W{g}": make.weight(m, n) for g in "rzc"},
        **{f"U{g}": make.weight(n, n) for g in "rzc"},
        **{f"b{g}": make.weight(n) for g in "rzc"},
        "dc": make.weight(n),
    }
    name = f"GRU, batch {b}, {m} and {n}"
    return Case(name, nn.gru_cell(), arrays, forward, backward, composed)


def _lstm(make: Samples, b: int, m: int, n: int) -> Case:
    gates = "ifog"

    def forward(X: Any, H: Any, C: Any, **p: Any) -> Any:
        inside = {k: X @ p[f"W{k}"] + H @ p[f"U{k}"] + p[f"b{k}"] for k in gates}
        i, f, o = (sigmoid(np, inside[k]) for k in "ifo")
        g = np.tanh(inside["g"])
        cell = f * C + i * g
        outer = np.tanh(cell)
        return np.stack([o * outer, cell]), (X, H, C, p, i, f, o, g, outer)

    def backward(
        G: Any, X: Any, H: Any, C: Any, p: Any, i: Any, f: Any, o: Any, g: Any, outer: Any
    ) -> Any:
        by_cell = G[1] + G[0] * o * (1 - outer * outer)
        s = {
            "i": by_cell * g * i * (1 - i),
            "f": by_cell * C * f * (1 - f),
            "o": G[0] * outer * o * (1 - o),
            "g": by_cell * i * (1 - g * g),
        }
        dX = sum(s[k] @ p[f"W{k}"].T for k in gates)
        dH = sum(s[k] @ p[f"U{k}"].T for k in gates)
        return (
            *(dX, dH, by_cell * f),
            *(X.T @ s[k] for k in gates),
            *(H.T @ s[k] for k in gates),
            *(s[k].sum(axis=0) for k in gates),
        )

    def composed(xp: Any, X: Any, H: Any, C: Any, **p: Any) -> Any:
        inside = {k: X @ p[f"W{k}"] + H @ p[f"U{k}"] + p[f"b{k}"] for k in gates}
        i, f, o = (sigmoid(xp, inside[k]) for k in "ifo")
        cell = f * C + i * xp.tanh(inside["g"])
        return xp.stack([o * xp.tanh(cell), cell])

    arrays = {
        "X": make.normal(b, m),
        "H": make.normal(b, n),
        "C": make.normal(b, n),
        **{f"W{g}": make.weight(m, n) for g in gates},
        **{f"U{g}": make.weight(n, n) for g in gates},
        **{f"b{g}": make.weight(n) for g in gates},
    }
    name = f"LSTM, batch {b}, {m} and {n}"
    return Case(name, nn.lstm_cell(), arrays, forward, backward, composed)
