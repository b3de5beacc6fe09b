"""The methods of arrays: each is NumPy's function of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .dispatch import call_function


class ArrayMethods:
    """Methods that a tensor shares with arrays."""

    __slots__ = ()

    @property
    def T(self) -> Any:
        """All axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> Any:
        """The last two axes exchanged."""
        return self._call(np.matrix_transpose)

    @property
    def real(self) -> Any:
        """The tensor itself: tensors are real."""
        return self

    def _call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return call_function(function, (self, *args), kwargs)

    def sum(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        **others: Any,
    ) -> Any:
        """The sum over some axes (all by default)."""
        return self._call(np.sum, axis=axis, dtype=dtype, out=out, keepdims=keepdims, **others)

    def mean(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        **others: Any,
    ) -> Any:
        """The mean over some axes (all by default)."""
        return self._call(np.mean, axis=axis, dtype=dtype, out=out, keepdims=keepdims, **others)

    def var(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: bool = False,
        **others: Any,
    ) -> Any:
        """The variance: mean square distance from the mean, N − ddof in the denominator."""
        return self._call(np.var, axis, dtype, out, ddof=ddof, keepdims=keepdims, **others)

    def std(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: bool = False,
        **others: Any,
    ) -> Any:
        """The standard deviation: the root of the variance."""
        return self._call(np.std, axis, dtype, out, ddof=ddof, keepdims=keepdims, **others)

    def prod(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        **others: Any,
    ) -> Any:
        """The product over some axes (all by default)."""
        return self._call(np.prod, axis=axis, dtype=dtype, out=out, keepdims=keepdims, **others)

    def max(self, axis: Any = None, out: Any = None, keepdims: bool = False, **others: Any) -> Any:
        """The largest entry over some axes (all by default)."""
        return self._call(np.max, axis=axis, out=out, keepdims=keepdims, **others)

    def min(self, axis: Any = None, out: Any = None, keepdims: bool = False, **others: Any) -> Any:
        """The smallest entry over some axes (all by default)."""
        return self._call(np.min, axis=axis, out=out, keepdims=keepdims, **others)

    def cumsum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """The running sum along an axis, or over all entries row by row."""
        return self._call(np.cumsum, axis=axis, dtype=dtype, out=out)

    def trace(
        self, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
    ) -> Any:
        """The sum of a diagonal."""
        return self._call(np.trace, offset, axis1, axis2, dtype, out)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """The entries of a diagonal."""
        return self._call(np.diagonal, offset, axis1, axis2)

    def reshape(self, *shape: Any, order: str = "C", copy: Any = None) -> Any:
        """The entries in another shape, row by row; one size may be −1."""
        wanted = shape[0] if len(shape) == 1 else shape
        return self._call(np.reshape, wanted, order=order, copy=copy)

    def ravel(self, order: str = "C") -> Any:
        """All entries in one axis, row by row."""
        return self._call(np.ravel, order)

    flatten = ravel

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order (reversed by default)."""
        wanted = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else (axes or None)
        return self._call(np.transpose, wanted)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Two axes exchanged."""
        return self._call(np.swapaxes, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Any:
        """Without axes of size 1."""
        return self._call(np.squeeze, axis=axis)

    def repeat(self, repeats: int, axis: int | None = None) -> Any:
        """Each entry several times."""
        return self._call(np.repeat, repeats, axis=axis)

    def take(
        self, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
    ) -> Any:
        """The entries at integer places."""
        return self._call(np.take, indices, axis=axis, out=out, mode=mode)

    def dot(self, b: Any, out: Any = None) -> Any:
        """NumPy's dot product."""
        return self._call(np.dot, b, out)

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **others: Any) -> Any:
        """Entries brought between two bounds."""
        return self._call(np.clip, min, max, out, **others)

    def round(self, decimals: int = 0, out: Any = None) -> Any:
        """Not covered."""
        return self._call(np.round, decimals, out)

    def copy(self, order: str = "C") -> Any:
        """The tensor itself: tensors are immutable."""
        return self

    def conj(self) -> Any:
        """The tensor itself: tensors are real."""
        return self

    conjugate = conj
