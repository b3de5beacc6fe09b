"""Products of arrays whose axes are named by atoms, by BLAS, in a good order."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from .pattern import Pattern

Atoms = tuple[int, ...]
MAX_EXHAUSTIVE = 10  # cores; the best order of so many is found by that of all their subsets


def pair(
    a: Any, left: Atoms, b: Any, right: Atoms, keep: Collection[int], xp: Any = np
) -> tuple[Any, Atoms]:
    """The product of two arrays, summed over the atoms that are not kept.

    Parameters
    ----------
    a, b:
        Arrays.
    left, right:
        The atoms of their axes, distinct within an array.
    keep:
        The atoms that stay.
    xp:
        The array namespace.

    Returns
    -------
    array, atoms
        The result with the atoms of its axes, in an order that is convenient.
    """
    a, left = _sum_out(a, left, [s for s in left if s not in right and s not in keep], xp)
    b, right = _sum_out(b, right, [s for s in right if s not in left and s not in keep], xp)
    summed = [s for s in left if s in right and s not in keep]
    if not summed:
        return _elementwise(a, left, b, right, xp)
    batch = [s for s in left if s in right and s in keep]
    rows = [s for s in left if s not in right]
    columns = [s for s in right if s not in left]
    out = (*batch, *rows, *columns)
    if batch and not (rows and columns) and xp is np:
        # A product of vectors for each entry of the batch: loops of einsum beat a BLAS call each.
        return np.einsum(a, _letters(left), b, _letters(right), _letters(out)), out
    sizes = {**dict(zip(left, a.shape, strict=True)), **dict(zip(right, b.shape, strict=True))}
    if batch:
        first = _ordered(a, left, [*batch, *rows, *summed], sizes, (len(batch), len(rows)), xp)
        second = _ordered(
            b, right, [*batch, *summed, *columns], sizes, (len(batch), len(summed)), xp
        )
        product = xp.matmul(first, second)
    else:
        if _fits(left, rows, summed) or not _fits(right, summed, columns):
            summed = _as_in(left, summed)
        else:
            summed = _as_in(right, summed)
        product = xp.matmul(
            _matrix(a, left, rows, summed, sizes, xp), _matrix(b, right, summed, columns, sizes, xp)
        )
    return xp.reshape(product, tuple(sizes[s] for s in out)), out


def _letters(atoms: Sequence[int]) -> list[int]:
    return [s + 1 for s in atoms]  # the batch is −1


def _as_in(order: Sequence[int], chosen: Sequence[int]) -> list[int]:
    return [s for s in order if s in chosen]


def _fits(atoms: Atoms, rows: Sequence[int], columns: Sequence[int]) -> bool:
    """Whether an array is a matrix as it stands, or transposed."""
    return list(atoms) in ([*rows, *columns], [*columns, *rows])


def _sum_out(a: Any, atoms: Atoms, gone: Sequence[int], xp: Any = np) -> tuple[Any, Atoms]:
    if not gone:
        return a, atoms
    axes = tuple(k for k, s in enumerate(atoms) if s in gone)
    total = a.sum(axis=axes) if xp is np else xp.sum(a, axes)
    return total, tuple(s for s in atoms if s not in gone)


def _matrix(
    a: Any,
    atoms: Atoms,
    rows: Sequence[int],
    columns: Sequence[int],
    sizes: Mapping[int, int],
    xp: Any,
) -> Any:
    """The array as a matrix, without a copy where its order allows."""
    m, n = (math.prod(sizes[s] for s in part) for part in (rows, columns))
    if list(atoms) == [*columns, *rows] and rows and columns:
        turned = xp.reshape(a, (n, m))
        return turned.T if xp is np else xp.transpose(turned, (1, 0))
    return xp.reshape(arranged(a, atoms, [*rows, *columns], xp), (m, n))


def _ordered(
    a: Any,
    atoms: Atoms,
    order: Sequence[int],
    sizes: Mapping[int, int],
    cuts: tuple[int, int],
    xp: Any,
) -> Any:
    """The array as a stack of matrices: batch, rows, columns."""
    batch, rows = order[: cuts[0]], order[cuts[0] : sum(cuts)]
    columns = order[sum(cuts) :]
    shape = tuple(math.prod(sizes[s] for s in part) for part in (batch, rows, columns))
    return xp.reshape(arranged(a, atoms, order, xp), shape)


def arranged(a: Any, atoms: Sequence[int], order: Sequence[int], xp: Any = np) -> Any:
    """The array with its axes in another order."""
    if tuple(atoms) == tuple(order):
        return a
    return xp.transpose(a, [list(atoms).index(s) for s in order])


def _elementwise(a: Any, left: Atoms, b: Any, right: Atoms, xp: Any) -> tuple[Any, Atoms]:
    if (a.size < b.size) if xp is np else (xp.size(a) < xp.size(b)):
        a, left, b, right = b, right, a, left
    out = (*(s for s in right if s not in left), *left)
    return expanded(a, left, out, xp) * expanded(b, right, out, xp), out


def expanded(a: Any, atoms: Sequence[int], order: Sequence[int], xp: Any = np) -> Any:
    """The array with its axes in another order and axes of size 1 for the atoms that it lacks."""
    here = [s for s in order if s in atoms]
    a = arranged(a, atoms, here, xp)
    if len(here) == len(order):
        return a
    shape = iter(a.shape)
    return xp.reshape(a, tuple(next(shape) if s in atoms else 1 for s in order))


def absorb(
    v: Any, atoms: Atoms, core: Any, others: Atoms, keep: Collection[int], xp: Any = np
) -> tuple[Any, Atoms]:
    """`pair` where the second may be a pattern, which is applied without being built."""
    if not isinstance(core, Pattern):
        return pair(v, atoms, core if xp is np else xp.numbers(core), others, keep, xp)
    *lead, last = others
    if last in atoms and last not in keep and not set(lead) & set(atoms):
        axis = atoms.index(last)
        v = core.forward(v, axis) if xp is np else xp.forward(core, v, axis)
        out = (*atoms[:axis], *lead, *atoms[axis + 1 :])
        return _sum_out(v, out, [s for s in out if s not in keep], xp)
    if last not in atoms and set(lead) <= set(atoms) and not set(lead) & set(keep):
        rest = tuple(s for s in atoms if s not in lead)
        v = arranged(v, atoms, [*rest, *lead], xp)
        v = core.backward(v) if xp is np else xp.backward(core, v)
        out = (*rest, last)
        return _sum_out(v, out, [s for s in out if s not in keep], xp)
    dense = core.dense(v.dtype) if xp is np else xp.numbers(core)
    return pair(v, atoms, dense, others, keep, xp)


@lru_cache(maxsize=1024)
def order_of(
    start: Atoms, cores: tuple[Atoms, ...], keep: frozenset[int], sizes: tuple[tuple[int, int], ...]
) -> tuple[int, ...]:
    """In which order an array with the atoms `start` should absorb the cores: the cheapest."""
    size = dict(sizes)
    everything = frozenset(range(len(cores)))

    def held(left: frozenset[int]) -> frozenset[int]:
        """The atoms of the product once all cores but `left` are in it, in whatever order."""
        inside = {s for j in everything - left for s in cores[j]}
        needed = keep.union(*(cores[j] for j in left))
        return frozenset(start) if left == everything else needed & inside.union(start)

    def price(left: frozenset[int], k: int) -> int:
        """What absorbing one of the cores that are left costs."""
        return math.prod(size[s] for s in held(left) | set(cores[k]))

    if len(cores) <= MAX_EXHAUSTIVE:
        best: dict[frozenset[int], tuple[int, tuple[int, ...]]] = {frozenset(): (0, ())}
        for count in range(1, len(cores) + 1):
            for some in combinations(range(len(cores)), count):
                left = frozenset(some)
                rest = {k: best[left - {k}] for k in some}
                best[left] = min(
                    (price(left, k) + c, (k, *order)) for k, (c, order) in rest.items()
                )
        return best[everything][1]
    order: list[int] = []
    left = everything
    while left:
        k = min(sorted(left), key=lambda j: price(left, j))
        left = left - {k}
        order.append(k)
    return tuple(order)


def contract_all(
    cores: Sequence[tuple[Any, Atoms]], keep: Sequence[int], dtype: Any, xp: Any = np
) -> tuple[Any, Atoms]:
    """The product of the cores, summed over the atoms that are not kept (those it lacks are left
    to the caller)."""
    if not cores:
        return xp.ones((), dtype), ()
    if xp is np:
        arrays = [c.dense(dtype) if isinstance(c, Pattern) else c for c, _ in cores]
    else:
        arrays = [xp.numbers(c) for c, _ in cores]
    names = [atoms for _, atoms in cores]
    if len(cores) == 1:
        gone = [s for s in names[0] if s not in keep]
        return _sum_out(arrays[0], names[0], gone, xp)
    sizes = {
        s: n for a, t in zip(arrays, names, strict=True) for s, n in zip(t, a.shape, strict=True)
    }
    first = order_of((), tuple(names), frozenset(keep), tuple(sorted(sizes.items())))
    result, atoms = arrays[first[0]], names[first[0]]
    for position, k in enumerate(first[1:], 1):
        wanted = set(keep).union(*(names[j] for j in first[position + 1 :]))
        result, atoms = pair(result, atoms, arrays[k], names[k], wanted, xp)
    return result, atoms
