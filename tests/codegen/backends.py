"""The frameworks that code is generated for: arrays in, NumPy arrays out."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from eingrad.codegen import BACKENDS, Generated

__all__ = ["BACKENDS", "call", "given", "returned"]


def given(backend: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """NumPy arrays as arrays of the framework, of the same type."""
    if backend == "jax":
        jax = framework_jax()
        return {k: jax.numpy.asarray(v) for k, v in values.items()}
    if backend == "torch":
        torch = importlib.import_module("torch")
        return {k: torch.tensor(np.asarray(v)) for k, v in values.items()}
    if backend == "tensorflow":
        tensorflow = importlib.import_module("tensorflow")
        return {k: tensorflow.constant(np.asarray(v)) for k, v in values.items()}
    if backend == "array_api":
        strict = framework_strict()
        return {k: strict.asarray(np.asarray(v)) for k, v in values.items()}
    return dict(values)


def framework_jax() -> Any:
    """JAX in double precision; compiled fast rather than to fast code, for each shape is new."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_disable_most_optimizations", True)
    return jax


def framework_strict() -> Any:
    """The array API standard and nothing else, with nothing whose shape depends on values."""
    strict = importlib.import_module("array_api_strict")
    strict.set_array_api_strict_flags(
        api_version="2024.12", boolean_indexing=False, data_dependent_shapes=False
    )
    return strict


def returned(result: Any) -> Any:
    """Arrays of a framework as NumPy arrays, in a list if there are several."""
    if isinstance(result, tuple | list):
        return [returned(r) for r in result]
    return result if isinstance(result, float) else np.asarray(result)


def call(
    backend: str, generated: Generated, values: Mapping[str, Any], sizes: Mapping[str, int] = {}
) -> Any:
    """What a generated function returns for arrays by the names of the variables."""
    extra = {python: sizes[symbol] for symbol, python in generated.sizes.items()}
    renamed = {python: values[v] for v, python in generated.arguments.items()}
    if backend == "array_api" and not renamed:  # nothing else would tell it the namespace
        extra["xp"] = framework_strict()
    function = generated.function()
    if backend == "jax":  # operation by operation each would be compiled apart
        function = framework_jax().jit(function, static_argnames=tuple(extra))
    if backend == "torch" and not renamed:  # then the library's default type is that of the result
        with default_type("float64"):
            return returned(function(**extra))
    return returned(function(**given(backend, renamed), **extra))


@contextmanager
def default_type(name: str) -> Iterator[None]:
    """PyTorch with another type of what says none."""
    torch = importlib.import_module("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, name))
    try:
        yield
    finally:
        torch.set_default_dtype(before)
