"""A record with a missing, wrong or taken field fails where it is written: at import."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from eingrad.ir.record import NUMPY_NAMES, REGISTRY, SPELLINGS, Notation, Record, register

GOOD: dict[str, Any] = {
    "name": "triple",
    "sentence": "Three times each entry.",
    "signature": "* -> *",
    "evaluate": lambda x: 3 * x,
    "derivative": (lambda y, x: 3,),
    "code": {"numpy": "3 * ({0})"},
    "notation": Notation("call", "triple", r"\operatorname{triple}"),
    "domain": ("real",),
    "spellings": ("triple",),
    "source": "linear",
}


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    tables = (REGISTRY, SPELLINGS, NUMPY_NAMES)
    before = [dict(table) for table in tables]
    yield
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)  # type: ignore[arg-type]


def test_a_complete_record_is_known_by_its_name_and_spelling() -> None:
    record = register(Record(**GOOD))
    assert REGISTRY["triple"] is record
    assert SPELLINGS["triple"] == "triple"


@pytest.mark.parametrize("field", sorted(GOOD))
def test_a_missing_field_is_an_error(field: str) -> None:
    with pytest.raises(TypeError, match=field):
        register(Record(**{k: v for k, v in GOOD.items() if k != field}))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "not an identifier", "identifier"),
        ("name", "exp", "two records are called exp"),
        ("sentence", " ", "no sentence"),
        ("source", "", "no source"),
        ("code", {"jax": "3 * ({0})"}, "no code for numpy"),
        ("derivative", (), "one derivative rule"),
        ("domain", ("real", "real"), "one derivative rule"),
        ("domain", ("imaginary",), "unknown domain"),
        ("notation", Notation("poem", "x", "x"), "no notation"),
        ("notation", Notation("call", "triple", ""), "no notation"),
        ("spellings", ("triple", "exp"), "both called exp"),
        ("numpy", ("linalg.inv",), "both called linalg.inv"),
    ],
)
def test_a_wrong_or_taken_field_is_an_error(field: str, value: Any, message: str) -> None:
    before = (dict(REGISTRY), dict(SPELLINGS), dict(NUMPY_NAMES))
    with pytest.raises(ValueError, match=message):
        register(Record(**{**GOOD, field: value}))
    assert before == (REGISTRY, SPELLINGS, NUMPY_NAMES), "half a record was entered"


def test_a_name_can_be_registered_once() -> None:
    register(Record(**GOOD))
    with pytest.raises(ValueError, match="two records are called triple"):
        register(Record(**GOOD))


def test_every_field_is_explained() -> None:
    assert Record.__doc__ is not None
    for field in fields(Record):
        assert f"    {field.name}:" in Record.__doc__, field.name
