"""One written term: number × scalars with exponents × core, and how it is put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from ..ir.build import exact
from ..ir.node import Number
from .tree import (
    ONE,
    Tree,
    elementwise_power,
    fraction,
    hadamard,
    make,
    number,
    power,
    product,
)


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
        size = magnitude(self.coefficient)
        over, under = _as_ratio(size)
        above = [] if over == 1 else [number(over)]
        below = [] if under == 1 else [number(under)]
        for tree, e in self.scalars:
            (above if e > 0 else below).append(power(tree, magnitude(e)))
        top = _lead(above, self.core)
        if below:
            top = fraction(top, product(*below))
        return (-1 if self.coefficient < 0 else 1), top


def magnitude(value: Number) -> Number:
    """|value|."""
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


def monomial_of(tree: Tree) -> Monomial:
    """A written term taken apart again: the inverse of `Monomial.tree`."""
    if tree.op == "neg":
        inner = monomial_of(tree.args[0])
        return inner._replace(coefficient=-inner.coefficient)
    if tree.op == "number":
        return Monomial(tree.data)
    if tree.op == "frac":
        return monomial_of(tree.args[0]).times(monomial_of(tree.args[1]).raised(-1))
    if tree.op == "power" and tree.scalar:
        return Monomial.of(1, {tree.args[0]: tree.data}, None)
    if tree.op == "product" and any(a.scalar for a in tree.args):
        wide = [a for a in tree.args if not a.scalar]
        scalars = [monomial_of(a) for a in tree.args if a.scalar]
        return Monomial.of(1, {}, product(*wide) if wide else None).times(*scalars)
    if tree.op in ("hadamard", "kron") and tree.args[0].op == "product":
        first = monomial_of(tree.args[0])
        if first.core is not None:
            core = make(tree.op, [first.core, *tree.args[1:]], tree.data, tree.kind, tree.symmetric)
            return first._replace(core=core)
    return Monomial.of(1, {}, tree)
