"""Normalisation over the batch, over features, and by the root mean square."""

from __future__ import annotations

import numpy as np

from ..frontends.python import Tensor
from .layer import Layer

EPSILON = 1e-5


def batch_norm(batch: str = "b", features: str = "n", epsilon: float = EPSILON) -> Layer:
    """(X − mean)/√(variance + ε) ⊙ scale + shift, statistics of each column (training).

    S. Ioffe and C. Szegedy (2015), arXiv:1502.03167.
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


def layer_norm(batch: str = "b", features: str = "n", epsilon: float = EPSILON) -> Layer:
    """(X − mean)/√(variance + ε) ⊙ scale + shift, statistics of each row.

    J. Ba, J. Kiros and G. Hinton (2016), arXiv:1607.06450.
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


def rms_norm(batch: str = "b", features: str = "n", epsilon: float = EPSILON) -> Layer:
    """X/√(mean of squares + ε) ⊙ scale, by rows.

    B. Zhang and R. Sennrich (2019), arXiv:1910.07467.
    """

    def definition(X: Tensor, scale: Tensor) -> Tensor:
        return X / np.sqrt(np.mean(X**2, axis=-1, keepdims=True) + epsilon) * scale

    return Layer(
        "rms_norm", definition, inputs={"X": f"{batch} {features}"}, params={"scale": features}
    )
