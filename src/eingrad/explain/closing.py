"""How a derivation ends: read off, names put back, simplified, with facts and conventions used."""

from __future__ import annotations

from ..dims import shape_text
from ..ir.node import Apply, Node, Variable
from ..ir.walk import substitute, topological, variables
from ..notation import Formula, derivative_formula
from ..simplify import shortest
from .naming import Naming, at
from .steps import Equation, Step
from .written import Math, Prose, Written, mark, math


class Closing:
    """The last steps, from ∂y/∂x in the names of the derivation to the formula that is shown."""

    def __init__(self, names: Naming, title: Math, result: Node) -> None:
        self.names = names
        self.title = title
        self.result = result
        self.n_out = names.root.full.ndim

    def formula(self, node: Node, form: str = "auto") -> Formula:
        """A derivative, in matrix notation up to two axes, else by its differential."""
        return derivative_formula(
            node, n_out=self.n_out, wrt=[self.names.x], form=form, names=self.names.taken
            - {f"d{self.names.x.name}"},
        )  # fmt: skip

    def equation(self, node: Node, *, form: str = "auto", right: Math | None = None) -> Equation:
        """∂y/∂x = …; where that has more than two axes dY = …, or vec(dY) = (…) vec(dX)."""
        written = self.formula(node, form)
        row = math(written) if right is None else right
        dy = self.names.name(self.names.root.direction.name)
        left = self.title
        if written.directions:
            left = dy
        elif written.form == "vec":
            dx = self.names.name(self.names.start.direction.name)
            row = math("(", row, ")", " ", "vec", "(", dx, ")")
            left = math("vec", "(", dy, ")")
        if written.letters:
            left = at(left, written)
        return Equation(math(left, " = ", row), shape_text(node.shape), node)

    def read_off(self, end: Node | None) -> Step:
        """The derivative from the differential."""
        names, x = self.names, self.names.x
        dx = names.name(names.start.direction.name)
        dy = names.name(names.root.direction.name)
        lines = [self.equation(self.result)]
        if not self.n_out:
            why: Prose = (
                math(dy, " = ", "⟨", self.title, ", ", dx, "⟩"),
                f" for every d{x.name}: what stands beside it is the derivative, in the shape "
                f"{shape_text(x.shape)} of {x.name}.",
            )
        elif self.result.ndim <= 2:
            why = (
                math(dy, " = ", self.title, " ", dx),
                f" for every d{x.name}: the factor in front of it is the derivative, with rows for "
                f"{names.root.name} and columns for {x.name}: {shape_text(self.result.shape)}."
                if x.ndim == 1 and self.n_out == 1
                else f" for every d{x.name}: the derivative is what multiplies it.",
            )
        else:
            said = f"An array of {self.result.ndim} axes, {shape_text(self.result.shape)}: the "
            said += "differential says it in full."
            if self.formula(self.result, "vec").form == "vec":
                said += " With columns stacked (vec) it is a matrix, by "
                said += "vec(AZB) = (Bᵀ ⊗ A) vec(Z)."
                lines.append(self.equation(self.result, form="vec"))
            why = (said,)
        return Step("read off", "read off the derivative", tuple(lines), (why,), end, self.result)

    def put_back(self) -> tuple[Step | None, Node]:
        """The definitions in the place of the names."""
        names = self.names
        by_name = {q.variable: q for q in names.quantities}
        used = [v for v in variables(self.result) if v in by_name]
        full: dict[Node, Node] = {v: by_name[v].full for v in used}
        after = substitute(self.result, full)
        if not used:
            return None, after
        before = self.formula(self.result)
        own = {v.name: names.name(v.name) for v in used}
        lines = [
            self.equation(self.result, right=_marked(before, own)),
            self.equation(after),
        ]
        said = [names.equation(names.name(v.name), by_name[v].full, of=v.name) for v in used]
        why: Prose = ("with ",)
        for k, line in enumerate(said):
            why = (*why, *([", "] if k else []), line.math)
        step = Step("put back", "put the names back", tuple(lines), (why,), self.result, after)
        return step, after

    def simplify(self, before: Node, final: Node, free: Node) -> list[Step]:
        """Rewrites that give another formula, each with its name."""
        made = []
        current = before
        short = shortest(current)
        tried: list[tuple[str, str, Prose, Node]] = [
            ("simplify", "simplify", _rewrites(current, short), short)
        ]
        facts = _facts_used(short)
        if facts:
            tried.append(("simplify", "use what is known", (f"{facts}.",), free))
        else:
            tried.append(("simplify", "simplify", _rewrites(short, free), free))
        if final is not free:
            said = "The entries of a symmetric variable are not independent of one another."
            tried.append(("convention", "count the entries as the convention says", (said,), final))
        for kind, rule, why, node in tried:
            old, new = str(self.formula(current)), str(self.formula(node))
            if old != new:
                lines = (self.equation(current), self.equation(node))
                made.append(Step(kind, rule, lines, (why,), current, node))
                current = node
        return made


def _marked(written: Formula, names: dict[str, Math]) -> Math:
    return math(Written(written, {k: math(mark(v)) for k, v in names.items()}))


def _rewrites(before: Node, after: Node) -> Prose:
    """What happened between two forms, as far as counting tells it."""
    said = []

    def applied(node: Node) -> set[str]:
        return {n.function for n in topological(node) if isinstance(n, Apply)}

    gone = sorted(applied(before) - applied(after))
    new = sorted(applied(after) - applied(before))
    if gone:
        said.append(f"{', '.join(gone)} cancels or is absorbed")
    if new:
        said.append(f"what is left is written with {', '.join(new)}")
    terms = len(before.operands), len(after.operands)
    if type(before) is not type(after) or terms[0] > terms[1]:
        said.append("like terms are added, and what all terms share is pulled out")
    if not said:
        said.append("brackets are opened where factors meet, and factors are put in order")
    text = "; ".join(said)
    return (text[0].upper() + text[1:] + ".",)


_FACTS = {
    "symmetric": "{0} = {0}ᵀ",
    "spd": "{0} = {0}ᵀ",
    "psd": "{0} = {0}ᵀ",
    "diagonal": "{0} is diagonal and equal to {0}ᵀ",
    "orthogonal": "{0}ᵀ{0} = I",
    "triangular": "{0} is triangular",
}


def _facts_used(node: Node) -> str:
    said = [
        _FACTS[fact].format(v.name) + f", as {v.name} is {fact}"
        for v in variables(node)
        if isinstance(v, Variable) and v.dormant
        for fact in sorted(v.facts & _FACTS.keys())
    ]
    return "; ".join(said)
