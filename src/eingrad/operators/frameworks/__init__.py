"""Operators of JAX, PyTorch and TensorFlow arrays: one adapter a library, one algorithm for all."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...errors import UnsupportedError, library_needed

# The library, which is also the file here that adapts it → the class there.
ADAPTERS = {
    "jax": "JaxNamespace",
    "torch": "TorchNamespace",
    "tensorflow": "TensorFlowNamespace",
}


def adapter(backend: str) -> Any:
    """The class of a backend's namespace; the library is imported now.

    Raises
    ------
    UnsupportedError
        There is no such backend, or its library is not installed.
    """
    if backend not in ADAPTERS:
        known = ", ".join(["numpy", *ADAPTERS])
        raise UnsupportedError(f"operators know no backend {backend!r}; there are {known}")
    with library_needed(f"an operator of {backend} arrays"):
        import_module(backend)
    module = import_module(f"{__name__}.{backend}")
    return getattr(module, ADAPTERS[backend])


def operator_class(backend: str) -> Any:
    """The class of a backend's operators; JAX's is a pytree, TensorFlow's is not rewritten."""
    if backend == "jax":
        from .pytree import JaxOperator

        return JaxOperator
    if backend == "tensorflow":
        from .autograph import TensorFlowOperator

        return TensorFlowOperator
    from .operator import FrameworkOperator

    return FrameworkOperator


__all__ = ["adapter", "operator_class"]
