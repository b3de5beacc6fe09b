"""The order of the stages, and what users call: the one room that knows all others."""

from .answers import check
from .compiled import CompiledFunction
from .contracted import (
    block_diagonal,
    curvature,
    hessian_diagonal,
    laplacian,
    newton_step,
)
from .derivative import Derivative
from .derive import (
    derivative,
    gradient,
    gradients,
    hessian,
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
    "block_diagonal",
    "check",
    "curvature",
    "derivative",
    "gradient",
    "gradients",
    "hessian",
    "hessian_diagonal",
    "hvp",
    "jacobian",
    "jvp",
    "laplacian",
    "newton_step",
    "parse",
    "vjp",
]
