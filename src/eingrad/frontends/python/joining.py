"""Arrays put together, cut apart, repeated and moved along an axis."""

from __future__ import annotations

import operator
from itertools import pairwise
from typing import Any

import numpy as np

from ...dims import ONE, Dim, shape_text
from ...errors import ShapeError, UnsupportedError
from ...ir import build, composed, construct
from ...ir.node import Node
from .convert import node_of
from .dispatch import implements
from .indexing import index
from .indexing import take as _take
from .reductions import axes_of
from .shaping import at_least, shape_of
from .sizes import visible


def nodes_of(arrays: Any) -> list[Node]:
    """The nodes of a sequence of arrays, or of the slices of a tensor along its first axis."""
    found = [node_of(a) for a in arrays]
    if not found:
        raise ShapeError("there is nothing to put together")
    return found


@implements("concatenate", "concat")
def concatenate(arrays: Any, axis: Any = 0) -> Node:
    nodes = nodes_of(arrays)
    if axis is None:
        return construct.concatenate([construct.ravel(n) for n in nodes], 0)
    if not nodes[0].ndim:
        raise ShapeError("scalars cannot be concatenated; use np.stack")
    return construct.concatenate(nodes, operator.index(axis))


@implements("append")
def append(arr: Any, values: Any, axis: Any = None) -> Node:
    return concatenate([arr, values], axis)


@implements("stack")
def stack(arrays: Any, axis: int = 0) -> Node:
    nodes = nodes_of(arrays)
    if len({n.shape for n in nodes}) > 1:
        raise ShapeError("cannot stack " + " and ".join(shape_text(n.shape) for n in nodes))
    return construct.stack(nodes, operator.index(axis))


@implements("vstack")
def vstack(tup: Any) -> Node:
    return concatenate([at_least(2, [n]) for n in nodes_of(tup)], 0)


@implements("hstack")
def hstack(tup: Any) -> Node:
    nodes = [at_least(1, [n]) for n in nodes_of(tup)]
    return concatenate(nodes, 0 if nodes[0].ndim == 1 else 1)


@implements("column_stack")
def column_stack(tup: Any) -> Node:
    nodes = [at_least(1, [n]) for n in nodes_of(tup)]
    return concatenate([construct.expand_dims(n, [1]) if n.ndim == 1 else n for n in nodes], 1)


@implements("dstack")
def dstack(tup: Any) -> Node:
    nodes = [at_least(2, [n]) for n in nodes_of(tup)]
    return concatenate([construct.expand_dims(n, [2]) if n.ndim == 2 else n for n in nodes], 2)


@implements("block")
def block(arrays: Any) -> Node:
    """Nested lists of blocks: the innermost lists are joined along the last axis."""
    depth = 0
    inner = arrays
    while isinstance(inner, list):
        depth, inner = depth + 1, inner[0] if inner else None
    if depth > 32:
        raise ShapeError("blocks are nested too deeply")

    def joined(part: Any, level: int) -> Node:
        if not isinstance(part, list):
            return at_least(max(depth, 1), [part])
        if not part or level == 0:
            raise ShapeError("the lists of np.block must be of one depth, and not empty")
        return concatenate([joined(p, level - 1) for p in part], -level)

    return joined(arrays, depth)


@implements("split", "array_split")
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Node]:
    """Consecutive parts along an axis: so many of equal size, or cut at places."""
    node = node_of(ary)
    a = construct.axis_of(node, axis)
    lead = (slice(None),) * a
    cuts = indices_or_sections
    if isinstance(cuts, int):
        part = node.shape[a].divide(Dim.of(cuts))
        if part is None:
            raise ShapeError(f"axis {a} of {shape_text(node.shape)} has no {cuts} equal parts")
        cuts = [visible(part * k) for k in range(1, cuts)]
    ends = [None, *cuts, None]
    return [index(node, (*lead, slice(begin, end))) for begin, end in pairwise(ends)]


@implements("unstack")
def unstack(x: Any, axis: int = 0) -> tuple[Node, ...]:
    node = construct.move_axes(node_of(x), [axis], [0])
    count = node.shape[0].as_int()
    if count is None:
        raise UnsupportedError(f"numpy.unstack needs an axis of integer size, not {node.shape[0]}")
    return tuple(index(node, k) for k in range(count))


@implements("take")
def take(a: Any, indices: Any, axis: Any = None) -> Node:
    return _take(node_of(a), indices, axis)


@implements("flip")
def flip(m: Any, axis: Any = None) -> Node:
    node = node_of(m)
    turned = axes_of(node, axis)
    return index(
        node, tuple(slice(None, None, -1) if k in turned else slice(None) for k in range(node.ndim))
    )


@implements("fliplr")
def fliplr(m: Any) -> Node:
    return flip(m, 1)


@implements("flipud")
def flipud(m: Any) -> Node:
    return flip(m, 0)


@implements("roll")
def roll(a: Any, shift: int, axis: Any = None) -> Node:
    """Entries moved along an axis, those at the end to the front."""
    node = node_of(a)
    if axis is None:
        rolled = roll(construct.ravel(node), shift, 0)
        return construct.reshape(rolled, node.shape)
    k = construct.axis_of(node, axis)
    count = node.shape[k].as_int()
    places = operator.index(shift) if count is None else operator.index(shift) % (count or 1)
    if places == 0:
        return node
    lead = (slice(None),) * k
    parts = [(*lead, slice(-places, None)), (*lead, slice(None, -places))]
    return construct.concatenate([index(node, part) for part in parts], k)


@implements("repeat")
def repeat(a: Any, repeats: Any, axis: Any = None) -> Node:
    """Each entry several times in a row: the repetition is the inner part of a merged axis."""
    node = node_of(a)
    if axis is None:
        return repeat(construct.ravel(node), repeats, 0)
    count = shape_of(repeats)
    if len(count) != 1:
        raise UnsupportedError("numpy.repeat: one number of repeats for all entries is covered")
    k = construct.axis_of(node, axis)
    out: list[tuple[Any, ...]] = [(j,) for j in range(node.ndim)]
    out[k] = (k, "copy")
    return build.einsum([(node, [(j,) for j in range(node.ndim)])], out, 1, {"copy": count[0]})


@implements("tile")
def tile(A: Any, reps: Any) -> Node:
    """The whole array several times: the repetition is the outer part of a merged axis."""
    node = node_of(A)
    counts = list(shape_of(reps))
    rank = max(node.ndim, len(counts))
    counts = [ONE] * (rank - len(counts)) + counts
    node = at_least(rank, [node])
    sizes: dict[Any, Dim] = {("copy", k): d for k, d in enumerate(counts)}
    out: list[tuple[Any, ...]] = [(("copy", k), k) for k in range(rank)]
    return build.einsum([(node, [(k,) for k in range(rank)])], out, 1, sizes)


@implements("pad")
def pad(array: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = 0) -> Node:
    """A border: constant, or entries of the array (`edge`, `reflect`, `symmetric`, `wrap`)."""
    node = node_of(array)
    widths = np.broadcast_to(np.asarray(pad_width), (node.ndim, 2))
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        for k, width in enumerate(widths):
            if not width.any():
                continue
            count = node.shape[k].as_int()
            if count is None:
                raise UnsupportedError(
                    f"numpy.pad: mode={mode!r} needs axes of integer size, not {node.shape[k]}"
                )
            places = np.pad(np.arange(count), tuple(map(int, width)), mode=mode)
            node = composed.gather(node, places, k)
        return node
    if mode != "constant":
        raise UnsupportedError(f"numpy.pad: mode={mode!r} is not covered; mode='constant' is")
    if np.ndim(constant_values):
        raise UnsupportedError("numpy.pad: one number for the whole border is covered")
    for k, (before, after) in enumerate(widths):
        parts = []
        for count in (int(before), None, int(after)):
            if count is None:
                parts.append(node)
            elif count:
                border = (*node.shape[:k], Dim.of(count), *node.shape[k + 1 :])
                parts.append(build.broadcast_to(node_of(constant_values), border))
        node = construct.concatenate(parts, k)
    return node
