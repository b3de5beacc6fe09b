"""Layouts: in which order the axes of a derivative are shown, and what stands in a row."""

from __future__ import annotations

from ..errors import InputError

LAYOUTS = ("mixed", "denominator", "numerator", "vec")


def valid_layout(layout: str) -> str:
    """The layout; `InputError` where there is none of that name."""
    if layout not in LAYOUTS:
        raise InputError(f"there is no layout {layout!r}", hint=f"use one of: {', '.join(LAYOUTS)}")
    return layout


def axis_order(n_out: int, n_in: int, layout: str) -> tuple[int, ...]:
    """The axes, output then inputs, in the order of a layout; see `Derivative.axis_order`.

    >>> axis_order(2, 1, "denominator"), axis_order(1, 2, "numerator")
    ((2, 1, 0), (0, 2, 1))
    """
    out, into = list(range(n_out)), list(range(n_out, n_out + n_in))
    if layout == "denominator":
        return tuple(into + out[::-1])
    if layout == "numerator":
        return tuple(out + into[::-1])
    return tuple(out + into)


def is_row(n_out: int, n_in: int, layout: str) -> bool:
    """Whether the one axis there is lies along a row.

    That of a vector by a scalar does in denominator layout (1×n beside the m×n of a vector by a
    vector), that of a scalar by a vector in numerator layout.

    >>> is_row(1, 0, "denominator"), is_row(0, 1, "denominator")
    (True, False)
    """
    return (n_out, n_in) == {"denominator": (1, 0), "numerator": (0, 1)}.get(layout)
