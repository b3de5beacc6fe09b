"""The chain rule for several variables: the graph of dependencies, and each path through it.

y depends on x through named intermediate variables. Along a path every variable but the one before
is held fixed; the derivative of that is the product of the local derivatives on the path. Over all
paths these add up to dy/dx.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

import numpy as np

from ..differentiate import differentiate
from ..dims import shape_text
from ..entries.points import Values, picture_sizes, random_points
from ..errors import CheckError, EingradError, InputError, SizeLimitError
from ..ir.build import add
from ..ir.node import Apply, Contraction, Node, Sum, Variable, variable
from ..ir.walk import depending_on, rebuild, substitute, topological, variables, with_facts
from ..notation import derivative_formula, formula
from ..simplify import shortest
from .forms import Document, Documented, Fraction, Name, words
from .naming import at
from .written import PLAIN, TEX, Math, Partial, math

MAX_PATHS = 32
MAX_STEPS = 40  # intermediate variables
TOLERANCE = 1e-8
SUFFIXES = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}


@dataclass(frozen=True)
class Step:
    """A variable and what it is, in the variables before it."""

    variable: Variable
    node: Node
    math: Math

    @property
    def text(self) -> str:
        """What it is, as text."""
        return PLAIN.draw(self.math)


@dataclass(frozen=True)
class Edge:
    """A direct dependency, with the local derivative (`dz1 = A dx` for a differential)."""

    source: str
    target: str
    node: Node
    math: Math

    @property
    def text(self) -> str:
        """The local derivative as text."""
        return PLAIN.draw(self.math)


@dataclass(frozen=True)
class Path:
    """One way from x to y.

    Attributes
    ----------
    names:
        The variables on it, x first.
    node:
        Its contribution to dy/dx: axes of y, then those of x, all in the variables of the user.
    of:
        y as a function of the x that moves along this path alone; what is held has a stand-in.
    free:
        The derivative of that, with stand-ins.
    math, contribution:
        ∂y/∂x = …, and the right side of that alone; differentials keep their left side.
    """

    names: tuple[str, ...]
    node: Node
    of: Node
    free: Node
    math: Math
    contribution: Math

    @property
    def text(self) -> str:
        """The contribution as text."""
        return PLAIN.draw(self.math)

    @property
    def direct(self) -> bool:
        """Whether this is the partial derivative: no intermediate variable on the way."""
        return len(self.names) == 2


@dataclass
class Paths(Documented):
    """All paths from a variable to an expression.

    Attributes
    ----------
    steps:
        The intermediate variables in an order in which they can be computed, the output last.
    """

    by: Variable
    label: str
    steps: list[Step]
    edges: list[Edge]
    paths: list[Path]
    whole: Math

    @property
    def total(self) -> str:
        """The total derivative as text."""
        return PLAIN.draw(self.whole)

    @property
    def partial(self) -> Path | None:
        """The direct path: ∂y/∂x with all intermediate variables held fixed; None for none."""
        return next((p for p in self.paths if p.direct), None)

    def through(self, source: str, target: str) -> list[int]:
        """The numbers (from 1) of the paths that use an edge."""
        return [
            k for k, path in enumerate(self.paths, 1) if (source, target) in pairwise(path.names)
        ]

    def document(self) -> Document:
        """The graph, the local derivatives and the contributions."""
        from .pathdocument import document

        return document(self)

    def json(self) -> dict[str, object]:
        """All of it as plain data."""
        return {
            "title": f"d{self.label}/d{self.by.name}",
            "variables": [
                {"name": s.variable.name, "is": s.text, "shape": [str(d) for d in s.node.shape]}
                for s in self.steps
            ],
            "edges": [
                {
                    "from": e.source,
                    "to": e.target,
                    "derivative": e.text,
                    "latex": TEX.draw(e.math),
                    "paths": self.through(e.source, e.target),
                }
                for e in self.edges
            ],
            "paths": [
                {
                    "names": list(p.names),
                    "contribution": PLAIN.draw(p.contribution),
                    "latex": TEX.draw(p.contribution),
                    "partial": p.direct,
                }
                for p in self.paths
            ],
            "total": self.total,
            "latex": TEX.draw(self.whole),
        }

    def dot(self) -> str:
        """The graph in the language of Graphviz."""
        from .pathtext import dot

        return dot(self)

    def mermaid(self) -> str:
        """The graph in the language of Mermaid."""
        from .pathtext import mermaid

        return mermaid(self)

    def svg(self, captioned: bool = True) -> str:
        """The graph as a picture, with its paths in words below it unless `captioned` is false."""
        from .pathsvg import svg

        return svg(self, captioned)

    def pictures(self) -> dict[str, Callable[[], bytes]]:
        """The graph as a picture, for Graphviz and for Mermaid, by suffix."""
        kinds = {"svg": self.svg, "dot": self.dot, "mermaid": self.mermaid}
        return {
            suffix: lambda kind=kind: kinds[kind]().encode()  # type: ignore[misc]
            for suffix, kind in SUFFIXES.items()
        }

    def __repr__(self) -> str:
        return f"<Paths d{self.label}/d{self.by.name}: {len(self.paths)} paths>"


def paths(
    of: Node,
    by: Variable,
    whole: Node,
    *,
    label: str,
    values: Mapping[Variable, Node] | None = None,
) -> Paths:
    """The paths from `by` to an expression.

    Parameters
    ----------
    of:
        The expression; with `values` in the variables that they define.
    whole:
        Its total derivative, which the contributions must add up to.
    values:
        Named intermediate variables and what they are; found in the expression by default.

    Raises
    ------
    InputError
        The expression does not depend on the variable.
    SizeLimitError
        There are more than MAX_PATHS paths.
    CheckError
        The contributions do not add up: a bug in eingrad.
    """
    if values is None:
        steps, last = _found(of, by, label)
    else:
        steps, last = _ordered(values), of
    output = variable(label, of.shape)
    chain = [*steps, (output, last)]
    sources = _sources(chain, by)
    chain = [(v, node) for v, node in chain if sources[v]]
    if not sources[output]:
        raise InputError(f"{label} does not depend on {by.name}: there is no path")
    routes = _routes(chain, sources, by)
    names = {v.name for v, _ in chain} | {v.name for v in variables(of, *dict(chain).values())}
    resolved: dict[Node, Node] = {}
    for v, node in chain:
        resolved[v] = substitute(node, resolved)
    found = [_path(route, dict(chain), resolved, names) for route in routes]
    _check([p.node for p in found], whole)
    edges = []
    for v, node in chain:
        for u in sources[v]:
            local = shortest(with_facts(differentiate(node, [u])))
            edges.append(Edge(u.name, v.name, local, _line(local, v, u, names)[0]))
    shown = [Step(v, node, _plain(node, names)) for v, node in chain]
    return Paths(by, label, shown, edges, found, _line(whole, output, by, names, total=True)[0])


def _found(of: Node, by: Variable, label: str) -> tuple[list[tuple[Variable, Node]], Node]:
    """Intermediate variables: each function, contraction and sum below the expression."""
    order = topological(of)
    moving = depending_on(order, [by])
    taken = {v.name for v in variables(of)} | {label}
    numbers = count(1)
    new: dict[Node, Node] = {}
    steps: list[tuple[Variable, Node]] = []
    for node in order:
        built = rebuild(node, tuple(new[o] for o in node.operands))
        new[node] = built
        if node is of or node not in moving or not isinstance(node, Apply | Contraction | Sum):
            continue
        stem = "Z" if node.ndim == 2 else "z"
        name = next(n for k in numbers if (n := f"{stem}{k}") not in taken)
        v = variable(name, node.shape)
        steps.append((v, built))
        new[node] = v
        if len(steps) > MAX_STEPS:
            raise SizeLimitError(
                f"more than {MAX_STEPS} intermediate variables are too many to draw; "
                "name those that matter: total={...}"
            )
    return steps, new[of]


def _ordered(values: Mapping[Variable, Node]) -> list[tuple[Variable, Node]]:
    """Definitions in an order in which each uses only those before it."""
    waiting = dict(values)
    result: list[tuple[Variable, Node]] = []
    while waiting:
        v = next(v for v, node in waiting.items() if not any(w in waiting for w in variables(node)))
        result.append((v, waiting.pop(v)))
    return result


def _sources(
    chain: Sequence[tuple[Variable, Node]], by: Variable
) -> dict[Variable, list[Variable]]:
    """On which moving variables each one depends directly."""
    moving = [by]
    found: dict[Variable, list[Variable]] = {}
    for v, node in chain:
        used = set(variables(node))
        found[v] = [u for u in moving if u in used]
        if found[v]:
            moving.append(v)
    return found


def _routes(
    chain: Sequence[tuple[Variable, Node]],
    sources: Mapping[Variable, Sequence[Variable]],
    by: Variable,
) -> list[tuple[Variable, ...]]:
    """All paths, the shortest first."""
    counts = {by: 1}
    for v, _ in chain:
        counts[v] = sum(counts[u] for u in sources[v])
    last = chain[-1][0]
    if counts[last] > MAX_PATHS:
        raise SizeLimitError(
            f"there are {counts[last]:,} paths: the limit is {MAX_PATHS}; "
            "name fewer intermediate variables: total={...}"
        )
    complete: list[tuple[Variable, ...]] = []
    open_ends: list[tuple[Variable, ...]] = [(last,)]
    while open_ends:
        end = open_ends.pop()
        if end[0] is by:
            complete.append(end)
        else:
            open_ends += [(u, *end) for u in sources[end[0]]]
    return sorted(complete, key=lambda p: (len(p), [v.name for v in p]))


def _path(
    route: Sequence[Variable],
    definitions: Mapping[Variable, Node],
    resolved: Mapping[Node, Node],
    names: set[str],
) -> Path:
    by, output = route[0], route[-1]
    held: dict[Node, Node] = {}
    for v in (by, *definitions):
        name = next(n for k in count() if (n := f"{v.name}_held{k or ''}") not in names)
        held[v] = variable(name, v.shape, v.facts, v.dormant)
    moving: Node = by
    for before, v in pairwise(route):
        moving = substitute(definitions[v], {**held, before: moving})
    free = differentiate(moving, [by])
    back = {held[v]: resolved.get(v, v) for v in held}
    node = shortest(with_facts(substitute(free, back)))
    written = _line(node, output, by, names)
    return Path(tuple(v.name for v in route), node, moving, free, *written)


def _line(
    node: Node, y: Variable, x: Variable, names: set[str], total: bool = False
) -> tuple[Math, Math]:
    """∂y/∂x = …, or dy = … for a differential; and the right side of the first."""
    left = math(Partial(y.name, (x.name,)))
    if total:
        left = math(Fraction(math("d", Name(y.name)), math("d", Name(x.name))))
    try:
        written = derivative_formula(node, n_out=y.ndim, wrt=[x], names=names)
    except EingradError:
        whole = math(left, ": ", words(shape_text(node.shape)))
        return whole, whole
    if written.directions:
        whole = math("d", Name(y.name), " = ", written)
        return whole, whole
    whole = math(at(left, written), " = ", written)
    return whole, whole if written.form == "index" else math(written)


def _plain(node: Node, names: set[str]) -> Math:
    try:
        return math(formula(node, names_taken=names))
    except EingradError:
        return math(words(shape_text(node.shape)))


def _check(parts: Sequence[Node], whole: Node) -> None:
    """The contributions add up to the derivative, at random points."""
    together = add(*parts)
    known = variables(together, whole)
    sizes = picture_sizes(add(together, whole), known, None)
    both = Values([together, whole], sizes)
    for point in random_points(known, sizes):
        at = both.at(point)
        if at is None:
            continue
        scale = max(1.0, float(np.abs(at[1]).max(initial=0.0)))
        if not np.allclose(at[0], at[1], rtol=TOLERANCE, atol=TOLERANCE * scale):
            raise CheckError("the contributions of the paths do not add up to the derivative")
