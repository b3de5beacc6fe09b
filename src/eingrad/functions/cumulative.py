"""Running products. Nothing is divided, so zeros do no harm at any order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ir import build, construct
from ..ir.apply import apply
from ..ir.kernels import triangle
from ..ir.node import Apply, Node
from ..ir.record import Notation, Record, register
from ..ir.rule import Indexed, IndexRule
from .reductions import sign_facts


def beginnings(x: Node) -> Node:
    """The matrix whose row i has the entries of x up to i, and 1 behind; its last axis is new."""
    n = x.shape[-1]
    lower = triangle(n, n, 0, lower=True)
    lead = [(k,) for k in range(x.ndim - 1)]
    taken = build.einsum([(x, [*lead, ("j",)]), (lower, [("i",), ("j",)])], [*lead, ("i",), ("j",)])
    return build.sum_of(taken, triangle(n, n, 1, lower=False))


def _rule(y: Node, x: Node) -> Indexed:
    """∂c_i/∂x_j = [j ≤ i] Π_{l ≤ i, l ≠ j} x_l."""
    n = x.shape[-1]
    without = apply("leave_out", beginnings(x), order=1)
    return without["ij"] * triangle(n, n, 0, lower=True)["ij"]


def _of_exp(operands: tuple[Node, ...], params: Mapping[str, Any]) -> Node | None:
    """cumprod(exp(z)) -> exp(cumsum(z))."""
    (x,) = operands
    if isinstance(x, Apply) and x.function == "exp":
        return apply("exp", construct.cumulative_sum(x.operands[0], -1))
    return None


register(
    Record(
        name="cumprod",
        sentence="The running product along the last axis.",
        signature="k -> k",
        evaluate=lambda x: np.cumprod(x, axis=-1),
        derivative=(IndexRule("i", "j", _rule),),
        code={
            "numpy": "np.cumprod({0}, axis=-1)",
            "jax": "jnp.cumprod({0}, axis=-1)",
            "torch": "torch.cumprod({0}, -1)",
            "tensorflow": "tf.math.cumprod({0}, axis=-1)",
        },
        notation=Notation("call", "cumprod", r"\operatorname{cumprod}"),
        domain=("real",),
        spellings=("cumprod",),
        facts=sign_facts,
        rewrites=(_of_exp,),
        laws=(
            "cumprod(x .* y) == cumprod(x) .* cumprod(y)",
            "cumprod(exp(x)) == exp(cumsum(x))",
        ),
        source="the product rule in each beginning, without a division",
    )
)
