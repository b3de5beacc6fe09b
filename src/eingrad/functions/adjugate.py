"""Cofactors of every order: the derivatives of the determinant, which need no inverse."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, permutations
from typing import Any

import numpy as np

from ..dims import Dim, shape_text
from ..errors import ShapeError
from ..ir import build
from ..ir.algebra import ProductView, base_and_exponent
from ..ir.apply import apply
from ..ir.construct import size_value
from ..ir.node import Node, Shape
from ..ir.record import Notation, Record, register
from ..ir.rule import FamilyRule, Indexed, IndexRule
from .fact_rules import keeps_matrix
from .inverse import swapped, transposed_operand
from .matrix_products import Diagonal, matrix_product, proper_product
from .products import LEAVE_OUT, LEAVE_OUT_STANDARD, LEAVE_OUT_TENSORFLOW, LEAVE_OUT_TORCH
from .templates import BACKENDS, helpers, joined, with_numbers

Operands = tuple[Node, ...]
Params = Mapping[str, Any]


COFACTORS = '''
def _cofactors(a, order):
    """All derivatives of the given order of det(a), from the singular values: a may be singular."""
    u, s, vh = xp.linalg.svd(a)
    letters = "abcdefghijklmnopqrstuvwxyz"
    summed, rows, columns = (letters[k * order : (k + 1) * order] for k in range(3))
    pairs = [f",...{r}{t},...{t}{c}" for r, t, c in zip(rows, summed, columns)]
    out = "".join(r + c for r, c in zip(rows, columns))
    spec = f"...{summed}{''.join(pairs)}->...{out}"
    base = xp.einsum(spec, _leave_out(s, order), *[u, vh] * order, optimize="greedy")
    lead = base.ndim - 2 * order
    total = 0
    for places in itertools.permutations(range(order)):
        sign = (-1) ** sum(p > q for p, q in itertools.combinations(places, 2))
        axes = [lead + 2 * j + side for k, p in enumerate(places) for side, j in ((0, k), (1, p))]
        total = total + sign * xp.transpose(base, (*range(lead), *axes))
    sign = xp.linalg.det(u) * xp.linalg.det(vh)
    return sign[(..., *[None] * (2 * order))] * total
'''

COFACTORS_TORCH = '''
def _cofactors(a, order):
    """All derivatives of the given order of det(a), from the singular values: a may be singular."""
    u, s, vh = torch.linalg.svd(a, full_matrices=False)
    letters = "abcdefghijklmnopqrstuvwxyz"
    summed, rows, columns = (letters[k * order : (k + 1) * order] for k in range(3))
    pairs = [f",...{r}{t},...{t}{c}" for r, t, c in zip(rows, summed, columns)]
    out = "".join(r + c for r, c in zip(rows, columns))
    spec = f"...{summed}{''.join(pairs)}->...{out}"
    base = torch.einsum(spec, _leave_out(s, order), *[u, vh] * order)
    lead = base.ndim - 2 * order
    total = torch.zeros_like(base)
    for places in itertools.permutations(range(order)):
        sign = (-1) ** sum(p > q for p, q in itertools.combinations(places, 2))
        axes = [lead + 2 * j + side for k, p in enumerate(places) for side, j in ((0, k), (1, p))]
        total = total + sign * base.permute(*range(lead), *axes)
    sign = torch.linalg.det(u) * torch.linalg.det(vh)
    return sign[(..., *[None] * (2 * order))] * total
'''

COFACTORS_TENSORFLOW = '''
def _cofactors(a, order):
    """All derivatives of the given order of det(a), from the singular values: a may be singular."""
    s, u, v = tf.linalg.svd(a)
    letters = "abcdefghijklmnopqrstuvwxyz"
    summed, rows, columns = (letters[k * order : (k + 1) * order] for k in range(3))
    pairs = [f",...{r}{t},...{c}{t}" for r, t, c in zip(rows, summed, columns)]
    out = "".join(r + c for r, c in zip(rows, columns))
    spec = f"...{summed}{''.join(pairs)}->...{out}"
    base = tf.einsum(spec, _leave_out(s, order), *[u, v] * order)
    lead = base.ndim - 2 * order
    total = tf.zeros_like(base)
    for places in itertools.permutations(range(order)):
        sign = (-1) ** sum(p > q for p, q in itertools.combinations(places, 2))
        axes = [lead + 2 * j + side for k, p in enumerate(places) for side, j in ((0, k), (1, p))]
        total += sign * tf.transpose(base, (*range(lead), *axes))
    sign = tf.linalg.det(u) * tf.linalg.det(v)
    return sign[(..., *[None] * (2 * order))] * total
'''


def cofactor_values(a: Any, order: int) -> np.ndarray:
    """∂ᵖ det(A) / ∂A[i₁j₁] … ∂A[iₚjₚ], axes i₁, j₁, …: signed minors, A may be singular."""
    a = np.asarray(a)
    if a.ndim > 2:
        parts = [cofactor_values(part, order) for part in a.reshape(-1, *a.shape[-2:])]
        return np.asarray(parts).reshape(a.shape[:-2] + a.shape[-2:] * order)
    n = a.shape[0]
    result = np.zeros((n, n) * order, dtype=np.result_type(a, np.float32))
    for rows in permutations(range(n), order):
        for columns in permutations(range(n), order):
            keep_r = [k for k in range(n) if k not in rows]
            keep_c = [k for k in range(n) if k not in columns]
            sign = (-1) ** (sum(rows) + sum(columns)) * _parity(rows) * _parity(columns)
            place = tuple(k for pair in zip(rows, columns, strict=True) for k in pair)
            result[place] = sign * np.linalg.det(a[np.ix_(keep_r, keep_c)])
    return result


def _parity(sequence: tuple[int, ...]) -> int:
    """The sign of the permutation that sorts a sequence."""
    return (-1) ** sum(p > q for p, q in combinations(sequence, 2))


def adjugate_values(a: Any) -> np.ndarray:
    """The transposed matrix of cofactors."""
    return np.swapaxes(cofactor_values(a, 1), -1, -2)


def _adjugate_of_product(operands: Operands, params: Params) -> Node | None:
    """adj(c A B) -> cⁿ⁻¹ adj(B) adj(A), adj(Xᵀ) -> adj(X)ᵀ, each part square."""
    (x,) = operands
    inner = transposed_operand(x)
    if inner is not None:
        return swapped(apply("adjugate", inner))
    found = proper_product(x)
    if found is None or any(isinstance(part, Diagonal) for part in found.parts):
        return None
    parts = [apply("adjugate", part) for part in reversed(found.parts) if isinstance(part, Node)]
    if not parts:
        parts = [build.einsum([], [(0,), (0,)], 1, {0: found.n})]
    return found.scale ** size_value(found.n - Dim.of(1)) * matrix_product(parts)


def _over_determinant(view: ProductView, position: int) -> bool:
    """adj(X) det(X)ᵉ -> det(X)ᵉ⁺¹ X⁻¹ for e < 0, where X has an inverse anyhow."""
    node, axes = view.factors[position]
    determinant = apply("det", *node.operands)
    for k, (other, places) in enumerate(view.factors):
        base, exponent = base_and_exponent(other)
        if base is determinant and exponent < 0 and places == axes[:-2]:
            inverse = apply("inv", *node.operands)
            view.replace({position, k}, (determinant ** (exponent + 1), places), (inverse, axes))
            return True
    return False


# The standard has no einsum: each summed index is a product with the matrix of all pairs.
COFACTORS_STANDARD = '''
def _cofactors(a, order, xp):
    """All derivatives of the given order of det(a), from the singular values: a may be singular."""
    u, s, vh = xp.linalg.svd(a, full_matrices=False)
    *lead, n, _ = a.shape
    pairs = u[..., :, None, :] * xp.matrix_transpose(vh)[..., None, :, :]
    pairs = xp.reshape(pairs, (*lead, n * n, n))
    base = _leave_out(s, order, xp)
    for k in range(order):
        base = pairs @ xp.reshape(base, (*lead, n, n ** (order + k - 1)))
        base = xp.matrix_transpose(base)
    base = xp.reshape(base, (*lead, *[n] * (2 * order)))
    total = xp.zeros_like(base)
    for places in itertools.permutations(range(order)):
        sign = (-1) ** sum(p > q for p, q in itertools.combinations(places, 2))
        axes = [2 * j + side for k, p in enumerate(places) for side, j in ((0, k), (1, p))]
        axes = (*range(len(lead)), *(len(lead) + axis for axis in axes))
        total = total + sign * xp.permute_dims(base, axes)
    sign = xp.linalg.det(u) * xp.linalg.det(vh)
    return sign[(..., *[None] * (2 * order))] * total
'''

HELPERS = {
    **helpers(LEAVE_OUT, COFACTORS),
    "torch": joined(LEAVE_OUT_TORCH, COFACTORS_TORCH),
    "tensorflow": joined(LEAVE_OUT_TENSORFLOW, COFACTORS_TENSORFLOW),
    "array_api": joined(LEAVE_OUT_STANDARD, COFACTORS_STANDARD),
}

register(
    Record(
        name="adjugate",
        sentence="The transposed matrix of cofactors: det(X) X⁻¹, also of a singular X.",
        signature="n n -> n n",
        evaluate=adjugate_values,
        derivative=(IndexRule("ij", "kl", lambda y, x: apply("cofactors", x, order=2)["jikl"]),),
        code={
            "numpy": "np.swapaxes(_cofactors({0}, 1), -1, -2)",
            "jax": "jnp.swapaxes(_cofactors({0}, 1), -1, -2)",
            "torch": "_cofactors({0}, 1).mT",
            "tensorflow": "tf.linalg.matrix_transpose(_cofactors({0}, 1))",
            "array_api": "xp.matrix_transpose(_cofactors({0}, 1, xp))",
        },
        helpers=HELPERS,
        notation=Notation("call", "adj", r"\operatorname{adj}"),
        domain=("square",),
        spellings=("adjugate", "adj"),
        facts=keeps_matrix("symmetric", "spd", "psd"),
        rewrites=(_adjugate_of_product,),
        in_products=(_over_determinant,),
        laws=("X*adj(X) == det(X)*eye(n)", "adj(X*Y) == adj(Y)*adj(X)"),
        source="cofactors are the derivatives of det, those of cofactors the second ones",
    )
)


def _cofactor_shape(shapes: tuple[Shape, ...], params: Params) -> Shape:
    (shape,) = shapes
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ShapeError(f"cofactors need a square matrix; it is {shape_text(shape)}")
    return shape[:-2] + shape[-2:] * params["order"]


def _next_cofactors(order: int) -> IndexRule:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    out, into = letters[: 2 * order], letters[2 * order : 2 * order + 2]

    def rule(y: Node, x: Node, order: int) -> Indexed:
        return apply("cofactors", x, order=order + 1)[out + into]

    return IndexRule(out, into, rule)


def _low_order(operands: Operands, params: Params) -> Node | None:
    """Order 0 is det, order 1 the transposed adjugate."""
    if params["order"] == 0:
        return apply("det", *operands)
    return swapped(apply("adjugate", *operands)) if params["order"] == 1 else None


register(
    Record(
        name="cofactors",
        sentence="The derivatives of the given order of det(X), two axes for each: signed minors.",
        signature=_cofactor_shape,
        evaluate=cofactor_values,
        rule_params=True,
        derivative=(FamilyRule(_next_cofactors),),
        code={
            **dict.fromkeys(BACKENDS, with_numbers("_cofactors({0}, {order})")),
            "array_api": with_numbers("_cofactors({0}, {order}, xp)"),
        },
        helpers=HELPERS,
        notation=Notation(
            "call",
            "cofactors",
            r"\operatorname{cof}",
            note="cofactors(X)_ijkl is ∂²det(X)/∂X_ij∂X_kl, also of a singular X; of an "
            "invertible one det(X) ((X⁻¹)_ji (X⁻¹)_lk − (X⁻¹)_li (X⁻¹)_jk)",
        ),
        domain=("square",),
        spellings=("cofactors",),
        defaults={"order": 2},
        rewrites=(_low_order,),
        source="det is multilinear in the entries; Laplace expansion along p rows",
    )
)
