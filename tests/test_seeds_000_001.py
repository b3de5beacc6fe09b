"""Jacobians, the tensor of a matrix product and the way past it, statement by statement.

The page of seeds 000 and 001: the chain rule of vector functions, C = AB with 2×2 matrices by hand,
what is wrong with the linear combination, the direct product, gradients as frameworks have them.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

import eingrad
from eingrad import nn
from eingrad.calculus.explained import explanation
from eingrad.codegen import generate
from eingrad.structure import linear_combination
from eingrad.verify.reference import evaluate
from tests.codegen.backends import BACKENDS, call

A = eingrad.matrix("A", "2 2")
B = eingrad.matrix("B", "2 2")
VALUES = {"A": np.array([[2.0, 3.0], [5.0, 7.0]]), "B": np.array([[11.0, 13.0], [17.0, 19.0]])}
ALPHA, BETA, GAMMA, ETA = 23.0, 29.0, 31.0, 37.0
G = np.array([[ALPHA, BETA], [GAMMA, ETA]])

# --- Jacobians ------------------------------------------------------------------------------------

VECTORS = {"x": eingrad.vector("x", "4"), "g": eingrad.vector("g", "3")}
INNER = np.sin(eingrad.matrix("P", "3 4") @ VECTORS["x"])


def outer(g: eingrad.Tensor) -> eingrad.Tensor:
    return np.tanh(eingrad.matrix("Q", "2 3") @ g)


def point() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {"P": rng.normal(size=(3, 4)), "Q": rng.normal(size=(2, 3)), "x": rng.normal(size=4)}


def test_a_jacobian_has_every_output_by_every_input() -> None:
    """J_ij = ∂h_i/∂x_j, k×n."""
    d = eingrad.jacobian(outer(INNER), VECTORS["x"])
    values, step = point(), 1e-6
    assert d.shape_text == "2×4"
    found = evaluate(d.node, values)
    for i, j in np.ndindex(2, 4):
        moved = [
            evaluate(d.of, {**values, "x": values["x"] + s * step * np.eye(4)[j]})[i]
            for s in (1, -1)
        ]
        assert found[i, j] == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-7)


def test_the_chain_rule_is_the_product_of_the_jacobians() -> None:
    """J^h = J^f J^g, and entry by entry Σ_l ∂f_i/∂g_l ∂g_l/∂x_j."""
    values = point()
    inner = evaluate(eingrad.jacobian(INNER, VECTORS["x"]).node, values)
    at = {**values, "g": evaluate(INNER.node, values)}
    last = evaluate(eingrad.jacobian(outer(VECTORS["g"]), VECTORS["g"]).node, at)
    found = evaluate(eingrad.jacobian(outer(INNER), VECTORS["x"]).node, values)
    np.testing.assert_allclose(found, last @ inner, rtol=1e-12)
    by_hand = sum(last[1, l] * inner[l, 2] for l in range(3))
    assert found[1, 2] == pytest.approx(by_hand, rel=1e-12)


def test_the_local_jacobians_are_shown_with_their_shapes() -> None:
    d = eingrad.jacobian(outer(INNER), VECTORS["x"])
    assert str(d.formula()) == "diag(1 − p ⊙ p) Q diag(cos(Px)) P where p = tanh(Q sin(Px))"
    text = str(explanation(d, "chain", "full"))
    for local in ("⟦diag(1 − y ⊙ y)⟧    [2×2]", "⟦Q⟧    [2×3]", "⟦P⟧    [3×4]"):
        assert local in text
    assert "[(2×3)(3×4) ⟶ 2×4]" in text


# --- a matrix by a matrix -------------------------------------------------------------------------


def test_the_entries_of_the_product() -> None:
    e = eingrad.derivative(A @ B, A).entries()
    value = dict(e.value)
    assert value["y_11"] == "a_11 b_11 + a_12 b_21"
    assert value["y_21"] == "a_21 b_11 + a_22 b_21"


def test_the_derivative_is_a_tensor_of_four_axes() -> None:
    d = eingrad.derivative(eingrad.parse("A*B", A="3 4", B="4 5"), "A")
    assert d.shape_text == "3×5×3×4"
    assert d.axes == ("y axis 0", "y axis 1", "A axis 0", "A axis 1")
    assert d.blocks().block_shape == d.wrt[0].shape  # a matrix of matrices


def test_each_block_has_one_row_of_b_transposed() -> None:
    """∂c_11/∂A = [[b11, b21], [0, 0]], ∂c_12/∂A = [[b12, b22], [0, 0]], and so on below."""
    (b11, b12), (b21, b22) = VALUES["B"]
    blocks = eingrad.derivative(A @ B, A).blocks()
    expected = {
        (0, 0): [[b11, b21], [0, 0]],
        (0, 1): [[b12, b22], [0, 0]],
        (1, 0): [[0, 0], [b11, b21]],
        (1, 1): [[0, 0], [b12, b22]],
    }
    for place, block in expected.items():
        np.testing.assert_array_equal(evaluate(blocks[place].node, VALUES), block)


# --- the chain rule with it -----------------------------------------------------------------------


def test_the_linear_combination_is_the_gradient_times_b_transposed() -> None:
    (b11, b12), (b21, b22) = VALUES["B"]
    d = eingrad.derivative(A @ B, A)
    by_hand = [
        [ALPHA * b11 + BETA * b12, ALPHA * b21 + BETA * b22],
        [GAMMA * b11 + ETA * b12, GAMMA * b21 + ETA * b22],
    ]
    found = linear_combination(evaluate(d.node, VALUES), G)
    np.testing.assert_array_equal(found, by_hand)
    np.testing.assert_array_equal(found, G @ VALUES["B"].T)
    c = d.compress()
    np.testing.assert_array_equal(evaluate(c.pullback, {**VALUES, "G": G}), by_hand)
    assert str(c.pullback_formula()) == "GBᵀ"


def test_half_of_the_tensor_is_zero() -> None:
    at = eingrad.derivative(A @ B, A).cost().at()
    assert at["full tensor"]["entries"] == 16
    assert at["full tensor"]["zeros"] == 8
    assert at["direct"]["entries"] == 4
    assert at["direct"]["flops"] == 16 < at["linear combination"]["flops"] == 32


def test_the_tensor_wastes_memory_and_work() -> None:
    """For larger matrices the share of zeros is 1 − 1/m, and all of them are multiplied."""
    at = eingrad.derivative("A*B", "A").cost().at(m=100, n=200, p=300)
    tensor, direct = at["full tensor"], at["direct"]
    assert tensor["zeros"] == tensor["entries"] * 99 // 100
    assert at["linear combination"]["flops"] == 100 * direct["flops"]
    assert tensor["bytes"] == 8 * tensor["entries"] > 5000 * direct["bytes"]


def test_the_direct_way_is_one_product_of_matrices() -> None:
    """What runs is a call of the matrix product, with no tensor and nothing of zeros."""
    (line,) = re.findall(r"return (.*)", eingrad.vjp("A*B", "A").source())
    assert line == "G @ B.T"
    assert "tf.matmul(G, B, transpose_b=True)" in eingrad.vjp("A*B", "A").source("tensorflow")


# --- gradients as frameworks have them ------------------------------------------------------------

LOSSES = {
    "a scalar": ("sum(sin(A*B*s))", "s", ""),
    "a vector": ("norm2(A*B*x)^2", "x", "2"),
    "a matrix": ("sum(tanh(A*B*W))", "W", "2 5"),
    "a tensor": ('sum(exp(einsum("ij,jkl->ikl", A, T)))', "T", "2 3 4"),
}


@pytest.mark.parametrize("by", LOSSES)
def test_a_scalar_loss_by_anything_has_its_shape(by: str) -> None:
    """`tf.gradients(loss, x)`: what comes out has the shape of x and TensorFlow's numbers."""
    tf = pytest.importorskip("tensorflow")
    text, name, shape = LOSSES[by]
    loss = eingrad.parse(text, **{n: "2 2" for n in "AB" if n in text}, **{name: shape})
    (d,) = eingrad.gradients(loss, name)
    values = {n: VALUES[n] / 20 for n in "AB" if n in text}
    values[name] = np.random.default_rng(2).normal(size=[int(k) for k in shape.split()])
    watched = {n: tf.constant(v) for n, v in values.items()}
    function = loss_in_tensorflow(text)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        value = function(tf, **watched)
    wanted = tape.gradient(value, watched[name])
    run = d.function("tensorflow")
    found = run(**{n: watched[n] for n in run.arguments})
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def loss_in_tensorflow(text: str):
    """The losses above, written for TensorFlow by hand."""
    return {
        "s": lambda tf, A, B, s: tf.reduce_sum(tf.sin(A @ B * s)),
        "x": lambda tf, A, B, x: tf.reduce_sum(tf.linalg.matvec(A @ B, x) ** 2),
        "W": lambda tf, A, B, W: tf.reduce_sum(tf.tanh(A @ B @ W)),
        "T": lambda tf, A, T: tf.reduce_sum(tf.exp(tf.tensordot(A, T, 1))),
    }[next(name for t, name, _ in LOSSES.values() if t == text)]


def test_a_layer_takes_the_incoming_gradient_and_builds_no_tensor() -> None:
    """The backward pass of a dense layer is two products and a sum, as people write it."""
    source = nn.dense().passes.backward.source
    body = [line.strip() for line in source.split('"""')[2].splitlines() if line.strip()]
    assert body == ["dX = G @ W.T", "dW = X.T @ G", "db = G.sum(axis=0)", "return dX, dW, db"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_direct_way_runs_in_every_framework(backend: str) -> None:
    generated = generate({"dA": eingrad.vjp(A @ B, A).node}, backend=backend)
    found = call(backend, generated, {"B": VALUES["B"], "G": G})
    np.testing.assert_allclose(found, G @ VALUES["B"].T, rtol=1e-15)
