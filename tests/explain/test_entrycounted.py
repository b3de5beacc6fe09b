"""Entries by symmetric variables are counted as the convention says, and compared with it."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.errors import CheckError, UnsupportedError
from eingrad.explain import entrycounted

CASES = ["x'*A*y", "log(det(A))", "tr(A*A*B)", "A*y"]


def derivative(text: str, how: str) -> eingrad.Derivative:
    declared = {"A": "2 2 symmetric", "B": "2 2", "x": "2", "y": "2"}
    used = {k: v for k, v in declared.items() if k in text.replace("det", "").replace("tr", "")}
    return eingrad.derivative(eingrad.parse(text, **used), "A", symmetric=how)


@pytest.mark.parametrize("text", CASES)
def test_a_pair_of_places_has_the_sum_of_both_entries(text: str) -> None:
    free = derivative(text, "free").entries().as_dict()
    written = derivative(text, "cookbook").entries()
    assert [s.text for s in written.singles] == [d["entry"] for d in free["derivatives"]]
    assert free["convention"] is None and written.counted is not None
    entries = written.counted.content.entries
    swapped = np.swapaxes(entries, -1, -2)
    assert all(a == b for a, b in zip(entries.ravel(), swapped.ravel(), strict=True))


def test_both_places_are_added_and_the_diagonal_stays() -> None:
    written = derivative("x'*A*y", "cookbook").entries()
    assert written.as_dict()["convention"] == {
        "symmetric": "cookbook",
        "formula": "xyᵀ + yxᵀ − diag(x ⊙ y)",
        "entries": [
            ["x_1 y_1", "x_1 y_2 + x_2 y_1"],
            ["x_1 y_2 + x_2 y_1", "x_2 y_2"],
        ],
    }
    text = written.text()
    assert "With A symmetric" in text and "is the sum of those by its two places" in text


def test_the_projection_takes_the_mean() -> None:
    found = derivative("x'*A*y", "project").entries().as_dict()["convention"]
    assert isinstance(found, dict) and found["entries"][0][1] == "x_1 y_2/2 + x_2 y_1/2"


def test_a_second_derivative_counts_both_slots() -> None:
    f = eingrad.parse("tr(A*B*A*C)", A="2 2 symmetric", B="2 2", C="2 2")
    written = eingrad.derivative(f, "A", "A", symmetric="cookbook").entries()
    assert written.counted is not None and written.counted.names == ("A", "A")


def test_no_convention_where_it_changes_nothing() -> None:
    f = eingrad.parse("x'*B*y", B="2 2", x="2", y="2")
    assert eingrad.derivative(f, "B", symmetric="cookbook").entries().counted is None


def test_a_formula_of_another_convention_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrycounted, "_counted", lambda entries, start, how: entries)
    with pytest.raises(CheckError, match="convention"):
        derivative("x'*A*y", "cookbook").entries()


@pytest.mark.parametrize("how", ["free", "project", "cookbook"])
def test_the_value_is_written_in_the_entries_that_move(how):
    y = eingrad.parse("x'*S*x + tr(T)*s", S="n n symmetric", T="n n symmetric", x="n", s="")
    told = eingrad.derivative(y, "S", symmetric=how).entries(n=2)
    assert "s_21" in told.value[0][1]
    assert "Each by each, all entries independent: 4 derivatives" in told.text()
    other = eingrad.derivative(y, "x").entries(n=2)
    assert "s_21" not in other.value[0][1]
    assert "independent" not in other.text()


@pytest.mark.parametrize("how", ["project", "cookbook"])
def test_paths_are_refused_where_entries_do_not_move_by_themselves(how):
    y = eingrad.parse("x'*S*B*x", S="n n symmetric", x="n", B="n n")
    with pytest.raises(UnsupportedError, match=f'symmetric="{how}"'):
        eingrad.derivative(y, "S", symmetric=how).paths()
    assert eingrad.derivative(y, "S").paths().text()
