"""Quantities of statistics and geometry that are compositions: no record of their own is needed.

Both front ends build them here. What is solved with is written as an inverse; code solves, and
log det comes from a factorisation.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ..dims import shape_text
from ..errors import ShapeError
from .apply import apply
from .build import add, einsum, power, scale, sum_of
from .construct import size_value, triangle
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


def gather(node: Node, pattern: Node, axis: int) -> Node:
    """Entries of an axis at the places of a pattern (… × size); its other axes take the axis's
    place."""
    indices: list[tuple[Any, ...]] = [(k,) for k in range(node.ndim)]
    rows: list[tuple[Any, ...]] = [(("row", k),) for k in range(pattern.ndim - 1)]
    out = [*indices[:axis], *rows, *indices[axis + 1 :]]
    return einsum([(node, indices), (pattern, [*rows, (axis,)])], out)


def scatter_add(node: Node, pattern: Node, axis: int) -> Node:
    """The adjoint of `gather`: entries added up at the places of a pattern."""
    count = pattern.ndim - 1
    indices: list[tuple[Any, ...]] = [(k,) for k in range(node.ndim)]
    rows = indices[axis : axis + count]
    if node.shape[axis : axis + count] != pattern.shape[:-1]:
        raise ShapeError(
            f"the index has shape {shape_text(pattern.shape[:-1])}; there the array has "
            f"{shape_text(node.shape[axis : axis + count])}"
        )
    out = [*indices[:axis], ("new",), *indices[axis + count :]]
    return einsum([(node, indices), (pattern, [*rows, ("new",)])], out)


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
