"""Graphs of dependencies as text for Graphviz and for Mermaid, and what all of their forms say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..dims import shape_text

if TYPE_CHECKING:
    from .paths import Paths, Step


def sentences(p: Paths) -> list[str]:
    """Total against partial, in words."""
    x, y = p.by.name, p.label
    if p.partial is None:
        return [f"{x} does not occur in {y} directly: ∂{y}/∂{x} alone would be 0"]
    if len(p.paths) == 1:
        return ["the only path is the direct one: total and partial derivative are the same"]
    rest = len(p.paths) - 1
    return [
        f"partial: path 1 alone, all intermediate variables held fixed; total: "
        f"{rest} more {'path' if rest == 1 else 'paths'}"
    ]


def route(names: tuple[str, ...]) -> str:
    """x → z1 → y."""
    return " → ".join(names)


def node_lines(p: Paths, step: Step | None) -> list[str]:
    """What stands in the box of a variable."""
    if step is None:
        return [p.by.name, shape_text(p.by.shape)]
    shape = shape_text(step.variable.shape)
    return [f"{step.variable.name} = {step.text}", shape]


def edge_marks(p: Paths, source: str, target: str) -> str:
    """Which paths use an edge: `paths 1, 3`; nothing where there is only one path."""
    numbers = p.through(source, target)
    if len(p.paths) == 1 or not numbers:
        return ""
    word = "path" if len(numbers) == 1 else "paths"
    return f"{word} {', '.join(map(str, numbers))}"


def dot(p: Paths) -> str:
    """The language of Graphviz."""
    lines = ["digraph dependencies {", "  rankdir=LR;", "  node [shape=box];"]
    for name, step in _boxes(p):
        label = r"\n".join(_quoted(line) for line in node_lines(p, step))
        lines.append(f'  "{_quoted(name)}" [label="{label}"];')
    for e in p.edges:
        marks = edge_marks(p, e.source, e.target)
        label = _quoted(e.text) + (rf"\n{marks}" if marks else "")
        lines.append(f'  "{_quoted(e.source)}" -> "{_quoted(e.target)}" [label="{label}"];')
    lines.append(f'  label="{_quoted(p.total)}";')
    return "\n".join([*lines, "}", ""])


def mermaid(p: Paths) -> str:
    """The language of Mermaid."""
    ids = {name: f"v{k}" for k, (name, _) in enumerate(_boxes(p))}
    lines = ["flowchart LR"]
    for name, step in _boxes(p):
        label = "<br/>".join(_entities(line) for line in node_lines(p, step))
        lines.append(f'  {ids[name]}["{label}"]')
    for e in p.edges:
        marks = edge_marks(p, e.source, e.target)
        label = _entities(e.text) + (f"<br/>{marks}" if marks else "")
        lines.append(f'  {ids[e.source]} -->|"{label}"| {ids[e.target]}')
    return "\n".join([*lines, ""])


def _boxes(p: Paths) -> list[tuple[str, Step | None]]:
    return [(p.by.name, None), *((s.variable.name, s) for s in p.steps)]


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _entities(text: str) -> str:
    """Signs that Mermaid would read, by their numbers."""
    for sign in ("#", '"', "|", "<", ">", "`"):
        text = text.replace(sign, f"#{ord(sign)};") if sign != "#" else text.replace("#", "#35;")
    return text.replace("\n", "<br/>")
