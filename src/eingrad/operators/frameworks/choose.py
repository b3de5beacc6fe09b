"""Which solver, by structure and sizes alone."""

from __future__ import annotations

import math
from typing import Any

from ..align import Aligned
from ..label import Label
from ..memory import check_bytes, default_limit
from ..pattern import Pattern
from ..solvers.base import Singular
from ..solvers.blocks import shared_slots
from ..solvers.choose import LARGEST
from ..solvers.eigenbasis import is_identity
from ..solvers.identity import is_permutation
from ..solvers.kronecker import Kronecker, Part, parts_of
from ..solvers.woodbury import base_and_updates, split
from ..term import Core, NumericTerm
from .iterative import Iterative
from .namespace import Namespace
from .solvers import Blocks, Diagonal, Identity, Woodbury

SOURCE = "a quarter of the device's free memory"


def choose(
    problem: Aligned, xp: Namespace, definite: bool, method: str, limit: int | None, rtol: float
) -> Any:
    """A solver for a square operator; nothing is computed yet.

    Parameters
    ----------
    definite:
        Whether it is known to be symmetric positive (semi)definite.
    """
    if not problem.terms:
        return Singular("the operator is zero, hence singular")
    definite = definite or _is_definite(problem)
    if method == "iterative":
        return Iterative(problem, xp, definite, rtol)
    if method == "dense":
        n = problem.n_rows
        what = f"the {n}×{n} matrix and its factors"
        source = "as asked for" if limit is not None else SOURCE
        allowed = limit if limit is not None else xp.limit()
        check_bytes(2 * n * n * xp.itemsize, allowed, what, source=source)
        return _blocks(problem, xp, definite)
    if is_permutation(problem):
        return Identity(problem, xp)
    parts = parts_of(problem)
    if len(problem.terms) == 1:
        for part in parts:
            if not part.is_square:
                p = part.problem
                return Singular.of_rank(p, min(p.n_rows, p.n_columns))
    if len(parts) > 1:
        known = {id(p.problem): definite and _alone(p, parts) for p in parts}
        return Kronecker(problem, parts, lambda p: choose(p, xp, known[id(p)], method, limit, rtol))
    problem = parts[0].problem if parts else problem
    rank = sum(split(term).rank for term in problem.terms)
    if rank < problem.n_rows:
        return Singular.of_rank(problem, rank)
    found = _direct(problem, xp, definite)
    allowed = next((n for n in (limit, xp.limit()) if n is not None), None)
    for _, nbytes, solver in sorted(found, key=lambda offer: offer[0]):
        if nbytes <= 1 << 24 or nbytes <= (default_limit() if allowed is None else allowed):
            return solver
    return Iterative(problem, xp, definite, rtol)


Offer = tuple[float, float, Any]  # operations, bytes, solver


def _direct(problem: Aligned, xp: Namespace, definite: bool) -> list[Offer]:
    """The direct solvers that fit."""
    offers = _in_blocks(problem, xp, definite)
    found = base_and_updates(problem)
    base = _base(found[0], xp) if found else None
    if found and base:
        n, rank = problem.n_rows, sum(s.rank for s in found[1])
        flops, nbytes, solver = base
        work = flops + 3.0 * n * rank**2 + rank**3 + flops * 0.1 * rank
        whole = nbytes + 4 * n * rank * xp.itemsize
        offers.append((work, whole, Woodbury(problem, solver, found[1], xp)))
    return offers


def _in_blocks(problem: Aligned, xp: Namespace, definite: bool) -> list[Offer]:
    """Blocks, unless they would be much larger than what the operator holds."""
    rows, _, _, _ = shared_slots(problem)
    batch = math.prod(problem.rows[i] for i in rows)
    size = problem.n_rows // batch
    nbytes = 2.0 * batch * size**2 * xp.itemsize
    arrays = [c.array for t in problem.terms for c in t.cores if not isinstance(c.array, Pattern)]
    stored = sum(math.prod(a.shape) for a in arrays) * xp.itemsize
    if problem.n_rows > LARGEST and nbytes > 4 * stored + (1 << 24):
        return []
    return [(batch * size**3 / 3, nbytes, _blocks(problem, xp, definite))]


def _blocks(problem: Aligned, xp: Namespace, definite: bool) -> Any:
    rows, _, _, _ = shared_slots(problem)
    one = math.prod(problem.rows[i] for i in rows) == problem.n_rows
    return Diagonal(problem, xp) if one else Blocks(problem, xp, definite)


def _base(problem: Aligned, xp: Namespace) -> Offer | None:
    """What Woodbury's formula may build on."""
    definite = _is_definite(problem)
    if is_permutation(problem):
        return problem.n_rows, 0, Identity(problem, xp)
    parts = parts_of(problem)
    if any(not part.is_square for part in parts):
        return None
    if len(parts) == 1:
        offers = _in_blocks(parts[0].problem, xp, definite)
        return offers[0] if offers else None
    inside: dict[int, Offer] = {}
    for part in parts:
        offer = _base(part.problem, xp)
        if offer is None:
            return None
        inside[id(part.problem)] = offer
    solver = Kronecker(problem, parts, lambda p: inside[id(p)][2])
    work = sum(flops for flops, _, _ in inside.values()) + problem.n_rows
    return work, sum(nbytes for _, nbytes, _ in inside.values()), solver


def _alone(part: Part, parts: list[Part]) -> bool:
    """Whether all other parts are positive multiples of the identity: then a definite whole says
    that this part is."""
    others = [p.problem for p in parts if p is not part]
    return all(len(p.terms) == 1 and _is_positive_identity(p.terms[0]) for p in others)


def _is_positive_identity(term: NumericTerm) -> bool:
    positive = isinstance(term.coefficient, int | float) and term.coefficient > 0
    return positive and is_identity(term)


def _is_definite(problem: Aligned) -> bool:
    """Whether the formulas of single cores say so."""
    return bool(problem.terms) and all(map(_is_definite_term, problem.terms))


def _is_definite_term(term: NumericTerm) -> bool:
    if _is_positive_identity(term):
        return True
    if len(term.cores) != 1 or not isinstance(term.coefficient, int | float):
        return False
    (core,) = term.cores
    matrix = (*term.out_atoms, *term.in_atoms)
    straight = len(matrix) == 2 and matrix[0] != matrix[1] and set(matrix) == set(core.atoms)
    return term.coefficient > 0 and straight and _says_definite(core)


def _says_definite(core: Core) -> bool:
    return isinstance(core.label, Label) and "psd" in core.label.facts(len(core.atoms))


__all__ = ["choose"]
