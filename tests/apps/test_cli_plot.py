"""`eingrad plot`: text without a file, files with one, errors as everywhere."""

import pytest
from click.testing import CliRunner

from eingrad.apps.cli import cli


def plot(*words):
    return CliRunner().invoke(cli, ["plot", *words])


def test_without_a_file_the_picture_is_text():
    result = plot("A*B", "--wrt", "A", "--size", "m=2,n=2", "--size", "p=2")
    assert result.exit_code == 0
    assert "b_11  b_21 │ b_12  b_22" in result.stdout
    assert "block (i, j) is ∂f_ij/∂A" in result.stdout


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_file_is_written_and_named(tmp_path, suffix):
    path = tmp_path / f"ab.{suffix}"
    result = plot("A*B", "--wrt", "A", "-o", str(path))
    assert result.exit_code == 0 and path.stat().st_size > 1000
    assert "wrote" in result.stdout and path.name in result.stdout.replace("\n", "")


def test_layout_order_and_kind_are_passed_on():
    assert "a_11  a_21" in plot("A*x", "--wrt", "x", "--layout", "denominator").stdout
    assert "∂²f/∂x_i∂x_j" in plot("x'*A*x", "--wrt", "x", "--order", "2").stdout
    assert "■" in plot("A*B", "--wrt", "A", "--kind", "spy").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["A*B"], "one derivative"),
        (["A*B", "--wrt", "A,B"], "one derivative"),
        (["A*B", "--wrt", "A", "-o", "p.pdf"], ".svg"),
        (["A*B", "--wrt", "A", "--size", "n"], "is no size"),
        (["A*B", "--wrt", "A", "--size", "n=2", "--size", "n=3"], "twice"),
        (["A*B", "--wrt", "A", "--size", "n=0"], "positive"),
        (["A*B", "--wrt", "A", "--size", "q=2"], "called q"),
        (["A*B", "--wrt", "A", "--kind", "blocks", "--size", "m=40"], "limit"),
        (["A*B", "--wrt", "A", "--kind", "stack"], "three axes"),
    ],
)
def test_what_cannot_be_drawn_is_a_usage_error(words, message):
    result = plot(*words)
    assert result.exit_code == 2
    assert message in result.stderr and "Traceback" not in result.output


def test_paths_are_text_or_a_file(tmp_path):
    words = ("b*c", "--wrt", "a", "--paths", "--with", "b = a^2", "--with", "c=sin(a)*b")
    result = plot(*words)
    assert result.exit_code == 0 and "a → b → c → y" in result.stdout
    path = tmp_path / "p.mmd"
    assert plot(*words, "-o", str(path)).exit_code == 0
    assert path.read_text().startswith("flowchart LR")


def test_an_approximation_is_a_table_or_a_file(tmp_path):
    result = plot("x'*A*x", "--wrt", "x", "--approximation", "--size", "n=4")
    assert result.exit_code == 0 and "slope 2.0" in result.stdout and "∂f/∂x_4" in result.stdout
    path = tmp_path / "a.svg"
    result = plot("x'*A*x", "--wrt", "x", "--order", "2", "--approximation", "-o", str(path))
    assert result.exit_code == 0 and path.exists() and "vanishes" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--paths", "--approximation"], "ask for one"),
        (["--with", "b=a^2"], "--with needs --paths"),
        (["--paths", "--size", "n=2"], "no --size"),
        (["--paths", "--with", "b"], "defines nothing"),
        (["--paths", "--with", "b=a", "--with", "b=a"], "twice"),
        (["--paths", "--with", "b=b+a"], "function of itself"),
        (["--paths", "--order", "2"], "order 2"),
        (["--paths", "-o", "p.pdf"], ".dot"),
        (["--approximation", "-o", "p.dot"], ".png"),
        (["--approximation", "--order", "3"], "first derivative"),
    ],
)
def test_what_fits_no_graph_and_no_approximation_is_a_usage_error(words, message):
    result = plot("a*b", "--wrt", "a", *words)
    assert result.exit_code == 2
    assert message in result.stderr.replace("\n", " ") and "Traceback" not in result.output
