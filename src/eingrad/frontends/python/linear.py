"""`numpy.linalg`: inverses, determinants, norms, spectra."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NamedTuple

from ...dims import shape_text
from ...errors import ShapeError, UnsupportedError
from ...ir import build, construct
from ...ir.node import Node
from .convert import node_of
from .dispatch import apply_record, has_record, implements, require
from .elementwise import absolute, not_equal
from .reductions import axes_of, max, min, sum

HALF = Fraction(1, 2)
NUCLEAR = ("nuclear_norm", "norm_nuclear", "nuclear", "norm_nuc", "nuc")


class SlogdetResult(NamedTuple):
    """Sign and logarithm of the absolute value of a determinant."""

    sign: Any
    logabsdet: Any


def _matrix(a: Any, what: str, square: bool = True) -> Node:
    node = node_of(a)
    if node.ndim < 2 or (square and node.shape[-1] != node.shape[-2]):
        wanted = "a square matrix" if square else "a matrix"
        raise ShapeError(f"{what} needs {wanted}; this is {shape_text(node.shape)}")
    return node


@implements("linalg.inv")
def inv(a: Any) -> Node:
    return apply_record(require("inv"), _matrix(a, "inv"))


@implements("linalg.pinv")
def pinv(a: Any) -> Node:
    return apply_record(require("pinv"), _matrix(a, "pinv", square=False))


@implements("linalg.det")
def det(a: Any) -> Node:
    return apply_record(require("det"), _matrix(a, "det"))


@implements("linalg.slogdet")
def slogdet(a: Any) -> SlogdetResult:
    node = _matrix(a, "slogdet")
    sign = apply_record(require("detsign"), node)
    return SlogdetResult(sign, apply_record(require("logabsdet", "logdet"), node))


@implements("linalg.solve")
def solve(a: Any, b: Any) -> Node:
    """A⁻¹ b for a vector b, or A⁻¹ B for a matrix B; generated code solves instead of inverting."""
    matrix, right = _matrix(a, "solve"), node_of(b)
    if not right.ndim or right.shape[-2 if right.ndim > 1 else 0] != matrix.shape[-1]:
        raise ShapeError(
            f"solve: {shape_text(matrix.shape)} and {shape_text(right.shape)} do not fit"
        )
    return construct.matmul(inv(matrix), right)


@implements("linalg.cholesky")
def cholesky(a: Any, *, upper: bool = False) -> Node:
    node = apply_record(require("cholesky"), _matrix(a, "cholesky"))
    return _swapped(node) if upper else node


@implements("linalg.eigvalsh")
def eigvalsh(a: Any, UPLO: str = "L") -> Node:
    if UPLO not in ("L", "l"):
        raise UnsupportedError("numpy.linalg.eigvalsh: UPLO= is not covered; pass the transpose")
    return apply_record(require("eigvalsh"), _matrix(a, "eigvalsh"))


@implements("linalg.svdvals")
def svdvals(x: Any) -> Node:
    return apply_record(require("svdvals"), _matrix(x, "svdvals", square=False))


@implements("linalg.svd")
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Node:
    if compute_uv:
        raise UnsupportedError(
            "numpy.linalg.svd with singular vectors is not covered; "
            "svd(…, compute_uv=False) gives the singular values"
        )
    return svdvals(a)


@implements("linalg.norm")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Node:
    """NumPy's norm: of vectors along one axis, of matrices in two, of all entries by default."""
    node = node_of(x)
    if axis is None and ord is None:
        return vector_norm(node, 2, None, keepdims)
    axes = axes_of(node, axis)
    if len(axes) == 1:
        return vector_norm(node, 2 if ord is None else ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(node, "fro" if ord is None else ord, axes, keepdims)
    raise ShapeError(
        f"a norm is of vectors or matrices; {shape_text(node.shape)} needs axis= of one or two"
    )


@implements("linalg.vector_norm")
def _vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Node:
    return vector_norm(node_of(x), ord, axis, keepdims)


@implements("linalg.matrix_norm")
def _norm_of_last(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Node:
    return _matrix_norm(_matrix(x, "a matrix norm", square=False), ord, [-2, -1], keepdims)


def vector_norm(node: Node, ord: Any, axis: Any, keepdims: bool) -> Node:
    """(Σ |x|^ord)^(1/ord) over the entries along some axes; for ±∞ the extreme |x|."""
    if isinstance(ord, str):
        raise ShapeError(f"{ord!r} is a norm of matrices, not of vectors")
    if ord == 2:
        return sum(node * node, axis, keepdims) ** HALF
    if ord == math.inf:
        return max(absolute(node), axis, keepdims)
    if ord == -math.inf:
        return min(absolute(node), axis, keepdims)
    if ord == 0:
        return sum(not_equal(node, 0).node, axis, keepdims)
    if ord == 1:
        return sum(absolute(node), axis, keepdims)
    order = build.exact(ord)
    base = node if isinstance(order, int) and order % 2 == 0 else absolute(node)
    return sum(base**order, axis, keepdims) ** (Fraction(1) / Fraction(order))


def _matrix_norm(node: Node, ord: Any, axes: list[int], keepdims: bool) -> Node:
    rows, columns = (construct.axis_of(node, a) for a in axes)
    places = tuple(sorted((rows, columns)))
    if ord in ("fro", "f"):
        return vector_norm(node, 2, places, keepdims)
    if ord in ("nuc", 2, -2):
        result = _spectral_norm(construct.move_axes(node, [rows, columns], [-2, -1]), ord)
        return construct.expand_dims(result, places) if keepdims else result
    if ord in (1, -1, math.inf, -math.inf):
        inner, outer = (rows, columns) if abs(ord) == 1 else (columns, rows)
        totals = sum(absolute(node), inner, keepdims=True)
        result = (max if ord > 0 else min)(totals, outer, keepdims=True)
        return result if keepdims else construct.squeeze(result, places)
    raise UnsupportedError(
        f"numpy.linalg.norm: ord={ord!r} is not a norm of matrices; "
        "use 'fro', 'nuc', 1, 2, np.inf or their negatives"
    )


def _spectral_norm(node: Node, ord: Any) -> Node:
    """Sum, largest or smallest of the singular values; their number is the smaller size."""
    if ord == "nuc" and has_record(*NUCLEAR):
        return apply_record(require(*NUCLEAR), node)
    m, n = node.shape[-2:]
    if ord == 2 and m != n and None in (m.as_int(), n.as_int()):
        # How many there are is not known, but the largest is: the root of an eigenvalue of XᵀX.
        gram = construct.matmul(_swapped(node), node)
        return max(apply_record(require("eigvalsh"), gram), -1) ** HALF
    values = svdvals(node)
    return sum(values, -1) if ord == "nuc" else (max if ord == 2 else min)(values, -1)


def _swapped(node: Node) -> Node:
    order = list(range(node.ndim))
    return build.transpose(node, [*order[:-2], order[-1], order[-2]])


@implements("linalg.cond")
def cond(x: Any, p: Any = None) -> Node:
    """‖A‖ ‖A⁻¹‖; for the spectral norm the ratio of the extreme singular values."""
    if p is None or p in (2, -2):
        values = svdvals(x)
        largest, smallest = max(values, -1), min(values, -1)
        return smallest / largest if p == -2 else largest / smallest
    node = _matrix(x, "cond")
    return norm(node, p, (-2, -1)) * norm(inv(node), p, (-2, -1))
