"""One product, from its operands to a value: what is merged, split and scaled, in which order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import prod

from ..dims import Dim
from ..ir.node import Number
from .pairwise import Operand, Steps
from .path import Pairs, Special, best_path
from .program import Program, Value

ASSUMED_SIZE = 300  # of a symbol whose size is not given, for the order of multiplication only


class Multiplier:
    """Multiplies operands out.

    Attributes
    ----------
    solves:
        Matrix → its linear solves so far.
    """

    def __init__(self, program: Program, symbols: Mapping[str, int]) -> None:
        self.program = program
        self.symbols = symbols
        self.solves: dict[Value, set[Value]] = {}
        self._done: set[tuple[object, ...]] = set()

    def weight(self, dim: Dim) -> int:
        """The size that is assumed of an axis."""
        known = dim.as_int()
        if known is not None:
            return known
        sizes = {s: self.symbols.get(s, ASSUMED_SIZE) for s in dim.symbols()}
        return max(1, dim.evaluate(sizes))

    def path(
        self,
        shapes: Sequence[tuple[tuple[int, ...], str]],
        out: Sequence[int],
        sizes: Mapping[int, Dim],
        done: Collection[tuple[int, int]] = (),
    ) -> tuple[float, Pairs]:
        """The cheapest order; products of pairs that are `done` cost nothing more."""
        if not shapes:
            return 0.0, ()
        bit: dict[int, int] = {}
        for labels, _ in shapes:
            for x in labels:
                bit.setdefault(x, len(bit))
        masks = []
        specials: list[Special] = []
        for labels, kind in shapes:
            mask = 0
            for x in labels:
                mask |= 1 << bit[x]
            masks.append(mask)
            specials.append(
                None
                if kind == "array"
                else (kind, sum(1 << bit[x] for x in labels[:-1]), 1 << bit[labels[-1]])
            )
        wanted = 0
        for x in out:
            wanted |= 1 << bit[x] if x in bit else 0
        weights = tuple(self.weight(sizes[x]) for x in bit)
        return best_path(tuple(masks), wanted, weights, tuple(specials), tuple(done))

    def multiply(
        self,
        operands: list[Operand],
        coefficient: Number,
        out: tuple[int, ...],
        sizes: dict[int, Dim],
    ) -> Value:
        """coefficient × operands, summed over what is not in `out`, with the axes of `out` in order
        (leading ones, and those of size 1, may be lazily broadcast)."""
        steps = Steps(self.program, sizes, self.weight, self._note_solve)
        kept = set(out)
        scalar = Operand(self.program.number(coefficient), ())
        arrays: list[Operand] = []
        for k, operand in enumerate(operands):
            if operand.kind == "array":
                elsewhere = kept.union(*(o.labels for j, o in enumerate(operands) if j != k))
                operand = steps.sum_out(operand, set(operand.labels) - elsewhere)
            elif operand.kind == "inverse" and kept.issuperset(operand.labels):
                operand = steps.array(operand)
            if operand.labels:
                arrays.append(operand)
            else:
                scalar = steps.elementwise(scalar, operand)
        arrays = self._merge_alike(arrays, steps, kept)
        if not arrays:
            return steps.array(scalar).value
        arrays = self._split_gram(arrays, out, steps)
        after = self._place_scalar(arrays, scalar, out, sizes, steps)
        shapes = [(o.labels, "triangle" if o.kind in ("tril", "triu") else o.kind) for o in arrays]
        pairs = self.path(shapes, out, sizes, self._already(arrays, kept))[1]
        alive = dict(enumerate(arrays))
        for number, (i, j) in enumerate(pairs, len(arrays)):
            a, b = alive.pop(i), alive.pop(j)
            still = kept.union(*(o.labels for o in alive.values()))
            self._done.add(_content(a, b, still))
            alive[number] = steps.combine(a, b, still, out if not alive else ())
        (result,) = alive.values()
        result = steps.sum_out(result, set(result.labels) - kept)
        if after is not None:
            result = steps.elementwise(after, result, out)
        return steps.align(steps.array(result), out)

    def _already(self, arrays: list[Operand], kept: set[int]) -> list[tuple[int, int]]:
        """The pairs whose product another product has computed."""
        found = []
        for i, a in enumerate(arrays):
            for j in range(i + 1, len(arrays)):
                others = (o.labels for k, o in enumerate(arrays) if k not in (i, j))
                if _content(a, arrays[j], kept.union(*others)) in self._done:
                    found.append((i, j))
        return found

    def _merge_alike(self, arrays: list[Operand], steps: Steps, kept: set[int]) -> list[Operand]:
        """Multiply factors with the same labels, but leave two where a dot product remains."""
        groups: dict[frozenset[int], list[Operand]] = {}
        rest = []
        for operand in arrays:
            if operand.kind == "array":
                groups.setdefault(frozenset(operand.labels), []).append(operand)
            else:
                rest.append(operand)
        result = []
        alone = len(groups) == 1 and not rest
        for labels, members in groups.items():
            last = members.pop() if alone and len(members) > 1 and not labels <= kept else None
            parts: list[Operand] = []
            for operand in members:
                if parts and operand == parts[-1]:  # a square is known to be nonnegative
                    operand = steps.elementwise(parts.pop(), operand)
                parts.append(operand)
            self._join_made(parts, steps)
            merged = parts[0]
            for other in parts[1:]:
                merged = steps.elementwise(merged, other)
            result += [merged] if last is None else [merged, last]
        return result + rest

    def _join_made(self, parts: list[Operand], steps: Steps) -> None:
        """Of three and more factors with the same labels, multiply first what another product has
        multiplied already."""
        while len(parts) > 2:
            pairs = ((a, b) for a in parts for b in parts if a is not b and self._made(a, b))
            pair = next(pairs, None)
            if pair is None:
                return
            place = min(parts.index(o) for o in pair)
            parts[:] = [o for o in parts if o is not pair[0] and o is not pair[1]]
            parts.insert(place, steps.elementwise(*pair))

    def _made(self, a: Operand, b: Operand) -> bool:
        """Whether the product of two arrays as they lie is there already."""
        alike = a.labels == b.labels and not a.inverted and not b.inverted
        return alike and self.program.find("mul", (a.value, b.value), ()) is not None

    def _split_gram(
        self, arrays: list[Operand], out: tuple[int, ...], steps: Steps
    ) -> list[Operand]:
        """Xᵀ diag(d) X with d ≥ 0 as SᵀS with S = diag(√d) X: BLAS computes half of it."""
        if len(arrays) != 3 or len(out) != 2:
            return arrays
        d, p, q = sorted(arrays, key=lambda o: len(o.labels))
        if not d.nonnegative or any(o.kind != "array" or o.inverted for o in (p, q)):
            return arrays
        differing = [(x, y) for x, y in zip(p.labels, q.labels, strict=False) if x != y]
        if p.value is not q.value or len(differing) != 1 or set(differing[0]) != set(out):
            return arrays
        if not set(d.labels) <= set(p.labels) & set(q.labels):
            return arrays
        root = steps.root(d)
        return [steps.elementwise(p, root, p.labels), steps.elementwise(q, root, q.labels)]

    def _place_scalar(
        self,
        arrays: list[Operand],
        scalar: Operand,
        out: tuple[int, ...],
        sizes: dict[int, Dim],
        steps: Steps,
    ) -> Operand | None:
        """Put the scalar factors on the smallest operand, or return them for the result."""
        if scalar.value.op == "number" and scalar.value.params[0] == 1 and not scalar.inverted:
            return None

        def volume(labels: Sequence[int]) -> float:
            return prod((float(self.weight(sizes[x])) for x in labels), start=1.0)

        carried = {x for o in arrays for x in o.labels}
        best = volume([x for x in out if x in carried])
        place = None
        for k, operand in enumerate(arrays):
            if operand.kind == "array" and volume(operand.labels) < best:
                best, place = volume(operand.labels), k
        if place is None:
            return scalar
        arrays[place] = steps.elementwise(scalar, arrays[place])
        return None

    def _note_solve(self, matrix: Value, solution: Value) -> None:
        self.solves.setdefault(matrix, set()).add(solution)


def _content(a: Operand, b: Operand, kept: Collection[int]) -> tuple[object, ...]:
    """What a product of two operands is, whatever its labels are called."""
    if (b.value.number, b.kind, b.inverted) < (a.value.number, a.kind, a.inverted):
        a, b = b, a
    name: dict[int, int] = {}
    for x in (*a.labels, *b.labels):
        name.setdefault(x, len(name))
    return (
        *(
            (o.value.number, o.kind, o.k, o.pattern, o.inverted, *(name[x] for x in o.labels))
            for o in (a, b)
        ),
        *(x in kept for x in name),
    )
