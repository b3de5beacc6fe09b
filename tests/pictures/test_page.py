"""What docs/pictures.md shows is what the program prints."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from eingrad.apps.cli import cli

PAGE = Path(__file__).parents[2] / "docs" / "pictures.md"


def examples():
    """The commands of the page, each with the indented lines that follow it."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").split("\n"):
        if line.startswith(("    eingrad plot", "    eingrad derive")):
            found.append((line.strip(), []))
        elif found and line.startswith("    "):
            found[-1][1].append(line[4:])
        elif line.strip():
            found.append(("", []))
    return [(command, lines) for command, lines in found if command]


@pytest.mark.parametrize(("command", "lines"), examples(), ids=[c for c, _ in examples()])
def test_the_page_shows_what_is_printed(command, lines):
    result = CliRunner().invoke(cli, shlex.split(command)[1:])
    assert result.exit_code == 0
    assert lines
    printed = result.stdout.split("\n")
    assert [line for line in lines if line not in printed] == []


def test_the_python_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    space = {}
    exec(code, space)
    assert (tmp_path / "ab.svg").exists()
    assert space["picture"].labels[0, 1, 0].tolist() == ["b_12", "b_22"]
