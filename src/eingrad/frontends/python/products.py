"""Products of arrays: matrix, inner, outer, Kronecker, tensor products and `einsum`."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from ...dims import Dim, shape_text
from ...errors import ShapeError, UnsupportedError
from ...ir import build, construct
from ...ir.node import Node
from .convert import node_of
from .dispatch import implements


@implements("matmul", "linalg.matmul")
def matmul(x1: Any, x2: Any) -> Node:
    return construct.matmul(node_of(x1), node_of(x2))


@implements("dot")
def dot(a: Any, b: Any) -> Node:
    """NumPy's dot: the last axis of a with the last but one of b (or its only one)."""
    left, right = node_of(a), node_of(b)
    if not left.ndim or not right.ndim:
        return left * right
    return construct.tensordot(left, right, [left.ndim - 1], [max(right.ndim - 2, 0)])


@implements("vdot")
def vdot(a: Any, b: Any) -> Node:
    return construct.inner_product(construct.ravel(node_of(a)), construct.ravel(node_of(b)))


@implements("inner")
def inner(a: Any, b: Any) -> Node:
    """Sums over the last axis of both."""
    left, right = node_of(a), node_of(b)
    if not left.ndim or not right.ndim:
        return left * right
    return construct.tensordot(left, right, [left.ndim - 1], [right.ndim - 1])


@implements("vecdot", "linalg.vecdot")
def vecdot(x1: Any, x2: Any, axis: int = -1) -> Node:
    product = node_of(x1) * node_of(x2)
    return construct.sum_axes(product, [axis])


@implements("matvec")
def matvec(x1: Any, x2: Any) -> Node:
    column = construct.expand_dims(node_of(x2), [-1])
    return construct.squeeze(construct.matmul(node_of(x1), column), [-1])


@implements("vecmat")
def vecmat(x1: Any, x2: Any) -> Node:
    row = construct.expand_dims(node_of(x1), [-2])
    return construct.squeeze(construct.matmul(row, node_of(x2)), [-2])


@implements("outer", "linalg.outer")
def outer(a: Any, b: Any) -> Node:
    """All products of two entries; NumPy ravels both arrays first."""
    return construct.outer(construct.ravel(node_of(a)), construct.ravel(node_of(b)))


@implements("kron")
def kron(a: Any, b: Any) -> Node:
    return construct.kron(node_of(a), node_of(b))


@implements("tensordot", "linalg.tensordot")
def tensordot(a: Any, b: Any, axes: Any = 2) -> Node:
    """Sums over `axes` last axes of a and first axes of b, or over paired lists of axes."""
    left, right = node_of(a), node_of(b)
    if isinstance(axes, Sequence):
        pair = [list(x) if isinstance(x, Sequence) else [operator.index(x)] for x in axes]
        if len(pair) != 2:
            raise ShapeError("tensordot: axes= is a number or a pair of lists of axes")
        return construct.tensordot(left, right, pair[0], pair[1])
    count = operator.index(axes)
    if count < 0 or count > min(left.ndim, right.ndim):
        raise ShapeError(
            f"tensordot over {count} axes of {shape_text(left.shape)} and {shape_text(right.shape)}"
        )
    return construct.tensordot(left, right, range(left.ndim - count, left.ndim), range(count))


@implements("linalg.multi_dot")
def multi_dot(arrays: Any) -> Node:
    """The matrix product of a chain; its ends may be vectors."""
    nodes = [node_of(a) for a in arrays]
    if len(nodes) < 2:
        raise ShapeError("multi_dot takes two arrays or more")
    if any(n.ndim != 2 for n in nodes[1:-1]) or not {nodes[0].ndim, nodes[-1].ndim} <= {1, 2}:
        raise ShapeError("multi_dot: the ends are vectors or matrices, all others matrices")
    result = nodes[0]
    for node in nodes[1:]:
        result = construct.matmul(result, node)
    return result


@implements("linalg.matrix_power")
def matrix_power(a: Any, n: int) -> Node:
    return construct.matrix_power(node_of(a), operator.index(n))


@implements("cross", "linalg.cross")
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Node:
    """The vector product of arrays of 3-vectors."""
    from .indexing import index

    if axis is not None:
        axisa = axisb = axisc = axis
    left = construct.move_axes(node_of(a), [axisa], [-1])
    right = construct.move_axes(node_of(b), [axisb], [-1])
    if left.shape[-1] != 3 or right.shape[-1] != 3:
        raise ShapeError(
            "cross takes vectors of size 3, not "
            f"{shape_text(left.shape)} and {shape_text(right.shape)}"
        )
    p = [index(left, (Ellipsis, k)) for k in range(3)]
    q = [index(right, (Ellipsis, k)) for k in range(3)]
    parts = [p[(k + 1) % 3] * q[(k + 2) % 3] - p[(k + 2) % 3] * q[(k + 1) % 3] for k in range(3)]
    result = construct.stack(parts, -1)
    return construct.move_axes(result, [-1], [axisc])


@implements("einsum")
def einsum(*operands: Any) -> Node:
    """NumPy's einsum, as text or with lists of axis numbers."""
    if not operands:
        raise ShapeError("einsum takes subscripts and arrays")
    if not isinstance(operands[0], str):
        return _einsum_of_lists(operands)
    spec, arrays = operands[0], operands[1:]
    return contracted(spec, [node_of(a) for a in arrays], deltas=False)


def contracted(spec: str, nodes: Sequence[Node], deltas: bool = True) -> Node:
    """The einsum of a specification such as `"ij,jk->ik"`, with `...` for further axes.

    With `deltas`, a repeated output letter puts the operands on a diagonal: `"i->ii"`.

    Raises
    ------
    ShapeError
        Subscripts and shapes do not fit.
    """
    text = "".join(spec.split())
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(nodes):
        raise ShapeError(f"einsum {spec!r} has {len(terms)} operands; {len(nodes)} are given")
    inputs = [
        _subscripts(term, node.ndim, spec, node) for term, node in zip(terms, nodes, strict=True)
    ]
    rank = max((sum(not isinstance(x, str) for x in labels) for labels in inputs), default=0)
    extra: list[Any] = [k - rank for k in range(rank)]
    if arrow:
        before, dots, after = right.partition("...")
        if "." in before + after or not all(c.isalpha() for c in before + after):
            raise ShapeError(f"einsum {spec!r}: the result's subscripts are letters and one ...")
        out = [*before, *(extra if dots else ()), *after]
        if not dots and extra:
            raise ShapeError(f"einsum {spec!r}: the result needs ... as well")
    else:
        letters = [x for labels in inputs for x in labels if isinstance(x, str)]
        out = [*extra, *sorted(c for c in set(letters) if letters.count(c) == 1)]
    if not deltas and len(set(out)) < len(out):
        raise ShapeError(
            f"einsum {spec!r}: NumPy takes no repeated letter in a result; "
            "use np.diag, or eingrad.einsum, where it means a diagonal"
        )
    return _contract(spec, nodes, inputs, out)


def _subscripts(term: str, ndim: int, spec: str, node: Node) -> list[Any]:
    """Letters, and negative numbers for the axes that `...` stands for, aligned at the end."""
    before, dots, after = term.partition("...")
    if not all(c.isalpha() for c in before + after):
        raise ShapeError(f"einsum {spec!r}: subscripts are letters, commas, -> and ...")
    count = ndim - len(before) - len(after)
    if count < 0 or (count and not dots):
        raise ShapeError(
            f"einsum {spec!r}: {term!r} does not fit an operand of shape {shape_text(node.shape)}"
        )
    return [*before, *range(-count, 0), *after]


def _contract(
    spec: str, nodes: Sequence[Node], inputs: list[list[Any]], out: Sequence[Any]
) -> Node:
    """Letters of size 1 are stretched where another operand has a larger size, as NumPy does."""
    sizes: dict[Any, Dim] = {}
    for labels, node in zip(inputs, nodes, strict=True):
        for label, dim in zip(labels, node.shape, strict=True):
            known = sizes.setdefault(label, dim)
            if known.is_one:
                sizes[label] = dim
            elif known != dim and not dim.is_one:
                raise ShapeError(
                    f"einsum {spec!r}: the subscript {label} has the sizes {known} and {dim} in "
                    + " and ".join(shape_text(n.shape) for n in nodes)
                )
    for label in out:
        if label not in sizes:
            raise ShapeError(f"einsum {spec!r}: {label!r} of the result is on no operand")
    factors = [
        (node, [() if d.is_one else (x,) for x, d in zip(labels, node.shape, strict=True)])
        for labels, node in zip(inputs, nodes, strict=True)
    ]
    return build.einsum(factors, [(x,) for x in out], 1, {x: sizes[x] for x in out})


def _einsum_of_lists(operands: Sequence[Any]) -> Node:
    """`einsum(A, [0, 1], B, [1, 2], [0, 2])`."""
    if any(Ellipsis in op for op in operands[1::2] if isinstance(op, list | tuple)):
        raise UnsupportedError("numpy.einsum: lists with Ellipsis; write the subscripts as text")
    pairs = len(operands) // 2
    nodes = [node_of(op) for op in operands[: 2 * pairs : 2]]
    lists = [list(map(str, op)) for op in operands[1 : 2 * pairs : 2]]
    for labels, node in zip(lists, nodes, strict=True):
        if len(labels) != node.ndim:
            raise ShapeError(f"einsum: {len(labels)} subscripts for {shape_text(node.shape)}")
    if len(operands) % 2:
        out = list(map(str, operands[-1]))
    else:
        flat = [x for labels in lists for x in labels]
        out = sorted({x for x in flat if flat.count(x) == 1}, key=int)
    return _contract("of lists", nodes, lists, out)
