"""Terms brought to common axes: atoms split until all terms divide each axis in the same way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..errors import UnsupportedError
from .arrays import shaped
from .pattern import Pattern
from .term import Axis, Core, NumericTerm


@dataclass(frozen=True)
class Aligned:
    """Terms whose output atoms have the sizes `rows` and whose input atoms the sizes `columns`.

    A *slot* is a place in rows or columns; `row_axes` and `column_axes` say on which axis of the
    output or the input it lies, for messages. All terms agree in the sizes of
    their slots.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    terms: tuple[NumericTerm, ...]
    row_axes: tuple[int, ...] = ()
    column_axes: tuple[int, ...] = ()

    @property
    def n_rows(self) -> int:
        """The size of the output."""
        return math.prod(self.rows)

    @property
    def n_columns(self) -> int:
        """The size of the input."""
        return math.prod(self.columns)


def align(
    terms: Sequence[NumericTerm],
    out_shape: Sequence[int],
    in_shape: Sequence[int],
    shared: bool = False,
) -> Aligned | None:
    """The terms with common slots; None where their axes are divided in ways that conflict.

    Parameters
    ----------
    shared:
        Whether output and input, which have the same shape, must be divided alike as well.

    Sizes must not be zero. Each term's axes become one atom each slot, so its `out` is one axis for
    each slot.
    """
    current = list(terms)
    for _ in range(64):
        flipped = [t.transposed() for t in current]
        if shared:
            cuts = cuts_of([*current, *flipped], out_shape) * 2
        else:
            cuts = cuts_of(current, out_shape) + cuts_of(flipped, in_shape)
        if not all(map(is_chain, cuts)):
            return None
        split = [split_at(term, cuts) for term in current]
        if all(new is old for new, old in zip(split, current, strict=True)):
            rows = _slot_sizes(cuts[: len(out_shape)])
            columns = _slot_sizes(cuts[len(out_shape) :])
            axes = [k for k, c in enumerate(cuts) for _ in c[1:]]
            n = len(out_shape)
            return Aligned(
                rows,
                columns,
                tuple(_single(t) for t in current),
                tuple(k for k in axes if k < n),
                tuple(k - n for k in axes if k >= n),
            )
        current = split
    return None


def found_or_error(found: Aligned | None) -> Aligned:
    """What `align` gave, where it is needed."""
    if found is None:
        raise UnsupportedError("the terms divide their axes in ways that conflict; use dense()")
    return found


def cuts_of(terms: Sequence[NumericTerm], out_shape: Sequence[int]) -> list[list[int]]:
    """For each axis of the output the sizes of the trailing parts at which some term divides it, 1
    and the whole included."""
    result = []
    for axis, size in enumerate(out_shape):
        found = {1, size}
        for term in terms:
            total = 1
            for a in reversed(term.out[axis]):
                total *= term.sizes[a]
                found.add(total)
        result.append(sorted(found))
    return result


def is_chain(cuts: Sequence[int]) -> bool:
    """Whether each size divides the next."""
    return all(b % a == 0 for a, b in pairwise(cuts))


def _slot_sizes(cuts: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The sizes between cuts, most significant first."""
    sizes: list[int] = []
    for axis in cuts:
        sizes += [b // a for a, b in pairwise(axis)][::-1]
    return tuple(sizes)


def split_at(term: NumericTerm, cuts: Sequence[Sequence[int]]) -> NumericTerm:
    """The term with atoms divided at the cuts of the axes that they lie on."""
    wanted: dict[int, set[int]] = {}
    for axis, ends in zip((*term.out, *term.into), cuts, strict=True):
        below = 1
        for a in reversed(axis):
            above = below * term.sizes[a]
            inner = {p // below for p in ends if below < p < above}
            wanted.setdefault(a, set()).update(inner)
            below = above
    wanted = {a: points for a, points in wanted.items() if points}
    if not wanted:
        return term
    sizes = dict(term.sizes)
    fresh = max(sizes, default=-1) + 1
    parts: dict[int, Axis] = {}
    for a, points in wanted.items():
        chain = sorted({1, *points, term.sizes[a]})
        if not is_chain(chain):
            chain = [1, min(points), term.sizes[a]]  # the rest conflicts, and is seen next time
        new = []
        for low, high in pairwise(chain):
            sizes[fresh] = high // low
            new.append(fresh)
            fresh += 1
        parts[a] = tuple(reversed(new))
        del sizes[a]

    def opened(atoms: Axis) -> Axis:
        return tuple(b for a in atoms for b in parts.get(a, (a,)))

    cores = tuple(
        Core(_reshaped(c, opened(c.atoms), sizes), opened(c.atoms), c.label) for c in term.cores
    )
    return NumericTerm(
        term.coefficient,
        tuple(map(opened, term.out)),
        tuple(map(opened, term.into)),
        sizes,
        cores,
    )


def _reshaped(core: Core, atoms: Axis, sizes: dict[int, int]) -> Any:
    if atoms == core.atoms:
        return core.array
    array = core.array
    if isinstance(array, Pattern):
        array = array.dense(float)
    return shaped(array, tuple(sizes[a] for a in atoms))


def _single(term: NumericTerm) -> NumericTerm:
    """One axis for each atom."""
    return NumericTerm(
        term.coefficient,
        tuple((a,) for a in term.out_atoms),
        tuple((a,) for a in term.in_atoms),
        term.sizes,
        term.cores,
    )
