"""A square matrix taken apart into scalars and square factors, for inverses and determinants.

`c·diag(u)·A·diag(v)`, `A·B·C`, `A·diag(w)·B`, kron(A, B): inv, det and logdet of such a product are
made of those of its parts, provided that each part is square: a chain is cut only where the
size is that of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..dims import Dim
from ..ir import build
from ..ir.node import AxisIndex, Contraction, Factor, Node, Number, Sum, Term


class Diagonal(NamedTuple):
    """A part that is the diagonal matrix of a vector."""

    vector: Node


@dataclass(frozen=True)
class SquareProduct:
    """coefficient × scalars × parts, multiplied as matrices of size n from left to right."""

    n: Dim
    coefficient: Number
    scalars: tuple[Node, ...]
    parts: tuple[Node | Diagonal, ...]

    @property
    def scale(self) -> Node:
        """The scalar in front."""
        return build.scale(self.coefficient, build.multiply(build.number(1), *self.scalars))

    @property
    def scaled(self) -> bool:
        """Whether the scalar in front is not 1."""
        return self.coefficient != 1 or bool(self.scalars)


def square_product(node: Node) -> SquareProduct | None:
    """The parts of a square matrix; None when it is a single matrix, or no plain product."""
    if node.ndim != 2 or node.shape[0] != node.shape[1]:
        return None
    n = node.shape[0]
    if isinstance(node, Contraction):
        parts = _cut(_walk(node.factors, node.out), n)
        return SquareProduct(n, 1, (), parts) if parts and len(parts) > 1 else None
    if not isinstance(node, Term) or any(len(axis) != 1 for axis in node.out):
        return None
    (left,), (right,) = node.out
    scalars = tuple(f.node for f in node.factors if not f.indices)
    rest = [f for f in node.factors if f.indices]
    if left == right:  # a diagonal matrix
        if any(atom != left for f in rest for axis in f.indices for atom in axis):
            return None
        vector = build.einsum(rest, [(left,)], 1, dict(enumerate(node.sizes)))
        diagonal = (Diagonal(vector),) if rest else ()
        return SquareProduct(n, node.coefficient, scalars, diagonal)
    parts = _cut(_walk(rest, (left, right)), n)
    if not parts:
        return None
    return SquareProduct(n, node.coefficient, scalars, parts)


def proper_product(node: Node) -> SquareProduct | None:
    """A product that is simpler in parts: not just the matrix itself."""
    found = square_product(node)
    if found is not None and len(found.parts) == 1 and not found.scaled:
        return found if isinstance(found.parts[0], Diagonal) else None
    return found


class _Step(NamedTuple):
    node: Node | Diagonal
    size_after: Dim


def _walk(factors: Sequence[Factor], out: Sequence[int]) -> list[_Step] | None:
    """The matrices and weights on the way from the first free index to the second, in order."""
    left, right = out
    remaining = list(factors)
    if any(len(axis) != 1 for f in remaining for axis in f.indices):
        return None
    steps: list[_Step] = []
    at = left
    while True:
        here = [f for f in remaining if (at,) in f.indices]
        weights = [f for f in here if len(f.indices) == 1]
        edges = [f for f in here if len(f.indices) != 1]
        if weights:
            vector = build.multiply(*(f.node for f in weights))
            steps.append(_Step(Diagonal(vector), vector.shape[0]))
        if at == right:
            return steps if not edges and not _without(remaining, weights) else None
        if len(edges) != 1 or len(edges[0].indices) != 2:
            return None
        (edge,) = edges
        (p,), (q,) = edge.indices
        if p == q:
            return None
        forward = p == at
        matrix = edge.node if forward else build.transpose(edge.node, (1, 0))
        steps.append(_Step(matrix, matrix.shape[1]))
        remaining = _without(remaining, [*weights, edge])
        at = q if forward else p


def _without(factors: Sequence[Factor], gone: Sequence[Factor]) -> list[Factor]:
    left = list(factors)
    for factor in gone:
        left.remove(factor)
    return left


def _cut(steps: list[_Step] | None, n: Dim) -> tuple[Node | Diagonal, ...]:
    """Steps joined to square parts of size n; an empty tuple when there is nothing to join."""
    if not steps:
        return ()
    parts: list[Node | Diagonal] = []
    pending: list[Node | Diagonal] = []
    for step in steps:
        if isinstance(step.node, Diagonal) and not pending:
            parts.append(step.node)
            continue
        pending.append(step.node)
        if step.size_after == n and not isinstance(step.node, Diagonal):
            parts.append(_joined(pending))
            pending = []
    if pending:
        return ()
    return tuple(parts)


def _joined(steps: Sequence[Node | Diagonal]) -> Node:
    factors: list[tuple[Node, tuple[AxisIndex, ...]]] = []
    at = 0
    for step in steps:
        if isinstance(step, Diagonal):
            factors.append((step.vector, ((at,),)))
        else:
            factors.append((step, ((at,), (at + 1,))))
            at += 1
    return build.einsum(factors, [(0,), (at,)])


def as_matrix(part: Node | Diagonal) -> Node:
    """A part as a matrix."""
    if isinstance(part, Diagonal):
        return build.contract("i->ii", part.vector)
    return part


def matrix_product(parts: Sequence[Node]) -> Node:
    """The product of square matrices from left to right."""
    indices = [((k,), (k + 1,)) for k in range(len(parts))]
    return build.einsum(list(zip(parts, indices, strict=True)), [(0,), (len(parts),)])


def kronecker_parts(node: Node) -> tuple[Number, list[Node]] | None:
    """`(c, [A, B, …])` with node = c · A ⊗ B ⊗ …, every part square; None for anything else."""
    if not isinstance(node, Term) or node.ndim != 2:
        return None
    rows, columns = node.out
    if len(rows) != len(columns) or len(rows) < 2:
        return None
    pairs = [{r, c} for r, c in zip(rows, columns, strict=True)]
    if sum(map(len, pairs)) > len(set().union(*pairs)):  # A[0,1] B[1,2] on (0 1)×(1 2) is no A ⊗ B
        return None
    parts: list[Node] = []
    used = 0
    sizes = dict(enumerate(node.sizes))
    for r, c in zip(rows, columns, strict=True):
        if node.sizes[r] != node.sizes[c]:
            return None
        mine = [f for f in node.factors if {a for axis in f.indices for a in axis} <= {r, c}]
        mine = [f for f in mine if f.indices]
        if not mine and r != c:  # ones, which have no inverse
            return None
        used += len(mine)
        parts.append(build.einsum(mine, [(r,), (c,)], 1, sizes))
    scalars = [f for f in node.factors if not f.indices]
    if used + len(scalars) != len(node.factors) or scalars:
        return None
    return node.coefficient, parts


def identity_plus_outer(node: Node) -> tuple[Number, Node] | None:
    """`(c, s)` with node = c·I + u vᵀ, c ≠ 0 and s = vᵀu; None for anything else."""
    if not isinstance(node, Sum) or len(node.operands) != 2 or node.ndim != 2:
        return None
    for first, second in (node.operands, node.operands[::-1]):
        if not isinstance(first, Term) or first.factors or not isinstance(second, Term):
            continue
        if len(first.out) != 2 or first.out[0] != first.out[1] or len(first.out[0]) != 1:
            continue
        if any(len(axis) != 1 for axis in second.out) or second.out[0] == second.out[1]:
            continue
        (i,), (j,) = second.out
        ends = [{a for axis in f.indices for a in axis} for f in second.factors]
        if any(end == {i, j} for end in ends) or {i, j} - set().union(*ends):
            continue
        meeting = [
            (f.node, tuple(tuple(i if a == j else a for a in axis) for axis in f.indices))
            for f in second.factors
        ]
        inner = build.einsum(meeting, [], second.coefficient, {i: second.sizes[i]})
        return first.coefficient, inner
    return None
