"""Linear systems with structured Hessians that nobody could write down.

Others solve them with products alone: MINRES of SciPy, each product being a compiled
Hessian-vector product. Their dense way (the Hessian, then a factorisation) is weighed, not run.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import eingrad

from ..measure import (
    LIMIT_SECONDS,
    Call,
    duration,
    failure,
    medians,
    plain_table,
    progress,
    seconds_of,
    size,
    too_large,
)
from ..rivals import JAX, TENSORFLOW, TENSORFLOW_XLA, TORCH, Functions

COLUMNS = (JAX, TORCH, TENSORFLOW, TENSORFLOW_XLA)
# What is asked of the others' residual, relative in the 2-norm, and of its largest entry.
TOLERANCE = 1e-6
RESIDUAL = 1e-4
RESTARTS = 20


@dataclass(frozen=True)
class System:
    """A Hessian, plus `shift` times the identity, that others know only by its products.

    `arrays` are what the rivals' functions take; `unable` says why there is nothing to run.
    """

    title: str
    derivative: Any
    values: Mapping[str, np.ndarray]
    losses: Functions | None = None
    arrays: tuple[np.ndarray, ...] = ()
    unable: str = ""
    shift: float = 0.0
    asked: str = ""
    limits: tuple[float, float] | None = None

    def operator(self) -> Any:
        """Bound, with its shift."""
        operator = self.derivative.operator(**self.values)
        return operator.shifted(self.shift) if self.shift else operator


def solves() -> str:
    """Seconds and bytes of binding and solving, and what others need for the same."""
    rows = [_row(system) for system in (_factorisation(), _logistic(), _determinant())]
    header = ["bound and solved", "eingrad", "memory", "residual", "how"]
    header += [f"{name}, MINRES" for name in COLUMNS]
    return plain_table(
        "Systems with a structured Hessian",
        [*header, "all of them, dense Hessian and its factors", "asked for"],
        rows,
    )


def _row(system: System) -> list[str]:
    progress(system.title)
    operator = system.operator()
    b = np.random.default_rng(0).normal(size=operator.out_shape)
    residual = _residual(operator, operator.solve(b), b)
    assert residual < 1e-7, (system.title, residual)
    calls, words = _rivals(system, operator, b)
    progress(f"{system.title}: timing")
    ours: dict[str, Call] = {"eingrad": lambda: system.operator().solve(b)}
    seconds = medians({**ours, **calls}, budget=8.0, least=3)
    mine = seconds["eingrad"]
    tracemalloc.start()
    system.operator().solve(b)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    asked = system.asked
    if system.limits is not None and (mine >= system.limits[0] or peak >= system.limits[1]):
        asked += " (missed)"
    cells = [
        words[name] if name in words else f"{duration(seconds[name])} ({seconds[name] / mine:.3g}×)"
        for name in COLUMNS
    ]
    dense = too_large("not run", 2 * 8 * float(b.size) ** 2)
    assert dense is not None, f"{system.title} is small enough to be solved as a dense system"
    return [
        system.title,
        duration(mine),
        size(peak),
        f"{residual:.0e}",
        operator.solver,
        *cells,
        dense,
        asked,
    ]


def _residual(operator: Any, solution: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(operator @ solution - b).max() / np.abs(b).max())


def _rivals(system: System, operator: Any, b: np.ndarray) -> tuple[dict[str, Call], dict[str, str]]:
    """MINRES with the products of each framework: those that can run, and words for the others."""
    if system.losses is None:
        return {}, dict.fromkeys(COLUMNS, system.unable)
    able: dict[str, Call] = {}
    words: dict[str, str] = {}
    for name, product in system.losses.hvp().products(*system.arrays).items():
        progress(f"{system.title}: {name}")

        def solve(product: Any = product) -> np.ndarray:
            return _minres(product, b, system.shift)

        try:
            residual = _residual(operator, solve(), b)
        except Exception as error:
            words[name] = failure(error)
            continue
        assert residual < RESIDUAL, (system.title, name, residual)
        warm = seconds_of(solve)
        if warm > LIMIT_SECONDS:
            words[name] = f"{duration(warm)} for one solve, over {LIMIT_SECONDS:g} s"
        else:
            able[name] = solve
    return able, words


def _minres(product: Any, b: np.ndarray, shift: float) -> np.ndarray:
    from scipy.sparse.linalg import LinearOperator, minres

    def matvec(v: np.ndarray) -> np.ndarray:
        return np.asarray(product(v.reshape(b.shape)).ravel() + shift * v)

    operator = LinearOperator((b.size, b.size), matvec=matvec, dtype=b.dtype)
    right = b.ravel()
    solution, rest = np.zeros_like(right), right
    # It stops early where eigenvalues come in pairs ±λ, whatever is asked; so it starts again.
    for _ in range(RESTARTS):
        solution = solution + minres(operator, rest, rtol=1e-3 * TOLERANCE)[0]
        rest = right - matvec(solution)
        if np.linalg.norm(rest) <= TOLERANCE * np.linalg.norm(right):
            return np.asarray(solution.reshape(b.shape))
    raise AssertionError(f"MINRES did not converge in {RESTARTS} restarts")


def _factorisation(n: int = 100_000, k: int = 20) -> System:
    U, V = np.random.default_rng(11).normal(size=(2, n, k))
    needs = too_large("not run: their loss needs T", 8 * float(n) ** 2)
    assert needs is not None
    return System(
        f"‖T − UVᵀ‖² by U, n = {n:,}, k = {k}: {n * k / 1e6:g} million unknowns",
        eingrad.hessian("norm2(T-U*V')^2", "U"),
        {"U": U, "V": V},
        unable=needs,
        asked="< 1 s, < 200 MB",
        limits=(1.0, 200e6),
    )


def _logistic(m: int = 200, wide: int = 20_000) -> System:
    import jax.numpy as jnp
    import torch

    rng = np.random.default_rng(12)
    X = rng.normal(size=(m, wide))
    y, w = np.sign(rng.normal(size=m)), rng.normal(size=wide) / np.sqrt(wide)

    def tensorflow_loss(w: Any, X: Any, y: Any) -> Any:
        import tensorflow as tf

        return tf.reduce_sum(tf.nn.softplus(-y * tf.linalg.matvec(X, w)))

    return System(
        f"logistic regression, {m} rows, {wide:,} features, + 0.1 I",
        eingrad.hessian("sum(log(exp(-y.*(X*w))+1))", "w"),
        {"X": X, "w": w, "y": y},
        Functions(
            lambda w, X, y: jnp.logaddexp(0.0, -y * (X @ w)).sum(),
            lambda w, X, y: torch.nn.functional.softplus(-y * (X @ w)).sum(),
            tensorflow_loss,
        ),
        (w, X, y),
        shift=0.1,
    )


def _determinant(n: int = 200) -> System:
    import jax.numpy as jnp
    import tensorflow as tf
    import torch

    root = np.random.default_rng(13).normal(size=(n, n))
    K = root @ root.T + n * np.eye(n)
    return System(
        f"log det K by K, {n}×{n}: {n * n:,} unknowns",
        eingrad.hessian("logdet(K)", "K"),
        {"K": K},
        Functions(
            lambda K: jnp.linalg.slogdet(K)[1],
            lambda K: torch.linalg.slogdet(K)[1],
            lambda K: tf.linalg.slogdet(K)[1],
        ),
        (K,),
    )
