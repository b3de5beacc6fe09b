"""Terms put together where one core can hold both, so that structure is named once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..ir.build import add, einsum, is_zero, split_coefficient
from ..ir.node import Contraction, Factor, Node, Term
from .decompose import Core, StructuredTerm, has_pattern
from .network import opened

Judge = Callable[[StructuredTerm], bool]


def collect(
    terms: Sequence[StructuredTerm], apart: Judge = lambda term: False
) -> tuple[StructuredTerm, ...]:
    """Terms with the same deltas that differ in one core only, added: δ_ac A_bd + δ_ac A_db is
    δ_ac (A + Aᵀ)_bd. Where a term is to be kept `apart`, its matrices are not added to others."""
    result: list[StructuredTerm] = []
    pending = list(terms)
    while pending:
        current = pending.pop(0)
        for k, other in enumerate(result):
            together = _like(other, current, apart)
            if together is not None:
                del result[k]
                pending[:0] = together
                break
        else:
            if current.coefficient and not any(is_zero(c.node) for c in current.cores):
                result.append(current)
    return tuple(result)


def is_thin(term: StructuredTerm) -> bool:
    """Whether a core of a term is a sum of products of matrices, which may be smaller than it is:
    XᵀDX + ZᵀEZ as one matrix would be dense, where X and Z have few rows."""
    return any(
        len(c.atoms) > 1
        and isinstance(c.node, Contraction | Term)
        and len(opened(c.parts, dict(enumerate(term.sizes))).summed) > 0
        for c in term.cores
    )


def _like(a: StructuredTerm, b: StructuredTerm, apart: Judge) -> list[StructuredTerm] | None:
    """The sum of two terms as one term (or none, where it is zero); None where it is two."""
    if a.axes != b.axes or a.sizes != b.sizes:
        return None
    ours = {c.atoms: c.node for c in a.cores}
    theirs = {c.atoms: c.node for c in b.cores}
    # A vector beside none is beside ones: diag(v) + I is a diagonal.
    if any(len(k) > 1 for k in ours.keys() ^ theirs.keys()):
        return None
    different = [k for k in ours.keys() | theirs.keys() if ours.get(k) is not theirs.get(k)]
    if any(k and (_patterned(ours.get(k)) or _patterned(theirs.get(k))) for k in different):
        return None
    if any(len(k) > 1 for k in different) and (apart(a) or apart(b)):
        return None
    # Sums of outer products stay sums: as one core they would be larger.
    whole = [{c.atoms for c in t.arrays if c.is_whole} for t in (a, b)]
    if any(len(k) > 1 and k not in whole[0] | whole[1] for k in different):
        return None
    # Numbers and scalar cores go into the core that differs, if one does.
    if len([k for k in different if k]) > 1:
        return None
    place = next((k for k in different if k), ())
    shared = [c for c in a.cores if c.atoms and c.atoms != place]
    scalars = () in different
    if not scalars and () in ours and place:
        shared = [*shared, *(c for c in a.cores if not c.atoms)]
    value = add(*(_part(t, place, with_scalar=scalars or not place) for t in (a, b)))
    return _with_core(a, shared, place, value)


def _patterned(node: Node | None) -> bool:
    return node is not None and has_pattern(node)


def _part(term: StructuredTerm, place: tuple[int, ...], with_scalar: bool) -> Node:
    """The product of a term's number, its core on `place`, and its scalar core."""
    atoms = [(a,) for a in place]
    factors = [
        (c.node, [(a,) for a in c.atoms])
        for c in term.cores
        if (c.atoms == place and place) or (with_scalar and not c.atoms)
    ]
    return einsum(factors, atoms, term.coefficient, dict(enumerate(term.sizes)))


def _with_core(
    term: StructuredTerm, shared: Sequence[Core], place: tuple[int, ...], value: Node
) -> list[StructuredTerm]:
    """The term made of the `shared` cores and one with the given value."""
    coefficient, rest = split_coefficient(value)
    if is_zero(rest):
        return []
    cores = list(shared)
    if place or rest.operands or rest.rank_of_kind < 6:  # not merely the number 1
        cores.append(Core(rest, place, (Factor(rest, tuple((a,) for a in place)),)))
    cores.sort(key=lambda c: c.atoms)
    return [StructuredTerm(coefficient, term.sizes, term.axes, tuple(cores))]


def absorb(
    terms: Sequence[StructuredTerm], into: Judge = lambda term: True
) -> tuple[StructuredTerm, ...]:
    """Terms put into another that has one full core where they live: δ_ac B_bd + λ δ_ac δ_bd is
    δ_ac (B + λI)_bd. Only terms that `into` admits take others in."""
    result = list(terms)
    changed = True
    while changed:
        changed = False
        for i, host in enumerate(result):
            for j, guest in enumerate(result):
                together = _hosted(host, guest) if i != j and into(host) else None
                if together is not None:
                    result = [t for k, t in enumerate(result) if k not in (i, j)]
                    result[min(i, j) : min(i, j)] = together
                    changed = True
                    break
            if changed:
                break
    return tuple(result)


def _hosted(host: StructuredTerm, guest: StructuredTerm) -> list[StructuredTerm] | None:
    """Host + guest in the host's one core, where the guest's deltas and cores allow it."""
    if len(host.arrays) > 1 or any(has_pattern(c.node) for c in (*host.arrays, *guest.arrays)):
        return None
    if not all(c.is_whole for c in host.arrays):
        return None
    image: dict[int, int] = {}
    for ours, theirs in zip(host.axes, guest.axes, strict=True):
        if len(ours) != len(theirs):
            return None
        for a, b in zip(ours, theirs, strict=True):
            if image.setdefault(a, b) != b or host.sizes[a] != guest.sizes[b]:
                return None
    place = host.arrays[0].atoms if host.arrays else ()
    free = [a for a in image if a not in place]
    fixed = {image[a] for a in free}
    if len(fixed) < len(free) or fixed & {image[a] for a in place} or fixed & guest.carried:
        return None
    inside = einsum(
        [(c.node, [(a,) for a in c.atoms]) for c in guest.cores],
        [(image[a],) for a in place],
        guest.coefficient,
        dict(enumerate(guest.sizes)),
    )
    return _with_core(host, [], place, add(_part(host, place, with_scalar=True), inside))
