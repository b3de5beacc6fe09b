"""Matching of index tuples while a product is being built: union, splitting and merging of atoms.

Two axes that meet must have the same size, but may be cut into atoms differently: an axis of size
m·n of a variable is one atom, the same axis of a Kronecker product is two. `Atoms` refines both
sides until they agree; where neither cut refines the other (2·3 against 3·2) it reports a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..dims import ONE, Dim, product, shape_text
from ..errors import ShapeError
from .node import AxisIndex


class SplitConflict(Exception):
    """Two cuts of one axis have no common refinement."""


class Atoms:
    """Fresh atoms with sizes, and what each has become: another atom, or a tuple of parts."""

    def __init__(self) -> None:
        self.size: list[Dim] = []
        self.became: dict[int, AxisIndex] = {}

    def fresh(self, size: Dim) -> int:
        """A new atom of the given size."""
        self.size.append(size)
        atom = len(self.size) - 1
        if size is ONE or size.is_one:
            self.became[atom] = ()
        return atom

    def resolve(self, axis: Iterable[int]) -> AxisIndex:
        """The atoms that an axis consists of by now; atoms of size 1 have vanished."""
        result: list[int] = []
        pending = list(axis)[::-1]
        while pending:
            atom = pending.pop()
            parts = self.became.get(atom)
            if parts is None:
                result.append(atom)
            else:
                pending.extend(reversed(parts))
        return tuple(result)

    def unify(self, left: Iterable[int], right: Iterable[int]) -> None:
        """Make two axes one; `SplitConflict` if their cuts disagree, `ShapeError` if their sizes
        do."""
        p = list(self.resolve(left))[::-1]
        q = list(self.resolve(right))[::-1]
        sizes_p, sizes_q = ([self.size[a] for a in axis] for axis in (p, q))
        if sizes_p != sizes_q and product(sizes_p) == product(sizes_q) == 0:
            raise SplitConflict  # a cut of nothing is determined by no quotient
        while p and q:
            a, b = p.pop(), q.pop()
            if a == b:
                continue
            size_a, size_b = self.size[a], self.size[b]
            if size_a == size_b:
                self.became[b] = (a,)
                p, q = self._again(p), self._again(q)
                continue
            rest = size_b.divide(size_a)
            if rest is not None:
                r = self.fresh(rest)
                self.became[b] = (a, r)
                p, q = self._again(p), [*self._again(q), r]
                continue
            rest = size_a.divide(size_b)
            if rest is not None:
                r = self.fresh(rest)
                self.became[a] = (b, r)
                p, q = [*self._again(p), r], self._again(q)
                continue
            if not p and not q:
                raise ShapeError(
                    f"sizes do not fit: {shape_text((size_a,))} and {shape_text((size_b,))}"
                )
            raise SplitConflict
        if p or q:
            raise ShapeError("sizes do not fit: an axis of size 1 meets a larger one")

    def _again(self, stack: list[int]) -> list[int]:
        return list(self.resolve(reversed(stack)))[::-1]


def merge_adjacent(axes: Sequence[AxisIndex], atoms: Atoms) -> dict[int, AxisIndex]:
    """Find atoms that always stand side by side, and what replaces them: `{a: (c,), b: ()}`.

    So x[(a,b)] y[(a,b)] becomes x[c] y[c]: one tensor has one form, however it was reached.
    """
    if all(len(axis) <= 1 for axis in axes):
        return {}
    following: dict[int, set[int | None]] = {}
    preceding: dict[int, set[int | None]] = {}
    for axis in axes:
        for k, atom in enumerate(axis):
            following.setdefault(atom, set()).add(axis[k + 1] if k + 1 < len(axis) else None)
            preceding.setdefault(atom, set()).add(axis[k - 1] if k else None)
    replace: dict[int, AxisIndex] = {}
    for atom in following:
        if (
            preceding[atom] != {None}
            and _only(preceding[atom])
            and _links(preceding[atom], following, atom)
        ):
            continue  # not the first of its run
        run = [atom]
        while True:
            nxt = _only(following[run[-1]])
            if nxt is None or preceding[nxt[0]] != {run[-1]} or nxt[0] in run:
                break
            run.append(nxt[0])
        if len(run) > 1:
            size = atoms.size[run[0]]
            for other in run[1:]:
                size = size * atoms.size[other]
            replace[atom] = (atoms.fresh(size),)
            for other in run[1:]:
                replace[other] = ()
    return replace


def _only(candidates: set[int | None]) -> tuple[int] | None:
    """The single atom of a set, or None when there are several or the edge is among them."""
    if len(candidates) != 1:
        return None
    (one,) = candidates
    return None if one is None else (one,)


def _links(before: set[int | None], following: dict[int, set[int | None]], atom: int) -> bool:
    """Whether the atom before always continues with `atom`."""
    one = _only(before)
    return one is not None and following[one[0]] == {atom}
