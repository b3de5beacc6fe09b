"""Errors: the right class, carets under the right places, shapes, a remedy."""

from __future__ import annotations

import pytest

from eingrad.errors import (
    EingradError,
    FactError,
    InputError,
    NameError_,
    ParseError,
    ShapeError,
    UnsupportedError,
)
from eingrad.frontends.text import parse

LET = {"A": "m n", "B": "n n", "x": "n", "y": "m", "a": ""}


def marked(error):
    """What the carets stand under, with their labels."""
    return [(error.text[s.start : s.stop], s.label) for s in error.spans]


@pytest.mark.parametrize(
    ("text", "marks", "message", "hint"),
    [
        ("A*y", [("A", "m×n"), ("y", "m")], "inner sizes", ""),
        ("A*x + x", [("A*x", "m"), ("x", "n")], "one shape", ""),
        ("x*x", [("x", "n"), ("x", "n")], "two columns", "x'*x"),
        ("x'*x'", [("x'", "1×n (a row)"), ("x'", "1×n (a row)")], "two rows", ""),
        ("x*A", [("x", "n"), ("A", "m×n")], "inner sizes", "x'*A"),
        ("x + x'", [("x", "n"), ("x'", "1×n (a row)")], "column and a row", "'"),
        ("A + x", [("A", "m×n"), ("x", "n")], "one shape", "vector(1)"),
        ("x .* y", [("x", "n"), ("y", "m")], "one shape", ""),
        ("x/x", [("x", "n"), ("x", "n")], "scalar", "./"),
        ("inv(A)", [("A", "m×n")], "square", ""),
        ("tr(A)", [("A", "m×n")], "square", ""),
        ("det(x)", [("x", "n")], "square", ""),
        ("A^2", [("A", "m×n")], "square", ""),
        ("x^2", [("x", "n")], "column", "x.^2"),
        ("2^x", [("2", "scalar"), ("x", "n")], "exponent", ".^"),
        ("reshape(x, 2, n)", [("x", "n")], "number of entries", ""),
        ("[x; A]", [("x", "n×1"), ("A", "m×n")], "side by side", ""),
        ('einsum("ij,j", A, y)', [("A", "m×n"), ("y", "m")], "letter j", ""),
        ('einsum("i", A)', [("A", "m×n")], "1 letters", ""),
        ("B.T * x", [("B.T", "n×n"), ("x", "n")], "ambiguous", ".*"),
        ("x @ x.T", [("x", "n"), ("x.T", "1×n (a row)")], "inner product", "outer"),
        ("A[0, 0, 0]", [("A", "m×n")], "3 indices", ""),
    ],
)
def test_shape_errors_show_both_sides(text, marks, message, hint):
    with pytest.raises(ShapeError) as caught:
        parse(text, LET)
    error = caught.value
    assert marked(error) == marks
    assert message in error.message
    assert hint in error.hint
    drawing = str(error)
    assert text in drawing and "^" in drawing and marks[0][1] in drawing


@pytest.mark.parametrize(
    ("text", "places", "message", "hint"),
    [
        ("sinn(x)", ["sinn"], "no function called sinn", "sin"),
        ("np.foo(x)", ["foo"], "no function called foo", ""),
        ("x.foo()", ["foo"], "no function called foo", ""),
        ("__import__('os')", ["__import__"], "no function", ""),
        ("f(x)", ["f"], "no function called f", "f*(…)"),
        ("exp", ["exp"], "function", "exp(…)"),
        ("exp x", ["exp"], "function", "exp(…)"),
        ("sum(x, foo=1)", ["1"], "no parameter foo", ""),
        ("sum(A, axis=2)", ["2"], "no axis 2", ""),
        ("max(x, 0, y)", ["0"], "one array", "maximum"),
        ("Σ_j A_ij x_j", ["Σ_j"], "index notation", "einsum"),
        ("a a = 3", ["="], "no =", ""),
        ("q = A*x", ["="], "no =", "leave out"),
        ("x 2", ["2"], "operator is missing", ""),
        ("x +", ["+"], "ends where", ""),
        ("* x", ["*"], "not expected", ""),
        ("()", ["("], "empty", ""),
        ("1/2x", ["2x"], "whole divisor", "1/(2*x)"),
        ("[x y]", ["y"], "commas", ""),
        ("1/0", ["0"], "division by zero", ""),
        ("a^1e9", ["1e9"], "exponent", ""),
        ("B^9999999", ["9999999"], "exponent", ""),
        ("B^a", ["a"], "whole number", ""),
        ("sqrt(-2)", ["sqrt(-2)"], "negative", ""),
        ("eye(x.*x)", ["x.*x"], "not a size", ""),
        ("eye(-3)", ["-3"], "not negative", ""),
        ("ones(2.5)", ["2.5"], "not a size", ""),
        ("x[1.5]", ["1.5"], "not a size", ""),
        ("A[i, j]", ["j"], "no known size", "declare"),
        ("x[::2]", ["::2"], "known size", ""),
        ("x where x = x", ["x"], "by itself", ""),
        ("x_{1", ["{"], "not closed", ""),
        ("(A*x)_i", ["_i"], "index form", ""),
    ],
)
def test_parse_errors_point_at_the_place(text, places, message, hint):
    with pytest.raises(ParseError) as caught:
        parse(text, LET)
    error = caught.value
    assert [text[s.start : s.stop] for s in error.spans] == places
    assert message in error.message
    assert hint in error.hint


def test_undeclared_names_that_clash_are_shown_with_the_shapes_they_got():
    with pytest.raises(ShapeError) as caught:
        parse("norm2(Ax - y)")
    assert marked(caught.value) == [("Ax", "m×n"), ("y", "p")]
    assert "Ax is not declared and was read as a matrix" in str(caught.value)


def test_a_name_used_with_two_sizes():
    with pytest.raises(ShapeError) as caught:
        parse("A*x + C*x", {"A": "m 3", "C": "m 4"})
    assert marked(caught.value) == [("C", "m×4"), ("x", "3")]


@pytest.mark.parametrize("name", ["lambda", "None", "__builtins__", "if"])
def test_names_that_python_keeps_for_itself(name):
    with pytest.raises(NameError_) as caught:
        parse(f"2*{name}")
    assert marked(caught.value) == [(name, "")]


def test_a_closed_text_suggests_names_that_it_knows():
    known = parse("W_ax*x").variables
    with pytest.raises(NameError_, match="did you mean W_ax"):
        parse("W_ay*x", known=known)
    with pytest.raises(NameError_, match="known are W_ax, x"):
        parse("q", known=known)


@pytest.mark.parametrize(
    ("text", "let", "error"),
    [
        ("x", {"x": "n spd"}, FactError),
        ("x", {"lambda": "n"}, NameError_),
        ("x", {"x": "n n sdp"}, FactError),
        ("B^(1/2)", LET, UnsupportedError),
        ("x", {"x": "n", "ｘ": "m"}, NameError_),
    ],
)
def test_declarations_are_checked(text, let, error):
    with pytest.raises(error):
        parse(text, let)


def test_what_is_not_a_text():
    with pytest.raises(InputError):
        parse(3)  # type: ignore[arg-type]


def test_a_result_of_another_shape_than_expected():
    node = parse("A*x", LET).node
    with pytest.raises(ShapeError, match="shape n is expected"):
        parse("A*x", LET, expected_shape=parse("x", LET).node.shape)
    assert parse("A*x", LET, expected_shape=node.shape).node is node


@pytest.mark.parametrize(
    "text", ["‖x", "|x", "√", "x^", "x'^", "A_", "x[", "x[]", "[]", "[,]", "x,", "einsum()",
             "einsum(A)", 'einsum("ij->", A, A)', "einsum('iij...,j', A, x)", "where(x)", "eye(,)",
             "x..T", "x.", ".", "1..", "reshape(x)", "diag()", "inv()", "inv(B, B)", "sum(axis=0)",
             "softmax(x, 0)", "K", "δ_ij", "Σ_i x_i", "x where", "where x = 1", "x=", "=x", "T(",
             "concatenate([])", "stack(x)", "norm(A, 7)", "𝟏", "I", "e^x", "x'x'x", "1e", "0x10"]
)  # fmt: skip
def test_odd_texts_give_a_node_or_an_error_of_ours(text):
    try:
        assert parse(text, {k: v for k, v in LET.items() if k != "a"}).node is not None
    except EingradError as error:
        assert str(error).strip()
