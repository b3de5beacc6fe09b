"""The order of the stages, and what users call: the one room that knows all others."""

from .answers import check
from .blockwise import Blockwise
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
from .joint import Gradients
from .rule import CustomRule, custom_rule
from .unfolded import approximation

__all__ = [
    "Blockwise",
    "CompiledFunction",
    "CustomRule",
    "Derivative",
    "Expression",
    "Gradients",
    "approximation",
    "block_diagonal",
    "check",
    "curvature",
    "custom_rule",
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
