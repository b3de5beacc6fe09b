"""A formula cut in two: partial results that blocks of rows give, and the rest of it.

A single walk gives each node its `Status`. Where a sum over the rows ends (or a logsumexp, a
largest or smallest entry, a product), the part of the formula below it that has rows becomes a
`Partial`, and a variable stands for it above. Σ f_i softmax(z)_i over rows i is summed with the
softmax and logsumexp of the block, and rescaled when blocks meet: no exponential overflows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..dims import Dim, product
from ..errors import InputError, UnsupportedError
from ..ir.apply import apply
from ..ir.build import einsum, multiply, number
from ..ir.facts import facts_of
from ..ir.loop import Scan
from ..ir.node import Apply, Contraction, Kernel, Node, Size, Sum, Term, Variable, size, variable
from ..ir.record import lookup
from ..ir.walk import rebuild, substitute, topological, variables
from ..simplify import canonical, flat
from .expand import expanded
from .products import Product, in_order, placed, product_of
from .rows import (
    NEEDS_TOTAL,
    Mixed,
    Rows,
    Shared,
    Status,
    Total,
    Weight,
    combined,
    has_rows,
    row_axes,
)

MAX_ROUNDS = 8  # of opening products, one level at a time
REDUCTIONS = ("logsumexp", "max", "min", "prod")


@dataclass(frozen=True)
class Partial:
    """A result of one block.

    Attributes
    ----------
    name:
        What it is called.
    node:
        What it is, of the rows of the block.
    kind:
        How two of them meet: `"sum"`, or the function of all rows that it is a part of.
    weights:
        The softmaxes over rows in a sum: how it is scaled when blocks meet.
    """

    name: str
    node: Node
    kind: str
    weights: tuple[Weight, ...] = ()

    @property
    def entries(self) -> Dim:
        """How many numbers it holds."""
        return product(self.node.shape)


@dataclass(frozen=True)
class Split:
    """A formula cut at the sums over its rows.

    Attributes
    ----------
    rows:
        The symbol of the size that is cut into blocks.
    partials:
        What each block gives.
    results:
        The outputs by name, in terms of variables that are called like the partial results.
    blocked:
        The variables that have rows, with the axis that has them.
    """

    rows: str
    partials: tuple[Partial, ...]
    results: Mapping[str, Node]
    blocked: Mapping[str, int]


def split(outputs: Mapping[str, Node], rows: str, show: Callable[[Node], str] = repr) -> Split:
    """Cut the outputs at the sums over the rows.

    Each is tried as it is, with its contractions opened, and expanded: Σ(x − mean(x))² is one
    pass over the rows when it is expanded.

    Parameters
    ----------
    outputs:
        Name → node.
    rows:
        The symbol of the size that is cut into blocks.
    show:
        How a node is written in messages.

    Raises
    ------
    InputError
        No variable has rows, or nothing depends on them.
    UnsupportedError
        A part of an output needs rows of several blocks at once; the message shows it.

    Examples
    --------
    >>> from eingrad.dims import as_dim
    >>> from eingrad.ir import build, node
    >>> X, w = node.variable("X", (as_dim("m"), as_dim("n"))), node.variable("w", (as_dim("n"),))
    >>> found = split({"y": build.contract("ij,ik,k->j", X, X, w)}, "m")
    >>> [(p.name, p.kind, str(p.entries)) for p in found.partials], dict(found.blocked)
    ([('partial0', 'sum', 'n')], {'X': 0})
    """
    found = variables(*outputs.values())
    blocked = _blocked(found, rows)
    if not blocked:
        raise InputError(
            f"nothing here depends on rows of a size {rows}",
            hint="name the symbol that the rows of the data have in their shape",
        )
    splitter = _Splitter(rows, show)
    results = {name: splitter.result(name, node) for name, node in outputs.items()}
    kept = splitter.needed(results)
    if not kept:
        raise InputError(
            f"the result does not depend on the rows {rows}", hint="function() computes it"
        )
    return Split(rows, *_renumbered(kept, results, {v.name for v in found}), blocked)


def _renumbered(
    kept: Mapping[Variable, Partial], results: Mapping[str, Node], taken: set[str]
) -> tuple[tuple[Partial, ...], dict[str, Node]]:
    """The partial results that are used, counted afresh."""
    new: dict[Node, Node] = {}
    partials = []
    count: dict[str, int] = {}
    for v, p in kept.items():
        stem = "rows" if isinstance(p.node, Size) else "partial" if p.kind == "sum" else p.kind
        name = stem if stem == "rows" else f"{stem}{count.get(stem, 0)}"
        count[stem] = count.get(stem, 0) + 1
        while name in taken:
            name += "_"
        partials.append(replace(p, name=name))
        new[v] = variable(name, v.shape, v.facts)
    return tuple(partials), {key: substitute(node, new) for key, node in results.items()}


def _blocked(found: Sequence[Variable], rows: str) -> dict[str, int]:
    """The variables with rows, and which axis those are."""
    blocked = {}
    for v in found:
        axes = row_axes(v.shape, rows)
        if len(axes) > 1:
            raise UnsupportedError(f"{v.name} has the size {rows} on {len(axes)} axes")
        if axes:
            if v.shape[axes[0]] != Dim.symbol(rows):
                raise UnsupportedError(
                    f"{v.name} has an axis of size {v.shape[axes[0]]}, "
                    f"which blocks of the rows {rows} do not say how to cut"
                )
            blocked[v.name] = axes[0]
    return blocked


class _Splitter:
    """Finds the status of nodes; partial results are shared by all outputs."""

    def __init__(self, rows: str, show: Callable[[Node], str]) -> None:
        self.rows = rows
        self.show = show
        self.partials: dict[Variable, Partial] = {}
        self._variables: dict[tuple[str, Node, tuple[Weight, ...]], Variable] = {}
        self._status: dict[Node, Status] = {}

    def result(self, name: str, node: Node) -> Node:
        """An output in terms of partial results, in the first form that can be cut."""
        first: UnsupportedError | None = None
        for form in self._forms(node):
            try:
                return self._cut(name, form)
            except UnsupportedError as error:
                first = first or error
        assert first is not None
        raise first

    def _forms(self, node: Node) -> Iterator[Node]:
        """The node as it is, then opened where it must be, then opened and expanded throughout.

        Least first: expanded, a sum of squares of small residuals would lose digits.
        """
        yield node
        form = node
        for _ in range(MAX_ROUNDS):
            opened = expanded(form, lambda n: isinstance(self._status.get(n), Mixed))
            if opened is form:
                break
            yield (form := opened)
        yield flat(node)
        yield canonical(node)

    def _cut(self, name: str, root: Node) -> Node:
        if row_axes(root.shape, self.rows):
            raise UnsupportedError(
                f"the {name} has the rows {self.rows} itself: it is as large as the data\n"
                "call function() on each block, and keep the pieces"
            )
        for node in topological(root):
            if node not in self._status:
                try:
                    self._status[node] = self._of(node)
                except UnsupportedError as error:
                    raise UnsupportedError(f"{self.show(node)}: {error}") from None
        status = self._status[root]
        if isinstance(status, Mixed):
            remedy = "compute what needs all rows first, and give it as a variable"
            hint = f"\n{remedy}" if status.why == NEEDS_TOTAL else ""
            raise UnsupportedError(f"{self.show(status.culprit)} {status.why}{hint}")
        return status.node if isinstance(status, Total) else root

    def partial(self, kind: str, node: Node, weights: tuple[Weight, ...] = ()) -> Variable:
        """The variable that stands for a partial result."""
        key = (kind, canonical(node), weights)
        if key not in self._variables:
            name = f"\0{len(self.partials)}"  # that no other variable has
            made = variable(name, node.shape, facts_of(node))
            self._variables[key] = made
            self.partials[made] = Partial(name, node, kind, weights)
        return self._variables[key]

    def needed(self, results: Mapping[str, Node]) -> dict[Variable, Partial]:
        """The partial results that some results are made of, with those that scale them."""
        used = set(variables(*results.values())) & self.partials.keys()
        scales = {
            self.partial("logsumexp", apply("logsumexp", w.of))
            for v in used
            for w in self.partials[v].weights
        }
        return {v: p for v, p in self.partials.items() if v in used | scales}

    # The status of one node, those of its operands being known.

    def _of(self, node: Node) -> Status:
        axes = row_axes(node.shape, self.rows)
        if len(axes) > 1:
            return Mixed(
                node, f"has the size {self.rows} on {len(axes)} axes: rows of all blocks meet in it"
            )
        statuses = [self._status[o] for o in node.operands]
        for status in statuses:
            if isinstance(status, Mixed):
                return status
        if isinstance(node, Variable):
            return Rows(axes[0], (Dim.symbol(self.rows),)) if axes else Shared()
        if isinstance(node, Size):
            return self._size(node)
        if isinstance(node, Kernel) and axes:
            return Mixed(node, f"is a pattern along the rows {self.rows}, which goes across blocks")
        if isinstance(node, Apply):
            return self._apply(node, statuses)
        if isinstance(node, Contraction | Term):
            return self._product(node)
        if isinstance(node, Sum) and axes:
            return self._alike(node, statuses)
        if isinstance(node, Scan) and (axes or not all(isinstance(s, Shared) for s in statuses)):
            return Mixed(node, f"is a recurrence with the rows {self.rows}: it needs all of them")
        return self._without_rows(node)

    def _size(self, node: Size) -> Status:
        if self.rows not in node.dim.symbols():
            return Shared()
        has_rows(node.dim, self.rows)
        count = self.partial("sum", size(Dim.symbol(self.rows)))
        ((symbols, coefficient),) = node.dim.terms
        others = [size(Dim.symbol(s)) for s in symbols if s != self.rows]
        return Total(multiply(number(coefficient), count, *others))

    def _without_rows(self, node: Node) -> Status:
        """A node none of whose axes and operands has rows."""
        operands = [self._status[o] for o in node.operands]
        if not any(isinstance(s, Total) for s in operands):
            return Shared()
        new = tuple(
            s.node if isinstance(s, Total) else o
            for s, o in zip(operands, node.operands, strict=True)
        )
        return Total(rebuild(node, new))

    def _alike(self, node: Node, statuses: Sequence[Status]) -> Status:
        """A sum or an elementwise function with rows: all operands have them in the same way."""
        found = [s for s in statuses if isinstance(s, Rows)]
        if len(found) < len(statuses):
            return Mixed(node, NEEDS_TOTAL)
        if not found or any(s != found[0] for s in found):
            if not found or len({s.cut for s in found}) > 1:
                return Mixed(node, f"arranges the rows {self.rows} in two ways")
            return Mixed(node, NEEDS_TOTAL)
        return found[0]

    def _apply(self, node: Apply, statuses: Sequence[Status]) -> Status:
        with_rows = [s for s in statuses if isinstance(s, Rows)]
        if not with_rows:
            if row_axes(node.shape, self.rows):
                return Mixed(node, f"numbers the rows {self.rows}, which blocks do not know")
            return self._without_rows(node)
        record = lookup(node.function)
        first = with_rows[0]
        if record.elementwise:
            status = self._alike(node, statuses)
            if not isinstance(status, Rows) or not status.weights:
                return status
            if node.function != "power":
                return Mixed(node, NEEDS_TOTAL)
            e = node.param("exponent")
            scaled = [Weight(w.of, w.power * e, w.axes) for w in status.weights]
            return Rows(status.axis, status.cut, combined(scaled))
        if len(with_rows) < len(statuses) or any(s.weights for s in with_rows):
            return Mixed(node, NEEDS_TOTAL)
        batch = self._batch(node)
        if all(s.axis < batch for s in with_rows):
            return Rows(first.axis, first.cut)
        if node.function in REDUCTIONS:
            return Total(self.partial(node.function, node))
        if node.function == "softmax":
            others = tuple(range(node.ndim - 1))
            return Rows(first.axis, first.cut, (Weight(node.operands[0], 1, others),))
        return Mixed(node, f"needs all rows {self.rows} at once")

    def _batch(self, node: Apply) -> int:
        """How many leading axes of the operands only number independent applications."""
        record = lookup(node.function)
        signature = record.signature
        operand = node.operands[0]
        if record.looks_up:
            return operand.ndim
        if not isinstance(signature, str):
            return 0
        return operand.ndim - len(signature.split("->")[0].split(",")[0].split())

    # Products.

    def _product(self, node: Contraction | Term) -> Status:
        found = product_of(node, self._status, self.rows)
        if isinstance(found, Mixed):
            return found
        if not found.groups:
            if row_axes(node.shape, self.rows):  # ones along the rows, and what all rows share
                total = any(isinstance(self._status[o], Total) for o in node.operands)
                return Mixed(node, NEEDS_TOTAL) if total else found.kept(node)
            return self._without_rows(node)
        if row_axes(node.shape, self.rows):
            across = len(found.groups) > 1 or found.totals
            return Mixed(node, NEEDS_TOTAL) if across else found.kept(node)
        weights = found.whole()
        if weights is not None:
            return Total(self._sum(node, weights))
        return self._apart(node, found)

    def _sum(self, node: Node, weights: tuple[Weight, ...]) -> Variable:
        for w in weights:
            self.partial("logsumexp", apply("logsumexp", w.of))
        return self.partial("sum", node, weights)

    def _apart(self, node: Contraction | Term, found: Product) -> Status:
        """Each group of factors that share rows summed by itself, the rest of the product above."""
        sizes: dict[Hashable, Dim] = dict(enumerate(node.sizes))
        factors: list[tuple[Node, Sequence[tuple[int, ...]]]] = []
        for members in found.groups.values():
            atoms = found.outer_atoms(members)
            axes = [(a,) for a in atoms]
            inner = einsum([(m.factor.node, m.factor.indices) for m in members], axes, 1, sizes)
            scales = [w for m in members for w in m.weights]
            weights = placed(scales, {a: k for k, a in enumerate(atoms)})
            if weights is None or not in_order(weights):
                return Mixed(node, "scales one sum over rows along two orders of its axes")
            factors.append((self._sum(inner, weights), axes))
        for f in found.rest:
            status = self._status[f.node]
            factors.append((status.node if isinstance(status, Total) else f.node, f.indices))
        out = node.out if isinstance(node, Term) else [(a,) for a in node.out]
        coefficient = node.coefficient if isinstance(node, Term) else 1
        return Total(einsum(factors, out, coefficient, sizes))
