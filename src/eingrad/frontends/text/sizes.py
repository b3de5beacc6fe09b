"""Sizes by unification: which sizes of a text are equal, and what the unknown ones are called.

A size is a `Dim`. Its symbols are either *rigid* (declared: two of them are never made equal) or
*flexible*: fresh ones for axes of undeclared names, and names that the text itself brings in, as in
`eye(n)`. An equation between products (`vec`, `kron`, `reshape`) that does not decide a flexible
symbol yet is kept, and tried again whenever something new is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...dims import ONE, Dim
from ...ir.node import Shape

PLEASANT = tuple("mnpqkrstuvwlhd")
Failure = Callable[[], Exception]


class Sizes:
    """The equations between the sizes of one text."""

    def __init__(self, rigid: Iterable[str]) -> None:
        self.rigid = frozenset(rigid)
        self.bound: dict[str, Dim] = {}
        self.waiting: list[tuple[Dim, Dim, Failure]] = []
        self.typed: list[str] = []  # flexible names that the text brings in
        self.fallback_one: list[str] = []
        self.count = 0

    def fresh(self, fallback_one: bool = False) -> Dim:
        """A new unknown size; with `fallback_one` it is 1 when nothing decides it."""
        self.count += 1
        name = f"?{self.count}"
        if fallback_one:
            self.fallback_one.append(name)
        return Dim.symbol(name)

    def named(self, name: str) -> Dim:
        """The size that the text calls `name`."""
        if name not in self.rigid and name not in self.typed:
            self.typed.append(name)
        return Dim.symbol(name)

    def resolve(self, dim: Dim) -> Dim:
        """The size with everything put in that is known."""
        start = _symbol(dim)
        while True:
            known = {s: self.bound[s] for s in dim.symbols() if s in self.bound}
            if not known:
                if start in self.bound:  # the next look is short
                    self.bound[start] = dim
                return dim
            # The symbols of min(m, n), itself one symbol, are m and n.
            symbol = _symbol(dim)
            dim = known[symbol] if symbol in known else dim.substitute(known)

    def resolve_shape(self, shape: Iterable[Dim]) -> Shape:
        """`resolve` for each size."""
        return tuple(map(self.resolve, shape))

    def flexible(self, dim: Dim) -> list[str]:
        """The symbols of a resolved size that may still be decided: fresh ones first."""
        return sorted(dim.symbols() - self.rigid, key=lambda s: (not s.startswith("?"), s))

    def unify(self, left: Dim, right: Dim, failure: Failure) -> bool:
        """Make two sizes equal; False when they never are; `failure` is for what shows later."""
        solved = self._solve(left, right)
        if solved is None:
            self.waiting.append((left, right, failure))
            return True
        if solved and self.waiting:
            self._retry()
        return solved

    def equal(self, left: Dim, right: Dim) -> bool:
        """Whether two sizes are known to be equal."""
        return self.resolve(left) == self.resolve(right)

    def _retry(self) -> None:
        progress = True
        while progress and self.waiting:
            progress = False
            pending, self.waiting = self.waiting, []
            for left, right, failure in pending:
                before = len(self.bound)
                solved = self._solve(left, right)
                if solved is None:
                    self.waiting.append((left, right, failure))
                elif not solved:
                    raise failure()
                progress = progress or len(self.bound) > before

    def _solve(self, left: Dim, right: Dim) -> bool | None:
        """True: equal now. False: never. None: not decided yet."""
        left, right = self.resolve(left), self.resolve(right)
        if left == right:
            return True
        left, right = _without_common(left, right)
        for a, b in ((left, right), (right, left)):
            name = _symbol(a)
            if name and name not in self.rigid and name not in b.symbols():
                other = _symbol(b)
                # Between two flexible names the one that was typed stays, one that is 1 in the
                # end goes.
                if other and other not in self.rigid and self._worth(name) >= self._worth(other):
                    name, b = other, a
                if b.as_int() is not None and b.as_int() < 0:  # type: ignore[operator]
                    return False
                self.bound[name] = b
                return True
        difference = left - right
        free = self.flexible(difference)
        if not free:
            return False
        solved = self._linear(difference, free)
        if solved is not None:
            return solved
        if (
            len(free) == 1
            and len(left.terms) == len(right.terms) == 1
            and not (set(left.symbols()) | set(right.symbols())) <= {free[0]}
        ):
            # A product of one unknown and known sizes that does not divide.
            return False if self._never_divides(left, right) else None
        return None

    def _worth(self, name: str) -> int:
        """How much a flexible name is to be kept."""
        if not name.startswith("?"):
            return 2
        return 0 if name in self.fallback_one else 1

    def _linear(self, difference: Dim, free: list[str]) -> bool | None:
        """Solve c·s + rest = 0 for a symbol s, preferring a result without negative parts."""
        results: list[tuple[bool, bool, int, str, Dim]] = []
        for name in free:
            own = [(m, c) for m, c in difference.terms if name in m]
            if len(own) != 1 or own[0][0] != (name,):
                continue
            coefficient = own[0][1]
            rest = difference - Dim(own)
            value = _divide_by_integer(rest, -coefficient)
            if value is None:
                if not rest.symbols():
                    return False
                continue
            if value.as_int() is not None and value.as_int() < 0:  # type: ignore[operator]
                return False
            negative = any(c < 0 for _, c in value.terms)
            results.append((negative, not name.startswith("?"), len(results), name, value))
        if not results:
            return None
        *_, name, value = min(results, key=lambda r: r[:3])
        self.bound[name] = value
        return True

    def _never_divides(self, left: Dim, right: Dim) -> bool:
        """Whether a monomial equation is out of reach: after cancelling, one side has no unknown
        and is no multiple of the known part of the other."""
        for a, b in ((left, right), (right, left)):
            if not self.flexible(b) and self.flexible(a):
                (monomial, coefficient) = a.terms[0]
                known = [s for s in monomial if s in self.rigid]
                (_, other) = b.terms[0]
                return bool(known) or other % coefficient != 0
        return False

    def finish(self, taken: Iterable[str], order: Iterable[Dim]) -> None:
        """Decide what is left, then name the unknown sizes, in the order in which they are met.

        `taken` are names that sizes must not have; `order` holds the sizes as people meet them.
        """
        self._force()
        for name in self.fallback_one:
            if name not in self.bound:
                self.bound[name] = ONE
        self._retry()
        if self.waiting:
            raise self.waiting[0][2]()
        self.bound.update(self._names(order, taken))

    def display(self, shape: Iterable[Dim], order: Iterable[Dim], taken: Iterable[str]) -> Shape:
        """A shape as it would be named now, for messages; nothing is decided."""
        dims = self.resolve_shape(shape)
        names = self._names([*order, *dims], taken)
        return tuple(dim.substitute(names) for dim in dims)

    def _names(self, order: Iterable[Dim], taken: Iterable[str]) -> dict[str, Dim]:
        found: dict[str, None] = {}  # an ordered set
        for dim in order:
            for symbol in sorted(self.resolve(dim).symbols()):
                if symbol.startswith("?"):
                    found[symbol] = None
        pleasant = self._pleasant(len(found), taken)
        return {symbol: Dim.symbol(name) for symbol, name in zip(found, pleasant, strict=True)}

    def _force(self) -> None:
        """Open products are compared factor by factor: a·b = m·n gives a = m, b = n."""
        while self.waiting:
            left, right, failure = self.waiting.pop(0)
            left, right = _without_common(self.resolve(left), self.resolve(right))
            if len(left.terms) != 1 or len(right.terms) != 1:
                self.waiting.insert(0, (left, right, failure))
                return
            (a, c), (b, d) = left.terms[0], right.terms[0]
            if len(a) != len(b) or c != d:
                self.waiting.insert(0, (left, right, failure))
                return
            for x, y in zip(a, b, strict=True):
                if not self._solve(Dim.symbol(x), Dim.symbol(y)):
                    raise failure()
            self._retry()

    def _pleasant(self, count: int, taken: Iterable[str]) -> list[str]:
        used = {*taken, *self.rigid, *self.typed}
        free = [n for n in PLEASANT if n not in used]
        if count == 1:
            free.sort(key=lambda n: n != "n")
        number = 1
        while len(free) < count:
            if f"n{number}" not in used:
                free.append(f"n{number}")
            number += 1
        return free[:count]


def _symbol(dim: Dim) -> str:
    """The name when a size is nothing but one symbol, else an empty text."""
    if len(dim.terms) == 1 and dim.terms[0][1] == 1 and len(dim.terms[0][0]) == 1:
        return dim.terms[0][0][0]
    return ""


def _divide_by_integer(dim: Dim, divisor: int) -> Dim | None:
    if any(c % divisor for _, c in dim.terms):
        return None
    return Dim((m, c // divisor) for m, c in dim.terms)


def _without_common(left: Dim, right: Dim) -> tuple[Dim, Dim]:
    """Two products without their common factors."""
    if len(left.terms) != 1 or len(right.terms) != 1:
        return left, right
    from math import gcd

    (a, c), (b, d) = left.terms[0], right.terms[0]
    rest_a, rest_b = list(a), list(b)
    for symbol in a:
        if symbol in rest_b:
            rest_a.remove(symbol)
            rest_b.remove(symbol)
    common = gcd(c, d) or 1
    return Dim([(tuple(rest_a), c // common)]), Dim([(tuple(rest_b), d // common)])
