"""Hypothesis strategies: random well-shaped expressions, each built twice.

An `Expression` holds a node of the IR and, independently of the IR, the same computation for an
array namespace (NumPy, `jax.numpy`). Expressions are graphs: every step may use any earlier
one. Sizes are pairwise different, and literal sizes of 1 occur.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from eingrad.dims import ONE, Dim
from eingrad.ir import construct
from eingrad.ir.node import Node, Variable, variable
from eingrad.verify.sample import random_value
from tests.operations import ALL_OPERATIONS, SIZES, SMOOTH_OPERATIONS, Step, Tape

__all__ = [
    "ALL_OPERATIONS",
    "FACTS",
    "SIZES",
    "SMOOTH_OPERATIONS",
    "Expression",
    "expressions",
    "make_variables",
    "nodes",
    "random_values",
]

A, B, C = (Dim.symbol(s) for s in SIZES)

VARIABLES: dict[str, tuple[Dim, ...]] = {
    "s": (),
    "t": (),
    "u": (A,),
    "v": (B,),
    "w": (B,),
    "P": (A, B),
    "Q": (B, A),
    "R": (B, C),
    "M": (B, B),
    "N": (B, B),
    "T": (A, B, C),
    "r": (ONE, B),
    "k": (A, ONE),
}

# Facts for `expressions(facts=FACTS)`.
FACTS = {
    "M": "symmetric",
    "N": "spd",
    "u": "positive",
    "w": "nonnegative",
    "s": "positive",
    "R": "positive",
}


@dataclass(frozen=True)
class Expression:
    """A node and its independent meaning."""

    node: Node
    steps: tuple[Step, ...] = field(repr=False)
    variables: tuple[Variable, ...] = ()

    def compute(self, xp: Any, values: Mapping[str, Any]) -> Any:
        """The value with an array namespace, without the IR."""
        arrays: list[Any] = [values[v.name] for v in self.variables]
        for step in self.steps:
            arrays.append(step(xp, arrays))
        return arrays[-1]


def random_values(
    variables: Sequence[Variable], seed: int = 0, sizes: Mapping[str, int] | None = None
) -> dict[str, np.ndarray]:
    """Generic values of moderate size for some variables, with the facts that they declare."""
    rng = np.random.default_rng(seed)
    at = SIZES if sizes is None else sizes
    return {
        v.name: random_value([d.evaluate(at) for d in v.shape], v.facts, rng) for v in variables
    }


def make_variables(
    names: str = " ".join(VARIABLES), facts: Mapping[str, str] | None = None
) -> list[Variable]:
    """The strategies' variables by name."""
    known = {k: frozenset(v.split()) for k, v in (facts or {}).items()}
    return [variable(n, VARIABLES[n], known.get(n, frozenset())) for n in names.split()]


@st.composite
def expressions(
    draw: Any,
    max_steps: int = 8,
    operations: Sequence[Callable[[Tape], bool]] = SMOOTH_OPERATIONS,
    scalar: bool = False,
    facts: Mapping[str, str] | None = None,
) -> Expression:
    """Random expressions; `scalar` ends with the sum of all entries, `facts` are of variables."""
    tape = Tape(draw, make_variables(facts=facts))
    for _ in range(draw(st.integers(1, max_steps))):
        draw(st.sampled_from(operations))(tape)
    if not tape.steps:
        tape.push(tape.nodes[0] * 2, lambda xp, a: a[0] * 2.0)
    if scalar and tape.nodes[-1].ndim:
        last = len(tape.nodes) - 1
        tape.push(construct.sum_axes(tape.nodes[-1]), lambda xp, a: xp.sum(a[last]))
    return Expression(tape.nodes[-1], tuple(tape.steps), tape.variables)


def nodes(**options: Any) -> st.SearchStrategy[Node]:
    """Only the nodes of random expressions."""
    return expressions(**options).map(lambda e: e.node)
