"""A formula is linear in its graph, and no depth meets the recursion limit."""

import numpy as np
import pytest

import eingrad.functions  # noqa: F401
from eingrad.dims import Dim
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.node import variable
from eingrad.notation import formula, to_latex, to_mathml
from eingrad.notation.sharing import MAX_LINE
from eingrad.verify import evaluate
from tests.notation.treevalue import evaluate_formula

N = Dim.symbol("n")
W, x = variable("W", (N, N)), variable("x", (N,))
POINT = {
    "W": np.random.default_rng(0).normal(size=(3, 3)) / 3,
    "x": np.random.default_rng(1).normal(size=3),
}


def network(depth):
    h = x
    for _ in range(depth):
        h = apply("tanh", construct.matmul(W, h))
    return h


def squaring(depth):
    """Each step uses the one before three times: 3^depth symbols when written out."""
    s = build.contract("i,i->", x, x)
    for _ in range(depth):
        s = apply("sin", s * s + s)
    return s


def gates(depth):
    h = x
    for _ in range(depth):
        z = apply("sigmoid", construct.matmul(W, h))
        h = h * z + apply("tanh", h) * (1 - z)
    return h


@pytest.mark.parametrize("make", [network, squaring, gates])
def test_a_deep_graph_gives_a_linear_formula(make):
    lengths = [len(str(formula(make(depth)))) for depth in (50, 100, 200)]
    assert lengths[2] - lengths[1] < 3 * (lengths[1] - lengths[0])
    result = formula(make(900))
    assert all(line.tree.length <= 3 * MAX_LINE for line in result.where)
    assert to_latex(result) and to_mathml(result)


@pytest.mark.parametrize("make", [network, squaring, gates])
def test_a_cut_formula_keeps_its_value(make):
    node = make(40)
    result = formula(node)
    assert result.where
    sizes = {"n": 3}
    np.testing.assert_allclose(
        evaluate_formula(result, POINT, sizes), evaluate(node, POINT, sizes), rtol=1e-9
    )


def test_definitions_stand_before_their_uses():
    result = formula(gates(60))
    seen = set()
    titles = {line.title for line in result.where}
    for line in result.where:
        stack = [line.tree]
        while stack:
            tree = stack.pop()
            assert tree not in titles or tree in seen
            stack.extend(tree.args)
        seen.add(line.title)
    assert len(seen) == len(result.where)


def test_a_long_sum_stays_one_sum():
    names = [variable(f"x{k}", (N,)) for k in range(300)]
    result = formula(build.add(*names))
    assert len(result.tree.args) == 300 and not result.where
