"""Determinants: det, its cofactors of every order, log|det| and the sign of det."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..dims import Dim
from ..ir import build
from ..ir.apply import apply
from ..ir.construct import size_value
from ..ir.facts import facts_of, has
from ..ir.node import Apply, Node
from ..ir.record import Notation, Record, register
from ..ir.rule import ZERO, IndexRule
from .fact_rules import always
from .inverse import transposed_operand
from .matrix_products import (
    Diagonal,
    identity_plus_outer,
    kronecker_parts,
    proper_product,
)
from .templates import everywhere

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
    found = proper_product(operands[0])
    if found is None:
        return None
    parts = [
        apply("prod", part.vector) if isinstance(part, Diagonal) else apply("det", part)
        for part in found.parts
    ]
    return build.multiply(found.scale ** size_value(found.n), *parts)


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
        rule="Jacobi's formula",
        source="Jacobi's formula, d det X = tr(adj(X) dX); Matrix Cookbook, eq. 46",
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
    found = proper_product(operands[0])
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
        rule="differential of the logarithm of a determinant",
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
    found = proper_product(x)
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
        notation=Notation(
            "call", "detsign", r"\operatorname{sign}\det", note="detsign(X) is the sign of det(X)"
        ),
        domain=("square",),
        spellings=("detsign",),
        rewrites=(_sign_of_parts,),
        facts=always(),
        analytic=False,
        laws=("detsign(X)*exp(logdet(X)) == det(X)",),
        source="constant where X is invertible",
    )
)
