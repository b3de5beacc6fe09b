"""Norms of the rows of an operator: of each sample's gradient, without the gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from .align import align
from .compose import meet
from .diagonal import diagonal_by_places, diagonal_of
from .term import NumericTerm

Shape = tuple[int, ...]


class RowNorms:
    """The part of an operator that knows its rows."""

    terms: tuple[NumericTerm, ...]
    out_shape: Shape
    in_shape: Shape
    dtype: Any

    def squared_norms(self) -> np.ndarray:
        """Σ of the squares over the input, for each entry of the output: the diagonal of A Aᵀ.

        The cores meet as they are: of Σ_ab (X_ia D_ib)² what is formed are the n×m, n×k arrays of
        squares, never the n×m×k gradients.

        Returns
        -------
        array of shape out_shape

        Raises
        ------
        UnsupportedError
            The terms divide the axes in ways that conflict.

        Examples
        --------
        >>> import eingrad, numpy as np
        >>> losses = eingrad.parse("(X*W - T).^2 * ones(k)", X="n m", W="m k", T="n k")
        >>> jacobian = eingrad.jacobian(losses, "W")
        >>> J = jacobian.operator(X=np.eye(3), W=np.ones((3, 2)), T=np.eye(3, 2))
        >>> J.squared_norms()
        array([4., 4., 8.])
        >>> clipped = J.rmatvec(np.minimum(1, 2 / np.sqrt(J.squared_norms())))  # as in DP-SGD
        >>> clipped.shape
        (3, 2)
        """
        result = np.zeros(self.out_shape, self.dtype)
        if 0 in (*self.out_shape, *self.in_shape):
            return result
        together = products(self.terms, self.in_shape)
        aligned = align(together, self.out_shape, self.out_shape, shared=True)
        if aligned is None:
            return diagonal_by_places(together, self.out_shape, self.dtype).reshape(self.out_shape)
        return diagonal_of(aligned, self.dtype).reshape(self.out_shape)


def products(terms: Sequence[NumericTerm], between: Shape) -> list[NumericTerm]:
    """The terms of A Aᵀ; a pair of different ones, which has the same diagonal both ways, once."""
    result = []
    for k, a in enumerate(terms):
        for j, b in enumerate(terms[k:]):
            product = meet(a, b.transposed(), between)
            if product is None:
                raise UnsupportedError(
                    "the terms divide the axes of the input in ways that conflict: "
                    "squares of rows need dense()"
                )
            result.append(product.scaled(2) if j else product)
    return result
