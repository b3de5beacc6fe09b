"""The Python front end: symbolic tensors that NumPy's operators and functions work on."""

from typing import Any

from . import diagonals, elementwise, joining, linear, products, reductions, shaping
from .beyond import function, names
from .creation import constant, einsum, eye, matrix, ones, scalar, tensor, vector, zeros
from .sizes import SymbolicSize
from .tensor import Tensor

__all__ = [
    "SymbolicSize",
    "Tensor",
    "constant",
    "einsum",
    "eye",
    "function",
    "matrix",
    "names",
    "ones",
    "scalar",
    "tensor",
    "vector",
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
