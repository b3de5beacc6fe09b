"""Formats and files of `derive`, `check` and `plot`, and colours."""

import json
import xml.etree.ElementTree as ET

import click
import pytest
from click.testing import CliRunner

from eingrad.apps.cli import cli

DERIVE = ("derive", "norm2(A*x-y)^2", "--wrt", "x", "--explain")
CHECK = ("check", "x'*A*x", "--wrt", "x", "--answer", "2*A*x")
PATHS = ("plot", "b*c", "--wrt", "a", "--paths", "--with", "b = a^2", "--with", "c=sin(a)*b")
REMAINDER = ("plot", "sum(exp(x))", "--wrt", "x", "--approximation")
COMMANDS = {"derive": DERIVE, "check": CHECK, "paths": PATHS, "remainder": REMAINDER}
BEGINS = {"markdown": "## ", "html": "<!DOCTYPE html>", "latex": r"\documentclass"}
SUFFIXES = {"markdown": "md", "html": "html", "latex": "tex", "json": "json", "text": "txt"}


def run(*words, **options):
    return CliRunner().invoke(cli, words, **options)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("form", BEGINS)
def test_formats_on_standard_output(name, form):
    result = run(*COMMANDS[name], "--format", form)
    assert result.exit_code == (1 if name == "check" else 0), result.output
    assert result.stdout.startswith(BEGINS[form])
    assert "\x1b" not in result.stdout
    if form == "html":
        ET.fromstring(result.stdout)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("form", SUFFIXES)
def test_a_file_has_the_form_that_its_suffix_says(tmp_path, name, form):
    path = tmp_path / f"out.{SUFFIXES[form]}"
    result = run(*COMMANDS[name], "--output", str(path))
    assert result.exit_code == (1 if name == "check" else 0), result.output
    assert result.stdout.startswith(f"wrote {path}")
    same = run(*COMMANDS[name], "--format", form).stdout
    assert path.read_text(encoding="utf-8").strip() == same.strip()


def test_a_format_that_is_named_goes_before_the_suffix(tmp_path):
    path = tmp_path / "out.txt"
    assert run(*DERIVE, "--format", "latex", "-o", str(path)).exit_code == 0
    assert path.read_text(encoding="utf-8").startswith(r"\documentclass")


def test_the_page_has_the_reading_the_steps_the_entries_and_the_check():
    words = ("derive", "A*B", "--wrt", "A", "--explain", "--entries", "--size", "m=2,n=2,p=2")
    page = run(*words, "--format", "html").stdout
    assert page.count("<h1>") == 1
    parts = ["A: matrix m×n", "Derivation of ", "entry by entry", "checked against"]
    places = [page.index(part) for part in parts]
    assert places == sorted(places)


def test_json_is_the_same_by_both_names():
    for words in (DERIVE, CHECK):
        assert run(*words, "--json").stdout == run(*words, "--format", "json").stdout
    assert json.loads(run(*PATHS, "--format", "json").stdout)["paths"][0]["names"] == [
        "a", "b", "y",
    ]  # fmt: skip
    assert json.loads(run(*REMAINDER, "--json").stdout)["expected"] == 2


@pytest.mark.parametrize("words", [("--json",), ("--format", "json"), ("--format=json",)])
def test_errors_are_json_where_json_was_asked_for(words):
    result = run("derive", "x +", "--wrt", "x", *words)
    assert result.exit_code == 2 and json.loads(result.stdout)["error"]["kind"] == "ParseError"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "pdf"), "'pdf' is not one of"),
        (("-o", "out.pdf"), "its name does not say"),
        (("-o", "missing/out.html"), "cannot write 'missing/out.html'"),
        (("--json", "--format", "html"), "two formats"),
        (("--font", "x.otf"), "--format html"),
        (("--font", "x.otf", "--format", "html"), "cannot read 'x.otf'"),
        (("--to", "numpy", "--format", "html"), "--to writes code itself"),
        (("--to", "numpy", "-o", "f.py"), "--to writes code itself"),
        (("--color", "--format", "rtf"), "'rtf' is not one of"),
    ],
)
def test_what_cannot_be_written_is_an_error_that_says_so(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*DERIVE, *words)
    assert result.exit_code == 2
    assert said in result.output.replace("\n", " ") and "Traceback" not in result.output


def test_a_picture_has_no_formats():
    result = run("plot", "A*B", "--wrt", "A", "--format", "html")
    assert result.exit_code == 2 and "--paths" in result.output


@pytest.mark.parametrize("words", [("--color",), ("--color", "always"), ("--color=always",)])
def test_colours_always(words):
    for command in (DERIVE, CHECK, PATHS):
        plain = run(*command).stdout
        coloured = run(*command, *words, color=True).stdout
        assert "\x1b[" in coloured and "\x1b" not in plain
        lines = [line.rstrip() for line in click.unstyle(coloured).splitlines()]
        assert lines == plain.splitlines()


@pytest.mark.parametrize("words", [(), ("--color", "auto"), ("--color", "never"), ("--plain",)])
def test_no_colours_in_a_pipe(words):
    assert "\x1b" not in run(*DERIVE, *words, color=True).stdout


def test_a_colour_that_stands_alone_does_not_take_the_expression():
    result = run("derive", "--color", "x'*x", "--wrt", "x", color=True)
    assert result.exit_code == 0 and "\x1b[" in result.stdout
