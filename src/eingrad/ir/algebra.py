"""Algebra inside one product: powers of one base are collected, inverses meet and vanish.

The records may add rewrites of their own (`Record.in_products`), such as exp(z)/Σexp(z) →
softmax(z); they get a `ProductView` and change it in place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from fractions import Fraction
from typing import Any

from ..dims import Dim
from .indices import Atoms
from .labelling import is_symmetric
from .node import Apply, AxisIndex, Node, Number, Term

MAX_REPEATED = 4  # x⁴ is held as four factors x, x⁵ as a power

RawFactor = tuple[Node, tuple[AxisIndex, ...]]


class ProductView:
    """The factors of a product under construction, for rewrites that look at several at once.

    Attributes
    ----------
    factors:
        `(node, axes)` with workspace atoms.
    kept:
        Atoms of the result; all others are summed.
    coefficient:
        What the rewrites have pulled out.
    """

    def __init__(self, factors: list[RawFactor], kept: set[int], atoms: Atoms) -> None:
        self.factors = factors
        self.kept = kept
        self.atoms = atoms
        self.coefficient: Number = 1

    def simplify(self) -> bool:
        """Run all rewrites until none applies; whether atoms were renamed."""
        from .record import REGISTRY

        renamed = False
        changed = True
        while changed:
            changed = False
            if len(self.factors) > 1:
                self._collect_powers()
            for k, (node, _) in enumerate(self.factors):
                if not isinstance(node, Apply):
                    continue
                record = REGISTRY.get(node.function)
                if record is None:
                    continue
                for rewrite in record.in_products:
                    if rewrite(self, k):
                        changed = renamed = True
                        self._resolve()
                        break
                if changed:
                    break
        return renamed

    def occurrences(self, atom: int) -> int:
        """How often an atom occurs on the factors."""
        return sum(axis.count(atom) for _, axes in self.factors for axis in axes)

    def summed(self, atom: int) -> bool:
        """Whether an atom is summed."""
        return atom not in self.kept

    def replace(self, positions: Iterable[int], *new: RawFactor) -> None:
        """Exchange the factors at `positions` for others."""
        gone = set(positions)
        self.factors = [f for k, f in enumerate(self.factors) if k not in gone] + list(new)

    def unify(self, left: AxisIndex, right: AxisIndex) -> None:
        """Make two axes one (a delta)."""
        self.atoms.unify(left, right)

    def _resolve(self) -> None:
        resolve = self.atoms.resolve
        self.factors = [(n, tuple(map(resolve, axes))) for n, axes in self.factors]
        self.kept = {a for atom in self.kept for a in resolve((atom,))}

    def _collect_powers(self) -> None:
        keyed = []
        for node, axes in self.factors:
            base, exponent = base_and_exponent(node)
            keyed.append(((base, tuple(sorted(axes)) if is_symmetric(base) else axes), exponent))
        count = Counter(key for key, _ in keyed)
        if len(count) == len(keyed):
            return
        done: set[Any] = set()
        factors: list[RawFactor] = []
        for (key, _), factor in zip(keyed, self.factors, strict=True):
            if key in done:
                continue
            if count[key] == 1:
                factors.append(factor)
                continue
            done.add(key)
            base, axes = key
            total = sum(e for k, e in keyed if k == key)
            factors.extend((node, axes) for node in power_factors(base, total))
        self.factors = factors


def base_and_exponent(node: Node) -> tuple[Node, Number]:
    """`(x, e)` of x^e with a number e; `(x, 1)` of anything else."""
    if isinstance(node, Apply) and node.function == "power":
        return node.operands[0], node.param("exponent")
    return node, 1


def power_factors(base: Node, exponent: Number) -> list[Node]:
    """The factors that hold base^exponent inside a product."""
    if exponent == 0:
        return []
    if isinstance(exponent, int) and 0 < exponent <= MAX_REPEATED:
        return [base] * exponent
    return [power(base, exponent)]


def power(base: Node, exponent: Node | Number | float) -> Node:
    """base ** exponent, elementwise.

    (x^a)^b = x^(ab) for an integer b, or where x ≥ 0, or with |x| for an even a; a power of a
    product is the product of powers where that is right for every sign of the factors.
    """
    from . import build
    from .apply import apply

    if isinstance(exponent, Node):
        value = build.number_of(exponent)
        if value is None:
            shape = build.broadcast_shape([base.shape, exponent.shape])
            return apply(
                "pow", build.broadcast_to(base, shape), build.broadcast_to(exponent, shape)
            )
        exponent = value
    e = build.exact(exponent)
    if e == 0:
        return build.broadcast_to(build.number(1), base.shape)
    if e == 1:
        return base
    if build.is_zero(base) and e > 0:
        return base
    constant = build.number_of(base)
    if constant is not None:
        value = rational_power(constant, e)
        return apply("power", base, exponent=e) if value is None else build.number(value)
    if isinstance(base, Term):
        opened = _power_of_term(base, e)
        if opened is not None:
            return opened
    inner, a = base_and_exponent(base)
    if a != 1:
        from .facts import has

        if isinstance(e, int) or has(inner, "nonnegative"):
            return power(inner, build.exact(a * e))
        if isinstance(a, int) and a % 2 == 0:
            return power(apply("abs", inner), build.exact(a * e))
    if isinstance(e, int) and 0 < e <= MAX_REPEATED:
        return build.multiply(*[base] * e)
    return apply("power", base, exponent=e)


def _power_of_term(base: Term, e: Number) -> Node | None:
    """(c·f·g)^e with the factors taken out whose sign allows it; None when none can be."""
    from . import build
    from .apply import apply
    from .facts import has

    flat = [a for axis in base.out for a in axis]
    if len(set(flat)) < len(flat) and not (isinstance(e, int) and e > 0):
        return None
    outside: list[tuple[Node, tuple[AxisIndex, ...]]] = []
    inside: list[tuple[Node, tuple[AxisIndex, ...]]] = []
    inner_coefficient: Number = 1
    for (node, axes), count in Counter(base.factors).items():
        if isinstance(e, int) or has(node, "nonnegative"):
            whole = build.exact(e * count)
            outside.extend((f, axes) for f in power_factors(node, whole))
        elif count % 2 == 0:
            outside.append((power(apply("abs", node), build.exact(e * count)), axes))
        else:
            inside.extend([(node, axes)] * count)
    coefficient: Number = 1
    if isinstance(e, int) or base.coefficient > 0:
        value = rational_power(base.coefficient, e)
        if value is None:
            outside.append((apply("power", build.number(base.coefficient), exponent=e), ()))
        else:
            coefficient = value
    else:
        inner_coefficient = base.coefficient
    sizes: dict[Hashable, Dim] = dict(enumerate(base.sizes))
    if inside or inner_coefficient != 1:
        if not outside and coefficient == 1:
            if len(inside) == 1 and inner_coefficient == 1:
                outside.append((apply("power", inside[0][0], exponent=e), inside[0][1]))
                inside = []
            else:
                return None
        else:
            atoms = sorted({a for _, axes in inside for axis in axes for a in axis})
            rest = build.einsum(inside, [(a,) for a in atoms], inner_coefficient, sizes)
            outside.append((power(rest, e), tuple((a,) for a in atoms)))
    return build.einsum(outside, base.out, coefficient, sizes)


def rational_power(value: Number, e: Number) -> Number | None:
    """value ** e when that is rational (and small enough to hold), else None."""
    from .build import exact

    fraction = Fraction(value)
    if isinstance(e, int):
        if value == 0 and e < 0:
            return None
        if abs(e) * max(fraction.numerator.bit_length(), fraction.denominator.bit_length()) > 4096:
            return None
        return exact(fraction**e)
    if value < 0 or abs(e) > 64:
        return None
    root = Fraction(e).denominator
    numerator = _exact_root(fraction.numerator, root)
    denominator = _exact_root(fraction.denominator, root)
    if numerator is None or denominator is None:
        return None
    if numerator == 0 and e < 0:
        return None
    return exact(Fraction(numerator, denominator) ** Fraction(e).numerator)


def _exact_root(value: int, degree: int) -> int | None:
    if value.bit_length() > 900:
        return None
    guess = round(value ** (1 / degree))
    for candidate in (guess - 1, guess, guess + 1):
        if candidate >= 0 and candidate**degree == value:
            return candidate
    return None
