"""Universal functions whose NumPy meaning is more than applying a record of the same name."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from ...errors import UnsupportedError
from ...ir import build, construct
from ...ir.apply import apply
from ...ir.node import Node
from .convert import Mask, is_mask, node_of
from .dispatch import apply_record, call_ufunc, implements, record_for, require


@implements("add")
def add(x1: Any, x2: Any) -> Node | Mask:
    if is_mask(x1) and is_mask(x2):  # booleans add up to their disjunction
        return logical_or(x1, x2)
    return node_of(x1) + node_of(x2)


@implements("subtract")
def subtract(x1: Any, x2: Any) -> Node:
    if is_mask(x1) and is_mask(x2):
        raise UnsupportedError("numpy.subtract of two booleans; use ^ or logical_xor")
    return node_of(x1) - node_of(x2)


@implements("multiply")
def multiply(x1: Any, x2: Any) -> Node | Mask:
    result = node_of(x1) * node_of(x2)
    return Mask(result) if is_mask(x1) and is_mask(x2) else result


@implements("divide", "true_divide")
def divide(x1: Any, x2: Any) -> Node:
    divisor = node_of(x2)
    if build.is_zero(divisor) or build.number_of(divisor) == 0:
        raise UnsupportedError("division by zero: the divisor is exactly 0")
    return node_of(x1) / divisor


@implements("power", "float_power", "pow")
def power(x1: Any, x2: Any) -> Node:
    return node_of(x1) ** node_of(x2)


@implements("negative")
def negative(x: Any) -> Node:
    if is_mask(x):
        raise UnsupportedError("numpy.negative of a boolean; use ~ or logical_not")
    return -node_of(x)


@implements(
    "positive", "conjugate", "conj", "real", "real_if_close", "copy", "ascontiguousarray",
    "asfortranarray",
)  # fmt: skip
def identity(x: Any) -> Node:
    return node_of(x)


@implements("imag")
def imag(val: Any) -> Node:
    return build.zeros(node_of(val).shape)


@implements("square")
def square(x: Any) -> Node:
    return node_of(x) ** 2


@implements("sqrt")
def sqrt(x: Any) -> Node:
    return node_of(x) ** Fraction(1, 2)


@implements("cbrt")
def cbrt(x: Any) -> Node:
    """∛x, of negative numbers too: sign(x) |x|^⅓."""
    node = node_of(x)
    if build.number_of(node) is not None and build.number_of(node) >= 0:  # type: ignore[operator]
        return node ** Fraction(1, 3)
    return apply_record(require("sign"), node) * absolute(node) ** Fraction(1, 3)


@implements("reciprocal")
def reciprocal(x: Any) -> Node:
    return divide(1, x)


@implements("absolute", "abs", "fabs")
def absolute(x: Any) -> Node:
    return apply_record(require("abs"), x)


def _exp(x: Any) -> Node:
    return apply_record(require("exp"), x)


def _log(x: Any) -> Node:
    return apply_record(require("log"), x)


def _unless_recorded(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a definition that serves as long as no record claims the function itself."""

    def enter(definition: Callable[..., Any]) -> Callable[..., Any]:
        def implementation(*operands: Any) -> Any:
            record = record_for(name)
            if record is None or len(record.domain) != len(operands):
                return definition(*operands)
            return apply_record(record, *operands)

        implements(name)(implementation)
        return definition

    return enter


@_unless_recorded("exp2")
def exp2(x: Any) -> Node:
    return build.number(2) ** node_of(x)


@_unless_recorded("expm1")
def expm1(x: Any) -> Node:
    return _exp(x) - 1


@_unless_recorded("log1p")
def log1p(x: Any) -> Node:
    return _log(node_of(x) + 1)


@_unless_recorded("log2")
def log2(x: Any) -> Node:
    return _log(x) / _log(2)


@_unless_recorded("log10")
def log10(x: Any) -> Node:
    return _log(x) / _log(10)


@_unless_recorded("logaddexp")
def logaddexp(x1: Any, x2: Any) -> Node:
    """log(exp a + exp b) = a + softplus(b − a)."""
    a, b = node_of(x1), node_of(x2)
    return a + apply_record(require("softplus"), b - a)


@_unless_recorded("hypot")
def hypot(x1: Any, x2: Any) -> Node:
    return (node_of(x1) ** 2 + node_of(x2) ** 2) ** Fraction(1, 2)


@_unless_recorded("heaviside")
def heaviside(x1: Any, x2: Any) -> Node:
    return where(greater(x1, 0).node, 1, where(less(x1, 0).node, 0, x2))


@implements("deg2rad", "radians")
def radians(x: Any) -> Node:
    return node_of(x) * apply("pi") / 180


@implements("rad2deg", "degrees")
def degrees(x: Any) -> Node:
    return node_of(x) * 180 / apply("pi")


# --- comparisons and masks -----------------------------------------------------------------------


def _compare(name: str, x1: Any, x2: Any) -> Mask:
    return Mask(apply_record(require(name), x1, x2))


@implements("greater")
def greater(x1: Any, x2: Any) -> Mask:
    return _compare("greater", x1, x2)


@implements("greater_equal")
def greater_equal(x1: Any, x2: Any) -> Mask:
    return _compare("greater_equal", x1, x2)


@implements("less")
def less(x1: Any, x2: Any) -> Mask:
    return _compare("less", x1, x2)


@implements("less_equal")
def less_equal(x1: Any, x2: Any) -> Mask:
    return _compare("less_equal", x1, x2)


@implements("equal")
def equal(x1: Any, x2: Any) -> Mask:
    return _compare("equal", x1, x2)


@implements("not_equal")
def not_equal(x1: Any, x2: Any) -> Mask:
    return _compare("not_equal", x1, x2)


def truth(x: Any) -> Node:
    """1 where an entry counts as true, else 0."""
    return node_of(x) if is_mask(x) else not_equal(x, 0).node


@implements("logical_and")
def logical_and(x1: Any, x2: Any) -> Mask:
    return Mask(truth(x1) * truth(x2))


@implements("logical_or")
def logical_or(x1: Any, x2: Any) -> Mask:
    a, b = truth(x1), truth(x2)
    return Mask(a + b - a * b)


@implements("logical_xor")
def logical_xor(x1: Any, x2: Any) -> Mask:
    a, b = truth(x1), truth(x2)
    return Mask(a + b - 2 * a * b)


@implements("logical_not")
def logical_not(x: Any) -> Mask:
    return Mask(1 - truth(x))


def _bitwise(name: str, logical: Callable[..., Mask]) -> None:
    """`&`, `|`, `^`, `~` are for booleans only, as they are for NumPy's floating-point arrays."""

    def implementation(*operands: Any) -> Mask:
        if not all(map(is_mask, operands)):
            raise UnsupportedError(
                f"numpy.{name} takes booleans, such as comparisons; put brackets around "
                "comparisons, as in (x > 0) & (x < 1)"
            )
        return logical(*operands)

    implements(name)(implementation)


_bitwise("bitwise_and", logical_and)
_bitwise("bitwise_or", logical_or)
_bitwise("bitwise_xor", logical_xor)
_bitwise("invert", logical_not)


@implements("where")
def where(condition: Any, x: Any = None, y: Any = None) -> Node:
    """`x` where the condition holds, else `y`."""
    if x is None or y is None:
        raise UnsupportedError("numpy.where of a condition alone gives indices; pass x and y too")
    return apply_record(require("where"), truth(condition), x, y)


@implements("select")
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Node:
    """The first choice whose condition holds."""
    if len(condlist) != len(choicelist):
        raise UnsupportedError("numpy.select takes as many choices as conditions")
    result = node_of(default)
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = where(condition, choice, result)
    return result


# --- bounds --------------------------------------------------------------------------------------


@implements("maximum", "fmax")
def maximum(x1: Any, x2: Any) -> Node:
    return apply_record(require("maximum"), x1, x2)


@implements("minimum", "fmin")
def minimum(x1: Any, x2: Any) -> Node:
    return apply_record(require("minimum"), x1, x2)


@implements("clip")
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Node:
    """min(max(a, a_min), a_max); a bound that is None or infinite is none."""
    low = a_min if min is None else min
    high = a_max if max is None else max
    result = node_of(a)
    if low is not None and not _is(low, -math.inf):
        result = maximum(result, low)
    if high is not None and not _is(high, math.inf):
        result = minimum(result, high)
    return result


def _is(value: Any, number: float) -> bool:
    return isinstance(value, float | np.floating) and float(value) == number


# --- methods of universal functions --------------------------------------------------------------


@implements("*.outer")
def outer(ufunc: np.ufunc, a: Any, b: Any) -> Any:
    """`ufunc(a[..., None, …], b)` for all pairs of entries."""
    left, right = node_of(a), node_of(b)
    spread = construct.expand_dims(left, range(left.ndim, left.ndim + right.ndim))
    return call_ufunc(ufunc, "__call__", (spread, right), {})
