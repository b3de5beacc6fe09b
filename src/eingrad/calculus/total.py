"""Total derivatives: variables of an expression that are themselves functions of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..differentiate import differentiate
from ..dims import Dim, shape_text
from ..errors import InputError, ShapeError, unknown_variable
from ..frontends.text import parse as parse_text
from ..ir.node import Node, Variable, variable
from ..ir.walk import substitute, variables, with_facts
from ..simplify import shortest
from .derivative import Derivative
from .inputs import as_tensor_node, find_variable, fresh


@dataclass(frozen=True)
class Total:
    """An expression with its dependent variables replaced by what they are.

    Attributes
    ----------
    node:
        The expression as a function of the independent variables alone.
    given:
        As it was written, dependent variables still by name.
    by:
        The variable to differentiate by.
    values:
        Each dependent variable with what it is, in the independent ones.
    links:
        The same as it was given: in other dependent variables, too.
    """

    node: Node
    given: Node
    by: Variable
    values: Mapping[Variable, Node]
    links: Mapping[Variable, Node]

    def contributions(self, layout: str) -> dict[str, Derivative]:
        """The partial derivative and one term for each path, by the variable that they go through.

        They add up to the total derivative; each is checked by itself like any other.
        """
        held = self._held(self.by)
        found: dict[str, Derivative] = {}
        for through in (self.by, *self.values):
            frozen: dict[Node, Node] = {
                v: self._held(v) for v in (self.by, *self.values) if v is not through
            }
            moving = substitute(self.given, frozen)
            if through is not self.by:
                moving = substitute(moving, {through: self.values[through]})
            back: dict[Node, Node] = {self._held(v): value for v, value in self.values.items()}
            back[held] = self.by
            free = differentiate(moving, [self.by])
            found[through.name] = Derivative(
                shortest(with_facts(substitute(free, back))),
                of=moving,
                wrt=[self.by],
                free=free,
                layout=layout,
                label=self.label,
                heading=self._heading(through),
            )
        return found

    def _held(self, v: Variable) -> Variable:
        """A stand-in for a variable that is held fixed."""
        return variable(fresh(f"{v.name}_held", self.given, *self.values.values()), v.shape)

    @property
    def label(self) -> str:
        """A name for the expression that no variable has."""
        taken = {v.name for v in variables(self.given, *self.values.values())}
        return next(n for n in ("y", "f", "F", "L", "value", "result_") if n not in taken)

    def _heading(self, through: Variable) -> str:
        x = self.by.name
        if through is self.by:
            return f"∂{self.label}/∂{x} with {', '.join(v.name for v in self.values)} held fixed"
        return f"∂{self.label}/∂{through.name} d{through.name}/d{x}"


def totally(y: Any, x: Any, total: Any) -> Total:
    """Read what depends on what.

    Parameters
    ----------
    y, x:
        As for `derivative`.
    total:
        `{"y": "x^2"}`: for each dependent variable its expression, as text or as a tensor; it may
        use other dependent ones.

    Raises
    ------
    InputError
        No expressions are given, x is among them, or they go in a circle.
    ShapeError
        An expression has not the shape of its variable.
    """
    node = as_tensor_node(y)
    if not isinstance(total, Mapping) or not total:
        raise InputError(
            "a total derivative needs to know what depends on what",
            hint='say for instance derivative("x*y", "x", total={"y": "x^2"})',
        )
    known: dict[str, Variable] = {v.name: v for v in variables(node)}
    values: dict[Variable, Node] = {}
    waiting = dict(total)
    while waiting:  # an expression may bring in the variable that another one is about
        name = next((n for n in waiting if n in known), None)
        if name is None:
            raise unknown_variable(next(iter(waiting)), known)
        value = _value(waiting.pop(name), known[name], known)
        values[known[name]] = value
        known |= {v.name: v for v in variables(value)}
    by = find_variable_among(x, node, values)
    if by in values:
        raise InputError(
            f"{by.name} is differentiated by and given as a function", hint="one or the other"
        )
    flat = _resolved(values)
    put: dict[Node, Node] = {v: value for v, value in flat.items()}
    return Total(substitute(node, put), node, by, flat, values)


def find_variable_among(x: Any, node: Node, values: Mapping[Variable, Node]) -> Variable:
    """The variable that a name means in the expression or in what it depends on."""
    if isinstance(x, str):
        for value in (node, *values.values()):
            for v in variables(value):
                if v.name == x:
                    return v
    return find_variable(node, x)


def _value(given: Any, v: Variable, known: dict[str, Variable]) -> Node:
    """The expression of a dependent variable, with undeclared sizes fitted to its shape."""
    if not isinstance(given, str):
        node = as_tensor_node(given)
    else:
        node = parse_text(given, known).node
        renamed: dict[str, Dim] = {}
        taken = {s for w in known.values() for d in w.shape for s in d.symbols()}
        if node.ndim == v.ndim:
            for own, wanted in zip(node.shape, v.shape, strict=True):
                if own.symbols() == {str(own)} and str(own) not in taken:
                    renamed[str(own)] = wanted
        fitted = {
            w.name: variable(w.name, tuple(d.substitute(renamed) for d in w.shape), w.facts)
            for w in variables(node)
            if w.name not in known
        }
        node = parse_text(given, {**known, **fitted}, expected_shape=v.shape).node
    if node.shape != v.shape:
        raise ShapeError(
            f"{v.name} has shape {shape_text(v.shape)}, but what it is given as has"
            f" {shape_text(node.shape)}"
        )
    return node


def _resolved(values: Mapping[Variable, Node]) -> dict[Variable, Node]:
    """Dependent variables inside one another's expressions replaced, until none is left."""
    flat = dict(values)
    whole: dict[Node, Node] = {v: value for v, value in values.items()}
    for _ in range(len(flat) + 1):
        inside = [v for value in flat.values() for v in variables(value) if v in flat]
        if not inside:
            return flat
        flat = {v: substitute(value, whole) for v, value in flat.items()}
    raise InputError(
        f"{', '.join(sorted(v.name for v in set(inside)))} would be a function of itself"
    )
