"""Functions of the last axis: softmax and its kin, extrema. Callers bring axes there."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.algebra import ProductView
from ..ir.apply import apply
from ..ir.facts import facts_of
from ..ir.node import Apply
from ..ir.record import Kink, Notation, Record, register
from ..ir.rule import ZERO, IndexRule, delta
from .exponents import (
    log_softmax_of_shifted,
    logsumexp_of_shifted,
    softmax_of_shifted,
)
from .fact_rules import SIGNS, always
from .shifted import log_softmax_parts, logsumexp_parts, max_share_parts, softmax_parts
from .templates import BACKENDS


def logsumexp_values(z: Any) -> np.ndarray:
    """log Σ exp along the last axis without overflow, also for complex z near the real axis."""
    z = np.asarray(z)
    top = z.real.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    return top[..., 0] + np.log(np.exp(z - top).sum(axis=-1))


def softmax_values(z: Any) -> np.ndarray:
    """exp(z)/Σ exp(z) along the last axis."""
    return np.exp(z - logsumexp_values(z)[..., None])


def _sums_to_one(view: ProductView, position: int) -> bool:
    """Σ_i softmax(z)_i -> 1, where nothing else carries i."""
    _, axes = view.factors[position]
    if len(axes[-1]) == 1 and view.private(axes[-1], 1):
        view.drop({position}, axes[-1])
        return True
    return False


# Shifting by the largest entry is several times as fast as `np.logaddexp.reduce`.
SOFTMAX = '''
def _softmax(z):
    """exp(z) / sum of exp(z) along the last axis, shifted so that nothing overflows."""
    e = np.exp(z - z.max(axis=-1, keepdims=True, initial=-np.inf))
    return e / e.sum(axis=-1, keepdims=True)
'''

LOGSUMEXP = '''
def _logsumexp(z):
    """Log of the sum of exp(z) along the last axis, shifted so that nothing overflows."""
    top = z.max(axis=-1, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(z - top).sum(axis=-1)) + top[..., 0]
'''

SOFTMAX_STANDARD = '''
def _softmax(z, xp):
    """exp(z) / sum of exp(z) along the last axis, shifted so that nothing overflows."""
    if not z.shape[-1]:
        return xp.asarray(z, copy=True)
    e = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)
'''

LOGSUMEXP_STANDARD = '''
def _logsumexp(z, xp):
    """Log of the sum of exp(z) along the last axis, shifted so that nothing overflows."""
    if not z.shape[-1]:
        return xp.sum(z, axis=-1) - math.inf
    top = xp.max(z, axis=-1, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0)
    return xp.log(xp.sum(xp.exp(z - top), axis=-1)) + top[..., 0]
'''


register(
    Record(
        name="softmax",
        sentence="exp(z)/Σ exp(z) along the last axis.",
        signature="k -> k",
        evaluate=softmax_values,
        derivative=(IndexRule("i", "j", lambda y, z: y["i"] * delta("ij") - y["i"] * y["j"]),),
        code={
            "numpy": "_softmax({0})",
            "jax": "jax.nn.softmax({0}, axis=-1)",
            "torch": "torch.softmax({0}, dim=-1)",
            "tensorflow": "tf.nn.softmax({0}, axis=-1)",
            "array_api": "_softmax({0}, xp)",
        },
        helpers={"numpy": SOFTMAX, "array_api": SOFTMAX_STANDARD},
        notation=Notation("call", "softmax", r"\operatorname{softmax}"),
        domain=("real",),
        spellings=("softmax",),
        facts=always("positive", "small"),
        rewrites=(softmax_of_shifted,),
        in_products=(_sums_to_one,),
        laws=(
            "sum(softmax(x)) == 1",
            "softmax(x) == exp(x)/sum(exp(x))",
            "softmax(x + 3) == softmax(x)",
        ),
        parts=softmax_parts,
        source="dpᵢ = pᵢ (dzᵢ − Σ pⱼ dzⱼ)",
    )
)

register(
    Record(
        name="log_softmax",
        sentence="z − log Σ exp(z) along the last axis.",
        signature="k -> k",
        evaluate=lambda z: np.asarray(z) - logsumexp_values(z)[..., None],
        derivative=(IndexRule("i", "j", lambda y, z: delta("ij") - apply("softmax", z)["j"]),),
        code={
            "numpy": "{0} - _logsumexp({0})[..., None]",
            "jax": "jax.nn.log_softmax({0}, axis=-1)",
            "torch": "torch.log_softmax({0}, dim=-1)",
            "tensorflow": "tf.nn.log_softmax({0}, axis=-1)",
            "array_api": "{0} - _logsumexp({0}, xp)[..., None]",
        },
        helpers={"numpy": LOGSUMEXP, "array_api": LOGSUMEXP_STANDARD},
        notation=Notation("call", "log_softmax", r"\operatorname{log\,softmax}"),
        domain=("real",),
        spellings=("log_softmax", "logsoftmax"),
        rewrites=(log_softmax_of_shifted,),
        laws=("log_softmax(x) == log(softmax(x))", "log_softmax(x) == x - logsumexp(x)"),
        parts=log_softmax_parts,
        source="d log pᵢ = dzᵢ − Σ pⱼ dzⱼ",
    )
)

register(
    Record(
        name="logsumexp",
        sentence="log Σ exp(z) along the last axis, without overflow.",
        signature="k ->",
        evaluate=logsumexp_values,
        derivative=(IndexRule("", "j", lambda y, z: apply("softmax", z)["j"]),),
        code={
            "numpy": "_logsumexp({0})",
            "jax": "jax.nn.logsumexp({0}, axis=-1)",
            "torch": "torch.logsumexp({0}, dim=-1)",
            "tensorflow": "tf.reduce_logsumexp({0}, axis=-1)",
            "array_api": "_logsumexp({0}, xp)",
        },
        helpers={"numpy": LOGSUMEXP, "array_api": LOGSUMEXP_STANDARD},
        notation=Notation("call", "logsumexp", r"\operatorname{logsumexp}"),
        domain=("real",),
        spellings=("logsumexp",),
        rewrites=(logsumexp_of_shifted,),
        laws=("logsumexp(x) == log(sum(exp(x)))", "logsumexp(x + 2) == 2 + logsumexp(x)"),
        parts=logsumexp_parts,
        source="d log Σ exp(zⱼ) = Σ pⱼ dzⱼ",
    )
)


# --- extrema --------------------------------------------------------------------------------------


def max_share_values(x: Any) -> np.ndarray:
    """1/k at each of the k largest entries along the last axis, else 0."""
    x = np.asarray(x)
    top = (x == x.max(axis=-1, keepdims=True)).astype(np.result_type(x, np.float32))
    return top / top.sum(axis=-1, keepdims=True)


MAX_SHARE = '''def _max_share(x, axis):
    """1/k at each of the k largest entries along an axis, or several, else 0."""
    top = (x == x.max(axis=axis, keepdims=True)).astype(x.dtype)
    return top / top.sum(axis=axis, keepdims=True)
'''
MAX_SHARE_TORCH = MAX_SHARE.replace(
    "x.max(axis=axis, keepdims=True)", "x.amax(axis, keepdim=True)"
).replace(".astype(x.dtype)", ".to(x.dtype)")
MAX_SHARE_TENSORFLOW = '''def _max_share(x, axis):
    """1/k at each of the k largest entries along an axis, or several, else 0."""
    top = tf.cast(x == tf.reduce_max(x, axis=axis, keepdims=True), x.dtype)
    return top / tf.reduce_sum(top, axis=axis, keepdims=True)
'''

register(
    Record(
        name="max_share",
        sentence="1/k at each of the k largest entries along the last axis, else 0.",
        signature="k -> k",
        evaluate=max_share_values,
        derivative=(IndexRule("i", "j", lambda y, x: ZERO),),
        code=dict.fromkeys(BACKENDS, "_max_share({0}, {axis})"),
        helpers={
            "numpy": MAX_SHARE,
            "jax": MAX_SHARE,
            "torch": MAX_SHARE_TORCH,
            "tensorflow": MAX_SHARE_TENSORFLOW,
        },
        notation=Notation(
            "call",
            "max_share",
            r"\operatorname{max\_share}",
            note="max_share(x) is 1 at the largest entry of x, else 0 (1/k at k equal ones)",
        ),
        domain=("real",),
        spellings=("max_share",),
        facts=always("nonnegative"),
        analytic=False,
        laws=("sum(max_share(x)) == 1", "max_share(x)'*x == max(x)"),
        parts=max_share_parts,
        along=True,
        source="constant where the largest entry is unique",
    )
)


def sign_facts(node: Apply) -> frozenset[str]:
    """The facts about the signs of the operand's entries."""
    return facts_of(node.operands[0]) & SIGNS


register(
    Record(
        name="max",
        sentence="The largest entry along the last axis.",
        signature="k ->",
        evaluate=lambda x: np.max(x, axis=-1),
        derivative=(IndexRule("", "j", lambda y, x: apply("max_share", x)["j"]),),
        code={
            "numpy": "np.max({0}, axis={axis})",
            "jax": "jnp.max({0}, axis={axis})",
            "torch": "torch.amax({0}, {axis})",
            "tensorflow": "tf.reduce_max({0}, axis={axis})",
        },
        notation=Notation("call", "max", r"\max"),
        domain=("real",),
        spellings=("max",),
        facts=sign_facts,
        analytic=False,
        kinks=(Kink("max has no derivative where several entries are largest; they share it"),),
        along=True,
        laws=("max(x) == -min(-x)",),
        source="the largest entry moves the value",
    )
)

register(
    Record(
        name="min",
        sentence="The smallest entry along the last axis.",
        signature="k ->",
        evaluate=lambda x: np.min(x, axis=-1),
        derivative=(IndexRule("", "j", lambda y, x: apply("max_share", -x)["j"]),),
        code={
            "numpy": "np.min({0}, axis={axis})",
            "jax": "jnp.min({0}, axis={axis})",
            "torch": "torch.amin({0}, {axis})",
            "tensorflow": "tf.reduce_min({0}, axis={axis})",
        },
        notation=Notation("call", "min", r"\min"),
        domain=("real",),
        spellings=("min",),
        facts=sign_facts,
        analytic=False,
        kinks=(Kink("min has no derivative where several entries are smallest; they share it"),),
        along=True,
        laws=("min(x) == -max(-x)",),
        source="the smallest entry moves the value",
    )
)
