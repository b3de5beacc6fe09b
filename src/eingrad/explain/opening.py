"""How a derivation begins: what is asked, and the computation as named intermediate results."""

from __future__ import annotations

from collections.abc import Sequence

from ..dims import shape_text
from ..ir.fired import Fired
from ..ir.node import Variable
from ..ir.walk import variables
from .naming import Naming, count_text
from .steps import Equation, Step
from .written import Math, Prose, math


def asked(
    names: Naming,
    wrt: tuple[Variable, ...],
    title: Math,
    previous: Math | None,
    given: tuple[str, Sequence[Fired]] | None = None,
) -> Step:
    """Step 1: what was given, shapes, and how many entries the answer has."""
    y, x = names.root, names.x
    shape = shape_text((*y.shape, *x.shape))
    lines = [names.equation(names.name(y.name), y.full, of=y.name)]
    if previous is not None:
        lines = [Equation(math(names.name(y.name), " = ", previous)), *lines]
    sizes = ", ".join(f"{v.name} is {_kind(v)}" for v in variables(y.full, x))
    why: list[Prose] = _read(names, given) if previous is None else []
    why.append((f"Here {sizes}.",))
    if y.full.ndim:
        both = f"The value {y.name} is {_kind(y.variable)} and {x.name} is {_kind(x)}"
        if y.shape == x.shape:
            both = f"The value {y.name}, like {x.name}, is {_kind(x)}"
        why.append((
            f"{both}: the answer ",
            title,
            f" has an entry for each pair of an entry of {y.name} and one of {x.name}, "
            f"{count_text(y.shape)} · {count_text(x.shape)} = "
                f"{count_text((*y.shape, *x.shape))} in all, of shape {shape}.",
        ))  # fmt: skip
    elif x.ndim:
        why.append((
            f"The value {y.name} is a scalar: the answer ",
            title,
            f" has one entry for each entry of {x.name}, {count_text(x.shape)} in all, and "
            f"the shape {shape} of {x.name}.",
        ))  # fmt: skip
    else:
        why.append((f"Both {y.name} and {x.name} are scalars: the answer is one number.",))
    if previous is not None:
        why.insert(
            0,
            (
                f"A derivative of order {len(wrt)} is the derivative of the one of order "
                f"{len(wrt) - 1}, which is called {y.name} here.",
            ),
        )
    return Step("shapes", "what is asked", tuple(lines), tuple(why))


def _read(names: Naming, given: tuple[str, Sequence[Fired]] | None) -> list[Prose]:
    """How the text became what is differentiated, where more happened than reading it."""
    if given is None or not given[1]:
        return []
    said: Prose = (f"{names.root.name} was given as {given[0]}, which is the same: ",)
    for k, row in enumerate(names.used(given[1])):
        said = (*said, *([", "] if k else []), row)
    return [(*said, ".")]


def _kind(v: Variable) -> str:
    if not v.ndim:
        return "a scalar"
    if v.ndim == 1:
        return f"a vector of {v.shape[0]} entries"
    if v.ndim == 2:
        return f"a matrix {shape_text(v.shape)}"
    return f"an array {shape_text(v.shape)}"


def intermediate(names: Naming) -> Step | None:
    """Step 2: the computation, one named result after another; None where there is but one."""
    if len(names.quantities) < 2:
        return None
    lines = [names.equation(names.name(q.name), q.definition, of=q.name) for q in names.quantities]
    why: Prose = (
        f"Each line uses {names.x.name} and the lines above only, so that each needs one rule. "
        f"What {names.x.name} does not reach is constant.",
    )
    return Step("names", "intermediate results", tuple(lines), (why,))
