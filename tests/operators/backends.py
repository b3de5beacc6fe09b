"""The array libraries of the tests: how to make their arrays, and how to read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from eingrad.operators import StructuredOperator
from eingrad.operators.frameworks import adapter, operator_class

BACKENDS = ("jax", "torch", "tensorflow")


@contextmanager
def double(backend: str) -> Iterator[None]:
    """JAX has float64 only if it is asked for."""
    library = pytest.importorskip(backend)
    if backend == "jax":
        with library.enable_x64(True):
            yield
    else:
        yield


def maker(backend: str) -> Callable[[Any], Any]:
    """What makes the library's array of NumPy's."""
    library = pytest.importorskip(backend)
    if backend == "torch":
        return lambda a: library.tensor(np.asarray(a))
    return library.numpy.asarray if backend == "jax" else library.constant


def moved(operator: StructuredOperator, backend: str) -> Any:
    """An operator of NumPy arrays with the library's arrays in their places."""
    library = adapter(backend)
    xp = library.like([maker(backend)(np.zeros((), operator.dtype))])
    made = operator_class(backend)
    return made(operator.terms, operator.out_shape, operator.in_shape, xp)


def gradient(backend: str, f: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """The gradient of a scalar function of one array, by the library itself."""
    if backend == "jax":
        import jax

        return np.asarray(jax.grad(f)(jax.numpy.asarray(x)))
    if backend == "torch":
        import torch

        leaf = torch.tensor(x, requires_grad=True)
        return torch.autograd.grad(f(leaf), leaf)[0].numpy()
    import tensorflow as tf

    leaf = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(leaf)
        value = f(leaf)
    return tape.gradient(value, leaf).numpy()
