"""From nodes to a program: what becomes a temporary, what is opened, how sums are assembled.

A contraction that one product alone uses is opened into it where that makes the whole cheaper
(cross-country order). Deltas and placements stay patterns until a result is assembled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UnsupportedError
from ..ir import walk
from ..ir.algebra import base_and_exponent
from ..ir.loop import Scan
from ..ir.node import Apply, Constant, Contraction, Kernel, Node, Number, Size, Sum, Term, Variable
from ..ir.record import lookup
from ..ir.sweep import Sweep
from .assemble import Assembly, is_scaled_identity
from .body import Body, SweepBody
from .network import Network, Piece, Products
from .patterns import lazy_pattern, one_hot, places
from .program import Program, Value, broadcast

MAX_FACTORS = 40  # of an opened product
WORTHWHILE = 0.95  # an opening must save at least this share


class Lowering:
    """Lowers the nodes below some roots into one program.

    Attributes
    ----------
    program:
        The operations so far.
    products:
        How products are ordered; it remembers which matrices were solved with.
    """

    def __init__(
        self,
        roots: Sequence[Node],
        symbols: Mapping[str, int],
        dense_inverses: frozenset[Node] = frozenset(),
    ) -> None:
        self.program = Program()
        self.symbols = symbols
        self.products = Products(self.program, symbols, self.value_of, dense_inverses)
        self.assembly = Assembly(self.program)
        self.uses = walk.count_uses(*roots)
        self._values: dict[Node, Value] = {}
        self._networks: dict[Node, Network] = {}
        self._loops: dict[Any, Value] = {}
        order = walk.topological(*roots)
        required = set(roots)
        for node in reversed(order):
            if node in required:
                required.update(self._needs(node))
        for node in order:
            if node in required:
                self._values[node] = self._lower(node)

    def value_of(self, node: Node) -> Value:
        """The value of a lowered node, possibly lazily broadcast."""
        return self._values[node]

    def lowered(self, node: Node) -> Value | None:
        """The value of a node with all its axes, if it has one."""
        value = self._values.get(node)
        return None if value is None else self.program.broadcast_to(value, node.shape)

    # What is needed.

    def _needs(self, node: Node) -> list[Node]:
        if isinstance(node, Sum):
            return [
                needed
                for _, part in self._parts(node)
                for needed in (self._factors(part) if isinstance(part, Network) else [part])
            ]
        if isinstance(node, Contraction | Term):
            return self._factors(self._network(node))
        if isinstance(node, Apply | Scan | Sweep):
            return list(node.operands)
        return []

    def _factors(self, network: Network) -> list[Node]:
        needed = []
        for node, axes in network.factors:
            if isinstance(node, Kernel):
                continue
            if self.products.lazy_inverse(node, axes) or lazy_pattern(node, axes):
                needed.append(node.operands[0])
            else:
                base, exponent = base_and_exponent(node)
                needed.append(base if exponent < 0 else node)
        return needed

    def _parts(self, node: Sum) -> list[tuple[Number, Network | Node]]:
        """The terms of a sum as products; terms that something else uses stay values."""
        parts: list[tuple[Number, Network | Node]] = []
        pending = list(node.operands)[::-1]
        while pending:
            operand = pending.pop()
            alone = self.uses[operand] == 1
            if isinstance(operand, Sum) and alone and operand.operands:
                pending.extend(reversed(operand.operands))
            elif isinstance(operand, Term) and (alone or _has_pattern(operand)):
                network = self._network(operand)
                parts.append((network.coefficient, network))
            elif isinstance(operand, Contraction) and alone:
                parts.append((1, self._network(operand)))
            else:
                parts.append((1, operand))
        return parts

    def _network(self, node: Contraction | Term) -> Network:
        """The product that a node is, with inner products opened where that pays."""
        known = self._networks.get(node)
        if known is not None:
            return known
        coefficient = node.coefficient if isinstance(node, Term) else 1
        out = node.out if isinstance(node, Term) else tuple((a,) for a in node.out)
        factors = [(f.node, f.indices) for f in node.factors]
        network = Network(coefficient, factors, out, dict(enumerate(node.sizes)))
        self._networks[node] = network
        self._open(network)
        return network

    def _open(self, network: Network) -> None:
        cost: float | None = None
        k = 0
        while k < len(network.factors):
            node, axes = network.factors[k]
            opened = self._opened(network, k) if self._may_open(node, axes, network) else None
            if opened is None:
                k += 1
                continue
            cost = self.products.cost(network) if cost is None else cost
            together = self.products.cost(opened)
            if (
                _is_view(network)
                or _places(node)
                or together < WORTHWHILE * (cost + self.products.cost(_apart(node)))
            ):
                network.factors, network.sizes = opened.factors, opened.sizes
                cost = together
            else:
                k += 1

    def _may_open(self, node: Node, axes: tuple[tuple[int, ...], ...], network: Network) -> bool:
        return (
            isinstance(node, Contraction)
            and bool(axes)
            and self.uses[node] == 1
            and all(len(axis) == 1 for axis in axes)
            and len(network.factors) + len(node.factors) <= MAX_FACTORS
        )

    def _opened(self, network: Network, k: int) -> Network | None:
        node, axes = network.factors[k]
        assert isinstance(node, Contraction)
        local = {atom: axis[0] for atom, axis in zip(node.out, axes, strict=True)}
        sizes = dict(network.sizes)
        for atom, dim in enumerate(node.sizes):
            if atom not in local:
                local[atom] = len(sizes)
                sizes[len(sizes)] = dim
        inner = [
            (f.node, tuple(tuple(local[a] for a in axis) for axis in f.indices))
            for f in node.factors
        ]
        factors = [*network.factors[:k], *inner, *network.factors[k + 1 :]]
        return Network(network.coefficient, factors, network.out, sizes)

    # Lowering.

    def _lower(self, node: Node) -> Value:
        program = self.program
        if isinstance(node, Variable):
            return program.input(node.name, node.shape)
        if isinstance(node, Constant):
            return program.constant(node.value, node.digest)
        if isinstance(node, Size):
            return program.size(node.dim)
        if isinstance(node, Kernel):
            return program.kernel(node.kind, node.shape, node.params)
        if isinstance(node, Apply):
            return self._lower_apply(node)
        if isinstance(node, Sum):
            return self._lower_sum(node)
        if isinstance(node, Contraction | Term):
            network = self._network(node)
            piece = self.products.piece(network, network.coefficient)
            return program.zeros(node.shape) if piece is None else self.assembly.assembled(piece)
        if isinstance(node, Scan):
            return self._lower_scan(node)
        if isinstance(node, Sweep):
            return self._lower_sweep(node)
        raise UnsupportedError(f"no code for a node of kind {type(node).__name__}")

    def _lower_scan(self, node: Scan) -> Value:
        """One loop for all the states that come out of it; its body is a program of its own."""
        loop = self._loops.get(node.group)
        if loop is None:
            r = node.recurrence
            inner = Lowering(r.bodies, self.symbols)
            roots = [inner._whole(body) for body in r.bodies]
            args = [self._whole(o) for o in node.operands]
            loop = self.program.loop(Body(r, inner.program, roots), args)
            self._loops[node.group] = loop
        return self.program.states(loop, node.place, node.before)

    def _lower_sweep(self, node: Sweep) -> Value:
        """One sweep for all its results; a segment is a program of its own."""
        key = (node.segment, node.operands)
        sweep = self._loops.get(key)
        if sweep is None:
            inner = Lowering(node.segment.roots, self.symbols)
            roots = [inner._whole(root) for root in node.segment.roots]
            args = [self._whole(o) for o in node.operands]
            sweep = self.program.sweep(SweepBody(node.segment, inner.program, roots), args)
            self._loops[key] = sweep
        return self.program.swept(sweep, node.kind, node.place, node.shape)

    def _whole(self, node: Node) -> Value:
        """The value of a node as an array with all its axes."""
        value = self.value_of(node)
        if value.weak and not node.ndim:
            return self.program.make("full", (value,), (node.shape,), node.shape)
        return self.program.broadcast_to(value, node.shape)

    def _lower_apply(self, node: Apply) -> Value:
        program = self.program
        base, exponent = base_and_exponent(node)
        if base is not node:
            return program.power(self.value_of(base), exponent)
        record = lookup(node.function)
        if record.looks_up:
            (index,) = node.operands
            return one_hot(program, program.broadcast_to(self.value_of(index), index.shape), node)
        if record.elementwise:
            values = [self.value_of(o) for o in node.operands]
            return program.call(
                node.function, values, node.params, broadcast(v.shape for v in values)
            )
        values = [program.broadcast_to(self.value_of(o), o.shape) for o in node.operands]
        return program.call(node.function, values, node.params, node.shape)

    def _lower_sum(self, node: Sum) -> Value:
        terms: list[tuple[int, Value]] = []
        patterns: list[tuple[int, Piece]] = []
        parts = self._parts(node)
        picked = [p for p in parts if in_each_row(p[1]) is not None]
        if len(picked) == len(parts):
            picked = []
        parts = [p for p in parts if p not in picked]
        negative = all(coefficient < 0 for coefficient, _ in parts)
        for coefficient, part in parts:
            sign = -1 if coefficient < 0 and not negative else 1
            if not isinstance(part, Network):
                terms.append((sign, self.value_of(part)))
                continue
            piece = self.products.piece(part, coefficient * sign)
            if piece is None:
                continue
            if piece.plain or any(len(axis) != 1 for axis in piece.groups):
                terms.append((sign, self.assembly.assembled(piece)))
            else:
                patterns.append((sign, piece))
        value = self._joined(terms, patterns, node)
        return self._with_picked(value, [p[1] for p in picked], node) if picked else value

    def _with_picked(self, value: Value, picked: Sequence[Any], node: Sum) -> Value:
        """A sum with further terms that have one entry in each row."""
        program = self.program
        for network in picked:
            index, weights = in_each_row(network)  # type: ignore[misc]
            piece = self.products.piece(weights, abs(weights.coefficient))
            if piece is None:
                continue
            size = node.shape[-1]
            where = places(program, program.broadcast_to(self.value_of(index), index.shape), size)
            base = program.broadcast_to(value, node.shape)
            args = (base, where, self.assembly.assembled(piece))
            value = program.make(
                "add_at", args, (1 if weights.coefficient > 0 else -1,), node.shape
            )
        return value

    def _joined(
        self, terms: list[tuple[int, Value]], patterns: list[tuple[int, Piece]], node: Sum
    ) -> Value:
        """The sum of what was lowered."""
        program = self.program
        if not terms and not patterns:
            return program.number(0)
        joined = self.assembly.concatenated(patterns, node) if not terms else None
        if joined is not None:
            return joined
        small = [t for t in patterns if is_scaled_identity(t[1])]
        if small and (terms or len(patterns) > len(small)):
            for sign, piece in small:
                terms.append((sign, self.assembly.assembled(piece)))
                patterns.remove((sign, piece))
        terms.sort(key=lambda t: -t[0])
        if not patterns:
            return program.add(terms)
        base = program.broadcast_to(program.add(terms), node.shape) if terms else None
        return self.assembly.embedded(base, patterns, node.shape)


def _apart(node: Node) -> Network:
    """A contraction as a product by itself."""
    assert isinstance(node, Contraction)
    factors = [(f.node, f.indices) for f in node.factors]
    return Network(1, factors, tuple((a,) for a in node.out), dict(enumerate(node.sizes)))


def in_each_row(part: Network | Node) -> tuple[Node, Network] | None:
    """The index, and the weights by rows, of a product that has one entry in each row of its last
    axis: weights times `one_hot(index)`. None if it is not one."""
    if not isinstance(part, Network) or not part.out or any(len(axis) != 1 for axis in part.out):
        return None
    column = part.out[-1]
    carrying = [k for k, (_, axes) in enumerate(part.factors) if any(column[0] in a for a in axes)]
    if len(carrying) != 1 or part.atoms.count(column[0]) != 1:
        return None
    node, axes = part.factors[carrying[0]]
    if not isinstance(node, Apply) or not lazy_pattern(node, axes) or axes != part.out:
        return None
    factors = [f for k, f in enumerate(part.factors) if k != carrying[0]]
    weights = Network(part.coefficient, factors, part.out[:-1], part.sizes)
    return node.operands[0], weights


def _is_view(network: Network) -> bool:
    """Whether a product has one array only, which it scales or transposes."""
    return sum(bool(axes) for _, axes in network.factors) == 1


def _places(node: Node) -> bool:
    """Whether a slice is taken or filled inside a contraction: its pattern is of use outside."""
    return any(isinstance(o, Kernel) and o.kind == "selection" for o in node.operands)


def _has_pattern(node: Term) -> bool:
    """Whether a term has deltas, so that it is better assembled together with its neighbours."""
    flat = [a for axis in node.out for a in axis]
    return len(set(flat)) < len(flat)
