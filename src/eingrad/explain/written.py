"""What a derivation is written in: mathematics and prose as trees, drawn in three styles.

A `Math` is a row of parts: symbols, formulas of the notation stage, and marks around what a step
changes. Prose is a row of plain strings and `Math`. No output form knows of any rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Protocol

from ..notation import LATEX, MATHML, UNICODE, Formula, Style, draw_replaced


@dataclass(frozen=True)
class Written:
    """A formula, with other mathematics in the place of some of its names."""

    formula: Formula
    put: Mapping[str, Math] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """Mathematics that a step changes: ⟦…⟧ in text, a box elsewhere."""

    inside: Math


@dataclass(frozen=True)
class Partial:
    """∂ⁿy/∂x₁…; without names below it is the ∂y or dy above a line."""

    above: str
    below: tuple[str, ...]


@dataclass(frozen=True)
class Local:
    """J_f(p), a local Jacobian: f by p alone, whatever else f uses held fixed."""

    letter: str
    above: str
    below: str


@dataclass(frozen=True)
class Entry:
    """The entry of something at index letters."""

    inside: Math
    letters: tuple[str, ...]


class Settable(Protocol):
    """A part that sets itself."""

    def set(self, ink: Ink, lines: dict[str, None]) -> str:
        """The part in an ink; definitions of invented names are added to the lines."""
        ...


Part = str | Written | Mark | Partial | Local | Entry | Settable


@dataclass(frozen=True)
class Math:
    """A row of parts; a string is an operator, or a name in itself where it is a word."""

    parts: tuple[Part, ...]


Prose = tuple[str | Math, ...]


def math(*parts: Part | Formula | Math) -> Math:
    """A row of parts; rows inside it are opened."""
    row: list[Part] = []
    for part in parts:
        if isinstance(part, Math):
            row.extend(part.parts)
        else:
            row.append(Written(part) if isinstance(part, Formula) else part)
    return Math(tuple(row))


def mark(*parts: Part | Formula | Math) -> Mark:
    """A mark around a row of parts."""
    return Mark(math(*parts))


SUPERSCRIPTS = {2: "²", 3: "³", 4: "⁴"}


@dataclass(frozen=True)
class Ink:
    """How an output form sets what the notation stage does not know."""

    style: Style
    mark: Callable[[str], str]
    operator: Callable[[str], str]
    partial: Callable[[str, tuple[str, ...]], str]
    local: Callable[[Local], str]

    def draw(self, row: Math) -> str:
        """A row with the definitions of the names that its formulas invent, at the end."""
        lines: dict[str, None] = {}
        text = self.row(row, lines)
        return self.style.where(text, list(lines)) if lines else text

    def row(self, row: Math, lines: dict[str, None]) -> str:
        """A row; definitions are added to the lines."""
        return "".join(self._part(part, lines) for part in row.parts)

    def _part(self, part: Part, lines: dict[str, None]) -> str:
        if isinstance(part, str):
            return self.operator(part)
        if isinstance(part, Mark):
            return self.mark(self.row(part.inside, lines))
        if isinstance(part, Partial):
            return self.partial(part.above, part.below)
        if isinstance(part, Local):
            return self.local(part)
        if isinstance(part, Entry):
            base = self.row(part.inside, lines)
            braced = any(len(letter) > 1 for letter in part.letters)
            return self.style.sub(base, part.letters, braced)
        if not isinstance(part, Written):
            return part.set(self, lines)
        texts = {name: self.row(inside, lines) for name, inside in part.put.items()}
        body, more = draw_replaced(part.formula, self.style, texts)
        lines.update(dict.fromkeys(more))
        return body


def _order(below: tuple[str, ...]) -> str:
    n = len(below)
    return "" if n == 1 else SUPERSCRIPTS.get(n, f"^{n}")


def _runs(below: tuple[str, ...]) -> list[tuple[str, int]]:
    runs: list[tuple[str, int]] = []
    for name in below:
        if runs and runs[-1][0] == name:
            runs[-1] = (name, runs[-1][1] + 1)
        else:
            runs.append((name, 1))
    return runs


def _partial_text(above: str, below: tuple[str, ...]) -> str:
    under = "".join(
        f"∂{name}{'' if k == 1 else SUPERSCRIPTS.get(k, f'^{k}')}" for name, k in _runs(below)
    )
    return f"∂{_order(below)}{above}/{under}"


def _partial_latex(above: str, below: tuple[str, ...]) -> str:
    n = len(below)
    under = r" \, ".join(
        rf"\partial {LATEX.name(name)}" + (f"^{{{k}}}" if k > 1 else "") for name, k in _runs(below)
    )
    over = r"\partial" + (f"^{{{n}}}" if n > 1 else "") + " " + LATEX.name(above)
    return rf"\frac{{{over}}}{{{under}}}"


def _partial_mathml(above: str, below: tuple[str, ...]) -> str:
    def raised(body: str, k: int) -> str:
        return f"<msup>{body}<mn>{k}</mn></msup>" if k > 1 else body

    d = '<mi mathvariant="normal">∂</mi>'
    over = raised(d, len(below)) + MATHML.name(above)
    under = "".join(f"{d}{raised(MATHML.name(name), k)}" for name, k in _runs(below))
    return f"<mfrac><mrow>{over}</mrow><mrow>{under}</mrow></mfrac>"


def _local_text(j: Local) -> str:
    return f"{j.letter}_{j.above}({j.below})"


def _local_latex(j: Local) -> str:
    return rf"{j.letter}_{{{LATEX.name(j.above)}}}({LATEX.name(j.below)})"


def _local_mathml(j: Local) -> str:
    head = f"<msub><mi>{j.letter}</mi>{MATHML.name(j.above)}</msub>"
    fences = _operator_mathml("("), _operator_mathml(")")
    return f"<mrow>{head}{fences[0]}{MATHML.name(j.below)}{fences[1]}</mrow>"


_LATEX_OPERATORS = {
    "⟨": r"\left\langle ",
    "⟩": r"\right\rangle ",
    "−": "-",
    "·": r" \cdot ",
    "⟶": r"\longrightarrow ",
    "(": r"\left(",
    ")": r"\right)",
    "d": r"\mathrm{d}",
    "d²": r"\mathrm{d}^2",
    "d³": r"\mathrm{d}^3",
    "d⁴": r"\mathrm{d}^4",
    "vec": r"\operatorname{vec}",
}


def _operator_latex(text: str) -> str:
    body = _LATEX_OPERATORS.get(text.strip(), text.strip())
    if text != text.strip():
        return f" {body} "
    return body + (" " if text == "," else "")


def _operator_mathml(text: str) -> str:
    body = text.strip()
    if not body:
        return ""
    if body[:1] == "d" or body == "vec":
        return f'<mi mathvariant="normal">{body}</mi>'
    if body in _FENCES:
        return f'<mo fence="true" form="{_FENCES[body]}" stretchy="false">{body}</mo>'
    return f"<mo>{escape(body)}</mo>"


_FENCES = {"⟨": "prefix", "⟩": "postfix", "(": "prefix", ")": "postfix"}


PLAIN = Ink(UNICODE, lambda text: f"⟦{text}⟧", str, _partial_text, _local_text)
TEX = Ink(
    LATEX,
    lambda text: rf"\boxed{{{text}}}",
    _operator_latex,
    _partial_latex,
    _local_latex,
)
MARKUP = Ink(
    MATHML,
    lambda text: (
        f'<mrow class="mark" style="border: 1px solid; padding: 0.2em 0.25em">{text}</mrow>'
    ),
    _operator_mathml,
    _partial_mathml,
    _local_mathml,
)


def plain(prose: Prose) -> str:
    """Prose as plain text.

    >>> plain(("so ", math("d", "(")))
    'so d('
    """
    return "".join(part if isinstance(part, str) else PLAIN.draw(part) for part in prose)


def distinct(sentences: Iterable[Prose]) -> tuple[Prose, ...]:
    """Sentences without those that were said before."""
    said = {plain(sentence): sentence for sentence in reversed(list(sentences))}
    return tuple(reversed(said.values()))
