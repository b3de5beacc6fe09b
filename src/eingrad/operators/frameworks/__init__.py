"""Operators of JAX, PyTorch and TensorFlow arrays: one adapter a library, one algorithm for all."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...errors import UnsupportedError

# Adapter, what to import for it, and the extra that installs it.
ADAPTERS = {
    "jax": ("JaxNamespace", "jax", "jax"),
    "torch": ("TorchNamespace", "torch", "torch"),
    "tensorflow": ("TensorFlowNamespace", "tensorflow", "tensorflow"),
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
    name, library, extra = ADAPTERS[backend]
    try:
        import_module(library)
    except ImportError:
        raise UnsupportedError(
            f"operators of {backend} arrays need {library}, which is not installed: "
            f'pip install "eingrad[{extra}]"'
        ) from None
    module = import_module(f"{__name__}.{backend}")
    return getattr(module, name)


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
