"""What softmax and logsumexp are made of, where code shares their exponentials.

exp(z − m) as one function of two operands: as `exp` of a sum it would be put together to softmax
again. The shift changes nothing of the value, and keeps it from overflowing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.apply import apply
from ..ir.build import broadcast_to
from ..ir.construct import expand_dims, sum_axes
from ..ir.node import Node
from ..ir.record import Notation, Record, register
from ..ir.rule import IndexRule
from .fact_rules import entrywise
from .templates import NAMESPACES


def finite_max_values(x: Any) -> np.ndarray:
    """The largest entry along the last axis, or 0 where that is not finite."""
    top = np.max(x, axis=-1)
    return np.where(np.isfinite(top), top, 0)


def along_last(v: Node, z: Node) -> Node:
    """A value for each row of z as an array of its shape."""
    return broadcast_to(expand_dims(v, [v.ndim]), z.shape)


def shifted(z: Node) -> tuple[Node, Node, Node]:
    """The largest entry of each row, the exponentials of the rest, and their sum."""
    top = apply("finite_max", z)
    exponentials = apply("exp_difference", z, along_last(top, z))
    return top, exponentials, sum_axes(exponentials, [z.ndim - 1])


def softmax_parts(z: Node) -> Node:
    """exp(z − top)/Σ exp(z − top)."""
    _, exponentials, total = shifted(z)
    return exponentials * along_last(total**-1, z)


def logsumexp_parts(z: Node) -> Node:
    """log Σ exp(z − top) + top; −∞ where all of a row is, and no warning of it."""
    top, _, total = shifted(z)
    return apply("log_of_total", total) + top


def log_softmax_parts(z: Node) -> Node:
    """z − logsumexp(z)."""
    return z - along_last(logsumexp_parts(z), z)


def max_share_parts(x: Node) -> Node:
    """Where the largest entry is, divided by how often it is there."""
    largest = apply("equal", x, along_last(apply("max", x), x))
    return largest * along_last(sum_axes(largest, [x.ndim - 1]) ** -1, x)


FINITE_MAX = '''
def _finite_max(x):
    """The largest entry along the last axis, or 0 where that is not finite."""
    top = xp.max(x, axis=-1, initial=-xp.inf)
    return xp.where(xp.isfinite(top), top, xp.zeros_like(top))
'''
FINITE_MAX_TORCH = '''
def _finite_max(x):
    """The largest entry along the last axis, or 0 where that is not finite."""
    top = torch.amax(x, -1)
    return torch.where(torch.isfinite(top), top, torch.zeros_like(top))
'''
FINITE_MAX_TENSORFLOW = '''
def _finite_max(x):
    """The largest entry along the last axis, or 0 where that is not finite."""
    top = tf.reduce_max(x, axis=-1)
    return tf.where(tf.math.is_finite(top), top, tf.zeros_like(top))
'''
FINITE_MAX_STANDARD = '''
def _finite_max(x, xp):
    """The largest entry along the last axis, or 0 where that is not finite."""
    top = xp.max(x, axis=-1)
    return xp.where(xp.isfinite(top), top, xp.zeros_like(top))
'''

register(
    Record(
        name="finite_max",
        sentence="The largest entry along the last axis, or 0 where that is not finite.",
        signature="k ->",
        evaluate=finite_max_values,
        derivative=(IndexRule("", "j", lambda y, x: apply("max_share", x)["j"]),),
        code={
            **dict.fromkeys(("numpy", "jax", "torch", "tensorflow"), "_finite_max({0})"),
            "array_api": "_finite_max({0}, xp)",
        },
        helpers={
            "numpy": FINITE_MAX.replace("xp.", "np."),
            "jax": FINITE_MAX.replace("xp.", "jnp."),
            "torch": FINITE_MAX_TORCH,
            "tensorflow": FINITE_MAX_TENSORFLOW,
            "array_api": FINITE_MAX_STANDARD,
        },
        notation=Notation("call", "finite_max", r"\operatorname{finite\,max}"),
        domain=("real",),
        spellings=("finite_max",),
        analytic=False,
        laws=("finite_max(x) == max(x)",),
        source="the largest entry moves the value",
    )
)

register(
    Record(
        name="exp_difference",
        sentence="The exponential of the difference of two entries.",
        signature="*, * -> *",
        evaluate=lambda x, m: np.exp(np.asarray(x) - np.asarray(m)),
        derivative=(lambda y, x, m: y, lambda y, x, m: -y),
        code={backend: f"{n}.exp({{0}} - ({{1}}))" for backend, n in NAMESPACES.items()},
        notation=Notation("call", "exp_difference", r"\operatorname{exp\,difference}"),
        domain=("real", "real"),
        spellings=("exp_difference",),
        facts=entrywise("positive"),
        laws=("exp_difference(x, y) == exp(x - y)",),
        source="d exp(x − m) = exp(x − m) (dx − dm)",
    )
)

LOG_OF_TOTAL = '''
def _log_of_total(x):
    """log(x), -inf at 0: no term was there."""
    with np.errstate(divide="ignore"):
        return np.log(x)
'''

register(
    Record(
        name="log_of_total",
        sentence="The logarithm of a sum of exponentials; −∞ where there is none.",
        signature="* -> *",
        evaluate=np.log,
        derivative=(lambda y, x: x**-1,),
        code={
            **{backend: f"{n}.log({{0}})" for backend, n in NAMESPACES.items()},
            "numpy": "_log_of_total({0})",
            "array_api": "xp.log({0})",
        },
        helpers={"numpy": LOG_OF_TOTAL},
        notation=Notation("call", "log_of_total", r"\operatorname{log\,of\,total}"),
        domain=("positive",),
        spellings=("log_of_total",),
        facts=entrywise(),
        laws=("log_of_total(x) == log(x)",),
        source="d log x = dx/x",
    )
)
