"""The 2×2 product by hand: the matrix of matrices, its linear combination, and the way past it."""

from __future__ import annotations

import numpy as np

import eingrad
from eingrad.structure import linear_combination
from eingrad.verify.reference import evaluate

A = eingrad.matrix("A", "2 2")
B = eingrad.matrix("B", "2 2")
VALUES = {"A": np.array([[2.0, 3.0], [5.0, 7.0]]), "B": np.array([[11.0, 13.0], [17.0, 19.0]])}
ALPHA, BETA, GAMMA, ETA = 23.0, 29.0, 31.0, 37.0
G = np.array([[ALPHA, BETA], [GAMMA, ETA]])


def test_each_block_has_one_row_of_b_transposed():
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


def test_the_linear_combination_is_the_gradient_times_b_transposed():
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


def test_half_of_the_tensor_is_zero():
    at = eingrad.derivative(A @ B, A).cost().at()
    assert at["full tensor"]["entries"] == 16
    assert at["full tensor"]["zeros"] == 8
    assert at["direct"]["entries"] == 4
    assert at["direct"]["flops"] == 16 < at["linear combination"]["flops"] == 32
