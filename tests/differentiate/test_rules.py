"""What rules of records may answer, and that each derivative is computed once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from eingrad.differentiate import derive, differentiate, differentiate_each
from eingrad.errors import UnsupportedError
from eingrad.ir.apply import apply
from eingrad.ir.build import add, contract, dims
from eingrad.ir.node import Apply, Variable, variable
from eingrad.ir.record import NUMPY_NAMES, REGISTRY, SPELLINGS, Notation, Record, register
from eingrad.ir.rule import ZERO, IndexRule
from eingrad.ir.walk import with_facts


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    tables: tuple[dict[str, Any], ...] = (REGISTRY, SPELLINGS, NUMPY_NAMES)
    before = [dict(table) for table in tables]
    yield
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)


def record(name: str, signature: str, *rules: Any) -> None:
    register(
        Record(
            name=name,
            sentence="For a test.",
            signature=signature,
            evaluate=lambda *x: x[0],
            derivative=rules,
            code={"numpy": "{0}"},
            notation=Notation("call", name, name),
            domain=("real",) * len(rules),
            spellings=(name,),
            source="linear",
        )
    )


@pytest.mark.parametrize("answer", [0, None, variable("w", dims("n"))])
def test_an_index_rule_that_gives_no_indexed_is_an_error_and_never_a_zero(answer: Any) -> None:
    record("careless", "i -> i", IndexRule("i", "j", lambda y, x: answer))
    x = variable("x", dims("n"))
    with pytest.raises(TypeError, match="careless"):
        differentiate(apply("careless", x), [x])


def test_an_index_rule_may_give_zero() -> None:
    record("flat", "i -> i", IndexRule("i", "j", lambda y, x: ZERO))
    x = variable("x", dims("n"))
    assert differentiate(apply("flat", x), [x]).operands == ()


def test_the_operand_without_a_derivative_is_named_by_its_own_place() -> None:
    record("firstly", "*, * -> *", lambda y, a, b: 1, None)
    x = variable("x", dims("n"))
    node = apply("firstly", x, x)
    assert isinstance(node, Apply)
    with pytest.raises(UnsupportedError, match="operand 2"):
        differentiate(node, [x])


def test_each_derivative_of_a_chain_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    real = derive._one

    def counted(y: Any, x: Variable, mode: str) -> Any:
        steps.append(x.name)
        return real(y, x, mode)

    x = variable("x", dims("n"))
    y = contract("i,i,i,i->", x, x, x, apply("exp", x))
    monkeypatch.setattr(derive, "_one", counted)
    differentiate_each(y, [x, x, x])
    assert steps == ["x"] * 3


@pytest.mark.parametrize("dormant", [True, False])
def test_each_derivative_of_a_chain_is_the_one_that_is_asked_for_alone(dormant: bool) -> None:
    s = variable("S", dims("n", "n"), frozenset({"symmetric"}), dormant)
    x = variable("x", dims("n"))
    quadratic = contract("i,ij,j->", x, s, x)
    y = add(contract("ij,jk,ki->", s, s, s), apply("exp", quadratic))
    by = [x, s, x]
    chain = differentiate_each(y, by)
    assert len(chain) == len(by)
    for k, node in enumerate(chain, 1):
        assert with_facts(node) is with_facts(differentiate(y, by[:k]))
