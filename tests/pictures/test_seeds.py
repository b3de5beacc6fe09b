"""The worked examples that the pictures are for, entry by entry.

The first is the matrix of matrices ∂(AB)/∂A for 2×2 with its chain rule as a linear combination,
the second the matrix of vectors ∂(WᵀA)/∂W.
"""

import numpy as np

import eingrad
from eingrad.dims import ONE
from eingrad.ir.build import add, multiply
from eingrad.ir.construct import squeeze, take_slice
from eingrad.ir.node import variable
from eingrad.pictures import draw

PRODUCT = {"A": "2 2", "B": "2 2"}


def block(node, *where):
    for axis, place in enumerate(where):
        node = take_slice(node, axis, place, 1, ONE)
    return squeeze(node, range(len(where)))


def test_the_matrix_of_matrices_of_a_product():
    picture = eingrad.derivative(eingrad.parse("A*B", **PRODUCT), "A").plot()
    assert picture.labels.tolist() == [
        [[["b_11", "b_21"], ["0", "0"]], [["b_12", "b_22"], ["0", "0"]]],
        [[["0", "0"], ["b_11", "b_21"]], [["0", "0"], ["b_12", "b_22"]]],
    ]
    rows = [line.split() for line in picture.text().split("\n") if "│" in line]
    assert rows == [
        ["b_11", "b_21", "│", "b_12", "b_22"],
        ["0", "0", "│", "0", "0"],
        ["0", "0", "│", "0", "0"],
        ["b_11", "b_21", "│", "b_12", "b_22"],
    ]
    assert "block (i, j) is ∂y_ij/∂A" in picture.text()
    assert "16 entries: 8 zero, 4 different" in picture.text()


def test_each_block_by_itself():
    d = eingrad.derivative(eingrad.parse("A*B", **PRODUCT), "A")
    for i in range(2):
        for j in range(2):
            picture = draw(block(d.node, i, j), 0, d.wrt)
            expected = [["0", "0"], ["0", "0"]]
            expected[i] = [f"b_1{j + 1}", f"b_2{j + 1}"]
            assert picture.labels.tolist() == expected


def test_the_chain_rule_as_a_linear_combination_of_the_blocks():
    d = eingrad.derivative(eingrad.parse("A*B", **PRODUCT), "A")
    names = (("α", "β"), ("γ", "η"))
    combination = add(
        *(
            multiply(variable(names[i][j], ()), block(d.node, i, j))
            for i in range(2)
            for j in range(2)
        )
    )
    picture = draw(combination, 0, d.wrt, label="L")
    assert picture.labels.tolist() == [
        ["α b_11 + β b_12", "α b_21 + β b_22"],
        ["γ b_11 + η b_12", "γ b_21 + η b_22"],
    ]


def test_the_direct_route_gives_the_same_as_the_combination():
    loss = eingrad.vjp(eingrad.parse("A*B", **PRODUCT), "A")
    assert loss.plot().labels.tolist() == [
        ["b_11 g_11 + b_12 g_12", "b_21 g_11 + b_22 g_12"],
        ["b_11 g_21 + b_12 g_22", "b_21 g_21 + b_22 g_22"],
    ]


def test_the_matrix_of_vectors_of_a_layer():
    layer = eingrad.parse("W'*A", W="m n", A="m")
    picture = eingrad.derivative(layer, "W").plot(m=2, n=3)
    assert picture.outline() == [["A", "0", "0"], ["0", "A", "0"], ["0", "0", "A"]]
    assert "by blocks: [A  0  0; 0  A  0; 0  0  A]" in picture.text()
    assert picture.labels[1, :, 1].tolist() == ["a_1", "a_2"]
    assert set(picture.labels[1, :, [0, 2]].ravel()) == {"0"}


def test_the_hidden_axis_is_the_one_that_leaves_blocks_empty():
    rows = eingrad.derivative(eingrad.parse("W*x", W="m n", x="n"), "W").plot(m=2, n=3)
    assert rows.outline() == [["x", "0"], ["0", "x"]]


def test_an_activation_is_a_diagonal():
    picture = eingrad.derivative(eingrad.parse("sigmoid(z)", z="3"), "z").plot()
    labels = picture.labels
    assert (labels[~np.eye(3, dtype=bool)] == "0").all()
    assert all(f"z_{k + 1}" in labels[k, k] for k in range(3))
