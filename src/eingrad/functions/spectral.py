"""Eigenvalues and singular values, with the vectors that their derivatives need.

The vectors are functions of their own, differentiable where the values are distinct; where two
coincide their derivative does not exist, which is an error (`gaps`). The sign of a vector is chosen
so that its largest entry is positive.

The derivative of the values divides by nothing. Of a function that is symmetric in them it is the
exact one, equal values or not. A single one of two equal values has a kink: there its derivative is
v vᵀ (u vᵀ) for the vectors that the decomposition returns. That is the limit of the derivatives at
A + t V diag(1, 2, …) Vᵀ for t → 0, and so an element of Clarke's generalized gradient, as with |x|
and max (A. Lewis, Nonsmooth analysis of eigenvalues, 1999, doi:10.1007/s10107980004a).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ..dims import minimum, shape_text
from ..errors import ShapeError
from ..ir import build
from ..ir.apply import apply
from ..ir.facts import facts_of, has, symmetric
from ..ir.node import Apply, Node, Shape, raw_apply
from ..ir.record import Notation, Record, register
from ..ir.rule import Indexed, IndexRule, delta
from .fact_rules import always
from .inverse import swapped, transposed_operand
from .signs import magnitude
from .templates import everywhere

Operands = tuple[Node, ...]
Params = Mapping[str, Any]


def symmetric_part(name: str) -> Callable[[Operands, Params], Node | None]:
    """f(X) -> f((X + Xᵀ)/2) for a function of symmetric matrices.

    NumPy reads one triangle, JAX the symmetric part; the derivative is one of the symmetric part.
    """

    def rewrite(operands: Operands, params: Params) -> Node | None:
        (x,) = operands
        if symmetric(x) or swapped(x) is x:
            return None
        half = Fraction(1, 2)
        part = build.add(build.scale(half, x), build.scale(half, swapped(x)))
        shape = x.shape if name != "eigvalsh" else x.shape[:-1]
        return raw_apply(name, (part,), shape, ())

    return rewrite


def signed(vectors: np.ndarray) -> np.ndarray:
    """The sign of the largest entry of each column, as a row."""
    largest = np.abs(vectors).argmax(axis=-2, keepdims=True)
    return np.sign(np.take_along_axis(vectors, largest, axis=-2))


def eigenvectors(a: Any) -> np.ndarray:
    """Orthonormal eigenvectors as columns, eigenvalues ascending."""
    a = np.asarray(a)
    vectors = np.linalg.eigh((a + np.swapaxes(a, -1, -2)) / 2)[1]
    return vectors * signed(vectors)


def _eigenvalues(a: Any) -> np.ndarray:
    a = np.asarray(a)
    return np.linalg.eigvalsh((a + np.swapaxes(a, -1, -2)) / 2)


def _eigenvalue_facts(node: Apply) -> frozenset[str]:
    facts = facts_of(node.operands[0])
    found = {"positive"} if "spd" in facts else {"nonnegative"} if "psd" in facts else set()
    return frozenset(found)


register(
    Record(
        name="eigvalsh",
        sentence="The eigenvalues of a symmetric matrix (of the symmetric part), ascending.",
        signature="n n -> n",
        evaluate=_eigenvalues,
        derivative=(
            IndexRule(
                "i",
                "kl",
                lambda y, x: apply("eigvecsh", x)["ki"] * apply("eigvecsh", x)["li"],
            ),
        ),
        code=everywhere("linalg.eigvalsh", tensorflow="tf.linalg.eigvalsh({0})"),
        notation=Notation("call", "eigvalsh", r"\lambda"),
        domain=("symmetric",),
        spellings=("eigvalsh",),
        numpy=("linalg.eigvalsh",),
        facts=_eigenvalue_facts,
        rewrites=(symmetric_part("eigvalsh"),),
        analytic=False,
        laws=("sum(eigvalsh(X + X')) == 2*tr(X)", "prod(eigvalsh(X + X')) == det(X + X')"),
        source="dλ = vᵀ dA v; J. Magnus (1985), doi:10.1017/S0266466600011129",
    )
)


def _eigenvector_rule(v: Node, x: Node) -> Indexed:
    """dv_i = Σ_j v_j (v_jᵀ dA v_i)/(λ_i − λ_j), j ≠ i."""
    gap = apply("inverse_gaps", apply("eigvalsh", x))
    half = Fraction(1, 2)
    sides = v["kj"] * v["li"] + v["lj"] * v["ki"]
    return half * (v["aj"] * gap["ij"] * sides)


register(
    Record(
        name="eigvecsh",
        sentence="Orthonormal eigenvectors of a symmetric matrix as columns, values ascending.",
        signature="n n -> n n",
        evaluate=eigenvectors,
        derivative=(IndexRule("ai", "kl", _eigenvector_rule),),
        code={
            "numpy": "np.linalg.eigh({0})[1]",
            "jax": "jnp.linalg.eigh({0})[1]",
            "torch": "torch.linalg.eigh({0})[1]",
            "tensorflow": "tf.linalg.eigh({0})[1]",
        },
        notation=Notation(
            "call",
            "eigvecsh",
            r"\operatorname{eigvec}",
            note="eigvecsh(A) has the eigenvectors of A as columns, eigenvalues ascending",
        ),
        domain=("symmetric",),
        spellings=("eigvecsh",),
        facts=always("orthogonal", "invertible"),
        rewrites=(symmetric_part("eigvecsh"),),
        analytic=False,
        laws=(
            "eigvecsh(X + X')'*eigvecsh(X + X') == eye(n)",
            "(X + X')*eigvecsh(X + X') == eigvecsh(X + X')*diag(eigvalsh(X + X'))",
        ),
        source="J. Magnus (1985), doi:10.1017/S0266466600011129",
    )
)


# --- singular values -----------------------------------------------------------------------------


def _svd_shape(name: str, side: str) -> Callable[[tuple[Shape, ...], Params], Shape]:
    def shape_of(shapes: tuple[Shape, ...], params: Params) -> Shape:
        (shape,) = shapes
        if len(shape) < 2:
            raise ShapeError(f"{name} needs a matrix; it is {shape_text(shape)}")
        m, n = shape[-2:]
        k = minimum(m, n)
        core: dict[str, Shape] = {"values": (k,), "left": (m, k), "right": (n, k)}
        return shape[:-2] + core[side]

    return shape_of


def singular_vectors(a: Any) -> tuple[np.ndarray, np.ndarray]:
    """Left and right singular vectors as columns, values descending."""
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    sign = signed(u)
    return u * sign, np.swapaxes(vh, -1, -2) * sign


def _of_transpose(name: str, other: str) -> Callable[[Operands, Params], Node | None]:
    """f(Xᵀ) -> g(X)."""

    def rewrite(operands: Operands, params: Params) -> Node | None:
        inner = transposed_operand(operands[0])
        return None if inner is None else apply(other, inner)

    return rewrite


def _of_multiple(name: str, power: int) -> Callable[[Operands, Params], Node | None]:
    """f(cX) -> |c| f(X), or f(X) where the scale does not matter and c > 0."""

    def rewrite(operands: Operands, params: Params) -> Node | None:
        c, rest = build.split_coefficient(operands[0])
        if c == 1 or (power == 0 and c < 0):
            return None
        return build.scale(magnitude(c) if power else 1, apply(name, rest))

    return rewrite


def _of_orthogonal(operands: Operands, params: Params) -> Node | None:
    """The singular values of an orthogonal matrix are 1."""
    (x,) = operands
    if not has(x, "orthogonal"):
        return None
    return build.broadcast_to(build.number(1), x.shape[:-1])


register(
    Record(
        name="svdvals",
        sentence="The singular values of a matrix, descending.",
        signature=_svd_shape("svdvals", "values"),
        evaluate=lambda a: np.linalg.svd(a, compute_uv=False),
        derivative=(
            IndexRule(
                "c",
                "ij",
                lambda y, x: apply("left_singular", x)["ic"] * apply("right_singular", x)["jc"],
            ),
        ),
        code={
            "numpy": "np.linalg.svd({0}, compute_uv=False)",
            "jax": "jnp.linalg.svd({0}, compute_uv=False)",
            "torch": "torch.linalg.svdvals({0})",
            "tensorflow": "tf.linalg.svd({0}, compute_uv=False)",
        },
        notation=Notation("call", "svdvals", r"\operatorname{svdvals}"),
        domain=("full_rank",),
        spellings=("svdvals",),
        numpy=("linalg.svdvals",),
        facts=always("nonnegative"),
        rewrites=(
            _of_orthogonal,
            _of_transpose("svdvals", "svdvals"),
            _of_multiple("svdvals", 1),
        ),
        analytic=False,
        laws=("sum(svdvals(X) .^ 2) == tr(X'*X)", "svdvals(X') == svdvals(X)"),
        source="dσ = uᵀ dX v; J. Townsend, Differentiating the singular value decomposition (2016)",
    )
)


def _left_rule(u: Node, x: Node) -> Indexed:
    """dU = U (F ∘ (dP S + S dPᵀ)) + (I − UUᵀ) dX V S⁻¹, dP = Uᵀ dX V, F_cb = 1/(s_b² − s_c²)."""
    return _vector_rule(u, apply("right_singular", x), apply("svdvals", x), "k", "l")


def _right_rule(v: Node, x: Node) -> Indexed:
    """The rule for U of Xᵀ."""
    return _vector_rule(v, apply("left_singular", x), apply("svdvals", x), "l", "k")


def _vector_rule(mine: Node, other: Node, s: Node, at: str, across: str) -> Indexed:
    gap = apply("inverse_square_gaps", s)
    m, o = (lambda c: mine[at + c]), (lambda c: other[across + c])
    inside = mine["ac"] * gap["bc"] * (m("c") * o("b") * s["b"] + s["c"] * o("c") * m("b"))
    if mine.shape[-1] == mine.shape[-2]:  # its columns are a basis: nothing lies outside of them
        return inside
    inverse = apply("inverse_singular_values", s)["b"]
    outside = (delta("a" + at) - mine["ac"] * m("c")) * o("b") * inverse
    return inside + outside


for _name, _side, _other, _rule, _code in (
    ("left_singular", "left", "right_singular", _left_rule, "svd({0}, full_matrices=False)[0]"),
    ("right_singular", "right", "left_singular", _right_rule, "svd({0}, full_matrices=False)[2]"),
):
    register(
        Record(
            name=_name,
            sentence=f"The {_side} singular vectors of a matrix as columns, values descending.",
            signature=_svd_shape(_name, _side),
            evaluate=lambda a, side=0 if _side == "left" else 1: singular_vectors(a)[side],
            derivative=(IndexRule("ab", "kl", _rule),),
            code={
                **{
                    backend: f"{prefix}.linalg.{_code}"
                    if _side == "left"
                    else f"{prefix}.swapaxes({prefix}.linalg.{_code}, -1, -2)"
                    for backend, prefix in (("numpy", "np"), ("jax", "jnp"), ("torch", "torch"))
                },
                "tensorflow": f"tf.linalg.svd({{0}})[{1 if _side == 'left' else 2}]",
            },
            notation=Notation("call", _name, rf"\operatorname{{{_name.replace('_', ' ')}}}"),
            domain=("full_rank",),
            spellings=(_name,),
            rewrites=(_of_transpose(_name, _other), _of_multiple(_name, 0)),
            analytic=False,
            laws=(f"{_name}(X)'*{_name}(X) == eye(n)",),
            source="J. Townsend, Differentiating the singular value decomposition (2016)",
        )
    )


def _nuclear_of_psd(operands: Operands, params: Params) -> Node | None:
    """The nuclear norm of a positive semidefinite matrix is its trace."""
    (x,) = operands
    return build.contract("ii->", x) if x.ndim == 2 and has(x, "psd") else None


register(
    Record(
        name="nuclear_norm",
        sentence="The sum of the singular values.",
        signature="m n ->",
        evaluate=lambda a: np.linalg.svd(a, compute_uv=False).sum(axis=-1),
        derivative=(
            IndexRule(
                "",
                "ij",
                lambda y, x: apply("left_singular", x)["ic"] * apply("right_singular", x)["jc"],
            ),
        ),
        code={
            "numpy": "np.linalg.svd({0}, compute_uv=False).sum(axis=-1)",
            "jax": "jnp.linalg.svd({0}, compute_uv=False).sum(axis=-1)",
            "torch": "torch.linalg.svdvals({0}).sum(-1)",
            "tensorflow": "tf.reduce_sum(tf.linalg.svd({0}, compute_uv=False), axis=-1)",
        },
        notation=Notation("call", "nuclear_norm", r"\operatorname{nuclear}"),
        domain=("full_rank",),
        spellings=("nuclear_norm", "norm_nuclear", "nucnorm"),
        facts=always("nonnegative"),
        rewrites=(
            _nuclear_of_psd,
            _of_transpose("nuclear_norm", "nuclear_norm"),
            _of_multiple("nuclear_norm", 1),
        ),
        analytic=False,
        laws=("nuclear_norm(X) == sum(svdvals(X))", "nuclear_norm(-2*X) == 2*nuclear_norm(X)"),
        source="d Σσ = tr(VUᵀ dX)",
    )
)
