"""The order in which a product of several factors is multiplied out, pair by pair.

Index sets are bit masks here. Costs are estimated nanoseconds per entry: a matrix product does many
flops for each entry that it reads, a matrix-vector product waits for memory, an elementwise product
reads and writes. Up to `EXHAUSTIVE` factors the best order is found by dynamic programming over
subsets; beyond that `opt_einsum` proposes one. Structured leaves have costs of their own: an
inverse that meets its partner is a solve, a triangle is a running sum or a mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

EXHAUSTIVE = 7
GEMM, MATVEC, ELEMENTWISE, STEP = 1 / 15, 0.5, 1.2, 500.0
COPY, DIAGONAL = 0.5, 5.0  # of windows

Pairs = tuple[tuple[int, int], ...]
# A leaf that is not an ordinary array: (kind, row bits, column bit), the kind being "inverse",
# "triangle", or "gather" or "shifts" (`eingrad.codegen.patterns`).
Special = tuple[str, int, int] | None


class _Costs:
    """Sizes of index sets and costs of single steps."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = sizes
        self.known: dict[int, float] = {0: 1.0}

    def size(self, mask: int) -> float:
        """The number of entries of an array with these indices."""
        found = self.known.get(mask)
        if found is None:
            low = mask & -mask
            found = self.known[mask] = self.size(mask ^ low) * max(
                1, self.sizes[low.bit_length() - 1]
            )
        return found

    def step(self, a: int, b: int, kept: int, left: Special, right: Special) -> float:
        """The cost of multiplying index sets `a` and `b`, keeping `kept` of the union."""
        cost = STEP
        if left or right:
            cost, done = self._special(a, b, kept, left, right)
            if done:
                return cost
        summed = (a & b) & ~kept
        result = self.size((a | b) & kept)
        if not summed:
            return cost + ELEMENTWISE * result
        rate = GEMM if a & ~b & kept and b & ~a & kept else MATVEC
        return cost + rate * self.size(a | b) + ELEMENTWISE * result

    def _special(
        self, a: int, b: int, kept: int, left: Special, right: Special
    ) -> tuple[float, bool]:
        if left and right:
            extra = self._dense(left)
            cost, done = self._special(a, b, kept, None, right)
            return cost + extra, done
        special, mask = (left, b) if left else (right, a)
        assert special is not None
        kind, row, column = special
        both = row | column
        meets = mask & both
        if kind == "inverse":
            if meets and not meets & kept and (meets != both or row != column):
                n = self.size(row)
                return STEP + GEMM * (0.67 * n**3 + n * n * self.size(mask & ~meets)), True
        elif kind in ("gather", "shifts"):
            rest = self.size(mask & ~both)
            if meets & column and not column & kept:
                # A view of windows is free, but is copied, in runs, where it is multiplied; where
                # the other side has a row index as well a diagonal is taken.
                rate = (DIAGONAL if mask & row else COPY) if kind == "shifts" else ELEMENTWISE
                return STEP + rate * self.size(mask & ~column) * self.size(row), True
            if meets == row and not row & kept:
                return STEP + ELEMENTWISE * rest * self.size(row), True
            if kind == "shifts" and mask:  # built, it is nearly all zeros, and no window any more
                return STEP + self._dense(special) + MATVEC * self.size(mask | both), True
        elif meets == both:
            return STEP + ELEMENTWISE * self.size(mask), True
        elif meets and not meets & kept:
            return STEP + 2 * ELEMENTWISE * self.size(mask), True
        return STEP + self._dense(special), False

    def _dense(self, special: tuple[str, int, int]) -> float:
        kind, row, column = special
        n = self.size(row)
        if kind in ("gather", "shifts"):  # built as a last resort only
            return 4 * ELEMENTWISE * n * self.size(column)
        return 2 * GEMM * n**3 if kind == "inverse" else ELEMENTWISE * n * self.size(column)


@lru_cache(maxsize=4096)
def best_path(
    masks: tuple[int, ...],
    out: int,
    sizes: tuple[int, ...],
    specials: tuple[Special, ...],
    done: Pairs = (),
) -> tuple[float, Pairs]:
    """`(cost, pairs)`: each pair names two operands still there; its result is the next number.

    Products of factors that are `done` already cost nothing.

    >>> best_path((0b011, 0b110, 0b100), 0b001, (9, 9, 9), (None, None, None))[1]
    ((1, 2), (0, 3))
    """
    costs = _Costs(sizes)
    if len(masks) == 1:
        return ELEMENTWISE * costs.size(masks[0]) if masks[0] & ~out else 0.0, ()
    if len(masks) > EXHAUSTIVE:
        pairs = _by_opt_einsum(masks, out, sizes)
        return _cost_of(pairs, masks, out, costs, specials), pairs
    return _exhaustive(masks, out, costs, specials, done)


def _exhaustive(
    masks: tuple[int, ...],
    out: int,
    costs: _Costs,
    specials: tuple[Special, ...],
    done: Pairs,
) -> tuple[float, Pairs]:
    free = {1 << i | 1 << j for i, j in done}
    count = len(masks)
    full = (1 << count) - 1
    union = [0] * (full + 1)
    for subset in range(1, full + 1):
        low = subset & -subset
        union[subset] = union[subset ^ low] | masks[low.bit_length() - 1]
    labels = [union[s] & (out | union[full ^ s]) for s in range(full + 1)]
    leaf = {1 << k: specials[k] for k in range(count)}
    cost = [0.0] * (full + 1)
    split = [0] * (full + 1)
    for subset in range(1, full + 1):
        low = subset & -subset
        rest = subset ^ low
        if not rest:
            continue
        least = float("inf")
        part = (rest - 1) & rest
        while True:  # every split with the lowest factor on the left
            a = low | part
            b = subset ^ a
            now = cost[a] + cost[b]
            if subset in free:
                least, split[subset] = 0.0, a
            elif now < least:
                now += costs.step(labels[a], labels[b], labels[subset], leaf.get(a), leaf.get(b))
                if now < least:
                    least, split[subset] = now, a
            if not part:
                break
            part = (part - 1) & rest
        cost[subset] = least
    return cost[full], _pairs_of(split, full, count)


def _pairs_of(split: list[int], full: int, count: int) -> Pairs:
    """The tree of splits as pairs, inner ones first."""
    order: list[int] = []
    stack = [full]
    while stack:
        subset = stack.pop()
        if split[subset]:
            order.append(subset)
            stack += [split[subset], subset ^ split[subset]]
    name = {1 << k: k for k in range(count)}
    pairs = []
    for subset in reversed(order):
        pairs.append((name[split[subset]], name[subset ^ split[subset]]))
        name[subset] = count + len(pairs) - 1
    return tuple(pairs)


def _by_opt_einsum(masks: tuple[int, ...], out: int, sizes: tuple[int, ...]) -> Pairs:
    from opt_einsum.paths import auto

    def names(mask: int) -> frozenset[str]:
        return frozenset(chr(0x100 + k) for k in range(len(sizes)) if mask >> k & 1)

    size = {chr(0x100 + k): max(1, n) for k, n in enumerate(sizes)}
    steps = auto([names(m) for m in masks], names(out), size)
    alive = list(range(len(masks)))
    pairs: list[tuple[int, int]] = []
    for step in steps:
        chosen = [alive[k] for k in sorted(step)]
        for k in sorted(step, reverse=True):
            alive.pop(k)
        while len(chosen) > 1:
            pairs.append((chosen[0], chosen[1]))
            chosen = [*chosen[2:], len(masks) + len(pairs) - 1]
        alive += chosen
    return tuple(pairs)


def _cost_of(
    pairs: Pairs, masks: tuple[int, ...], out: int, costs: _Costs, specials: tuple[Special, ...]
) -> float:
    alive = dict(enumerate(masks))
    total = 0.0
    holders: dict[int, int] = {}
    for mask in masks:
        for bit in _bits(mask):
            holders[bit] = holders.get(bit, 0) + 1
    for step, (i, j) in enumerate(pairs):
        a, b = alive.pop(i), alive.pop(j)
        kept = 0
        for bit in _bits(a | b):
            left = holders[bit] - bool(a & bit) - bool(b & bit)
            if left or out & bit:
                kept |= bit
                left += 1
            holders[bit] = left
        special = [specials[k] if k < len(masks) else None for k in (i, j)]
        total += costs.step(a, b, kept, special[0], special[1])
        alive[len(masks) + step] = (a | b) & kept
    return total


def _bits(mask: int) -> list[int]:
    bits = []
    while mask:
        low = mask & -mask
        bits.append(low)
        mask ^= low
    return bits
