"""A tensor as an array of smaller tensors: some axes number the blocks, the others are hidden.

The matrix of matrices ∂c_ij/∂A is the case where the input's axes are hidden. For sizes that are
symbols there is no list of blocks; a rule says which vanish and which are equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product as cartesian

from ..dims import ONE, Dim, shape_text
from ..errors import InputError, SizeLimitError
from ..ir import kernels
from ..ir.build import add, einsum, is_zero, transpose, zeros
from ..ir.construct import stack
from ..ir.node import AxisIndex, Node, Shape
from .decompose import Decomposition, StructuredTerm
from .grouping import presented

MAX_BLOCKS = 4096  # more blocks than this are not listed


@dataclass(frozen=True)
class Blocks:
    """An array of smaller tensors.

    Attributes
    ----------
    found:
        The tensor's structure.
    outer, inner:
        Axes of the tensor that number the blocks; axes that are hidden inside them.
    """

    found: Decomposition
    outer: tuple[int, ...]
    inner: tuple[int, ...]

    @property
    def shape(self) -> Shape:
        """How many blocks there are along each outer axis."""
        return tuple(self.found.shape[k] for k in self.outer)

    @property
    def block_shape(self) -> Shape:
        """The shape of each block."""
        return tuple(self.found.shape[k] for k in self.inner)

    def block(self, *place: int) -> Node:
        """The block at a place (counted from 0; negative from the end where sizes are known).

        Raises
        ------
        InputError
            The place has not one number for each outer axis, or is outside.
        """
        if len(place) != len(self.outer):
            raise InputError(
                f"a place has {len(self.outer)} numbers, for axes {self.outer}; this has"
                f" {len(place)}"
            )
        where = [_inside(p, d) for p, d in zip(place, self.shape, strict=True)]
        parts = [self._part(term, where) for term in self.found.terms]
        kept = [p for p in parts if p is not None]
        return add(*kept) if kept else zeros(self.block_shape)

    def __getitem__(self, place: int | tuple[int, ...]) -> Node:
        return self.block(*(place if isinstance(place, tuple) else (place,)))

    def places(self) -> Iterator[tuple[int, ...]]:
        """All places in order.

        Raises
        ------
        InputError
            A size is a symbol.
        SizeLimitError
            There are too many.
        """
        counts = [d.as_int() for d in self.shape]
        total = 1
        for d, n in zip(self.shape, counts, strict=True):
            if n is None:
                raise InputError(
                    f"there is no list of blocks for the size {d}",
                    hint="give the size as a number, or read .rule",
                )
            total *= n
        if total > MAX_BLOCKS:
            raise SizeLimitError(f"{total} blocks are more than {MAX_BLOCKS}")
        return cartesian(*(range(n) for n in counts if n is not None))

    @cached_property
    def all(self) -> dict[tuple[int, ...], Node]:
        """Every block by its place (integer sizes)."""
        return {place: self.block(*place) for place in self.places()}

    @property
    def distinct(self) -> tuple[Node, ...]:
        """The blocks that differ from one another and from zero."""
        return tuple(b for b in dict.fromkeys(self.all.values()) if not is_zero(b))

    def open(self) -> Node:
        """The whole tensor again, with its structure."""
        return self.found.rebuild()

    def stacked(self) -> Node:
        """The whole tensor made of its blocks, one beside the other (integer sizes)."""
        level = dict(self.all)
        if not level:
            return zeros(self.found.shape)
        for depth in range(len(self.outer), 0, -1):
            rows: dict[tuple[int, ...], list[Node]] = {}
            for place, node in level.items():
                rows.setdefault(place[: depth - 1], []).append(node)
            level = {place: stack(nodes, 0) for place, nodes in rows.items()}
        (whole,) = level.values()
        order = (*self.outer, *self.inner)
        return transpose(whole, [order.index(k) for k in range(len(order))])

    @property
    def rule(self) -> str:
        """When blocks are zero, and when they are equal."""
        if not self.found.terms:
            return "all blocks are zero"
        if not self.outer:
            return "the whole tensor is one block"
        names = [_LETTERS[k % len(_LETTERS)] for k in range(len(self.outer))]
        # What is said of several terms alike holds for their sum.
        said = list(
            dict.fromkeys(self._rule_of(term, names) for term in presented(self.found).terms)
        )
        if len(said) == 1:
            return f"block ({', '.join(names)}) {said[0]}"
        lines = [f"({k + 1}) {text}" for k, text in enumerate(said)]
        return f"block ({', '.join(names)}) is a sum of terms, each of which: {'; '.join(lines)}"

    def generic(self, names: Sequence[str] | None = None) -> Node:
        """The block at a symbolic place: the places are symbols that stand for numbers from 0."""
        letters = list(names or (_LETTERS[k] for k in range(len(self.outer))))
        where = [Dim.symbol(x) for x in letters]
        axes = [(k,) for k in range(len(self.found.shape))]
        factors: list[tuple[Node, Sequence[AxisIndex]]] = [(self.found.rebuild(), axes)]
        for k, start in zip(self.outer, where, strict=True):
            size = self.found.shape[k]
            if not size.is_one:
                factors.append((kernels.selection(ONE, size, start, 1), [(), (k,)]))
        sizes = dict(enumerate(self.found.shape))
        return einsum(factors, [(k,) for k in self.inner], 1, sizes)

    def __str__(self) -> str:
        if not self.outer:
            return f"one block of {shape_text(self.block_shape)}: the whole tensor"
        shape = shape_text(self.shape)
        return f"{shape} blocks of {shape_text(self.block_shape)}: {self.rule}"

    # --- parts of a block -------------------------------------------------------------------------

    def _part(self, term: StructuredTerm, where: Sequence[int]) -> Node | None:
        """What one term has in a block; None where a delta makes it vanish."""
        fixed: dict[int, int] = {}
        for k, position in zip(self.outer, where, strict=True):
            for atom, value in _unravel(term, k, position):
                if fixed.setdefault(atom, value) != value:
                    return None
        factors: list[tuple[Node, Sequence[AxisIndex]]] = [
            (c.node, [(a,) for a in c.atoms]) for c in term.cores
        ]
        factors += [
            (kernels.selection(ONE, term.sizes[a], value, 1), [(), (a,)])
            for a, value in fixed.items()
            if a in term.carried or any(a in term.axes[k] for k in self.inner)
        ]
        out = [term.axes[k] for k in self.inner]
        return einsum(factors, out, term.coefficient, dict(enumerate(term.sizes)))

    def _rule_of(self, term: StructuredTerm, names: Sequence[str]) -> str:
        holders: dict[int, list[str]] = {}
        for k, name in zip(self.outer, names, strict=True):
            for a in term.axes[k]:
                holders.setdefault(a, []).append(name)
        equal = list(dict.fromkeys(" = ".join(h) for h in holders.values() if len(h) > 1))
        inside = {a for k in self.inner for a in term.axes[k]}
        free = [h[0] for a, h in holders.items() if a not in inside and a not in term.carried]
        tied = [
            f"{'' if len(term.axes[k]) == 1 else 'a part of '}its axis {p} is at {h[0]}"
            for a, h in holders.items()
            for p, k in enumerate(self.inner)
            if a in term.axes[k]
        ]
        said = []
        if equal:
            said.append(f"is zero unless {' and '.join(equal)}")
        if tied:
            said.append(f"is zero except where {' and '.join(tied)}")
        if len(free) == len(holders):
            said.append("is the same for all others" if equal else "is the same everywhere")
        elif free:
            said.append(f"does not depend on {', '.join(dict.fromkeys(free))}")
        return ", and ".join(said) if said else "differs from place to place"


_LETTERS = "ijklpqrstuvw"


def hide(found: Decomposition, *axes: int) -> Blocks:
    """Hide axes inside blocks; the others number them.

    Raises
    ------
    InputError
        An axis that there is not, or twice.
    """
    ndim = len(found.shape)
    inner = []
    for axis in axes:
        if not -ndim <= axis < ndim:
            raise InputError(f"axis {axis} of a derivative with {ndim} axes")
        inner.append(axis % ndim)
    if len(set(inner)) < len(inner):
        raise InputError(f"an axis is hidden twice in {tuple(axes)}")
    return Blocks(found, tuple(k for k in range(ndim) if k not in inner), tuple(inner))


def _inside(place: int, size: Dim) -> int:
    count = size.as_int()
    if count is None:
        if place < 0:
            raise InputError(f"place {place} needs a known size, not {size}")
        return place
    if not -count <= place < count:
        raise InputError(f"place {place} of {count} blocks")
    return place % count


def _unravel(term: StructuredTerm, axis: int, position: int) -> list[tuple[int, int]]:
    """The positions of the atoms of an axis, row-major."""
    result = []
    for a in reversed(term.axes[axis][1:]):
        size = term.sizes[a].as_int()
        if size is None:
            raise InputError(f"axis {axis} is made of parts of unknown size {term.sizes[a]}")
        position, value = divmod(position, size)
        result.append((a, value))
    if term.axes[axis]:
        result.append((term.axes[axis][0], position))
    return result
