"""`eingrad derive --cost`: the structure, and what each route costs, in formulas and numbers."""

import json

from click.testing import CliRunner

from eingrad.apps.cli import cli


def derive(*words):
    return CliRunner().invoke(cli, ["derive", *words])


def test_the_table_names_the_routes_and_their_formulas():
    result = derive("A*B", "--wrt", "A", "--cost")
    assert result.exit_code == 0, result.output
    assert "identity over axis 0" in result.stdout
    for word in ("full tensor", "linear combination", "direct", "m²np", "2mnp"):
        assert word in result.stdout


def test_sizes_give_numbers():
    text = derive("A*B", "--wrt", "A", "--cost", "--size", "m=10,n=20", "--size", "p=30").stdout
    assert "60,000" in text and "12,000" in text


def test_json_has_formulas_and_numbers():
    words = ("A*B", "--wrt", "A", "--cost", "--json")
    (bare,) = json.loads(derive(*words).stdout)["derivatives"]
    assert bare["cost"]["numbers"] is None
    assert bare["cost"]["formulas"]["direct"]["flops"] == "2*m*n*p"
    (full,) = json.loads(derive(*words, "--size", "m=2,n=3,p=4").stdout)["derivatives"]
    assert full["cost"]["numbers"]["full tensor"]["entries"] == 2 * 4 * 2 * 3


def test_without_it_nothing_is_said_of_cost():
    (d,) = json.loads(derive("A*B", "--wrt", "A", "--json").stdout)["derivatives"]
    assert "cost" not in d and "structure" not in d
    assert "full tensor" not in derive("A*B", "--wrt", "A").stdout


def test_sizes_that_cannot_be_are_usage_errors():
    for words in (
        ["--size", "m=2"],
        ["--cost", "--size", "q=2"],
        ["--cost", "--size", "m=2"],
        ["--cost", "--size", "m"],
    ):
        result = derive("A*B", "--wrt", "A", *words)
        assert result.exit_code == 2, (words, result.output)
