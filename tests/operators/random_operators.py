"""Random operators, each with the dense tensor that it stands for, formed by plain einsum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from eingrad.operators import StructuredOperator
from eingrad.operators.term import Core, NumericTerm, merged, normal


def positive_definite(rng: np.random.Generator, n: int) -> np.ndarray:
    """A symmetric positive definite n×n matrix."""
    X = rng.normal(size=(n, n))
    return X @ X.T + np.eye(n)


def operator_of(
    sizes: Sequence[int],
    terms: Sequence[tuple[float, Any, Any, Sequence[Any]]],
    seed: int = 0,
    dtype: Any = np.float64,
) -> tuple[StructuredOperator, np.ndarray]:
    """An operator from patterns, and its dense tensor.

    Each term is (coefficient, atoms of the output axes, atoms of the input axes, cores), a core
    being its atoms (random numbers) or a pair (array, atoms). Atoms index `sizes`.
    """
    rng = np.random.default_rng(seed)
    size = dict(enumerate(sizes))
    built: list[NumericTerm] = []
    total: Any = 0.0
    shapes = ((), ())
    for coefficient, out, into, cores in terms:
        arrays = []
        for core in cores:
            if len(core) == 2 and isinstance(core[0], np.ndarray):
                arrays.append((core[0], tuple(core[1])))
            else:
                values = rng.normal(size=[sizes[a] for a in core]).astype(dtype)
                arrays.append((values, tuple(core)))
        built.append(normal(coefficient, out, into, size, [Core(a, t) for a, t in arrays]))
        total = total + coefficient * dense(size, out, into, arrays)
        shapes = tuple(
            tuple(int(np.prod([sizes[a] for a in axis], dtype=int)) for axis in side)
            for side in (out, into)
        )
    operator = StructuredOperator(merged(built), *shapes, dtype)
    return operator, np.asarray(total)


def dense(size: Any, out: Any, into: Any, arrays: Any) -> np.ndarray:
    """Einsum with an identity for every place of an atom."""
    places = [a for axis in (*out, *into) for a in axis]
    fresh = len(size)
    operands: list[Any] = []
    for array, atoms in arrays:
        operands += [array, list(atoms)]
    for k, a in enumerate(places):
        operands += [np.eye(size[a]), [a, fresh + k]]
    operands += [np.ones(()), []]
    value = np.einsum(*operands, [fresh + k for k in range(len(places))], optimize=True)
    shape = [int(np.prod([size[a] for a in axis], dtype=int)) for axis in (*out, *into)]
    return value.reshape(shape)


def matrix(operator: StructuredOperator, tensor: np.ndarray) -> np.ndarray:
    """The tensor as a matrix, output × input."""
    rows = int(np.prod(operator.out_shape, dtype=int))
    return tensor.reshape(rows, -1)
