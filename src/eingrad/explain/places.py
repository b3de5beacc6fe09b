"""How single derivatives are called: ∂c_12/∂a_11."""

from __future__ import annotations

from collections.abc import Sequence

from ..entries.labels import Pair, subscripted, variable_name
from ..ir.node import Variable

SUPERSCRIPT = {1: "", 2: "²", 3: "³", 4: "⁴"}


def entry_name(label: str, inputs: Sequence[Variable], n_out: int, place: Sequence[int]) -> str:
    """∂c_12/∂a_11 for a place of the derivative.

    >>> from eingrad.ir import build
    >>> from eingrad.ir.node import variable
    >>> entry_name("C", [variable("A", build.dims(2, 3))], 2, (0, 1, 0, 2))
    '∂c_12/∂a_13'
    """
    order = len(inputs)
    top = f"∂{SUPERSCRIPT.get(order, f'^{order}')}"
    top += subscripted(lowered(label, n_out), tuple(place[:n_out])).text
    start, below = n_out, ""
    for v in inputs:
        at = tuple(place[start : start + v.ndim])
        below += "∂" + subscripted(lowered(v.name, v.ndim), at).text
        start += v.ndim
    return f"{top}/{below}"


def lowered(name: str, ndim: int) -> Pair:
    """The name of the entries of an array: c for C."""
    return variable_name(name[:1].lower() + name[1:] if ndim else name)
