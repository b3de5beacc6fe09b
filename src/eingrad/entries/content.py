"""What a picture says: the label of every entry, which entries are zero, which are equal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..ir.node import Node, Variable
from .expand import Entries
from .labels import Labels
from .pairs import Pair, number
from .points import values_at_points
from .polynomial import Entry, Symbol

WIDTH = 124  # characters of a picture; labels that would make it wider go below it
MAX_LINES = 12  # labels below a picture
DIGITS = 9  # to which values at random points agree when entries count as equal


@dataclass
class Content:
    """The entries of a tensor, in its own order of axes.

    Attributes
    ----------
    entries, labels:
        What stands at each place, exactly and as it is written in the cell.
    full:
        The labels as they are without numbers for long ones.
    classes:
        Equal numbers mark equal entries; 0 marks zeros.
    counts:
        How many entries each class has.
    below:
        Lines that explain the labels: long entries by number, names of matrices.
    """

    entries: NDArray[np.object_]
    labels: NDArray[np.object_]
    full: NDArray[np.object_]
    classes: np.ndarray
    counts: dict[int, int]
    below: list[Pair] = field(default_factory=list)

    @property
    def zeros(self) -> int:
        """How many entries are zero."""
        return self.counts.get(0, 0)

    @property
    def distinct(self) -> int:
        """How many different entries there are besides zero."""
        return len([c for c in self.counts if c])


def content(
    node: Node,
    sizes: Mapping[str, int],
    variables: Iterable[Variable],
    longest: int | None = None,
    lines: int = MAX_LINES,
) -> Content:
    """Expand every entry of the node and find the equal ones.

    Labels of more than `longest` characters (by default what fits a picture) become numbers, which
    up to `lines` lines below explain.
    """
    shape = tuple(d.evaluate(sizes) for d in node.shape)
    names = list(variables)
    longest = _longest(shape) if longest is None else longest
    tried = []
    for brief in (0, 1, 2):
        entries, labels = _expanded(node, shape, sizes, names, brief)
        lengths = [len(labels.text(e)) for e in set(entries.ravel().tolist())]
        too_long = sum(n > longest for n in lengths)
        tried.append((too_long, sum(lengths), brief, entries, labels))
        if not too_long:
            break
    *_, entries, labels = min(tried, key=lambda t: t[:3])
    classes = _classes(entries, values_at_points(node, sizes))
    pairs: dict[int, Pair] = {0: number("0")}
    for place in np.ndindex(*shape):
        one = labels.pair(entries.item(*place))
        key = int(classes[place])
        if key not in pairs or len(one.text) < len(pairs[key].text):
            pairs[key] = one
    full = _placed(classes, pairs)
    below = _numbered(pairs, longest, lines) + labels.where
    shown = _placed(classes, pairs)
    kinds, numbers = np.unique(classes, return_counts=True)
    counts = dict(zip(kinds.tolist(), numbers.tolist(), strict=True))
    return Content(entries, shown, full, classes, counts, below)


def _expanded(
    node: Node,
    shape: tuple[int, ...],
    sizes: Mapping[str, int],
    names: Sequence[Variable],
    brief: int,
) -> tuple[NDArray[np.object_], Labels]:
    source = Entries(sizes, brief)
    entries = np.empty(shape, dtype=object)
    for place in np.ndindex(*shape):
        entries[place] = source.entry(node, place)
    return entries, Labels(names)


def _placed(classes: np.ndarray, pairs: Mapping[int, Pair]) -> NDArray[np.object_]:
    shown = np.empty(classes.shape, dtype=object)
    for place in np.ndindex(*classes.shape):
        shown[place] = pairs[int(classes[place])]
    return shown


def _longest(shape: tuple[int, ...]) -> int:
    """How long a label may be, so that the columns fit."""
    columns = shape[-1] if len(shape) == 2 else math.ceil(math.sqrt(math.prod(shape)))
    return max(14, min(60, WIDTH // (1 if len(shape) < 2 else columns)))


def _classes(entries: NDArray[np.object_], values: Sequence[np.ndarray]) -> np.ndarray:
    """A number for each entry: equal symbols, or equal values at all points.

    Values that are whole numbers at every point (a step function's) prove nothing.
    """
    numbers: dict[object, int] = {Entry(()): 0}
    classes = np.zeros(entries.shape, dtype=int)
    by_value: dict[tuple[str, ...], int] = {}
    for place in np.ndindex(*entries.shape):
        entry = entries[place]
        if entry not in numbers:
            at = [float(v[place]) for v in values]
            new = max(numbers.values()) + 1
            if any(x != round(x) for x in at):
                key = tuple(f"{x:.{DIGITS}e}" for x in at)
                new = by_value.setdefault(key, new)
            numbers[entry] = new
        classes[place] = numbers[entry]
    return classes


def _numbered(pairs: dict[int, Pair], longest: int, most: int) -> list[Pair]:
    """Exchange labels that are too long for numbers; the lines that say what they stand for."""
    lines: list[Pair] = []
    for key, pair in pairs.items():
        if len(pair.text) > longest:
            mark = f"({len(lines) + 1})"
            shown = Pair(mark, rf"\mathrm{{{mark}}}", f"<mtext>{mark}</mtext>")
            lines.append(shown + Pair(" ", r"\;\;", "<mspace width='0.6em'/>") + pair)
            pairs[key] = shown
    if len(lines) > most:
        rest = f"… and {len(lines) - most} more"
        lines = [*lines[:most], Pair(rest, "", f"<mtext>{rest}</mtext>")]
    return lines


def block_name(
    entries: NDArray[np.object_], variables: Iterable[Variable], sizes: Mapping[str, int]
) -> str:
    """The name of a block of entries: `0`, or a variable that it is, whole or transposed; or ""."""
    cells = entries.ravel().tolist()
    if all(e.is_zero for e in cells):
        return "0"
    first = cells[0].terms
    if len(first) != 1 or first[0][1] != 1 or len(first[0][0]) != 1:
        return ""
    atom = first[0][0][0][0]
    if not isinstance(atom, Symbol):
        return ""
    found = next((v for v in variables if v.name == atom.name), None)
    if found is None or not found.ndim:
        return ""
    shape = tuple(d.evaluate(sizes) for d in found.shape)
    squeezed = entries.squeeze() if entries.ndim > len(shape) else entries
    for turned, mark in ((squeezed, ""), (squeezed.T, "ᵀ")):
        if turned.shape == shape and all(
            turned[place] == Entry.atom(Symbol(atom.name, place)) for place in np.ndindex(*shape)
        ):
            return found.name + (mark if len(shape) > 1 else "")
    return ""
