"""Random expressions: a derivation of any of them is right line by line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eingrad
from eingrad.calculus.explained import explanation
from eingrad.explain import ROUTES
from eingrad.frontends.python import Tensor
from eingrad.ir.walk import variables
from tests.explain.replay import Replay
from tests.strategies import expressions


@pytest.mark.parametrize("scalar", [True, False])
@pytest.mark.parametrize("route", ROUTES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_line_of_a_random_derivation_holds(route, scalar, data):
    expression = data.draw(expressions(max_steps=5, scalar=scalar))
    occurring = variables(expression.node)
    if not occurring:
        return
    x = data.draw(st.sampled_from(occurring))
    d = eingrad.derivative(Tensor(expression.node), x)
    made = explanation(d, route, "full")
    replay = Replay(d, made)
    if all(np.isfinite(replay.names[q.name]).all() for q in made.quantities):
        replay.lines()
        ends = replay.joins()
        replay.agrees(replay.value(ends[-1]), replay.value(d.node))
