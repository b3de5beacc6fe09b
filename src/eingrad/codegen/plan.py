"""What a generated function computes in which order, and which of its outputs each step serves."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

LISTED = 4  # outputs, up to which the documentation of a function says which share what


@dataclass(frozen=True)
class Step:
    """One statement.

    Attributes
    ----------
    name:
        What is computed: a temporary, or an output.
    text:
        The statement.
    serves:
        The outputs that need it, directly or through later steps.
    """

    name: str
    text: str
    serves: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """The steps of a function in order; `str()` lists them with the outputs that they serve.

    Attributes
    ----------
    outputs:
        What the function returns, in order.
    steps:
        All statements that compute.
    """

    outputs: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def shared(self) -> tuple[Step, ...]:
        """The steps that serve more than one output: they are computed once for all of those."""
        return tuple(s for s in self.steps if len(s.serves) > 1)

    @property
    def notes(self) -> list[str]:
        """Sentences on what is shared; none for one output."""
        if len(self.outputs) < 2 or not self.shared:
            return []
        if len(self.outputs) > LISTED:
            return [f"{len(self.shared)} of {len(self.steps)} steps serve more than one output."]
        groups: dict[tuple[str, ...], list[str]] = {}
        for step in self.shared:
            names = groups.setdefault(step.serves, [])
            if step.name not in names:
                names.append(step.name)
        return [
            f"{_listed(names)} {'serve' if len(names) > 1 else 'serves'} {_listed(served)}."
            for served, names in groups.items()
        ]

    def __str__(self) -> str:
        several = f"{len(self.outputs)} outputs" if len(self.outputs) > 1 else "1 output"
        head = f"{several}, {len(self.steps)} steps, {len(self.shared)} of them shared"
        width = max((len(s.text) for s in self.steps), default=0)
        return "\n".join(
            [head, *(f"  {s.text:{width}}  serves {_listed(s.serves)}" for s in self.steps)]
        )


def plan_of(lines: Sequence[str], returned: str, labels: Sequence[str]) -> Plan:
    """The plan of statements that end with `return returned`.

    A statement belongs to an output when something that it writes is read for that output later.

    >>> lines = ["t0 = X @ w", "t1 = t0 - y", "value = t1 @ t1", "gradient = 2 * (t1 @ X)"]
    >>> print(plan_of(lines, "value, gradient", ["value", "gradient"]))
    2 outputs, 4 steps, 2 of them shared
      t0 = X @ w               serves value and gradient
      t1 = t0 - y              serves value and gradient
      value = t1 @ t1          serves value
      gradient = 2 * (t1 @ X)  serves gradient
    """
    results = ast.parse(returned, mode="eval").body
    parts = results.elts if len(labels) > 1 and isinstance(results, ast.Tuple) else [results]
    # The outputs that need a name from here on, as bits: networks have hundreds of outputs.
    needed: dict[str, int] = {}
    for k, part in enumerate(parts):
        for name in _names(part):
            needed[name] = needed.get(name, 0) | 1 << k
    steps: list[Step] = []
    for line in reversed(lines):
        statement = ast.parse(line)
        written = _written(statement)
        bits = 0
        for name in written:
            bits |= needed.get(name, 0)
        for name in _names(statement):
            needed[name] = needed.get(name, 0) | bits
        serves = tuple(label for k, label in enumerate(labels) if bits >> k & 1)
        first = next((n for n in line.split() if n.isidentifier()), "")
        steps.append(Step(first if first in written else min(written), line, serves))
    return Plan(tuple(labels), tuple(reversed(steps)))


def _written(statement: ast.AST) -> set[str]:
    """The names that a statement assigns, or whose arrays it writes into."""
    found: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Assign):
            found |= {n for target in node.targets for n in _arrays(target)}
        elif isinstance(node, ast.AugAssign):
            found |= _arrays(node.target)
    return found


def _arrays(target: ast.AST) -> set[str]:
    """The arrays that a target writes into; an index is not written."""
    if isinstance(target, ast.Subscript | ast.Attribute):
        return _arrays(target.value)
    return _names(target)


def _names(tree: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}


def _listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
