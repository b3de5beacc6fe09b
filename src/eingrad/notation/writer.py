"""From nodes of at most two axes to monomials: the matrix formula of a node.

`Writer` holds what belongs to one formula: the monomial of each node, the names given to constants
and to parts that matrix notation cannot say.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..dims import Dim
from ..ir.facts import symmetric
from ..ir.node import (
    Apply,
    AxisIndex,
    Constant,
    Contraction,
    Factor,
    Kernel,
    Node,
    Size,
    Sum,
    Term,
    Variable,
)
from ..ir.record import lookup
from ..ir.walk import topological
from .kronecker import kronecker_form
from .monomial import Monomial
from .names import Names
from .network import Network, NotReducible
from .sums import add_monomials
from .tree import (
    COLUMN,
    MATRIX,
    ROW,
    Tree,
    alike,
    call,
    elementwise_power,
    kernel,
    make,
    name,
    transposed,
)

MAX_FACTORS = 400  # the reduction is quadratic; a longer product is written in index notation


class Writer:
    """Writes nodes of one graph as matrix formulas."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.root: Node | None = None
        self.written: dict[Node, Monomial | None] = {}
        self.constants: dict[str, Constant] = {}
        self.tensors: dict[Node, Monomial] = {}
        self.definitions: list[tuple[Tree, Node]] = []
        self.drawn: dict[Node, Tree] = {}  # variables that stand for something written otherwise

    def write(self, root: Node) -> Monomial | None:
        """The monomial of a node, None where matrix notation cannot say it."""
        self.root = root
        for node in topological(root):
            if node not in self.written:
                self.written[node] = self._attempt(node)
        return self.written[root]

    def _attempt(self, node: Node) -> Monomial | None:
        if node.ndim > 2:
            return None
        try:
            return self._write(node)
        except NotReducible:
            return None

    def _write(self, node: Node) -> Monomial:
        if isinstance(node, Variable):
            return _atom(self.variable(node))
        if isinstance(node, Constant):
            return _atom(name(self.constant_name(node), node.ndim, symmetric(node)))
        if isinstance(node, Size):
            return _atom(make("size", data=node.dim))
        if isinstance(node, Kernel):
            return _atom(kernel(node))
        if isinstance(node, Sum):
            terms = [self._of(t, node is self.root) for t in node.operands]
            return add_monomials(terms, _kind(node))
        if isinstance(node, Apply):
            return self._application(node)
        assert isinstance(node, Contraction | Term)
        return self.product(node)

    def _of(self, node: Node, whole: bool = False) -> Monomial:
        """The monomial of an operand; one that matrix notation cannot say gets a "where" line."""
        found = self.written.get(node)
        if found is not None:
            return found
        if node.ndim > 2 or whole:
            raise NotReducible
        return self.named(node)

    def named(self, node: Node) -> Monomial:
        """A name for a node, with a line in index notation that defines it."""
        found = self.known(node)
        return _atom(self.define(node)) if found is None else found

    def define(self, node: Node) -> Tree:
        """A new name for a node, whatever else is known of it."""
        title = name(self.names.for_kind(node.ndim), node.ndim, symmetric(node))
        (self.tensors if node.ndim > 2 else self.written)[node] = _atom(title)
        self.definitions.append((title, node))
        return title

    def known(self, node: Node) -> Monomial | None:
        """What a node is written as, or its name; None where it is neither."""
        if isinstance(node, Variable):
            return _atom(self.variable(node))
        found = self.written.get(node)
        return self.tensors.get(node) if found is None else found

    def variable(self, node: Variable) -> Tree:
        """A variable as it is drawn."""
        drawn = self.drawn.get(node)
        return name(node.name, node.ndim, symmetric(node)) if drawn is None else drawn

    def constant_name(self, node: Constant) -> str:
        for text, other in self.constants.items():
            if other is node:
                return text
        text = self.names.fresh("C" if node.ndim > 1 else "c", numbered=True)
        self.constants[text] = node
        return text

    def _application(self, node: Apply) -> Monomial:
        operands = [self._of(o) for o in node.operands]
        if node.function == "power":
            e = node.param("exponent")
            if not node.ndim:
                return operands[0].raised(e)
            return _atom(elementwise_power(operands[0].tree(), e))
        return _atom(self.applied(node, [m.tree() for m in operands]))

    def applied(self, node: Apply, operands: Sequence[Tree]) -> Tree:
        """A function of written operands."""
        kind = _kind(node)
        if operands and lookup(node.function).elementwise:
            operands = alike(operands)
            kind = (any(o.kind[0] for o in operands), any(o.kind[1] for o in operands))
        return call(
            node.function,
            *operands,
            params=node.params,
            kind=kind,
            symmetric=symmetric(node),
        )

    def network(self, factors: Sequence[Factor], sizes: Sequence[Dim], kept: set[int]) -> Network:
        """The reduced network of a product; nested products of more than two axes are opened."""
        sizes = list(sizes)
        net = Network(sizes, kept)
        pending = list(factors)[::-1]
        count = 0
        while pending:
            factor = pending.pop()
            count += 1
            if count > MAX_FACTORS:
                raise NotReducible
            node, indices = factor
            monomial = self.written.get(node)
            if monomial is None:
                pending.extend(_opened(node, indices, net, sizes)[::-1])
                continue
            flat = [axis[0] for axis in indices if len(axis) == 1]
            if len(flat) == len(indices):
                net.add(monomial, flat)
            else:
                net.add(*_regrouped(monomial, node, indices, sizes))
        net.reduce()
        return net

    def factor(self, node: Node) -> Factor:
        """A node as a factor with the atoms 0, 1, …"""
        return Factor(node, tuple((k,) for k in range(node.ndim)))

    def product(self, node: Contraction | Term) -> Monomial:
        """A product of at most two axes; merged axes are Kronecker products and vecs."""
        if isinstance(node, Contraction):
            net = self.network(node.factors, node.sizes, set(node.out))
            return net.monomial(node.out)
        kept = {a for axis in node.out for a in axis}
        net = self.network(node.factors, node.sizes, kept)
        net.coefficient = node.coefficient
        if all(len(axis) == 1 for axis in node.out):
            return net.monomial([axis[0] for axis in node.out])
        net.check_reduced()
        return net.scalar()._replace(core=kronecker_form(net, node.out))


def _opened(
    node: Node, indices: Sequence[AxisIndex], net: Network, sizes: list[Dim]
) -> list[Factor]:
    """The factors of a nested product, with its indices put in."""
    if isinstance(node, Contraction):
        out: Sequence[AxisIndex] = [(a,) for a in node.out]
    elif isinstance(node, Term):
        out = node.out
        flat = [a for axis in out for a in axis]
        if len(set(flat)) < len(flat):
            raise NotReducible
        net.coefficient = net.coefficient * node.coefficient
    else:
        raise NotReducible
    local: dict[int, int] = {}
    for outer, inner in zip(indices, out, strict=True):
        if len(outer) != len(inner):
            raise NotReducible
        local.update(zip(inner, outer, strict=True))
    for atom, dim in enumerate(node.sizes):
        if atom not in local:
            local[atom] = len(sizes)
            sizes.append(dim)
    return [
        Factor(f.node, tuple(tuple(local[a] for a in axis) for axis in f.indices))
        for f in node.factors
    ]


def _regrouped(
    monomial: Monomial, node: Node, indices: Sequence[AxisIndex], sizes: Sequence[Dim]
) -> tuple[Monomial, list[int]]:
    """A factor with merged or vanished axes: a reshaped vector, a row or column of size 1."""
    core = monomial.core
    flat = [a for axis in indices for a in axis]
    if core is None:
        return monomial, []
    if node.ndim == 1 and len(flat) == 2:
        shape = (sizes[flat[0]], sizes[flat[1]])
        core = call("reshape", core, params=shape, kind=(True, True))
        return monomial._replace(core=core), flat
    if len(flat) <= 1 and all(len(axis) <= 1 for axis in indices):  # other axes have size 1
        if flat:
            if core.kind == MATRIX:
                core = call("vec", core, kind=COLUMN)
            return monomial._replace(core=transposed(core) if core.kind == ROW else core), flat
        return monomial._replace(core=None).times(_atom(call("sum", core))), flat
    raise NotReducible


def _atom(tree: Tree) -> Monomial:
    return Monomial.of(1, {}, tree)


def _kind(node: Node) -> tuple[bool, bool]:
    return (node.ndim >= 1, node.ndim >= 2)
