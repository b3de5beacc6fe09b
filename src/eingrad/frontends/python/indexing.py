"""`x[...]`: integers, slices, `None`, `...` and integer arrays, each a selection pattern.

An index along an axis is a contraction with a 0/1 pattern that is never built: a selection where
places run evenly, else a gather. A tensor with the fact `integer` is an index as well.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...dims import ONE, Dim, as_dim, shape_text
from ...errors import ShapeError, UnsupportedError
from ...ir import build, composed, construct, kernels
from ...ir.node import Node
from .sizes import plain

Axis = tuple[Any, ...]  # atoms on one axis, for `build.einsum`


def index(node: Node, key: Any) -> Node:
    """`node[key]` as NumPy has it.

    Slices of a symbolic axis take the size to be large enough for the bounds: `x[:3]` has size 3.

    Raises
    ------
    ShapeError
        Too many indices, or one is out of bounds.
    UnsupportedError
        A boolean index that is symbolic, or an index whose result has no size that can be written.
    """
    keys = key if isinstance(key, tuple) else (key,)
    if any(_is_symbolic(k) for k in keys):
        return _by_tensor(node, keys)
    places = _aligned(node, keys)
    sizes: dict[Any, Dim] = {}
    factors: list[tuple[Node, list[Axis]]] = []
    indices: list[Axis] = []
    out: list[Axis] = []
    arrays: list[tuple[int, np.ndarray]] = []
    first_array = None
    gaps = 0  # NumPy moves the axis of several arrays to the front when a slice parts them
    parted = False
    for entry in places:
        if entry is None:
            out.append(())
            gaps += 1
            continue
        axis = len(indices)
        dim = node.shape[axis]
        if isinstance(entry, np.ndarray):
            parted |= first_array is not None and gaps > 0
            if first_array is None:
                first_array = len(out)
            gaps = 0
            arrays.append((axis, entry))
            indices.append((axis,))
            continue
        gaps += 1
        if isinstance(entry, slice):
            start, step, count = _slice(entry, dim, node)
            if count == dim and step == 1:
                indices.append((axis,))
                out.append((axis,))
                sizes[axis] = dim
                continue
            place: Axis = () if count.is_one else (("new", axis),)
            out.append(place)
        else:
            start, step, count, place = _position(entry, dim, node, axis), 1, ONE, ()
        if dim.is_one and count.is_one:
            indices.append(())
            continue
        pattern = kernels.selection(count, dim, start, step)
        indices.append((axis,))
        factors.append((pattern, [place, (axis,)]))
        sizes.update({name: count for name in place})
    shape: tuple[int, ...] = ()
    where = 0
    if arrays:
        where = 0 if parted or first_array is None else first_array
        shape, gathered = _gather(node, arrays, indices, sizes)
        factors.extend(gathered)
        out.insert(where, ("array",))
    result = build.einsum([(node, indices), *factors], out, 1, sizes)
    if arrays and len(shape) != 1:
        cut = (*result.shape[:where], *map(as_dim, shape), *result.shape[where + 1 :])
        result = construct.reshape(result, cut)
    return result


def take(node: Node, indices: Any, axis: int | None = None) -> Node:
    """NumPy's `take`: entries at integer places of one axis, or of the ravelled array."""
    if axis is None:
        return index(construct.ravel(node), _entry(indices))
    a = construct.axis_of(node, axis)
    return index(node, (slice(None),) * a + (_entry(indices),))


def _is_symbolic(key: Any) -> bool:
    return isinstance(getattr(key, "node", None), Node) and not isinstance(key, Dim)


def _by_tensor(node: Node, keys: tuple[Any, ...]) -> Node:
    """An index of which one part is a tensor: the other parts first, then a lookup."""
    for k in keys:
        _refuse_mask(k)
    symbolic = [j for j, k in enumerate(keys) if _is_symbolic(k)]
    others = [_entry(k) for j, k in enumerate(keys) if j not in symbolic]
    if len(symbolic) > 1 or any(isinstance(k, np.ndarray) for k in others):
        raise UnsupportedError("an index that is a tensor stands beside integers and slices only")
    (place,) = symbolic
    rest = index(node, (*keys[:place], slice(None), *keys[place + 1 :]))
    kept = [j for j, k in enumerate(keys) if k is None or isinstance(k, slice)]
    if any(k is Ellipsis for k in keys[:place]):
        axis = rest.ndim - 1 - sum(j > place for j in kept)
    else:
        axis = sum(j < place for j in kept)
    found = composed.gather(rest, keys[place].node, axis)
    # NumPy counts integers as arrays here, and moves what slices part from each other to the front.
    basic = [j for j, k in enumerate(keys) if k is Ellipsis or (j in kept and j != place)]
    advanced = [j for j in range(len(keys)) if j not in basic]
    if advanced[-1] - advanced[0] + 1 > len(advanced):
        count = keys[place].node.ndim
        found = construct.move_axes(found, range(axis, axis + count), range(count))
    return found


def _refuse_mask(key: Any) -> None:
    if getattr(key, "is_mask", False):
        raise UnsupportedError(
            "a symbolic boolean index has no definite size; "
            "use np.where(mask, x, 0), or multiply by the mask"
        )


def _aligned(node: Node, key: tuple[Any, ...]) -> list[Any]:
    """One entry for each axis (and `None` for new ones), the ellipsis filled in."""
    entries = [_entry(k) for k in key]
    used = sum(1 for k in entries if k is not None and k is not Ellipsis)
    if sum(1 for k in entries if k is Ellipsis) > 1:
        raise ShapeError("an index has one ellipsis at most")
    if used > node.ndim:
        raise ShapeError(f"{used} indices for {node.ndim} axes of {shape_text(node.shape)}")
    if not any(k is Ellipsis for k in entries):
        entries.append(Ellipsis)
    at = next(j for j, k in enumerate(entries) if k is Ellipsis)
    entries[at : at + 1] = [slice(None)] * (node.ndim - used)
    # An integer beside arrays is an array of one entry.
    if any(isinstance(k, np.ndarray) for k in entries):
        entries = [np.asarray(k) if isinstance(k, int) else k for k in entries]
    return entries


def _entry(key: Any) -> Any:
    if key is None or key is Ellipsis or isinstance(key, slice | Dim):
        return key
    _refuse_mask(key)
    if isinstance(key, bool | np.bool_):
        raise UnsupportedError("True and False are no indices of a tensor; use None for a new axis")
    try:
        return operator.index(key)
    except TypeError:
        pass
    array = np.asarray(key)
    if array.dtype == np.bool_:
        if array.ndim != 1:
            raise UnsupportedError("a boolean index of several axes is not covered; use np.where")
        (array,) = np.nonzero(array)
    if not array.size:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise UnsupportedError(
            f"an index of type {type(key).__name__} is not covered; "
            "use integers, slices, None, ... or arrays of integers"
        )
    return array


def _position(entry: Any, dim: Dim, node: Node, axis: int) -> Dim:
    """An integer index counted from the front."""
    known = dim.as_int()
    if isinstance(entry, Dim):
        return plain(entry)
    if known is not None and not -known <= entry < known:
        raise ShapeError(
            f"index {entry} is out of bounds for axis {axis} of {shape_text(node.shape)}"
        )
    return Dim.of(entry) if entry >= 0 else dim + Dim.of(entry)


def _slice(entry: slice, dim: Dim, node: Node) -> tuple[Dim, int, Dim]:
    """Start, step and count of a slice."""
    known = dim.as_int()
    if known is not None and not any(
        isinstance(b, Dim) for b in (entry.start, entry.stop, entry.step)
    ):
        start, stop, step = entry.indices(known)
        return Dim.of(start), step, Dim.of(len(range(start, stop, step)))
    step = 1 if entry.step is None else operator.index(entry.step)
    if step == 0:
        raise ShapeError("the step of a slice is not 0")
    last = dim - ONE
    if step > 0:
        begin = Dim.of(0) if entry.start is None else _bound(entry.start, dim)
        length = (dim if entry.stop is None else _bound(entry.stop, dim)) - begin
    else:
        begin = last if entry.start is None else _bound(entry.start, dim)
        length = begin - (Dim.of(-1) if entry.stop is None else _bound(entry.stop, dim))
    count = _divided_up(length, abs(step))
    if count is None or (count.as_int() or 0) < 0:
        raise UnsupportedError(
            f"the size of a slice {_shown(entry)} of an axis of size {dim} depends on {dim}; "
            f"declare the tensor ({shape_text(node.shape)}) with integer sizes"
        )
    return begin, step, count


def _divided_up(length: Dim, step: int) -> Dim | None:
    known = length.as_int()
    return length.divide(Dim.of(step)) if known is None else Dim.of(-(-known // step))


def _bound(bound: Any, dim: Dim) -> Dim:
    if isinstance(bound, Dim):
        return plain(bound)
    value = operator.index(bound)
    return Dim.of(value) if value >= 0 else dim + Dim.of(value)


def _shown(entry: slice) -> str:
    parts = ["" if b is None else str(b) for b in (entry.start, entry.stop)]
    return ":".join(parts if entry.step is None else [*parts, str(entry.step)])


def _gather(
    node: Node, arrays: list[tuple[int, np.ndarray]], indices: list[Axis], sizes: dict[Any, Dim]
) -> tuple[tuple[int, ...], list[tuple[Node, list[Axis]]]]:
    """Patterns that pick the places of index arrays, all along one new axis `"array"`."""
    try:
        spread = np.broadcast_arrays(*(a for _, a in arrays))
    except ValueError:
        shown = " and ".join(str(a.shape) for _, a in arrays)
        raise ShapeError(f"index arrays of shapes {shown} do not broadcast") from None
    shape = spread[0].shape
    sizes["array"] = as_dim(spread[0].size)
    factors: list[tuple[Node, list[Axis]]] = []
    for (axis, _), places in zip(arrays, spread, strict=True):
        pattern = _places(places.ravel(), node.shape[axis], axis, node)
        if pattern is None:
            indices[axis] = ("array",)
        else:
            factors.append((pattern, [("array",), (axis,)]))
    return shape, factors


def _places(places: np.ndarray, dim: Dim, axis: int, node: Node) -> Node | None:
    """The pattern of shape places × axis; None where every entry is taken in order."""
    known = dim.as_int()
    if known is not None:
        if len(places) and not (-known <= places.min() and places.max() < known):
            raise ShapeError(
                f"an index is out of bounds for axis {axis} of {shape_text(node.shape)}"
            )
        places = np.where(places < 0, places + known, places)
        if len(places) == known and (places == np.arange(known)).all():
            return None
    return kernels.gather(places.tolist(), dim)
