"""The Cholesky factor and the matrix exponential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir import build, kernels
from ..ir.algebra import ProductView
from ..ir.apply import apply
from ..ir.facts import facts_of, has
from ..ir.node import Apply, Node, Shape, Term
from ..ir.record import Notation, Record, register
from ..ir.rule import FamilyRule, Indexed, IndexRule
from .exponents import is_call
from .fact_rules import always
from .inverse import swapped, transposed_operand
from .matrix_products import Diagonal, square_product
from .spectral import symmetric_part
from .templates import BACKENDS, everywhere, with_numbers

Operands = tuple[Node, ...]
Params = Mapping[str, Any]


def diagonal_vector(node: Node) -> Node | None:
    """v with node = diag(v), for a matrix that shows it."""
    found = square_product(node)
    if found is None or len(found.parts) > 1:
        return None
    if not isinstance(node, Term) or node.out[0] != node.out[1]:
        return None
    if not found.parts:
        return build.broadcast_to(found.scale, (found.n,))
    (part,) = found.parts
    return found.scale * part.vector if isinstance(part, Diagonal) else None


# --- Cholesky -------------------------------------------------------------------------------------


def _cholesky_values(a: Any) -> np.ndarray:
    a = np.asarray(a)
    return np.linalg.cholesky((a + np.swapaxes(a, -1, -2)) / 2)


def _cholesky_rule(factor: Node, x: Node) -> Indexed:
    """dL = L Φ(L⁻¹ dA L⁻ᵀ), where Φ keeps the lower triangle with half the diagonal."""
    n = factor.shape[-1]
    lower = kernels.triangle(n, n, 0, lower=True)
    strict = kernels.triangle(n, n, -1, lower=True)
    inverse = apply("inv", factor)
    half = build.exact(0.5)
    phi = half * (lower["aj"] + strict["aj"])
    return factor["ia"] * phi * inverse["ak"] * inverse["jl"]


def _cholesky_of_diagonal(operands: Operands, params: Params) -> Node | None:
    """cholesky(diag(v)) -> diag(√v)."""
    vector = diagonal_vector(operands[0])
    return None if vector is None else build.contract("i->ii", vector ** build.exact(0.5))


def _gram_of_cholesky(view: ProductView, position: int) -> bool:
    """L Lᵀ -> A, where the two meet in one summed index that occurs nowhere else."""
    node, axes = view.factors[position]
    for k, (other, other_axes) in enumerate(view.factors):
        if k == position or other is not node or axes[:-2] != other_axes[:-2]:
            continue
        if axes[-1] == other_axes[-1] and view.private(axes[-1], 2):
            view.drop({position, k}, axes[-1])
            view.insert(node.operands[0], (*axes[:-1], other_axes[-2]))
            return True
    return False


register(
    Record(
        name="cholesky",
        sentence="The lower triangular L with positive diagonal and LLᵀ = A, A positive definite.",
        signature="n n -> n n",
        evaluate=_cholesky_values,
        derivative=(IndexRule("ij", "kl", _cholesky_rule),),
        code=everywhere("linalg.cholesky", tensorflow="tf.linalg.cholesky({0})"),
        notation=Notation("call", "cholesky", r"\operatorname{chol}"),
        domain=("spd",),
        spellings=("cholesky", "chol"),
        numpy=("linalg.cholesky",),
        facts=always("triangular", "invertible"),
        rewrites=(_cholesky_of_diagonal, symmetric_part("cholesky")),
        in_products=(_gram_of_cholesky,),
        meets=lambda node, other: node is other,
        analytic=False,
        laws=(
            "cholesky(eye(n) + X*X')*cholesky(eye(n) + X*X')' == eye(n) + X*X'",
            "logdet(cholesky(eye(n) + X*X')) == logdet(eye(n) + X*X')/2",
        ),
        source="I. Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527, eq. 8",
    )
)


# --- exponential ----------------------------------------------------------------------------------

PADE = [
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
    10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
]  # fmt: skip


def expm_values(a: Any) -> np.ndarray:
    """The matrix exponential by scaling and squaring of the Padé approximant of order 13."""
    a = np.asarray(a)
    if a.ndim > 2:
        return np.asarray([expm_values(part) for part in a.reshape(-1, *a.shape[-2:])]).reshape(
            a.shape
        )
    if not a.size:
        return a
    a = a.astype(np.result_type(a, np.float64))
    norm = float(np.abs(a).sum(axis=0).max())
    squarings = max(0, int(np.ceil(np.log2(norm / 5.37)))) if 0 < norm < np.inf else 0
    x = a / 2.0**squarings
    power = np.eye(len(a), dtype=a.dtype)
    even, odd = np.zeros_like(a), np.zeros_like(a)
    for k, b in enumerate(PADE):
        if k % 2:
            odd = odd + b * power
        else:
            even = even + b * power
        power = power @ x
    result = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        result = result @ result
    return result


def expm_slice_values(a: Any, order: int) -> np.ndarray:
    """The kernel of the p-th derivative of expm, axes L₀, R₀, L₁, R₁, …, Lₚ, Rₚ.

    Entry = ∫ e^{t₀A}[L₀,R₀] … e^{tₚA}[Lₚ,Rₚ] over t ≥ 0 with Σ t = 1: the corner of the exponential
    of a block bidiagonal matrix whose blocks act on one pair of axes each.
    """
    a = np.asarray(a)
    if a.ndim > 2:
        parts = [expm_slice_values(part, order) for part in a.reshape(-1, *a.shape[-2:])]
        return np.asarray(parts).reshape(a.shape[:-2] + a.shape[-2:] * (order + 1))
    n = len(a)
    size = n ** (order + 1)
    large = np.eye((order + 1) * size, k=size, dtype=np.result_type(a, np.float64))
    for r in range(order + 1):
        block = np.kron(np.kron(np.eye(n**r), a), np.eye(n ** (order - r)))
        large[r * size : (r + 1) * size, r * size : (r + 1) * size] = block
    corner = expm_values(large)[:size, order * size :].reshape((n,) * (2 * order + 2))
    return corner.transpose([k for r in range(order + 1) for k in (r, order + 1 + r)])


EXPM_SLICE_NUMPY = '''
def _expm_slice(a, order):
    """Integral of the products of order + 1 exponentials exp(t_r a), over t >= 0 with sum 1.

    It is the corner of the exponential of a block bidiagonal matrix; axes are those of one factor
    after the other.
    """
    n, lead = a.shape[-1], a.ndim - 2
    size = n ** (order + 1)
    ones = np.eye((order + 1) * size, k=size, dtype=a.dtype)
    large = np.broadcast_to(ones, a.shape[:-2] + ones.shape).copy()
    for r in range(order + 1):
        block = np.kron(np.kron(np.eye(n**r), a), np.eye(n ** (order - r)))
        large[..., r * size : (r + 1) * size, r * size : (r + 1) * size] = block
    corner = scipy.linalg.expm(large)[..., :size, order * size :]
    corner = corner.reshape(a.shape[:-2] + (n,) * (2 * order + 2))
    axes = [lead + k for r in range(order + 1) for k in (r, order + 1 + r)]
    return corner.transpose([*range(lead), *axes])
'''

EXPM_SLICE_JAX = '''
def _expm_slice(a, order):
    """Integral of the products of order + 1 exponentials exp(t_r a), over t >= 0 with sum 1.

    It is the corner of the exponential of a block bidiagonal matrix; axes are those of one factor
    after the other.
    """
    n, lead = a.shape[-1], a.ndim - 2
    size = n ** (order + 1)
    large = jnp.eye((order + 1) * size, k=size, dtype=a.dtype)
    for r in range(order + 1):
        before, after = (jnp.eye(n**k, dtype=a.dtype) for k in (r, order - r))
        block = jnp.kron(jnp.kron(before, a), after)
        room = (r * size, (order - r) * size)
        large = large + jnp.pad(block, [(0, 0)] * lead + [room, room])
    corner = jax.scipy.linalg.expm(large)[..., :size, order * size :]
    corner = corner.reshape(a.shape[:-2] + (n,) * (2 * order + 2))
    axes = [lead + k for r in range(order + 1) for k in (r, order + 1 + r)]
    return corner.transpose([*range(lead), *axes])
'''

EXPM_SLICE_TORCH = '''
def _expm_slice(a, order):
    """Integral of the products of order + 1 exponentials exp(t_r a), over t >= 0 with sum 1.

    It is the corner of the exponential of a block bidiagonal matrix; axes are those of one factor
    after the other.
    """
    n, lead = a.shape[-1], a.ndim - 2
    size = n ** (order + 1)
    kind = {"dtype": a.dtype, "device": a.device}
    large = torch.ones(order * size, **kind).diag(size)
    for r in range(order + 1):
        before, after = (torch.eye(n**k, **kind) for k in (r, order - r))
        block = torch.kron(torch.kron(before, a), after)
        room = (r * size, (order - r) * size)
        large = large + torch.nn.functional.pad(block, room + room)
    corner = torch.linalg.matrix_exp(large)[..., :size, order * size :]
    corner = corner.reshape(a.shape[:-2] + (n,) * (2 * order + 2))
    axes = [lead + k for r in range(order + 1) for k in (r, order + 1 + r)]
    return corner.permute(*range(lead), *axes)
'''

EXPM_SLICE_TENSORFLOW = '''
def _expm_slice(a, order):
    """Integral of the products of order + 1 exponentials exp(t_r a), over t >= 0 with sum 1.

    It is the corner of the exponential of a block bidiagonal matrix; axes are those of one factor
    after the other.
    """
    n, lead = a.shape[-1], a.ndim - 2
    size = n ** (order + 1)
    large = tf.linalg.diag(tf.ones(order * size, a.dtype), k=size)
    for r in range(order + 1):
        before, after = (tf.eye(n**k, dtype=a.dtype) for k in (r, order - r))
        block = tf.einsum("ab,...ij,cd->...aicbjd", before, a, after)
        block = tf.reshape(block, [*a.shape[:-2], size, size])
        room = (r * size, (order - r) * size)
        large += tf.pad(block, [(0, 0)] * lead + [room, room])
    corner = tf.linalg.expm(large)[..., :size, order * size :]
    corner = tf.reshape(corner, [*a.shape[:-2], *[n] * (2 * order + 2)])
    axes = [lead + k for r in range(order + 1) for k in (r, order + 1 + r)]
    return tf.transpose(corner, [*range(lead), *axes])
'''


def _expm_simple(operands: Operands, params: Params) -> Node | None:
    """expm(Xᵀ) -> expm(X)ᵀ, expm(diag(v)) -> diag(exp(v)), expm(0) -> I."""
    (x,) = operands
    if x.ndim == 2 and build.is_zero(x):
        return build.einsum([], [(0,), (0,)], 1, {0: x.shape[0]})
    inner = transposed_operand(x)
    if inner is not None:
        return swapped(apply("expm", inner))
    vector = diagonal_vector(x)
    return None if vector is None else build.contract("i->ii", apply("exp", vector))


def _expm_facts(node: Apply) -> frozenset[str]:
    facts = facts_of(node.operands[0])
    found = {"invertible"} | (facts & {"triangular", "diagonal"})
    return frozenset(found | {"spd"} if "symmetric" in facts else found)


def _opposite(view: ProductView, position: int) -> bool:
    """expm(X) expm(−X) -> I."""
    node, axes = view.factors[position]
    (x,) = node.operands
    for k, (other, other_axes) in enumerate(view.factors):
        if k == position or not _opposites(node, other) or axes[:-2] != other_axes[:-2]:
            continue
        ends = other_axes[-2:]
        pairs = [(1, 0), (0, 1)] + ([(0, 0), (1, 1)] if has(x, "symmetric") else [])
        for mine, its in pairs:
            shared = axes[-2:][mine]
            if shared != ends[its] or not view.private(shared, 2):
                continue
            if view.join({position, k}, shared, (axes[-2:][1 - mine], ends[1 - its])):
                return True
    return False


def _opposites(node: Node, other: Node) -> bool:
    return is_call(other, "expm") and build.scale(-1, node.operands[0]) is other.operands[0]


register(
    Record(
        name="expm",
        sentence="The matrix exponential Σ Xᵏ/k!.",
        signature="n n -> n n",
        evaluate=expm_values,
        derivative=(IndexRule("ij", "kl", lambda y, x: apply("expm_slice", x, order=1)["iklj"]),),
        code={
            "numpy": "scipy.linalg.expm({0})",
            "jax": "jax.scipy.linalg.expm({0})",
            "torch": "torch.linalg.matrix_exp({0})",
            "tensorflow": "tf.linalg.expm({0})",
        },
        notation=Notation("call", "expm", r"\exp"),
        domain=("square",),
        spellings=("expm", "matrix_exp"),
        facts=_expm_facts,
        rewrites=(_expm_simple,),
        in_products=(_opposite,),
        meets=_opposites,
        laws=(
            "expm(X)*expm(-X) == eye(n)",
            "expm(X') == expm(X)'",
            "det(expm(X)) == exp(tr(X))",
            "inv(expm(X)) == expm(-X)",
        ),
        source="d eˣ = ∫ e^{sX} dX e^{(1−s)X} ds; C. Van Loan, doi:10.1109/TAC.1978.1101743",
    )
)


def _slice_shape(shapes: tuple[Shape, ...], params: Params) -> Shape:
    from ..dims import shape_text

    (shape,) = shapes
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ShapeError(f"expm_slice needs a square matrix; it is {shape_text(shape)}")
    return shape[:-2] + shape[-2:] * (params["order"] + 1)


def _next_slice(order: int) -> IndexRule:
    letters = "abcdefghijklmnopqrstuvwxyz"
    out, into = letters[: 2 * order + 2], letters[2 * order + 2 : 2 * order + 4]

    def rule(y: Node, x: Node, order: int) -> Indexed:
        next_one = apply("expm_slice", x, order=order + 1)
        places = [out[: 2 * r + 1] + into + out[2 * r + 1 :] for r in range(order + 1)]
        total = next_one[places[0]]
        for place in places[1:]:
            total = total + next_one[place]
        return total

    return IndexRule(out, into, rule)


def _traced(view: ProductView, position: int) -> bool:
    """Σ_k of ∫ e^{sX}[i,k] e^{(1−s)X}[k,j] ds -> e^X[i,j], and likewise round the other end."""
    node, axes = view.factors[position]
    if not isinstance(node, Apply) or node.param("order") != 1:
        return False
    *batch, left0, right0, left1, right1 = axes
    for one, other, left, right in ((right0, left1, left0, right1), (right1, left0, left1, right0)):
        if one == other and view.private(one, 2):
            view.drop({position}, one)
            view.factors.append((apply("expm", *node.operands), (*batch, left, right)))
            return True
    return False


def _no_order(operands: Operands, params: Params) -> Node | None:
    return apply("expm", *operands) if params["order"] == 0 else None


register(
    Record(
        name="expm_slice",
        sentence="∫ e^{t₀X} ⊗ … ⊗ e^{tₚX} over t ≥ 0, Σ t = 1: what expm's derivatives consist of.",
        signature=_slice_shape,
        evaluate=expm_slice_values,
        rule_params=True,
        derivative=(FamilyRule(_next_slice),),
        code=dict.fromkeys(BACKENDS, with_numbers("_expm_slice({0}, {order})")),
        helpers={
            "numpy": EXPM_SLICE_NUMPY,
            "jax": EXPM_SLICE_JAX,
            "torch": EXPM_SLICE_TORCH,
            "tensorflow": EXPM_SLICE_TENSORFLOW,
        },
        notation=Notation(
            "call",
            "expm_slice",
            r"\operatorname{expm}",
            note="expm_slice(X)_ijkl is ∫₀¹ (e^{tX})_ij (e^{(1−t)X})_kl dt",
        ),
        domain=("square",),
        spellings=("expm_slice",),
        defaults={"order": 1},
        rewrites=(_no_order,),
        in_products=(_traced,),
        source="C. Van Loan, Computing integrals involving the matrix exponential, "
        "doi:10.1109/TAC.1978.1101743",
    )
)
