"""Back-propagation through time: all gradients of a recurrent network's loss."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np

import eingrad

from ..frameworks.gradients import flattened, results
from ..measure import Call, Row, admit, medians, plain_table, progress, ratio_table, size

BY = ("Wx", "Wh", "b", "X")
HAND, JAX = "NumPy by hand", "jax.jit(jax.grad), lax.scan"
BUDGET = 6.0  # seconds for a row
STEPS = (100, 200, 400)


def tables(steps: int = 200, hidden: int = 256, batch: int = 32) -> list[str]:
    """Times in both libraries, and memory in NumPy by the number of steps."""
    rows = []
    for dtype in (np.float32, np.float64):
        arrays = _arrays(steps, hidden, batch, dtype)
        case = f"T = {steps}, hidden {hidden}, batch {batch}, {np.dtype(dtype)}"
        rows += [_numpy_row(f"NumPy, {case}", arrays), _jax_row(f"JAX, {case}", arrays)]
    peaks = [_peak(_arrays(t, hidden, batch, np.float64)) for t in STEPS]
    shown = [
        [f"T = {t}", size(peak), f"{peak / peaks[0]:.3g}×"]
        for t, peak in zip(STEPS, peaks, strict=True)
    ]
    header = ["NumPy, float64", "peak of what is allocated", f"times that of T = {STEPS[0]}"]
    return [
        ratio_table("Back-propagation through time", rows),
        plain_table("Memory of back-propagation through time (asked for: linear)", header, shown),
    ]


def _arrays(steps: int, hidden: int, batch: int, dtype: type) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    shapes = {
        "Wx": (hidden, hidden),
        "Wh": (hidden, hidden),
        "b": (hidden,),
        "X": (steps, batch, hidden),
        "Y": (steps, batch, hidden),
        "h0": (batch, hidden),
    }
    made = {n: rng.normal(size=s).astype(dtype) for n, s in shapes.items()}
    return made | {n: (made[n] / np.sqrt(hidden)).astype(dtype) for n in ("Wx", "Wh")}


def _gradients(backend: str) -> Any:
    """½ Σ ‖h_t − Y_t‖²/batch of h_t = tanh(x_t Wx + h Wh + b), differentiated by all but h0."""
    X, Y = eingrad.tensor("X", "T b m"), eingrad.tensor("Y", "T b n")
    Wx, Wh = eingrad.matrix("Wx", "m n"), eingrad.matrix("Wh", "n n")
    b, h0 = eingrad.vector("b", "n"), eingrad.matrix("h0", "b n")
    states = eingrad.scan(lambda h, x: np.tanh(x @ Wx + h @ Wh + b), h0, X)
    loss = np.sum((states - Y) ** 2) / (2 * h0.shape[0])
    return eingrad.gradients(loss, list(BY)).function(backend)


def _by_hand(Wx: Any, Wh: Any, b: Any, X: Any, Y: Any, h0: Any) -> Any:
    steps, batch, n = Y.shape
    inside = X @ Wx + b
    states = np.empty((steps + 1, batch, n), X.dtype)
    states[0] = h0
    for t in range(steps):
        states[t + 1] = np.tanh(inside[t] + states[t] @ Wh)
    slopes = (states[1:] - Y) / batch
    local = 1 - states[1:] * states[1:]
    back = np.empty_like(Y)
    carried = np.zeros_like(h0)
    for t in range(steps - 1, -1, -1):
        back[t] = (slopes[t] + carried) * local[t]
        carried = back[t] @ Wh.T
    rows = back.reshape(-1, n)
    dWx = X.reshape(-1, X.shape[2]).T @ rows
    dWh = states[:-1].reshape(-1, n).T @ rows
    return dWx, dWh, rows.sum(axis=0), back @ Wx.T


def _numpy_row(case: str, arrays: dict[str, np.ndarray]) -> Row:
    function = _gradients("numpy")
    calls = {"eingrad": lambda: function(**arrays), HAND: lambda: _by_hand(**arrays)}
    return _compared(case, calls, {HAND: "≥ 0.87×"})


def _jax_row(case: str, arrays: dict[str, np.ndarray]) -> Row:
    import jax
    import jax.numpy as jnp

    def loss(Wx: Any, Wh: Any, b: Any, X: Any, Y: Any, h0: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            new = jnp.tanh(x @ Wx + h @ Wh + b)
            return new, new

        states = jax.lax.scan(step, h0, X)[1]
        return jnp.sum((states - Y) ** 2) / (2 * h0.shape[0])

    placed = {n: jnp.asarray(a) for n, a in arrays.items()}
    ours = _gradients("jax")
    names = list(ours.arguments)
    generated = jax.jit(lambda *given: ours(*given))
    given = [placed[n] for n in names]
    automatic = jax.jit(jax.grad(loss, argnums=tuple(range(len(BY)))))
    calls = {
        "eingrad": lambda: jax.block_until_ready(generated(*given)),
        JAX: lambda: jax.block_until_ready(automatic(*placed.values())),
    }
    return _compared(case, calls, {JAX: "≥ 0.91×"})


def _compared(case: str, calls: dict[str, Call], targets: dict[str, str]) -> Row:
    scales = [np.abs(a).max() for a in results(calls["eingrad"]())]

    def flat(call: Call) -> Call:
        return lambda: flattened(call(), scales)

    checked = {name: flat(call) for name, call in calls.items()}
    tolerance = 2e-4 if "float32" in case else 1e-8
    able, words = admit(case, checked, checked["eingrad"](), tolerance)
    progress(f"{case}: timing")
    return Row(case, medians({n: calls[n] for n in able}, budget=BUDGET), targets, words)


def _peak(arrays: dict[str, np.ndarray]) -> int:
    """Bytes allocated at once by one call, beyond its arguments."""
    function = _gradients("numpy")
    function(**arrays)
    tracemalloc.start()
    try:
        function(**arrays)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
