"""One written term: number × scalars with exponents × core, and how it is put together.

A sum pulls common parts out of its terms here: (A + Aᵀ)x, 2Aᵀ(Ax − y), (I − xxᵀ/‖x‖²)/‖x‖.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd
from typing import NamedTuple

from ..ir.build import exact
from ..ir.node import Number
from .tree import (
    COLUMN,
    MATRIX,
    ONE,
    Kind,
    Tree,
    alike,
    diag,
    elementwise_power,
    fraction,
    hadamard,
    is_diag,
    make,
    number,
    power,
    product,
)

MAX_FACTORED = 24  # a longer sum is written as it stands


class Monomial(NamedTuple):
    """coefficient × scalars^exponents × core; a core of None is a scalar term."""

    coefficient: Number
    scalars: tuple[tuple[Tree, Number], ...] = ()
    core: Tree | None = None

    @staticmethod
    def of(coefficient: Number, scalars: Mapping[Tree, Number], core: Tree | None) -> Monomial:
        """A monomial with its scalars in order; a scalar core becomes a scalar."""
        kept = {t: e for t, e in scalars.items() if e}
        if core is not None and core.scalar:
            if core is not ONE:
                kept[core] = exact(kept.get(core, 0) + 1)
            core = None
        ordered = sorted(
            kept.items(), key=lambda te: (te[0].op != "delta", te[0].length, te[0].text)
        )
        return Monomial(exact(coefficient), tuple(ordered), core)

    def times(self, *others: Monomial) -> Monomial:
        """The product with scalar monomials, keeping the core of the first."""
        coefficient = self.coefficient
        scalars: dict[Tree, Number] = dict(self.scalars)
        for other in others:
            coefficient *= other.coefficient
            for tree, e in other.scalars:
                scalars[tree] = exact(scalars.get(tree, 0) + e)
        return Monomial.of(coefficient, scalars, self.core)

    def raised(self, e: Number) -> Monomial:
        """A scalar monomial to a power."""
        if isinstance(e, int) and (self.coefficient or e > 0):
            coefficient = exact(Fraction(self.coefficient) ** e)
            return Monomial.of(coefficient, {t: exact(k * e) for t, k in self.scalars}, None)
        if self.coefficient == 1 and all(t.op == "norm" for t, _ in self.scalars):
            return Monomial.of(1, {t: exact(k * e) for t, k in self.scalars}, None)
        return Monomial.of(1, {self.tree(): e}, None)

    def tree(self) -> Tree:
        """The term as it is written, sign included."""
        sign, body = self.signed()
        return body if sign > 0 else make("neg", [body], kind=body.kind)

    def signed(self) -> tuple[int, Tree]:
        """Sign and what is written behind it."""
        size = _magnitude(self.coefficient)
        over, under = _as_ratio(size)
        above = [] if over == 1 else [number(over)]
        below = [] if under == 1 else [number(under)]
        for tree, e in self.scalars:
            (above if e > 0 else below).append(power(tree, _magnitude(e)))
        top = _lead(above, self.core)
        if below:
            top = fraction(top, product(*below))
        return (-1 if self.coefficient < 0 else 1), top


def _magnitude(value: Number) -> Number:
    return -value if value < 0 else value


def _as_ratio(value: Number) -> tuple[Number, int]:
    """A number as numerator and denominator, or as a decimal where the fraction is ugly."""
    f = Fraction(value)
    if f.denominator > 64:
        rest = f.denominator
        for p in (2, 5):
            while rest % p == 0:
                rest //= p
        if rest == 1:
            return f, 1
    return f.numerator, f.denominator


def _lead(scalars: list[Tree], core: Tree | None) -> Tree:
    """Scalars in front of a core; of an elementwise or Kronecker product, in front of its first."""
    if core is None:
        return product(*scalars)
    if scalars and core.op in ("hadamard", "kron"):
        first = core.args[0]
        if core.op == "kron" or first.op not in ("elpower",):
            lead = product(*scalars, first)
            return make(core.op, [lead, *core.args[1:]], core.data, core.kind)
        return make("hadamard", [product(*scalars), *core.args], None, core.kind)
    return product(*scalars, core)


def zero() -> Monomial:
    """The monomial 0."""
    return Monomial(0)


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
        terms = _group(terms, kind)
    if len(terms) == 1:
        return terms[0].times(outer)
    again, terms = _pull_scalars(terms)
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
            elif _magnitude(f) < _magnitude(e):
                shared[tree] = f
    inverse = {t: -e for t, e in shared.items()}
    outer = Monomial.of(exact(content), shared, None)
    undo = Monomial.of(exact(1 / content), inverse, None)
    return outer, [t.times(undo) for t in terms]


def _collect_equal(terms: list[Monomial], kind: Kind) -> list[Monomial]:
    """λX + μX → (λ + μ)X."""
    if kind == (False, False):
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
        total = add_monomials([t._replace(core=None) for t in group], (False, False))
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


def _ends(core: Tree | None) -> Iterable[tuple[str, Tree]]:
    """What can be pulled out of a core: its first and last factor, or an elementwise factor."""
    if core is None:
        return
    if core.op == "product":
        if not core.args[0].scalar:
            yield "left", core.args[0]
        yield "right", core.args[-1]
    elif core.op == "hadamard":
        for arg in dict.fromkeys(core.args):
            yield "beside", arg
    elif core.op == "kron" and len(core.args) == 2:
        yield "first", core.args[0]
        yield "second", core.args[1]


def _rest(core: Tree, side: str, factor: Tree) -> Tree:
    """The core without a factor that `_ends` has offered."""
    if side == "beside":
        args = list(core.args)
        args.remove(factor)
        return hadamard(args)
    args = list(core.args[1:] if side in ("left", "first") else core.args[:-1])
    return args[0] if len(args) == 1 else make(core.op, args, core.data, _product_kind(args))


def _product_kind(args: Sequence[Tree]) -> Kind:
    wide = [a for a in args if not a.scalar]
    return (wide[0].kind[0], wide[-1].kind[1]) if wide else (False, False)


def _join(side: str, factor: Tree, rest: Tree) -> Tree:
    if side == "beside":
        return hadamard([factor, rest])
    if side == "left":
        return product(factor, rest)
    if side == "right":
        return product(rest, factor)
    args = (factor, rest) if side == "first" else (rest, factor)
    kind = (any(a.kind[0] for a in args), any(a.kind[1] for a in args))
    return make("kron", args, kind=kind)


def _group(terms: list[Monomial], kind: Kind) -> list[Monomial]:
    """Pull out the factor that most terms share at one side, again and again."""
    while len(terms) > 1:
        found: Counter[tuple[str, Tree]] = Counter()
        for term in terms:
            for end in _ends(term.core):
                if not _rest(term.core, *end).scalar:  # type: ignore[arg-type]
                    found[end] += 1
        best = max(
            (e for e, count in found.items() if count > 1),
            key=lambda e: (found[e], e[1].leaves, -len(e[0]), e[1].text),
            default=None,
        )
        if best is None:
            return terms
        side, factor = best
        inside, others = [], []
        kinds = set()
        for term in terms:
            if best in _ends(term.core) and not _rest(term.core, *best).scalar:  # type: ignore[arg-type]
                rest = _rest(term.core, *best)  # type: ignore[arg-type]
                kinds.add(rest.kind)
                inside.append(term._replace(core=rest))
            else:
                others.append(term)
        if len(kinds) > 1:
            return terms
        inner = add_monomials(inside, kinds.pop())
        if not inner.coefficient:
            terms = others
            continue
        core = inner.core
        assert core is not None
        terms = [*others, inner._replace(core=_join(side, factor, core))]
    return terms


def _is_ones(core: Tree | None) -> bool:
    """Whether a core is the column of ones, or 𝟏𝟏ᵀ: a scalar that broadcasts says the same."""
    if core is None:
        return False
    parts = core.args if core.op == "product" else (core,)
    return all((p.args[0] if p.op == "transpose" else p).op == "ones" for p in parts)


def _sum_tree(terms: list[Monomial], kind: Kind) -> Tree:
    if any(not _is_ones(t.core) for t in terms):
        terms = [t._replace(core=None) if _is_ones(t.core) else t for t in terms]
    cores = alike([t.core for t in terms if t.core is not None])[::-1]
    terms = [t if t.core is None else t._replace(core=cores.pop()) for t in terms]
    written = [term.signed() for term in terms]
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
        symmetric=all(body.symmetric or body.scalar for _, body in written),
    )


def _place(sign: int, body: Tree) -> tuple[bool, int, int, int, str]:
    """Positive terms first; numbers and I, then long terms before short ones."""
    first = 0 if body.op in ("number", "eye") else 1
    if body.op == "product" and body.args[-1].op == "eye":
        first = 2
    return (sign < 0, first, -body.leaves, body.turns, body.text)


def split_power(tree: Tree) -> tuple[Tree, Number]:
    """Base and exponent of an elementwise power."""
    return (tree.args[0], tree.data) if tree.op == "elpower" else (tree, 1)


def hadamard_of(weights: Sequence[Tree]) -> Tree:
    """The elementwise product of columns or matrices, powers of one base collected."""
    exponents: dict[Tree, Number] = {}
    for weight in weights:
        for part in weight.args if weight.op == "hadamard" else (weight,):
            base, e = split_power(part)
            exponents[base] = exact(exponents.get(base, 0) + e)
    factors: list[Tree] = []
    for base, e in exponents.items():
        if isinstance(e, int) and 1 <= e <= 4:
            factors.extend([base] * e)
        elif e:
            factors.append(elementwise_power(base, e))
    return hadamard(factors) if factors else make("elpower", [weights[0]], 0, weights[0].kind)
