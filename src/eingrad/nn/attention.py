"""Attention by scaled dot products, in one head and in several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import InputError
from ..frontends.python import Tensor, constant, function
from .layer import Layer

MASKED = -1e30  # a score that exp takes to zero in every precision


def _attend(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None) -> Tensor:
    scores = Q @ np.swapaxes(K, -1, -2) / constant(Q.shape[-1]) ** 0.5
    if mask is not None:
        scores = np.where(mask > 0, scores, MASKED)
    return function("softmax")(scores) @ V


def _visible(given: Mapping[str, Any]) -> None:
    """Refuse a mask of other numbers than 0 and 1, such as one that is added to the scores, and
    one with a row that hides everything: softmax of nothing has no value."""
    mask = np.asarray(given["mask"])
    other = mask[(mask != 0) & (mask != 1)]
    if other.size:
        raise InputError(
            f"attention: a mask is 1 where a key is seen and 0 where it is hidden, not {other[0]}",
            hint="of a mask that is added to the scores take mask == 0",
        )
    hidden = ~mask.astype(bool).any(axis=-1)
    if hidden.any():
        row = np.argwhere(hidden)[0].tolist()
        raise InputError(f"attention: the mask hides everything from position {row}")


def attention(
    batch: str = "*b",
    queries: str = "?t",
    keys: str = "?s",
    width: str = "?d",
    values: str = "?p",
    *,
    mask: bool = False,
) -> Layer:
    """softmax(Q Kᵀ/√d) V for each of a batch.

    Q (batch, queries, width), K (batch, keys, width), V (batch, keys, values); the value is
    (batch, queries, values).

    Parameters
    ----------
    batch:
        Leading sizes, none (`""`), one or several.
    mask:
        Whether a mask (queries, keys) is given: 1 where a key is seen, 0 where it is hidden. The
        causal one is `np.tri(t)`.

    Raises
    ------
    InputError
        At `forward`: a row of the mask hides everything, or the mask has other numbers than 0 and
        1.

    Examples
    --------
    >>> print(attention(batch="").partials["V"].formula())
    softmax(QKᵀ/√d)ᵀG
    """

    def definition(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None = None) -> Tensor:
        return _attend(Q, K, V, mask)

    inputs = {
        "Q": f"{batch} {queries} {width}",
        "K": f"{batch} {keys} {width}",
        "V": f"{batch} {keys} {values}",
    }
    constants = {"mask": f"{queries} {keys}"} if mask else {}
    return Layer(
        "attention",
        definition,
        inputs=inputs,
        constants=constants,
        validate=_visible if mask else None,
    )


def multi_head_attention(
    heads: int,
    batch: str = "*b",
    places: str = "?t",
    width: str | int = "?d",
    inner: int = 0,
    *,
    mask: bool = False,
) -> Layer:
    """Self-attention in several heads: rows of X are projected to queries, keys and values, each
    head attends by itself, and the heads side by side are projected back.

    X and the value (batch, places, width). A. Vaswani et al. (2017), arXiv:1706.03762.

    Parameters
    ----------
    inner:
        The width of one head; by default that of X, which is then a number, divided by the heads.
    mask:
        As for `attention`, (places, places).

    Raises
    ------
    InputError
        The heads do not divide the width.

    Examples
    --------
    >>> layer = multi_head_attention(2, width=6)
    >>> layer.params["queries"].shape, layer.output.shape
    ((2, 6, 3), (b, t, 6))
    """
    if heads < 1:
        raise InputError(f"multi_head_attention has at least one head, not {heads}")
    if not inner:
        if not str(width).isdigit() or int(width) % heads:
            raise InputError(
                f"{heads} heads do not divide a width of {width}", hint="give inner, or other sizes"
            )
        inner = int(width) // heads

    def definition(
        X: Tensor,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        projection: Tensor,
        mask: Tensor | None = None,
    ) -> Tensor:
        Q, K, V = (np.einsum("...td,hde->...hte", X, W) for W in (queries, keys, values))
        attended = _attend(Q, K, V, mask)
        return np.einsum("...hte,hed->...td", attended, projection)

    into, back = f"{heads} {width} {inner}", f"{heads} {inner} {width}"
    return Layer(
        "multi_head_attention",
        definition,
        inputs={"X": f"{batch} {places} {width}"},
        params={"queries": into, "keys": into, "values": into, "projection": back},
        constants={"mask": f"{places} {places}"} if mask else {},
        validate=_visible if mask else None,
    )
