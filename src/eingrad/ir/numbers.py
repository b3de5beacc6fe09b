"""Exact numbers and zeros as nodes."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from ..dims import Dim
from ..errors import InputError, ShapeError
from .node import Node, Number, Sum, Term, raw_sum, raw_term

MAX_BITS = 12_000  # of an exact number, numerator or denominator: about 3600 digits


def number(value: Number | float) -> Node:
    """A number as a scalar node; floats are taken at their shortest decimal value.

    >>> number(0.1) is number(Fraction(1, 10))
    True
    """
    c = exact(value)
    return raw_term(c, (), (), ()) if c else zeros(())


def exact(value: Number | float) -> Number:
    """A finite number as an exact int or Fraction.

    Raises
    ------
    InputError
        It has more than `MAX_BITS` bits: written out or combined further it would take for ever.
    """
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, int | Fraction):
        value = float(value)
        if value != value or value in (float("inf"), float("-inf")):
            raise ShapeError(f"{value} is not a number that a formula can hold")
        value = Fraction(repr(value))
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise too_large()
    return int(value) if value.denominator == 1 else value


def too_large() -> InputError:
    """The error for an exact number that is too long to hold."""
    return InputError(
        f"an exact number here has more than {MAX_BITS} binary digits",
        hint="use a variable in its place, or a float of moderate size",
    )


def as_node(value: Node | Number | float) -> Node:
    """A node from a node or a number."""
    return value if isinstance(value, Node) else number(value)


def number_of(node: Node) -> Number | None:
    """The value of a constant scalar, else None."""
    if isinstance(node, Term) and not node.factors and not node.out:
        return node.coefficient
    if isinstance(node, Sum) and not node.operands and not node.shape:
        return 0
    return None


def zeros(shape: Iterable[Dim]) -> Node:
    """The zero of a shape."""
    return raw_sum((), tuple(shape))


def is_zero(node: Node) -> bool:
    """Whether a node is the literal zero."""
    return isinstance(node, Sum) and not node.operands


def rational_power(value: Number, e: Number) -> Number | None:
    """value ** e when that is rational (and small enough to show), else None.

    Raises
    ------
    InputError
        It is rational, but has more than `MAX_BITS` bits.
    """
    fraction = Fraction(value)
    if isinstance(e, int):
        if value == 0 and e < 0:
            return None
        if (
            abs(e)
            * max(abs(fraction.numerator).bit_length() - 1, fraction.denominator.bit_length() - 1)
            > MAX_BITS
        ):
            raise too_large()
        if abs(e) * max(fraction.numerator.bit_length(), fraction.denominator.bit_length()) > 4096:
            return None
        return exact(fraction**e)
    if value < 0 or abs(e) > 64:
        return None
    root = Fraction(e).denominator
    numerator = _exact_root(fraction.numerator, root)
    denominator = _exact_root(fraction.denominator, root)
    if numerator is None or denominator is None:
        return None
    if numerator == 0 and e < 0:
        return None
    return exact(Fraction(numerator, denominator) ** Fraction(e).numerator)


def _exact_root(value: int, degree: int) -> int | None:
    if value.bit_length() > 900:
        return None
    guess = round(value ** (1 / degree))
    for candidate in (guess - 1, guess, guess + 1):
        if candidate >= 0 and candidate**degree == value:
            return candidate
    return None
