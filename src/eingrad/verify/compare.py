"""Comparison of arrays and of factors, and how numbers are written for people."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ..dims import Dim

TOLERANCE = 1e-8


def same_shape(expected: Sequence[Dim], given: Sequence[Dim]) -> bool:
    """Whether two shapes agree but for axes of size 1."""
    return [d for d in expected if not d.is_one] == [d for d in given if not d.is_one]


def close(right: np.ndarray, answer: np.ndarray, tolerance: float = TOLERANCE) -> bool:
    """Whether two arrays agree, relative to their largest entry, but for axes of size 1."""
    if right.shape != answer.shape:
        right, answer = right.squeeze(), answer.squeeze()
        if right.shape != answer.shape:
            return False
    if not np.isfinite(answer).all():
        return False
    scale = max(np.abs(right).max(initial=0.0), np.abs(answer).max(initial=0.0), 1e-12)
    return bool(np.abs(right - answer).max(initial=0.0) <= tolerance * scale)


def ratio_of(right: np.ndarray, answer: np.ndarray) -> float | None:
    """c with answer = c · right, or None."""
    if right.size != answer.size or right.squeeze().shape != answer.squeeze().shape:
        return None
    right, answer = right.ravel(), answer.ravel()
    if not right.any() or not answer.any():
        return None
    ratio = float(right @ answer / (right @ right))
    if right.size == 1:  # any two numbers are proportional; only several points can tell
        return ratio
    return ratio if close(ratio * right, answer) else None


def same_number(ratios: Sequence[float]) -> str | None:
    """The common value as a simple number; None when they differ or it is not a simple one."""
    first = ratios[0]
    if any(abs(r - first) > 1e-7 * abs(first) for r in ratios):
        return None
    simple = Fraction(first).limit_denominator(64)
    within = TOLERANCE if simple == 1 else 1e-7  # "1 times" would be no difference
    if simple and abs(float(simple) - first) <= within * abs(first):
        return str(simple).replace("-", "−")
    text = f"{first:.6g}"
    if float(text).is_integer():  # 1.0000005 is not "1"
        text = f"{first:.10g}"
    return text.replace("-", "−")


def power_text(number: str, name: str, exponent: int | Fraction) -> str:
    """A number times a power of something.

    >>> power_text("2", "n", Fraction(-1, 2))
    '2/√n'
    """
    body = {1: name, -1: f"1/{name}", 2: f"{name}²", -2: f"1/{name}²"}.get(
        int(exponent) if exponent.denominator == 1 else 0,
        f"√{name}" if exponent > 0 else f"1/√{name}",
    )
    if number == "1":
        return body
    if number == "−1":
        return f"−{body}"
    return number + body[1:] if body.startswith("1/") else f"{number}·{body}"


def number_text(value: float) -> str:
    """A number with six digits and a proper minus."""
    return f"{value:.6g}".replace("-", "−")


def array_text(value: np.ndarray) -> str:
    """An array in nested brackets, as it can be typed in Python."""
    if value.ndim == 0:
        return number_text(float(value))
    return "[" + ", ".join(map(array_text, value)) + "]"


def is_its_diagonal(derivative: np.ndarray, answer: np.ndarray, n: int) -> bool:
    """Whether the answer is the diagonal of a derivative that has more than that."""
    d, a = derivative, answer.squeeze()
    shape = d.shape[:n]
    if d.shape[n:] != shape or a.shape != tuple(k for k in shape if k != 1):
        return False
    flat = d.reshape(int(np.prod(shape)), -1)
    return len(flat) > 1 and close(np.diag(flat), a.ravel())


def is_diagonal(derivative: np.ndarray, answer: np.ndarray, n: int) -> bool:
    """Whether the answer is the diagonal of a derivative that has nothing else."""
    d, a = derivative, answer.squeeze()
    shape = d.shape[:n]
    if d.shape[n:] != shape or a.shape != tuple(k for k in shape if k != 1):
        return False
    flat = d.reshape(int(np.prod(shape)), -1)
    return len(flat) > 1 and close(flat, np.diag(a.ravel()))
