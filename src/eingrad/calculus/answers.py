"""Is this formula the derivative? The answer is read as text, and judged in the layout asked
for."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from ..dims import product
from ..errors import InputError, NameError_, ParseError, ShapeError
from ..frontends.text import parse as parse_text
from ..frontends.text import parse_index_form
from ..ir.build import einsum
from ..ir.node import Node, Shape, Variable, variable
from ..ir.walk import variables
from ..verify import Verdict, judge
from .derivative import LAYOUTS, Derivative, valid_layout
from .derive import derivative
from .inputs import Tensor, as_tensor_node


def check(y: Any, *wrt: Any, answer: Any, layout: str = "mixed", **options: Any) -> Verdict:
    """Whether `answer` is the derivative of y, in the layout asked for.

    Parameters
    ----------
    y, wrt:
        As for `derivative`.
    answer:
        Text in the names of y, or a tensor. A text may be the differential instead: `dA*B`, in
        which dA is a direction of A's shape (d₁A and d₂A for a second derivative), or an entry:
        `δ_ik B_lj`, where i, j, k, l are the axes in order.
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
    node = as_tensor_node(y)
    try:
        given = answer_node(answer, node, _shapes(d, layout))
    except NameError_ as unknown:
        return _check_differential(d, node, answer, unknown)
    except ParseError as error:
        if _directions(d, answer):  # dX (I − P) looks like a call
            return _check_differential(d, node, answer, error)
        given = _index_form(d, node, answer, layout, error)
    return judge(d.node, n_out=d.n_out, n_in=[v.ndim for v in d.wrt], answer=given, layout=layout)


def _directions(d: Derivative, answer: str) -> list[Variable]:
    """The directions of the differential, if an answer names any of them."""
    # The reader knows names in their normal form: d₁X is d1X.
    directions = [
        variable(unicodedata.normalize("NFKC", name), shape)
        for name, shape in d.formula("differential").directions.items()
    ]
    named = any(v.name in unicodedata.normalize("NFKC", answer) for v in directions)
    return directions if named else []


def _check_differential(
    d: Derivative, y: Node, answer: str, unknown: NameError_ | ParseError
) -> Verdict:
    """Judge an answer such as `dA*B`, in which dA is a direction of A's shape; raise `unknown` when
    it names no direction."""
    directions = _directions(d, answer)
    if not directions:
        raise unknown
    known = {v.name: v for v in (*variables(y), *directions)}
    given = parse_text(answer, {}, known=known, expected_shape=d.of.shape).node
    axes = [(k,) for k in range(d.node.ndim)]
    factors: list[tuple[Node, Sequence[tuple[int, ...]]]] = [(d.node, axes)]
    start = d.n_out
    for direction in directions:
        factors.append((direction, axes[start : start + direction.ndim]))
        start += direction.ndim
    return judge(einsum(factors, axes[: d.n_out]), n_out=d.n_out, n_in=[], answer=given)


def _index_form(d: Derivative, y: Node, answer: str, asked: str, error: ParseError) -> Node:
    """An answer such as `δ_ik B_lj`, i, j, k, l being the axes in the layout asked for, else in
    another one whose shape it has; raise `error` when it is no such answer."""
    letters = d.formula("index").letters
    if "_" not in answer or not letters:
        raise error
    known = {v.name: v for v in variables(y)}
    misfit: ShapeError | None = None
    for shape in _shapes(d, asked):
        try:
            if len(shape) == len(letters):
                return parse_index_form(answer, known, letters, shape)
        except ShapeError as found:
            misfit = misfit or found
        except ParseError:
            break
    raise misfit or error


def answer_node(answer: Any, y: Node, shapes: Sequence[Shape]) -> Node:
    """The node of an answer; a text is read in the names of y, with I, 𝟏 and 0 sized by the first
    of `shapes` that fits, or as it stands: an answer of a wrong shape is wrong, not unreadable.

    Raises
    ------
    EingradError
        The text cannot be read.
    """
    if isinstance(answer, str):
        known = {v.name: v for v in variables(y)}
        for shape in shapes:
            try:
                return parse_text(answer, {}, known=known, expected_shape=shape).node
            except ShapeError:
                continue
        return parse_text(answer, {}, known=known).node
    if isinstance(answer, Tensor):
        return answer.node
    return as_tensor_node(answer)


def _shapes(d: Derivative, asked: str) -> list[Shape]:
    """The shape of the derivative in the layout asked for, then those in the others."""
    shapes: list[Shape] = []
    for layout in dict.fromkeys([asked, *LAYOUTS]):
        if layout == "vec":  # columns are vec of the last variable, rows are vec of what is before
            split = d.node.ndim - d.wrt[-1].ndim
            shapes.append((product(d.node.shape[:split]), product(d.node.shape[split:])))
        else:
            shapes.append(d.in_layout(layout).shape)
    return list(dict.fromkeys(shapes))
