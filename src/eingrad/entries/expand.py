"""Single entries of a node, written in entries of the variables: ∂c_12/∂a_13 = b_32.

The factored form is walked for one index at a time, with a stack of its own (graphs are deep).
Deltas and patterns decide whether the entry is zero; sums are written out while they are short.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from ..errors import InputError, ShapeError, UnsupportedError
from ..ir import kernels
from ..ir.facts import facts_of, has
from ..ir.loop import Scan
from ..ir.node import (
    Apply,
    AxisIndex,
    Constant,
    Contraction,
    Kernel,
    Node,
    Size,
    Sum,
    Term,
    Variable,
)
from ..ir.record import lookup
from ..ir.walk import variables
from .minors import minor
from .polynomial import Entry, Function, Index, Part, Sigma, Symbol, add, expanded, multiply, power

Place = tuple[Index, ...]
Request = tuple[Node, Place, bool]  # the last: below a sum over an index, or in a function
Steps = Generator[tuple[Node, Place], Entry, Entry]

MAX_WRITTEN = 4  # terms of a sum that are written out; beyond, the sum gets a Σ
MAX_TRIED = 256  # terms of a sum that are looked at to see how many of them are zero
MAX_DEPTH = 5  # functions within functions; what nests deeper is named
MAX_WEIGHT = 48  # atoms of one entry; what is longer is named
WHOLE_WEIGHT, WHOLE_DEPTH = 400, 10  # the same where all is to be written out
LETTERS = "rstpquvwhg"


class _NotSymbolic(Exception):
    """A delta, a pattern or a cut axis meets the letter of a sum: only numbers will do."""


class Entries:
    """The entries of nodes at given sizes; all that is found is kept, since entries share much.

    Parameters
    ----------
    sizes:
        A number for each symbol below the nodes.
    brief:
        1: matrix products within functions and sums over an index are named rather than written
        out, `tanh((Wx)_1)`; 2: those beside other factors as well.
    whole:
        Write out long sums and deep functions too, rather than name them.
    """

    def __init__(self, sizes: Mapping[str, int], brief: int = 0, whole: bool = False) -> None:
        self.sizes = dict(sizes)
        self.brief = brief
        self._most = MAX_TRIED if whole else MAX_WRITTEN
        self._weight, self._depth = (
            (WHOLE_WEIGHT, WHOLE_DEPTH) if whole else (MAX_WEIGHT, MAX_DEPTH)
        )
        self._found: dict[Request, Entry | _NotSymbolic] = {}
        self._patterns: dict[Node, np.ndarray] = {}
        self._taken: frozenset[str] = frozenset()

    def entry(self, node: Node, index: Sequence[int]) -> Entry:
        """What stands at one place of the node (counted from 0).

        Raises
        ------
        ShapeError
            The index does not fit the shape.

        Examples
        --------
        >>> from eingrad.ir import build
        >>> from eingrad.ir.node import variable
        >>> A, x = variable("A", build.dims(2, 2)), variable("x", build.dims(2))
        >>> from eingrad.entries import Labels
        >>> entry = Entries({}).entry(build.contract("ij,j->i", A, x), (1,))
        >>> Labels([A, x]).text(entry)
        'a_21 x_1 + a_22 x_2'
        """
        shape = tuple(d.evaluate(self.sizes) for d in node.shape)
        place = tuple(index)
        if len(place) != len(shape) or any(
            not 0 <= k < n for k, n in zip(place, shape, strict=False)
        ):
            raise ShapeError(f"there is no entry {place} in an array of shape {shape}")
        self._taken = frozenset(v.name.lower() for v in variables(node))
        result = self._run((node, place, False))
        assert isinstance(result, Entry)
        zero = expanded(result)
        return zero if zero.is_zero else result

    def _run(self, wanted: Request) -> Entry | _NotSymbolic:
        stack: list[tuple[Request, Steps]] = [(wanted, self._steps(wanted))]
        answer: Entry | _NotSymbolic | None = None
        while stack:
            request, steps = stack[-1]
            try:
                if isinstance(answer, _NotSymbolic):
                    node, place = steps.throw(answer)
                elif answer is None:
                    node, place = next(steps)
                else:
                    node, place = steps.send(answer)
            except StopIteration as stop:
                answer = self._kept(request, stop.value)
                stack.pop()
            except _NotSymbolic as failure:
                answer = self._found[request] = failure
                stack.pop()
            else:
                inside = bool(self.brief) and (request[2] or self._closes(request[0]))
                needed = (node, place, inside)
                answer = self._found.get(needed)
                if answer is None:
                    stack.append((needed, self._steps(needed)))
        assert answer is not None
        return answer

    def _closes(self, node: Node) -> bool:
        """Whether sums below this node are named."""
        if isinstance(node, Term):
            return self.brief > 1 and len(node.factors) > 1
        return isinstance(node, Contraction | Apply)

    def _kept(self, request: Request, entry: Entry) -> Entry:
        """Remember an entry; one that has grown beyond reading is named instead."""
        node, index, _ = request
        if not isinstance(node, Term | Sum) and (
            entry.weight > self._weight or entry.depth > self._depth
        ):
            entry = _part(node, index)
        self._found[request] = entry
        return entry

    def _steps(self, request: Request) -> Steps:
        node, index, inside = request
        if isinstance(node, Scan) or (inside and _sums_over_index(node)):
            return _part(node, index)
        if isinstance(node, Variable):
            yield from ()
            return _variable(node, index)
        if isinstance(node, Constant):
            return _constant(node, index)
        if isinstance(node, Size):
            return Entry.number(node.dim.evaluate(self.sizes))
        if isinstance(node, Kernel):
            return self._kernel(node, index)
        if isinstance(node, Sum):
            parts = []
            for operand in node.operands:
                part = yield operand, index
                parts.append(part)
            return add(parts)
        if isinstance(node, Term):
            return (yield from self._term(node, index))
        if isinstance(node, Contraction):
            return (yield from self._contraction(node, index))
        if isinstance(node, Apply):
            return (yield from self._application(node, index))
        raise UnsupportedError(f"no entries are known of a {type(node).__name__}")

    def _kernel(self, node: Kernel, index: Place) -> Entry:
        places = _numbers(index)
        if node not in self._patterns:
            self._patterns[node] = kernels.dense(node, self.sizes)
        return Entry.number(Fraction(float(self._patterns[node][places])))

    def _bound(self, node: Term, index: Place) -> dict[int, Index] | None:
        """The places of the atoms; None where a delta makes the entry zero."""
        bound: dict[int, Index] = {}
        for axis, place in zip(node.out, index, strict=True):
            for atom, part in zip(axis, self._cut(axis, place, node), strict=True):
                before = bound.setdefault(atom, part)
                if before != part:
                    if isinstance(before, str) or isinstance(part, str):
                        raise _NotSymbolic
                    return None
        return bound

    def _cut(self, axis: AxisIndex, place: Index, node: Term) -> Place:
        if len(axis) == 1:
            return (place,)
        if isinstance(place, str):
            raise _NotSymbolic
        parts: list[int] = []
        for atom in reversed(axis):  # row-major: the last atom runs fastest
            place, part = divmod(place, node.sizes[atom].evaluate(self.sizes))
            parts.append(part)
        return tuple(reversed(parts))

    def _merged(
        self, axis: AxisIndex, bound: Mapping[int, Index], node: Term | Contraction
    ) -> Index:
        if len(axis) == 1:
            return bound[axis[0]]
        place = 0
        for atom in axis:
            part = bound[atom]
            if isinstance(part, str):
                raise _NotSymbolic
            place = place * node.sizes[atom].evaluate(self.sizes) + part
        return place

    def _term(self, node: Term, index: Place) -> Steps:
        bound = self._bound(node, index)
        if bound is None:
            return Entry(())
        return (yield from self._product(node, bound, node.coefficient))

    def _product(
        self, node: Term | Contraction, bound: Mapping[int, Index], coefficient: Any
    ) -> Steps:
        parts: list[Entry] = []
        # Patterns first: where one is zero, nothing else need be looked at.
        for factor in sorted(node.factors, key=lambda f: not isinstance(f.node, Kernel)):
            place = tuple(self._merged(axis, bound, node) for axis in factor.indices)
            part = yield factor.node, place
            if part.is_zero:
                return part
            parts.append(part)
        return multiply(coefficient, parts)

    def _contraction(self, node: Contraction, index: Place) -> Steps:
        bound: dict[int, Index] = dict(zip(node.out, index, strict=True))
        summed = [
            a
            for a in dict.fromkeys(a for f in node.factors for axis in f.indices for a in axis)
            if a not in bound
        ]
        counts = [node.sizes[a].evaluate(self.sizes) for a in summed]
        written: Entry | None = None
        if math.prod(counts) <= MAX_TRIED:
            try:
                terms = []
                for places in product(*map(range, counts)):
                    term = yield from self._product(
                        node, {**bound, **dict(zip(summed, places, strict=True))}, 1
                    )
                    terms.append(term)
                written = add(terms)
                if len(written.terms) <= self._most:
                    return written
            except _NotSymbolic:  # a letter from outside meets a pattern in here
                if any(isinstance(k, str) for k in index):
                    raise
        letters = self._letters(len(summed), index)
        if letters:
            try:
                body = yield from self._product(
                    node, {**bound, **dict(zip(summed, letters, strict=True))}, 1
                )
                return Entry.atom(Sigma(letters, body))
            except _NotSymbolic:
                pass
        return _part(node, index) if written is None else written

    def _letters(self, count: int, index: Place) -> tuple[str, ...]:
        free = [x for x in LETTERS if x not in index and x not in self._taken]
        return tuple(free[:count]) if len(free) >= count else ()

    def _application(self, node: Apply, index: Place) -> Steps:
        record = lookup(node.function)
        if node.function in ("cofactors", "adjugate"):
            return (yield from self._cofactor(node, index))
        if not record.elementwise:
            if all(d.is_one for o in node.operands for d in o.shape):
                index = ()
            return _part(node, index)
        operands: list[Entry] = []
        for operand in node.operands:
            found = yield operand, index
            operands.append(found)
        if node.function == "power":
            exponent = Fraction(node.param("exponent"))
            if not (operands[0].is_zero and exponent <= 0):
                return power(operands[0], exponent)
        known = [o.value for o in operands]
        if operands and all(v is not None for v in known):
            with np.errstate(all="ignore"):
                at = float(record.evaluate(*(float(v or 0) for v in known), **dict(node.params)))
            if math.isfinite(at) and at in (-1.0, 0.0, 1.0):
                return Entry.number(int(at))
        return Entry.atom(Function(node.function, node.params, tuple(operands)))

    def _cofactor(self, node: Apply, index: Place) -> Steps:
        """A minor in entries of the matrix while it is short: ±1 in the last derivative of det."""
        (operand,) = node.operands
        numbers = [k for k in index if isinstance(k, int)]
        if operand.ndim > 2 or len(numbers) < len(index):
            return _part(node, index)
        if node.function == "adjugate":
            numbers.reverse()
        written = minor(numbers, operand.shape[0].evaluate(self.sizes))
        if written is None:
            return _part(node, index)
        terms = []
        for sign, places in written:
            parts = []
            for place in places:
                part = yield operand, place
                parts.append(part)
            terms.append(multiply(sign, parts))
        return add(terms)


def _sums_over_index(node: Node) -> bool:
    """Whether an entry of the node is a sum over an index, or has one as a term."""
    if isinstance(node, Sum):
        return any(_sums_over_index(t) for t in node.operands if not isinstance(t, Sum)) or any(
            isinstance(f.node, Contraction)
            for t in node.operands
            if isinstance(t, Term)
            for f in t.factors
        )
    return isinstance(node, Contraction)


def _variable(node: Variable, index: Place) -> Entry:
    known = facts_of(node)
    if len(index) == 2:
        one, two = index
        if "diagonal" in known and one != two:
            if isinstance(one, str) or isinstance(two, str):
                raise _NotSymbolic
            return Entry(())
        if "symmetric" in known and isinstance(one, int) and isinstance(two, int):
            index = tuple(sorted((one, two)))
    return Entry.atom(Symbol(node.name, index))


def _constant(node: Constant, index: Place) -> Entry:
    value = float(node.value[_numbers(index)])
    if not math.isfinite(value):
        return _part(node, index)
    return Entry.number(Fraction(repr(value)))  # 0.1 as it is written


def _numbers(index: Place) -> tuple[int, ...]:
    numbers = tuple(k for k in index if isinstance(k, int))
    if len(numbers) < len(index):
        raise _NotSymbolic
    return numbers


def _part(node: Node, index: Place) -> Entry:
    numbers = [k for k in index if isinstance(k, int)]
    if len(numbers) == len(index) == 2 and node.ndim == 2 and has(node, "symmetric"):
        index = tuple(sorted(numbers))
    return Entry.atom(Part(node, index))


def entry(node: Node, index: Sequence[int], sizes: Mapping[str, int] | None = None) -> Entry:
    """One entry of a node; see `Entries.entry`.

    Raises
    ------
    InputError
        A size is not known.
    """
    known = dict(sizes or {})
    for dim in node.shape:
        missing = dim.symbols() - known.keys()
        if missing:
            raise InputError(f"the size {min(missing)} is not known")
    return Entries(known).entry(node, index)
