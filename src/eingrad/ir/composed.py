"""Quantities of statistics and geometry that are compositions: no record of their own is needed.

Both front ends build them here. What is solved with is written as an inverse; code solves, and
log det comes from a factorisation.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from ..dims import Dim, as_dim, product, shape_text
from ..errors import ShapeError, UnsupportedError
from . import kernels
from .apply import apply
from .build import add, einsum, power, scale, sum_of
from .construct import axis_of, reshape, size_value, triangle
from .facts import has
from .node import Node


def quadratic_form(x: Node, a: Node) -> Node:
    """xᵀAx; leading axes of x are a batch (the rows of a matrix).

    Raises
    ------
    ShapeError
        The last axis of x and the axes of A differ.
    """
    if x.ndim < 1 or a.shape != (x.shape[-1],) * 2:
        raise ShapeError(
            f"a quadratic form takes … × n and n × n, not {shape_text(x.shape)} and "
            f"{shape_text(a.shape)}"
        )
    lead: list[tuple[Any, ...]] = [(("b", k),) for k in range(x.ndim - 1)]
    return einsum([(x, [*lead, ("i",)]), (a, [("i",), ("j",)]), (x, [*lead, ("j",)])], lead)


def squared_mahalanobis(x: Node, mean: Node, covariance: Node) -> Node:
    """(x − m)ᵀ S⁻¹ (x − m) with the covariance S; leading axes of x are a batch."""
    return quadratic_form(_centred(x, mean), apply("inv", _square(covariance)))


def mahalanobis(x: Node, mean: Node, covariance: Node) -> Node:
    """√((x − m)ᵀ S⁻¹ (x − m)); not differentiable at x = m."""
    return power(squared_mahalanobis(x, mean, covariance), Fraction(1, 2))


def _square(matrix: Node) -> Node:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(f"a covariance is a square matrix, not {shape_text(matrix.shape)}")
    return matrix


def _centred(x: Node, mean: Node) -> Node:
    if mean.ndim and (x.ndim < 1 or mean.shape[-1] != x.shape[-1]):
        raise ShapeError(
            f"a point and a mean have one size, not {shape_text(x.shape)} and "
            f"{shape_text(mean.shape)}"
        )
    return sum_of(x, scale(-1, mean))


def pairwise_squared_distances(x: Node, y: Node) -> Node:
    """‖x_i − y_j‖² for all rows of two matrices; computed from differences, so nothing cancels.

    Raises
    ------
    ShapeError
        The operands are not matrices with rows of one length.
    """
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ShapeError(
            f"pairwise distances take m × k and n × k, not {shape_text(x.shape)} and "
            f"{shape_text(y.shape)}"
        )
    sizes: dict[Any, Any] = {"i": x.shape[0], "j": y.shape[0], "k": x.shape[1]}
    out = [("i",), ("j",), ("k",)]
    here = einsum([(x, [("i",), ("k",)])], out, 1, sizes)
    there = einsum([(y, [("j",), ("k",)])], out, -1, sizes)
    apart = add(here, there)
    return einsum([(apart, out), (apart, out)], out[:2], 1, sizes)


def multivariate_normal_logpdf(x: Node, mean: Node, covariance: Node) -> Node:
    """−½ (k log 2π + log det S + (x − m)ᵀ S⁻¹ (x − m)); leading axes of x are a batch."""
    squared = squared_mahalanobis(x, mean, covariance)
    two_pi = apply("log", scale(2, apply("pi")))
    constant = size_value(x.shape[-1]) * two_pi
    volume = apply("logdet", covariance)
    return scale(Fraction(-1, 2), sum_of(sum_of(constant, volume), squared))


def band(node: Node, lower: int, upper: int) -> Node:
    """The entries of the last two axes from `lower` diagonals below to `upper` above, else 0."""
    if lower < 0 or upper < 0:
        raise ShapeError("a band has a number of diagonals below and one above, both at least 0")
    return triangle(triangle(node, -lower, lower=False), upper, lower=True)


def gather(node: Node, index: Node | np.ndarray, axis: int) -> Node:
    """Entries at the places of an index along an axis; the axes of the index take its place.

    Parameters
    ----------
    index:
        Whole numbers (negative ones count from the end), or a node with the fact `integer`.

    Raises
    ------
    ShapeError
        A place is out of bounds.
    UnsupportedError
        The index is a node that is not known to be whole.
    """
    k = axis_of(node, axis)
    pattern = _pattern(index, node.shape[k])
    indices: list[tuple[Any, ...]] = [(j,) for j in range(node.ndim)]
    rows: list[tuple[Any, ...]] = [(("row", j),) for j in range(pattern.ndim - 1)]
    if isinstance(index, np.ndarray) and pattern.shape[0].is_one:
        rows = [()]
    out = [*indices[:k], *rows, *indices[k + 1 :]]
    sizes: dict[Any, Any] = {("row", j): d for j, d in enumerate(pattern.shape[:-1])}
    result = einsum([(node, indices), (pattern, [*rows, (k,)])], out, 1, sizes)
    if isinstance(index, np.ndarray) and index.ndim != 1:
        cut = (*node.shape[:k], *map(as_dim, index.shape), *node.shape[k + 1 :])
        result = reshape(result, cut)
    return result


def scatter_add(node: Node, index: Node | np.ndarray, size: Dim, axis: int = 0) -> Node:
    """The adjoint of `gather`: entries added up at the places of an index on an axis of `size`.

    Raises
    ------
    ShapeError
        The axes of the index are not those of the array from `axis` on.
    """
    count = index.ndim
    k = axis if axis >= 0 else axis + node.ndim - count + 1
    pattern = _pattern(index, size)
    shape = tuple(map(as_dim, index.shape))
    if k < 0 or node.shape[k : k + count] != shape:
        raise ShapeError(
            f"the index has shape {shape_text(shape)}; there the array has "
            f"{shape_text(node.shape[max(k, 0) : max(k, 0) + count])}"
        )
    indices: list[tuple[Any, ...]] = [(j,) for j in range(node.ndim)]
    rows = indices[k : k + count]
    out = [*indices[:k], ("new",), *indices[k + count :]]
    if isinstance(index, np.ndarray):
        if count != 1:
            merged = (*node.shape[:k], product(shape), *node.shape[k + count :])
            return scatter_add(reshape(node, merged), index.ravel(), size, k)
        if pattern.shape[0].is_one:
            indices[k], rows = (), [()]
    sizes: dict[Any, Any] = {j: d for j, d in enumerate(node.shape) if indices[j]}
    return einsum([(node, indices), (pattern, [*rows, ("new",)])], out, 1, sizes)


def _pattern(index: Node | np.ndarray, size: Dim) -> Node:
    """The 0/1 pattern of an index: a kernel of known places, or one of the values of a node."""
    if isinstance(index, np.ndarray):
        return kernels.gather(index.ravel().tolist(), size)
    if not has(index, "integer"):
        raise UnsupportedError(
            "an index that is an input is whole: declare it with the fact integer, as in "
            '"m integer"'
        )
    return apply("one_hot", index, size=size)


__all__ = [
    "band",
    "gather",
    "mahalanobis",
    "multivariate_normal_logpdf",
    "pairwise_squared_distances",
    "quadratic_form",
    "scatter_add",
    "squared_mahalanobis",
]
