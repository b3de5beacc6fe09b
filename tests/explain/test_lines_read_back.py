"""What is drawn is what was meant: each line is read back as text and has the value of its node.

A mark stands for brackets, and ⟨G, Z⟩ for the sum of the products of entries.
"""

import re

import numpy as np
import pytest

from eingrad.calculus.explained import explanation
from eingrad.frontends.text import parse
from eingrad.ir.node import variable
from eingrad.ir.walk import topological
from tests.explain.cases import CASES
from tests.explain.replay import Replay
from tests.explain.test_steps import derived

UNREADABLE = re.compile(r"Σ|_[a-z{]|vec\(|d₁|∂")  # index notation, other layouts, statements


def readable(text):
    """The last side of a line, with brackets for marks and sums for inner products."""
    text = text.replace("⟦", "(").replace("⟧", ")").replace(" · ", " .* ")
    head, _, where = text.partition(" where ")
    side = head.rsplit(" = ", 1)[-1]
    side = re.sub(r"⟨(.*?), (d\w+|\(.*?\)|[^⟩]*)⟩", r"sum((\1) .* (\2))", side)
    return f"{side} where {where}" if where else side


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]} by {','.join(c[1])} {c[2] or ''}")
def test_every_line_reads_back_with_the_value_of_its_node(case):
    d = derived(case)
    made = explanation(d, "differentials", "full")
    if not made.quantities:
        return
    replay = Replay(d, made)
    quantities = (*made.quantities, made.start)
    known = {v.name: v for q in quantities for v in (q.variable, q.direction)}
    for q in made.quantities:
        known |= {n.name: n for n in topological(q.full) if hasattr(n, "name")}
    known |= {made.start.name: variable(made.start.name, made.start.shape)}
    count = 0
    for step in made.steps:
        for eq in step.equations:
            line = readable(str(eq))
            if eq.node is None or eq.node.ndim > 2 or UNREADABLE.search(line):
                continue
            shape = eq.node.shape
            read = parse(line, {}, known=known, expected_shape=shape).node
            got = np.asarray(replay.value(read), dtype=float)
            wanted = np.asarray(replay.value(eq.node), dtype=float)
            tolerance = 1e-7 * (1 + np.abs(wanted).max(initial=0))
            np.testing.assert_allclose(got.reshape(wanted.shape), wanted, rtol=0, atol=tolerance,
                                       err_msg=str(eq))  # fmt: skip
            count += 1
    assert count > 0 or UNREADABLE.search(str(made))
