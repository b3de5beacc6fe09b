"""Losses: a number for a batch, the mean over its samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import InputError
from ..frontends.python import Tensor, function, one_hot
from .layer import Layer


def squared_error(shape: str = "*b *n") -> Layer:
    """½ Σ (X − T)², averaged over the first axis.

    Examples
    --------
    >>> print(squared_error().partials["X"].formula())
    G(X − T)/b
    """

    def definition(X: Tensor, T: Tensor) -> Tensor:
        return np.sum((X - T) ** 2) / (2 * X.shape[0])

    return Layer("squared_error", definition, inputs={"X": shape}, constants={"T": shape})


def huber(shape: str = "*b *n", delta: float = 1.0) -> Layer:
    """½ r² where |r| ≤ δ, else δ(|r| − ½ δ); averaged over the first axis.

    P. Huber (1964), doi:10.1214/aoms/1177703732.

    Examples
    --------
    >>> layer = huber()
    >>> layer.forward({"X": [[0.5], [-3]], "T": [[0], [0]]})
    np.float64(1.3125)
    >>> layer.backward(1)["X"].tolist()
    [[0.25], [-0.5]]
    """

    if delta <= 0:
        raise InputError(f"huber: δ is positive, not {delta}")

    def definition(X: Tensor, T: Tensor) -> Tensor:
        return np.sum(function("huber")(X - T, delta=delta)) / X.shape[0]

    return Layer("huber", definition, inputs={"X": shape}, constants={"T": shape})


def hinge(shape: str = "*b") -> Layer:
    """max(0, 1 − t x) for labels t = ±1, averaged over the first axis; its slope where t x = 1 is
    that of the relu.

    Examples
    --------
    >>> print(hinge().partials["X"].formula())
    −(GT ⊙ step(1 − T ⊙ X))/b
    """

    def definition(X: Tensor, T: Tensor) -> Tensor:
        return np.sum(function("relu")(1 - T * X)) / X.shape[0]

    return Layer("hinge", definition, inputs={"X": shape}, constants={"T": shape})


def logistic(shape: str = "*b") -> Layer:
    """log(1 + exp(−t x)) for labels t = ±1, averaged over the first axis.

    Examples
    --------
    >>> print(logistic().partials["X"].formula())
    −(GT ⊙ σ(−T ⊙ X))/b
    """

    def definition(X: Tensor, T: Tensor) -> Tensor:
        return np.sum(function("softplus")(-T * X)) / X.shape[0]

    return Layer("logistic", definition, inputs={"X": shape}, constants={"T": shape})


def cross_entropy(shape: str = "*b *n") -> Layer:
    """−Σ T ⊙ log P for probabilities P, averaged over the first axis.

    Examples
    --------
    >>> print(cross_entropy().partials["P"].formula())
    −(GT ⊘ P)/b
    """

    def definition(P: Tensor, T: Tensor) -> Tensor:
        return -np.sum(T * np.log(P)) / P.shape[0]

    return Layer("cross_entropy", definition, inputs={"P": shape}, constants={"T": shape})


def softmax_cross_entropy(batch: str = "*b", classes: str = "?n") -> Layer:
    """−Σ T ⊙ log softmax(Z) by rows, from logits and averaged over the rows; fused, so that
    nothing overflows.

    The rows of T are probabilities (a row of an identity for a label). There may be several batch
    axes (`"b t"`: a row for each place of each sequence), or none.

    Examples
    --------
    >>> print(softmax_cross_entropy().partials["Z"].formula())
    G(diag(T𝟏) softmax(Z) − T)/b
    """

    def definition(Z: Tensor, T: Tensor) -> Tensor:
        return -np.sum(T * function("log_softmax")(Z)) / _rows(Z)

    shape = f"{batch} {classes}"
    return Layer("softmax_cross_entropy", definition, inputs={"Z": shape}, constants={"T": shape})


def labelled_cross_entropy(batch: str = "*b", classes: str = "?n") -> Layer:
    """log Σ exp(Z) − Z[label] by rows, averaged: labels are whole numbers from 0; several batch
    axes or none as for `softmax_cross_entropy`.

    Examples
    --------
    >>> print(labelled_cross_entropy().partials["Z"].formula())
    G(softmax(Z) − one_hot(label, size=n))/b
    """

    def definition(Z: Tensor, label: Tensor) -> Tensor:
        chosen = one_hot(label, Z.shape[-1]) * Z
        return (np.sum(function("logsumexp")(Z, axis=-1)) - np.sum(chosen)) / _rows(Z)

    return Layer(
        "labelled_cross_entropy",
        definition,
        inputs={"Z": f"{batch} {classes}"},
        constants={"label": f"{batch} integer"},
    )


def _rows(Z: Tensor) -> Any:
    """How many rows there are along all axes but the last."""
    return math.prod(Z.shape[:-1])


def kl_divergence(shape: str = "*b *n") -> Layer:
    """Σ T ⊙ (log T − log P) for positive probabilities, averaged over the first axis.

    Examples
    --------
    >>> print(kl_divergence().partials["P"].formula())
    −(GT ⊘ P)/b
    """

    def definition(P: Tensor, T: Tensor) -> Tensor:
        return np.sum(T * (np.log(T) - np.log(P))) / P.shape[0]

    return Layer("kl_divergence", definition, inputs={"P": shape}, constants={"T": shape})
