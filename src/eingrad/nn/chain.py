"""The chain of derivatives of a network, layer by layer from its value back to its inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ..calculus import jacobian
from ..dims import shape_text
from ..frontends.python import Tensor, tensor
from .wiring import Link


def chain(links: Sequence[Link], kinds: Mapping[str, str]) -> Iterator[str]:
    """Lines; `kinds` says what the arguments of the network are."""
    end = links[-1].value
    still = Counter(name for link in links for name in _taken(link, kinds))
    several = {name for name, count in still.items() if count > 1}
    yield f"dx stands for ∂{end}/∂x."
    begun: set[str] = set()
    for link in reversed(links):
        names = dict.fromkeys(link.arguments.values())
        here = {
            name: _like(link.layer.arguments[own], name) for own, name in link.arguments.items()
        }
        value = link.layer.definition(**{own: here[m] for own, m in link.arguments.items()})
        taken = [n for n in names if kinds.get(n) != "params"]
        called = f"{link.value} = {link.layer.name}({', '.join(taken)})"
        yield f"{called}, {shape_text(value.node.shape)}"
        for name in _taken(link, kinds):
            still[name] -= 1
            before = "… + " if name in begun else ""
            after = " + …" if still[name] else ""
            begun.add(name)
            yield "  " + _passed_on(link, value, here[name], (before, after))
    if several:
        yield "…: what the other lines with this gradient say; it is the sum of them."


def _like(argument: Tensor, name: str) -> Tensor:
    """A variable of another name, with what is declared of it."""
    facts: frozenset[str] = getattr(argument.node, "facts", frozenset())
    return tensor(name, argument.node.shape, " ".join(sorted(facts)))


def _taken(link: Link, kinds: Mapping[str, str]) -> list[str]:
    """What a layer passes a gradient to: all that it takes, but no constants of the network."""
    return [n for n in dict.fromkeys(link.arguments.values()) if kinds.get(n) != "constants"]


def _passed_on(link: Link, value: Tensor, by: Tensor, sum_: tuple[str, str]) -> str:
    """∂L/∂x of one argument from the gradient of the value, and what ∂value/∂x is."""
    name = by.node.name  # type: ignore[attr-defined]
    shape = shape_text(by.node.shape)
    before, after = sum_
    derivative = jacobian(value, by)
    if not value.node.ndim and link.value == "L":
        return f"d{name} = {before}{derivative.formula()}{after}, {shape}"
    arriving = f"d{link.value}"
    condensed = derivative.compress(arriving)
    terms = condensed.compression.terms
    objects = [o for term in terms for o in term.objects]
    title = f"∂{link.value}/∂{name}"
    column = derivative.in_layout("denominator")
    if len(column.shape) <= 2:
        rule = f": {title} = {column.formula()}, {column.shape_text}"
    elif len(terms) > 1 or len(objects) > 1:
        rule = ""
    else:
        said = condensed.sentence.split(" condenses to ")[1].split(";")[0]
        rule = f": {title}, {column.shape_text}, condenses to {said}"
        if objects and objects[0].node.ndim:
            rule += f", {shape_text(objects[0].node.shape)}"
            rule += ", elementwise" if objects[0].meets == "elementwise" else ""
    return f"d{name} = {before}{condensed.pullback_formula()}{after}, {shape}{rule}"
