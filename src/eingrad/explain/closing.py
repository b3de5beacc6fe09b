"""How a derivation ends: read off, names put back, simplified, with facts and conventions used."""

from __future__ import annotations

from dataclasses import replace

from ..dims import shape_text
from ..ir.fired import Fired, listening
from ..ir.node import Node, Variable
from ..ir.walk import substitute, variables, with_facts
from ..notation import Formula, derivative_formula
from ..simplify import shortest
from .naming import Naming, at
from .rewriting import Rewritten, put_in, rewritings
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

    def equation(
        self,
        node: Node,
        *,
        form: str = "auto",
        right: Math | None = None,
        written: Formula | None = None,
    ) -> Equation:
        """∂y/∂x = …; where that has more than two axes dY = …, or vec(dY) = (…) vec(dX)."""
        written = written or self.formula(node, form)
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

    def read_off(self, end: Node | None, route: str) -> Step:
        """The derivative from the differential, or from the product of Jacobians."""
        names, x = self.names, self.names.x
        dx = names.name(names.start.direction.name)
        dy = names.name(names.root.direction.name)
        lines = [self.equation(self.result)]
        if route == "chain" and self.result.ndim <= 2:
            return self._as_asked(lines, end)
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
                if "K_" in str(self.formula(self.result, "vec")):
                    said += " K stands for the commutation matrix, vec(Zᵀ) = K vec(Z)."
                lines.append(self.equation(self.result, form="vec"))
            why = (said,)
        return Step("read off", "read off the derivative", tuple(lines), (why,), end, self.result)

    def _as_asked(self, lines: list[Equation], end: Node | None) -> Step:
        """The total Jacobian in the shape of the answer."""
        y, x = self.names.root, self.names.x
        said = f"The total Jacobian is the answer: rows for {y.name}, columns for {x.name}."
        if not self.n_out and x.ndim == 1:
            said = f"The total Jacobian is a row; standing up, in the shape {shape_text(x.shape)} "
            said += f"of {x.name}, it is the gradient."
        elif not self.n_out and x.ndim == 2:
            said = f"The total Jacobian is a row, vec({x.name}) beside it; its entries in the "
            said += f"places of {x.name}, {shape_text(x.shape)}, are the gradient."
        elif not x.ndim or not self.n_out:
            said = "The total Jacobian is the answer."
        return Step("read off", "read off the derivative", tuple(lines), ((said,),), end,
                    self.result)  # fmt: skip

    def put_back(self) -> tuple[Step | None, Node]:
        """The definitions in the place of the names."""
        names = self.names
        by_name = {q.variable: q for q in names.quantities}
        used = [v for v in variables(self.result) if v in by_name]
        full: dict[Node, Node] = {v: by_name[v].full for v in used}
        with listening() as fired:
            after = substitute(self.result, full)
        if not used:
            return None, after
        before = self.formula(self.result)
        own = {v.name: names.name(v.name) for v in used}
        definitions = {v.name: names.formula(by_name[v].full) for v in used}
        marked = {name: math(f) for name, f in definitions.items()}
        lines = [self.equation(self.result, right=_marked(before, own))]
        begun = put_in(before, definitions)
        laws = None if begun is None else rewritings(begun, self.formula(after))
        why: Prose = ("with ",)
        for k, v in enumerate(used):
            line = names.equation(names.name(v.name), by_name[v].full, of=v.name)
            why = (*why, *([", "] if k else []), line.math)
        reasons = [why]
        if laws is None:
            lines.append(self.equation(after))
            reasons += self._said(fired)
        else:
            lines.append(self.equation(after, right=_marked(before, marked), written=before))
            lines += self._lines(laws, after)
        rule = "put the names back"
        return Step("put back", rule, tuple(lines), tuple(reasons), self.result, after), after

    def _lines(self, laws: list[Rewritten], node: Node) -> list[Equation]:
        """One line for each law that was used; the value is that of the node."""
        lines = []
        for k, line in enumerate(laws, 1):
            made = self.equation(node, right=math(line.formula))
            shapes = f"; {made.shapes}" if k == len(laws) else ""
            lines.append(replace(made, shapes=line.law + shapes))
        return lines

    def _said(self, fired: list[Fired]) -> list[Prose]:
        """Rewrites of records as reasons; where no law is known, that the form is the usual one."""
        rows = self.names.used(fired)
        if not rows:
            return [
                ("Then factors are put in the usual order, and what terms share is pulled out.",)
            ]
        return [("Here ", row, ".") for row in rows]

    def simplify(self, before: Node, final: Node, free: Node) -> list[Step]:
        """Rewrites that give another formula, each with its name."""
        made = []
        current = before
        with listening() as heard:
            short = shortest(current)
        facts = _facts_used(short)
        if facts:
            with listening() as of_facts:
                shortest(with_facts(short))
            tried = [("simplify", "simplify", (), short, heard),
                     ("simplify", "use what is known", (f"{facts}.",), free, of_facts)]  # fmt: skip
        else:
            tried = [("simplify", "simplify", (), short, heard),
                     ("simplify", "simplify", (), free, heard)]  # fmt: skip
        if final is not free:
            said = "The entries of a symmetric variable are not independent of one another."
            name = "count the entries as the convention says"
            tried.append(("convention", name, (said,), final, []))
        for kind, rule, why, node, fired in tried:
            old, new = self.formula(current), self.formula(node)
            if str(old) == str(new):
                continue
            reasons: list[Prose] = [why] if why else []
            laws = rewritings(old, new) if rule == "simplify" else None
            lines = [self.equation(current)]
            if laws:
                lines += self._lines(laws, node)
            else:
                lines.append(self.equation(node))
                if kind == "simplify":
                    reasons += self._said(fired) if fired or not why else []
            made.append(Step(kind, rule, tuple(lines), tuple(reasons), current, node))
            current = node
        return made


def _marked(written: Formula, names: dict[str, Math]) -> Math:
    return math(Written(written, {k: math(mark(v)) for k, v in names.items()}))


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
