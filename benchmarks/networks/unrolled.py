"""How deriving, generating and running grow with the steps of a network that is written out."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import eingrad

from ..measure import duration, plain_table, seconds_of

STEPS = (250, 500, 1000)


def tables() -> list[str]:
    """Steps written out one after another, none of them a `scan`."""
    rows = [_figures(steps) for steps in STEPS]
    header = ["steps written out (asked for: linear)", "derive", "generate", "one call", "lines"]
    return [plain_table("A recurrent network without a loop", header, rows)]


def _figures(steps: int, hidden: int = 16, inputs: int = 8) -> list[str]:
    start = time.perf_counter()
    X = eingrad.matrix("X", "T m")
    Wx, Wh = eingrad.matrix("Wx", "m n"), eingrad.matrix("Wh", "n n")
    h: Any = eingrad.vector("h0", "n")
    for t in range(steps):
        h = np.tanh(X[t] @ Wx + h @ Wh)
    made = eingrad.gradients(np.sum(h * h) / 2, ["Wx", "Wh"])
    middle = time.perf_counter()
    function = made.function()
    end = time.perf_counter()
    rng = np.random.default_rng(5)
    values = {
        "X": rng.normal(size=(steps, inputs)),
        "Wx": rng.normal(size=(inputs, hidden)) / np.sqrt(inputs),
        "Wh": rng.normal(size=(hidden, hidden)) / np.sqrt(hidden),
        "h0": rng.normal(size=hidden),
    }
    for found, expected in zip(function(**values), _by_hand(**values), strict=True):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * scale)
    call = min(seconds_of(lambda: function(**values)) for _ in range(5))
    lines = len(function.source.splitlines())
    return [
        str(steps),
        duration(middle - start),
        duration(end - middle),
        duration(call),
        str(lines),
    ]


def _by_hand(X: Any, Wx: Any, Wh: Any, h0: Any) -> tuple[np.ndarray, np.ndarray]:
    states = [h0]
    for x in X:
        states.append(np.tanh(x @ Wx + states[-1] @ Wh))
    dWx, dWh, back = np.zeros_like(Wx), np.zeros_like(Wh), states[-1]
    for t in range(len(X) - 1, -1, -1):
        inside = back * (1 - states[t + 1] ** 2)
        dWx += np.outer(X[t], inside)
        dWh += np.outer(states[t], inside)
        back = Wh @ inside
    return dWx, dWh
