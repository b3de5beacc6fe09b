"""From a node to its formula in the form asked for, and from the formula to text.

>>> from eingrad.dims import Dim
>>> from eingrad.ir import build, node
>>> m, n = Dim.symbol("m"), Dim.symbol("n")
>>> A, x, y = (node.variable(*v) for v in [("A", (m, n)), ("x", (n,)), ("y", (m,))])
>>> r = build.subtract(build.contract("ij,j->i", A, x), y)
>>> print(to_unicode(formula(build.contract("ij,i->j", A, r, coefficient=2))))
2Aᵀ(Ax − y)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..dims import product
from ..errors import ShapeError
from ..ir.build import einsum, transpose
from ..ir.node import Node, Shape, Sum, Term, Variable, variable
from ..ir.record import REGISTRY
from ..ir.walk import topological, variables
from .index import IndexWriter, Letters, output_letters
from .kronecker import kronecker_form
from .latex import LATEX
from .mathml import MATHML
from .monomial import Monomial
from .names import Names
from .network import NotReducible
from .recurrence import Recurrences
from .render import Renderer
from .sharing import Line, share
from .sizing import hide_sizes
from .split import LAYOUTS, Split
from .styles import UNICODE, Style
from .sums import add_monomials
from .tree import COLUMN, MATRIX, ZERO, Tree, call, make, transposed
from .treewalk import post_order
from .writer import Writer

FORMS = ("auto", "matrix", "index", "vec", "differential")


@dataclass(frozen=True)
class Formula:
    """A formula as a tree, with the lines that define what it names.

    Attributes
    ----------
    tree:
        What is written. For index notation, the entry at `letters`.
    letters:
        The letters of the output axes in index notation, one tuple for each axis; else `()`.
    where:
        Definitions, each before its use; one with letters defines an entry.
    form:
        `matrix`, `index`, `vec` or `differential`.
    shape:
        The shape of the value; in vec form of the written matrix.
    directions:
        Shapes of the directions dA of a differential.
    constants:
        Arrays that the formula refers to by a name.
    names:
        All names in use.
    notes:
        What the reader should know, such as why another form was taken.
    steps:
        The letter of the running step of a recurrence, and the number of steps.
    """

    tree: Tree
    letters: Letters
    where: tuple[Line, ...]
    form: str
    shape: Shape
    directions: Mapping[str, Shape] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return to_unicode(self)


def formula(
    node: Node,
    *,
    form: str = "auto",
    axes: Sequence[int] | None = None,
    split: Split | None = None,
    inputs: Sequence[str] = (),
    names_taken: Iterable[str] = frozenset(),
    row: bool = False,
) -> Formula:
    """The formula of a node.

    Parameters
    ----------
    node:
        Any node; for a derivative with its `split`, axes of the output first.
    form:
        `matrix` (up to two axes; index notation where that cannot say it), `index`, `vec`
        (∂vec Y/∂vec Xᵀ) or `differential` (contracted with directions); `auto` takes
        `matrix` up to two axes and `differential` or `index` beyond.
    axes:
        The order of the axes to print (a layout); ignored by `vec` and `differential`.
    split, inputs:
        For a derivative: which axes are whose, and the names of the inputs.
    names_taken:
        Names that the formula must not invent, besides those of the node's variables.
    row:
        Whether a vector is written as a row, in matrix notation.

    Raises
    ------
    ShapeError
        `form` is unknown, or needs a `split` that is missing or does not fit.
    """
    if form not in FORMS:
        raise ShapeError(f"there is no form called {form}; there are {', '.join(FORMS)}")
    if form == "auto":
        form = "matrix" if node.ndim <= 2 else "differential" if split else "index"
    if form in ("vec", "differential"):
        if split is None or split.output + sum(split.inputs) != node.ndim:
            raise ShapeError(f"the {form} form needs to know which axes are output and input")
    elif axes is not None and tuple(axes) != tuple(range(node.ndim)):
        node = transpose(node, axes)
    found = variables(node)
    sizes = {
        s for shape in (node.shape, *(v.shape for v in found)) for d in shape for s in d.symbols()
    }
    names = Names([*names_taken, *(v.name for v in found)], sizes)
    if form == "differential":
        assert split is not None
        return _differential(node, split, inputs, names)
    draft = _Draft(names)
    if form == "vec":
        assert split is not None
        return draft.vec(node, split)
    return draft.plain(node, form, row=row)


def derivative_formula(
    node: Node,
    *,
    n_out: int,
    wrt: Sequence[Variable],
    form: str = "auto",
    layout: str = "mixed",
    names: Iterable[str] = frozenset(),
) -> Formula:
    """The formula of a derivative: axes of the output (`n_out`), then those of each variable.

    Parameters
    ----------
    form, names:
        As `form` and `names_taken` of `formula`.
    layout:
        `mixed`, `denominator` or `numerator`: the order of the axes that are printed.

    Raises
    ------
    ShapeError
        The axes are not those of the variables, or form or layout is unknown.
    """
    if layout not in LAYOUTS:
        raise ShapeError(f"there is no layout called {layout}; there are {', '.join(LAYOUTS)}")
    split = Split(n_out, tuple(v.ndim for v in wrt))
    return formula(
        node,
        form=form,
        axes=split.axes(layout),
        split=split,
        inputs=[v.name for v in wrt],
        names_taken=names,
        row=split.is_row(layout),
    )


class _Draft:
    """One formula being put together."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.writer = Writer(names)
        self.index = IndexWriter(self.writer)
        self.recurrences = Recurrences(self.writer, names)

    def plain(
        self, node: Node, form: str, notes: tuple[str, ...] = (), row: bool = False
    ) -> Formula:
        """Matrix notation where it can say the node, else (or if asked for) index notation."""
        node = self.recurrences.of_whole(node)
        monomial = self.writer.write(node)
        if form == "index" or monomial is None:
            if any(len(group) > 1 for group in output_letters(node)):
                # Letters of a merged axis stand on the left side of a line only.
                title = self.writer.define(node)
                return self.finish(title, (), "index", node.shape, notes)
            letters, tree = self.index.line(node)
            return self.finish(tree, letters, "index", node.shape, notes)
        if row and monomial.core is not None and monomial.core.kind == COLUMN:
            monomial = monomial._replace(core=transposed(monomial.core))
        return self.finish(self.whole(monomial), (), "matrix", node.shape, notes)

    def whole(self, monomial: Monomial) -> Tree:
        """The tree of a monomial; the zero of any shape is 0."""
        return monomial.tree() if monomial.coefficient else ZERO

    def vec(self, node: Node, split: Split) -> Formula:
        """The matrix ∂vec Y/∂vec Xᵀ; several inputs before the last count as output."""
        node = self.recurrences.rewritten(node)
        into = split.inputs[-1] if split.inputs else 0
        rows = tuple(range(node.ndim - into))
        columns = tuple(range(node.ndim - into, node.ndim))
        whole = self.writer.write(node)
        shape = tuple(product(node.shape[k] for k in part) for part in (rows, columns))
        terms = node.operands if isinstance(node, Sum) else (node,)
        if not rows and len(terms) > 1 and whole is not None and whole.core is not None:
            # Of a scalar by a matrix: the gradient as it is written, its columns stacked.
            if whole.core.kind == MATRIX:
                column = call("vec", whole.core, kind=COLUMN)
            else:
                column = whole.core if whole.core.kind == COLUMN else transposed(whole.core)
            return self.finish(
                self.whole(whole._replace(core=transposed(column))), (), "vec", shape
            )
        kind = (bool(rows), bool(columns))
        try:
            monomials = [self._vec_term(t, rows[::-1], columns[::-1]) for t in terms]
        except NotReducible:
            note = "no Kronecker form: index notation of the derivative instead"
            return self.plain(node, "index", (note,))
        total = add_monomials(monomials, kind)
        return self.finish(self.whole(total), (), "vec", shape)

    def _vec_term(self, term: Node, rows: tuple[int, ...], columns: tuple[int, ...]) -> Monomial:
        if isinstance(term, Term):
            atoms = list(term.out)
            kept = {a for axis in atoms for a in axis}
            net = self.writer.network(term.factors, term.sizes, kept)
            net.coefficient = term.coefficient
        elif isinstance(term, Sum):
            raise NotReducible
        else:
            atoms = [(k,) for k in range(term.ndim)]
            net = self.writer.network([self.writer.factor(term)], term.shape, set(range(term.ndim)))
        net.check_reduced()
        row_atoms = [a for k in rows for a in atoms[k]]
        column_atoms = [a for k in columns for a in atoms[k]]
        if not row_atoms and not column_atoms:
            return net.scalar()
        if not column_atoms:
            core = kronecker_form(net, [row_atoms])
        elif not row_atoms:
            core = transposed(kronecker_form(net, [column_atoms]))
        else:
            core = kronecker_form(net, [row_atoms, column_atoms])
        return net.scalar()._replace(core=core)

    def finish(
        self,
        tree: Tree,
        letters: Letters,
        form: str,
        shape: Shape,
        notes: tuple[str, ...] = (),
        directions: Mapping[str, Shape] | None = None,
    ) -> Formula:
        """Add the definitions, leave out sizes that follow, name shared parts."""
        steps = self._steps()
        lines = [*self._definitions(), *steps]
        lines.append(Line(None, letters, tree))
        lines = share(
            [line._replace(tree=hide_sizes(line.tree, line.title is None)) for line in lines],
            self.names,
        )
        main = next(line for line in lines if line.title is None)
        return Formula(
            tree=main.tree,
            letters=letters,
            where=tuple(line for line in lines if line.title is not None),
            form=form,
            shape=shape,
            directions=dict(directions or {}),
            constants={k: c.value for k, c in self.writer.constants.items()},
            names=frozenset(self.names.taken),
            notes=(*notes, *_explained(lines)),
            steps=self.recurrences.running.ranges(),
        )

    def _steps(self) -> list[Line]:
        """The lines of recurrences: one step, and the start."""
        lines = []
        for title, node in self.recurrences.definitions():
            monomial = self.writer.write(node)
            if monomial is not None:
                lines.append(Line(title, (), self.whole(monomial)))
            else:
                letters, tree = self.index.line(node, sized=True)
                lines.append(Line(title, letters, tree))
        return lines

    def _definitions(self) -> list[Line]:
        """A line for each node that got a name, in the order of the graph."""
        lines: dict[Node, Line] = {}
        done = 0
        while done < len(self.writer.definitions):
            title, node = self.writer.definitions[done]
            letters, tree = self.index.line(node, sized=True)
            lines[node] = Line(title, letters, tree)
            done += 1
        place = {n: k for k, n in enumerate(topological(*lines))}
        return [lines[node] for node in sorted(lines, key=place.__getitem__)]


def _explained(lines: Sequence[Line]) -> list[str]:
    """What the records say of functions that a reader may not know."""
    parts = post_order(*(line.tree for line in lines))
    called = dict.fromkeys(t.data[0] for t in parts if t.op == "call" and t.data[0] in REGISTRY)
    return [note for name in called if (note := REGISTRY[name].notation.note)]


def _differential(node: Node, split: Split, inputs: Sequence[str], names: Names) -> Formula:
    """The derivative contracted with a direction for each input: dY as a formula of dX."""
    stems = list(inputs) or ["X"] * len(split.inputs)
    several = len(stems) > 1
    directions: dict[str, Shape] = {}
    factors: list[tuple[Node, list[tuple[int]]]] = [(node, [(k,) for k in range(node.ndim)])]
    position = split.output
    for k, (stem, count) in enumerate(zip(stems, split.inputs, strict=True)):
        mark = f"d{'₁₂₃₄₅₆₇₈₉'[k]}" if several and stems.count(stem) > 1 and k < 9 else "d"
        title = names.fresh(f"{mark}{stem}")
        shape = node.shape[position : position + count]
        directions[title] = shape
        axes = [(j,) for j in range(position, position + count)]
        factors.append((variable(title, shape), axes))
        position += count
    contracted = einsum(factors, [(k,) for k in range(split.output)])
    draft = _Draft(names)
    plain = draft.plain(contracted, "matrix")
    form = "differential" if plain.form == "matrix" else plain.form
    return Formula(
        tree=plain.tree,
        letters=plain.letters,
        where=plain.where,
        form=form,
        shape=plain.shape,
        directions=directions,
        constants=plain.constants,
        names=plain.names,
        notes=plain.notes,
        steps=plain.steps,
    )


def draw(result: Formula, style: Style) -> str:
    """The formula in a style, with its "where" lines."""
    return style.where(*drawn_parts(result, style))


def drawn_parts(result: Formula, style: Style) -> tuple[str, list[str]]:
    """The formula without its "where" lines, and those lines."""
    roots = [result.tree, *(line.tree for line in result.where)]
    spaced = any(t.op == "name" and len(t.data) > 1 for t in post_order(*roots))
    renderer = Renderer(style, result.names, spaced, result.directions)
    lines = []
    for title, letters, tree in result.where:
        assert title is not None
        left = make("sub", [title], letters) if letters else title
        lines.append(style.equation(renderer.draw(left), renderer.draw(tree)))
    for letter, last in result.steps:
        start = style.juxtapose(style.number("1"), "", style.symbol("…"))
        span = style.juxtapose(start, "", style.size(last))
        lines.append(style.equation(style.name(letter), span))
    return renderer.draw(result.tree), lines


def to_unicode(result: Formula) -> str:
    """The formula as one line of text in the printed language (docs/language.md)."""
    return draw(result, UNICODE)


def to_latex(result: Formula) -> str:
    """The formula as LaTeX mathematics, without delimiters."""
    return draw(result, LATEX)


def to_mathml(result: Formula, display: bool = True) -> str:
    """The formula as a MathML element."""
    kind = ' display="block"' if display else ""
    body = draw(result, MATHML)
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{kind}><mrow>{body}</mrow></math>'
