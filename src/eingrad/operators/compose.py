"""Products of operators, term by term: the input of the first meets the output of the second."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .align import cuts_of, is_chain, split_at
from .arrays import namespace
from .contract import pair
from .pattern import Pattern
from .term import Core, NumericTerm, merged, normal


def compose(
    first: Sequence[NumericTerm], second: Sequence[NumericTerm], between: tuple[int, ...]
) -> tuple[NumericTerm, ...] | None:
    """first ∘ second, where `between` is the shape in which they meet; None where the two divide
    its axes in ways that conflict."""
    products = []
    for a in first:
        for b in second:
            product = meet(a, b, between)
            if product is None:
                return None
            products.append(condensed(product))
    return merged(products)


def meet(a: NumericTerm, b: NumericTerm, between: tuple[int, ...]) -> NumericTerm | None:
    """One term after another, their cores as they are; None where the two divide the axes in ways
    that conflict."""
    meeting = align_between(a, b, between)
    if meeting is None:
        return None
    a, b = meeting
    offset = max(a.sizes, default=-1) + 1
    b_out = [s + offset for s in b.out_atoms]
    sizes = {**a.sizes, **{s + offset: n for s, n in b.sizes.items()}}
    root: dict[int, int] = {}

    def find(s: int) -> int:
        while s in root:
            s = root[s]
        return s

    for p, q in zip(a.in_atoms, b_out, strict=True):
        p, q = find(p), find(q)
        if p != q:
            root[q] = p
    out = [tuple(map(find, axis)) for axis in a.out]
    into = [tuple(find(s + offset) for s in axis) for axis in b.into]
    cores = [Core(c.array, tuple(map(find, c.atoms)), c.label) for c in a.cores]
    cores += [Core(c.array, tuple(find(s + offset) for s in c.atoms), c.label) for c in b.cores]
    live = {s for axis in (*out, *into) for s in axis}
    met = {find(s) for s in (*a.in_atoms, *b_out)}
    carried = {s for c in cores for s in c.atoms}
    free = math.prod(sizes[s] for s in met - live - carried)
    return normal(a.coefficient * b.coefficient * free, out, into, sizes, cores)


def align_between(
    a: NumericTerm, b: NumericTerm, between: tuple[int, ...]
) -> tuple[NumericTerm, NumericTerm] | None:
    """The two with atoms of the same sizes where the input of the first meets the output of the
    second; None where the axes are divided in ways that conflict."""
    one, two = a.transposed(), b
    for _ in range(64):
        meeting = cuts_of([one, two], between)
        if not all(map(is_chain, meeting)):
            return None
        new_one, new_two = (split_at(t, [*meeting, *_whole(t)]) for t in (one, two))
        if new_one is one and new_two is two:
            return one.transposed(), two
        one, two = new_one, new_two
    return None


def _whole(term: NumericTerm) -> list[list[int]]:
    """No cuts on the input's axes."""
    return [[1, term.count(axis)] for axis in term.into]


def condensed(term: NumericTerm) -> NumericTerm:
    """Cores multiplied where the product has no more numbers than they have."""
    outer = {*term.out_atoms, *term.in_atoms}
    cores = list(term.cores)
    changed = True
    while changed:
        changed = False
        for summed in sorted({s for c in cores for s in c.atoms} - outer):
            touching = [c for c in cores if summed in c.atoms]
            if len(touching) > 2 or any(isinstance(c.array, Pattern) for c in touching):
                continue
            others = [c for c in cores if summed not in c.atoms]
            keep = outer.union(*(c.atoms for c in others))
            left = tuple(dict.fromkeys(s for c in touching for s in c.atoms if s in keep))
            xp = namespace(touching[0].array)
            if any(type(namespace(c.array)) is not type(xp) for c in touching):
                continue
            if term.count(left) > sum(math.prod(c.array.shape) for c in touching):
                continue
            if len(touching) == 1:
                array, atoms = pair(touching[0].array, touching[0].atoms, xp.ones(()), (), keep, xp)
            else:
                p, q = touching
                array, atoms = pair(p.array, p.atoms, q.array, q.atoms, keep, xp)
            cores = [*others, Core(array, atoms)]
            changed = True
            break
    return normal(term.coefficient, term.out, term.into, term.sizes, cores)


__all__ = ["compose", "condensed", "meet"]
