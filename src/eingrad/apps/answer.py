"""The work behind `eingrad derive`: read, derive, check, and collect what will be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..calculus import Derivative, Expression, derivative, parse
from ..dims import product, shape_text
from ..errors import EingradError, InputError, UnsupportedError
from ..ir.node import Variable
from ..ir.walk import variables

if TYPE_CHECKING:
    from ..explain import Explanation
    from ..explain.entries import EntryByEntry
    from ..notation import Formula
    from ..structure import Cost
    from ..verify import Report
    from .rule import RuleRequest
    from .terminal import Line

FORMS = ("auto", "matrix", "differential", "vec", "index")
LABELS = ("f", "F", "y", "Y", "φ", "E", "result")


@dataclass(frozen=True)
class Request:
    """What the user asked for; the fields are the options of `eingrad derive`."""

    text: str
    chains: Sequence[Sequence[str]]
    declarations: Mapping[str, str] = field(default_factory=dict)
    layout: str = "mixed"
    forms: Sequence[str] = ("auto",)
    symmetric: str = "free"
    target: str | None = None
    value: bool = False
    check: bool = True
    cost: bool = False
    entries: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict)
    rule: RuleRequest | None = None
    explain: tuple[str, str] | None = None  # route and level


@dataclass
class Derived:
    """One derivative with its formulas by form and the outcome of its check."""

    derivative: Derivative
    formulas: dict[str, Formula]
    report: Report | None = None
    unchecked: str = ""  # why there is no report although one was asked for
    cost: Cost | None = None
    entries: EntryByEntry | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)  # for the numbers of the cost
    explanation: Explanation | None = None


@dataclass
class Answer:
    """Everything that `eingrad derive` prints."""

    request: Request
    expression: Expression
    derived: list[Derived]
    artifact: str = ""  # code or markup, when --to asks for it
    remarks: list[Line] = field(default_factory=list)  # on what was written

    @property
    def exit_code(self) -> int:
        """0 when everything was checked and is right, or no check was wanted; else 1."""
        return 1 if any(d.unchecked for d in self.derived) else 0


def answer(request: Request) -> Answer:
    """Read, derive, check and write out.

    Raises
    ------
    EingradError
        What was given is wrong, or a derivative failed its check.
    """
    expression = parse(request.text, **request.declarations)
    if not request.chains:
        raise _no_variable(expression)
    label = free_label(expression)
    derived = []
    for chain in request.chains:
        by: list[str | Variable] = [expression.variables.get(name, name) for name in chain]
        d = derivative(expression, *by, layout=request.layout, symmetric=request.symmetric)
        d.label = label
        one = Derived(d, {})
        if request.check:
            one.report, one.unchecked = _checked(d)
        one.formulas = _formulas(d, request.forms)
        if request.cost:
            one.cost, one.sizes = _cost(d, request)
        if request.explain:
            from .explaining import explained

            one.explanation = explained(one, request.explain)
        if request.entries:
            one.entries = d.entries(**request.sizes)
        derived.append(one)
    result = Answer(request, expression, derived)
    if request.rule:
        from .rule import write_rule

        result.artifact, result.remarks = write_rule(result, request.rule)
    elif request.target:
        from .artifact import artifact

        result.artifact = artifact(result)
    return result


def _cost(d: Derivative, request: Request) -> tuple[Cost, Mapping[str, int]]:
    """The costs, and the sizes asked for that this derivative has."""
    cost = d.cost()
    known = {s for v in variables(d.of) for k in v.shape for s in k.symbols()}
    unknown = sorted(request.sizes.keys() - known)
    if unknown:
        raise InputError(
            f"there is no size {unknown[0]}", hint=f"it has: {', '.join(sorted(known))}"
        )
    return cost, {s: n for s, n in request.sizes.items() if s in cost.sizes}


def free_label(expression: Expression) -> str:
    """A name for the value of the expression that none of its variables has."""
    return next(name for name in LABELS if name not in expression.variables)


def _no_variable(expression: Expression) -> InputError:
    names = list(expression.variables)
    if not names:
        return InputError(
            "by which variable? the expression has none",
            hint="its derivative by anything is 0: name a variable with --wrt x",
        )
    return InputError(
        "by which variable? say --wrt and a name",
        hint=f"the expression has: {', '.join(names)}; for instance --wrt {names[-1]}",
    )


def _checked(d: Derivative) -> tuple[Report | None, str]:
    """The report of the check, or why there is none; a wrong derivative raises `CheckError`."""
    try:
        report = d.check()
    except InputError as error:  # no small sizes fit the expression
        return None, f"not checked: {error.message}"
    return (report, "") if report.compared else (None, report.text)


def _formulas(d: Derivative, forms: Sequence[str]) -> dict[str, Formula]:
    """The formulas asked for; beside an automatic one that names directions, those that show all
    axes. A form that was only added here may be missing, one that was asked for may not."""
    shown = {form: d.formula(form) for form in forms}
    if tuple(forms) == ("auto",) and shown["auto"].directions:
        for form in ("vec", "index"):
            try:
                added = d.formula(form)
            except EingradError:
                continue
            if added.form == form:  # not another one in its place
                shown[form] = added
    return shown


def all_notes(one: Derived) -> list[str]:
    """What a reader must know about the derivative and about its formulas."""
    of_formulas = [note for formula in one.formulas.values() for note in formula.notes]
    return list(dict.fromkeys([*one.derivative.notes, *of_formulas]))


def shape_and_axes(d: Derivative) -> tuple[str, tuple[str, ...]]:
    """The shape as it is shown in the derivative's layout, and what each axis is.

    In the layout `vec` there are two axes: the entries of the output and those of the inputs.
    """
    if d.layout != "vec":
        return d.shape_text, d.axes
    n_in = len(d.wrt[-1].shape)
    if d.n_out == 0 and d.order > 1:  # a Hessian: the last variable by the others
        names = [v.name for v in d.wrt]
        rows, columns = names[:-1], names[-1]
    else:
        rows, columns = [d.label, *(v.name for v in d.wrt[:-1])], d.wrt[-1].name
    split = d.node.ndim - n_in
    sizes = (product(d.node.shape[:split]), product(d.node.shape[split:]))
    return shape_text(sizes), (f"vec {', '.join(rows)}", f"vec {columns}")


def backends() -> tuple[str, ...]:
    """The backends for which there is code, asked of the code stage."""
    from .. import codegen

    return tuple(codegen.BACKENDS)


def require_backend(name: str) -> None:
    """`UnsupportedError` that lists what exists, unless there is code for `name`."""
    if name not in backends():
        raise UnsupportedError(
            f"there is no code for {name} yet; --to takes: {', '.join((*backends(), *MARKUP))}"
        )


MARKUP = ("latex", "mathml")
