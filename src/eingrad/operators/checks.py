"""What a system or a determinant asks for, whichever library's arrays an operator holds."""

from __future__ import annotations

import math

from ..errors import InputError, ShapeError
from .arrays import shape_text

Shape = tuple[int, ...]

METHODS = ("auto", "dense", "iterative")


def check_tolerance(rtol: float) -> None:
    """A relative residual lies between 0 and 1.

    Raises
    ------
    InputError
        It does not.
    """
    if not 0 < rtol < 1:
        raise InputError(f"rtol is a number between 0 and 1, not {rtol!r}")


def is_square(out_shape: Shape, in_shape: Shape) -> bool:
    """Whether output and input have as many entries."""
    return math.prod(out_shape) == math.prod(in_shape)


def check_system(method: str, out_shape: Shape, in_shape: Shape, instead: str) -> None:
    """There is such a method, and as many equations as unknowns.

    Parameters
    ----------
    instead:
        What to call for the others.

    Raises
    ------
    InputError, ShapeError
        There is not.
    """
    if method not in METHODS:
        *others, last = METHODS
        raise InputError(f"there is no method {method!r}: use {', '.join(others)} or {last}")
    if not is_square(out_shape, in_shape):
        raise ShapeError(
            "a system needs as many equations as unknowns; this maps "
            f"{shape_text(in_shape)} to {shape_text(out_shape)}",
            hint=instead,
        )


def check_determinant(out_shape: Shape, in_shape: Shape) -> None:
    """There are as many rows as columns.

    Raises
    ------
    ShapeError
        There are not.
    """
    if not is_square(out_shape, in_shape):
        raise ShapeError(
            "a determinant needs as many rows as columns; this maps "
            f"{shape_text(in_shape)} to {shape_text(out_shape)}"
        )
