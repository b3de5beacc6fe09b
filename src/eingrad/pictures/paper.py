"""Grids within grids on paper: blanks for zeros, one pattern for each entry that repeats.

Lengths are inches. Text is measured before the figure is made, so that nothing overlaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..entries.arrange import Level, coordinates, extents
from ..entries.pairs import Pair

if TYPE_CHECKING:
    from .picture import Picture

INK, GREY, LINE, FAINT = "#111111", "#5c5c5c", "#8a8a8a", "#b5b5b5"
SINGLE = "#efefef"  # an entry that occurs once
# Fill and hatch of entries that repeat: the hatches tell them apart in black and white, the tints
# add to it on a screen. Of lines: a dot is a polygon, and dense dots are 250 kB of an SVG.
PATTERNS = (
    ("#dbe9f6", "////", "#7f9fbf"),
    ("#fbe3cf", "\\\\\\\\", "#cf9f77"),
    ("#dff0dc", "xxx", "#7fae79"),
    ("#efe2f3", "++", "#b292bd"),
    ("#fdf3c7", "---", "#c9b458"),
    ("#f8d9dc", "|||", "#c98d94"),
    ("#d6f0ef", "//", "#74b0ad"),
    ("#e9e4da", "\\\\", "#aa9f87"),
    ("#d3dcf2", "xx", "#8798c4"),
    ("#f6e5b8", "--", "#c4a44f"),
    ("#e3f3cf", "||", "#93b365"),
    ("#f4dcec", ".", "#c286ab"),
)
SIZE, SMALL, HEAD = 12.0, 8.5, 12.5  # points
ROW, PAD, MARGIN = 0.40, 0.22, 0.35
LINE_STEP = 0.27  # between lines of text
GAPS = (0.30, 0.55, 0.80)  # between blocks, by level
RISE = 0.16  # of a slice above the one before it
ITALIC = "stix"
FONTS = ("DejaVu Sans", "STIXGeneral")  # both come with matplotlib; the second has 𝟏


class Frame(NamedTuple):
    """Where the entries stand: left edges by column, top edges by row, and the cells' width."""

    left: Mapping[tuple[int, ...], float]
    top: Mapping[tuple[int, ...], float]
    width: float
    right: float
    bottom: float
    rise: float

    def top_of(self, row: tuple[int, ...], column: tuple[int, ...]) -> float:
        """The top edge of a cell: a slice further back stands higher."""
        return self.top[row] - self.rise * column[0]


def draw_grid(picture: Picture) -> Any:
    """The figure of a `blocks` or `stack` picture."""
    from matplotlib.figure import Figure

    content = picture.content
    assert content is not None
    labels: list[Pair] = content.labels.ravel().tolist()
    written = {pair: drawable(pair) for pair in set(labels)}
    width = max(0.46, PAD + max(measure(t, SIZE) for t in written.values()))
    steps = extents(picture.levels)
    stacked = picture.kind == "stack"
    heads = headings(picture)
    bracket = _bracket_distance(len(steps))
    top = MARGIN + LINE_STEP * len(heads) + 0.30 + bracket
    frame = _frame(steps, width, MARGIN + 0.44 + bracket, top, stacked)
    notes = [drawable(pair) for pair in picture.notes]
    wide = [measure(h.text, h.size) for h in heads]
    wide += [measure(t, SIZE - 1.5) for t in notes]
    items = _legend_items(picture)
    wide.append(sum(0.66 + measure(text, SMALL) for *_, text in items))
    right = max(frame.right + bracket, MARGIN + max(wide)) + MARGIN
    below = frame.bottom + bracket + 0.26
    height = below + 0.10 + (0.14 + 0.30 * len(notes) if notes else 0) + MARGIN - 0.1
    figure = Figure(figsize=(right, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, right)
    axes.set_ylim(height, 0)
    axes.axis("off")
    write_heads(axes, heads)
    _cells(axes, picture, frame, written)
    _outlines(axes, frame, steps, bracket)
    _indices(axes, picture.levels, frame, bracket)
    _legend(axes, items, below)
    for k, note in enumerate(notes):
        _write(axes, MARGIN, below + 0.38 + 0.30 * k, note, SIZE - 1.5, ha="left")
    return figure


class Heading(NamedTuple):
    """A line above the picture."""

    text: str
    size: float
    colour: str


def headings(picture: Picture) -> list[Heading]:
    """The lines above: the formula, broken where it is long, the shape, what stands where."""
    lines: list[Heading] = []
    for line in picture.title.split("\n") if picture.title else []:
        current = ""
        for word in line.split(" "):
            if current and len(current) + len(word) > 84:
                lines.append(Heading(_plain(current), HEAD, INK))
                current = "    "
            current += (" " if current.strip() else "") + word
        lines.append(Heading(_plain(current), HEAD, INK))
    lines.append(Heading(_plain(picture.shape), SIZE - 1.5, GREY))
    lines.append(Heading(_settable(picture.caption.text, picture.caption.math), SIZE - 1.5, GREY))
    return lines


def write_heads(axes: Any, heads: Sequence[Heading]) -> None:
    """The lines above the picture."""
    for k, (text, size, colour) in enumerate(heads):
        _write(axes, MARGIN, MARGIN + LINE_STEP * k, text, size, color=colour, ha="left")


def _plain(text: str) -> str:
    return text.replace("$", r"\$")


def _frame(
    steps: Sequence[tuple[int, int]], width: float, left: float, top: float, stacked: bool
) -> Frame:
    """Positions of rows and columns; the slices of a stack stand a step higher each."""
    rise = RISE * (steps[0][1] - 1) if stacked else 0.0
    tops = _places([r for r, _ in steps], ROW, top + rise)
    lefts = _places([c for _, c in steps], width, left)
    right, bottom = max(lefts.values()) + width, max(tops.values()) + ROW
    return Frame(lefts, tops, width, right, bottom, RISE if stacked else 0.0)


def _places(counts: Sequence[int], unit: float, start: float) -> dict[tuple[int, ...], float]:
    """Where each row (or column) begins: a block is as large as the grid in it, and a gap."""
    pitch: list[float] = []
    extent = unit
    for depth, count in enumerate(reversed(counts)):
        step = extent + (GAPS[min(depth - 1, len(GAPS) - 1)] if depth else 0.0)
        pitch.insert(0, step)
        extent += step * (count - 1)
    return {
        place: start + sum(k * p for k, p in zip(place, pitch, strict=True))
        for place in np.ndindex(*counts)
    }


def _cells(axes: Any, picture: Picture, frame: Frame, written: Mapping[Pair, str]) -> None:
    from matplotlib.patches import Rectangle

    content = picture.content
    assert content is not None
    repeated = [c for c in content.counts if c and content.counts[c] > 1]
    pattern = {c: PATTERNS[k % len(PATTERNS)] for k, c in enumerate(repeated)}
    for place in np.ndindex(*content.labels.shape):
        row, column = coordinates(picture.levels, place)
        x, y = frame.left[column], frame.top_of(row, column)
        key = int(content.classes[place])
        face, hatch, ink = pattern.get(key, ("white" if not key else SINGLE, "", FAINT))
        axes.add_patch(
            Rectangle((x, y), frame.width, ROW, facecolor=face, edgecolor=ink, hatch=hatch, lw=0)
        )
        axes.add_patch(
            Rectangle((x, y), frame.width, ROW, facecolor="none", edgecolor=FAINT, lw=0.5)
        )
        _write(
            axes,
            x + frame.width / 2,
            y + ROW / 2,
            written[content.labels.item(*place)],
            SIZE if key else SIZE - 2,
            color=INK if key else LINE,
            plate=face if hatch else "",
        )


def _bracket_distance(depth: int) -> float:
    """How far the brackets stand from the cells: outside all frames."""
    return 0.12 + (0.07 * (depth - 2) if depth > 1 else 0.0)


def _outlines(axes: Any, frame: Frame, steps: Sequence[tuple[int, int]], bracket: float) -> None:
    """A frame around every block, heavier the further out."""
    from matplotlib.patches import Rectangle

    depth = len(steps)
    corners = []
    for level in range(1, depth):
        out = 0.03 + 0.07 * (depth - 1 - level)
        for _, group in groupby(sorted(frame.top), key=lambda k: k[:level]):
            rows = list(group)
            for _, other in groupby(sorted(frame.left), key=lambda k: k[:level]):
                columns = list(other)
                x, y = frame.left[columns[0]] - out, frame.top_of(rows[0], columns[0]) - out
                wide = frame.left[columns[-1]] + frame.width + out - x
                high = frame.top_of(rows[-1], columns[-1]) + ROW + out - y
                corners.append((x, y, wide, high))
                axes.add_patch(
                    Rectangle(
                        (x, y),
                        wide,
                        high,
                        facecolor="none",
                        edgecolor=INK,
                        lw=1.1 if level == depth - 1 else 1.7,
                    )
                )
    if not frame.rise:
        _brackets(axes, frame, bracket)
        return
    for (x, y, wide, high), (x2, y2, *_) in pairwise(corners):
        for dy in (0.0, high):  # edges that run from a slice to the next
            axes.plot([x + wide, x2], [y + dy, y2 + dy], color=LINE, lw=0.8, ls=(0, (3, 2)))


def _brackets(axes: Any, frame: Frame, away: float) -> None:
    """Square brackets around the whole matrix."""
    left, right = min(frame.left.values()) - away, frame.right + away
    top, bottom = min(frame.top.values()) - away, frame.bottom + away
    for x, inwards in ((left, 0.09), (right, -0.09)):
        axes.plot(
            [x + inwards, x, x, x + inwards],
            [top, top, bottom, bottom],
            color=INK,
            lw=1.4,
            solid_joinstyle="miter",
        )


def _indices(axes: Any, levels: Sequence[Level], frame: Frame, away: float) -> None:
    """Which place a row or column of blocks is: j = 1, j = 2, … above; i = 1, … at the left."""
    outer = levels[0]
    if outer.across is not None:
        for place, group in groupby(sorted(frame.left), key=lambda k: k[0]):
            xs = [frame.left[k] for k in group]
            middle = (xs[0] + xs[-1] + frame.width) / 2
            y = min(frame.top.values()) - away - 0.15 - frame.rise * place
            _write(axes, middle, y, f"${outer.across.letter} = {place + 1}$", SIZE - 2, color=GREY)
    if outer.down is not None:
        for place, group in groupby(sorted(frame.top), key=lambda k: k[0]):
            ys = [frame.top[k] for k in group]
            middle = (ys[0] + ys[-1] + ROW) / 2
            x = min(frame.left.values()) - away - 0.10
            text = f"${outer.down.letter} = {place + 1}$"
            _write(axes, x, middle, text, SIZE - 2, color=GREY, ha="right")


def _legend_items(picture: Picture) -> list[tuple[str, str, str, str]]:
    """What blank, grey and hatched cells mean: face, hatch, ink, words."""
    content = picture.content
    assert content is not None
    single = sum(1 for c, n in content.counts.items() if c and n == 1)
    repeats = sum(1 for c, n in content.counts.items() if c and n > 1)
    items = []
    if content.zeros:
        items.append(("white", "", FAINT, f"zero: {content.zeros} of {content.labels.size}"))
    if single:
        items.append((SINGLE, "", FAINT, f"occurs once: {single}"))
    if repeats:
        what = "same pattern: same entry"
        if repeats > len(PATTERNS):
            what += f" (patterns recur after {len(PATTERNS)})"
        items.append((*PATTERNS[0], what))
    return items


def _legend(axes: Any, items: Sequence[tuple[str, str, str, str]], y: float) -> None:
    from matplotlib.patches import Rectangle

    x = MARGIN
    for face, hatch, ink, text in items:
        axes.add_patch(
            Rectangle((x, y - 0.08), 0.28, 0.17, facecolor=face, hatch=hatch, edgecolor=ink, lw=0)
        )
        axes.add_patch(
            Rectangle((x, y - 0.08), 0.28, 0.17, facecolor="none", edgecolor=LINE, lw=0.6)
        )
        axes.text(x + 0.36, y, text, fontsize=SMALL, color=GREY, va="center", ha="left")
        x += 0.36 + measure(text, SMALL) + 0.3


def _write(
    axes: Any,
    x: float,
    y: float,
    text: str,
    size: float,
    *,
    color: str = INK,
    ha: str = "center",
    plate: str = "",
) -> None:
    box = None
    if plate:
        box = {"facecolor": plate, "edgecolor": "none", "boxstyle": "round,pad=0.12"}
    middle = "center_baseline" if ha == "center" else "center"
    axes.text(
        x,
        y,
        text,
        fontsize=size,
        family=FONTS,
        color=color,
        va=middle,
        ha=ha,
        math_fontfamily=ITALIC,
        bbox=box,
    )


def drawable(pair: Pair) -> str:
    """The label as mathtext, or as plain text where matplotlib cannot set it."""
    return _settable(pair.text, f"${pair.math}$" if pair.math else "")


def _settable(text: str, math: str) -> str:
    from matplotlib.mathtext import MathTextParser

    if math:
        try:
            MathTextParser("path").parse(math)
        except ValueError:
            pass
        else:
            return math
    return _plain(text)


def measure(text: str, size: float) -> float:
    """The width of a line of text."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    prop = FontProperties(math_fontfamily=ITALIC)
    return float(TextPath((0, 0), text, size=size, prop=prop).get_extents().width) / 72
