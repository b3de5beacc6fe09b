"""`stop_gradient`: a value that derivatives take for a constant.

It waits as facts do: as long as something may be differentiated again it stands, and after the last
derivative it is taken away (`eingrad.ir.held`), so that finished derivatives have no trace of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..ir.facts import facts_of
from ..ir.node import Apply, Constant, Kernel, Node, Size, Term
from ..ir.record import Notation, Record, register


def _facts(node: Apply) -> frozenset[str]:
    """It is the operand."""
    return facts_of(node.operands[0])


def _of_fixed(operands: tuple[Node, ...], params: Mapping[str, Any]) -> Node | None:
    """stop_gradient(stop_gradient(u)) -> stop_gradient(u), and of what is constant anyhow."""
    (u,) = operands
    held = isinstance(u, Apply) and u.function == "stop_gradient"
    number = isinstance(u, Term) and not u.factors
    return u if held or number or isinstance(u, Constant | Kernel | Size) else None


register(
    Record(
        name="stop_gradient",
        sentence="The value itself, held constant when a derivative is taken.",
        signature="* -> *",
        evaluate=np.positive,
        derivative=(lambda y, u: 0,),
        code={
            "numpy": "({0})",
            "jax": "jax.lax.stop_gradient({0})",
            "torch": "({0}).detach()",
            "tensorflow": "tf.stop_gradient({0})",
        },
        notation=Notation(
            "call",
            "stop_gradient",
            r"\operatorname{stop\_gradient}",
            note="stop_gradient(u) is u, held constant when a derivative is taken",
        ),
        domain=("real",),
        spellings=("stop_gradient", "detach"),
        facts=_facts,
        rewrites=(_of_fixed,),
        laws=("stop_gradient(stop_gradient(x)) == stop_gradient(x)", "stop_gradient(x) == x"),
        source="its derivative is 0 by definition",
    )
)
