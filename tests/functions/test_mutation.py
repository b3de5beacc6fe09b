"""The walk notices a broken rule: a sample of `make mutation`, which breaks them all."""

from __future__ import annotations

import pytest

from eingrad.ir.record import REGISTRY
from tests.functions.walk import check_derivatives
from tests.mutation import installed, mutants, survives

SAMPLE = (
    "sin",
    "abs",
    "step",
    "pow",
    "where",
    "inv",
    "det",
    "pinv",
    "softmax",
    "leave_out",
    "expm",
)
MUTANTS = [pair for name in SAMPLE for pair in mutants(REGISTRY[name])]


@pytest.mark.parametrize(("what", "mutant"), MUTANTS, ids=[what for what, _ in MUTANTS])
def test_a_broken_rule_does_not_survive(what: str, mutant) -> None:  # type: ignore[no-untyped-def]
    assert not survives(mutant), what


def test_the_registry_is_whole_again_after_a_mutant() -> None:
    before = REGISTRY["sin"]
    for _, mutant in mutants(before):
        with installed(mutant):
            assert REGISTRY["sin"] is mutant
    assert REGISTRY["sin"] is before
    check_derivatives(before)
