"""Algebra inside one product: powers of one base are collected, inverses meet and vanish.

The records may add rewrites of their own (`Record.in_products`), such as exp(z)/Σexp(z) →
softmax(z); they get a `ProductView` and change it in place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from itertools import combinations
from typing import Any

from ..dims import Dim
from .fired import tell
from .indices import Atoms, SplitConflict
from .labelling import is_symmetric
from .node import Apply, AxisIndex, Contraction, Kernel, Node, Number, Term, Variable
from .numbers import rational_power
from .patterns import meet_patterns

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
    dropped, added:
        Summed atoms that have vanished with their factors, and new ones.
    """

    def __init__(self, factors: list[RawFactor], kept: set[int], atoms: Atoms) -> None:
        self.factors = factors
        self.kept = kept
        self.atoms = atoms
        self.coefficient: Number = 1
        self.dropped: set[int] = set()
        self.added: set[int] = set()

    def simplify(self) -> bool:
        """Run all rewrites until none applies; whether atoms were renamed."""
        renamed = False
        while True:
            if len(self.factors) > 1:
                self.collect_powers()
            if not (
                cancel_orthogonal(self)
                or meet_patterns(self)
                or self._rewrite_once()
                or self._rewrite_opened()
            ):
                return renamed
            renamed = True
            self._resolve()

    def _rewrite_once(self) -> bool:
        from .record import REGISTRY

        for k, (node, _) in enumerate(self.factors):
            record = REGISTRY.get(node.function) if isinstance(node, Apply) else None
            if record is None:
                continue
            for rewrite in record.in_products:
                if rewrite(self, k):
                    tell(record.name, rewrite)
                    return True
        return False

    def _rewrite_opened(self) -> bool:
        """The same inside contractions that hold two factors which may meet: A (A⁻¹ b) is b."""
        positions = self._worth_opening()
        if not positions:
            return False
        before = (self.factors, list(self.atoms.size), dict(self.atoms.became), set(self.added))
        for k in sorted(positions, reverse=True):
            node, axes = self.factors[k]
            assert isinstance(node, Contraction)
            local = dict(zip(node.out, axes, strict=True))
            for label, dim in enumerate(node.sizes):
                if label not in local:
                    local[label] = (self.atoms.fresh(dim),)
                    self.added.update(local[label])
            inner = [
                (f.node, tuple(tuple(a for x in axis for a in local[x]) for axis in f.indices))
                for f in node.factors
            ]
            self.factors = [*self.factors[:k], *inner, *self.factors[k + 1 :]]
        if cancel_orthogonal(self) or self._rewrite_once():
            return True
        self.factors, self.atoms.size, self.atoms.became, self.added = before
        return False

    def _worth_opening(self) -> set[int]:
        """The contractions among the factors that hold a factor which may meet another one."""
        from .record import REGISTRY

        if not any(isinstance(node, Contraction) for node, _ in self.factors):
            return set()
        held: list[tuple[Node, int]] = []  # nodes, and the contraction that they are in
        for k, (node, _) in enumerate(self.factors):
            if isinstance(node, Contraction):
                held.extend((f.node, k) for f in node.factors)
            else:
                held.append((node, -1))
        found: set[int] = set()
        for node, k in held:
            meets: Any = None
            if isinstance(node, Apply):
                record = REGISTRY.get(node.function)
                meets = record.meets if record is not None else None
            if meets is None and is_orthogonal(node):
                meets = _same
            if meets is not None:
                found.update(
                    place
                    for other, j in held
                    if j != k and meets(node, other)
                    for place in (j, k)
                    if place >= 0
                )
        return found

    def occurrences(self, atom: int) -> int:
        """How often an atom occurs on the factors."""
        return sum(axis.count(atom) for _, axes in self.factors for axis in axes)

    def summed(self, atom: int) -> bool:
        """Whether an atom is summed."""
        return atom not in self.kept

    def private(self, axis: AxisIndex, times: int) -> bool:
        """Whether an axis consists of summed atoms that occur just so often."""
        return bool(axis) and all(
            self.summed(atom) and self.occurrences(atom) == times for atom in axis
        )

    def replace(self, positions: Iterable[int], *new: RawFactor) -> None:
        """Exchange the factors at `positions` for others; terms among these are opened."""
        gone = set(positions)
        self.factors = [f for k, f in enumerate(self.factors) if k not in gone]
        for node, axes in new:
            self.insert(node, axes)

    def drop(self, positions: Iterable[int], axis: AxisIndex) -> None:
        """Take factors away together with the sum over an axis that only they carried."""
        self.replace(positions)
        self.dropped.update(axis)

    def insert(self, node: Node, axes: tuple[AxisIndex, ...]) -> None:
        """Put a factor in; a term is opened."""
        from .build import exact, is_zero

        if is_zero(node):
            self.coefficient = 0
            return
        if not isinstance(node, Term):
            self.factors.append((node, axes))
            return
        before = (list(self.atoms.size), dict(self.atoms.became))
        local = [self.atoms.fresh(dim) for dim in node.sizes]
        try:
            for axis, inner in zip(axes, node.out, strict=True):
                self.atoms.unify(axis, tuple(local[a] for a in inner))
        except SplitConflict:
            self.atoms.size, self.atoms.became = before
            self.factors.append((node, axes))
            return
        self.coefficient = exact(self.coefficient * node.coefficient)
        for factor in node.factors:
            placed = tuple(tuple(local[a] for a in axis) for axis in factor.indices)
            self.factors.append((factor.node, placed))

    def join(
        self,
        positions: Iterable[int],
        axis: AxisIndex,
        *pairs: tuple[AxisIndex, AxisIndex],
    ) -> bool:
        """Put deltas in place of factors and of the sum over an axis that only they carried.

        Where two axes of a pair are cut in ways that have no common refinement, nothing changes
        and the answer is False.
        """
        before = (list(self.atoms.size), dict(self.atoms.became))
        try:
            for left, right in pairs:
                self.atoms.unify(left, right)
        except SplitConflict:
            self.atoms.size, self.atoms.became = before
            return False
        self.drop(positions, axis)
        return True

    def _resolve(self) -> None:
        resolve = self.atoms.resolve
        self.factors = [(n, tuple(map(resolve, axes))) for n, axes in self.factors]
        self.kept = {a for atom in self.kept for a in resolve((atom,))}

    def collect_powers(self) -> None:
        """One power for each base."""
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
            if total > 0 and is_binary(base):  # 0/1: a power of it is the pattern itself
                total = 1
            factors.extend((node, axes) for node in power_factors(base, total))
        self.factors = factors


def is_binary(node: Node) -> bool:
    """Whether all entries of a node are known to be 0 or 1."""
    from .facts import has

    return isinstance(node, Kernel) or (isinstance(node, Apply) and has(node, "binary"))


def _same(node: Node, other: Node) -> bool:
    return node is other


def is_orthogonal(node: Node) -> bool:
    """Whether a matrix is known to be orthogonal."""
    from .facts import has

    return node.ndim == 2 and isinstance(node, Variable | Apply) and has(node, "orthogonal")


def cancel_orthogonal(view: ProductView) -> bool:
    """QᵀQ -> I and QQᵀ -> I, where the two meet in one summed index that occurs nowhere else."""
    seen: dict[Node, list[int]] = {}
    for k, (node, _) in enumerate(view.factors):
        if is_orthogonal(node):
            seen.setdefault(node, []).append(k)
    for positions in seen.values():
        for p, q in combinations(positions, 2):
            mine, its = view.factors[p][1], view.factors[q][1]
            for end in (0, 1):
                if mine[end] != its[end] or not view.private(mine[end], 2):
                    continue
                if view.join({p, q}, mine[end], (mine[1 - end], its[1 - end])):
                    return True
    return False


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
