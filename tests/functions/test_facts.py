"""What a record claims of its value holds: a wrong fact makes wrong algebra far away."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from eingrad.dims import Dim
from eingrad.ir.apply import apply
from eingrad.ir.facts import facts_of
from eingrad.ir.node import Node, Variable, variable
from eingrad.ir.record import Record
from eingrad.verify.reference import evaluate
from tests.functions.walk import all_records, parameters, shapes

ENTRY_FACTS = ("", "positive", "nonnegative")
MATRIX_FACTS = ("", "symmetric", "spd", "psd", "diagonal", "triangular", "orthogonal", "positive")


def sample(facts: str, domain: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A value with the facts, near the edge of them: zeros where they are allowed."""
    x = rng.uniform(-1.5, 1.5, shape)
    if domain in ("bounded", "unit", "probability"):
        x = x / 2
    if facts == "positive":
        x = np.abs(x) + 1e-3
    if facts == "nonnegative":
        x = np.maximum(x, 0)
    if domain == "above_one":
        x = np.abs(x) + 1
    if facts == "symmetric":
        x = x + x.T
    if facts == "spd":
        x = x @ x.T + 0.1 * np.eye(len(x))
    if facts == "psd":
        x = x @ x.T
        x = x + (0.1 * np.eye(len(x)) if domain == "square" else 0)
    if facts == "diagonal":
        x = np.diag(np.diagonal(x))
    if facts == "triangular":
        x = np.tril(x)
    if facts == "orthogonal":
        x = np.linalg.qr(x)[0]
    return x


def holds(fact: str, value: np.ndarray) -> bool:
    """Whether a fact is true of numbers."""
    close = {"rtol": 1e-9, "atol": 1e-9}
    if fact in ("positive", "nonnegative"):
        return bool((value > 0).all() if fact == "positive" else (value >= 0).all())
    if fact == "small":
        return bool((abs(value) <= 1).all())
    if fact == "binary":
        return bool(np.isin(value, (0, 1)).all())
    if fact == "symmetric":
        return np.allclose(value, value.T, **close)
    if fact in ("spd", "psd"):
        smallest = np.linalg.eigvalsh((value + value.T) / 2).min()
        return holds("symmetric", value) and smallest > (0 if fact == "spd" else -1e-9)
    if fact == "diagonal":
        return np.allclose(value, np.diag(np.diagonal(value)), **close)
    if fact == "triangular":
        return np.allclose(value, np.tril(value), **close) or np.allclose(
            value, np.triu(value), **close
        )
    if fact == "orthogonal":
        return np.allclose(value.T @ value, np.eye(len(value)), **close)
    if fact == "invertible":
        return abs(np.linalg.det(value)) > 1e-9
    return fact in ("real", "integer")


def claims(record: Record) -> list[tuple[Node, list[Variable], tuple[str, ...]]]:
    """Applications to variables with all combinations of facts; elementwise ones to matrices."""
    found = []
    given = shapes(record)[0]
    for params in parameters(record):
        square = record.elementwise or (len(given) == 1 and len(given[0]) == 2)
        shape = [(3, 3)] * len(given) if square else given
        kinds = ENTRY_FACTS if len(shape[0]) < 2 else MATRIX_FACTS
        if len(given) > 1:
            kinds = (*ENTRY_FACTS, "symmetric")
        for facts in itertools.product(kinds, repeat=len(given)):
            nodes = [
                variable(f"x{k}", tuple(map(Dim.of, s)), frozenset({f} - {""}))
                for k, (s, f) in enumerate(zip(shape, facts, strict=True))
            ]
            found.append((apply(record.name, *nodes, **params), nodes, facts))
    return found


@pytest.mark.parametrize(
    "record", [r for r in all_records() if r.facts and r.domain], ids=lambda r: r.name
)
def test_claimed_facts_are_true(record: Record) -> None:
    rng = np.random.default_rng([13, *record.name.encode()])
    told = set()
    for node, nodes, facts in claims(record):
        known = facts_of(node)
        told |= known
        for _ in range(4):
            point = {
                v.name: sample(f, domain, tuple(d.evaluate({}) for d in v.shape), rng)
                for v, f, domain in zip(nodes, facts, record.domain, strict=True)
            }
            try:
                value = evaluate(node, point)
            except np.linalg.LinAlgError:
                continue
            if not np.isfinite(value).all():
                continue  # outside of the domain
            for fact in known:
                assert holds(fact, value), f"{record.name} of {facts} is not {fact}: {value}"
    assert told, "a rule that never says anything"
