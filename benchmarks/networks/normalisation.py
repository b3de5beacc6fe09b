"""Normalisation of columns and rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from eingrad import nn

from .case import Case, Cases, Samples

EPSILON = 1e-5


def cases(make: Samples, b: int = 256, n: int = 512) -> Cases:
    """All of them."""
    return [_centred(make, b, n, axis=0), _centred(make, b, n, axis=1), _rms(make, b, n)]


def _centred(make: Samples, b: int, n: int, axis: int) -> Case:
    """Batch norm (axis 0) or layer norm (axis 1)."""

    def forward(X: Any, scale: Any, shift: Any) -> Any:
        c = X - X.mean(axis=axis, keepdims=True)
        inverse = 1 / np.sqrt((c * c).mean(axis=axis, keepdims=True) + EPSILON)
        normal = c * inverse
        return normal * scale + shift, (normal, inverse, scale)

    def backward(G: Any, normal: Any, inverse: Any, scale: Any) -> Any:
        by_normal = G * normal
        if axis == 0:  # the statistics are of the columns, and so are these sums
            dscale, dshift = by_normal.sum(axis=0), G.sum(axis=0)
            count = len(G)
            dX = scale * inverse * (G - dshift / count - normal * (dscale / count))
            return dX, dscale, dshift
        slope = G * scale
        along = (slope * normal).mean(axis=1, keepdims=True)
        dX = inverse * (slope - slope.mean(axis=1, keepdims=True) - normal * along)
        return dX, by_normal.sum(axis=0), G.sum(axis=0)

    def composed(xp: Any, X: Any, scale: Any, shift: Any) -> Any:
        c = X - xp.mean(X, axis=axis, keepdims=True)
        spread = xp.sqrt(xp.mean(c * c, axis=axis, keepdims=True) + EPSILON)
        return c / spread * scale + shift

    def kernel(X: Any, scale: Any, shift: Any) -> Any:
        import torch

        F = torch.nn.functional
        if axis == 0:
            return F.batch_norm(X, None, None, scale, shift, training=True)
        return F.layer_norm(X, (X.shape[-1],), scale, shift)

    arrays = {"X": make.normal(b, n), "scale": make.normal(n), "shift": make.normal(n)}
    layer = nn.layer_norm() if axis else nn.batch_norm()
    name = f"{'layer' if axis else 'batch'} norm, {b}×{n}"
    return Case(name, layer, arrays, forward, backward, composed, kernel)


def _rms(make: Samples, b: int, n: int) -> Case:
    def forward(X: Any, scale: Any) -> Any:
        inverse = 1 / np.sqrt((X * X).mean(axis=1, keepdims=True) + EPSILON)
        normal = X * inverse
        return normal * scale, (normal, inverse, scale)

    def backward(G: Any, normal: Any, inverse: Any, scale: Any) -> Any:
        slope = G * scale
        along = (slope * normal).mean(axis=1, keepdims=True)
        return inverse * (slope - normal * along), (G * normal).sum(axis=0)

    def composed(xp: Any, X: Any, scale: Any) -> Any:
        return X / xp.sqrt(xp.mean(X * X, axis=1, keepdims=True) + EPSILON) * scale

    def kernel(X: Any, scale: Any) -> Any:
        import torch

        return torch.nn.functional.rms_norm(X, (X.shape[-1],), scale, eps=EPSILON)

    arrays = {"X": make.normal(b, n), "scale": make.normal(n)}
    return Case(f"RMS norm, {b}×{n}", nn.rms_norm(), arrays, forward, backward, composed, kernel)
