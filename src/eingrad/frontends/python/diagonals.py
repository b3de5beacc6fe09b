"""Diagonals and triangles of matrices."""

from __future__ import annotations

import operator
from typing import Any

from ...dims import Dim, shape_text
from ...errors import ShapeError, UnsupportedError
from ...ir import build, construct, kernels
from ...ir.node import Node
from .convert import node_of
from .dispatch import implements
from .indexing import index
from .sizes import visible


@implements("diagonal", "linalg.diagonal")
def diagonal(a: Any, offset: int = 0, axis1: int | None = None, axis2: int | None = None) -> Node:
    node = node_of(a)
    if node.ndim < 2:
        raise ShapeError(f"a diagonal needs two axes; this is {shape_text(node.shape)}")
    p = construct.axis_of(node, 0 if axis1 is None else axis1)
    q = construct.axis_of(node, 1 if axis2 is None else axis2)
    k = operator.index(offset)
    if k or node.shape[p] != node.shape[q]:
        rows, columns = _diagonal_range(node, p, q, k)
        key = [slice(None)] * node.ndim
        key[p], key[q] = rows, columns
        node = index(node, tuple(key))
    return construct.diagonal(node, p, q)


def _diagonal_range(node: Node, p: int, q: int, k: int) -> tuple[slice, slice]:
    """The square part that has the k-th diagonal as its main one."""
    m, n = node.shape[p], node.shape[q]
    rows, columns = m - max(-k, 0), n - max(k, 0)
    if rows == columns or None not in (rows.as_int(), columns.as_int()):
        count = rows if rows == columns else Dim.of(min(rows.as_int() or 0, columns.as_int() or 0))
    elif m == n:
        count = m - abs(k)
    else:
        raise UnsupportedError(
            f"the length of a diagonal of {shape_text(node.shape)} is the smaller of two symbolic "
            "sizes; declare the matrix square, or with integer sizes"
        )
    length = visible(count)
    if isinstance(length, int) and length < 0:
        length = 0
    first, second = max(-k, 0), max(k, 0)
    return slice(first, _after(first, length)), slice(second, _after(second, length))


def _after(start: int, length: Any) -> Any:
    return length + start


@implements("trace", "linalg.trace")
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Node:
    return construct.sum_axes(diagonal(a, offset, axis1, axis2), [-1])


@implements("diag")
def diag(v: Any, k: int = 0) -> Node:
    """The matrix with a vector on its k-th diagonal, or the k-th diagonal of a matrix."""
    node = node_of(v)
    k = operator.index(k)
    if node.ndim == 2:
        return diagonal(node, k)
    if node.ndim != 1:
        raise ShapeError(f"diag takes a vector or a matrix, not {shape_text(node.shape)}")
    if not k:
        return construct.diag_matrix(node)
    n = node.shape[0] + abs(k)
    rows = kernels.selection(node.shape[0], n, max(-k, 0), 1)
    columns = kernels.selection(node.shape[0], n, max(k, 0), 1)
    return build.contract("p,pi,pj->ij", node, rows, columns)


@implements("diagflat")
def diagflat(v: Any, k: int = 0) -> Node:
    return diag(construct.ravel(node_of(v)), k)


@implements("tril")
def tril(m: Any, k: int = 0) -> Node:
    return construct.triangle(node_of(m), operator.index(k), lower=True)


@implements("triu")
def triu(m: Any, k: int = 0) -> Node:
    return construct.triangle(node_of(m), operator.index(k), lower=False)
