"""The Python front end: symbolic tensors that NumPy's operators and functions work on."""

from typing import Any

from . import diagonals, elementwise, joining, linear, products, reductions, shaping
from .beyond import function, names
from .creation import constant, einsum, eye, matrix, ones, scalar, tensor, vector, zeros
from .geometry import (
    band,
    mahalanobis,
    multivariate_normal_logpdf,
    pairwise_squared_distances,
    quadratic_form,
    squared_mahalanobis,
)
from .lookups import gather, one_hot, scatter_add
from .recurrences import scan
from .sizes import SymbolicSize
from .sliding import conv1d, conv2d, conv3d, windows
from .tensor import Tensor

__all__ = [
    "SymbolicSize",
    "Tensor",
    "band",
    "constant",
    "conv1d",
    "conv2d",
    "conv3d",
    "einsum",
    "eye",
    "function",
    "gather",
    "mahalanobis",
    "matrix",
    "multivariate_normal_logpdf",
    "names",
    "one_hot",
    "ones",
    "pairwise_squared_distances",
    "quadratic_form",
    "scalar",
    "scan",
    "scatter_add",
    "squared_mahalanobis",
    "tensor",
    "vector",
    "windows",
    "zeros",
]

# Importing them fills the table.
_IMPLEMENTATIONS = (diagonals, elementwise, joining, linear, products, reductions, shaping)


def __getattr__(name: str) -> Any:
    """Functions of the registry by name: `python.softmax`, `python.logdet`, …"""
    from ...ir.record import REGISTRY, SPELLINGS

    if name.startswith("_") or not (name in REGISTRY or name in SPELLINGS):
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return function(name)
