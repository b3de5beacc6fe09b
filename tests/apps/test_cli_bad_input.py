"""Bad input at the command line: a clear error or the right answer, never a traceback."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from eingrad.apps.cli import cli

PROGRAM = [sys.executable, "-m", "eingrad"]


def refused(*words, **options):
    """The message of a command that ends with code 2; the same error must come as JSON."""
    result = CliRunner().invoke(cli, list(words), **options)
    assert result.exit_code == 2, result.output
    assert result.stdout == "" and "Traceback" not in result.stderr
    as_json = CliRunner().invoke(cli, [*words[:1], "--json", *words[1:]], **options)
    document = json.loads(as_json.stdout)
    assert as_json.exit_code == 2 and document["exit_code"] == 2 and not document["ok"]
    assert document["error"]["message"]
    return result.stderr


def test_clashing_shapes_show_carets_under_both_operands_and_both_shapes():
    message = refused("derive", "A*B", "--wrt", "A", "--let", "A: 3 4", "--let", "B: 5 6")
    lines = message.splitlines()
    caret = next(line for line in lines if "^" in line)
    assert caret.count("^") == 2
    assert "3×4" in message and "5×6" in message


def test_an_unknown_function_suggests_the_known_one():
    assert "softmax" in refused("derive", "sofmax(x)", "--wrt", "x")


def test_an_unknown_variable_suggests_the_known_one():
    assert "alpha" in refused("derive", "alpha*x'*x", "--wrt", "alhpa", "--let", "alpha:")


def test_mixed_spellings_of_the_product_are_asked_about():
    message = refused("derive", "A.T @ B * C", "--wrt", "A")
    assert "*" in message and "^" in message


@pytest.mark.parametrize("text", ["(A*x", "A*x)", "sum((x)", "[x", "‖x", "|x"])
def test_unbalanced_brackets_are_pointed_at(text):
    assert "^" in refused("derive", text, "--wrt", "x")


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_empty_text(text):
    assert "empty" in refused("derive", text, "--wrt", "x")
    assert "empty" in refused("derive", "-", "--wrt", "x", input=text)


def test_an_inverse_needs_a_square_matrix():
    message = refused("derive", "inv(A)", "--wrt", "A", "--let", "A: 3 4")
    assert "square" in message and "3×4" in message


def test_what_to_differentiate_by_is_asked_for():
    message = refused("derive", "x'*A*x")
    assert "--wrt" in message and "A" in message and "x" in message


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "x.__class__.__bases__",
        "eval(x)",
        "lambda: x",
        "x; y",
        "x = y",
        "A[0]*x",
        "'",
        '"x"',
        "x..y",
        "1e999*x",
        "x^",
        "@",
        ",",
        "\x00",
        "x\x1b[31m*y",
        "x\u202e*y",
        "\udcff",
        "x'*\udc80",
        "sum(",
        "sum()",
        "sum(x,,y)",
        "eye(-1)",
    ],
)
def test_hostile_text_is_refused_with_a_message(text):
    message = refused("derive", text, "--wrt", "x")
    assert "\x1b" not in message and "bug" not in message


@pytest.mark.parametrize(
    "words",
    [
        ["--let", "A"],
        ["--let", "A: n n sdp"],
        ["--let", "A: n m spd"],
        ["--let", "A: -3 n"],
        ["--let", "__class__: n"],
        ["--let", "A: n n", "--let", "A: n n"],
        ["--let", "if: n"],
        ["--order", "0"],
        ["--order", "x"],
        ["--layout", "sideways"],
        ["--form", "pretty"],
        ["--symmetric", "maybe"],
        ["--to", "fortran"],
        ["--value"],
        ["--wrt", ""],
        ["--wtr", "x"],
        ["extra"],
    ],
)
def test_options_that_make_no_sense(words):
    refused("derive", "x'*A*x", "--wrt", "x", *words)


@pytest.mark.parametrize("target", ["jax", "torch", "tensorflow"])
def test_a_backend_that_is_missing_is_named_with_those_that_exist(target):
    from eingrad.apps.answer import backends

    if target in backends():
        assert CliRunner().invoke(cli, ["derive", "x'*x", "--wrt", "x", "--to", target]).stdout
        return
    message = refused("derive", "x'*x", "--wrt", "x", "--to", target)
    assert target in message and "numpy" in message


@pytest.mark.parametrize("words", [["derive"], ["check", "x'*x", "--wrt", "x"], ["drive", "x"]])
def test_incomplete_commands(words):
    assert "--help" in refused(*words) or "derive" in refused(*words)


def test_an_expression_without_a_command_is_helped():
    assert "eingrad derive" in refused("x'*A*x", "--wrt", "x")


def test_nothing_at_all_shows_the_help():
    result = CliRunner().invoke(cli, [])
    assert result.exit_code == 2 and "Usage" in result.stderr


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_000_000,
        "(" * 500_000 + "x" + ")" * 500_000,
        "x" * 1_000_000,
        "-" * 999_999 + "x",
        "+".join(["x"] * 250_000),
        "x" + "'" * 1_000_000,
        "exp(" * 10_000 + "x" + ")" * 10_000,
    ],
    ids=["open", "nested", "name", "minus", "sum", "transposes", "calls"],
)
def test_a_megabyte_is_answered_or_refused(text):
    result = CliRunner().invoke(cli, ["derive", "-", "--wrt", "x", "--no-check"], input=text)
    assert result.exit_code in (0, 2) and "bug" not in result.stderr
    assert len(result.stderr) < 10_000


# In a process of its own ------------------------------------------------------------


def run(*words, data=None, **options):
    return subprocess.run([*PROGRAM, *words], input=data, capture_output=True, **options)


def test_undecodable_arguments_and_input():
    done = run("derive", b"x'*\xff", "--wrt", "x")
    assert done.returncode == 2 and b"Traceback" not in done.stderr and done.stdout == b""
    done = run("derive", "-", "--wrt", "x", data=b"x'*\xff\xfe")
    assert done.returncode == 2 and b"0xff" in done.stderr
    done = run("derive", b"x'*\xff", "--wrt", "x", "--json")
    assert json.loads(done.stdout)["error"]


def test_an_encoding_without_the_signs_of_mathematics_is_no_error():
    import os

    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run("derive", "x'*A*x", "--wrt", "x", env=environment)
    assert done.returncode == 0 and done.stdout and done.stderr == b""


def test_a_reader_that_leaves_early_is_no_error():
    shell = f'{sys.executable} -m eingrad.apps.cli derive "x\'*A*x" --wrt x | true'
    done = subprocess.run(["bash", "-c", shell], capture_output=True)
    assert done.stderr == b""


def test_closed_streams_are_no_traceback():
    for closed in ("<&-", ">&-", "2>&-"):
        shell = f"{sys.executable} -m eingrad.apps.cli derive - --wrt x {closed}"
        done = subprocess.run(["bash", "-c", shell], capture_output=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 2 and b"Traceback" not in done.stderr


def test_an_interrupt_ends_quietly():
    program = (
        "import eingrad.apps.answer as a\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "a.answer = stop\n"
        "from eingrad.apps.cli import main\n"
        "main()\n"
    )
    words = [sys.executable, "-c", program, "derive", "x'*x", "--wrt", "x"]
    done = subprocess.run(words, capture_output=True)
    assert done.returncode == 130 and b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "inner"), [("x'*y'", "x'*y"), ("x*y", "x'*y"), ("x'*(A*y)'", "x'*y")]
)
def test_vectors_that_have_no_product_are_offered_the_inner_one(text, inner):
    message = refused("derive", text, "--wrt", "x", "--let", "y: 3")
    assert f"write {inner} for the inner product" in message
