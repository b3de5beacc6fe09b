"""The order of the stages, and what users call: the one room that knows all others."""

from .answers import check
from .derivative import CompiledFunction, Derivative
from .derive import (
    derivative,
    gradient,
    gradients,
    hessian,
    hessian_diagonal,
    hvp,
    jacobian,
    jvp,
    vjp,
)
from .inputs import Expression, parse

__all__ = [
    "CompiledFunction",
    "Derivative",
    "Expression",
    "check",
    "derivative",
    "gradient",
    "gradients",
    "hessian",
    "hessian_diagonal",
    "hvp",
    "jacobian",
    "jvp",
    "parse",
    "vjp",
]
