"""Exact matrix and tensor calculus: derivatives as closed formulas, with structure and code."""

from typing import Any

from . import functions as _records
from .calculus import (
    Blockwise,
    CompiledFunction,
    CustomRule,
    Derivative,
    Expression,
    Gradients,
    KroneckerForm,
    approximation,
    block_diagonal,
    check,
    curvature,
    custom_rule,
    derivative,
    empirical_fisher,
    fisher,
    gauss_newton,
    gradient,
    gradients,
    hessian,
    hessian_diagonal,
    hvp,
    jacobian,
    jvp,
    laplacian,
    newton_step,
    parse,
    squared_norms,
    vjp,
)
from .errors import (
    CheckError,
    EingradError,
    InputError,
    ParseError,
    ShapeError,
    SizeLimitError,
    UnsupportedError,
)
from .frontends import python as _python
from .frontends.python import (
    Tensor,
    constant,
    einsum,
    eye,
    matrix,
    ones,
    scalar,
    scan,
    tensor,
    vector,
    zeros,
)

__version__ = "0.1.0"

__all__ = [
    "Blockwise",
    "CheckError",
    "CompiledFunction",
    "CustomRule",
    "Derivative",
    "EingradError",
    "Expression",
    "Gradients",
    "InputError",
    "KroneckerForm",
    "ParseError",
    "ShapeError",
    "SizeLimitError",
    "Tensor",
    "UnsupportedError",
    "approximation",
    "block_diagonal",
    "check",
    "constant",
    "curvature",
    "custom_rule",
    "derivative",
    "einsum",
    "empirical_fisher",
    "eye",
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
    "matrix",
    "newton_step",
    "ones",
    "parse",
    "scalar",
    "scan",
    "squared_norms",
    "tensor",
    "vector",
    "vjp",
    "zeros",
]


def __getattr__(name: str) -> Any:
    """Functions that NumPy lacks, by the names of their records: `eingrad.softmax`,
    `eingrad.logdet`."""
    if name.startswith("_"):
        raise AttributeError(f"module eingrad has no attribute {name}")
    return getattr(_python, name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_python.__all__, *_python.names()} - {"function", "names"})


assert _records
