"""Determinants: det, its cofactors of every order, log|det| and the sign of det."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, permutations
from typing import Any

import numpy as np

from ..dims import Dim
from ..errors import ShapeError
from ..ir import build
from ..ir.apply import apply
from ..ir.construct import size_value
from ..ir.facts import facts_of, has
from ..ir.node import Apply, Node, Shape
from ..ir.record import Notation, Record, register
from ..ir.rule import ZERO, FamilyRule, Indexed, IndexRule
from .fact_rules import always, keeps_matrix
from .inverse import swapped, transposed_operand
from .matrix_products import (
    Diagonal,
    SquareProduct,
    identity_plus_outer,
    kronecker_parts,
    matrix_product,
    square_product,
)
from .reductions import LEAVE_OUT
from .templates import everywhere, helpers, with_numbers

Operands = tuple[Node, ...]
Params = Mapping[str, Any]


def _triangular_diagonal(node: Node) -> Node | None:
    """The diagonal of a triangular matrix, as a vector."""
    if node.ndim == 2 and has(node, "triangular"):
        return build.contract("ii->i", node)
    return None


# --- det -----------------------------------------------------------------------------------------


def _det_of_function(operands: Operands, params: Params) -> Node | None:
    """det(X⁻¹) -> 1/det X, det(Xᵀ) -> det X, det(expm X) -> exp(tr X)."""
    (x,) = operands
    if isinstance(x, Apply) and x.function == "inv":
        return apply("det", x.operands[0]) ** -1
    if isinstance(x, Apply) and x.function == "expm" and x.ndim == 2:
        return apply("exp", build.contract("ii->", x.operands[0]))
    inner = transposed_operand(x)
    return None if inner is None else apply("det", inner)


def _det_of_product(operands: Operands, params: Params) -> Node | None:
    """det(c A diag(v) B) -> cⁿ det A Πv det B, each part square."""
    found = _proper(operands[0])
    if found is None:
        return None
    parts = [
        apply("prod", part.vector) if isinstance(part, Diagonal) else apply("det", part)
        for part in found.parts
    ]
    return build.multiply(found.scale ** size_value(found.n), *parts)


def _proper(node: Node) -> SquareProduct | None:
    """A product that is simpler in parts: not just the matrix itself."""
    found = square_product(node)
    if found is not None and len(found.parts) == 1 and not found.scaled:
        return found if isinstance(found.parts[0], Diagonal) else None
    return found


def _kronecker_sizes(parts: list[Node]) -> list[Dim]:
    """For each factor of A ⊗ B ⊗ …, the product of the sizes of the others."""
    total = Dim.of(1)
    for part in parts:
        total = total * part.shape[0]
    sizes = [total.divide(part.shape[0]) for part in parts]
    return [size for size in sizes if size is not None]


def _det_of_kronecker(operands: Operands, params: Params) -> Node | None:
    """det(A ⊗ B) -> det(A)ⁿ det(B)ᵐ."""
    found = kronecker_parts(operands[0])
    if found is None:
        return None
    coefficient, parts = found
    sizes = _kronecker_sizes(parts)
    powers = [apply("det", p) ** size_value(s) for p, s in zip(parts, sizes, strict=True)]
    whole = build.number(coefficient) ** size_value(operands[0].shape[0])
    return build.multiply(whole, *powers)


def _det_of_identity_plus_outer(operands: Operands, params: Params) -> Node | None:
    """det(cI + uvᵀ) -> cⁿ⁻¹ (c + vᵀu)."""
    found = identity_plus_outer(operands[0])
    if found is None:
        return None
    c, inner = found
    power = build.number(c) ** size_value(operands[0].shape[0] - Dim.of(1))
    return power * (c + inner)


def _det_of_triangular(operands: Operands, params: Params) -> Node | None:
    """det(L) -> Π L_ii."""
    diagonal = _triangular_diagonal(operands[0])
    return None if diagonal is None else apply("prod", diagonal)


def _det_facts(node: Apply) -> frozenset[str]:
    facts = facts_of(node.operands[0])
    found = {"positive"} if "spd" in facts else {"nonnegative"} if "psd" in facts else set()
    return frozenset(found)


register(
    Record(
        name="det",
        sentence="The determinant of a square matrix.",
        signature="n n ->",
        evaluate=np.linalg.det,
        derivative=(IndexRule("", "kl", lambda y, x: apply("adjugate", x)["lk"]),),
        code=everywhere("linalg.det", tensorflow="tf.linalg.det({0})"),
        notation=Notation("call", "det", r"\det"),
        domain=("square",),
        spellings=("det",),
        numpy=("linalg.det",),
        facts=_det_facts,
        rewrites=(
            _det_of_function,
            _det_of_product,
            _det_of_kronecker,
            _det_of_identity_plus_outer,
            _det_of_triangular,
        ),
        laws=(
            "det(X*Y) == det(X)*det(Y)",
            "det(X') == det(X)",
            "det(inv(X)) == 1/det(X)",
            "det(-2*X) == (-2)^n*det(X)",
            "det(eye(n) + x*y') == 1 + y'*x",
        ),
        source="Jacobi's formula, d det X = tr(adj(X) dX); Matrix Cookbook, eq. 46",
    )
)


# --- adjugate and cofactors ----------------------------------------------------------------------

COFACTORS = '''
def _cofactors(a, order):
    """All derivatives of the given order of det(a), from the singular values: a may be singular."""
    u, s, vh = xp.linalg.svd(a)
    rest = _leave_out(s, order)
    letters = "abcdefghijklmnopqrstuvwxyz"
    summed, rows, columns = (letters[k * order : (k + 1) * order] for k in range(3))
    out = "".join(r + c for r, c in zip(rows, columns))
    total = 0
    for places in itertools.permutations(range(order)):
        sign = (-1) ** sum(p > q for p, q in itertools.combinations(places, 2))
        left = "".join(f",...{rows[k]}{summed[k]}" for k in range(order))
        right = "".join(f",...{summed[j]}{columns[k]}" for k, j in enumerate(places))
        spec = f"...{summed}{left}{right}->...{out}"
        total = total + sign * xp.einsum(spec, rest, *[u] * order, *[vh] * order, optimize=True)
    sign = xp.linalg.det(u) * xp.linalg.det(vh)
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
    found = _proper(x)
    if found is None or any(isinstance(part, Diagonal) for part in found.parts):
        return None
    parts = [apply("adjugate", part) for part in reversed(found.parts) if isinstance(part, Node)]
    if not parts:
        parts = [build.einsum([], [(0,), (0,)], 1, {0: found.n})]
    return found.scale ** size_value(found.n - Dim.of(1)) * matrix_product(parts)


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
        },
        helpers=helpers(LEAVE_OUT, COFACTORS),
        notation=Notation("call", "adj", r"\operatorname{adj}"),
        domain=("square",),
        spellings=("adjugate", "adj"),
        facts=keeps_matrix("symmetric", "spd", "psd"),
        rewrites=(_adjugate_of_product,),
        laws=("X*adj(X) == det(X)*eye(n)", "adj(X*Y) == adj(Y)*adj(X)"),
        source="cofactors are the derivatives of det, those of cofactors the second ones",
    )
)


def _cofactor_shape(shapes: tuple[Shape, ...], params: Params) -> Shape:
    from ..dims import shape_text

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
        code=dict.fromkeys(("numpy", "jax"), with_numbers("_cofactors({0}, {order})")),
        helpers=helpers(LEAVE_OUT, COFACTORS),
        notation=Notation("call", "cofactors", r"\operatorname{cof}"),
        domain=("square",),
        spellings=("cofactors",),
        defaults={"order": 2},
        rewrites=(_low_order,),
        source="det is multilinear in the entries; Laplace expansion along p rows",
    )
)


# --- log|det| and sign ---------------------------------------------------------------------------


def logdet_values(a: Any) -> np.ndarray:
    """log|det|; for complex matrices near real ones the analytic continuation."""
    sign, value = np.linalg.slogdet(a)
    if np.asarray(a).dtype.kind != "c":
        return value
    return value + np.log(sign * np.sign(sign.real))


def _logdet_of_function(operands: Operands, params: Params) -> Node | None:
    """logdet(X⁻¹) -> −logdet X, logdet(Xᵀ) -> logdet X, logdet(expm X) -> tr X."""
    (x,) = operands
    if isinstance(x, Apply) and x.function == "inv":
        return -apply("logdet", x.operands[0])
    if isinstance(x, Apply) and x.function == "expm" and x.ndim == 2:
        return build.contract("ii->", x.operands[0])
    if has(x, "orthogonal"):
        return build.zeros(x.shape[:-2])
    inner = transposed_operand(x)
    return None if inner is None else apply("logdet", inner)


def _log_abs(node: Node) -> Node:
    return apply("log", apply("abs", node))


def _sum_of_logs(vector: Node) -> Node:
    return build.contract("i->", _log_abs(vector))


def _logdet_of_product(operands: Operands, params: Params) -> Node | None:
    """logdet(c A diag(v) B) -> n log|c| + logdet A + Σ log|v| + logdet B, each part square."""
    found = _proper(operands[0])
    if found is None:
        return None
    terms = [
        _sum_of_logs(part.vector) if isinstance(part, Diagonal) else apply("logdet", part)
        for part in found.parts
    ]
    if found.scaled:
        terms.append(size_value(found.n) * _log_abs(found.scale))
    return build.add(*terms) if terms else build.number(0)


def _logdet_of_kronecker(operands: Operands, params: Params) -> Node | None:
    """logdet(A ⊗ B) -> n logdet A + m logdet B."""
    found = kronecker_parts(operands[0])
    if found is None:
        return None
    coefficient, parts = found
    terms = [
        size_value(s) * apply("logdet", p)
        for p, s in zip(parts, _kronecker_sizes(parts), strict=True)
    ]
    size = size_value(operands[0].shape[0])
    return build.add(*terms, size * _log_abs(build.number(coefficient)))


def _logdet_of_identity_plus_outer(operands: Operands, params: Params) -> Node | None:
    """logdet(cI + uvᵀ) -> (n−1) log|c| + log|c + vᵀu|."""
    found = identity_plus_outer(operands[0])
    if found is None:
        return None
    c, inner = found
    size = size_value(operands[0].shape[0] - Dim.of(1))
    return size * _log_abs(build.number(c)) + _log_abs(c + inner)


def _logdet_of_triangular(operands: Operands, params: Params) -> Node | None:
    """logdet(L) -> Σ log|L_ii|."""
    diagonal = _triangular_diagonal(operands[0])
    return None if diagonal is None else _sum_of_logs(diagonal)


register(
    Record(
        name="logdet",
        sentence="log|det X|, without overflow.",
        signature="n n ->",
        evaluate=logdet_values,
        derivative=(IndexRule("", "kl", lambda y, x: apply("inv", x)["lk"]),),
        code={
            "numpy": "np.linalg.slogdet({0})[1]",
            "jax": "jnp.linalg.slogdet({0})[1]",
            "torch": "torch.linalg.slogdet({0})[1]",
            "tensorflow": "tf.linalg.slogdet({0})[1]",
        },
        notation=Notation("call", "logdet", r"\log\left|\det\right|"),
        domain=("square",),
        spellings=("logdet",),
        rewrites=(
            _logdet_of_function,
            _logdet_of_product,
            _logdet_of_kronecker,
            _logdet_of_identity_plus_outer,
            _logdet_of_triangular,
        ),
        laws=(
            "logdet(X*Y) == logdet(X) + logdet(Y)",
            "logdet(X') == logdet(X)",
            "logdet(inv(X)) == -logdet(X)",
            "logdet(3*X) == n*log(3) + logdet(X)",
            "logdet(eye(n) + x*y') == log(abs(1 + y'*x))",
            "logdet(X) == log(abs(det(X)))",
        ),
        source="d log|det X| = tr(X⁻¹ dX); Matrix Cookbook, eq. 57",
    )
)


def _sign_of_parts(operands: Operands, params: Params) -> Node | None:
    """The sign of det X of a positive definite X is 1; that of a product, the product of signs."""
    (x,) = operands
    if has(x, "spd"):
        return build.broadcast_to(build.number(1), x.shape[:-2])
    if isinstance(x, Apply) and x.function == "inv":
        return apply("detsign", x.operands[0])
    inner = transposed_operand(x)
    if inner is not None:
        return apply("detsign", inner)
    found = _proper(x)
    if found is None or found.scaled or any(isinstance(p, Diagonal) for p in found.parts):
        return None
    return build.multiply(*(apply("detsign", p) for p in found.parts if isinstance(p, Node)))


register(
    Record(
        name="detsign",
        sentence="The sign of det X.",
        signature="n n ->",
        evaluate=lambda a: np.linalg.slogdet(a)[0],
        derivative=(IndexRule("", "kl", lambda y, x: ZERO),),
        code={
            "numpy": "np.linalg.slogdet({0})[0]",
            "jax": "jnp.linalg.slogdet({0})[0]",
            "torch": "torch.linalg.slogdet({0})[0]",
            "tensorflow": "tf.linalg.slogdet({0})[0]",
        },
        notation=Notation("call", "detsign", r"\operatorname{sign}\det"),
        domain=("square",),
        spellings=("detsign",),
        rewrites=(_sign_of_parts,),
        facts=always(),
        analytic=False,
        laws=("detsign(X)*exp(logdet(X)) == det(X)",),
        source="constant where X is invertible",
    )
)
