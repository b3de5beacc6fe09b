"""Conjugate gradients for libraries that have none, one step; the library runs the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .namespace import Namespace

State = tuple[Any, Any, Any, Any]  # solution, residual, direction, r·z, for each right side


def start(b: Any, scale: Any, xp: Namespace) -> State:
    """The state with the solution 0."""
    z = b * scale
    return b * 0.0, b, z, xp.sum(b * z, axis=(1,))


def unfinished(state: State, goal: Any, xp: Namespace) -> Any:
    """For each right side, whether its residual is above the goal (squared)."""
    r = state[1]
    return xp.sum(r * r, axis=(1,)) > goal


def step(apply: Callable[[Any], Any], state: State, scale: Any, goal: Any, xp: Namespace) -> State:
    """One step of those right sides that are not finished; nothing is divided by zero, also in
    the derivative."""
    x, r, p, rho = state
    active = unfinished(state, goal, xp)
    q = apply(p)
    one = xp.ones(())
    none = xp.zeros(())
    alpha = xp.where(active, rho, none) / xp.where(active, xp.sum(p * q, axis=(1,)), one)
    x = x + alpha[:, None] * p
    r = r - alpha[:, None] * q
    z = r * scale
    new = xp.sum(r * z, axis=(1,))
    beta = xp.where(active, new, none) / xp.where(active, rho, one)
    return x, r, z + beta[:, None] * p, xp.where(active, new, rho)
