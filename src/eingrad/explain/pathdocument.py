"""The graph of dependencies and what each path contributes, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..dims import shape_text
from .forms import Aligned, Block, Display, Document, Figure, Listed, Name, Paragraph, Section
from .pathtext import route, sentences
from .written import math

if TYPE_CHECKING:
    from .paths import Paths


def document(p: Paths) -> Document:
    """Variables, local derivatives, the graph, and the contribution of each path."""
    x, y = p.by.name, p.label
    several = len(p.paths) > 1
    variables = Aligned(
        tuple((math(Name(s.variable.name)), s.math, shape_text(s.variable.shape)) for s in p.steps)
    )
    edges = Listed(tuple((f"{e.source} → {e.target}", e.math, "") for e in p.edges), numbered=False)
    ways = Listed(
        tuple(
            (
                route(path.names),
                path.contribution,
                "the partial derivative" if path.direct and several else "",
            )
            for path in p.paths
        )
    )
    picture = Figure(
        lambda: p.svg(captioned=False), f"The graph of dependencies from {x} to {y}, as listed here"
    )
    total: list[Block] = [Paragraph((sentence,)) for sentence in sentences(p)]
    return Document(
        (f"Paths from {x} to {y}",),
        (
            Section(("Variables",), (variables,)),
            Section(("Local derivatives (everything else held fixed)",), (edges, picture)),
            Section((f"Paths from {x} to {y}, and what each contributes to d{y}/d{x}",), (ways,)),
            *total,
            Display(p.whole, side="the sum" if several else ""),
        ),
        headed=False,
    )
