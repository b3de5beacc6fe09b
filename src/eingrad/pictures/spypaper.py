"""Where a flattened matrix is not zero, on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .paper import GREY, INK, LINE, LINE_STEP, MARGIN, headings, measure, write_heads

if TYPE_CHECKING:
    from .picture import Picture

SIDE = 5.2  # of the longer side of the matrix
LARGEST_CELL = 0.36
CLOSEST = 0.25  # between lines at the ends of columns of Y and X; closer ones are left out


def draw_spy(picture: Picture) -> Any:
    """The figure of a `spy` picture."""
    from matplotlib.figure import Figure

    spy = picture.spy
    assert spy is not None
    heads = headings(picture)
    rows, columns = spy.pattern.shape
    cell = min(LARGEST_CELL, SIDE / max(rows, columns))
    # A matrix of one row must stay visible.
    across, down = max(columns * cell, 0.12), max(rows * cell, 0.12)
    left, top = MARGIN + 0.85, MARGIN + LINE_STEP * len(heads) + 0.42
    widest = max(measure(h.text, h.size) for h in heads)
    width = max(left + across, MARGIN + widest) + MARGIN
    height = top + down + 0.34 + MARGIN
    figure = Figure(figsize=(width, height))
    write = figure.add_axes((0, 0, 1, 1))
    write.set_xlim(0, width)
    write.set_ylim(height, 0)
    write.axis("off")
    write_heads(write, heads)
    axes = figure.add_axes((left / width, 1 - (top + down) / height, across / width, down / height))
    axes.imshow(
        spy.pattern, cmap="binary", vmin=0, vmax=1.15, interpolation="nearest", aspect="auto"
    )
    axes.xaxis.set_ticks_position("top")
    axes.tick_params(length=2.5, labelsize=8, color=LINE, labelcolor=GREY)
    for axis, count, total in (
        (axes.xaxis, columns, spy.shape[1]),
        (axes.yaxis, rows, spy.shape[0]),
    ):
        marks = {0: 1}
        if count * cell > 0.3:
            marks[count - 1] = total
        axis.set_ticks([*marks], [f"{n:,}" for n in marks.values()])
    if cell >= 0.08:
        for k in range(1, columns):
            axes.axvline(k - 0.5, color="#d9d9d9", lw=0.5)
        for k in range(1, rows):
            axes.axhline(k - 0.5, color="#d9d9d9", lw=0.5)
    if across / (len(spy.column_breaks) + 1) > CLOSEST:
        for k in spy.column_breaks:
            axes.axvline(k / spy.step[1] - 0.5, color=GREY, lw=0.9)
    if down / (len(spy.row_breaks) + 1) > CLOSEST:
        for k in spy.row_breaks:
            axes.axhline(k / spy.step[0] - 0.5, color=GREY, lw=0.9)
    for spine in axes.spines.values():
        spine.set_color(INK)
    write.text(
        left + across / 2, top - 0.30, picture.headers[1], fontsize=10, color=GREY, ha="center"
    )
    write.text(
        left - 0.42, top + down / 2, picture.headers[0], fontsize=10, color=GREY, ha="center",
        va="center", rotation=90,
    )  # fmt: skip
    write.text(
        MARGIN, top + down + 0.30, f"black: not zero ({picture.tally})", fontsize=8.5, color=GREY
    )
    return figure
