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
    squared_norms,
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
from .gaussnewton import empirical_fisher, fisher, gauss_newton
from .inputs import Expression, parse
from .joint import Gradients
from .kronecker import KroneckerForm
from .rule import CustomRule, custom_rule
from .unfolded import approximation

__all__ = [
    "Blockwise",
    "CompiledFunction",
    "CustomRule",
    "Derivative",
    "Expression",
    "Gradients",
    "KroneckerForm",
    "approximation",
    "block_diagonal",
    "check",
    "curvature",
    "custom_rule",
    "derivative",
    "empirical_fisher",
    "fisher",
    "gauss_newton",
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
    "squared_norms",
    "vjp",
]
