"""Linear systems with structured Hessians that nobody could write down."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np

import eingrad

from .measure import duration, medians, plain_table


def solves() -> str:
    """Systems that nobody could write down: seconds and bytes of binding and solving."""
    rows = []
    for title, derivative, values, shift, asked in _systems():

        def bound(derivative: Any = derivative, values: Any = values, shift: float = shift) -> Any:
            operator = derivative.operator(**values)
            return operator.shifted(shift) if shift else operator

        operator = bound()
        b = np.random.default_rng(0).normal(size=operator.out_shape)
        residual = np.abs(operator @ operator.solve(b) - b).max() / np.abs(b).max()
        assert residual < 1e-7, (title, residual)
        seconds = medians({"solve": lambda f=bound, b=b: f().solve(b)}, budget=8.0)["solve"]
        tracemalloc.start()
        bound().solve(b)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        if "2 million" in title:
            assert seconds < 1 and peak < 200e6, (seconds, peak)
        rows.append(
            [
                title,
                duration(seconds),
                f"{peak / 1e6:.3g} MB",
                f"{residual:.0e}",
                operator.solver,
                asked,
            ]
        )
    header = ["bound and solved", "time", "memory", "residual", "how", "asked for"]
    return plain_table("Systems with a structured Hessian", header, rows)


def _systems() -> list[tuple[str, Any, dict[str, np.ndarray], float, str]]:
    rng = np.random.default_rng(11)
    n, k = 100_000, 20
    U, V = rng.normal(size=(2, n, k))
    m, wide = 200, 20_000
    X = rng.normal(size=(m, wide))
    y, w = np.sign(rng.normal(size=m)), rng.normal(size=wide) / np.sqrt(wide)
    K = rng.normal(size=(200, 200))
    K = K @ K.T + 200 * np.eye(200)
    return [
        (
            f"‖T − UVᵀ‖² by U, n = {n:,}, k = {k}: 2 million unknowns",
            eingrad.hessian("norm2(T-U*V')^2", "U"),
            {"U": U, "V": V},
            0.0,
            "< 1 s, < 200 MB",
        ),
        (
            f"logistic regression, {m} rows, {wide:,} features, + 0.1 I",
            eingrad.hessian("sum(log(exp(-y.*(X*w))+1))", "w"),
            {"X": X, "w": w, "y": y},
            0.1,
            "",
        ),
        (
            "log det K by K, 200×200: 40,000 unknowns",
            eingrad.hessian("logdet(K)", "K"),
            {"K": K},
            0.0,
            "",
        ),
    ]
