"""Compares a function on tensors with the same function on arrays, by the reference evaluator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from eingrad.frontends.python import Tensor, tensor
from eingrad.verify.reference import evaluate

SIZES = {"k": 2, "m": 3, "n": 4, "p": 5, "q": 6}


def sample(shape: str, seed: int) -> np.ndarray:
    """Random entries for a shape such as `"m n"` or `"n n spd"`; never symmetric by chance."""
    words = shape.split()
    facts = [w for w in words if w in ("spd", "symmetric", "positive")]
    sizes = [SIZES[w] if w in SIZES else int(w) for w in words if w not in facts]
    array = np.random.default_rng(seed).normal(size=sizes)
    if "positive" in facts:
        return np.abs(array) + 0.3
    if "spd" in facts:
        return array @ array.T + len(array) * np.eye(len(array))
    if "symmetric" in facts:
        return array + array.T
    return array


def assert_agrees(function: Callable[..., Any], *shapes: str) -> None:
    """The function gives, on tensors, what it gives on arrays: values and shapes."""
    values = {f"x{k}": sample(shape, seed=k + 1) for k, shape in enumerate(shapes)}
    tensors = [tensor(f"x{k}", shape) for k, shape in enumerate(shapes)]
    expected = function(*values.values())
    _assert_same(function(*tensors), expected, values)


def _assert_same(found: Any, expected: Any, values: dict[str, np.ndarray]) -> None:
    if isinstance(expected, tuple | list):
        assert type(found) is type(expected) or isinstance(expected, tuple)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            _assert_same(one, other, values)
        return
    if not isinstance(found, Tensor):
        assert np.asarray(found).shape == np.asarray(expected).shape
        assert found == expected
        return
    assert tuple(d.evaluate(SIZES) for d in found.node.shape) == np.shape(expected)
    assert (found.dtype == bool) == (np.asarray(expected).dtype == bool)
    actual = evaluate(found.node, values, SIZES)
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-11)
