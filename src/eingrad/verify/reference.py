"""The value of a node, as simply as it can be computed: the second opinion on everything else.

Every node of the graph becomes one dense array. Products are multiplied out pair by pair, deltas
are filled in, patterns are built. Nothing here is shared with the stage that plans code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..dims import Dim
from ..errors import CheckError, ShapeError, SizeLimitError, UnsupportedError
from ..ir import kernels
from ..ir.loop import Scan
from ..ir.node import (
    Apply,
    AxisIndex,
    Constant,
    Contraction,
    Factor,
    Kernel,
    Node,
    Size,
    Sum,
    Term,
    Variable,
)
from ..ir.record import lookup
from ..ir.walk import topological
from .binding import bind_sizes

MAX_ENTRIES = 1 << 27  # no single array of the reference is larger
Labelled = tuple[np.ndarray, tuple[int, ...]]  # an array with one distinct atom for each axis


def evaluate(
    node: Node, values: Mapping[str, Any], sizes: Mapping[str, int] | None = None
) -> np.ndarray:
    """The dense value of `node`.

    Parameters
    ----------
    node:
        Any node of the IR.
    values:
        An array or number for each variable by name; names that do not occur are ignored.
    sizes:
        Symbols that the values do not determine.

    Returns
    -------
    An array of the node's shape. Its type is the common one of the values: float32 and complex128
    stay as they are, integers become float64.

    Raises
    ------
    NameError_, ShapeError
        A variable has no value, or one that does not fit its shape.

    Examples
    --------
    >>> from eingrad.ir import build
    >>> from eingrad.ir.node import variable
    >>> A = variable("A", build.dims("m", "n"))
    >>> evaluate(build.contract("ij->ji", A), {"A": [[1, 2, 3], [4, 5, 6]]})
    array([[1., 4.],
           [2., 5.],
           [3., 6.]])
    """
    return evaluate_all([node], values, sizes)[0]


def evaluate_all(
    nodes: Sequence[Node], values: Mapping[str, Any], sizes: Mapping[str, int] | None = None
) -> list[np.ndarray]:
    """The dense values of several nodes that share work; see `evaluate`."""
    order = topological(*nodes)
    needed = [n for n in order if isinstance(n, Variable)]
    known = {**(sizes or {}), **bind_sizes(needed, values)}
    loops: dict[Any, list[np.ndarray]] = {}
    dtype = np.result_type(np.float32, *(_own_type(values[v.name]) for v in needed))
    if not needed:
        dtype = np.dtype(np.float64)
    remaining = dict.fromkeys(nodes, 1)
    for n in order:
        for operand in n.operands:
            remaining[operand] = remaining.get(operand, 0) + 1
    computed: dict[Node, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for n in order:
            if isinstance(n, Scan):
                computed[n] = _states(n, computed, known, dtype, loops)
            else:
                computed[n] = _value(n, computed, values, known, dtype)
            for operand in n.operands:  # long chains must not hold all their arrays
                remaining[operand] -= 1
                if not remaining[operand]:
                    del computed[operand]
    return [computed[n] for n in nodes]


def _own_type(value: Any) -> np.dtype:
    dtype = np.asarray(value).dtype
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)


def _value(
    node: Node,
    computed: Mapping[Node, np.ndarray],
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    dtype: np.dtype,
) -> np.ndarray:
    if isinstance(node, Variable):
        return np.asarray(values[node.name], dtype=dtype)
    if isinstance(node, Constant):
        return node.value.astype(dtype)
    if isinstance(node, Size):
        return np.asarray(node.dim.evaluate(sizes), dtype=dtype)
    if isinstance(node, Kernel):
        return kernels.dense(node, sizes).astype(dtype)
    if isinstance(node, Apply):
        return _applied(node, [computed[o] for o in node.operands], sizes, dtype)
    if isinstance(node, Sum):
        total = np.zeros(_numbers(node.shape, sizes), dtype=dtype)
        for operand in node.operands:
            total = total + computed[operand]
        return total
    if isinstance(node, Contraction | Term):
        return _multiplied(node, computed, sizes, dtype)
    raise UnsupportedError(f"the reference evaluator does not know {type(node).__name__}")


def _numbers(shape: Sequence[Dim], sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(d.evaluate(sizes) for d in shape)


# --- functions -----------------------------------------------------------------------------------


def _applied(
    node: Apply, operands: list[np.ndarray], sizes: Mapping[str, int], dtype: np.dtype
) -> np.ndarray:
    """The record's own value; matrix functions are applied to one entry of the batch at a time."""
    record = lookup(node.function)
    params = {key: _plain(value, sizes) for key, value in node.params}
    shape = _numbers(node.shape, sizes)
    if isinstance(record.signature, str) and not record.elementwise:
        cores = [len(p.split()) for p in record.signature.split("->")[0].split(",")]
        batch = operands[0].shape[: operands[0].ndim - cores[0]] if operands else ()
        result = np.zeros(shape, dtype=dtype)
        for place in np.ndindex(*batch):
            part = np.asarray(record.evaluate(*(x[place] for x in operands), **params))
            if part.shape != shape[len(batch) :]:
                raise CheckError(f"{node.function} gave shape {part.shape}, not {shape}")
            if part.dtype.kind == "c" and result.dtype.kind != "c":
                result = result.astype(part.dtype)
            result[place] = part
        return result
    result = np.asarray(record.evaluate(*operands, **params))
    if result.shape != shape:
        raise CheckError(f"{node.function} gave shape {result.shape}, not {shape}")
    return result if result.dtype.kind == "c" else result.astype(dtype)


def _plain(value: Any, sizes: Mapping[str, int]) -> Any:
    """A parameter with its symbolic sizes as numbers."""
    if isinstance(value, Dim):
        return value.evaluate(sizes)
    if isinstance(value, tuple):
        return tuple(_plain(v, sizes) for v in value)
    return value


# --- recurrences ---------------------------------------------------------------------------------


def _states(
    node: Scan,
    computed: Mapping[Node, np.ndarray],
    sizes: Mapping[str, int],
    dtype: np.dtype,
    loops: dict[Any, list[np.ndarray]],
) -> np.ndarray:
    """The states before or after each step; the loop runs once for all that come out of it."""
    r = node.recurrence
    length = r.length.evaluate(sizes)
    if not length:
        raise ShapeError(f"a recurrence needs at least one step, but {r.length} is 0")
    if node.group not in loops:
        given = [computed[o] for o in node.operands]
        count, end = len(r.carries), len(r.carries) + len(r.steps)
        state = given[:count]
        stacks = given[count:end]
        fixed = {v.name: a for v, a in zip(r.params, given[end:], strict=True)}
        kept = [[s] for s in state]
        for t in range(length)[:: -1 if r.reverse else 1]:
            now = {v.name: a for v, a in zip(r.carries, state, strict=True)}
            now |= {v.name: a[t] for v, a in zip(r.steps, stacks, strict=True)}
            state = evaluate_all(r.bodies, {**fixed, **now}, sizes)
            for all_states, s in zip(kept, state, strict=True):
                all_states.append(s)
        loops[node.group] = [np.stack(s[::-1] if r.reverse else s) for s in kept]
    states = loops[node.group][node.place]
    return (states[:-1] if node.before != r.reverse else states[1:]).astype(dtype, copy=False)


# --- products ------------------------------------------------------------------------------------


def _multiplied(
    node: Contraction | Term,
    computed: Mapping[Node, np.ndarray],
    sizes: Mapping[str, int],
    dtype: np.dtype,
) -> np.ndarray:
    count = _numbers(node.sizes, sizes)
    out: tuple[AxisIndex, ...] = (
        node.out if isinstance(node, Term) else tuple((a,) for a in node.out)
    )
    flat = [a for axis in out for a in axis]
    parts = [_labelled(f, computed[f.node], count) for f in node.factors]
    array, labels = _joined(parts, set(flat), count, dtype)
    if isinstance(node, Term):
        array = array * _float(node.coefficient)
    distinct = list(dict.fromkeys(flat))
    array = _aligned(array, labels, distinct, [count[a] for a in distinct])
    if len(distinct) < len(flat):
        array = _with_deltas(array, distinct, flat, count)
    return array.reshape(_numbers(node.shape, sizes)).astype(dtype, copy=False)


def _float(number: int | Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _labelled(factor: Factor, value: np.ndarray, count: Sequence[int]) -> Labelled:
    """A factor cut into its atoms, with the diagonal taken where an atom occurs twice."""
    flat = [a for axis in factor.indices for a in axis]
    array = value.reshape([count[a] for a in flat])
    for atom in dict.fromkeys(flat):
        while flat.count(atom) > 1:
            first = flat.index(atom)
            second = flat.index(atom, first + 1)
            array = np.diagonal(array, axis1=first, axis2=second)
            flat = [a for k, a in enumerate(flat) if k not in (first, second)] + [atom]
    return array, tuple(flat)


def _joined(
    parts: list[Labelled], kept: set[int], count: Sequence[int], dtype: np.dtype
) -> Labelled:
    """The product of the parts; an atom is summed as soon as no later part and no output has it."""
    array: np.ndarray = np.ones((), dtype=dtype)
    labels: tuple[int, ...] = ()
    waiting = list(parts)
    while waiting:
        # The part that leaves the least: a long chain must not grow an axis for each factor.
        def entries(k: int, labels: tuple[int, ...] = labels) -> int:
            total = 1
            for a in {*labels, *waiting[k][1]}:
                total *= count[a]
            return total

        other, other_labels = waiting.pop(min(range(len(waiting)), key=entries))
        later = kept.union(*(atoms for _, atoms in waiting))
        union = list(dict.fromkeys((*labels, *other_labels)))
        left = tuple(a for a in union if a in later)
        _check_size([count[a] for a in left])
        letter = {a: k for k, a in enumerate(union)}
        array = np.einsum(
            array, [letter[a] for a in labels],
            other, [letter[a] for a in other_labels],
            [letter[a] for a in left],
        )  # fmt: skip
        labels = left
    return array, labels


def _aligned(
    array: np.ndarray,
    labels: Sequence[int],
    wanted: Sequence[int],
    shape: Sequence[int],
) -> np.ndarray:
    """Axes in the wanted order; an atom it does not have gets a new axis of the shape's length."""
    order = [labels.index(a) for a in wanted if a in labels]
    places = [slice(None) if a in labels else np.newaxis for a in wanted]
    array = array.transpose(order)[tuple(places)]
    return np.broadcast_to(array, shape)


def _with_deltas(
    array: np.ndarray, distinct: list[int], flat: list[int], count: Sequence[int]
) -> np.ndarray:
    """Zeros but where equal atoms agree."""
    size = [count[a] for a in flat]
    _check_size(size)
    full = np.zeros(size, dtype=array.dtype)
    grid = dict(zip(distinct, np.ogrid[tuple(slice(count[a]) for a in distinct)], strict=True))
    full[tuple(grid[a] for a in flat)] = array
    return full


def _check_size(size: Sequence[int]) -> None:
    if np.prod(size, dtype=float) > MAX_ENTRIES:
        raise SizeLimitError(f"the reference evaluator would build an array of {size}")
