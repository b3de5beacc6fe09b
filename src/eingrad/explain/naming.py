"""The computation as named intermediate results.

A name is given where a rule of its own applies: to each function, to what a function is applied to,
to what is used twice, and to a sum inside of a product. Everything else stays inside the formula
that uses it, as a person would write it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from ..dims import product, shape_text
from ..ir.fired import Fired
from ..ir.node import Apply, Contraction, Node, Shape, Sum, Term, Variable, variable
from ..ir.walk import count_uses, depending_on, rebuild, topological, variables
from ..notation import Formula, formula
from ..notation.names import Names
from .steps import Equation, Quantity
from .written import PLAIN, SUPERSCRIPTS, Entry, Math, Written, mark, math


class Naming:
    """The names of one derivation: y as quantities, the last of which is y itself."""

    def __init__(self, y: Node, x: Variable, label: str, taken: Iterable[str] = ()) -> None:
        self.x = x
        found = variables(y)
        sizes = {s for v in (*found, x) for dim in v.shape for s in dim.symbols()}
        self.names = Names({*taken, label, x.name, *(v.name for v in found)} | sizes, sizes)
        self.directions: dict[str, Quantity] = {}
        self.start = self._quantity(x, x, x, ())
        self.quantities = self._named(y, label)

    @property
    def taken(self) -> frozenset[str]:
        """The names of variables: sizes have names of their own, which nothing is called by."""
        return frozenset(self.names.taken - self.names.sizes)

    @property
    def root(self) -> Quantity:
        """y."""
        return self.quantities[-1]

    def _quantity(
        self, own: Variable, definition: Node, full: Node, inputs: tuple[Quantity, ...]
    ) -> Quantity:
        direction = variable(self.names.fresh(f"d{own.name}"), own.shape)
        made = Quantity(own, definition, full, direction, inputs)
        self.directions[direction.name] = made
        return made

    def _named(self, y: Node, label: str) -> list[Quantity]:
        order = topological(y)
        dependent = depending_on(order, [self.x])
        chosen = _worth_a_name(y, order, dependent, self.x)
        result: list[Quantity] = []
        new: dict[Node, Node] = {}
        below: dict[Node, tuple[Quantity, ...]] = {self.x: (self.start,)}
        for node in order:
            new[node] = rebuild(node, tuple(new[o] for o in node.operands))
            if node is not self.x:
                inputs = dict.fromkeys(q for o in node.operands for q in below.get(o, ()))
                below[node] = tuple(inputs)
            if node in chosen:
                name = label if node is y else self.names.for_kind(node.ndim)
                own = variable(name, node.shape)
                made = self._quantity(own, new[node], node, below[node])
                result.append(made)
                if node is not y:
                    new[node], below[node] = own, (made,)
        return result

    # What is written ----------------------------------------------------------------------------

    def formula(self, node: Node, form: str = "auto") -> Formula:
        """The formula of a node in the names of the derivation."""
        made = formula(node, form=form, names_taken=self.taken)
        shown = {name: q.shape for name, q in self.directions.items()}
        return replace(made, directions={**made.directions, **shown})

    def write(self, node: Node) -> Math:
        """The formula as a row."""
        return math(self.formula(node))

    def boxed(self, node: Node, *names: str) -> Math:
        """The formula with some of its names marked."""
        return self.put(node, {name: self.name(name) for name in names})

    def put(self, node: Node, texts: dict[str, Math]) -> Math:
        """The formula with marked mathematics in the place of some of its names."""
        return math(Written(self.formula(node), {k: math(mark(v)) for k, v in texts.items()}))

    def equation(
        self, left: Math, right: Node, *, of: str = "", differential: bool = False, shapes: str = ""
    ) -> Equation:
        """left = right, with the letters of the entry where the right side is in index notation."""
        written = self.formula(right)
        row = math(at(left, written), " = ", written)
        return Equation(row, shapes or self.shapes(right), right, of, differential)

    def shapes(self, node: Node) -> str:
        """`A: m×n, dx: n ⟶ m`: the shapes on the right side, then that of the whole."""
        own = [f"{v.name}: {shape_text(v.shape)}" for v in variables(node)]
        return f"{', '.join(own)} ⟶ {shape_text(node.shape)}" if own else shape_text(node.shape)

    def used(self, fired: Iterable[Fired]) -> list[Math]:
        """The rewrites of records that were used, as equations where they are about a node."""
        said: dict[str, Math] = {}
        for f in fired:
            row = math(f.law)
            if f.before is not None and f.after is not None:
                row = math(self.write(f.before), " = ", self.write(f.after))
            said.setdefault(PLAIN.draw(row), row)
        return list(said.values())

    def name(self, name: str) -> Math:
        """A name, or the differential of that name, alone."""
        for q in (self.start, *self.quantities):
            if name == q.name:
                return self.write(q.variable)
        return self.write(self.directions[name].direction)


def count_text(shape: Shape) -> str:
    """How many entries a shape has, as a person writes it.

    >>> from eingrad.dims import Dim
    >>> count_text((Dim.symbol("m"), Dim.symbol("n"), Dim.symbol("n")))
    'm·n²'
    """
    size = product(shape)
    if len(size.terms) != 1:
        return str(size)
    parts = Counter(str(size).split("*"))
    return "·".join(
        part if k == 1 else part + (SUPERSCRIPTS.get(k) or f"^{k}") for part, k in parts.items()
    )


def at(left: Math, written: Formula) -> Math:
    """A left side, or the entry of it that a formula in index notation gives."""
    if not written.letters:
        return left
    letters = tuple("".join(axis) for axis in written.letters)
    body = left if len(left.parts) == 1 else math("(", left, ")")
    return math(Entry(body, letters))


def _worth_a_name(y: Node, order: list[Node], dependent: set[Node], x: Variable) -> set[Node]:
    uses = count_uses(y)
    chosen = {y}
    for node in order:
        if node not in dependent:
            continue
        if isinstance(node, Apply):
            chosen.add(node)
            chosen.update(o for o in node.operands if o in dependent)
        if uses[node] > 1 and not _plain(node):
            chosen.add(node)
        if isinstance(node, Contraction | Term) and len(node.factors) > 1:
            chosen.update(o for o in node.operands if isinstance(o, Sum) and o in dependent)
    chosen.discard(x)
    return chosen | {y}


def _plain(node: Node) -> bool:
    """A node that is another one scaled, transposed or spread: no result of its own."""
    return isinstance(node, Term) and len(node.factors) == 1
