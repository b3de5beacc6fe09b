"""One layer in the words of everyone who computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from eingrad import nn

Function = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """A layer with its rivals.

    Attributes
    ----------
    name:
        What the table calls it, with its sizes.
    layer:
        eingrad's.
    arrays:
        Values of all its arguments.
    forward, backward:
        By hand in NumPy, as a careful engineer writes them: `forward(arrays) -> value, kept` and
        `backward(G, *kept) -> gradients`, in the order of the layer's inputs and parameters.
    composed:
        `(xp, arrays) -> value` of elementary operations that `jax.numpy` and `torch` both have.
    kernel:
        What PyTorch has with a backward pass of its own, eager; None where it has nothing.
    """

    name: str
    layer: nn.Layer
    arrays: Mapping[str, np.ndarray]
    forward: Function
    backward: Function
    composed: Function
    kernel: Function | None = None

    @property
    def wrt(self) -> list[str]:
        """What gradients are for."""
        return [*self.layer.inputs, *self.layer.params]

    @cached_property
    def incoming(self) -> np.ndarray:
        """A gradient of the value."""
        value = np.asarray(self.layer.forward(*self.given()))
        rng = np.random.default_rng(3)
        return np.asarray(rng.normal(size=value.shape), value.dtype)

    def given(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """The arrays as a layer takes them: inputs and constants, then parameters."""
        params = {n: self.arrays[n] for n in self.layer.params}
        return {n: a for n, a in self.arrays.items() if n not in params}, params


class Samples:
    """Arrays of one type, the same in every run."""

    def __init__(self, dtype: type[np.floating]) -> None:
        self.dtype = dtype
        self.rng = np.random.default_rng(0)

    def normal(self, *shape: int) -> np.ndarray:
        """Independent normal numbers."""
        return self.rng.normal(size=shape).astype(self.dtype)

    def weight(self, *shape: int) -> np.ndarray:
        """A matrix that keeps the size of what it meets; a vector near zero."""
        return (self.rng.normal(size=shape) / np.sqrt(shape[-1])).astype(self.dtype)

    def probabilities(self, *shape: int) -> np.ndarray:
        """Positive rows with sum 1."""
        x = self.rng.uniform(0.2, 1.0, shape)
        return (x / x.sum(axis=-1, keepdims=True)).astype(self.dtype)

    def signs(self, *shape: int) -> np.ndarray:
        """Labels ±1."""
        return self.rng.choice([-1.0, 1.0], shape).astype(self.dtype)

    def places(self, count: int, *shape: int) -> np.ndarray:
        """Whole numbers below a count."""
        return self.rng.integers(0, count, shape)


def softmax(xp: Any, x: Any) -> Any:
    """Of the last axis, of elementary steps."""
    e = xp.exp(x - xp.amax(x, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


def sigmoid(xp: Any, x: Any) -> Any:
    """1/(1 + exp(−x))."""
    return 1 / (1 + xp.exp(-x))


Cases = Sequence[Case]
