"""`eingrad train logistic`, `softmax`, `gaussnewton`: steps, endings, bad input."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from eingrad.apps.cli import cli

pytest.importorskip("sklearn")


@pytest.mark.parametrize(
    ("command", "share"),
    [("logistic", 98), ("softmax --data iris", 97), ("softmax", 99)],
)
def test_regressions_converge_and_say_what_they_learned(command: str, share: int) -> None:
    done = CliRunner().invoke(cli, ["train", *command.split()])
    assert done.exit_code == 0
    assert "the gradient is below 1e-10" in done.output
    found = re.search(r"([\d.]+)% of \d+ (?:patients|samples) are told right", done.output)
    assert found and float(found[1]) >= share


def test_a_network_leaves_less_than_a_linear_fit() -> None:
    done = CliRunner().invoke(cli, ["train", "gaussnewton", "--hidden", "2", "--seed", "1"])
    assert done.exit_code == 0
    left, alone = map(float, re.findall(r"([\d.]+)%", done.output)[-2:])
    assert left < alone - 1
    assert "   …" in done.output  # the table of steps is short


@pytest.mark.parametrize("command", ["logistic", "softmax", "gaussnewton"])
def test_a_penalty_is_positive(command: str) -> None:
    done = CliRunner().invoke(cli, ["train", command, "--penalty", "-1"])
    assert done.exit_code == 2
    assert "a penalty of -1.0 is no positive number" in done.output
