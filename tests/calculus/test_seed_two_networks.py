"""The derivatives of one layer of a network, Z = WᵀA and A = f(Z), in denominator layout.

W is m×n, its columns are neurons, and A has m entries. One test for each definition: the tensor,
what it condenses to, and the rule by which that meets ∂L/∂Z.
"""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad import nn
from eingrad.verify.reference import evaluate
from tests.calculus.definitions import condenses, holds, values_of

LAYER = {"W": "2 5", "A": "2"}
ACTIVATIONS = {
    "tanh": ("1 − tanh(Z) ⊙ tanh(Z)", lambda z: 1 - np.tanh(z) ** 2),
    "exp": ("exp(Z)", np.exp),
    "sin": ("cos(Z)", np.cos),
}


def test_the_loss_by_the_last_activation_has_its_shape():
    """∂L/∂A of n×1, for two losses."""
    holds(
        eingrad.parse("norm2(A - t)^2", A="5", t="5"),
        "A",
        lambda A, t: 2 * (A - t),
        "5",
        ["A axis 0"],
        "2(A − t)",
    )
    holds(
        eingrad.parse("-sum(t .* log(A))", A="5", t="5"),
        "A",
        lambda A, t: -t / A,
        "5",
        ["A axis 0"],
        "−t ⊘ A",
    )


def test_one_neuron_by_its_own_weights_is_the_input():
    """z_i = W_iᵀA with one column of weights: ∂z_i/∂W_i = A."""
    z = eingrad.parse("w'*A", w="3", A="3")
    holds(z, "w", lambda A, **_: A, "3", ["w axis 0"], "A")


@pytest.mark.parametrize("i", range(5))
def test_weights_of_another_neuron_have_no_effect(i):
    """∂z_i/∂W_k is A for k = i, else zero."""
    d = eingrad.derivative(eingrad.parse("W'*A", **LAYER), "W", layout="denominator")
    values = values_of(d.of)
    of_one_output = evaluate(d.blocks()[i].node, values)
    expected = np.zeros((2, 5))
    expected[:, i] = values["A"]
    np.testing.assert_array_equal(of_one_output, expected)
    assert "zero except where its axis 1 is at i" in d.blocks().rule


def test_the_layer_by_its_weights_is_the_input_on_a_diagonal():
    """∂Z/∂W: a 3-tensor, n×n vectors, A on the diagonal and 0 elsewhere."""
    d = holds(
        eingrad.parse("W'*A", **LAYER),
        "W",
        lambda A, **_: np.einsum("i,jk->ijk", A, np.eye(5)),
        "2×5×5",
        ["W axis 0", "W axis 1", "y axis 0"],
        "δ_jk A_i",
    )
    hidden = d.blocks(0)
    values = values_of(d.of)
    for j in range(5):
        for k in range(5):
            block = evaluate(hidden[j, k].node, values)
            np.testing.assert_array_equal(block, values["A"] * (j == k))
    assert d.plot().outline() == [["A" if j == k else "0" for k in range(5)] for j in range(5)]


def test_the_layer_by_its_weights_condenses_to_the_input():
    """∂Z/∂W = A of m×1, with ∂L/∂W = A(∂L/∂Z)ᵀ."""
    condenses(
        eingrad.derivative(eingrad.parse("W'*A", **LAYER), "W", layout="denominator"),
        "A",
        lambda A, **_: A,
        "outer left",
        True,
        "AGᵀ",
        lambda A, G, **_: np.outer(A, G),
    )


def test_the_layer_of_a_batch_by_its_weights_condenses_alike():
    d = eingrad.derivative(eingrad.parse("W'*A", W="2 5", A="2 3"), "W", layout="denominator")
    assert d.shape_text == "2×5×3×5"
    condenses(d, "A", lambda A, **_: A, "left", True, "AGᵀ", lambda A, G, **_: A @ G.T)


def test_the_layer_by_its_input_is_the_weights():
    """∂Z/∂A = W of m×n, and ∂L/∂A = W ∂L/∂Z."""
    d = holds(
        eingrad.parse("W'*A", **LAYER),
        "A",
        lambda W, **_: W,
        "2×5",
        ["A axis 0", "y axis 0"],
        "W",
    )
    condenses(d, "W", lambda W, **_: W, "left", False, "WG", lambda W, G, **_: W @ G)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_only_depends_on_its_own_neuron(name):
    """∂a_j/∂z_i is zero for i ≠ j, f′(z_i) for i = j, also symbolically."""
    _, slope = ACTIVATIONS[name]
    d = eingrad.derivative(eingrad.parse(f"{name}(Z)", Z="4"), "Z", layout="denominator")
    values = values_of(d.of)
    for j in range(4):
        row = evaluate(d.blocks()[j].node, values)
        np.testing.assert_allclose(row, np.eye(4)[j] * slope(values["Z"]), rtol=1e-12)
    assert str(d.structure).startswith("diagonal")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_by_its_argument_is_a_diagonal_matrix(name):
    """∂A/∂Z = diag(f′(z_1), …, f′(z_n)) of n×n; compressed, it multiplies elementwise."""
    text, slope = ACTIVATIONS[name]
    d = holds(
        eingrad.parse(f"{name}(Z)", Z="4"),
        "Z",
        lambda Z: np.diag(slope(Z)),
        "4×4",
        ["Z axis 0", "y axis 0"],
        f"diag({text})",
    )
    pullback = f"G ⊙ ({text})" if " " in text else f"G ⊙ {text}"
    condenses(
        d, text, lambda Z, **_: slope(Z), "elementwise", False, pullback,
        lambda Z, G, **_: slope(Z) * G,
    )  # fmt: skip


def test_a_diagonal_matrix_times_a_vector_is_an_elementwise_product():
    """RQ = r ∗ q: one object, however it is written."""
    sizes = {"r": "4", "q": "4"}
    product = eingrad.parse("diag(r)*q", **sizes)
    assert product.node is eingrad.parse("r .* q", **sizes).node
    assert str(eingrad.derivative(product, "q").structure).startswith("diagonal")


def test_the_chain_of_a_layer_in_the_order_of_denominator_layout():
    """∂L/∂W = ∂Z/∂W (∂A/∂Z ∂L/∂A)ᵀ, the condensed parts put together by their rules."""
    sizes = {"W": "2 5", "x": "2", "t": "5"}
    loss = eingrad.gradient(eingrad.parse("norm2(tanh(W'*x) - t)^2", **sizes), "W")
    values = values_of(loss.of)
    W, x, t = values["W"], values["x"], values["t"]
    activation = np.tanh(W.T @ x)
    outer, slope = 2 * (activation - t), 1 - activation**2
    np.testing.assert_allclose(evaluate(loss.node, values), np.outer(x, slope * outer), rtol=1e-12)
    parts = [
        eingrad.derivative(eingrad.parse(text, **declared), by).compress(incoming)
        for text, by, declared, incoming in (
            ("tanh(Z)", "Z", {"Z": "5"}, "H"),
            ("W'*A", "W", LAYER, "G"),
        )
    ]
    by_z = evaluate(parts[0].pullback, {"Z": W.T @ x, "H": outer})
    by_w = evaluate(parts[1].pullback, {"A": x, "G": by_z})
    np.testing.assert_allclose(by_w, evaluate(loss.node, values), rtol=1e-12)


# --- the chain of a whole network -----------------------------------------------------------------


def chain_of(layer: str, *sizes: str) -> list[str]:
    """Two layers with activations and a loss, as lines."""
    m, n, k, batch = sizes
    rows = layer == "dense"
    made = getattr(nn, layer)
    values = [f"{batch} {size}" if rows else f"{size} {batch}" for size in (n, k)]
    return (
        nn.Network(
            made(m, n, batch),
            nn.activation("tanh", values[0]),
            made(n, k, batch),
            nn.activation("sigmoid", values[1]),
            nn.squared_error(values[1]),
        )
        .chain()
        .splitlines()
    )


def test_the_chain_of_a_network_is_that_of_the_course() -> None:
    """∂L/∂A of n×1; ∂A/∂Z = diag f′(z), n×n; ∂Z/∂W = A, a 3-tensor condensed to m×1, met by
    (∂L/∂Z)ᵀ; ∂Z/∂A = W, m×n. Layers 1 and 3 are matrix products, 2 and 4 their activations."""
    assert chain_of("dense_columns", "m", "n", "k", "") == [
        "dx stands for ∂L/∂x.",
        "L = squared_error(A3, T), scalar",
        "  dA3 = (A3 − T)/k, k",
        "A3 = sigmoid(Z3), k",
        "  dZ3 = dA3 ⊙ σ(Z3) ⊙ (1 − σ(Z3)), k: ∂A3/∂Z3 = diag(σ(Z3) ⊙ (1 − σ(Z3))), k×k",
        "Z3 = dense_columns(A1), k",
        "  dA1 = W3 dZ3, n: ∂Z3/∂A1 = W3, n×k",
        "  dW3 = A1 dZ3ᵀ, n×k: ∂Z3/∂W3, n×k×k, condenses to A1, n",
        "  db3 = dZ3, k: ∂Z3/∂b3 = I_k, k×k",
        "A1 = tanh(Z1), n",
        "  dZ1 = dA1 ⊙ (1 − tanh(Z1) ⊙ tanh(Z1)), n: ∂A1/∂Z1 = diag(1 − tanh(Z1) ⊙ tanh(Z1)), n×n",
        "Z1 = dense_columns(A), n",
        "  dA = W1 dZ1, m: ∂Z1/∂A = W1, m×n",
        "  dW1 = A dZ1ᵀ, m×n: ∂Z1/∂W1, m×n×n, condenses to A, m",
        "  db1 = dZ1, n: ∂Z1/∂b1 = I_n, n×n",
    ]


def test_in_batches_of_columns_the_same_arrays_are_left() -> None:
    lines = [line.strip() for line in chain_of("dense_columns", "m", "n", "k", "b")]
    assert "dW3 = A1 dZ3ᵀ, n×k: ∂Z3/∂W3, n×k×b×k, condenses to A1, n×b" in lines
    assert "dA1 = W3 dZ3, n×b: ∂Z3/∂A1, n×b×b×k, condenses to W3, n×k" in lines
    assert "db3 = dZ3 𝟏, k: ∂Z3/∂b3, k×b×k, condenses to the number 1" in lines


def test_in_rows_the_factors_change_places() -> None:
    """Z = XW + b: ∂L/∂W = Xᵀ ∂L/∂Z and ∂L/∂X = ∂L/∂Z Wᵀ."""
    lines = [line.strip() for line in chain_of("dense", "m", "n", "k", "b")]
    assert "dW3 = A1ᵀ dZ3, n×k: ∂Z3/∂W3, n×k×k×b, condenses to A1ᵀ, n×b" in lines
    assert "dA1 = dZ3 W3ᵀ, b×n: ∂Z3/∂A1, b×n×k×b, condenses to W3ᵀ, k×n" in lines
    slope = "1 − tanh(Z1) ⊙ tanh(Z1)"
    condensed = f"∂A1/∂Z1, b×n×n×b, condenses to {slope}, b×n, elementwise"
    assert f"dZ1 = dA1 ⊙ ({slope}), b×n: {condensed}" in lines
