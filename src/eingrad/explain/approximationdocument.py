"""The remainder of an approximation as a document: the table, the plot, what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .approximation import SHOWN_STEP
from .forms import Block, Document, Figure, Paragraph, Section, Table

if TYPE_CHECKING:
    from .approximation import Approximation

EVERY = 4  # which of the steps are in the table


def document(a: Approximation) -> Document:
    """The whole document."""
    style = "" if a.ok else "bad"
    rounding = [Paragraph((a.rounding,))] if a.rounding else []
    blocks: list[Block] = [
        Table(("h", "remainder", ""), tuple(_rows(a)), "rrl"),
        Figure(lambda: a.pictures()[".svg"]().decode(), f"The remainder by step size: {a.verdict}"),
        Paragraph((a.verdict,), style),
        *rounding,
        Section((f"Where Δ{a.changed} at h = {SHOWN_STEP:g} comes from",), (_contributions(a),)),
    ]
    return Document((f"Δ{a.label} against {a.formula}",), tuple(blocks))


def _rows(a: Approximation) -> list[tuple[str, str, str]]:
    rows = []
    for h, r in list(zip(a.steps, a.remainders, strict=True))[::EVERY]:
        mark = ""
        if a.window and a.window[0] <= h <= a.window[1]:
            mark = "fitted"
        elif a.rounding_below is not None and h < a.rounding_below:
            mark = "rounding"
        rows.append((f"{h:.0e}", f"{r:.2e}" if np.isfinite(r) else "nan", mark))
    return rows


def _contributions(a: Approximation) -> Table:
    total = sum(c.value for c in a.contributions)
    shown = [(c.name, c.value) for c in a.contributions]
    shown += [("sum", total), (f"Δ{a.changed}", a.change)]
    rows = [(name, f"{value: z.8f}") for name, value in shown]
    return Table(("", ""), (*rows, ("remainder", f"{a.change - total: .2e}")), "ll")
