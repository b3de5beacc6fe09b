"""Normalisation over the batch, over features, and by the root mean square."""

from __future__ import annotations

import numpy as np

from ..frontends.python import Tensor
from .layer import Layer

EPSILON = 1e-5


def batch_norm(batch: str = "?b", features: str = "?n", epsilon: float = EPSILON) -> Layer:
    """(X − mean)/√(variance + ε) ⊙ scale + shift, statistics of each column (training).

    X (batch, features), scale and shift (features,). S. Ioffe and C. Szegedy (2015),
    arXiv:1502.03167.

    Examples
    --------
    >>> layer = batch_norm(epsilon=0.0)
    >>> layer.forward([[1, 5], [3, 1]], {"scale": [1, 2], "shift": [0, 1]})
    array([[-1.,  3.],
           [ 1., -1.]])
    """

    def definition(X: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        centred = X - np.mean(X, axis=0)
        return centred / np.sqrt(np.mean(centred**2, axis=0) + epsilon) * scale + shift

    return Layer(
        "batch_norm",
        definition,
        inputs={"X": f"{batch} {features}"},
        params={"scale": features, "shift": features},
    )


def layer_norm(batch: str = "*b", features: str = "?n", epsilon: float = EPSILON) -> Layer:
    """(X − mean)/√(variance + ε) ⊙ scale + shift, statistics of each row.

    X (batch, features), scale and shift (features,). J. Ba, J. Kiros and G. Hinton (2016),
    arXiv:1607.06450.

    Examples
    --------
    >>> layer = layer_norm(epsilon=0.0)
    >>> layer.forward([[1, 5], [3, 1]], {"scale": [1, 2], "shift": [0, 1]})
    array([[-1.,  3.],
           [ 1., -1.]])
    """

    def definition(X: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        centred = X - np.mean(X, axis=-1, keepdims=True)
        variance = np.mean(centred**2, axis=-1, keepdims=True)
        return centred / np.sqrt(variance + epsilon) * scale + shift

    return Layer(
        "layer_norm",
        definition,
        inputs={"X": f"{batch} {features}"},
        params={"scale": features, "shift": features},
    )


def rms_norm(batch: str = "*b", features: str = "?n", epsilon: float = EPSILON) -> Layer:
    """X/√(mean of squares + ε) ⊙ scale, by rows.

    X (batch, features), scale (features,). B. Zhang and R. Sennrich (2019), arXiv:1910.07467.

    Examples
    --------
    >>> print(rms_norm().partials["scale"].formula())
    (G ⊙ X)ᵀ(1 ⊘ √(0.00001 + (X ⊙ X)𝟏/n))
    """

    def definition(X: Tensor, scale: Tensor) -> Tensor:
        return X / np.sqrt(np.mean(X**2, axis=-1, keepdims=True) + epsilon) * scale

    return Layer(
        "rms_norm", definition, inputs={"X": f"{batch} {features}"}, params={"scale": features}
    )
