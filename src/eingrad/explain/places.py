"""How single derivatives are called: ∂c_12/∂a_11."""

from __future__ import annotations

from collections.abc import Sequence

from ..entries.labels import subscripted, variable_name
from ..entries.pairs import NOTHING, Pair, fraction, raised, word
from ..ir.node import Variable

PARTIAL = word("∂")._replace(math=r"\partial ")


def entry_pair(label: str, inputs: Sequence[Variable], n_out: int, place: Sequence[int]) -> Pair:
    """∂c_12/∂a_11 for a place of the derivative.

    >>> from eingrad.ir import build
    >>> from eingrad.ir.node import variable
    >>> entry_pair("C", [variable("A", build.dims(2, 3))], 2, (0, 1, 0, 2)).text
    '∂c_12/∂a_13'
    """
    order = len(inputs)
    top = raised(PARTIAL, str(order)) if order > 1 else PARTIAL
    top += subscripted(lowered(label, n_out), tuple(place[:n_out]))
    start, below = n_out, NOTHING
    for v in inputs:
        at = tuple(place[start : start + v.ndim])
        below += PARTIAL + subscripted(lowered(v.name, v.ndim), at)
        start += v.ndim
    return fraction(top, below)


def entry_name(label: str, inputs: Sequence[Variable], n_out: int, place: Sequence[int]) -> str:
    """The same as text."""
    return entry_pair(label, inputs, n_out, place).text


def lowered(name: str, ndim: int) -> Pair:
    """The name of the entries of an array: c for C."""
    return variable_name(name[:1].lower() + name[1:] if ndim else name)
