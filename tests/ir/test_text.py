"""The text form: readable, one line for each node, exact, and strict about what it reads."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

import eingrad.functions  # noqa: F401
from eingrad.dims import Dim, minimum
from eingrad.errors import ParseError
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.build import dims
from eingrad.ir.node import Node, constant, raw_apply, variable
from eingrad.ir.text import from_text, to_text
from eingrad.ir.walk import topological

A = variable("A", dims("m", "n"))
x = variable("x", dims("n"), frozenset({"positive"}))


def test_the_text_is_what_the_documentation_shows() -> None:
    scaled = apply("tanh", construct.matmul(A, x)) ** Fraction(-1, 2) * 2
    assert to_text(construct.diag_matrix(scaled)).splitlines() == [
        "(variable A (m n))",
        "(variable x (n) positive)",
        "(%1 contraction (A 0 1) (x 1) -> (0) (m n))",
        "(%2 apply tanh (m) (%1))",
        "(%3 apply power (m) (%2) (exponent -1/2))",
        "(%4 term 2 (%3 0) -> (0 0) (m))",
        "(result %4)",
    ]


ODD = [
    variable("a \"name\" (odd)", dims("n")),
    variable("\ud800", dims("n")),
    variable("result", dims("n")),
    variable("n1", (Dim.symbol("a b") * 3 - Dim.of(2) * Dim.symbol("c") + 1,)),
    construct.matmul(A, x) * construct.matmul(variable("A", A.shape, frozenset({"positive"})), x),
    variable("d", (minimum(Dim.symbol("m"), Dim.symbol("n") * 2) * 3 + 1,)),
    variable("d", (minimum(minimum(Dim.symbol("m"), Dim.symbol("n")) - 1, Dim.symbol("k")),)),
    constant(np.array([[0.1, np.nan], [-np.inf, -0.0]])),
    constant(np.array([True, False])),
    constant(np.arange(3, dtype=np.int32)),
    constant(np.float32(0.1) * np.ones(2, np.float32)),
    constant(np.zeros((0, 3))),
    build.zeros(dims("m", "n")),
    construct.kron(A, A) * Fraction(-3, 7),
    construct.concatenate([x, variable("y", dims("k"))], 0),
    construct.triangle(variable("M", dims("n", "n")), -1, lower=False),
    construct.mean_axes(A),
    construct.expand_dims(x, [0]),
    raw_apply("f", (A,), A.shape, (
        ("a", None), ("b", True), ("c", 0.1), ("d", (1, (Dim.symbol("m"), "x y"), ())), ("e", -2),
    )),
]  # fmt: skip


@pytest.mark.parametrize("node", ODD, ids=[str(k) for k in range(len(ODD))])
def test_odd_nodes_read_back_to_the_same_object(node: Node) -> None:
    assert from_text(to_text(node)) is node


def test_another_process_reads_the_same_text() -> None:
    """Also sizes that are minima, which a fresh process has never made."""
    size = minimum(minimum(Dim.symbol("m"), Dim.symbol("n")) - 1, Dim.symbol("k"))
    text = to_text(variable("d", (size,)))
    script = (
        "import sys; from eingrad.ir.text import from_text, to_text; node = from_text(sys.argv[1]);"
        "assert to_text(node) == sys.argv[1];"
        "print(node.shape[0].evaluate({'m': 9, 'n': 3, 'k': 7}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, text],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert result.stdout == "2\n"


def test_shared_nodes_are_written_once() -> None:
    node: Node = x
    for _ in range(60):
        node = apply("exp", node) * node + 1
    assert len(to_text(node).splitlines()) == len(topological(node)) + 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no line \(result"),
        ("(variable x (n))", r"no line \(result"),
        ("(result %1)", "line 1 uses %1"),
        ("(%1 bogus)", "no node is called bogus"),
        ("(%1 size m++n)", "not a size"),
        ("(%1 size", "a line is one bracket"),
        (")(", "a bracket too many"),
        ("(variable A (2))\n(%1 contraction (A 0) -> () (3))", r"line 2 .*\(A has shape 2\)"),
        ("(%1 term q -> () ())", "line 1 is not of the text form"),
        ("(variable x (n))\n(%1 sum (m) (x))", "a summand has another shape"),
        ("(result (x))", "line 1"),
    ],
)
def test_what_is_not_of_the_form_is_refused(text: str, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        from_text(text)
