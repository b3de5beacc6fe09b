"""Sizes: equal ones have equal hashes, also when one of them is a plain integer."""

from __future__ import annotations

import pytest

from eingrad.dims import ONE, Dim

n = Dim.symbol("n")


@pytest.mark.parametrize("size", [Dim.of(0), ONE, Dim.of(7), n + 3 - n, Dim.of(-2)], ids=str)
def test_an_integer_size_is_found_by_its_integer(size: Dim) -> None:
    value = size.as_int()
    assert value is not None and size == value
    assert {value: "found"}[size] == {size: "found"}[value] == "found"
