"""`eingrad derive --entries`: all of it as text and as JSON, sizes where they belong."""

import json

from click.testing import CliRunner

from eingrad.apps.cli import cli


def derive(*words):
    return CliRunner().invoke(cli, ["derive", *words])


def test_every_entry_is_written_between_formula_and_check():
    result = derive("A*B", "--wrt", "A", "--entries", "--size", "m=2,n=2,p=2")
    assert result.exit_code == 0
    text = result.stdout
    assert text.index("df = dA B") < text.index("∂f_12/∂a_12 = b_22") < text.index("check")
    assert "g_11 [b_11, b_21; 0, 0]" in text


def test_json_has_the_same_entries():
    words = ("A*x", "--wrt", "A", "--entries", "--json", "--let", "A: 2 3")
    entries = json.loads(derive(*words).stdout)["derivatives"][0]["entries"]
    assert {"name": "∂f_2/∂a_23", "place": [1, 1, 2], "entry": "x_3", "proof": "terms"} in (
        entries["derivatives"]
    )
    assert entries["zero"] == 6


def test_sizes_too_large_end_with_an_offer():
    result = derive("A*B", "--wrt", "A", "--entries", "--size", "m=30")
    assert result.exit_code == 2 and "limit is 256; m=2,n=2,p=2 gives 16" in result.stderr
    assert "--entries" in derive("A*B", "--wrt", "A", "--size", "m=3").stderr
