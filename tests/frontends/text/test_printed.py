"""The printed language: words cut into names, constants, where clauses, index notation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eingrad.differentiate import differentiate
from eingrad.errors import EingradError, NameError_, ParseError, ShapeError
from eingrad.frontends.declare import size_from_text
from eingrad.frontends.text import parse, parse_index_form
from eingrad.frontends.text.entries import parse_letters
from eingrad.frontends.text.names import cut
from eingrad.ir.build import dims
from eingrad.ir.node import constant, variable
from eingrad.notation import Split, formula
from eingrad.verify import evaluate
from tests.strategies import SIZES, expressions, random_values

KNOWN = {
    name: variable(name, dims(*shape.split()))
    for name, shape in {
        "A": "m n", "B": "n n", "x": "n", "y": "m", "dA": "m n", "d1X": "n n", "d2X": "n n",
        "a": "", "T": "m n k", "W_ax": "m n", "Σ": "n n", "K": "n n",
    }.items()
}  # fmt: skip
POINT_SIZES = {"m": 3, "n": 4, "k": 5}


def value(node):
    rng = np.random.default_rng(5)
    point = {
        name: rng.normal(size=[d.evaluate(POINT_SIZES) for d in v.shape])
        for name, v in KNOWN.items()
    }
    return evaluate(node, point, POINT_SIZES)


def read(text, shape=None):
    known = {n: v for n, v in KNOWN.items() if n != "K"}
    return value(
        parse(text, known=known, expected_shape=None if shape is None else dims(*shape)).node
    )


def entries(text, axes, *shape):
    known = {n: v for n, v in KNOWN.items() if n != "K"}
    return value(parse_index_form(text, known, axes, dims(*shape)))


V = {name: value(node) for name, node in KNOWN.items()}


def test_words_are_cut_longest_first_with_a_second_thought():
    assert cut("dAx", {"d", "A", "dA", "x"}) == ["dA", "x"]
    assert cut("abc", {"ab", "a", "bc"}) == ["a", "bc"]
    assert cut("abd", {"ab", "a", "bc"}) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("AB", V["A"] @ V["B"]),
        ("2aAᵀy", 2 * V["a"] * (V["A"].T @ V["y"])),
        ("dAB", V["dA"] @ V["B"]),
        ("dY = dA B", V["dA"] @ V["B"]),
        ("d₁XBd₂X", V["d1X"] @ V["B"] @ V["d2X"]),
        ("xᵀΣx", V["x"] @ V["Σ"] @ V["x"]),
        ("W_ax x", V["W_ax"] @ V["x"]),
        ("Aexp(x)", V["A"] @ np.exp(V["x"])),
        ("I_n x", V["x"]),
        ("(I − xxᵀ/‖x‖²)x", 0 * V["x"]),
        ("(B + I)x", V["B"] @ V["x"] + V["x"]),
        ("a/‖x‖ ⊙ x", V["a"] / np.linalg.norm(V["x"]) * V["x"]),
        ("p ⊙ q where p = exp(q), q = Bx", np.exp(V["B"] @ V["x"]) * (V["B"] @ V["x"])),
        ("ppᵀ where p = Ax", np.outer(V["A"] @ V["x"], V["A"] @ V["x"])),
        ("tr(P) where P_ij = Σ_k B_ik B_jk", np.trace(V["B"] @ V["B"].T)),
        ("s where s = Σ_i x_i²", V["x"] @ V["x"]),
        ("2‖x‖·‖y‖", 2 * np.linalg.norm(V["x"]) * np.linalg.norm(V["y"])),
        ("y ⊙ 2·a A x", V["y"] * (2 * V["a"] * (V["A"] @ V["x"]))),
        ("n a", 4 * V["a"]),
        ("size(n)a", 4 * V["a"]),
        ("√(a²)", np.abs(V["a"])),
    ],
)
def test_what_is_printed_is_read(text, wanted):
    np.testing.assert_allclose(read(text), wanted, rtol=1e-12, atol=1e-12)


def test_an_expected_shape_gives_constants_their_size():
    np.testing.assert_array_equal(read("I", ("n", "n")), np.eye(4))
    np.testing.assert_array_equal(read("𝟏", ("m",)), np.ones(3))
    np.testing.assert_array_equal(read("2·𝟏𝟏ᵀ", ("m", "n")), np.full((3, 4), 2))
    np.testing.assert_array_equal(read("0", ("m", "n", "k")), np.zeros((3, 4, 5)))


def test_a_column_fits_an_axis_of_size_one():
    np.testing.assert_array_equal(read("xᵀ", (1, "n")), V["x"][None])
    np.testing.assert_array_equal(read("x", ("n", 1)), V["x"][:, None])


def test_constants_give_way_to_variables_of_their_name():
    np.testing.assert_array_equal(value(parse("Kx", known=KNOWN).node), V["K"] @ V["x"])
    swapped = value(parse("Kc_mn vec(A)", known=KNOWN).node)
    np.testing.assert_array_equal(swapped, V["A"].ravel())
    eye = variable("I", dims("n", "n"))
    parsed = parse("I + Id", known={"I": eye})
    got = evaluate(parsed.node, {"I": np.zeros((4, 4))}, POINT_SIZES)
    np.testing.assert_array_equal(got, np.eye(4))


@pytest.mark.parametrize(
    ("text", "axes", "shape", "wanted"),
    [
        ("Σ_j A_ij x_j", "i", "m", V["A"] @ V["x"]),
        ("∑_j A_ij x_j", "i", "m", V["A"] @ V["x"]),
        ("δ_ik B_lj", "ijkl", "m n m n", np.einsum("ik,lj->ijkl", np.eye(3), V["B"])),
        ("2δ_ik B_lj − A_ij A_kl", "ijkl", "m n m n",
         2 * np.einsum("ik,lj->ijkl", np.eye(3), V["B"]) - np.multiply.outer(V["A"], V["A"])),
        ("(Ax − y)_i", "i", "m", V["A"] @ V["x"] - V["y"]),
        ("exp(x_i)", "i", "n", np.exp(V["x"])),
        ("x_i²/(1 + x_j²)", "ij", "n n", V["x"][:, None] ** 2 / (1 + V["x"] ** 2)),
        ("|x_i| + √(x_i²)", "i", "n", 2 * np.abs(V["x"])),
        ("∑_jk T_ijk Σ_l B_jl x_l", "i", "m",
         np.einsum("ijk,jl,l->i", V["T"], V["B"], V["x"])),
        ("T_{i,j,k}", "jik", "n m k", V["T"].transpose(1, 0, 2)),
        ("W_ax_{i,j}", "ij", "m n", V["W_ax"]),
        ("Σ_i Σ_ij x_i", "j", "n", V["Σ"].T @ V["x"]),
        ("B_ii", "i", "n", np.diag(V["B"])),
        ("x_i", "ij", "n m", np.repeat(V["x"][:, None], 3, 1)),
        ("1", "ij", "n m", np.ones((4, 3))),
        ("aA_ij", "ij", "m n", V["a"] * V["A"]),
        ("(Bᵀ)_ij", "ij", "n n", V["B"].T),
        ("p_i p_j where p = exp(x)", "ij", "n n", np.exp(V["x"][:, None] + V["x"])),
        ("softmax(x)_i", "i", "n", np.exp(V["x"]) / np.exp(V["x"]).sum()),
        ("(vec(A))_{(j,i)}", "ij", "m n", V["A"]),
        ("A_ij x_k", [("i", "k"), "j"], "m*n n",
         np.einsum("ij,k->ikj", V["A"], V["x"]).reshape(12, 4)),
        ("P_ij x_i where P_kl = A_lk", "ij", "n m", V["A"].T * V["x"][:, None]),
    ],
)  # fmt: skip
def test_index_notation_is_read(text, axes, shape, wanted):
    sizes = [size_from_text(word, "an axis") for word in shape.split()]
    np.testing.assert_allclose(entries(text, axes, *sizes), wanted, rtol=1e-12)


def test_letters_of_merged_axes_are_grouped():
    assert parse_letters("i(j,k)") == (("i",), ("j", "k"))
    assert parse_letters("i1,j2") == (("i1",), ("j2",))
    assert parse_letters("i2") is None


@pytest.mark.parametrize(
    ("text", "axes", "shape", "error", "message"),
    [
        ("A_ij", "i", ("m",), ParseError, "neither summed"),
        ("A_i", "i", ("m",), ShapeError, "1 index letters for 2"),
        ("A_ij x", "ij", ("m", "n"), ShapeError, "letters are missing"),
        ("Σ_k x_i", "i", ("n",), ParseError, "does not occur"),
        ("A_ij x_i", "ij", ("m", "n"), ShapeError, "two sizes"),
        ("A_ij", "ij", ("n", "m"), ShapeError, "another shape"),
        ("sum(x_i)", "i", ("n",), ParseError, "arrays"),
        ("q_i", "i", ("n",), NameError_, "q_i"),
        ("δ_ijk", "ijk", ("n", "n", "n"), ParseError, "two index letters"),
    ],
)
def test_index_notation_that_says_nothing(text, axes, shape, error, message):
    with pytest.raises(error, match=message):
        entries(text, axes, *shape)


relaxed = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(expressions(max_steps=4), st.data())
def test_formulas_of_derivatives_read_back(expression, data):
    y = expression.node
    x = data.draw(
        st.sampled_from([v for v in expression.variables if v.ndim <= max(0, 4 - y.ndim)])
    )
    form = data.draw(st.sampled_from(["auto", "index", "vec", "differential"]))
    node = differentiate(y, [x])
    result = formula(node, form=form, split=Split(y.ndim, (x.ndim,)), inputs=[x.name])
    known = {v.name: v for v in expression.variables}
    known |= {title: variable(title, shape) for title, shape in result.directions.items()}
    known |= {title: variable(title, constant(v).shape) for title, v in result.constants.items()}
    if result.form == "index":
        back = parse_index_form(str(result), known, result.letters, result.shape)
    else:
        back = parse(str(result), known=known, expected_shape=result.shape).node
    assert back.shape == result.shape
    if result.form in ("index", "matrix") and not result.directions:
        point = random_values(expression.variables) | result.constants
        np.testing.assert_allclose(
            evaluate(back, point, SIZES), evaluate(node, point, SIZES), rtol=1e-8, atol=1e-9
        )


@relaxed
@given(st.text(alphabet="ABxyda_ijk δΣ()²ᵀ⁻¹+−·⊙⊗=,where{}[]‖|√12", max_size=40))
def test_any_printed_looking_text_gives_a_node_or_an_error_of_ours(text):
    try:
        parse(text, known=KNOWN)
        parse_index_form(text, KNOWN, "ij", dims("m", "n"))
    except EingradError as error:
        assert str(error)
