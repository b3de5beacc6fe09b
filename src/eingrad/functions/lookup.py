"""Looking up by an index that is an input: `one_hot(i, n)`, and so gather and scatter.

An index that is known when the expression is written is a kernel leaf instead
(`eingrad.ir.kernels.gather`); the two mean the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..dims import as_dim
from ..errors import ShapeError
from ..ir.algebra import ProductView
from ..ir.node import Node, Shape
from ..ir.patterns import meet, sum_of_row
from ..ir.record import Notation, Record, register
from ..ir.rule import ZERO, IndexRule
from .fact_rules import always


def one_hot_values(index: Any, size: int) -> np.ndarray:
    """1 at place `index` (the nearest whole number) of a new last axis; a negative one counts from
    the end.

    Raises
    ------
    ShapeError
        An index is out of bounds.
    """
    places = np.rint(np.real(np.asarray(index))).astype(np.int64)
    if places.size and not (-size <= places.min() and places.max() < size):
        raise ShapeError(f"an index is out of bounds for an axis of size {size}")
    return np.eye(size)[places]


def _shape(shapes: tuple[Shape, ...], params: Mapping[str, Any]) -> Shape:
    return (*shapes[0], as_dim(params["size"]))


def _meets_itself(view: ProductView, position: int) -> bool:
    node, _ = view.factors[position]
    for other in range(len(view.factors)):
        if (
            other != position
            and view.factors[other][0] is node
            and _same_row(view, position, other)
        ):
            return meet(view, position, other)
    return False


def _same_row(view: ProductView, p: int, q: int) -> bool:
    return view.factors[p][1][:-1] == view.factors[q][1][:-1]


def _is_same(node: Node, other: Node) -> bool:
    return node is other


register(
    Record(
        name="one_hot",
        sentence="1 at the place that an index names on a new last axis of a given size, else 0.",
        signature=_shape,
        evaluate=one_hot_values,
        rule_params=True,
        derivative=(IndexRule("", "", lambda y, x, size: ZERO),),
        code={
            "numpy": "np.eye({size}, dtype={0}.dtype)[np.rint({0}).astype(int)]",
            "jax": "jax.nn.one_hot(jnp.rint({0}).astype(int) % {size}, {size}, dtype={0}.dtype)",
            "torch": (
                "torch.nn.functional.one_hot(torch.round({0}).long() % {size}, {size})"
                ".to({0}.dtype)"
            ),
            "tensorflow": (
                "tf.one_hot(tf.cast(tf.round({0}), tf.int64) % {size}, {size}, dtype={0}.dtype)"
            ),
        },
        notation=Notation("call", "one_hot", r"\operatorname{onehot}", shown=("size",)),
        domain=("integer",),
        spellings=(),
        defaults={"size": 1},
        facts=always("nonnegative", "integer"),
        in_products=(_meets_itself, sum_of_row),
        meets=_is_same,
        looks_up=True,
        analytic=False,
        laws=("one_hot(floor(x), 5)*vector(1, 5) == vector(1, n)",),
        source="piecewise constant",
    )
)
