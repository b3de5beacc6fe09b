"""Arrays that users hand to an operator: real, of the right shape, with leading batch axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError, UnsupportedError

Shape = tuple[int, ...]


def real_array(value: Any, what: str) -> np.ndarray:
    """An array of real floating numbers: float32 and wider stay, integers and booleans become
    float64.

    Raises
    ------
    UnsupportedError
        Complex numbers, or no numbers at all.
    """
    array = np.asarray(value)
    if array.dtype.kind == "f":
        return array
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    kind = "complex numbers" if array.dtype.kind == "c" else f"values of type {array.dtype}"
    raise UnsupportedError(f"the {what} has {kind}; real numbers are expected")


def batch_of(array: np.ndarray, shape: Shape, what: str) -> Shape:
    """The leading axes before those of `shape`."""
    cut = array.ndim - len(shape)
    if cut < 0 or array.shape[cut:] != shape:
        raise ShapeError(
            f"the {what} has shape {shape_text(array.shape)}; expected is {shape_text(shape)}"
            + (", with leading batch axes if wanted" if shape else "")
        )
    return array.shape[:cut]


def shape_text(shape: Sequence[int]) -> str:
    """A shape for a message."""
    return "×".join(map(str, shape)) if shape else "a number"
