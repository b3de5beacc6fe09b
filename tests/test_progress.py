"""Lines of progress: on a terminal one line that is written over, elsewhere nothing."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from eingrad import nn
from eingrad.progress import show_progress

OVER = "\r\x1b[K"  # to the start of the line, which is emptied


def pretend(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_line_takes_the_place_of_the_one_before(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, terminal)
    show_progress("a long one")
    show_progress("short", last=True)
    said = capsys.readouterr()
    assert said.err == (f"{OVER}a long one{OVER}short\n" if terminal else "")
    assert said.out == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_training_ends_with_a_line_that_stays(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, terminal)
    net = nn.Network(nn.dense("m", "k"), nn.squared_error("b k"))
    X = np.random.default_rng(0).normal(size=(8, 3))
    data = {"X": X, "T": X[:, :2]}
    for train, shown in (
        (lambda p: nn.fit(net, data, p, epochs=2), ["epoch 1/2", "epoch 2/2"]),
        (lambda p: nn.newton(net, data, p), ["step 1, loss"]),
    ):
        train(nn.initial(net, 1, m=3, k=2))
        said = capsys.readouterr().err
        assert all((text in said) == terminal for text in shown)
        assert said.count("\n") == said.endswith("\n") == terminal


def test_who_is_told_writes_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, True)
    net = nn.Network(nn.dense("m", "k"), nn.squared_error("b k"))
    data = {"X": np.eye(3), "T": np.ones((3, 2))}
    told: list[object] = []
    nn.fit(net, data, nn.initial(net, 1, m=3, k=2), epochs=2, report=told.append)
    nn.newton(net, data, nn.initial(net, 1, m=3, k=2), report=told.append)
    assert len(told) > 2
    assert capsys.readouterr() == ("", "")
