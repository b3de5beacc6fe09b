"""Sums, multiples and compositions of operators, term by term."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..errors import ShapeError, UnsupportedError
from .arrays import is_number, real_array
from .arrays import shape_text as _text
from .compose import compose
from .term import NumericTerm, merged, normal

Shape = tuple[int, ...]


class OperatorAlgebra:
    """What holds for any map that is a sum of terms."""

    terms: tuple[NumericTerm, ...]
    out_shape: Shape
    in_shape: Shape
    dtype: Any

    def __init__(
        self, terms: Sequence[NumericTerm], out_shape: Shape, in_shape: Shape, dtype: Any
    ) -> None:
        raise NotImplementedError

    # What differs between array libraries -------------------------------------------------------

    def _made(
        self,
        terms: Sequence[NumericTerm],
        out_shape: Shape,
        in_shape: Shape,
        other: OperatorAlgebra | None = None,
    ) -> Self:
        """An operator of terms of this one, and of another."""
        kind = self.dtype if other is None else np.result_type(self.dtype, other.dtype)
        return type(self)(terms, out_shape, in_shape, kind)

    def _number(self, value: Any, what: str) -> Any:
        """A number by which to multiply; None where it is no number but an array."""
        return None if np.ndim(value) else float(real_array(value, what))

    def _check_library(self, other: OperatorAlgebra) -> None:
        """Operators of different array libraries do not meet."""
        if type(other) is not type(self):
            raise UnsupportedError(
                f"{type(self).__name__} and {type(other).__name__} hold arrays of different "
                "libraries; bind both with one backend"
            )

    def __add__(self, other: Any) -> Self:
        """The sum with an operator of the same shapes."""
        if not isinstance(other, OperatorAlgebra):
            raise _not_an_operator(other, "add", "shifted(λ) adds λ times the identity")
        if (self.out_shape, self.in_shape) != (other.out_shape, other.in_shape):
            raise ShapeError(
                f"cannot add a map {_text(self.in_shape)} → {_text(self.out_shape)} and a map "
                f"{_text(other.in_shape)} → {_text(other.out_shape)}"
            )
        self._check_library(other)
        terms = merged([*self.terms, *other.terms])
        return self._made(terms, self.out_shape, self.in_shape, other)

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
        number = None
        if not isinstance(factor, OperatorAlgebra):
            number = self._number(factor, "factor")
        if number is None:
            raise UnsupportedError("operators are multiplied by numbers; `@` composes them")
        terms = () if is_number(number, 0) else tuple(t.scaled(number) for t in self.terms)
        return self._made(terms, self.out_shape, self.in_shape)

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
        number = None
        if not isinstance(divisor, OperatorAlgebra):
            number = self._number(divisor, "divisor")
        if number is None:
            raise UnsupportedError("operators are divided by numbers; `solve` undoes an operator")
        return self * (1 / number)

    def shifted(self, shift: Any) -> Self:
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
        one = self._made([identity_term(self.in_shape)], self.in_shape, self.in_shape)
        return self + one * shift

    def _composed(self, other: Self) -> Self:
        if self.in_shape != other.out_shape:
            raise ShapeError(
                f"the first takes {_text(self.in_shape)}, the second gives {_text(other.out_shape)}"
            )
        self._check_library(other)
        terms: tuple[NumericTerm, ...] | None = ()
        if 0 not in (*self.out_shape, *self.in_shape, *other.in_shape):
            terms = compose(self.terms, other.terms, self.in_shape)
        if terms is None:
            raise UnsupportedError(
                "the two divide the axes between them in ways that conflict; apply one after the "
                "other: a.matvec(b.matvec(v))"
            )
        return self._made(terms, self.out_shape, other.in_shape, other)


def identity_term(shape: Shape) -> NumericTerm:
    """The term of the identity on arrays of a shape: nothing but deltas."""
    axes = [(k,) for k in range(len(shape))]
    return normal(1.0, axes, axes, dict(enumerate(shape)), ())


def _not_an_operator(other: Any, verb: str, hint: str) -> UnsupportedError:
    return UnsupportedError(
        f"cannot {verb} {type(other).__name__} and an operator: only operators; {hint}"
    )
