"""Graphs of dependencies as SVG, left to right, drawn without any other program.

A variable stands one column to the right of the last one that it needs. An edge over several
columns passes between the boxes there, in a place of its own. Within a column the order is that of
the neighbours' middles (Sugiyama et al. 1981, doi:10.1109/TSMC.1981.4308636), swept to and fro.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from .pathtext import edge_marks, node_lines, route, sentences
from .written import PLAIN

if TYPE_CHECKING:
    from .paths import Paths

CHARACTER = 7.6  # the width of one at 13 px; wide enough for the widest of the common fonts
SIZE, SMALL = 13, 11.5
BOX_HEIGHT, PAD = 44.0, 12.0
ROW_GAP, LABEL_GAP, MARGIN = 34.0, 22.0, 24.0
LINE = 20.0
LONGEST = 46  # characters of one label; the list below has it whole
SWEEPS = 6
INK, GREY = "#111111", "#555555"
FONT = "DejaVu Sans, Verdana, sans-serif"

Slot = tuple[str, str] | str  # an edge that passes by, or a variable


@dataclass
class Layout:
    """Where everything stands: middles of slots, widths of boxes, where edges arrive."""

    columns: list[list[Slot]]
    x: dict[Slot, float]
    y: dict[Slot, float]
    width: dict[str, float]
    arrival: dict[tuple[str, str], float]
    right: float
    bottom: float


def svg(p: Paths, captioned: bool = True) -> str:
    """The picture: the graph, then each path with its contribution and their sum, unless these
    stand beside it."""
    boxes = {p.by.name: node_lines(p, None)}
    for step in p.steps:
        boxes[step.variable.name] = node_lines(p, step)
    boxes = {name: [_cut(line) for line in lines] for name, lines in boxes.items()}
    labels = {
        (e.source, e.target): [
            line for line in (_cut(e.text), edge_marks(p, e.source, e.target)) if line
        ]
        for e in p.edges
    }
    layout = _layout(boxes, labels)
    below = _below(p)
    lines = below if captioned else []
    width = max(layout.right, 2 * MARGIN + max(map(_width, lines), default=0))
    height = layout.bottom + LINE * len(lines) + (2 * MARGIN + 4 if lines else MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" style="max-width: 100%; height: auto" '
        f'font-family="{FONT}" role="img">',
        f"<title>{escape(f'Paths from {p.by.name} to {p.label}')}</title>",
        f"<desc>{escape('; '.join(below))}</desc>",
        '<rect width="100%" height="100%" fill="white"/>',
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" '
        f'markerHeight="8" orient="auto"><path d="M0,1 L10,5 L0,9 z" '
        f'fill="{INK}"/></marker></defs>',
    ]
    parts += [_line(edge, layout) for edge in labels]
    parts += [_box(name, lines, layout) for name, lines in boxes.items()]
    parts += [_label(edge, lines, layout) for edge, lines in labels.items()]
    for k, line in enumerate(lines):
        parts.append(_text(MARGIN, layout.bottom + 2 * MARGIN + LINE * k, line, SIZE, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _below(p: Paths) -> list[str]:
    lines = [
        f"path {k}: {route(path.names)} contributes {PLAIN.draw(path.contribution)}"
        for k, path in enumerate(p.paths, 1)
    ]
    return [line.replace("\n", "; ") for line in [*lines, *sentences(p), f"sum: {p.total}"]]


# --- layout ---------------------------------------------------------------------------------------


def _layout(boxes: Mapping[str, list[str]], labels: Mapping[tuple[str, str], list[str]]) -> Layout:
    columns = _columns(list(boxes), list(labels))
    at = {slot: k for k, column in enumerate(columns) for slot in column if isinstance(slot, str)}
    widths = {name: 2 * PAD + max(map(_width, lines)) for name, lines in boxes.items()}
    # A label stands in the gap before its target: gaps are as wide as their widest label.
    gaps = [90.0] * len(columns)
    for (_, target), lines in labels.items():
        gaps[at[target]] = max(gaps[at[target]], 2 * LABEL_GAP + max(map(_small_width, lines)))
    x: dict[Slot, float] = {}
    left = MARGIN
    for k, column in enumerate(columns):
        if k:
            left += gaps[k]
        broad = max((widths[s] for s in column if isinstance(s, str)), default=0.0)
        for slot in column:
            x[slot if isinstance(slot, str) else (*slot, k)] = left + broad / 2  # type: ignore[index]
        left += broad
    y: dict[Slot, float] = {}
    tallest = max(map(len, columns))
    pitch = BOX_HEIGHT + ROW_GAP
    for k, column in enumerate(columns):
        top = MARGIN + pitch * (tallest - len(column)) / 2
        for n, slot in enumerate(column):
            key = slot if isinstance(slot, str) else (*slot, k)
            y[key] = top + pitch * n + BOX_HEIGHT / 2  # type: ignore[index]
    arrival = _arrivals(columns, list(labels), y)
    return Layout(columns, x, y, widths, arrival, left + MARGIN, MARGIN + pitch * tallest - ROW_GAP)


def _columns(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[list[Slot]]:
    """Variables and passing edges by column, in an order with few crossings."""
    depth = dict.fromkeys(names, 0)
    for name in names:  # in order of computation
        depth[name] = max((depth[u] + 1 for u, v in edges if v == name), default=0)
    columns: list[list[Slot]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in names:
        columns[depth[name]].append(name)
    links: list[list[tuple[Slot, Slot]]] = [[] for _ in columns]
    for edge in edges:
        before: Slot = edge[0]
        for k in range(depth[edge[0]] + 1, depth[edge[1]]):
            columns[k].append(edge)
            links[k].append((before, edge))
            before = edge
        links[depth[edge[1]]].append((before, edge[1]))
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        order = range(1, len(columns)) if forward else range(len(columns) - 2, -1, -1)
        for k in order:
            other = columns[k - 1 if forward else k + 1]
            pairs = links[k] if forward else [(v, u) for u, v in links[k + 1]]
            places = {slot: n / max(1, len(other) - 1) for n, slot in enumerate(other)}
            middle = {}
            for n, slot in enumerate(columns[k]):
                near = [places[u] for u, v in pairs if v == slot]
                middle[slot] = (sum(near) / len(near) if near else 0.5, n)
            columns[k].sort(key=lambda slot, middle=middle: middle[slot])  # type: ignore[misc]
    return columns


def _way(edge: tuple[str, str], layout: Layout) -> list[tuple[float, float]]:
    """The points that an edge goes through: from box to box, past the columns between."""
    source, target = edge
    points = [(layout.x[source] + layout.width[source] / 2, layout.y[source])]
    for k, column in enumerate(layout.columns):
        if edge in column:
            middle = (*edge, k)
            broad = max((layout.width[s] for s in column if isinstance(s, str)), default=0.0)
            x, y = layout.x[middle], layout.y[middle]  # type: ignore[index]
            points += [(x - broad / 2, y), (x + broad / 2, y)]
    arrives = layout.y[target] + layout.arrival[edge]
    points.append((layout.x[target] - layout.width[target] / 2, arrives))
    return points


def _arrivals(
    columns: Sequence[Sequence[Slot]], edges: Sequence[tuple[str, str]], y: Mapping[Slot, float]
) -> dict[tuple[str, str], float]:
    """How far from the middle of its target's side an edge arrives, so that arrows lie apart."""
    last: dict[tuple[str, str], float] = {}
    for edge in edges:
        passed = [k for k, column in enumerate(columns) if edge in column]
        last[edge] = y[(*edge, passed[-1])] if passed else y[edge[0]]  # type: ignore[index]
    found: dict[tuple[str, str], float] = {}
    for target in {v for _, v in edges}:
        ordered = sorted((e for e in edges if e[1] == target), key=lambda e: last[e])
        step = min(14.0, (BOX_HEIGHT - 12) / max(1, len(ordered) - 1))
        for k, edge in enumerate(ordered):
            found[edge] = step * (k - (len(ordered) - 1) / 2)
    return found


# --- drawing --------------------------------------------------------------------------------------


def _line(edge: tuple[str, str], layout: Layout) -> str:
    points = _way(edge, layout)
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        bend = (x1 - x0) / 2
        path += f" C{x0 + bend:.1f},{y0:.1f} {x1 - bend:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
    return f'<path d="{path}" fill="none" stroke="{INK}" marker-end="url(#arrow)"/>'


def _box(name: str, lines: Sequence[str], layout: Layout) -> str:
    x, y, width = layout.x[name], layout.y[name], layout.width[name]
    parts = [
        f'<rect x="{x - width / 2:.1f}" y="{y - BOX_HEIGHT / 2:.1f}" width="{width:.1f}" '
        f'height="{BOX_HEIGHT:.1f}" rx="6" fill="white" stroke="{INK}"/>',
        _text(x, y - 3, lines[0], SIZE),
        _text(x, y + 14, lines[1], SMALL, colour=GREY),
    ]
    return "".join(parts)


def _label(edge: tuple[str, str], lines: Sequence[str], layout: Layout) -> str:
    """The local derivative above the curve, in the gap before the target; its paths below."""
    (x0, y0), (x1, y1) = _way(edge, layout)[-2:]
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    halo = 'stroke="white" stroke-width="5" stroke-linejoin="round" paint-order="stroke"'
    parts = [_text(x, y - 6, lines[0], SMALL, more=halo)]
    parts += [_text(x, y + 15, line, SMALL, colour=GREY, more=halo) for line in lines[1:]]
    return "".join(parts)


def _text(
    x: float,
    y: float,
    text: str,
    size: float,
    anchor: str = "middle",
    colour: str = INK,
    more: str = "",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{colour}" {more}>{escape(text)}</text>'
    )


def _width(text: str) -> float:
    return CHARACTER * len(text)


def _small_width(text: str) -> float:
    return CHARACTER * SMALL / SIZE * len(text)


def _cut(text: str) -> str:
    text = text.replace("\n", "; ")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
