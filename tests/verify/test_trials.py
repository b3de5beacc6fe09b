"""Answers are tried where the derivative is finite and more than rounding."""

from __future__ import annotations

import pytest

import eingrad


@pytest.mark.parametrize(
    ("expression", "right", "wrong"),
    [
        ("logdet(X'*X)", "2*X*inv(X'*X)", "3*X*inv(X'*X)"),
        (
            "det(X'*A*X)",
            "det(X'*A*X)*(A*X*inv(X'*A*X) + A'*X*inv(X'*A'*X))",
            "2*det(X'*A*X)*A*X*inv(X'*A*X)",
        ),
    ],
)
def test_a_tall_matrix_is_tried_where_a_wide_one_is_singular(expression, right, wrong):
    assert eingrad.check(expression, "X", answer=right).equal
    verdict = eingrad.check(expression, "X", answer=wrong)
    assert not verdict.equal and verdict.kind != "undecided"


@pytest.mark.parametrize(
    ("expression", "right"),
    [
        ("tanh(1000*c)", "1000*(1 - tanh(1000*c)^2)"),
        ("tanh(1000*c)", "1000/cosh(1000*c)^2"),
        ("exp(-1000*c^2)", "-2000*c*exp(-1000*c^2)"),
        ("1/(1 + exp(-1000*c))", "1000*exp(-1000*c)/(1 + exp(-1000*c))^2"),
        ("sum(tanh(100*c*ones(3)))", "300*(1 - tanh(100*c)^2)"),
    ],
)
def test_a_saturating_function_is_tried_where_it_is_not_flat(expression, right):
    assert eingrad.check(expression, "c", answer=right).equal
    for wrong in ("0*c", "0", "1000"):
        verdict = eingrad.check(expression, "c", answer=wrong)
        assert not verdict.equal and verdict.example
    assert not eingrad.check("sum(tanh(100*x))", "x", answer="0*x").equal


def test_agreement_where_everything_vanishes_is_no_agreement():
    verdict = eingrad.check("tanh(1e12*(c^2 + 1))", "c", answer="0*c")
    assert not verdict.equal and verdict.kind == "undecided"
    assert "not decided" in verdict.reason


@pytest.mark.parametrize(("factor", "kind"), [("-1", "sign"), ("2", "factor")])
def test_slips_are_named_where_the_function_is_not_flat(factor, kind):
    answer = f"{factor}*(100*(1 - tanh(100*x).^2))"
    assert eingrad.check("sum(tanh(100*x))", "x", answer=answer).kind == kind
