"""Is this formula the derivative? The answer is read as text, and judged in the layout asked
for."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ..frontends.text import parse as parse_text
from ..ir.node import Node
from ..ir.walk import variables
from ..verify import Verdict, judge
from .derivative import valid_layout
from .derive import derivative
from .inputs import Tensor, as_tensor_node


def check(y: Any, *wrt: Any, answer: Any, layout: str = "mixed", **options: Any) -> Verdict:
    """Whether `answer` is the derivative of y, in the layout asked for.

    Parameters
    ----------
    y, wrt:
        As for `derivative`.
    answer:
        Text in the names of y, or a tensor.
    layout:
        `mixed`, `denominator`, `numerator`: an answer that is right in another one only is not
        equal, and the reason names that layout.

    Returns
    -------
    Verdict
        With `.equal` and `.reason`.

    Examples
    --------
    >>> verdict = check("norm2(A*x - y)^2", "x", answer="2*A'*(A*x - y)")
    >>> verdict.equal
    True
    >>> print(check("x'*A*x", "x", answer="2*A*x").equal)
    False
    """
    d = derivative(y, *wrt, **options)
    if isinstance(d, list):
        raise InputError("check takes one variable in each place")
    layout = valid_layout(layout)
    given = answer_node(answer, as_tensor_node(y), d.in_layout(layout).shape)
    return judge(d.node, n_out=d.n_out, n_in=[v.ndim for v in d.wrt], answer=given, layout=layout)


def answer_node(answer: Any, y: Node, shape: Any) -> Node:
    """The node of an answer; a text is read in the names of y, with I, 𝟏 and 0 sized by `shape`."""
    if isinstance(answer, str):
        known = {v.name: v for v in variables(y)}
        return parse_text(answer, {}, known=known, expected_shape=shape).node
    if isinstance(answer, Tensor):
        return answer.node
    return as_tensor_node(answer)
