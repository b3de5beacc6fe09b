"""Layers of matrix products: dense in both conventions, embedding, dropout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InputError, ShapeError
from ..frontends.python import Tensor, gather, ones
from .layer import Layer


def dense(
    inputs: str = "?m", outputs: str = "?n", batch: str = "*b", *, bias: bool = True
) -> Layer:
    """Z = X W + b, a row for each sample.

    Parameters
    ----------
    inputs, outputs, batch:
        Sizes, or names of sizes; several batch axes are written `"b t"`. What is not told (`?m`,
        `*b`) a network chooses, as in every layer.

    Examples
    --------
    >>> print(dense().partials["W"].formula(), dense().partials["X"].formula(), sep="; ")
    XᵀG; GWᵀ
    """

    def definition(X: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
        return X @ W if b is None else X @ W + b

    params = {"W": f"{inputs} {outputs}"} | ({"b": outputs} if bias else {})
    return Layer("dense", definition, inputs={"X": f"{batch} {inputs}"}, params=params)


def dense_columns(
    inputs: str = "?m", outputs: str = "?n", batch: str = "*b", *, bias: bool = True
) -> Layer:
    """Z = Wᵀ A + b 𝟏ᵀ, a column for each sample; without a batch (`""`) A and Z are vectors.

    Examples
    --------
    >>> print(dense_columns().partials["W"].formula())
    AGᵀ
    """

    def definition(A: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
        if A.ndim > 2:
            raise ShapeError("columns are for samples of one batch", hint="nn.dense takes several")
        if b is None:
            return W.T @ A
        return W.T @ A + (b if A.ndim == 1 else b[:, None] * ones((1, A.shape[1])))

    params = {"W": f"{inputs} {outputs}"} | ({"b": outputs} if bias else {})
    return Layer("dense_columns", definition, inputs={"A": f"{inputs} {batch}"}, params=params)


def embedding(words: str = "?v", width: str = "?d", places: str = "*n") -> Layer:
    """The rows of a table at whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> layer = embedding()
    >>> y = layer.forward({"index": np.array([2, 0, 2])}, {"table": np.eye(3)})
    >>> layer.backward(np.ones((3, 3)))["table"].sum(axis=1)
    array([3., 0., 6.])
    """

    def definition(index: Tensor, table: Tensor) -> Tensor:
        return gather(table, index)

    return Layer(
        "embedding",
        definition,
        inputs={},
        params={"table": f"{words} {width}"},
        constants={"index": f"{places} integer"},
    )


def dropout(shape: str = "*b *n", keep: str = "") -> Layer:
    """X ⊙ mask / keep: the mask (0 or 1, of the shape of X) and the share that is kept are given.

    N. Srivastava et al. (2014), JMLR 15:1929, with the scale at training.

    Examples
    --------
    >>> print(dropout().partials["X"].formula())
    (G ⊙ mask)/keep
    """

    def definition(X: Tensor, mask: Tensor, keep: Tensor) -> Tensor:
        return X * mask / keep

    return Layer(
        "dropout",
        definition,
        inputs={"X": shape},
        constants={"mask": shape, "keep": keep},
        validate=_kept,
    )


def _kept(given: Mapping[str, Any]) -> None:
    """Refuse a share that nothing can be divided by."""
    import numpy as np

    keep = np.asarray(given["keep"])
    if not ((keep > 0) & (keep <= 1)).all():
        raise InputError(f"dropout: the share that is kept is above 0 and at most 1, not {keep}")
