"""What is claimed of a node holds for its value, whatever the values of its variables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eingrad.functions  # noqa: F401
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.build import contract, dims, transpose
from eingrad.ir.facts import facts_of
from eingrad.ir.node import Node, variable
from eingrad.ir.walk import topological, variables
from eingrad.verify.reference import evaluate
from eingrad.verify.sample import random_value
from tests.strategies import FACTS as DECLARED
from tests.strategies import SIZES as STRATEGY_SIZES
from tests.strategies import SMOOTH_OPERATIONS, Expression, expressions, random_values

SIZES = {"m": 3, "n": 4}
FACTS = ("", "symmetric", "spd", "psd", "positive", "nonnegative", "diagonal", "symmetric positive")


def holds(fact: str, value: np.ndarray) -> bool:
    """Whether an array has a fact, up to rounding."""
    near = 1e-9 * (1.0 + np.abs(value).max(initial=0.0))
    if fact == "symmetric":
        return bool(np.abs(value - value.T).max() <= near)
    if fact in ("psd", "spd"):
        return bool(np.linalg.eigvalsh((value + value.T) / 2).min() >= -near)
    if fact == "diagonal":
        return bool(np.abs(value - np.diag(np.diag(value))).max() <= near)
    if fact == "triangular":
        return not np.triu(value, 1).any() or not np.tril(value, -1).any()
    if fact == "nonnegative":
        return bool((value >= 0).all())
    if fact == "positive":
        return bool((value > 0).all())
    if fact == "orthogonal":
        return bool(np.allclose(value @ value.T, np.eye(len(value))))
    if fact == "integer":
        return bool((value == np.round(value)).all())
    if fact == "invertible":
        return bool(np.linalg.matrix_rank(value) == len(value))
    return True


@st.composite
def matrices(draw: st.DrawFn) -> Node:
    """Square matrices out of variables with random facts, by operations that might keep a fact."""
    pool: list[Node] = [
        variable(name, dims("n", "n"), frozenset(draw(st.sampled_from(FACTS)).split()))
        for name in "AB"
    ]
    vector = variable("x", dims("n"), frozenset(draw(st.sampled_from(["", "positive"])).split()))
    tall = variable("X", dims("m", "n"))
    for _ in range(draw(st.integers(1, 6))):
        a, b = draw(st.sampled_from(pool)), draw(st.sampled_from(pool))
        choice = [
            a + b,
            a * b,
            a * 2,
            a * -3,
            transpose(a, (1, 0)),
            a + transpose(a, (1, 0)),
            construct.matmul(a, b),
            contract("ij,kj->ik", a, a),
            contract("ij,jk,lk->il", a, b, a),
            contract("ki,k,kj->ij", a, vector, a),
            contract("ki,kj->ij", tall, tall),
            contract("i,j->ij", vector, vector),
            construct.diag_matrix(vector) + a,
            construct.diag_matrix(vector) * construct.trace(a),
            construct.eye("n") * 2,
            a**2,
            apply("exp", a),
            apply("abs", a),
            construct.triangle(a, 0, lower=True),
            contract("ij,j->ij", a, vector),
            contract("ij,i,j->ij", a, vector, vector),
            construct.trace(b) * a,
        ]
        pool.append(draw(st.sampled_from(choice)))
    return pool[-1]


@settings(max_examples=400, deadline=None)
@given(matrices(), st.integers(0, 3))
def test_claimed_facts_hold(node: Node, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = {
        v.name: random_value([d.evaluate(SIZES) for d in v.shape], v.facts, rng, "signed")
        for v in variables(node)
    }
    check_facts(node, values, SIZES)


def check_facts(node: Node, values: dict[str, np.ndarray], sizes: dict[str, int]) -> None:
    """All that is claimed of a node and of those inside of it is true at these values."""
    for part in topological(node):
        value = evaluate(part, values, sizes)
        if np.abs(value).max(initial=0.0) < 1e8:
            for fact in facts_of(part):
                assert holds(fact, value), (fact, part)


@settings(max_examples=200, deadline=None)
@given(expressions(facts=DECLARED, operations=SMOOTH_OPERATIONS))
def test_facts_of_any_expression_hold(expression: Expression) -> None:
    check_facts(expression.node, random_values(expression.variables), STRATEGY_SIZES)


@pytest.mark.parametrize("fact", ["symmetric", "psd", "spd"])
def test_the_diagonal_of_a_matrix_in_all_columns_is_not_like_the_matrix(fact: str) -> None:
    a = variable("A", dims("n", "n"), frozenset({fact}))
    repeated = build.einsum([(a, ((0,), (0,)))], [(0,), (1,)], 1, {1: a.shape[0]})
    assert not facts_of(repeated) & {"symmetric", "psd", "spd"}
    assert fact in facts_of(a * 2)


@pytest.mark.parametrize(
    ("node", "fact"),
    [
        (contract("ki,kj->ij", *[variable("X", dims("m", "n"))] * 2), "psd"),
        (variable("A", dims("n", "n"), frozenset({"spd"})) + construct.eye("n"), "spd"),
        (build.broadcast_to(build.number(2), dims("n")), "positive"),
        (variable("x", dims("n")) ** 2, "nonnegative"),
        (construct.diag_matrix(variable("x", dims("n"))), "diagonal"),
    ],
)
def test_facts_that_the_rest_relies_on_are_found(node: Node, fact: str) -> None:
    assert fact in facts_of(node)


def test_a_plain_product_of_symmetric_matrices_is_not_called_symmetric() -> None:
    a, b = (variable(n, dims("n", "n"), frozenset({"spd"})) for n in "AB")
    assert not facts_of(construct.matmul(a, b)) & {"symmetric", "spd", "psd"}
    assert "symmetric" in facts_of(contract("ij,jk,kl->il", a, b, a))
