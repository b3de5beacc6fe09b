"""What may stand beside a tensor: numbers, sizes, arrays; each becomes a node of the IR."""

from __future__ import annotations

import math
import numbers
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from ...dims import Dim, as_dim
from ...errors import UnsupportedError
from ...ir import build, construct
from ...ir.node import Node, constant
from .sizes import plain


class Mask(NamedTuple):
    """The 0/1 value of a comparison: it counts as boolean, as in NumPy."""

    node: Node


def node_of(value: Any) -> Node:
    """The node of a tensor, number, size or array.

    Numbers are exact coefficients (a float stands for its shortest decimal). Arrays whose entries
    are all equal, and multiples of the identity, are held as such; other arrays are constants.

    Raises
    ------
    UnsupportedError
        The value is complex, an array of objects, or nothing that NumPy would compute with.
    """
    if isinstance(value, Node):
        return value
    held = getattr(value, "node", None)
    if isinstance(held, Node):
        return held
    if isinstance(value, Dim):
        return construct.size_value(plain(value))
    if isinstance(value, bool | np.bool_):
        return build.number(int(value))
    if isinstance(value, int | Fraction):
        return build.number(value)
    if isinstance(value, numbers.Integral):
        return build.number(int(value))
    if isinstance(value, float | np.floating):
        return _of_float(value)
    if isinstance(value, np.ndarray | list | tuple | np.generic) or hasattr(value, "__array__"):
        return _of_array(value)
    raise UnsupportedError(
        f"{type(value).__name__} cannot be combined with an eingrad tensor; "
        "use a number, a NumPy array or another tensor"
    )


def is_mask(value: Any) -> bool:
    """Whether a value is boolean: a comparison of tensors, or a boolean of NumPy or Python."""
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype == np.bool_
    return isinstance(value, bool) or bool(getattr(value, "is_mask", False))


def _of_float(value: Any) -> Node:
    number = float(value)
    if math.isnan(number):
        raise UnsupportedError("nan cannot be a number of a formula; mask such entries with where")
    if math.isinf(number):
        return constant(np.asarray(number))
    # A float32 stands for its own shortest decimal: np.float32(0.1) is 1/10.
    return build.number(Fraction(str(value)) if isinstance(value, np.floating) else number)


def _of_array(value: Any) -> Node:
    if isinstance(value, np.ma.MaskedArray | np.matrix):
        raise UnsupportedError(
            f"numpy.{type(value).__name__} has arithmetic of its own; pass np.asarray(…) of it"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise UnsupportedError(f"not an array: {error}") from None
    if array.dtype.kind not in "biuf":
        raise UnsupportedError(
            f"an array of type {array.dtype} cannot be combined with an eingrad tensor; "
            "entries must be real numbers"
        )
    if array.ndim == 0:
        return node_of(array[()])
    if array.dtype.kind != "f":
        exact = np.int64 if array.dtype != np.uint64 else np.float64
        array = array.astype(exact)
    elif array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    return _recognised(array)


def _recognised(array: np.ndarray) -> Node:
    """The array as a multiple of ones or of the identity where it is one."""
    shape = tuple(as_dim(k) for k in array.shape)
    if not array.size:
        return constant(array)
    first = array.flat[0]
    if not np.isfinite(first):
        return constant(array)
    if (array == first).all():
        return build.broadcast_to(node_of(first), shape)
    square = array.ndim == 2 and array.shape[0] == array.shape[1]
    if square and array[0, 1] == 0 and (array == first * np.eye(len(array))).all():
        return build.multiply(node_of(first), construct.eye(shape[0]))
    return constant(array)
