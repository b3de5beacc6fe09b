"""Nodes are interned weakly, independent of the order of creation, and may be deep."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import numpy as np

import eingrad.functions  # noqa: F401
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.build import dims
from eingrad.ir.facts import facts_of
from eingrad.ir.node import _INTERNED, Node, constant, variable
from eingrad.ir.short import short_text
from eingrad.ir.text import from_text, to_text
from eingrad.ir.walk import substitute, topological, variables
from eingrad.verify.reference import evaluate

DEPTH = 20_000


def deep_chain() -> Node:
    node: Node = variable("x", dims("n"))
    for _ in range(DEPTH):
        node = apply("tanh", node)
    return node


def test_nodes_that_nobody_holds_are_forgotten() -> None:
    before = len(_INTERNED)
    node = construct.matmul(variable("rare", dims("n", "n")), variable("one", dims("n")))
    watch = weakref.ref(node)
    assert construct.matmul(variable("rare", dims("n", "n")), variable("one", dims("n"))) is node
    del node
    gc.collect()
    assert watch() is None
    assert len(_INTERNED) <= before


def test_name_shape_and_facts_tell_variables_apart() -> None:
    one = variable("A", dims("n", "n"))
    assert variable("A", dims("n", "n")) is one
    assert variable("A", dims("n", "m")) is not one
    assert variable("A", dims("n", "n"), frozenset({"symmetric"})) is not one


def test_constants_are_told_apart_by_bits_and_cannot_be_changed() -> None:
    value = np.array([1.0, -0.0])
    node = constant(value)
    value[0] = 5.0
    assert node.value[0] == 1.0
    assert not node.value.flags.writeable
    assert constant(np.array([1.0, -0.0])) is node
    assert constant(np.array([1.0, 0.0])) is not node
    assert constant(np.array([1, 0])) is not constant(np.array([1.0, 0.0]))
    assert constant(np.array([np.nan])) is constant(np.array([np.nan]))


def test_canonical_order_is_the_same_in_another_process_and_order_of_creation() -> None:
    script = """
import eingrad.functions
from eingrad.ir import construct, build
from eingrad.ir.apply import apply
from eingrad.ir.build import dims, contract
from eingrad.ir.node import variable
from eingrad.ir.text import to_text
names = {order}
made = {{n: variable(n, dims("n", "n")) for n in names}}
A, B, C = (made[n] for n in "ABC")
parts = [contract("ij,jk->ik", B, A), apply("tanh", C), contract("ij,kj->ik", A, C), B]
print(to_text(build.add(*parts[::{step}])))
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script.format(order=order, step=step)],
            capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for order, step, seed in (("'ABC'", 1, "1"), ("'CBA'", -1, "2"))
    }  # fmt: skip
    assert len(outputs) == 1


def test_deep_chains_meet_no_recursion_limit() -> None:
    node = deep_chain()
    x = variables(node)[0]
    assert len(topological(node)) == DEPTH + 1
    facts_of(node)
    assert from_text(to_text(node)) is node
    assert "…" in short_text(node)
    again = substitute(node, {x: variable("y", dims("n"))})
    value = evaluate(again, {"y": np.array([0.1, 0.2])})
    expected = np.array([0.1, 0.2])
    for _ in range(DEPTH):
        expected = np.tanh(expected)
    np.testing.assert_array_equal(value, expected)
    del node, again
    gc.collect()


def test_deep_alternations_of_sums_and_products_are_built() -> None:
    x = variable("x", dims("n"))
    node: Node = x
    values = {"x": np.array([0.3, -0.2, 0.1])}
    expected = values["x"]
    for _ in range(300):
        node = apply("tanh", node) + node * x
        expected = np.tanh(expected) + expected * values["x"]
    np.testing.assert_allclose(evaluate(node, values), expected)
    assert len(topological(node)) < 3000


def test_repr_is_one_short_line() -> None:
    a = variable("A", dims("m", "n"))
    x = variable("x", dims("n"))
    assert repr(construct.matmul(a, x)) == "<Contraction m: Σ(A[0 1] x[1] -> [0])>"
    long = build.add(*(variable(f"v{k}", dims("n")) for k in range(40)))
    assert len(repr(long)) < 220 and "\n" not in repr(long)
