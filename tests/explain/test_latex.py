"""LaTeX: the whole main table compiles without a line that is too wide, where a TeX is at hand; and
an independent converter reads every formula."""

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from math_core import LatexError, LatexToMathML

from eingrad.explain.forms import latex, markdown
from tests.explain.documents import MAKERS, made, table


def arguments(text: str, command: str) -> Iterator[str]:
    """The first argument of each use of a command, braces counted."""
    for found in re.finditer(re.escape(command) + r"\{", text):
        depth, k = 1, found.end()
        while depth:
            if text[k] == "\\":
                k += 1
            else:
                depth += (text[k] == "{") - (text[k] == "}")
            k += 1
        yield text[found.end() : k - 1]


def mathematics(text: str) -> list[str]:
    body = text.split(r"\begin{document}")[-1]
    between = re.findall(r"\$\$\n(.+?)\n\$\$|(?<![\\$])\$([^$\n]+?)(?<!\\)\$", body, re.DOTALL)
    return [*arguments(body, r"\formula"), *map("".join, between)]


def read(formulas: list[str]) -> None:
    converter = LatexToMathML(macros={"allowbreak": ""}, fancy_error=False)
    for formula in formulas:
        try:
            converter.convert_with_local_state(formula, displaystyle=True)
        except LatexError as error:
            pytest.fail(f"{error}: {formula}")


@pytest.mark.parametrize("name", MAKERS)
def test_an_independent_converter_reads_each_formula(name):
    found = mathematics(made(name).latex())
    assert found or name == "approximation"  # numbers and sentences alone
    read(found)
    read(mathematics(made(name).markdown()))


def test_an_independent_converter_reads_the_main_table():
    found = mathematics(latex.latex(table()))
    assert len(found) > 1000
    read(found)
    read(mathematics(markdown.markdown(table())))


@pytest.mark.slow
def test_the_main_table_compiles_and_no_line_is_too_wide(tmp_path):
    if shutil.which("lualatex") is None:
        pytest.skip("no lualatex here; the converter has read the same formulas")
    (tmp_path / "table.tex").write_text(latex.latex(table()), encoding="utf-8")
    command = ["lualatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300)
    log = (tmp_path / "table.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-3000:]
    assert not re.findall(r"^Overfull \\hbox.*", log, re.MULTILINE)
    assert not re.findall(r"^Missing character.*", log, re.MULTILINE)
