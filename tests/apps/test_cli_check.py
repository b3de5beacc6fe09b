"""`eingrad check`: right, wrong, and what is wrong, by exit code and sentence."""

import json

import pytest
from click.testing import CliRunner

from eingrad.apps.cli import cli


def check(expression, wrt, answer, *words):
    return CliRunner().invoke(cli, ["check", expression, "--wrt", wrt, "--answer", answer, *words])


@pytest.mark.parametrize("answer", ["(A+A')*x", "A*x + A'*x", "(A + Aᵀ)x", "(A + A.T) @ x"])
def test_a_right_answer_in_any_spelling(answer):
    result = check("x'*A*x", "x", answer)
    assert result.exit_code == 0 and "right" in result.stdout


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("2*A*x", "symmetric"),
        ("-(A+A')*x", "sign"),
        ("2*(A+A')*x", "factor"),
        ("x", ""),
    ],
)
def test_a_wrong_answer_and_what_is_wrong(answer, said):
    result = check("x'*A*x", "x", answer)
    assert result.exit_code == 1 and "wrong" in result.stdout and said in result.stdout


def test_an_answer_begins_with_a_minus_sign():
    assert check("-x'*x", "x", "-2*x").exit_code == 0


def test_an_answer_is_right_only_in_the_layout_asked_for():
    assert check("A*x", "x", "A").exit_code == 0
    assert check("A*x", "x", "A'", "--layout", "denominator").exit_code == 0
    wrong = check("A*x", "x", "A'")
    assert wrong.exit_code == 1 and "denominator" in wrong.stdout


def test_json_names_the_slip_and_the_layout():
    out = json.loads(check("A*x", "x", "A'", "--json").stdout)
    assert (out["command"], out["equal"], out["ok"], out["exit_code"]) == ("check", False, False, 1)
    assert out["right_in"] == "denominator" and out["reason"]


def test_second_derivatives_are_judged_too():
    words = ["check", "x'*A*x", "--wrt", "x", "--order", "2", "--answer", "A + A'"]
    assert CliRunner().invoke(cli, words).exit_code == 0


def test_an_answer_that_cannot_be_read_is_an_input_error():
    result = check("x'*A*x", "x", "A*x +")
    assert result.exit_code == 2 and "^" in result.stderr and result.stdout == ""


def test_one_derivative_at_a_time():
    assert check("x'*A*x", "x,A", "A").exit_code == 2
