"""The mutation check: each derivative rule is broken on purpose, and the registry walk must notice.

`make mutation` runs it over all records; it exits with 1 when a mutant survives. A rule is

* scaled: twice what it should be (a zero rule becomes 1 in one place instead),
* negated,
* transposed, where it has two indices of one size to exchange,
* emptied.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from eingrad.ir.node import Node
from eingrad.ir.record import REGISTRY, Record
from eingrad.ir.rule import ZERO, FamilyRule, Indexed, IndexRule
from tests.functions.walk import check_derivatives

Mutation = Callable[[Any], Any]


def on_result(change: Mutation) -> Mutation:
    """A mutation of a rule from a mutation of what the rule gives."""

    def mutate(rule: Any) -> Any:
        if isinstance(rule, IndexRule):
            return replace(rule, build=lambda *a, **k: change(rule.build(*a, **k)))
        if isinstance(rule, FamilyRule):
            return FamilyRule(lambda **params: mutate(rule.make(**params)))
        return lambda *a, **k: change(rule(*a, **k))

    return mutate


def scaled(result: Any) -> Any:
    """Twice the slope; a zero slope becomes one."""
    if isinstance(result, Indexed) and not result.terms:
        return Indexed(((1, (), ()),))
    return 1 if isinstance(result, int) and result == 0 else result * 2


def negated(result: Any) -> Any:
    """The other sign."""
    return scaled(result) if _is_zero(result) else result * -1


def emptied(result: Any) -> Any:
    """Nothing at all."""
    if _is_zero(result):
        return scaled(result)
    return ZERO if isinstance(result, Indexed) else 0


def _is_zero(result: Any) -> bool:
    return not isinstance(result, Node) and (
        not result.terms if isinstance(result, Indexed) else result == 0
    )


def transposed(rule: Any) -> Any:
    """The first two input indices exchanged, or the last two output ones."""
    if isinstance(rule, FamilyRule):
        return FamilyRule(lambda **params: transposed(rule.make(**params)))
    into, out = rule.into, rule.out
    if len(into) > 1:
        return replace(rule, into=into[1] + into[0] + into[2:])
    return replace(rule, out=out[:-2] + out[-1] + out[-2])


# The derivative of a function of the symmetric part is symmetric, that of a sign is zero.
SYMMETRIC = {"eigvalsh", "eigvecsh", "cholesky", "detsign"}


def mutants(record: Record) -> Iterator[tuple[str, Record]]:
    """The record with one rule broken, for each operand and each way to break it."""
    ways: list[tuple[str, Mutation]] = [
        ("scaled", on_result(scaled)),
        ("negated", on_result(negated)),
        ("emptied", on_result(emptied)),
    ]
    for k, rule in enumerate(record.derivative):
        usable = list(ways)
        square = record.domain[k] in ("square", "full_rank")
        if not record.elementwise and square and record.name not in SYMMETRIC:
            usable.append(("transposed", transposed))
        for way, mutate in usable:
            rules = (*record.derivative[:k], mutate(rule), *record.derivative[k + 1 :])
            yield f"{record.name}, operand {k + 1}, {way}", replace(record, derivative=rules)


@contextmanager
def installed(mutant: Record) -> Iterator[None]:
    """The mutant in the place of the record."""
    kept = REGISTRY[mutant.name]
    REGISTRY[mutant.name] = mutant
    try:
        yield
    finally:
        REGISTRY[mutant.name] = kept


def survives(mutant: Record) -> bool:
    """Whether the registry walk still passes; first derivatives show every such fault."""
    with installed(mutant):
        try:
            check_derivatives(mutant, order=1)
        except Exception:  # a wrong value, or shapes that no longer fit
            return False
    return True


def main() -> int:
    """Break every rule of every record; 1 when one is not noticed."""
    count = 0
    alive = []
    for record in list(REGISTRY.values()):
        check_derivatives(record, order=1)  # a walk that fails anyway would notice nothing
        for what, mutant in mutants(record):
            count += 1
            if survives(mutant):
                alive.append(what)
                print(f"survived: {what}", flush=True)
    print(f"{count} mutants of {len(REGISTRY)} records, {len(alive)} survived")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
