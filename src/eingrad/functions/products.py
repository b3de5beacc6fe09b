"""The product along the last axis, and the products without some entries: its derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir import build
from ..ir.apply import apply
from ..ir.node import Apply, Node, Shape
from ..ir.record import Notation, Record, register
from ..ir.rule import FamilyRule, Indexed, IndexRule
from .reductions import sign_facts
from .templates import BACKENDS, helpers, with_numbers


def leave_out_values(x: Any, order: int) -> np.ndarray:
    """Entry (…, k₁, …, kₚ): the product of all entries but these, 0 where two of them are equal.

    Nothing is divided, so zeros do no harm.
    """
    x = np.asarray(x)
    n = x.shape[-1]
    place = np.indices((n,) * (order + 1))
    kept = np.all(place[:order] != place[order], axis=0)
    product = np.where(kept, x[(..., *[None] * order, slice(None))], 1).prod(axis=-1)
    for one, other in combinations(np.indices((n,) * order), 2):
        product = np.where(one != other, product, 0)
    return product


LEAVE_OUT = '''
def _leave_out(x, order):
    """Products along the last axis without each choice of `order` different entries."""
    n = x.shape[-1]
    place = xp.indices((n,) * (order + 1))
    kept = xp.all(place[:order] != place[order], axis=0)
    product = xp.where(kept, x[(..., *[None] * order, slice(None))], 1).prod(axis=-1)
    for one, other in itertools.combinations(xp.indices((n,) * order), 2):
        product = xp.where(one != other, product, 0)
    return product
'''

LEAVE_OUT_TENSORFLOW = '''
def _leave_out(x, order):
    """Products along the last axis without each choice of `order` different entries."""
    n = x.shape[-1]
    *gone, place = tf.meshgrid(*[tf.range(n)] * (order + 1), indexing="ij")
    kept = tf.reduce_all([one != place for one in gone], axis=0)
    product = tf.reduce_prod(tf.where(kept, x[(..., *[None] * order, slice(None))], 1), axis=-1)
    chosen = tf.meshgrid(*[tf.range(n)] * order, indexing="ij")
    for one, other in itertools.combinations(chosen, 2):
        product = tf.where(one != other, product, 0)
    return product
'''

LEAVE_OUT_TORCH = '''
def _leave_out(x, order):
    """Products along the last axis without each choice of `order` different entries."""
    places = [torch.arange(x.shape[-1], device=x.device)] * (order + 1)
    *gone, place = torch.meshgrid(*places, indexing="ij")
    kept = torch.stack([one != place for one in gone]).all(dim=0)
    product = torch.where(kept, x[(..., *[None] * order, slice(None))], 1).prod(dim=-1)
    for one, other in itertools.combinations(gone, 2):
        product = torch.where((one != other)[..., 0], product, 0)
    return product
'''

LEAVE_OUT_STANDARD = '''
def _leave_out(x, order, xp):
    """Products along the last axis without each choice of `order` different entries."""
    places = [xp.arange(x.shape[-1], device=getattr(x, "device", None))] * (order + 1)
    *gone, place = xp.meshgrid(*places, indexing="ij")
    kept = xp.all(xp.stack([one != place for one in gone]), axis=0)
    product = xp.prod(xp.where(kept, x[(..., *[None] * order, slice(None))], 1), axis=-1)
    for one, other in itertools.combinations(gone, 2):
        product = xp.where((one != other)[..., 0], product, 0)
    return product
'''

LEAVE_OUT_HELPERS = {
    **helpers(LEAVE_OUT),
    "torch": LEAVE_OUT_TORCH,
    "tensorflow": LEAVE_OUT_TENSORFLOW,
    "array_api": LEAVE_OUT_STANDARD,
}


def _leave_out_shape(shapes: tuple[Shape, ...], params: Mapping[str, Any]) -> Shape:
    (shape,) = shapes
    if not shape:
        raise ShapeError("a product needs an axis; the operand is a scalar")
    return shape[:-1] + shape[-1:] * params["order"]


def _next_leave_out(order: int) -> IndexRule:
    letters = "abcdefghijklmnopqrstuvwxyz"
    out, into = letters[:order], letters[order]

    def rule(y: Node, x: Node, order: int) -> Indexed:
        return apply("leave_out", x, order=order + 1)[out + into]

    return IndexRule(out, into, rule)


def _leave_out_nothing(operands: tuple[Node, ...], params: Mapping[str, Any]) -> Node | None:
    return apply("prod", *operands) if params["order"] == 0 else None


register(
    Record(
        name="leave_out",
        sentence="Products along the last axis without `order` entries, one new axis for each.",
        signature=_leave_out_shape,
        evaluate=leave_out_values,
        rule_params=True,
        derivative=(FamilyRule(_next_leave_out),),
        code={
            **dict.fromkeys(BACKENDS, with_numbers("_leave_out({0}, {order})")),
            "array_api": with_numbers("_leave_out({0}, {order}, xp)"),
        },
        helpers=LEAVE_OUT_HELPERS,
        notation=Notation(
            "call",
            "leave_out",
            r"\operatorname{prod}_{\setminus}",
            note="leave_out(x)_i is the product of all x_k with k ≠ i; of order 2, with k ≠ i, j",
        ),
        domain=("real",),
        spellings=("leave_out",),
        defaults={"order": 1},
        facts=lambda node: sign_facts(node) - {"positive"},
        rewrites=(_leave_out_nothing,),
        laws=("leave_out(x) .* x == prod(x)*vector(1, n)",),
        source="the product is multilinear in its entries",
    )
)


def _prod_of_simple(operands: tuple[Node, ...], params: Mapping[str, Any]) -> Node | None:
    """Π exp(z) -> exp(Σ z), the product of one number n times -> its power."""
    (x,) = operands
    if isinstance(x, Apply) and x.function == "exp":
        inner = x.operands[0]
        axes = [(k,) for k in range(inner.ndim)]
        return apply("exp", build.einsum([(inner, axes)], axes[:-1]))
    return None


register(
    Record(
        name="prod",
        sentence="The product along the last axis.",
        signature="k ->",
        evaluate=lambda x: np.prod(x, axis=-1),
        derivative=(IndexRule("", "j", lambda y, x: apply("leave_out", x, order=1)["j"]),),
        code={
            "numpy": "np.prod({0}, axis=-1)",
            "jax": "jnp.prod({0}, axis=-1)",
            "torch": "torch.prod({0}, -1)",
            "tensorflow": "tf.reduce_prod({0}, axis=-1)",
        },
        notation=Notation("call", "prod", r"\prod"),
        domain=("real",),
        spellings=("prod",),
        facts=sign_facts,
        rewrites=(_prod_of_simple,),
        laws=("prod(x .* y) == prod(x)*prod(y)",),
        source="the product rule, without a division",
    )
)
