"""The chain of derivatives of a network, layer by layer from its value back to its inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..calculus import Derivative, jacobian
from ..calculus.structured import Compressed
from ..dims import shape_text
from ..explain.forms import Block, Document, Documented, Name, Paragraph, Section, words
from ..explain.forms.text import text as plain_text
from ..explain.written import Partial, Prose, math, plain
from ..frontends.python import Tensor, tensor
from .wiring import Link


class Chain(str, Documented):
    """The chain as text; `html()`, `latex()` and the other forms draw the same lines, and
    notebooks show it."""

    _document: Document

    @classmethod
    def of(cls, document: Document) -> Chain:
        """The chain that a document says."""
        made = cls(plain_text(document))
        made._document = document
        return made

    def document(self) -> Document:
        """The tree that every output form draws."""
        return self._document

    def json(self) -> list[dict[str, Any]]:
        """What each layer is, and what it passes on, as text."""
        return [
            {"layer": plain(s.title), "passes": [plain(b.prose) for b in _paragraphs(s)]}
            for s in self._document.blocks
            if isinstance(s, Section)
        ]


def _paragraphs(section: Section) -> list[Paragraph]:
    return [block for block in section.blocks if isinstance(block, Paragraph)]


def chain(links: Sequence[Link], kinds: Mapping[str, str]) -> Chain:
    """The chain; `kinds` says what the arguments of the network are."""
    end = links[-1].value
    still = Counter(name for link in links for name in _taken(link, kinds))
    several = {name for name, count in still.items() if count > 1}
    stands = (math("d", Name("x")), " stands for ", math(Partial(end, ("x",))), ".")
    blocks: list[Block] = [Paragraph(stands)]
    begun: set[str] = set()
    for link in reversed(links):
        names = dict.fromkeys(link.arguments.values())
        here = {
            name: _like(link.layer.arguments[own], name) for own, name in link.arguments.items()
        }
        value = link.layer.definition(**{own: here[m] for own, m in link.arguments.items()})
        arguments = [part for n in names if kinds.get(n) != "params" for part in (", ", Name(n))]
        called = math(Name(link.value), " = ", words(link.layer.name), "(", *arguments[1:], ")")
        passed: list[Block] = []
        for name in _taken(link, kinds):
            still[name] -= 1
            before = "… + " if name in begun else ""
            after = " + …" if still[name] else ""
            begun.add(name)
            passed.append(Paragraph(_passed_on(link, value, here[name], (before, after))))
        title = (called, f", {shape_text(value.node.shape)}")
        blocks.append(Section(title, tuple(passed)))
    if several:
        said = "…: what the other lines with this gradient say; it is the sum of them."
        blocks.append(Paragraph((said,)))
    heading = ("The chain of derivatives of ", math(Name(end)))
    return Chain.of(Document(heading, tuple(blocks), headed=False, spaced=False))


def _like(argument: Tensor, name: str) -> Tensor:
    """A variable of another name, with what is declared of it."""
    facts: frozenset[str] = getattr(argument.node, "facts", frozenset())
    return tensor(name, argument.node.shape, " ".join(sorted(facts)))


def _taken(link: Link, kinds: Mapping[str, str]) -> list[str]:
    """What a layer passes a gradient to: all that it takes, but no constants of the network."""
    return [n for n in dict.fromkeys(link.arguments.values()) if kinds.get(n) != "constants"]


def _passed_on(link: Link, value: Tensor, by: Tensor, sum_: tuple[str, str]) -> Prose:
    """∂L/∂x of one argument from the gradient of the value, and what ∂value/∂x is."""
    name = by.node.name  # type: ignore[attr-defined]
    shape = shape_text(by.node.shape)
    before, after = sum_
    derivative = jacobian(value, by)
    if not value.node.ndim and link.value == "L":
        return (math("d", Name(name), " = ", before, derivative.formula(), after), f", {shape}")
    arriving = f"d{link.value}"
    condensed = derivative.compress(arriving)
    pulled = condensed.pullback_formula()
    pulled = replace(pulled, directions={**pulled.directions, arriving: ()})
    line = math("d", Name(name), " = ", before, pulled, after)
    return (line, f", {shape}", *_rule(link, derivative, condensed, name))


def _rule(link: Link, derivative: Derivative, condensed: Compressed, name: str) -> Prose:
    """What ∂value/∂x is, or condenses to."""
    terms = condensed.compression.terms
    objects = [o for term in terms for o in term.objects]
    title = math(Partial(link.value, (name,)))
    column = derivative.in_layout("denominator")
    if len(column.shape) <= 2:
        return (": ", math(title, " = ", column.formula()), f", {column.shape_text}")
    if len(terms) > 1 or len(objects) > 1:
        return ()
    said = condensed.sentence.split(" condenses to ")[1].split(";")[0]
    rule = f", {column.shape_text}, condenses to {said}"
    if objects and objects[0].node.ndim:
        rule += f", {shape_text(objects[0].node.shape)}"
        rule += ", elementwise" if objects[0].meets == "elementwise" else ""
    return (": ", title, rule)
