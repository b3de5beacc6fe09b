"""One step of a derivation: what is shown, and the nodes by which it can be replayed."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..ir.node import Node, Shape, Variable
from .written import PLAIN, Math, Prose


@dataclass(frozen=True)
class Equation:
    """A line of mathematics with the shapes that stand beside it, and the value of its right side.

    Attributes
    ----------
    math:
        The line.
    shapes:
        The shapes on both sides, as text.
    node:
        The right side, in the names of the derivation and the directions; None where the line
        says something else.
    of:
        The name of a quantity whose value (or differential, where `differential`) it is.
    """

    math: Math
    shapes: str = ""
    node: Node | None = None
    of: str = ""
    differential: bool = False

    def __str__(self) -> str:
        return PLAIN.draw(self.math)


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    kind:
        `shapes`, `names`, `differential`, `jacobian`, `collect`, `insert`, `read off`, `put back`,
        `simplify`, `convention`, `answer` or `check`.
    rule:
        The rule by its name.
    equations:
        The lines, before and after.
    why:
        Sentences: what the rule says, and why a transpose or a side was chosen.
    start, end:
        What the step starts from and ends with, equal in value (but for a `convention`); `start` is
        the `end` of the step before wherever both are there.
    """

    kind: str
    rule: str
    equations: tuple[Equation, ...] = ()
    why: tuple[Prose, ...] = ()
    start: Node | None = None
    end: Node | None = None


@dataclass(frozen=True)
class Quantity:
    """An intermediate result with a name.

    Attributes
    ----------
    variable:
        The name, as a variable of the shape of the value.
    definition:
        The value in terms of the inputs and of the quantities before.
    full:
        The value in terms of the inputs alone.
    direction:
        The differential, as a variable.
    inputs:
        The quantities that the definition depends on, and the variable that is differentiated by.
    """

    variable: Variable
    definition: Node
    full: Node
    direction: Variable
    inputs: tuple[Quantity, ...] = field(default=())

    @property
    def name(self) -> str:
        """What it is called."""
        return self.variable.name

    @property
    def shape(self) -> Shape:
        """The shape of the value."""
        return self.variable.shape
