"""Entries differentiated by an entry, term by term, as one does it by hand.

The proof of a formula for the whole array: ∂c_12/∂a_11 from c_12 = a_11 b_12 + a_12 b_22. Of the
stages only the derivative of an elementwise function of numbers is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..differentiate import differentiate
from ..ir.apply import apply
from ..ir.build import power
from ..ir.node import variable
from ..ir.walk import variables
from ..simplify import shortest
from .expand import Entries
from .polynomial import (
    Atom,
    Entry,
    Function,
    Group,
    Part,
    Sigma,
    Symbol,
    add,
    multiply,
)
from .polynomial import power as entry_power

ZERO, ONE = Entry(()), Entry.number(1)


class NotOpenedError(Exception):
    """An entry of an inverse, a determinant, … depends on what is differentiated by."""


def partial(entry: Entry, symbol: Symbol) -> Entry:
    """∂entry/∂symbol by the rules for sums, products, powers and functions of numbers.

    Raises
    ------
    NotOpenedError
        The entry is made of entries that are not written out, (A⁻¹)_12.

    Examples
    --------
    >>> a, b = Symbol("a", (0,)), Symbol("b", ())
    >>> square = multiply(3, [Entry.atom(a, 2), Entry.atom(b)])
    >>> partial(square, a) == multiply(6, [Entry.atom(a), Entry.atom(b)])
    True
    """
    terms: list[Entry] = []
    for monomial, coefficient in entry.terms:
        for k, (atom, exponent) in enumerate(monomial):
            inner = _of_atom(atom, symbol)
            if inner.is_zero:
                continue
            others = [Entry.atom(a, e) for n, (a, e) in enumerate(monomial) if n != k]
            if exponent != 1:
                others.append(Entry.atom(atom, exponent - 1))
            terms.append(multiply(coefficient * exponent, [*others, inner]))
    return add(terms)


def _of_atom(atom: Atom, symbol: Symbol) -> Entry:
    if isinstance(atom, Symbol):
        return ONE if atom == symbol else ZERO
    if isinstance(atom, Group):
        return partial(atom.entry, symbol)
    if isinstance(atom, Function):
        terms = []
        for k, argument in enumerate(atom.arguments):
            inner = partial(argument, symbol)
            if not inner.is_zero:
                outer = _slope(atom.name, atom.params, k, len(atom.arguments))
                put = {f"v{n}": a for n, a in enumerate(atom.arguments)}
                terms.append(multiply(1, [substituted(outer, put), inner]))
        return add(terms)
    if symbol.name in _names(atom):
        raise NotOpenedError
    return ZERO


def _names(atom: Atom) -> set[str]:
    if isinstance(atom, Symbol):
        return {atom.name}
    if isinstance(atom, Part):
        return {v.name for v in variables(atom.node)}
    inside = atom.arguments if isinstance(atom, Function) else (atom.entry,)
    return {n for e in inside for monomial, _ in e.terms for a, _ in monomial for n in _names(a)}


@lru_cache(maxsize=256)
def _slope(name: str, params: tuple[tuple[str, Any], ...], by: int, count: int) -> Entry:
    """The derivative of an elementwise function of the numbers v0, v1, … by one of them."""
    numbers = [variable(f"v{k}", ()) for k in range(count)]
    if name == "power":
        node = power(numbers[0], dict(params)["exponent"])
    else:
        node = apply(name, *numbers, **dict(params))
    return Entries({}, whole=True).entry(shortest(differentiate(node, [numbers[by]])), ())


def substituted(entry: Entry, values: Mapping[str, Entry]) -> Entry:
    """The entry with entries in place of scalars, by name."""
    terms = []
    for monomial, coefficient in entry.terms:
        factors = [entry_power(_put(atom, values), e) for atom, e in monomial]
        terms.append(multiply(coefficient, factors))
    return add(terms)


def _put(atom: Atom, values: Mapping[str, Entry]) -> Entry:
    if isinstance(atom, Symbol):
        return values.get(atom.name, Entry.atom(atom))
    if isinstance(atom, Group):
        return substituted(atom.entry, values)
    if isinstance(atom, Function):
        arguments = tuple(substituted(a, values) for a in atom.arguments)
        return Entry.atom(Function(atom.name, atom.params, arguments))
    if isinstance(atom, Sigma):
        return Entry.atom(Sigma(atom.letters, substituted(atom.entry, values)))
    raise NotOpenedError  # a function of numbers that is not written as a formula of them
