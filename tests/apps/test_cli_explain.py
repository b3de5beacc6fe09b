"""`eingrad derive --explain`: the derivation between the formula and its check."""

import json

import pytest
from click.testing import CliRunner

from eingrad.apps.cli import cli


def run(*words):
    return CliRunner().invoke(cli, ["derive", *words])


def test_the_derivation_stands_between_the_formula_and_the_check():
    result = run("norm2(A*x-y)^2", "--wrt", "x", "--explain")
    places = [result.output.index(part) for part in ("∂f/∂x = ", "1. What is asked", "  check ")]
    assert result.exit_code == 0 and places == sorted(places)


def test_the_chain_rule_is_a_route():
    text = run("norm2(A*x-y)^2", "--wrt", "x", "--explain", "--route", "chain").output
    assert "Jacobian of p by x" in text


def test_json_has_the_steps():
    result = run("inv(X)", "--wrt", "X", "--explain", "--level", "short", "--json")
    (one,) = json.loads(result.output)["derivatives"]
    assert [s["step"] for s in one["explanation"]] == [*range(1, len(one["explanation"]) + 1)]


def test_there_is_no_derivation_unless_it_is_asked_for():
    assert "What is asked" not in run("x'*x", "--wrt", "x").output
    assert "explanation" not in run("x'*x", "--wrt", "x", "--json").output


@pytest.mark.parametrize("option", [("--route", "chain"), ("--level", "short")])
def test_routes_and_levels_need_a_derivation(option):
    result = run("x'*x", "--wrt", "x", *option)
    assert result.exit_code == 2 and f"{option[0]} needs --explain" in result.output
