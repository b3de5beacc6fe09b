"""Custom rules at the command line: the module, the two files, and options that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eingrad.apps.cli import cli

RULE = ["derive", "softmax(Q*K')*V", "--wrt", "Q,K,V", "--rule", "--name", "attention"]


def called(*words: str) -> Result:
    return CliRunner().invoke(cli, [*RULE, *words])


@pytest.mark.parametrize("target", ["jax", "torch", "tensorflow"])
def test_the_module_goes_to_standard_output_and_the_report_to_standard_error(target: str) -> None:
    result = called("--to", target)
    assert result.exit_code == 0, result.stderr
    compile(result.stdout, "attention.py", "exec")
    assert "attention" in result.stdout and f"import {target}" in result.stdout
    assert "keeps K = K, there anyhow" in result.stderr


def test_module_and_test_are_written_and_named(tmp_path: Path) -> None:
    result = called("--to", "torch", "--emit-test", str(tmp_path / "new" / "out"))
    assert result.exit_code == 0, result.stderr
    made = sorted(path.name for path in (tmp_path / "new" / "out").iterdir())
    assert made == ["attention.py", "test_attention.py"]
    assert all(name in result.output for name in made)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    result = called("--to", "torch", "--emit-test", str(tmp_path / "taken"))
    assert result.exit_code == 2
    assert f"cannot write to {tmp_path / 'taken'}" in result.stderr.replace("\n", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--rule needs a framework"),
        (["--to", "numpy"], "no custom rules for numpy"),
        (["--to", "jax", "--library"], "for PyTorch"),
        (["--to", "jax", "--recompute", "most"], "'most' is not one of"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], said: str) -> None:
    result = called(*words)
    assert result.exit_code == 2 and said in result.stderr
