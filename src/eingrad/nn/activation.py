"""Elementwise layers, and softmax."""

from __future__ import annotations

from typing import Any

from ..errors import UnsupportedError
from ..frontends.python import Tensor, function
from ..ir.record import REGISTRY, SPELLINGS
from .layer import Layer


def activation(name: str, shape: str = "*b *n", **options: Any) -> Layer:
    """A function of the registry applied to each entry (softmax: to each row).

    Parameters
    ----------
    name:
        `"tanh"`, `"relu"`, `"sigmoid"`, `"gelu"`, `"silu"`, `"softplus"`, `"elu"`,
        `"leaky_relu"`, `"softmax"`, …
    shape:
        In a network that of what it is given, unless it is told.
    **options:
        Parameters of the function, as `slope=0.1`.

    Raises
    ------
    UnsupportedError
        There is no such function of one argument.

    Examples
    --------
    >>> print(activation("tanh").partials["X"].formula())
    G ⊙ (1 − tanh(X) ⊙ tanh(X))
    """
    record = REGISTRY.get(SPELLINGS.get(name, name))
    if record is None or len(record.domain) != 1:
        raise UnsupportedError(f"there is no activation called {name!r}")
    apply = function(record.name)

    def definition(X: Tensor) -> Tensor:
        return apply(X, **options)

    return Layer(record.name, definition, inputs={"X": shape})
