"""The inverse of a square matrix and the pseudoinverse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..ir import build
from ..ir.algebra import ProductView
from ..ir.apply import apply
from ..ir.facts import has
from ..ir.labelling import is_symmetric
from ..ir.node import Apply, Contraction, Node, Term
from ..ir.record import Notation, Record, register
from ..ir.rule import Indexed, IndexRule, delta
from .fact_rules import keeps_matrix
from .matrix_products import Diagonal, kronecker_parts, matrix_product, square_product
from .templates import everywhere

Operands = tuple[Node, ...]
Params = Mapping[str, Any]


def swapped(node: Node) -> Node:
    """The last two axes exchanged."""
    lead = list(range(node.ndim - 2))
    return build.transpose(node, (*lead, node.ndim - 1, node.ndim - 2))


def transposed_operand(node: Node) -> Node | None:
    """X with node = Xᵀ (the last two axes), when node is nothing but that."""
    if isinstance(node, Term) and node.coefficient == 1 and len(node.factors) == 1:
        (inner,) = node.factors
        if inner.node.ndim == node.ndim and swapped(node) is inner.node:
            return inner.node
    return None


def _inverse_of_inverse(operands: Operands, params: Params) -> Node | None:
    """(X⁻¹)⁻¹ -> X, expm(X)⁻¹ -> expm(−X)."""
    (x,) = operands
    if isinstance(x, Apply) and x.function == "expm":
        return apply("expm", build.scale(-1, x.operands[0]))
    return x.operands[0] if isinstance(x, Apply) and x.function == "inv" else None


def _inverse_of_orthogonal(operands: Operands, params: Params) -> Node | None:
    """Q⁻¹ -> Qᵀ."""
    (x,) = operands
    return swapped(x) if has(x, "orthogonal") else None


def _inverse_of_transpose(operands: Operands, params: Params) -> Node | None:
    """(Xᵀ)⁻¹ -> (X⁻¹)ᵀ."""
    inner = transposed_operand(operands[0])
    return None if inner is None else swapped(apply("inv", inner))


def _inverse_of_product(operands: Operands, params: Params) -> Node | None:
    """(c A diag(v) B)⁻¹ -> B⁻¹ diag(1/v) A⁻¹ / c, each part square."""
    found = square_product(operands[0])
    if found is None:
        return None
    if len(found.parts) == 1 and not found.scaled and not isinstance(found.parts[0], Diagonal):
        return None
    inverses = [
        build.contract("i->ii", part.vector**-1)
        if isinstance(part, Diagonal)
        else apply("inv", part)
        for part in reversed(found.parts)
    ]
    if not inverses:
        inverses = [build.einsum([], [(0,), (0,)], 1, {0: found.n})]
    return found.scale**-1 * matrix_product(inverses)


def _inverse_of_kronecker(operands: Operands, params: Params) -> Node | None:
    """(A ⊗ B)⁻¹ -> A⁻¹ ⊗ B⁻¹, both square."""
    found = kronecker_parts(operands[0])
    if found is None:
        return None
    coefficient, parts = found
    return build.number(coefficient) ** -1 * kronecker([apply("inv", part) for part in parts])


def kronecker(parts: list[Node]) -> Node:
    """The Kronecker product of matrices."""
    factors = [(part, ((2 * k,), (2 * k + 1,))) for k, part in enumerate(parts)]
    rows = tuple(2 * k for k in range(len(parts)))
    return build.einsum(factors, [rows, tuple(k + 1 for k in rows)])


def _may_cancel(node: Node, other: Node) -> bool:
    """Whether a factor is what is inverted, or one of its factors."""
    (x,) = node.operands
    return other is x or (isinstance(x, Contraction) and other in x.operands)


def cancel_with_operand(view: ProductView, position: int) -> bool:
    """X⁻¹X -> I: the two meet in one summed index that occurs nowhere else."""
    node, axes = view.factors[position]
    (x,) = node.operands
    lead, ends = axes[:-2], axes[-2:]
    exchange = is_symmetric(x)
    for k, (other, other_axes) in enumerate(view.factors):
        if k == position or other is not x or other_axes[:-2] != lead:
            continue
        for mine in (0, 1):
            for its in (0, 1):
                if mine == its and not exchange:
                    continue  # X⁻¹[i,j] X[i,k] is no product of the two
                shared = ends[mine]
                if other_axes[-2:][its] != shared or not view.private(shared, 2):
                    continue
                if view.join({position, k}, shared, (ends[1 - mine], other_axes[-2:][1 - its])):
                    return True
    return isinstance(x, Contraction) and _cancel_with_factors(view, position, x)


def _cancel_with_factors(view: ProductView, position: int, x: Contraction) -> bool:
    """(AB)⁻¹ A B -> I, where the operand's factors stand in the product one by one."""
    ends = view.factors[position][1]
    if len(ends) != 2 or x.ndim != 2 or any(len(end) != 1 for end in ends):
        return False
    for mine in (0, 1):
        near, far = x.out[1 - mine], x.out[mine]
        (shared,) = ends[mine]
        if not view.summed(shared):
            continue
        for places, at in _matches(view, x, {near: shared}, {position}):
            inside = [a for label, a in at.items() if label != far]
            counts = {
                a: sum(axis.count(a) for k in places for axis in view.factors[k][1]) for a in inside
            }
            counts[shared] += 1
            if at[far] in inside or len(set(inside)) < len(inside):
                continue
            if not all(view.private((a,), count) for a, count in counts.items()):
                continue
            if view.join({position, *places}, tuple(inside), (ends[1 - mine], (at[far],))):
                return True
    return False


def _matches(
    view: ProductView, x: Contraction, start: dict[int, int], taken: set[int]
) -> Iterator[tuple[list[int], dict[int, int]]]:
    """Where the factors of `x` stand in a product: positions, and the atom of each label."""
    stack: list[tuple[list[int], dict[int, int]]] = [([], start)]
    while stack:
        places, at = stack.pop()
        if len(places) == len(x.factors):
            yield places, at
            continue
        factor = x.factors[len(places)]
        for k, (node, axes) in enumerate(view.factors):
            if node is not factor.node or k in taken or k in places:
                continue
            for order in (axes, axes[::-1]) if is_symmetric(node) else (axes,):
                extended = dict(at)
                if all(
                    len(label) == len(axis)
                    and all(
                        extended.setdefault(p, a) == a for p, a in zip(label, axis, strict=True)
                    )
                    for label, axis in zip(factor.indices, order, strict=True)
                ):
                    stack.append(([*places, k], extended))


register(
    Record(
        name="inv",
        sentence="The inverse of a square matrix.",
        signature="n n -> n n",
        evaluate=np.linalg.inv,
        derivative=(IndexRule("ij", "kl", lambda y, x: -y["ik"] * y["lj"]),),
        code=everywhere("linalg.inv", tensorflow="tf.linalg.inv({0})"),
        notation=Notation("superscript", "⁻¹", "-1"),
        domain=("square",),
        spellings=("inv",),
        numpy=("linalg.inv",),
        facts=keeps_matrix(
            "symmetric", "spd", "psd", "diagonal", "triangular", "orthogonal", "invertible"
        ),
        rewrites=(
            _inverse_of_inverse,
            _inverse_of_orthogonal,
            _inverse_of_transpose,
            _inverse_of_product,
            _inverse_of_kronecker,
        ),
        in_products=(cancel_with_operand,),
        meets=_may_cancel,
        laws=(
            "inv(inv(X)) == X",
            "inv(X*Y) == inv(Y)*inv(X)",
            "inv(X') == inv(X)'",
            "inv(3*X) == inv(X)/3",
            "inv(X)*X == eye(n)",
        ),
        rule="differential of the inverse",
        source="XX⁻¹ = I gives dX⁻¹ = −X⁻¹ dX X⁻¹; Matrix Cookbook, eq. 59",
    )
)


def _pinv_rule(p: Node, x: Node) -> Indexed:
    """dP = −P dX P + PPᵀ dXᵀ (I − XP) + (I − PX) dXᵀ PᵀP, index by index."""
    inside = -p["ik"] * p["lj"]
    left = p["ia"] * p["la"] * (delta("kj") - x["kb"] * p["bj"])
    right = (delta("il") - p["ic"] * x["cl"]) * p["ek"] * p["ej"]
    return inside + left + right


def _pinv_simple(operands: Operands, params: Params) -> Node | None:
    """(X⁺)⁺ -> X, X⁺ -> X⁻¹ of an invertible X, (Xᵀ)⁺ -> (X⁺)ᵀ, (cX)⁺ -> X⁺/c."""
    (x,) = operands
    if isinstance(x, Apply) and x.function == "pinv":
        return x.operands[0]
    if has(x, "invertible"):
        return apply("inv", x)
    inner = transposed_operand(x)
    if inner is not None:
        return swapped(apply("pinv", inner))
    c, rest = build.split_coefficient(x)
    return None if c == 1 else build.scale(build.exact(1 / build.exact(c)), apply("pinv", rest))


register(
    Record(
        name="pinv",
        sentence="The Moore–Penrose pseudoinverse; its derivative needs a constant rank.",
        signature="m n -> n m",
        evaluate=np.linalg.pinv,
        derivative=(IndexRule("ij", "kl", _pinv_rule),),
        code=everywhere("linalg.pinv", tensorflow="tf.linalg.pinv({0})"),
        notation=Notation("superscript", "⁺", "+"),
        domain=("full_rank",),
        spellings=("pinv",),
        numpy=("linalg.pinv",),
        facts=keeps_matrix("symmetric", "psd"),
        rewrites=(_pinv_simple,),
        analytic=False,
        laws=("X*pinv(X)*X == X", "pinv(X') == pinv(X)'", "pinv(2*X) == pinv(X)/2"),
        source="G. Golub and V. Pereyra (1973), doi:10.1137/0710036, eq. 4.12",
    )
)
