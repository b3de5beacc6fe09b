"""Products: coefficient × factors, summed over what is not in the result, as steps of a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..dims import ONE, Dim, product
from ..ir import facts
from ..ir.algebra import base_and_exponent
from ..ir.node import Apply, AxisIndex, Contraction, Kernel, Node, Number, Sum
from ..ir.record import lookup
from .multiply import Multiplier
from .pairwise import ALL, FIRST, Operand, squeezed
from .patterns import as_pattern, lazy_pattern
from .program import ZERO, Program, Value
from .selections import Place, Resolver, Selection, VanishingProduct, as_selection

RawFactor = tuple[Node, tuple[AxisIndex, ...]]


@dataclass
class Network:
    """A product before it is ordered; `out` as in `Term.out`, labels local to this network."""

    coefficient: Number
    factors: list[RawFactor]
    out: tuple[AxisIndex, ...]
    sizes: dict[int, Dim]

    @property
    def atoms(self) -> list[int]:
        """The output labels in order, repeated where there is a delta."""
        return [a for axis in self.out for a in axis]


@dataclass(frozen=True)
class Piece:
    """A core and where it lies in a result: `places[k]` is for atom k of the result's axes.

    `core` has an axis for each of `labels`, in their order; leading ones may be missing, and any
    may have size 1, where the core does not depend on them.
    """

    core: Value
    labels: tuple[int, ...]
    places: tuple[Place, ...]
    groups: tuple[AxisIndex, ...]
    sizes: dict[int, Dim] = field(compare=False)

    @property
    def plain(self) -> bool:
        """Whether the core is the result, up to merged axes and broadcasting."""
        whole = [Place(x, ZERO, 1, self.sizes[x]) for x in self.labels]
        return list(self.places) == whole


class Products:
    """Lowers networks; `value_of` gives the value of a factor."""

    def __init__(
        self,
        program: Program,
        symbols: Mapping[str, int],
        value_of: Callable[[Node], Value],
        dense_inverses: frozenset[Node],
    ) -> None:
        self.program = program
        self.multiplier = Multiplier(program, symbols)
        self.value_of = value_of
        self.dense_inverses = dense_inverses

    @property
    def solves(self) -> dict[Value, set[Value]]:
        """Matrix → its linear solves so far."""
        return self.multiplier.solves

    # Estimates, on nodes.

    def cost(self, network: Network) -> float:
        """What a network costs, inner nodes being there already."""
        same: dict[int, int] = {}
        shapes: list[tuple[tuple[int, ...], str]] = []
        for node, axes in network.factors:
            labels = tuple(a for axis in axes for a in axis)
            selection = as_selection(node, axes) if isinstance(node, Kernel) else None
            if selection is not None:
                if selection.row is not None:
                    same[selection.column] = selection.row
            elif labels:
                kind = "array"
                if isinstance(node, Kernel) and _is_triangle(node, axes):
                    kind = "triangle"
                elif self.lazy_inverse(node, axes):
                    kind = "inverse"
                elif lazy_pattern(node, axes):
                    kind = node.kind if isinstance(node, Kernel) else "gather"
                shapes.append((labels, kind))
        named = [(tuple(_follow(same, x) for x in labels), kind) for labels, kind in shapes]
        out = [_follow(same, x) for x in network.atoms]
        return self.multiplier.path(named, out, network.sizes)[0]

    def lazy_inverse(self, node: Node, axes: tuple[AxisIndex, ...]) -> bool:
        """Whether a factor is an inverse that a solve may replace."""
        return (
            isinstance(node, Apply)
            and node.function == "inv"
            and node not in self.dense_inverses
            and len(axes) == 2
            and len(axes[0]) == len(axes[1]) == 1
            and axes[0] != axes[1]
        )

    # Lowering.

    def piece(self, network: Network, coefficient: Number) -> Piece | None:
        """The product with another coefficient; None when it is zero."""
        sizes = dict(network.sizes)
        operands: list[Operand] = []
        selections: list[Selection] = []
        for node, axes in network.factors:
            selection = as_selection(node, axes) if isinstance(node, Kernel) else None
            if selection is not None:
                selections.append(selection)
            else:
                operands.append(self._operand(node, axes, sizes))
        resolver = Resolver(self.program, sizes, operands, selections)
        try:
            resolver.run()
        except VanishingProduct:
            return None
        places = tuple(resolver.place(a) for a in network.atoms)
        labels = tuple(dict.fromkeys(p.label for p in places if p.label is not None))
        operands = [
            squeezed(self.program, o, sizes) if o.dense is None else o for o in resolver.operands
        ]
        summed = {
            resolver.place(a).label for _, axes in network.factors for axis in axes for a in axis
        }
        carried = {x for o in operands for x in o.labels}
        for label in summed - carried - set(labels) - {None}:
            assert label is not None
            operands.append(Operand(self.program.size(sizes[label]), ()))
        core = self.multiplier.multiply(operands, coefficient, labels, sizes)
        return Piece(core, labels, places, network.out, sizes)

    def _operand(self, node: Node, axes: tuple[AxisIndex, ...], sizes: dict[int, Dim]) -> Operand:
        program = self.program
        if lazy_pattern(node, axes):
            return as_pattern(program, node, axes, self.full)
        if isinstance(node, Kernel):
            kernel = node

            def built() -> Value:
                return program.kernel(kernel.kind, kernel.shape, kernel.params)

            if _is_triangle(node, axes):
                k = dict(node.params)["k"]
                pattern = (axes[0][0], axes[1][0])
                return Operand(program.number(0), pattern, kind=node.kind, k=k, dense=built)
            return self.labelled(built(), node.shape, axes, sizes)
        if self.lazy_inverse(node, axes):
            inverse, (matrix,) = node, node.operands
            return Operand(
                program.broadcast_to(self.value_of(matrix), matrix.shape),
                (axes[0][0], axes[1][0]),
                kind="inverse",
                dense=lambda: program.call("inv", [self.full(matrix)], (), inverse.shape),
                symmetric=facts.has(matrix, "symmetric"),
            )
        nonnegative = _computed_nonnegative(node)
        base, exponent = base_and_exponent(node)
        if exponent < 0:
            value = program.power(self.value_of(base), -exponent)
            operand = replace(self.labelled(value, node.shape, axes, sizes), inverted=True)
        else:
            operand = self.labelled(self.value_of(node), node.shape, axes, sizes)
        return replace(operand, nonnegative=nonnegative)

    def full(self, node: Node) -> Value:
        """The value of a node with all its axes really there."""
        return self.program.broadcast_to(self.value_of(node), node.shape)

    def labelled(
        self,
        value: Value,
        shape: tuple[Dim, ...],
        axes: tuple[AxisIndex, ...],
        sizes: dict[int, Dim],
    ) -> Operand:
        """A value with one label on each axis: merged axes cut, diagonals taken, no size 1."""
        program = self.program
        missing = len(shape) - value.ndim
        axes, shape = axes[missing:], shape[missing:]
        entries: list[tuple[object, ...]] = []
        cut: list[Dim] = []
        labels: list[int] = []
        for have, want, axis in zip(value.shape, shape, axes, strict=True):
            if not axis or (have.is_one and not want.is_one):
                entries.append(FIRST)
                continue
            entries.append(ALL)
            labels.extend(axis)
            cut.extend(sizes[a] for a in axis)
        value = program.reshape(program.index(value, entries), tuple(cut))
        while len(set(labels)) < len(labels):
            twice = next(x for x in labels if labels.count(x) > 1)
            p = labels.index(twice)
            q = labels.index(twice, p + 1)
            value = program.diagonal(value, p, q)
            labels = [x for k, x in enumerate(labels) if k not in (p, q)] + [twice]
        return Operand(value, tuple(labels))


def _computed_nonnegative(node: Node) -> bool:
    """Whether a value is nonnegative as computed too.

    Rounding makes a small eigenvalue negative, but not a sigmoid, nor one minus it.
    """
    if not facts.has(node, "nonnegative"):
        return False
    if isinstance(node, Apply):
        return lookup(node.function).elementwise
    if isinstance(node, Sum):
        return len(node.operands) <= 2
    return not isinstance(node, Contraction)


def _is_triangle(node: Kernel, axes: tuple[AxisIndex, ...]) -> bool:
    """Whether a kernel is a triangle with two plain indices."""
    plain = len(axes[0]) == len(axes[1]) == 1 and axes[0] != axes[1]
    return plain and node.kind in ("tril", "triu")


def _follow(same: Mapping[int, int], label: int) -> int:
    seen = set()
    while label in same and label not in seen:
        seen.add(label)
        label = same[label]
    return label


def lengths(groups: Sequence[AxisIndex], sizes: Mapping[int, Dim]) -> tuple[Dim, ...]:
    """The sizes of merged axes."""
    return tuple(product(sizes[a] for a in axis) for axis in groups)


__all__ = ["ONE", "Network", "Piece", "Products", "lengths"]
