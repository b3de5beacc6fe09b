"""Which solver: the cheapest that the structure of an operator allows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import SizeLimitError
from ..align import Aligned
from ..memory import check_bytes, default_limit
from . import blocks, eigenbasis, sparse, sylvester, woodbury
from .base import NotSuitable, Proposal, Singular, Solver
from .identity import Identity, is_permutation
from .iterative import Iterative
from .kronecker import Kronecker, parts_of

LARGEST = 4000  # unknowns; a matrix of this size is formed where nothing better is known


def choose(
    problem: Aligned,
    dtype: Any,
    method: str = "auto",
    limit: int | None = None,
    rtol: float = 1e-10,
) -> Solver:
    """A solver for a square operator.

    Parameters
    ----------
    method:
        `auto`; `dense` forms the matrix; `iterative` forms nothing.
    limit:
        Bytes that a direct solver may use.

    Raises
    ------
    SingularError
        A factor is singular.
    SizeLimitError
        `method="dense"`, and the matrix is over the limit.
    """
    if not problem.terms:
        return Singular("the operator is zero, hence singular")
    if method == "iterative":
        return Iterative(problem, dtype, rtol)
    if method == "dense":
        n = problem.n_rows
        needed = 2 * n * n * np.dtype(dtype).itemsize
        check_bytes(needed, limit, f"the {n}×{n} matrix and its factors")
        return blocks.Blocks(problem, dtype) if n > 1 else blocks.Diagonal(problem, dtype)
    if is_permutation(problem):
        return Identity(problem)
    parts = parts_of(problem)
    if len(problem.terms) == 1:
        for part in parts:
            if not part.is_square:
                p = part.problem
                return Singular.of_rank(p, min(p.n_rows, p.n_columns))
    if len(parts) > 1:
        return Kronecker(problem, parts, lambda p: choose(p, dtype, method, limit, rtol))
    problem = parts[0].problem if parts else problem
    rank = sum(woodbury.split(term).rank for term in problem.terms)
    if rank < problem.n_rows:
        return Singular.of_rank(problem, rank)
    return _direct(problem, dtype, limit) or Iterative(problem, dtype, rtol)


def _direct(problem: Aligned, dtype: Any, limit: int | None) -> Solver | None:
    """The cheapest direct solver within the limit."""
    offers = [_in_blocks(problem, dtype), eigenbasis.propose(problem, dtype)]
    offers.append(sylvester.propose(problem, dtype))
    offers.append(sparse.propose(problem, dtype))
    offers.append(woodbury.propose(problem, dtype, lambda p: _simple(p, dtype)))
    allowed: int | None = limit
    for offer in sorted((o for o in offers if o is not None), key=lambda o: o.flops):
        if offer.nbytes > 1 << 24:
            allowed = default_limit() if allowed is None else allowed
            if offer.nbytes > allowed:
                continue
        try:
            return offer.build()
        except (NotSuitable, SizeLimitError):  # a pattern may have to be built in between
            continue
    return None


def _in_blocks(problem: Aligned, dtype: Any) -> Proposal | None:
    """Blocks, unless they would be much larger than what the operator holds."""
    offer = blocks.propose(problem, dtype)
    stored = sum(c.array.nbytes for t in problem.terms for c in t.cores)
    if problem.n_rows > LARGEST and offer.nbytes > 4 * stored + (1 << 24):
        return None
    return offer


def _simple(problem: Aligned, dtype: Any) -> Proposal | None:
    """What Woodbury's formula may build on: anything direct that costs less than a full matrix."""
    if is_permutation(problem):
        return Proposal(problem.n_rows, 0, lambda: Identity(problem), "multiple of the identity")
    parts = parts_of(problem)
    if len(parts) == 1:
        inner = parts[0].problem
        offers = [_in_blocks(inner, dtype), eigenbasis.propose(inner, dtype)]
        offers.append(sparse.propose(inner, dtype))
        return min((o for o in offers if o is not None), key=lambda o: o.flops, default=None)
    if any(not part.is_square for part in parts):
        return None
    inside = [_simple(part.problem, dtype) for part in parts]
    found = [p for p in inside if p is not None]
    if len(found) < len(inside):
        return None
    solvers = {id(part.problem): p for part, p in zip(parts, found, strict=True)}
    return Proposal(
        sum(p.flops for p in found) + problem.n_rows,
        sum(p.nbytes for p in found),
        lambda: Kronecker(problem, parts, lambda q: solvers[id(q)].build()),
        "; ".join(dict.fromkeys(p.text for p in found)),
    )


__all__ = ["choose"]
