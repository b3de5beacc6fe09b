"""Sums of written terms: what they share is pulled out.

(A + Aᵀ)x, 2Aᵀ(Ax − y), (I − xxᵀ/‖x‖²)/‖x‖, a ⊙ (1 − b), (Q − R)(I − 𝟏𝟏ᵀ/n).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd

from ..ir.build import exact
from ..ir.node import Number
from .monomial import Monomial, magnitude
from .parts import End, ends, is_matrix_algebra, is_ones, join, rest
from .symmetry import balanced, is_symmetric_sum
from .tree import (
    COLUMN,
    MATRIX,
    SCALAR,
    Kind,
    Tree,
    alike,
    diag,
    is_diag,
    make,
    product,
    transposed,
)

MAX_FACTORED = 24  # a longer sum is written as it stands
MAX_SPLICED = 40


def add_monomials(terms: Sequence[Monomial], kind: Kind) -> Monomial:
    """The sum of terms of one kind, with what they share pulled out."""
    terms = [t for t in terms if t.coefficient]
    if not terms:
        return Monomial(0)
    if len(terms) == 1:
        return terms[0]
    outer, terms = _pull_scalars(terms)
    if len(terms) <= MAX_FACTORED:
        terms = _collect_equal(terms, kind)
        terms = _merge_diagonals(terms, kind)
        if kind == SCALAR:
            terms = _group_bilinear(terms)
        else:
            terms = _complete_sums(terms)
            terms = _group(terms, kind)
            if kind == MATRIX:
                terms = _collect_equal(balanced(terms), kind)
    if len(terms) == 1:
        return terms[0].times(outer)
    again, terms = _pull_scalars(terms)
    if kind != SCALAR:
        terms = _group_by_scalars(terms)
    return Monomial.of(1, {}, _sum_tree(terms, kind)).times(outer, again)


def _pull_scalars(terms: Sequence[Monomial]) -> tuple[Monomial, list[Monomial]]:
    """The number and the scalars that all terms share, and the terms without them."""
    numerators = [Fraction(t.coefficient).numerator for t in terms]
    denominators = [Fraction(t.coefficient).denominator for t in terms]
    content = Fraction(gcd(*numerators), gcd(*denominators))
    if all(n < 0 for n in numerators):
        content = -content
    shared: dict[Tree, Number] = dict(terms[0].scalars)
    for term in terms[1:]:
        other = dict(term.scalars)
        for tree, e in list(shared.items()):
            f = other.get(tree, 0)
            if e * f <= 0:
                del shared[tree]
            elif magnitude(f) < magnitude(e):
                shared[tree] = f
    inverse = {t: -e for t, e in shared.items()}
    outer = Monomial.of(exact(content), shared, None)
    undo = Monomial.of(exact(1 / content), inverse, None)
    return outer, [t.times(undo) for t in terms]


def _collect_equal(terms: list[Monomial], kind: Kind) -> list[Monomial]:
    """λX + μX → (λ + μ)X."""
    if kind == SCALAR:
        merged: dict[tuple[tuple[Tree, Number], ...], Number] = {}
        for term in terms:
            merged[term.scalars] = exact(merged.get(term.scalars, 0) + term.coefficient)
        return [Monomial(c, s, None) for s, c in merged.items() if c]
    by_core: dict[Tree | None, list[Monomial]] = {}
    for term in terms:
        by_core.setdefault(term.core, []).append(term)
    result = []
    for core, group in by_core.items():
        if len(group) == 1:
            result.append(group[0])
            continue
        total = add_monomials([t._replace(core=None) for t in group], SCALAR)
        if total.coefficient:
            result.append(total._replace(core=core))
    return result


def _merge_diagonals(terms: list[Monomial], kind: Kind) -> list[Monomial]:
    """A − diag(v)A → diag(1 − v)A, and diag(v) + λI → diag(v + λ)."""
    if kind != MATRIX:
        return terms
    for left in (True, False):
        groups: dict[Tree | None, list[tuple[Tree | None, Monomial]]] = {}
        for term in terms:
            column, rest = _diagonal_and_rest(term.core, left)
            groups.setdefault(rest, []).append((column, term))
        terms = []
        for rest, group in groups.items():
            if len(group) == 1 or all(column is None for column, _ in group):
                terms.extend(term for _, term in group)
                continue
            inner = add_monomials([t._replace(core=column) for column, t in group], COLUMN)
            if inner.coefficient and inner.core is not None:
                matrix = diag(inner.core)
                parts = [matrix] if rest is None else [matrix, rest] if left else [rest, matrix]
                terms.append(inner._replace(core=product(*parts)))
            elif inner.coefficient:
                identity = next((t.core for c, t in group if c is None), rest)
                terms.append(inner._replace(core=identity))
    return terms


def _diagonal_and_rest(core: Tree | None, left: bool) -> tuple[Tree | None, Tree | None]:
    """`(v, A)` of diag(v)A (or of A diag(v)), `(None, A)` of any other; I is no rest at all."""
    assert core is not None
    if is_diag(core):
        return core.args[0], None
    if core.op == "eye":
        return None, None
    if core.op == "product":
        end = core.args[0 if left else -1]
        if is_diag(end):
            return end.args[0], product(*(core.args[1:] if left else core.args[:-1]))
    return None, core


def _complete_sums(terms: list[Monomial]) -> list[Monomial]:
    """Q − R − (Q − R)M: terms that are together a factor of another one become that sum."""
    for factor in dict.fromkeys(f for t in terms for _, f in ends(t.core) if f.op == "sum"):
        written = {t.signed(): t for t in terms}
        for sign in (1, -1):
            parts = [(sign * s, a) for s, a in zip(factor.data, factor.args, strict=True)]
            if all(part in written for part in parts):
                gone = [written[part] for part in parts]
                terms = [t for t in terms if t not in gone]
                terms.append(Monomial(sign, (), factor))
                break
    return terms


def _group(terms: list[Monomial], kind: Kind) -> list[Monomial]:
    """Pull out the factor that most terms share at one side, again and again."""
    useless: set[End] = set()
    while len(terms) > 1:
        holders: dict[End, list[Monomial]] = {}
        for term in terms:
            for end in ends(term.core):
                if term.core is not None and not rest(term.core, *end).scalar:
                    holders.setdefault(end, []).append(term)
        best = max(
            (e for e, held in holders.items() if e not in useless and _worthwhile(e, held, terms)),
            key=lambda e: (len(holders[e]), e[1].leaves, -len(e[0]), e[1].text),
            default=None,
        )
        if best is None:
            return terms
        inside = [t._replace(core=rest(t.core, *best)) for t in holders[best]]  # type: ignore[arg-type]
        others = [t for t in terms if t not in holders[best]]
        kinds = {t.core.kind for t in inside if t.core is not None}
        if len(kinds) > 1:
            return terms
        inner = add_monomials(inside, kinds.pop())
        if not inner.coefficient:
            terms = others
            continue
        assert inner.core is not None
        short = best[1].kind != MATRIX or best[1].op in ("name", "transpose")
        if kind == MATRIX and short and others and inner.core.op == "sum":
            useless.add(best)  # A(A dA + dA A) + dA A² hides a pattern, x(ρyᵀ − xᵀ) + I as well
            continue
        terms = [*others, inner._replace(core=join(*best, inner.core))]
    return terms


def _worthwhile(end: End, holders: Sequence[Monomial], terms: Sequence[Monomial]) -> bool:
    """Whether pulling out saves something where a term is the factor itself.

    A − AB stays, (Q − R) − (Q − R)B becomes a product; p ⊙ g − (gᵀp)p becomes p ⊙ (g − gᵀp), but
    not beside further terms.
    """
    side, factor = end
    if len(holders) < 2:
        return False
    whole = [t for t in holders if t.core is factor]
    if not whole:
        return True
    if side == "beside":
        return len(holders) == len(terms) or not any(t.scalars for t in whole)
    others = [rest(t.core, *end) for t in holders if t.core is not None and t.core is not factor]
    return factor.leaves > 1 or any(map(is_ones, others))


def _group_bilinear(terms: list[Monomial]) -> list[Monomial]:
    """uᵀAx + xᵀAu → uᵀ(A + Aᵀ)x, for terms that are alike in all other scalars."""
    groups: dict[tuple[tuple[Tree, Number], ...], list[tuple[Monomial, Tree]]] = {}
    for term in terms:
        for form, e in term.scalars:
            if e == 1 and _is_bilinear(form):
                others = tuple(te for te in term.scalars if te[0] is not form)
                groups.setdefault(others, []).append((term, form))
    left = dict.fromkeys(terms)
    result = []
    for others, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        while len(group := [(t, f) for t, f in group if t in left]) > 1:
            row, held = _commonest_row([form for _, form in group])
            inside = [(t, held[f]) for t, f in group if f in held]
            if len(inside) < 2:
                break
            for term, _ in inside:
                del left[term]
            parts = [Monomial(t.coefficient, (), rest(form, "left", row)) for t, form in inside]
            inner = add_monomials(parts, COLUMN)
            if inner.coefficient and inner.core is not None:
                form = product(row, inner.core)
                whole = Monomial.of(1, {form: 1}, None).times(inner._replace(core=None))
                result.append(whole.times(Monomial(1, others)))
    return [*left, *result]


def _is_bilinear(tree: Tree) -> bool:
    return tree.op == "product" and tree.scalar and not any(a.scalar for a in tree.args)


def _commonest_row(forms: Sequence[Tree]) -> tuple[Tree, dict[Tree, Tree]]:
    """The row that most forms begin with, and how they read then: uᵀAx is also xᵀAᵀu."""
    readings: dict[Tree, dict[Tree, Tree]] = {}
    for form in forms:
        for reading in (form, _turned(form)):
            readings.setdefault(reading.args[0], {}).setdefault(form, reading)
    row = min(readings, key=lambda r: (-len(readings[r]), r.leaves, r.text))
    return row, readings[row]


def _turned(form: Tree) -> Tree:
    return product(*(transposed(a) for a in form.args[::-1]))


def _group_by_scalars(terms: list[Monomial]) -> list[Monomial]:
    """A + ρB + ρBᵀ → A + ρ(B + Bᵀ)."""
    groups: dict[tuple[tuple[Tree, Number], ...], list[Monomial]] = {}
    for term in terms:
        groups.setdefault(term.scalars, []).append(term)
    if len(groups) == 1:
        return terms
    result = []
    for scalars, group in groups.items():
        if len(group) == 1 or not scalars or any(t.core is None or is_ones(t.core) for t in group):
            result.extend(group)
            continue
        outer, inner = _pull_scalars(group)
        kinds = [t.core.kind for t in group if t.core is not None]
        result.append(outer._replace(core=_sum_tree(inner, max(kinds))))
    return result


def _sum_tree(terms: list[Monomial], kind: Kind) -> Tree:
    cores = [t.core for t in terms if t.core is not None]
    if any(not is_ones(c) for c in cores) and not (
        kind == MATRIX and any(is_matrix_algebra(c) for c in cores if not is_ones(c))
    ):
        terms = [t._replace(core=None) if is_ones(t.core) else t for t in terms]
    cores = alike([t.core for t in terms if t.core is not None])[::-1]
    terms = [t if t.core is None else t._replace(core=cores.pop()) for t in terms]
    written = [part for term in terms for part in _spliced(*term.signed())]
    written.sort(key=lambda sb: _place(*sb))
    signs = tuple(sign for sign, _ in written)
    bodies = [body for _, body in written]  # of a 1×n matrix they may all be rows
    kind = (any(b.kind[0] for b in bodies), any(b.kind[1] for b in bodies))
    if signs[0] < 0:  # only when all are negative, which pulls the sign out before
        written[0] = (1, make("neg", [written[0][1]], kind=written[0][1].kind))
        signs = (1, *signs[1:])
    return make(
        "sum",
        [body for _, body in written],
        signs,
        kind,
        symmetric=is_symmetric_sum(written),
    )


def _spliced(sign: int, body: Tree) -> list[tuple[int, Tree]]:
    """A sum inside a sum needs no brackets; a long one stays a part that can be shared."""
    if body.op != "sum" or body.length > MAX_SPLICED:
        return [(sign, body)]
    result = []
    for s, part in zip(body.data, body.args, strict=True):
        turned = -1 if part.op == "neg" else 1
        result.append((sign * s * turned, part.args[0] if part.op == "neg" else part))
    return result


def _place(sign: int, body: Tree) -> tuple[bool, int, int, int, str]:
    """Positive terms first; numbers and I, then long terms before short ones."""
    first = 0 if body.op in ("number", "eye") else 1
    if body.op == "product" and body.args[-1].op == "eye":
        first = 2
    return (sign < 0, first, -body.leaves, body.turns, body.text)
