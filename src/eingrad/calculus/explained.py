"""Derivations as `Derivative` offers them: the derivation, and the numeric check as last step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..errors import InputError, UnsupportedError
from ..simplify import shortest

if TYPE_CHECKING:
    from ..explain import Explanation
    from ..explain.forms import Document
    from ..explain.written import Math
    from ..notation import Formula
    from ..verify import Report
    from .derivative import Derivative
    from .inputs import Expression


class Explained:
    """What a derivative says of how it is found.

    Attributes
    ----------
    given:
        The text that was differentiated, with how it was read; None for a tensor.
    """

    given: Expression | None = None

    def document(self) -> Document:
        """The formula with its shape, layout and notes, as a page or a notebook shows it."""
        from ..explain.forms import Display, Document, Labelled
        from ..explain.written import math

        d = cast("Derivative", self)
        shown = d.formula()
        where = f" (axes: {', '.join(d.axes)})" if len(d.axes) > 1 else ""
        rows = [("shape", (f"{d.shape_text}, {d.layout} layout{where}",), "")]
        rows += [("note", (note,), "note") for note in (*d.notes, *shown.notes)]
        blocks = (Display(math(shown), left_side(d, shown)), Labelled(tuple(rows)))
        return Document((partial(d),), blocks, headed=False, spaced=False)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from ..explain.forms.documented import bundle
        from ..explain.written import TEX

        d = cast("Derivative", self)
        left = TEX.draw(left_side(d, d.formula()))
        return bundle(self.document()) | {
            "text/plain": str(self),
            "text/latex": f"$\\displaystyle {left} = {d.latex()}$",
        }

    def explain(self, route: str = "differentials", level: str = "full") -> Explanation:
        """Numbered steps from the expression to the formula, each with its rule and its reason.

        `str()` of the result is plain text; `markdown()`, `html()` (MathML), `latex()` (a document)
        and `json()` are the same steps, and notebooks show them. A derivative of second order
        starts from the first.

        Parameters
        ----------
        route:
            `"differentials"` (dy = …, rearranged until ⟨∂y/∂x, dx⟩ can be read off) or `"chain"`
            (Jacobians with their shapes and structure, multiplied).
        level:
            `"full"`, or `"short"`: the last line of each step, without reasons.

        Raises
        ------
        InputError
            There is no such route or level.
        UnsupportedError
            It is no derivative of an expression by a variable (a product with a direction, a
            diagonal): explain the derivative that it is made of.
        CheckError
            The derivative failed its numeric check: a bug in eingrad.

        Examples
        --------
        >>> import eingrad
        >>> derivation = eingrad.gradient("norm2(A*x - y)^2", "x").explain()
        >>> print(derivation.steps[5].rule)
        put in dp, and move to the other side
        >>> for equation in derivation.steps[5].equations:
        ...     print(equation)
        df = ⟨2p, ⟦dp⟧⟩
        df = ⟨2p, ⟦A dx⟧⟩
        df = ⟨Aᵀ ⟦2p⟧, dx⟩
        df = ⟨⟦2Aᵀp⟧, dx⟩
        """
        d = cast("Derivative", self)
        made = explanation(d, route, level)
        try:
            return with_check(made, d.check())
        except InputError as error:  # no small sizes fit the expression
            return with_check(made, None, error.message)


def partial(d: Derivative) -> Math:
    """∂y/∂x as mathematics; what has another heading is called by that."""
    from ..explain.forms import words
    from ..explain.written import PLAIN, Partial, math

    plain = math(Partial(d.label, tuple(v.name for v in d.wrt)))
    return plain if PLAIN.draw(plain) == d.title else math(words(d.title))


def left_side(d: Derivative, shown: Formula) -> Math:
    """∂f/∂A, or what a form gives in its place: df, an entry."""
    from ..explain.forms import Bracket, Name
    from ..explain.written import Entry, math

    left = partial(d)
    if shown.directions:
        left = math("d" + d.title[1 : d.title.index(d.label)], Name(d.label))
    if shown.form == "index" and shown.letters:
        letters = tuple("".join(axis) for axis in shown.letters)
        left = math(Entry(left if shown.directions else math(Bracket(left)), letters))
    return left


def explanation(d: Derivative, route: str, level: str) -> Explanation:
    """The derivation without the numeric check."""
    from ..explain import explain

    if d.contracted or d.called in ("jvp", "curvature"):
        raise UnsupportedError(
            f"{d.title} is no derivative by a variable alone: explain the one that it is made of"
        )
    label = d.label
    if not label.isidentifier():  # ⟨G, y⟩ of a pullback, a scalar that has no name
        label = next(n for n in ("s", "f", "h", "value") if n not in d.names)
    note = ""
    if d.layout == "vec":
        note = "In vec layout it is the matrix of vec y by vec x, columns stacked."
    elif d.layout != "mixed":
        where = f": {', '.join(d.axes)}" if d.axes else ""
        note = f"In {d.layout} layout its shape is {d.shape_text}{where}."
    previous = shortest(d._previous[-1]) if d._previous else None
    return explain(
        d.of,
        d.wrt,
        d.node,
        label=label,
        shown=d.formula(),
        free=d._free,
        previous=previous,
        route=route,
        level=level,
        note=note,
        given=None
        if d.given is None or d.given.node is not d.of
        else (d.given.text, d.given.fired),
    )


def with_check(made: Explanation, report: Report | None, why_not: str = "") -> Explanation:
    """The derivation with the outcome of the check as its last step."""
    from ..explain import Step

    text = report.text if report is not None else f"not checked: {why_not}"
    return made.with_step(Step("check", "the check", (), ((text[0].upper() + text[1:] + ".",),)))
