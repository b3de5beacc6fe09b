"""A symmetric sum is written symmetrically: with each term stands its transpose.

Pulling a factor out at one side only, x(2ρxᵀ − xᵀA) − Axxᵀ, hides that a Hessian is symmetric; such
terms are opened again, unless the other side has been pulled out as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product as cartesian

from .monomial import Monomial, monomial_of
from .tree import Tree, product, transposed

MAX_TERMS = 16


def balanced(terms: Sequence[Monomial]) -> list[Monomial]:
    """The terms; those without their transpose among them opened where that gives each its own."""
    terms = list(terms)
    alone = unpaired(terms)
    if not alone:
        return terms
    opened: list[Monomial] = []
    for term in terms:
        opened.extend(_opened(term) if term in alone else [term])
        if len(opened) > MAX_TERMS:
            return terms
    return terms if len(opened) == len(terms) or unpaired(opened) else opened


def unpaired(terms: Sequence[Monomial]) -> list[Monomial]:
    """The terms whose transpose is not among them."""
    known = set(terms)
    result = []
    for term in terms:
        if term.core is None or term._replace(core=transposed(term.core)) not in known:
            result.append(term)
    return result


def is_symmetric_sum(signed: Sequence[tuple[int, Tree]]) -> bool:
    """Whether a sum of signed terms is its own transpose."""
    known = set(signed)
    return all(body.scalar or (sign, transposed(body)) in known for sign, body in signed)


def _opened(term: Monomial) -> list[Monomial]:
    """A term with the sums among its matrix factors multiplied out."""
    core = term.core
    assert core is not None
    factors = core.args if core.op == "product" else (core,)
    if not any(f.op == "sum" for f in factors):
        return [term]
    choices = []
    for factor in factors:
        if factor.op != "sum":
            choices.append([Monomial(1, (), factor)])
            continue
        parts = [monomial_of(a) for a in factor.args]
        if any(p.core is None for p in parts):  # a scalar that broadcasts
            return [term]
        choices.append(
            [
                p._replace(coefficient=p.coefficient * s)
                for p, s in zip(parts, factor.data, strict=True)
            ]
        )
    result = []
    for chosen in cartesian(*choices):
        whole = term._replace(core=product(*(c.core for c in chosen if c.core is not None)))
        result.append(whole.times(*(c._replace(core=None) for c in chosen)))
    return result
