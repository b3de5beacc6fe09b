"""`draw`: from a derivative in factored form to a `Picture`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ..dims import Dim, shape_text
from ..entries.arrange import Axis, Level, lettered, levels
from ..entries.content import block_name, content
from ..entries.labels import variable_name
from ..entries.pairs import Pair
from ..entries.points import picture_sizes, values_at_points
from ..errors import InputError, SizeLimitError, UnsupportedError
from ..ir.node import Node, Variable
from ..ir.walk import variables
from .picture import Picture, Spy
from .textform import coarse

KINDS = ("auto", "blocks", "stack", "spy")
MAX_CELLS = 480  # entries that are written one by one
MAX_DENSE = 4_000_000  # entries of a matrix for a spy picture
MAX_PIXELS = 600  # rows and columns of a spy picture; larger ones are sampled
POWERS = {1: "", 2: "²", 3: "³", 4: "⁴"}


def draw(
    node: Node,
    n_out: int,
    inputs: Sequence[Variable],
    *,
    kind: str = "auto",
    sizes: Mapping[str, int] | None = None,
    label: str = "y",
    title: str = "",
    order: Sequence[int] | None = None,
    row: bool = False,
    names: Iterable[Variable] = (),
) -> Picture:
    """Draw a derivative.

    Parameters
    ----------
    node:
        The tensor: the axes of the output, then those of each input.
    n_out, inputs:
        How many axes the output has, and the variables of the other axes.
    kind:
        `blocks`: every entry is written; a matrix by a matrix is a matrix of matrices, a vector by
        a matrix a matrix of vectors. `stack`: three axes as slices one behind another. `spy`: where
        the flattened matrix is not zero. `auto`: `blocks`, or `spy` where there are too many.
    sizes:
        Numbers for symbolic sizes; what is missing gets small, pairwise different ones.
    label, title:
        Name of the output; the formula to show above.
    order:
        The axes in the order in which they are shown (the layout).
    row:
        Whether the one axis of a vector lies along a row.
    names:
        Variables in sight besides those of the node.

    Raises
    ------
    InputError
        There is no such kind, it does not fit, or a size is wrong.
    SizeLimitError
        There are more entries than can be written or flattened; nothing was computed.
    """
    if kind not in KINDS:
        raise InputError(f"there is no kind {kind!r}", hint=f"use one of: {', '.join(KINDS)}")
    if any(d.as_int() == 0 for d in node.shape):
        raise InputError(f"nothing to draw: the shape is {shape_text(node.shape)}")
    numbers = picture_sizes(node, inputs, sizes)
    shape = tuple(d.evaluate(numbers) for d in node.shape)
    if math.prod(shape) > MAX_CELLS and kind != "spy":  # sizes of 2 may do
        least = picture_sizes(node, inputs, sizes, different=False)
        smaller = tuple(d.evaluate(least) for d in node.shape)
        if math.prod(smaller) <= MAX_CELLS:
            numbers, shape = least, smaller
    total = math.prod(shape)
    if kind == "stack" and len(shape) != 3:
        raise InputError(
            f"a stack shows three axes; this has {len(shape)}", hint='use kind="blocks"'
        )
    if kind == "auto":
        kind = "blocks" if total <= MAX_CELLS else "spy"
    shown = tuple(order) if order is not None else tuple(range(len(shape)))
    row = row and len(shown) == 1
    shape_line = ("1×" if row else "") + _shape_line([node.shape[k] for k in shown], numbers)
    owners = _owners(n_out, inputs, len(shape))
    axes = lettered(shown, owners, shape)
    whose = _Derivative(label, inputs, owners)
    if kind == "spy":
        return _spy(node, numbers, shape, (title, shape_line), whose)
    if total > MAX_CELLS:
        raise SizeLimitError(
            f"{total:,} entries are too many to write: the limit is {MAX_CELLS}; "
            'give smaller sizes, or draw kind="spy"'
        )
    known = {v.name: v for v in (*variables(node), *inputs, *names)}.values()
    found = content(node, numbers, known)
    if kind == "stack":
        grids: tuple[Level, ...] = (Level(None, axes[0]), Level(axes[1], axes[2]))
    else:
        grids = (Level(None, axes[0]),) if row else levels(axes, found.classes == 0)
    caption = whose.caption(axes, grids, kind)
    picture = Picture(kind, title, shape_line, caption, numbers, found, grids)
    if len(grids) > 1:
        picture.names = _block_names(picture, known)
        picture.say_blocks()
    return picture


def _shape_line(shape: Sequence[Dim], numbers: Mapping[str, int]) -> str:
    if not any(d.symbols() for d in shape):
        return shape_text(shape)
    chosen = ", ".join(f"{k} = {v}" for k, v in sorted(numbers.items()))
    return f"{shape_text(shape)}, drawn with {chosen}"


def _owners(n_out: int, inputs: Sequence[Variable], ndim: int) -> list[int]:
    """For each axis 0 (the output) or the number of its input, counted from 1."""
    owners = [0] * n_out
    for k, v in enumerate(inputs):
        owners += [k + 1] * v.ndim
    if len(owners) != ndim:  # a contracted derivative: its axes are what they are
        return [0] * ndim
    return owners


class _Derivative:
    """How the derivative and its axes are spoken of."""

    def __init__(self, label: str, inputs: Sequence[Variable], owners: Sequence[int]) -> None:
        self.label = label
        self.inputs = inputs if len(set(owners) - {0}) or any(v.ndim == 0 for v in inputs) else ()
        self.owners = owners

    def entry(self, axes: Sequence[Axis], hidden: Iterable[int] = ()) -> Pair:
        """∂c_ij/∂a_kl; arrays in `hidden` stand as a whole."""
        hidden = set(hidden)
        letters: dict[int, str] = {}
        for axis in sorted(axes, key=lambda a: a.number):
            letters[axis.owner] = letters.get(axis.owner, "") + axis.letter

        def subscript(name: str, owner: int) -> Pair:
            if owner in hidden or owner not in letters:
                return variable_name(name)
            low = variable_name(name[:1].lower() + name[1:])
            return low + Pair(f"_{letters[owner]}", f"_{{{letters[owner]}}}")

        result = subscript(self.label, 0)
        if not self.inputs:
            return result
        count = len(self.inputs)
        top = Pair("∂", r"\partial ")
        if count > 1:
            top += Pair(POWERS.get(count, f"^{count}"), f"^{{{count}}}")
        result = top + result + "/"
        for k, v in enumerate(self.inputs):
            result += Pair("∂", r"\partial ") + subscript(v.name, k + 1)
        return result

    def caption(self, axes: Sequence[Axis], grids: Sequence[Level], kind: str) -> Pair:
        """Which derivative stands where."""

        def inline(pair: Pair) -> Pair:
            return Pair(pair.text, f"${pair.math}$")

        def words(text: str) -> Pair:
            return Pair(text, text)

        whole = inline(self.entry(axes))
        if not axes:
            return whole
        letters = [a.letter for a in grids[0].axes]
        place = f"({', '.join(letters)})" if len(letters) > 1 else letters[0]
        if len(grids) == 1:
            named = (("row", grids[0].down), ("column", grids[0].across))
            where = [f"{name} {axis.letter}" for name, axis in named if axis]
            return whole + f" in {', '.join(where)}"
        outer = {a.owner for a in grids[0].axes}
        inner = {a.owner for g in grids[1:] for a in g.axes}
        rest = inline(self.entry(axes, inner - outer))
        within = [a.letter for g in grids[1:] for a in g.axes]
        if outer & inner:
            hidden = f" for all {', '.join(within)}"
            return words(f"block {place} holds ") + whole + hidden
        text = words(f"{'slice' if kind == 'stack' else 'block'} {place} is ") + rest
        return text + f"; its entry ({', '.join(within)}) is " + whole

    def sides(self) -> tuple[int, str, str]:
        """How many axes are rows of the flattened matrix, and what its rows and columns are."""
        if not self.inputs:
            return len(self.owners), f"vec {self.label}", "1"
        last = len(self.inputs)
        split = sum(owner != last for owner in self.owners)
        first = [self.label] if 0 in self.owners or last == 1 else []
        rows = [*first, *(v.name for v in self.inputs[:-1])]
        return split, "vec " + ", ".join(rows), f"vec {self.inputs[-1].name}"


def _block_names(picture: Picture, known: Iterable[Variable]) -> dict[tuple[int, ...], str]:
    """Blocks that are a variable, or zero."""
    assert picture.content is not None
    entries = picture.content.entries
    outer = picture.levels[0]
    names: dict[tuple[int, ...], str] = {}
    for i in range(outer.down.size if outer.down else 1):
        for j in range(outer.across.size if outer.across else 1):
            where: list[int | slice] = [slice(None)] * entries.ndim
            if outer.down:
                where[outer.down.number] = i
            if outer.across:
                where[outer.across.number] = j
            name = block_name(entries[tuple(where)], known, picture.sizes)
            if name:
                names[i, j] = name
    return names


def _spy(
    node: Node,
    numbers: dict[str, int],
    shape: tuple[int, ...],
    heading: tuple[str, str],
    whose: _Derivative,
) -> Picture:
    total = math.prod(shape)
    if total > MAX_DENSE:
        raise SizeLimitError(
            f"the flattened matrix has {total:,} entries: the limit is {MAX_DENSE:,}; "
            "give smaller sizes"
        )
    split, rows, columns = whose.sides()
    matrix = (math.prod(shape[:split]), math.prod(shape[split:]))
    values = values_at_points(node, numbers, most=4 if total < 200_000 else 2)
    if not values:
        raise UnsupportedError("no random point was found at which the derivative is finite")
    full = np.zeros(shape, dtype=bool)
    for value in values:
        full |= value != 0
    pattern = full.reshape(matrix, order="F")  # columns stacked: the first index runs fastest
    step = (-(-matrix[0] // MAX_PIXELS), -(-matrix[1] // MAX_PIXELS))
    caption = f"{matrix[0]}×{matrix[1]} matrix: row = {rows}, column = {columns}, columns stacked"
    if step != (1, 1):
        caption += f"; sampled: a pixel is {step[0]}×{step[1]} entries"
    spy = Spy(
        coarse(pattern, step),
        matrix,
        step,
        int(np.count_nonzero(full)),
        _breaks(shape[:split], matrix[0]),
        _breaks(shape[split:], matrix[1]),
    )
    return Picture(
        "spy", *heading, Pair(caption, caption), numbers, spy=spy, headers=(rows, columns)
    )


def _breaks(shape: Sequence[int], total: int) -> list[int]:
    """Where one column ends and the next begins."""
    return list(range(shape[0], total, shape[0])) if len(shape) > 1 else []
