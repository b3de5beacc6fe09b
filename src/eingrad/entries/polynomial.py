"""What stands at one place of a tensor: a sum of products of entries, exact and comparable.

An `Entry` is a polynomial. Its atoms are entries of variables (`Symbol`), functions of entries
(`Function`), entries of matrices that are not opened (`Part`: the inverse), sums that are taken as
one factor (`Group`) and sums over an index that are not written out (`Sigma`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..ir.node import Node, Number

Index = int | str  # a place counted from 0, or the letter of a sum
Power = tuple["Atom", Fraction]
Monomial = tuple[Power, ...]


@dataclass(frozen=True)
class Symbol:
    """An entry of a variable."""

    name: str
    index: tuple[Index, ...]

    @property
    def order(self) -> tuple[Any, ...]:
        """Scalars come first, then entries by name."""
        return (0 if not self.index else 1, self.name, tuple(map(str, self.index)))


@dataclass(frozen=True)
class Function:
    """An elementwise function of entries."""

    name: str
    params: tuple[tuple[str, Any], ...]
    arguments: tuple[Entry, ...]

    @property
    def order(self) -> tuple[Any, ...]:
        """By name, then by what it is applied to."""
        return (4, self.name, tuple(str(a.terms) for a in self.arguments))


@dataclass(frozen=True)
class Part:
    """An entry of a tensor that is not opened: (A⁻¹)_12."""

    node: Node
    index: tuple[Index, ...]

    @property
    def order(self) -> tuple[Any, ...]:
        """By content."""
        return (2, self.node.digest.hex(), tuple(map(str, self.index)))


@dataclass(frozen=True)
class Group:
    """A sum that is one factor of a product: (a + b) in (a + b)·c."""

    entry: Entry

    @property
    def order(self) -> tuple[Any, ...]:
        """By content."""
        return (3, "", (str(self.entry.terms),))


@dataclass(frozen=True)
class Sigma:
    """A sum over indices that is not written out."""

    letters: tuple[str, ...]
    entry: Entry

    @property
    def order(self) -> tuple[Any, ...]:
        """By content."""
        return (3, "Σ", (str(self.entry.terms),))


Atom = Symbol | Function | Part | Group | Sigma


@dataclass(frozen=True)
class Entry:
    """A sum of coefficient × atoms to powers; no terms is zero.

    Equal entries are equal objects; sums that are factors of products stay as they are, unless
    `expanded`.
    """

    terms: tuple[tuple[Monomial, Number], ...]

    @staticmethod
    def number(value: Number) -> Entry:
        """A constant."""
        return Entry((((), _exact(value)),) if value else ())

    @staticmethod
    def atom(atom: Atom, exponent: Number = 1) -> Entry:
        """One atom to a power."""
        return Entry(((((atom, Fraction(exponent)),), 1),))

    @property
    def is_zero(self) -> bool:
        """Whether this is the empty sum."""
        return not self.terms

    @property
    def value(self) -> Number | None:
        """The number that this is, or None."""
        if not self.terms:
            return 0
        if len(self.terms) == 1 and not self.terms[0][0]:
            return self.terms[0][1]
        return None

    @property
    def depth(self) -> int:
        """How deeply functions and groups are nested."""
        below = [_inside(atom) for monomial, _ in self.terms for atom, _ in monomial]
        return max((1 + e.depth for entries in below for e in entries), default=0)

    @property
    def weight(self) -> int:
        """How many atoms would be written."""
        total = 0
        for monomial, _ in self.terms:
            for atom, _ in monomial:
                total += 1 + sum(e.weight for e in _inside(atom))
        return total


def _inside(atom: Atom) -> tuple[Entry, ...]:
    if isinstance(atom, Function):
        return atom.arguments
    return (atom.entry,) if isinstance(atom, Group | Sigma) else ()


def _exact(value: Number) -> Number:
    return int(value) if Fraction(value).denominator == 1 else Fraction(value)


def collected(terms: Iterable[tuple[Monomial, Number]]) -> Entry:
    """The sum of terms, like ones added, in canonical order."""
    found: dict[Monomial, Number] = {}
    for monomial, coefficient in terms:
        found[monomial] = found.get(monomial, 0) + coefficient
    kept = [(m, _exact(c)) for m, c in found.items() if c]
    kept.sort(key=lambda term: _order(term[0]))
    return Entry(tuple(kept))


def _order(monomial: Monomial) -> tuple[Any, ...]:
    # Constants last, as in x + 1; then by atoms.
    return (not monomial, [(atom.order, -exponent) for atom, exponent in monomial])


def add(entries: Iterable[Entry]) -> Entry:
    """The sum."""
    return collected(term for entry in entries for term in entry.terms)


def multiply(coefficient: Number, entries: Iterable[Entry]) -> Entry:
    """The product: single terms are multiplied out, sums become one factor each."""
    powers: dict[Atom, Fraction] = {}
    sums: list[Entry] = []
    for entry in entries:
        if entry.is_zero:
            return entry
        if len(entry.terms) > 1:
            sums.append(entry)
            continue
        ((monomial, factor),) = entry.terms
        coefficient = coefficient * factor
        for atom, exponent in monomial:
            powers[atom] = powers.get(atom, Fraction(0)) + exponent
    if len(sums) == 1 and not any(powers.values()):  # a mere number: 2(a + b) is 2a + 2b
        return collected((m, c * coefficient) for m, c in sums[0].terms)
    for entry in sums:
        atom = Group(entry)
        powers[atom] = powers.get(atom, Fraction(0)) + 1
    return collected([(_monomial(powers), coefficient)])


def _monomial(powers: Mapping[Atom, Fraction]) -> Monomial:
    kept = [(atom, exponent) for atom, exponent in powers.items() if exponent]
    return tuple(sorted(kept, key=lambda power: (power[0].order, power[1])))


def power(entry: Entry, exponent: Number) -> Entry:
    """The entry to a power; whole powers of products are opened."""
    exponent = Fraction(exponent)
    whole = exponent.denominator == 1
    if whole and entry.is_zero and exponent > 0:
        return entry
    if whole and len(entry.terms) == 1:
        ((monomial, coefficient),) = entry.terms
        opened = tuple((atom, e * exponent) for atom, e in monomial)
        return Entry(((opened, _exact(Fraction(coefficient) ** int(exponent))),))
    if len(entry.terms) == 1:
        ((monomial, coefficient),) = entry.terms
        if coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1:
            return Entry.atom(monomial[0][0], exponent)
    return Entry.atom(Group(entry), exponent)


def expanded(entry: Entry, most: int = 400) -> Entry:
    """The entry with groups multiplied out, as far as that gives at most `most` terms."""
    terms: list[tuple[Monomial, Number]] = []
    for monomial, coefficient in entry.terms:
        products: list[tuple[dict[Atom, Fraction], Number]] = [({}, coefficient)]
        for atom, exponent in monomial:
            times = int(exponent) if exponent.denominator == 1 and 0 < exponent <= 4 else 0
            if not isinstance(atom, Group) or not times:
                for powers, _ in products:
                    powers[atom] = powers.get(atom, Fraction(0)) + exponent
                continue
            inner = expanded(atom.entry, most)
            for _ in range(times):
                if len(products) * len(inner.terms) > most:
                    return entry
                products = [
                    (_joined(powers, m), c * d) for powers, c in products for m, d in inner.terms
                ]
        terms += [(_monomial(powers), c) for powers, c in products]
    return collected(terms)


def _joined(powers: Mapping[Atom, Fraction], monomial: Monomial) -> dict[Atom, Fraction]:
    result = dict(powers)
    for atom, exponent in monomial:
        result[atom] = result.get(atom, Fraction(0)) + exponent
    return result
