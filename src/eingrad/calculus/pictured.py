"""Pictures as `Derivative` offers them: the formula above, axes in the order of the layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import EingradError
from ..ir.walk import topological, variables

if TYPE_CHECKING:
    from ..pictures import Picture
    from .derivative import Derivative

MAX_TITLE = 240  # characters of a formula above a picture


def picture(d: Derivative, kind: str, sizes: Mapping[str, int]) -> Picture:
    """The picture of a derivative; sizes that it does not depend on are left aside."""
    from ..pictures import draw

    dims = [s for n in topological(d.node) for s in n.shape] + [s for v in d.wrt for s in v.shape]
    used = {s for dim in dims for s in dim.symbols()}
    of = {s for n in topological(d.of) for dim in n.shape for s in dim.symbols()}
    # No longer an array by an array, or along a direction rather than by a variable of the user's.
    own = d.contracted or d.called in ("jvp", "curvature")
    if own:
        taken = {v.name for v in variables(d.of, d.node)}
        label = next(n for n in ("D", "E", "H", "R", "contracted") if n not in taken)
        heading = f"{label} = {title(d)}"
    else:
        label, heading = d.label, title(d)
    return draw(
        d.node,
        d.node.ndim if own else d.n_out,
        () if own else d.wrt,
        kind=kind,
        sizes={k: v for k, v in sizes.items() if k in used or k not in of},
        label=label,
        title=heading,
        order=d.axis_order(d.layout),
        row=d.is_row,
        names=variables(d.of),
    )


def title(d: Derivative) -> str:
    """∂y/∂x = formula; ∂C/∂A: dC = dA B for a differential; the name alone if that is long."""
    try:
        formula = d.formula()
    except EingradError:
        return d.title
    text = str(formula)
    if len(text) > MAX_TITLE:
        return d.title
    if formula.directions:
        return f"{d.title}:  {d.title.split('/')[0].replace('∂', 'd')} = {text}"
    if formula.form == "index":
        return f"{d.title}, entry {text}"
    return f"{d.title} = {text}"
