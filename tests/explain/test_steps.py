"""A derivation is right line by line, and its steps join."""

import numpy as np
import pytest

import eingrad
from eingrad.calculus.explained import explanation
from eingrad.explain import LEVELS, ROUTES
from eingrad.verify import evaluate
from tests.explain.cases import CASES
from tests.explain.replay import Replay


def derived(case):
    text, wrt, let = case
    parsed = eingrad.parse(text, **let)
    return eingrad.derivative(
        parsed, *(parsed.variables.get(n) or let_variable(n, let) for n in wrt)
    )


def let_variable(name, let):
    return eingrad.vector(name, let[name])


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]} by {','.join(c[1])} {c[2] or ''}")
def test_every_line_has_the_value_of_its_left_side_and_every_step_starts_where_one_ended(
    case, route
):
    d = derived(case)
    made = explanation(d, route, "full")
    replay = Replay(d, made) if made.quantities else None
    if replay is None:
        assert d.is_zero
        return
    assert replay.lines() >= len(made.quantities)
    ends = replay.joins()
    final = evaluate(d.node, replay.point, replay.sizes)
    replay.agrees(replay.value(ends[-1]), final)
    assert np.isfinite(final).all()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]} by {','.join(c[1])} {c[2] or ''}")
def test_every_intermediate_result_has_its_step(case):
    made = explanation(derived(case), "differentials", "full")
    kinds = [step.kind for step in made.steps]
    assert kinds.count("differential") == len(made.quantities)
    assert kinds[0] == "shapes" and kinds[-1] in ("answer", "read off")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("level", LEVELS)
def test_the_last_line_is_the_formula_that_the_derivative_shows(route, level):
    d = eingrad.gradient("tr(A*X'*B*X*C)", "X")
    made = d.explain(route, level)
    answer = next(s for s in made.steps if s.kind == "answer")
    assert str(answer.equations[-1]).endswith(str(d.formula()))
    assert made.steps[-1].kind == "check" and "Checked" in str(made)
