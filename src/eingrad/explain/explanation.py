"""A derivation as a whole, and its output forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InputError
from ..ir.build import zeros
from ..ir.fired import Fired
from ..ir.node import Node, Variable, variable
from ..ir.walk import depending_on, substitute, topological
from ..notation import Formula, formula
from . import chain, differentials
from .closing import Closing
from .forms import Block, Display, Document, Documented, Paragraph, Section, Steps
from .naming import Naming, at
from .opening import asked, intermediate
from .steps import Equation, Quantity, Step
from .written import PLAIN, SUPERSCRIPTS, TEX, Math, Partial, Prose, math, plain

ROUTES = ("differentials", "chain")
LEVELS = ("full", "short")


@dataclass(frozen=True)
class Explanation(Documented):
    """Numbered steps from an expression to the formula of its derivative.

    `str()` is plain text; `markdown()`, `latex()` and `html()` draw the tree of `document()`,
    `json()` is the steps as data, and notebooks show them.

    Attributes
    ----------
    title:
        ∂y/∂x.
    route, level:
        As they were asked for.
    steps:
        In order; each carries its nodes.
    quantities:
        The named intermediate results, the last of which is y.
    start:
        The variable, as a quantity with its differential.
    """

    title: Math
    route: str
    level: str
    steps: tuple[Step, ...]
    quantities: tuple[Quantity, ...]
    start: Quantity

    def document(self) -> Document:
        """The tree that every output form draws."""
        items = []
        for step in self.steps:
            lines: list[Block] = [Display(eq.math, side=eq.shapes) for eq in step.equations]
            said = [Paragraph(sentence) for sentence in step.why]
            items.append(Section((_capital(step.rule),), (*lines, *said)))
        title: Prose = ("Derivation of ", self.title)
        return Document(title, (Steps(tuple(items)),), headed=False)

    def json(self) -> list[dict[str, Any]]:
        """The steps as plain data, mathematics as text and LaTeX."""
        return [
            {
                "step": k,
                "kind": step.kind,
                "rule": step.rule,
                "equations": [
                    {
                        "text": PLAIN.draw(eq.math),
                        "latex": TEX.draw(eq.math),
                        "shapes": eq.shapes,
                    }
                    for eq in step.equations
                ],
                "why": [plain(sentence) for sentence in step.why],
            }
            for k, step in enumerate(self.steps, 1)
        ]

    def with_step(self, step: Step) -> Explanation:
        """The same with one more step at the end."""
        return replace(self, steps=(*self.steps, step))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def explain(
    y: Node,
    wrt: Sequence[Variable],
    final: Node,
    *,
    label: str,
    shown: Formula,
    free: Node | None = None,
    previous: Node | None = None,
    route: str = "differentials",
    level: str = "full",
    note: str = "",
    given: tuple[str, Sequence[Fired]] | None = None,
) -> Explanation:
    """The derivation of `final`, the derivative of y by the last of `wrt`.

    Parameters
    ----------
    y:
        What was differentiated first.
    previous:
        The derivative by all but the last variable, where there are several.
    free:
        The derivative before a convention for symmetric variables counted its entries.
    label:
        The name of y.
    shown:
        The formula that the derivation must end with.

    note:
        What the answer needs to be told with, such as its layout.
    given:
        The text that y was read from, and the rewrites that were used as it was read.

    Raises
    ------
    InputError
        The route or the level is unknown.
    """
    if route not in ROUTES:
        raise InputError(f"there is no route {route}", hint=f"routes: {', '.join(ROUTES)}")
    if level not in LEVELS:
        raise InputError(f"there is no level {level}", hint=f"levels: {', '.join(LEVELS)}")
    x = wrt[-1]
    asleep = variable(x.name, x.shape, x.facts, dormant=True)
    value = y if previous is None else previous
    value = substitute(value, {x: asleep})
    title = math(Partial(label, tuple(v.name for v in wrt)))
    before = None
    own = label
    if previous is not None:
        before = math(Partial(label, tuple(v.name for v in wrt[:-1])))
        own = next(n for n in _letters(value.ndim) if n not in {label, *_taken(value, wrt)})
    names = Naming(value, asleep, own, taken={label})
    steps: list[Step] = [asked(names, tuple(wrt), title, before, given)]
    if asleep not in depending_on(topological(value), [asleep]) or asleep not in topological(value):
        nothing = zeros((*value.shape, *x.shape))
        line = Equation(math(title, " = ", formula(nothing)), "", nothing)
        said: Prose = (f"{names.root.name} does not depend on {x.name}: nothing moves.",)
        steps.append(Step("read off", "the derivative of a constant", (line,), (said,)))
        return Explanation(title, route, level, tuple(steps), (), names.start)
    named = intermediate(names)
    if named is not None:
        steps.append(named)
    how = differentials.steps if route == "differentials" else chain.steps
    made, result = how(names, level == "full")
    steps += made
    closing = Closing(names, title, result)
    last = next((s.end for s in reversed(made) if s.end is not None), None)
    steps.append(closing.read_off(last, route))
    back, put = closing.put_back()
    if back is not None:
        steps.append(back)
    steps += closing.simplify(put, final, free if free is not None else final)
    answer = _answer(final, shown, title, math(formula(variable(label, y.shape))), len(wrt))
    steps.append(replace(answer, why=(*answer.why, (note,))) if note else answer)
    if level == "short":
        steps = [_shortened(s) for s in steps]
    return Explanation(title, route, level, tuple(steps), tuple(names.quantities), names.start)


def _answer(final: Node, shown: Formula, title: Math, label: Math, order: int) -> Step:
    """The formula in the layout and form that was asked for."""
    left = title
    if shown.directions:
        left = math("d" + ("" if order < 2 else SUPERSCRIPTS.get(order, f"^{order}")), label)
    line = math(at(left, shown), " = ", shown)
    why: tuple[Prose, ...] = ()
    if shown.directions and order > 1:
        moved = ", ".join(shown.directions)
        said = f"The derivative of order {order} is said by what it gives along {moved}, one "
        why = ((said + "change for each time that was differentiated.",),)
    return Step("answer", "the answer", (Equation(line, "", final),), why)


def _shortened(step: Step) -> Step:
    """The last line and no reasons."""
    if step.kind in ("shapes", "names"):
        return replace(step, why=step.why[-1:] if step.kind == "shapes" else ())
    why = step.why if step.kind == "answer" else ()
    return replace(step, equations=step.equations[-1:], why=why)


def _letters(ndim: int) -> Sequence[str]:
    return (("g", "s", "value"), ("g", "h", "gradient"), ("G", "H", "J", "gradient"))[min(ndim, 2)]


def _taken(value: Node, wrt: Sequence[Variable]) -> set[str]:
    return {n.name for n in topological(value) if isinstance(n, Variable)} | {v.name for v in wrt}
