"""Symbolic sizes as code for arrays uses them: `x / n`, `np.sqrt(d)`, `x.reshape(m * n)`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...dims import Dim, product
from ...errors import UnsupportedError


class SymbolicSize(Dim):
    """A size of a tensor that is a symbol or made of symbols.

    Sums, differences and products with integers and sizes are sizes again; anything else
    (`1 / n`, `np.sqrt(n)`, `0.5 * n`) is a scalar tensor. What needs the value (`range(n)`,
    `np.eye(n)`, `n > 3`) raises `UnsupportedError`.

    Examples
    --------
    >>> from eingrad.frontends.python import matrix
    >>> m, n = matrix("A", "m n").shape
    >>> m * n + 1, m * n // n, m - m
    (m*n + 1, m, 0)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def __rsub__(self, other: Any) -> Any:
        return _combined(lambda a, b: b - a, lambda a, b: np.subtract(b, a), self, other)

    def __floordiv__(self, other: Any) -> Any:
        quotient = plain(self).divide(plain(other)) if isinstance(other, Dim | int) else None
        if quotient is None:
            raise UnsupportedError(
                f"{self} // {other}: the size {self} is symbolic and the quotient is not a size; "
                "declare the tensor with integer sizes"
            )
        return visible(quotient)

    def __truediv__(self, other: Any) -> Any:
        return np.divide(self._value(), other)

    def __rtruediv__(self, other: Any) -> Any:
        return np.divide(other, self._value())

    def __pow__(self, exponent: Any) -> Any:
        if isinstance(exponent, int) and exponent >= 0:
            return visible(product([plain(self)] * exponent))
        return np.power(self._value(), exponent)

    def __neg__(self) -> Any:
        return np.negative(self._value())

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        values = [v._value() if isinstance(v, SymbolicSize) else v for v in inputs]
        return getattr(ufunc, method)(*values, **kwargs)

    def _value(self) -> Any:
        from .dispatch import wrap

        return wrap(self)

    def _refuse(self, *_: object) -> Any:
        raise UnsupportedError(
            f"the size {self} is symbolic, and its value is not known here; "
            "declare the tensor with integer sizes where the code needs the number"
        )

    __index__ = __int__ = __float__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __mod__ = __divmod__ = _refuse


def _combined(
    of_sizes: Callable[[Dim, Dim], Dim],
    of_values: Callable[[Any, Any], Any],
    size: SymbolicSize,
    other: Any,
) -> Any:
    """A size where both operands are integers or sizes, a scalar tensor otherwise."""
    if isinstance(other, Dim) or (isinstance(other, int | np.integer) and other is not True):
        return visible(of_sizes(plain(size), plain(other)))
    return of_values(size._value(), other)


def _define(name: str, of_sizes: Callable[[Any, Any], Any], ufunc: np.ufunc) -> None:
    def method(self: SymbolicSize, other: Any) -> Any:
        return _combined(of_sizes, ufunc, self, other)

    setattr(SymbolicSize, name, method)


for _names, _operation, _ufunc in (
    (("__add__", "__radd__"), operator.add, np.add),
    (("__mul__", "__rmul__"), operator.mul, np.multiply),
    (("__sub__",), operator.sub, np.subtract),
):
    for _name in _names:
        _define(_name, _operation, _ufunc)


def plain(size: Any) -> Dim:
    """A size as the IR holds it."""
    if isinstance(size, SymbolicSize):
        return Dim(size.terms)
    return size if isinstance(size, Dim) else Dim.of(operator.index(size))


def visible(size: Dim) -> Any:
    """A size as the user sees it: an int where it is one."""
    value = size.as_int()
    return SymbolicSize(size.terms) if value is None else value


def total(sizes: Iterable[Dim]) -> Any:
    """The product of sizes as the user sees it."""
    return visible(product(sizes))
