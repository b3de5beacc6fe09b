"""Series-parallel reduction: a product of indexed factors becomes a matrix formula.

Indices are vertices, matrices edges, columns weights on a vertex. A summed vertex with one edge is
a matrix–vector product, with two edges a matrix product, parallel edges are an elementwise product,
a loop is a diagonal, a closed ring a trace. What is left when nothing applies is no matrix formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..dims import Dim
from ..ir.node import Number
from .monomial import Monomial, hadamard_of
from .tree import (
    Tree,
    call,
    diag,
    eye,
    is_diag,
    norm,
    ones,
    product,
    transposed,
)


class NotReducible(Exception):
    """The product is no matrix formula; index notation says it."""


class Network:
    """A product while it is being reduced; `summed` vertices disappear, the others stay."""

    def __init__(self, sizes: Sequence[Dim], kept: Iterable[int]) -> None:
        self.sizes = sizes
        self.kept = set(kept)
        self.edges: list[tuple[int, int, Tree]] = []
        self.weights: dict[int, list[Tree]] = {}
        self.coefficient: Number = 1
        self.scalars: list[Monomial] = []
        self.summed: set[int] = set()

    def add(self, factor: Monomial, indices: Sequence[int]) -> None:
        """Take in a factor of at most two axes."""
        core = factor.core
        self.scalars.append(factor._replace(core=None))
        for vertex in indices:
            if vertex not in self.kept:
                self.summed.add(vertex)
        if not indices or core is None:
            return
        if len(indices) == 1:
            self._weigh(indices[0], core)
        elif indices[0] == indices[1]:
            self._weigh(indices[0], diag(core))
        else:
            self.edges.append((indices[0], indices[1], core))

    def _weigh(self, vertex: int, tree: Tree) -> None:
        self.weights.setdefault(vertex, []).append(tree)

    def reduce(self) -> None:
        """Remove the summed vertices; those that cannot be removed stay in `summed`."""
        while self.summed and (
            self._remove_lonely()
            or self._close_ring()
            or self._remove_leaf()
            or self._join_series()
            or self._join_parallel()
        ):
            pass

    def _around(self, vertex: int) -> list[tuple[int, int, Tree]]:
        return [e for e in self.edges if vertex in e[:2]]

    def _remove_lonely(self) -> bool:
        for v in sorted(self.summed):
            if not self._around(v):
                self.scalars.append(_total(self.weights.pop(v, []), self.sizes[v]))
                self.summed.discard(v)
                return True
        return False

    def _close_ring(self) -> bool:
        """Two summed vertices joined by edges and by nothing else: a trace, a norm or aᵀ(…)b."""
        for v in sorted(self.summed):
            around = self._around(v)
            others = {u for e in around for u in e[:2]} - {v}
            if len(others) != 1:
                continue
            (u,) = others
            if u not in self.summed or len(self._around(u)) != len(around):
                continue
            left, right = self.weights.get(u, []), self.weights.get(v, [])
            if len(around) == 1 and (left or right):
                continue  # a leaf
            between = [_oriented(e, u) for e in around]
            if len(around) == 1:
                closed = Monomial.of(1, {_sum_all(between[0]): 1}, None)
            elif len(around) == 2 and not (left and right):
                closed = _ring(between[0], between[1], left, right)
            else:
                middle = hadamard_of(between)
                if left and right:
                    closed = _inner(hadamard_of(left), middle, hadamard_of(right))
                elif left or right:
                    closed = _total(
                        [
                            *left,
                            *right,
                            product(
                                middle if left else transposed(middle),
                                ones(self.sizes[v if left else u]),
                            ),
                        ],
                        self.sizes[u],
                    )
                else:
                    closed = Monomial.of(1, {_sum_all(middle): 1}, None)
            self.scalars.append(closed)
            self.edges = [e for e in self.edges if e not in around]
            for x in (u, v):
                self.weights.pop(x, None)
                self.summed.discard(x)
            return True
        return False

    def _remove_leaf(self) -> bool:
        """A summed vertex with one edge: M w becomes a weight at the other end."""
        leaves = [(v, self._around(v)) for v in sorted(self.summed)]
        leaves = [(v, around) for v, around in leaves if len(around) == 1]
        if not leaves:
            return False
        # A weighted leaf before a bare one: sum(Ax) rather than (Aᵀ𝟏)ᵀx.
        v, (edge,) = min(leaves, key=lambda va: (not self.weights.get(va[0]), va[0]))
        u = edge[1] if edge[0] == v else edge[0]
        matrix = _oriented(edge, u)
        weights = self.weights.pop(v, [])
        if is_diag(matrix):
            moved = hadamard_of([matrix.args[0], *weights])
        else:
            moved = product(matrix, hadamard_of(weights) if weights else ones(self.sizes[v]))
        self._weigh(u, moved)
        self.edges.remove(edge)
        self.summed.discard(v)
        return True

    def _join_series(self) -> bool:
        """A summed vertex between two others: A diag(w) B becomes one edge."""
        for v in sorted(self.summed):
            around = self._around(v)
            if len(around) != 2:
                continue
            u, w = (e[1] if e[0] == v else e[0] for e in around)
            if u == w:
                continue
            left, right = _oriented(around[0], u), transposed(_oriented(around[1], w))
            weights = self.weights.pop(v, [])
            parts = [left, *([diag(hadamard_of(weights))] if weights else []), right]
            for e in around:
                self.edges.remove(e)
            self.edges.append((u, w, product(*parts)))
            self.summed.discard(v)
            return True
        return False

    def _join_parallel(self) -> bool:
        """Edges between the same two vertices, one of them summed: an elementwise product."""
        for k, (u, v, _) in enumerate(self.edges):
            if u not in self.summed and v not in self.summed:
                continue
            twins = [e for e in self.edges[k:] if {*e[:2]} == {u, v}]
            if len(twins) > 1:
                joined = hadamard_of([_oriented(e, u) for e in twins])
                for e in twins:
                    self.edges.remove(e)
                self.edges.append((u, v, joined))
                return True
        return False

    # Reading off the result.

    def scalar(self) -> Monomial:
        """Coefficient and scalars; call after `reduce`."""
        return Monomial(self.coefficient).times(*self.scalars)

    def between(self, u: int, v: int) -> Tree | None:
        """What joins two kept vertices, rows u and columns v; None when nothing does."""
        edges = [e for e in self.edges if {*e[:2]} == {u, v}]
        if not edges:
            return None
        straight = hadamard_of([_oriented(e, u) for e in edges])
        turned = transposed(hadamard_of([_oriented(e, v) for e in edges]))
        return turned if turned.turns < straight.turns else straight

    def weight(self, v: int) -> Tree | None:
        """The column of weights at a kept vertex; None when there is none."""
        found = self.weights.get(v)
        return hadamard_of(found) if found else None

    def check_reduced(self) -> None:
        """Raise `NotReducible` while a summed vertex is left."""
        if self.summed:
            raise NotReducible

    def monomial(self, out: Sequence[int]) -> Monomial:
        """The reduced product with axes `out`, at most two; the same vertex twice is a delta."""
        self.check_reduced()
        scalar = self.scalar()
        if not out:
            return scalar
        if len(out) == 1:
            weight = self.weight(out[0])
            return scalar._replace(core=ones(self.sizes[out[0]]) if weight is None else weight)
        return scalar._replace(core=self.monomial_core(out[0], out[1]))

    def monomial_core(self, u: int, v: int) -> Tree:
        """The matrix with rows u and columns v: weights and edges of these two kept vertices."""
        if u == v:
            weight = self.weight(u)
            return eye(self.sizes[u]) if weight is None else diag(weight)
        left, middle, right = self.weight(u), self.between(u, v), self.weight(v)
        if middle is None:
            column = ones(self.sizes[u]) if left is None else left
            row = ones(self.sizes[v]) if right is None else right
            return product(column, transposed(row))
        return product(
            *(diag(left),) if left is not None else (),
            middle,
            *(diag(right),) if right is not None else (),
        )


def _oriented(edge: tuple[int, int, Tree], first: int) -> Tree:
    return edge[2] if edge[0] == first else transposed(edge[2])


def _sum_all(tree: Tree) -> Tree:
    return call("sum", min(tree, transposed(tree), key=lambda t: t.cost))


def _total(weights: list[Tree], size: Dim) -> Monomial:
    """Σ over a vertex without edges: xᵀy, ‖x‖², tr(A), sum(x)."""
    if not weights:
        weights = [ones(size)]
    if len(weights) == 1:
        (tree,) = weights
        if tree.op == "call" and tree.data[0] == "diag":
            return Monomial.of(1, {trace(tree.args[0]): 1}, None)
        if tree.op == "product" and tree.args[-1].op == "ones":
            return Monomial.of(1, {_sum_all(product(*tree.args[:-1])): 1}, None)
        if tree.op == "hadamard":
            weights = list(tree.args)
    parts = [p for w in weights for p in (w.args if w.op == "hadamard" else (w,))]
    if len(parts) == 1:
        return Monomial.of(1, {call("sum", parts[0]): 1}, None)
    half = _half(parts)
    if half is not None:
        return Monomial.of(1, {norm(hadamard_of(half)): 2}, None)
    best: Tree | None = None
    for k, part in enumerate(parts):
        rest = hadamard_of(parts[:k] + parts[k + 1 :])
        for a, b in ((part, rest), (rest, part)):
            candidate = product(transposed(a), b)
            if best is None or candidate.cost < best.cost:
                best = candidate
    assert best is not None
    return Monomial.of(1, {best: 1}, None)


def _half(parts: list[Tree]) -> list[Tree] | None:
    """One of each pair, when the factors come in pairs."""
    half: list[Tree] = []
    open_: list[Tree] = []
    for part in parts:
        if part in open_:
            open_.remove(part)
            half.append(part)
        else:
            open_.append(part)
    return None if open_ else half


def _inner(left: Tree, middle: Tree, right: Tree) -> Monomial:
    forward = product(transposed(left), middle, right)
    backward = product(transposed(right), transposed(middle), left)
    return Monomial.of(1, {min(forward, backward, key=lambda t: t.cost): 1}, None)


def _ring(first: Tree, second: Tree, left: list[Tree], right: list[Tree]) -> Monomial:
    """Σ_uv l_u r_v F_uv S_uv with at most one of the weights: ‖F‖² or tr(F diag(r) Sᵀ)."""
    if first is second and not left and not right:
        return Monomial.of(1, {norm(first): 2}, None)
    if left:
        first, second, right = transposed(first), transposed(second), left
    middle = [diag(hadamard_of(right))] if right else []
    return Monomial.of(1, {trace(product(first, *middle, transposed(second))): 1}, None)


def trace(tree: Tree) -> Tree:
    """tr(…), turned round the ring and transposed to the reading with the fewest transposes."""
    if tree.op != "product":
        tree = min(tree, transposed(tree), key=lambda t: t.cost)
        return call("tr", tree)
    readings = []
    for whole in (tree, transposed(tree)):
        if (
            whole.op != "product"
            or whole.args[0].scalar
            or not all(f.kind == (True, True) for f in whole.args)
        ):
            readings.append(whole)
            continue
        readings.extend(
            product(*whole.args[k:], *whole.args[:k]) for k in range(min(len(whole.args), 24))
        )
    return call("tr", min(readings, key=lambda t: (t.cost[0], t.args[0].turns, *t.cost[1:])))
