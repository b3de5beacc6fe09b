"""Explanations as `Derivative` offers them: which nodes of it the room `explain` is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..differentiate import differentiate, differentiate_each, pullback
from ..errors import InputError, UnsupportedError
from ..ir.build import is_zero
from ..ir.node import Node, Variable, variable
from ..ir.walk import variables, with_facts
from ..simplify import shortest
from .inputs import find_variable, fresh, with_variables
from .symmetric import SYMMETRIC, for_symmetric

if TYPE_CHECKING:
    from ..explain.approximation import Approximation
    from ..explain.entries import EntryByEntry
    from ..explain.entrycounted import Convention
    from ..explain.paths import Paths
    from .derivative import Derivative


def entries(d: Derivative, sizes: Mapping[str, int]) -> EntryByEntry:
    """The derivative entry by entry."""
    from ..explain.entries import entry_by_entry
    from ..notation import formula

    whole(d, "entry by entry")
    incoming = None
    if d.of.ndim and d.order == 1:
        g = variable(fresh("G", d.of, d.node), d.of.shape)
        collected = shortest(with_facts(pullback(d.of, d.wrt[0], g)))
        names = d.names | {g.name}
        incoming = (g, collected, formula(collected, names_taken=names))
    return entry_by_entry(
        d.tensor,
        d.of,
        d.wrt,
        label=d.label,
        title=d.title,
        incoming=incoming,
        sizes=sizes,
        convention=_convention(d),
    )


def _convention(d: Derivative) -> Convention | None:
    """How entries of symmetric variables count in what is shown, where that changes it."""
    from ..explain.entrycounted import Convention
    from ..notation import formula

    if d.node is d.tensor:
        return None
    for how in SYMMETRIC:
        node, _ = for_symmetric(d.tensor, d.of.ndim, d.wrt, how)
        if node is not d.tensor and shortest(node) is d.node:
            return Convention(how, d.node, formula(d.node, names_taken=d.names))
    return None


def paths(d: Derivative) -> Paths:
    """The paths from the variable to the expression."""
    from ..explain import paths as explained

    whole(d, "a graph of paths")
    if d.order != 1:
        raise InputError(
            f"paths lead to a first derivative; {d.title} is one of order {d.order}",
            hint="differentiate once",
        )
    convention = _convention(d)
    if convention is not None:
        raise UnsupportedError(
            "paths carry each entry by itself, which is another derivative than the one with "
            f'symmetric="{convention.how}"; differentiate with symmetric="free"'
        )
    if d.dependencies is None:
        return explained.paths(d.of, d.wrt[0], d.tensor, label=d.label)
    given, values = d.dependencies
    return explained.paths(given, d.wrt[0], d.tensor, label=d.label, values=values)


def approximation(y: Any, x: Any, order: int = 1, point: Any = None, **sizes: int) -> Approximation:
    """How well derivatives approximate a finite change: ‖Δy − ⟨∂y/∂x, Δx⟩‖ against the step.

    Parameters
    ----------
    y, x:
        As for `derivative`; a list of variables moves them all at once.
    order:
        1, or 2 to use the Hessian as well.
    point:
        Where: arrays by name; random ones by default, the same each time.
    **sizes:
        Numbers for symbolic sizes, `n=4`.

    Returns
    -------
    Approximation
        The remainders, their slope (2 for a right first derivative, 3 with the Hessian), from where
        on rounding hides them, each variable's own contribution to Δy; `text()`, `save`. Where the
        remainder vanishes it says so instead of fitting.

    Raises
    ------
    InputError, SizeLimitError, UnsupportedError
        Another order; sizes too large; no point at which all is finite.

    Examples
    --------
    >>> found = approximation("x'*A*x", "x")
    >>> round(found.slope, 1), approximation("x'*A*x", "x", order=2).reason
    (2.0, 'quadratic')
    """
    from ..explain.remainder import approximate

    if order not in (1, 2):
        raise InputError(f"order is 1 or 2, not {order!r}")
    node, known = with_variables(y)
    items = x if isinstance(x, list | tuple) else [x]
    by = [find_variable(node, item, known) for item in items]
    if not by or len(set(by)) < len(by):
        raise InputError("which variables move? name each once")
    chains = [differentiate_each(node, [v, w]) for v in by for w in by] if order == 2 else []
    raw = [differentiate(node, [v]) for v in by]
    last = [chain[-1] for chain in chains] or raw
    second = [shortest(with_facts(n)) for n in last]
    count = len(by)
    return approximate(
        node,
        by,
        [shortest(with_facts(n)) for n in raw],
        None if order == 1 else [second[k : k + count] for k in range(0, len(second), count)],
        label=fresh_label(node),
        next_is_zero=lambda: all(_no_more(n, v) for n in last for v in by),
        sizes=sizes,
        point=point,
    )


def approximation_by(d: Derivative, point: Any, sizes: Mapping[str, int]) -> Approximation:
    """The same for a derivative at hand."""
    from ..explain.remainder import approximate

    whole(d, "an approximation")
    x = d.wrt[0]
    if d.order > 2 or any(v is not x for v in d.wrt):
        raise InputError(
            f"an approximation is by a first derivative, or a second one by one variable, not by "
            f"{d.title}",
            hint='for several variables at once: eingrad.approximation(y, ["x", "z"], order=2)',
        )
    first = d.tensor if d.order == 1 else shortest(with_facts(d.previous[0]))
    return approximate(
        d.of,
        [x],
        [first],
        None if d.order == 1 else [[d.tensor]],
        label=d.label,
        next_is_zero=lambda: _no_more(differentiate(d.of, [x] * d.order), x),
        sizes=sizes,
        point=point,
    )


def _no_more(node: Node, x: Variable) -> bool:
    """Whether a derivative does not depend on x any more, as a formula."""
    return is_zero(shortest(with_facts(differentiate(node, [x]))))


def fresh_label(node: Node) -> str:
    """A name for a value that none of its variables has."""
    taken = {v.name for v in variables(node)}
    return next(n for n in ("y", "f", "F", "L", "value", "result_") if n not in taken)


def whole(d: Derivative, what: str) -> None:
    """Raise `UnsupportedError` where the axes are not those of an output and its inputs."""
    if d.contracted or d.called in ("jvp", "curvature"):
        raise UnsupportedError(
            f"{what} is for the derivative of an array by variables, not for {d.title}"
        )
