"""Sums, multiples and compositions of operators, term by term."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..errors import ShapeError, UnsupportedError
from .arrays import real_array
from .arrays import shape_text as _text
from .compose import compose
from .term import NumericTerm, merged, normal

Shape = tuple[int, ...]


class OperatorAlgebra:
    """What holds for any map that is a sum of terms."""

    terms: tuple[NumericTerm, ...]
    out_shape: Shape
    in_shape: Shape
    dtype: np.dtype

    def __init__(
        self, terms: Sequence[NumericTerm], out_shape: Shape, in_shape: Shape, dtype: Any
    ) -> None:
        raise NotImplementedError

    def __add__(self, other: Any) -> Self:
        """The sum with an operator of the same shapes."""
        if not isinstance(other, OperatorAlgebra):
            raise _not_an_operator(other, "add", "shifted(λ) adds λ times the identity")
        if (self.out_shape, self.in_shape) != (other.out_shape, other.in_shape):
            raise ShapeError(
                f"cannot add a map {_text(self.in_shape)} → {_text(self.out_shape)} and a map "
                f"{_text(other.in_shape)} → {_text(other.out_shape)}"
            )
        kind = np.result_type(self.dtype, other.dtype)
        terms = merged([*self.terms, *other.terms])
        return type(self)(terms, self.out_shape, self.in_shape, kind)

    def __radd__(self, other: Any) -> Self:
        """`sum(operators)` starts from the number 0."""
        if isinstance(other, int) and other == 0:
            return self
        return self + other

    def __rsub__(self, other: Any) -> Self:
        return -self + other

    def __sub__(self, other: Any) -> Self:
        """The difference of two operators of the same shapes."""
        if not isinstance(other, OperatorAlgebra):
            raise _not_an_operator(other, "subtract", "shifted(−λ) subtracts from the diagonal")
        return self + (-other)

    def __neg__(self) -> Self:
        return self * -1

    def __mul__(self, factor: Any) -> Self:
        """A multiple of the operator."""
        if isinstance(factor, OperatorAlgebra) or np.ndim(factor):
            raise UnsupportedError("operators are multiplied by numbers; `@` composes them")
        number = float(real_array(factor, "factor"))
        terms = tuple(t.scaled(number) for t in self.terms) if number != 0 else ()
        return type(self)(terms, self.out_shape, self.in_shape, self.dtype)

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Self:
        """The operator over a number.

        Raises
        ------
        UnsupportedError
            The divisor is an operator, an array or no real number.
        ZeroDivisionError
            It is 0.
        """
        if isinstance(divisor, OperatorAlgebra) or np.ndim(divisor):
            raise UnsupportedError("operators are divided by numbers; `solve` undoes an operator")
        return self * (1 / float(real_array(divisor, "divisor")))

    def shifted(self, shift: float) -> Self:
        """The operator plus `shift` times the identity (damping).

        Raises
        ------
        ShapeError
            Output and input have different shapes.
        """
        if self.out_shape != self.in_shape:
            raise ShapeError(
                "an identity needs output and input of one shape; this maps "
                f"{_text(self.in_shape)} to {_text(self.out_shape)}"
            )
        one = type(self)([identity_term(self.in_shape)], self.in_shape, self.in_shape, self.dtype)
        return self + one * shift

    def _composed(self, other: Self) -> Self:
        if self.in_shape != other.out_shape:
            raise ShapeError(
                f"the first takes {_text(self.in_shape)}, the second gives {_text(other.out_shape)}"
            )
        kind = np.result_type(self.dtype, other.dtype)
        terms: tuple[NumericTerm, ...] | None = ()
        if 0 not in (*self.out_shape, *self.in_shape, *other.in_shape):
            terms = compose(self.terms, other.terms, self.in_shape)
        if terms is None:
            raise UnsupportedError(
                "the two divide the axes between them in ways that conflict; apply one after the "
                "other: a.matvec(b.matvec(v))"
            )
        return type(self)(terms, self.out_shape, other.in_shape, kind)


def identity_term(shape: Shape) -> NumericTerm:
    """The term of the identity on arrays of a shape: nothing but deltas."""
    axes = [(k,) for k in range(len(shape))]
    return normal(1.0, axes, axes, dict(enumerate(shape)), ())


def _not_an_operator(other: Any, verb: str, hint: str) -> UnsupportedError:
    return UnsupportedError(
        f"cannot {verb} {type(other).__name__} and an operator: only operators; {hint}"
    )
