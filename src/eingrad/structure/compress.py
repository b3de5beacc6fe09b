"""A derivative condensed to the small arrays in it, with the rule by which they meet a gradient.

∂Y/∂X is the tensor by which an incoming gradient G = ∂L/∂Y becomes ∂L/∂X. Its deltas only say
which axes pass through; what is left are its cores, and the side on which each multiplies G. Both
are read off the axes that a core joins, nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..dims import Dim, product
from ..errors import InputError, ShapeError
from ..ir.build import add, einsum, exact, number_of, zeros
from ..ir.node import AxisIndex, Node, Shape
from .count import stored
from .decompose import Core, Decomposition, StructuredTerm
from .sides import Block, Sides, sides

Write = Callable[[Node], str]


@dataclass(frozen=True)
class Condensed:
    """One array that a derivative condenses to.

    Attributes
    ----------
    node:
        The array, transposed as it is used.
    atoms:
        The atoms of the term on its axes.
    meets:
        How it meets the incoming gradient: `left` or `right` (a matrix product, it stands on that
        side), `outer left` or `outer right` (it has an axis that the gradient has not),
        `elementwise`, `products summed` (elementwise, then a sum), `weights` (the gradient is
        summed with it), `spread` (it adds an axis), `scaled` (by a gradient that is a number),
        `contraction` (over more axes than matrices have), `number`.
    """

    node: Node
    atoms: tuple[int, ...]
    meets: str


@dataclass(frozen=True)
class CondensedTerm:
    """What one term condenses to.

    Attributes
    ----------
    objects:
        The arrays.
    transposed:
        Whether the incoming gradient is transposed.
    summed, repeated:
        Axes of the output over which the gradient is summed; axes of the input along which the
        result repeats.
    sizes, axes:
        The recorded deltas: for each axis of the full tensor its atoms, and the size of each.
    """

    objects: tuple[Condensed, ...]
    transposed: bool
    summed: tuple[int, ...]
    repeated: tuple[int, ...]
    sizes: Shape
    axes: tuple[AxisIndex, ...]

    @property
    def node(self) -> Node:
        """The full tensor of this term, from the condensed arrays and the deltas alone."""
        factors = [(o.node, [(a,) for a in o.atoms]) for o in self.objects]
        return einsum(factors, self.axes, 1, dict(enumerate(self.sizes)))

    def pullback(self, incoming: Node, n_out: int) -> Node:
        """Σ over the output's axes of the incoming gradient times the tensor."""
        factors = [(o.node, [(a,) for a in o.atoms]) for o in self.objects]
        return einsum(
            [(incoming, self.axes[:n_out]), *factors],
            self.axes[n_out:],
            1,
            dict(enumerate(self.sizes)),
        )


@dataclass(frozen=True)
class Compression:
    """A condensed derivative: arrays, a rule, and the way back.

    Attributes
    ----------
    terms:
        One for each term of the tensor.
    incoming:
        The incoming gradient G, of the output's shape.
    pullback:
        ∂L/∂X as an expression in G and the condensed arrays.
    sentence:
        What it condenses to, and how that meets G.
    lossless:
        Whether `expand()` is exactly the tensor.
    lost:
        What is lost otherwise.
    numbers, entries:
        How many numbers are kept, and how many entries the tensor has.
    """

    terms: tuple[CondensedTerm, ...]
    incoming: Node
    pullback: Node
    sentence: str
    shape: Shape
    n_out: int
    numbers: Dim
    entries: Dim
    lossless: bool = True
    lost: str = ""

    @property
    def objects(self) -> tuple[Node, ...]:
        """All condensed arrays, the same one once."""
        return tuple(dict.fromkeys(o.node for t in self.terms for o in t.objects))

    @property
    def node(self) -> Node:
        """The one condensed array.

        Raises
        ------
        InputError
            There are several; `objects` has them.
        """
        held = [o.node for t in self.terms for o in t.objects]
        if len(held) != 1:
            raise InputError(
                f"this derivative condenses to {len(held)} arrays, not to one",
                hint="see .objects, and .terms for how each meets the gradient",
            )
        return held[0]

    def expand(self) -> Node:
        """The exact tensor again, from the condensed arrays and the recorded deltas."""
        return add(*(t.node for t in self.terms)) if self.terms else zeros(self.shape)

    def pull(self, incoming: Node) -> Node:
        """The pullback of another incoming gradient.

        Raises
        ------
        ShapeError
            It has not the output's shape.
        """
        if incoming.shape != self.shape[: self.n_out]:
            raise ShapeError("the incoming gradient must have the shape of the output")
        if not self.terms:
            return zeros(self.shape[self.n_out :])
        return add(*(t.pullback(incoming, self.n_out) for t in self.terms))

    def __str__(self) -> str:
        return self.sentence


def compress(
    found: Decomposition,
    incoming: Node,
    write: Write = repr,
    title: str = "∂Y/∂X",
    by: str = "X",
) -> Compression:
    """Condense a derivative by its last input.

    Parameters
    ----------
    found:
        Its structure; the axes of the last input are those that G is carried to.
    incoming:
        G, of the shape of the other axes.
    write:
        How to write a node as a formula.
    title, by:
        What to call the derivative and the last input in the sentence.
    """
    n_out = len(found.shape) - (found.inputs[-1] if found.inputs else 0)
    if incoming.shape != found.shape[:n_out]:
        raise ShapeError("the incoming gradient must have the shape of the output")
    terms = tuple(condense(t, n_out) for t in found.merged().terms)
    pulled = (
        add(*(t.pullback(incoming, n_out) for t in terms)) if terms else zeros(found.shape[n_out:])
    )
    sentence = f"{_said(title, terms, write)}: ∂L/∂{by} = {write(pulled)}"
    return Compression(
        terms,
        incoming,
        pulled,
        sentence,
        found.shape,
        n_out,
        stored(found.merged().terms) if terms else Dim([]),
        product(found.shape),
    )


def condense(term: StructuredTerm, n_out: int) -> CondensedTerm:
    """The arrays of one term, each turned the way in which it meets the gradient."""
    seen = sides(term, n_out, in_pieces=True)
    simple = (
        n_out <= 2
        and len(term.axes) - n_out <= 2
        and all(len(axis) <= 1 for axis in term.axes)
        and not seen.odd
    )
    objects = [_turned(term, b, n_out, simple) for b in seen.blocks if b.core is not None]
    head = einsum([(term.scalar, [])] if term.scalar else [], [], term.coefficient)
    if not objects:
        objects = [Condensed(head, (), "number")]
    elif head is not einsum([], [], 1):
        first = objects[0]
        indices = [(k,) for k in range(len(first.atoms))]
        scaled = einsum([(first.node, indices), (head, [])], indices)
        objects[0] = Condensed(scaled, first.atoms, first.meets)
    ones = [b for b in seen.blocks if b.core is None]
    summed = tuple(k for b in ones for a in b.rows for k in term.places(a))
    repeated = tuple(k - n_out for b in ones for a in b.columns for k in term.places(a))
    return CondensedTerm(
        tuple(objects),
        simple and _is_transposed(term, seen, n_out),
        summed,
        repeated,
        term.sizes,
        term.axes,
    )


def _turned(term: StructuredTerm, block: Block, n_out: int, simple: bool) -> Condensed:
    """A core with its axes in the order in which it meets the gradient."""
    core = block.core
    assert core is not None
    two = len(term.axes) - n_out == 2
    if not block.rows and not block.columns:
        return _permuted(core, core.atoms, "elementwise")
    if not n_out:
        return _permuted(core, core.atoms, "scaled")
    if block.both and block.rows and not block.columns:
        return _permuted(core, core.atoms, "products summed")
    if block.both and block.columns and not block.rows:
        return _permuted(core, core.atoms, "spread")
    if block.both or not simple or any(len(x) > 1 for x in (block.rows, block.columns)):
        order = (*block.both, *block.rows, *block.columns)
        return _permuted(core, order, "contraction")
    if not block.columns:
        return _permuted(core, core.atoms, "weights")
    right = two and term.places(block.columns[0])[-1] == len(term.axes) - 1
    if not block.rows:
        return _permuted(core, block.columns, "outer right" if right else "outer left")
    if right:
        return _permuted(core, (*block.rows, *block.columns), "right")
    return _permuted(core, (*block.columns, *block.rows), "left")


def _permuted(core: Core, order: tuple[int, ...], meets: str) -> Condensed:
    axes = [(a,) for a in core.atoms]
    return Condensed(einsum([(core.node, axes)], [(a,) for a in order]), order, meets)


def _is_transposed(term: StructuredTerm, seen: Sides, n_out: int) -> bool:
    """Whether an axis of the gradient ends on the other side of the result."""
    into = len(term.axes) - n_out
    for block in seen.blocks:
        for a in block.both:
            here, there = term.places(a)[0], term.places(a)[-1] - n_out
            if into == 2 and here != there if n_out == 2 else into == 2 and there == 1:
                return True
        if block.rows and block.columns and n_out == 2 and into == 2:
            here = term.places(block.rows[0])[0]
            there = term.places(block.columns[0])[-1] - n_out
            if here != there:
                return True
    return False


# --- words ----------------------------------------------------------------------------------------


def _said(title: str, terms: tuple[CondensedTerm, ...], write: Write) -> str:
    if not terms:
        return f"{title} is zero"
    if len(terms) == 1:
        objects, rule = _term_said(terms[0], write)
        return f"{title} condenses to {objects}; {rule}"
    parts = []
    for k, term in enumerate(terms):
        objects, rule = _term_said(term, write)
        parts.append(f"({k + 1}) {objects}; {rule}")
    return f"{title} condenses to a sum of {len(terms)} terms: {'. '.join(parts)}"


def _term_said(term: CondensedTerm, write: Write) -> tuple[str, str]:
    """`Bᵀ`, `it multiplies the incoming gradient from the right`."""
    g = "the transposed incoming gradient" if term.transposed else "the incoming gradient"
    names = [write(o.node) for o in term.objects]
    shown = " and ".join(dict.fromkeys(names))
    several = len(term.objects) > 1
    rules = []
    for o, name in zip(term.objects, names, strict=True):
        rule = _RULES[o.meets].format(
            g=g, it=name if several else "it", its=f"{name}'s" if several else "its"
        )
        if o.meets == "number":
            shown = f"the number {name}"
            if exact(number_of(o.node) or 0) == 1:
                rule = f"{g} passes through"
        rules.append(rule)
    if term.summed:
        rules.append(f"the gradient is summed over axis {_listed(term.summed)}")
    if term.repeated:
        rules.append(f"the result repeats along axis {_listed(term.repeated)}")
    if term.summed and term.objects[0].meets == "number" and rules[0].endswith("passes through"):
        rules = rules[1:]
    return shown, ", ".join(rules)


def _listed(axes: tuple[int, ...]) -> str:
    return " and ".join(map(str, axes))


_RULES = {
    "left": "{it} multiplies {g} from the left",
    "right": "{it} multiplies {g} from the right",
    "outer left": "{it} multiplies {g} from the left as an outer product",
    "outer right": "{it} multiplies {g} from the right as an outer product",
    "elementwise": "{it} multiplies {g} elementwise",
    "weights": "{g} is summed with {its} entries as weights",
    "products summed": "{it} multiplies {g} elementwise, and the products are summed",
    "spread": "{it} is multiplied elementwise by {g}, repeated along its other axes",
    "scaled": "{it} is multiplied by {g}, a number",
    "contraction": "{it} is contracted with {g}",
    "number": "{it} multiplies {g}",
}
