"""Every record of the registry: derivatives to second order, shapes, notation, laws."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

import eingrad
from eingrad.ir.record import NOTATION_KINDS, REGISTRY, Record
from eingrad.verify.reference import evaluate
from tests.functions.walk import all_records, check_derivatives, check_shape, close

RECORDS = pytest.mark.parametrize("record", all_records(), ids=lambda r: r.name)
LAWS = [(r.name, law) for r in all_records() for law in r.laws]


@RECORDS
def test_the_derivative_agrees_with_differences_to_second_order(record: Record) -> None:
    check_derivatives(record)


@RECORDS
def test_the_value_has_the_shape_of_the_signature(record: Record) -> None:
    check_shape(record)


@RECORDS
def test_it_has_a_sentence_a_notation_and_a_law(record: Record) -> None:
    assert record.sentence.endswith(".")
    assert record.notation.kind in NOTATION_KINDS
    assert record.notation.unicode and record.notation.latex
    auxiliary = {"pi", "cofactors", "expm_slice"}  # a number, and two that other records' laws hold
    assert record.laws or record.name in auxiliary


@contextmanager
def without_rewrites() -> Iterator[None]:
    """Every function applied as it stands."""
    kept = dict(REGISTRY)
    try:
        for name, record in kept.items():
            REGISTRY[name] = replace(record, rewrites=(), in_products=(), meets=None)
        yield
    finally:
        REGISTRY.update(kept)


def law_values(name: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng([7, *name.encode()])
    domain = REGISTRY[name].domain
    style = {"positive": (0.4, 2.0), "bounded": (-0.9, 0.9), "above_one": (1.2, 3.0)}
    values = {}
    for k, variable in enumerate("xy"):
        kind = domain[min(k, len(domain) - 1)] if domain else "real"
        low, high = style.get(kind, (0.3, 1.8))
        values[variable] = rng.uniform(low, high, 4)
        if kind not in style:
            values[variable] *= rng.choice([-1.0, 1.0], 4)
    if name in ("log", "exp", "pow"):  # their laws have logarithms of both
        values = {k: np.abs(v) for k, v in values.items()}
    return {**values, "X": rng.normal(size=(4, 4)), "Y": rng.normal(size=(4, 4))}


@pytest.mark.parametrize(("name", "law"), LAWS, ids=[f"{n}: {law}" for n, law in LAWS])
def test_laws_hold_before_and_after_rewriting(name: str, law: str) -> None:
    declared = {"X": "n n", "Y": "n n", "x": "n", "y": "n"}
    values = law_values(name)
    found = []
    for side in law.split(" == "):
        used = {k: v for k, v in declared.items() if re.search(rf"\b{k}\b", side)}
        with without_rewrites():
            plain = eingrad.parse(side, **used).node
            found.append(evaluate(plain, values, {"n": 4}))
        found.append(evaluate(eingrad.parse(side, **used).node, values, {"n": 4}))
    for value in found[1:]:
        close(value, np.broadcast_to(found[0], value.shape), law, rtol=1e-9)
