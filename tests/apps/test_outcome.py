"""Every ending of a command: exit codes, streams, never a traceback."""

import json
import os
import subprocess
import sys

import click
import pytest

from eingrad.apps.outcome import BUG, INTERRUPTED, USAGE, WRONG, Outcome, guarded
from eingrad.apps.terminal import printable, wants_colour, write_code, write_lines
from eingrad.errors import CheckError, ParseError, Span

COMMANDS = ("derive", "check")


def raising(error):
    def work():
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ParseError("no", text="x+", spans=(Span(1, 2),)), USAGE),
        (CheckError("wrong by 2"), WRONG),
        (click.UsageError("what?"), USAGE),
        (RecursionError(), USAGE),
        (MemoryError(), USAGE),
        (ZeroDivisionError("oops"), BUG),
        (KeyboardInterrupt(), INTERRUPTED),
    ],
)
def test_each_error_has_its_exit_code_and_no_traceback(error, code, capsys):
    assert guarded(raising(error), ["derive", "x"], COMMANDS) == code
    out, err = capsys.readouterr()
    assert out == "" and err and "Traceback" not in err


def test_errors_show_carets_on_standard_error(capsys):
    guarded(raising(ParseError("no", text="x+", spans=(Span(1, 2),))), ["derive"], COMMANDS)
    assert capsys.readouterr().err == "error: no\n  x+\n   ^\n"


@pytest.mark.parametrize(
    "error",
    [
        ParseError("n\udc80o", text="\udc80", spans=(Span(0, 1),)),
        click.UsageError("what?"),
        ZeroDivisionError("oops"),
    ],
)
def test_errors_are_valid_json_when_json_is_asked_for(error, capsys):
    code = guarded(raising(error), ["check", "x", "--json"], COMMANDS)
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == code and document["ok"] is False
    assert document["command"] == "check" and document["error"]["message"]


def test_code_goes_alone_to_standard_output(capsys):
    outcome = Outcome(0, lines=[[("report", "")]], code="def f(): ...", language="python")
    assert guarded(lambda: outcome, [], COMMANDS) == 0
    assert capsys.readouterr() == ("def f(): ...\n", "report\n")


def test_what_a_terminal_would_obey_is_shown_as_an_escape():
    assert printable("x\x1b]0;owned\x07\u202ey") == r"x\x1b]0;owned\x07\u202ey"


def test_colours_only_where_they_are_wanted(monkeypatch, capsys):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_colour(Terminal(), None) and not wants_colour(Terminal(), False)
    assert not wants_colour(sys.__stdout__.buffer, None)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal(), None) and wants_colour(Terminal(), True)


def test_colour_changes_no_character_of_the_text(capsys):
    line = [("label ", "label"), ("Xᵀ(y ⊙ [bold]σ[/]) ", "formula"), ("ok", "good")]
    write_lines([line], sys.stdout, colour=True)
    coloured = capsys.readouterr().out
    assert "\x1b[" in coloured
    assert click.unstyle(coloured) == "label Xᵀ(y ⊙ [bold]σ[/]) ok\n"
    write_code("x = [1]\n", "python", sys.stdout, colour=True)
    assert click.unstyle(capsys.readouterr().out).rstrip() == "x = [1]"


def test_a_reader_that_leaves_early_is_no_error():
    program = (
        "from eingrad.apps.outcome import guarded, Outcome\n"
        "import sys\n"
        "o = Outcome(0, lines=[[('y' * 1000, '')]] * 1000)\n"
        "sys.exit(guarded(lambda: o, [], ()))"
    )
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", program], stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert done.returncode == 141 and done.stderr == b""
