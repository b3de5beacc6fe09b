"""Arrays of operators: of which library, real, of the right shape, with leading batch axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError, UnsupportedError

Shape = tuple[int, ...]

_ADAPTERS: dict[str, Any] = {}  # of the libraries in use besides NumPy, by name


def register(adapter: Any) -> None:
    """Let `namespace` know the arrays of a library."""
    _ADAPTERS[adapter.name] = adapter


def namespace(array: Any) -> Any:
    """The namespace of an array: NumPy, or the adapter of the array's library."""
    if isinstance(array, np.ndarray | np.generic):
        return np
    for adapter in _ADAPTERS.values():
        if adapter.owns(array):
            return adapter.like([array])
    return np


def turned(array: Any, order: Sequence[int]) -> Any:
    """The array of any library with its axes in another order."""
    if isinstance(array, np.ndarray):  # its method takes half of the time of the function
        return array.transpose(order)
    return namespace(array).transpose(array, order)


def shaped(array: Any, shape: Shape) -> Any:
    """The array of any library in another shape."""
    if isinstance(array, np.ndarray):
        return array.reshape(shape)
    return namespace(array).reshape(array, shape)


def common_namespace(arrays: Iterable[Any]) -> Any:
    """The namespace of the first array that is not NumPy's; constants may lie beside them."""
    return next((xp for xp in map(namespace, arrays) if xp is not np), np)


def is_number(value: Any, number: float) -> bool:
    """Whether a coefficient is known to be a number; a traced one never is."""
    return isinstance(value, int | float) and value == number


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
