"""Symbolic sizes: polynomials with integer coefficients in size symbols.

Most sizes are one symbol (`n`) or one integer; products come from `vec`, `reshape` and Kronecker
products, sums from concatenation. Sizes are equal exactly when their canonical forms are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from .errors import InputError

Monomial = tuple[str, ...]  # sorted symbol names, repeated for powers; () is the constant


class Dim:
    """A size of an axis: an immutable polynomial such as `n`, `3`, `m*n` or `m + 2`.

    Examples
    --------
    >>> m, n = Dim.symbol("m"), Dim.symbol("n")
    >>> str(m * n + 2), (m * n).divide(n) == m, Dim.of(6).divide(Dim.of(4)) is None
    ('m*n + 2', True, True)
    >>> (m * n).evaluate({"m": 2, "n": 5})
    10
    """

    __slots__ = ("_hash", "terms")
    terms: tuple[tuple[Monomial, int], ...]

    def __init__(self, terms: Iterable[tuple[Monomial, int]]) -> None:
        collected: dict[Monomial, int] = {}
        for monomial, coefficient in terms:
            collected[monomial] = collected.get(monomial, 0) + coefficient
        kept = sorted((m, c) for m, c in collected.items() if c)
        self.terms = tuple(sorted(kept, key=lambda mc: (-len(mc[0]), mc[0])))
        value = self.as_int()  # Dim.of(3) == 3, so their hashes are one
        self._hash = hash(self.terms) if value is None else hash(value)

    @staticmethod
    @lru_cache(maxsize=4096)
    def symbol(name: str) -> Dim:
        """The size called `name`."""
        return Dim([((name,), 1)])

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(value: int) -> Dim:
        """The integer size `value`."""
        return Dim([((), value)])

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, int):
            return self.as_int() == other
        return isinstance(other, Dim) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __mul__(self, other: Dim | int) -> Dim:
        other = as_dim(other)
        if self is ONE:
            return other
        if other is ONE:
            return self
        return Dim((tuple(sorted(a + b)), c * d) for a, c in self.terms for b, d in other.terms)

    __rmul__ = __mul__

    def __add__(self, other: Dim | int) -> Dim:
        return Dim(self.terms + as_dim(other).terms)

    __radd__ = __add__

    def __sub__(self, other: Dim | int) -> Dim:
        return Dim(self.terms + tuple((m, -c) for m, c in as_dim(other).terms))

    def divide(self, other: Dim) -> Dim | None:
        """The exact quotient, or None when there is none: `(n*n - n).divide(n - 1)` is n.

        Zero by anything but zero is zero; zero by zero could be any size.
        """
        if other.terms == ONE.terms:
            return self
        if self == other and self.terms:
            return ONE
        if not other.terms:
            return None
        (leading, scale), quotient, rest = other.terms[0], [], self
        while rest.terms:  # the leading term of a multiple is a multiple of the leading term
            monomial, coefficient = rest.terms[0]
            cofactor = list(monomial)
            for symbol in leading:
                if symbol not in cofactor:
                    return None
                cofactor.remove(symbol)
            if coefficient % scale:
                return None
            step = (tuple(cofactor), coefficient // scale)
            quotient.append(step)
            rest = rest - Dim([step]) * other
        return Dim(quotient)

    def as_int(self) -> int | None:
        """The value if it is an integer, else None."""
        if not self.terms:
            return 0
        if len(self.terms) == 1 and self.terms[0][0] == ():
            return self.terms[0][1]
        return None

    @property
    def is_one(self) -> bool:
        """Whether this is the literal size 1, the only one that broadcasts."""
        return self.terms == ONE.terms

    def symbols(self) -> frozenset[str]:
        """Names of the symbols it is made of."""
        found = frozenset(s for m, _ in self.terms for s in m)
        for symbol in found & _MINIMA.keys():
            found = found - {symbol} | _MINIMA[symbol][0].symbols() | _MINIMA[symbol][1].symbols()
        return found

    def evaluate(self, sizes: Mapping[str, int]) -> int:
        """Its value for given sizes of the symbols; `InputError` when one is missing."""
        total = 0
        for monomial, coefficient in self.terms:
            for symbol in monomial:
                if symbol in _MINIMA:
                    coefficient *= min(d.evaluate(sizes) for d in _MINIMA[symbol])
                    continue
                if symbol not in sizes:
                    raise InputError(f"the size {symbol} is not known")
                coefficient *= sizes[symbol]
            total += coefficient
        return total

    def substitute(self, sizes: Mapping[str, Dim]) -> Dim:
        """The size with symbols replaced by sizes."""
        if not self.symbols() & sizes.keys():
            return self
        total = Dim([])
        for monomial, coefficient in self.terms:
            product = Dim.of(coefficient)
            for symbol in monomial:
                if symbol in _MINIMA:
                    a, b = _MINIMA[symbol]
                    product = product * minimum(a.substitute(sizes), b.substitute(sizes))
                    continue
                product = product * sizes.get(symbol, Dim.symbol(symbol))
            total = total + product
        return total

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        parts = []
        for monomial, coefficient in self.terms:
            body = "*".join(monomial)
            if not body:
                body = str(abs(coefficient))
            elif abs(coefficient) != 1:
                body = f"{abs(coefficient)}*{body}"
            parts.append(("-" if coefficient < 0 else "+", body))
        first = ("-" if parts[0][0] == "-" else "") + parts[0][1]
        return first + "".join(f" {sign} {body}" for sign, body in parts[1:])

    def __repr__(self) -> str:
        return f"Dim({self})"


ONE = Dim.of(1)


def as_dim(value: Dim | int | str) -> Dim:
    """A `Dim` from an integer, a symbol name or a `Dim`."""
    if isinstance(value, Dim):
        return value
    if isinstance(value, str):
        return Dim.symbol(value)
    return ONE if value == 1 else Dim.of(int(value))


def minimum(a: Dim, b: Dim) -> Dim:
    """The smaller of two sizes: one of them where that is certain, else a size of its own.

    >>> m, n = Dim.symbol("m"), Dim.symbol("n")
    >>> str(minimum(m, n + m)), str(minimum(m, n)), minimum(m, n).evaluate({"m": 4, "n": 3})
    ('m', 'min(m, n)', 3)
    """
    signs = {c > 0 for _, c in (a - b).terms}
    if len(signs) < 2:
        return b if signs == {True} else a
    first, second = sorted((a, b), key=str)
    name = f"min({first}, {second})"
    _MINIMA[name] = (first, second)
    return Dim.symbol(name)


def minimum_of(symbol: str) -> tuple[Dim, Dim] | None:
    """The two sizes of a symbol such as `min(m, n)`; None for any other symbol."""
    return _MINIMA.get(symbol)


_MINIMA: dict[str, tuple[Dim, Dim]] = {}  # the two sizes behind a symbol such as `min(m, n)`


def product(dims: Iterable[Dim]) -> Dim:
    """The product of sizes (1 for none)."""
    result = ONE
    for dim in dims:
        result = result * dim
    return result


def shape_text(shape: Iterable[Dim]) -> str:
    """A shape as people write it: `m×n`, `n`, or `scalar`.

    >>> shape_text((Dim.symbol("m"), Dim.of(3)))
    'm×3'
    """
    parts = [str(d) if len(d.terms) <= 1 else f"({d})" for d in shape]
    return "×".join(parts) if parts else "scalar"
