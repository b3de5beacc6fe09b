"""The documentation is run: Python sessions and commands must print what the pages show."""

import doctest
import json
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "docs/command-line.md",
    "docs/frameworks.md",
    "docs/explain.md",
    "docs/networks.md",
    "docs/second-order.md",
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


ROUNDING = re.compile(r"(largest relative error) [\d.e-]+")  # differs between machines


class Same(doctest.OutputChecker):
    def check_output(self, want, got, optionflags):
        want, got = (ROUNDING.sub(r"\1 ε", text) for text in (want, got))
        return super().check_output(want, got, optionflags)


def blocks(page, *languages):
    text = (ROOT / page).read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        if match[1] in languages:
            yield text[: match.start()].count("\n") + 2, match[2]


def commands(page):
    """Each `$ command` of the console blocks with the output shown below it."""
    for line, text in blocks(page, "console"):
        parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
        assert parts[0] == "", f"{page}:{line}: a console block begins with a command"
        for part in parts[1:]:
            command, _, output = part.partition("\n")
            yield pytest.param(command, output, id=f"{page}:{line}: {command[:50]}")


def with_blank_lines_marked(text):
    """Blank lines of an output as doctest wants them; the pages show them blank."""
    lines = text.split("\n")
    for k in range(len(lines) - 2, -1, -1):
        if not lines[k] and not lines[k + 1].startswith(">>>"):
            lines[k] = "<BLANKLINE>"
    return "\n".join(lines)


@pytest.mark.parametrize("page", PAGES)
def test_python_sessions_print_what_is_shown(page):
    session = "\n".join(with_blank_lines_marked(text) for _, text in blocks(page, "python"))
    examples = doctest.DocTestParser().get_doctest(session, {}, page, page, 0)
    if page == "README.md":
        assert examples.examples
    said: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(checker=Same(), optionflags=flags).run(examples, out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize(("command", "output"), [c for p in PAGES for c in commands(p)])
def test_commands_print_what_is_shown(command, output):
    from click.testing import CliRunner

    from eingrad.apps.cli import cli

    program, *words = shlex.split(command)
    assert program == "eingrad"
    got = CliRunner().invoke(cli, words).output
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert Same().check_output(output, got, flags), got


@pytest.mark.parametrize("page", PAGES)
def test_json_that_is_shown_is_json(page):
    for _, text in blocks(page, "json"):
        json.loads(text)
