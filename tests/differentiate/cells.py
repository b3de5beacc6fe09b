"""Recurrent cells written once for eingrad and for JAX, with losses and values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import eingrad as eg

INPUTS, HIDDEN, BATCH = 3, 4, 2


@dataclass(frozen=True)
class Library:
    """What a cell needs of a library."""

    tanh: Callable[[Any], Any]
    sigmoid: Callable[[Any], Any]
    sum: Callable[[Any], Any]
    scan: Callable[..., Any]


EINGRAD = Library(np.tanh, eg.function("sigmoid"), np.sum, eg.scan)


def jax_library() -> Library:
    """The same in JAX: `lax.scan` with the states stacked."""
    import jax

    jax.config.update("jax_enable_x64", True)

    def scan(body: Any, init: Any, xs: Any) -> Any:
        def step(state: Any, x: Any) -> Any:
            new = body(state, x)
            return new, new

        return jax.lax.scan(step, init, xs)[1]

    return Library(jax.numpy.tanh, jax.nn.sigmoid, jax.numpy.sum, scan)


def rnn(lib: Library, p: dict[str, Any]) -> Any:
    """A vanilla recurrent network, columns as in courses: no batch."""
    return lib.scan(lambda h, x: lib.tanh(p["W"] @ h + p["U"] @ x + p["b"]), p["h0"], p["X"])


def gru(lib: Library, p: dict[str, Any]) -> Any:
    """A gated recurrent unit, rows for samples."""

    def cell(h: Any, x: Any) -> Any:
        r = lib.sigmoid(x @ p["Ur"] + h @ p["Wr"])
        z = lib.sigmoid(x @ p["Uz"] + h @ p["Wz"])
        c = lib.tanh(x @ p["Uc"] + r * (h @ p["Wc"]) + p["b"])
        return z * h + (1 - z) * c

    return lib.scan(cell, p["h0"], p["X"])


def lstm(lib: Library, p: dict[str, Any]) -> Any:
    """Long short-term memory with two carries; its output is h + 0·c, c is used in the loss."""

    def cell(state: Any, x: Any) -> Any:
        h, c = state
        f, i, o = (lib.sigmoid(x @ p[f"U{g}"] + h @ p[f"W{g}"]) for g in "fio")
        c = f * c + i * lib.tanh(x @ p["Ug"] + h @ p["Wg"])
        return o * lib.tanh(c), c

    h, c = lib.scan(cell, (p["h0"], p["c0"]), p["X"])
    return h * c


CELLS: dict[str, Callable[[Library, dict[str, Any]], Any]] = {"rnn": rnn, "gru": gru, "lstm": lstm}


def shapes(cell: str, steps: int | str) -> dict[str, tuple[Any, ...]]:
    """The shapes of all variables of a cell."""
    if cell == "rnn":
        return {
            "W": (HIDDEN, HIDDEN),
            "U": (HIDDEN, INPUTS),
            "b": (HIDDEN,),
            "h0": (HIDDEN,),
            "X": (steps, INPUTS),
        }
    gates = "rzc" if cell == "gru" else "fiog"
    found: dict[str, tuple[Any, ...]] = {}
    for g in gates:
        found |= {f"W{g}": (HIDDEN, HIDDEN), f"U{g}": (INPUTS, HIDDEN)}
    found |= {"h0": (BATCH, HIDDEN), "X": (steps, BATCH, INPUTS)}
    return found | ({"b": (HIDDEN,)} if cell == "gru" else {"c0": (BATCH, HIDDEN)})


def tensors(cell: str, steps: int | str = "T") -> dict[str, eg.Tensor]:
    """The variables of a cell."""
    return {name: eg.tensor(name, shape) for name, shape in shapes(cell, steps).items()}


def arrays(cell: str, steps: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Values for them."""
    rng = np.random.default_rng(seed)
    return {name: 0.6 * rng.normal(size=shape) for name, shape in shapes(cell, steps).items()}


def loss(kind: str, lib: Library, states: Any) -> Any:
    """Of the last state, or of all of them."""
    seen = states[-1] if kind == "many-to-one" else states
    return lib.sum(seen**3 + seen)
