"""Answers are judged in the layout asked for, whatever notation they are written in."""

import pytest

import eingrad
from eingrad.errors import NameError_, ParseError


@pytest.mark.parametrize(
    ("expression", "wrt", "answer"),
    [
        ("A*B", "A", "dA*B"),
        ("inv(X)", "X", "-inv(X)*dX*inv(X)"),
        ("tr(X*Y)", "X", "tr(dX*Y)"),
        ("A*B", "A", "δ_ik B_lj"),
        ("A*x", "x", "A_ij"),
    ],
)
def test_differentials_and_entries_are_read_as_answers(expression, wrt, answer):
    assert eingrad.check(expression, wrt, answer=answer).equal


def test_a_second_differential_names_its_directions():
    d = eingrad.derivative("inv(X)", "X", "X")
    answer = str(d.formula("differential"))
    assert eingrad.check("inv(X)", "X", "X", answer=answer).equal
    assert not eingrad.check("inv(X)", "X", "X", answer=answer.replace("+", "−")).equal


@pytest.mark.parametrize(
    ("answer", "kind"), [("2*dA*B", "factor"), ("-dA*B", "sign"), ("2*δ_ik B_lj", "factor")]
)
def test_a_wrong_differential_or_entry_is_wrong(answer, kind):
    verdict = eingrad.check("A*B", "A", answer=answer)
    assert not verdict.equal and verdict.kind == kind


def test_entries_are_those_of_the_layout():
    assert eingrad.check("A*B", "A", answer="δ_il B_jk", layout="denominator").equal
    assert not eingrad.check("A*B", "A", answer="δ_il B_jk").equal


def test_an_answer_of_another_layouts_shape_is_wrong_and_the_layout_is_named():
    verdict = eingrad.check("A*x", "x", answer="A'")
    assert not verdict.equal and verdict.layout == "denominator"
    verdict = eingrad.check("A*B", "A", answer="B' ⊗ I")
    assert not verdict.equal and verdict.layout == "vec"
    assert eingrad.check("A*B", "A", answer="B' ⊗ I", layout="vec").equal


def test_an_answer_of_no_layouts_shape_is_wrong():
    verdict = eingrad.check("x'*A*x", "x", answer="A")
    assert not verdict.equal and verdict.kind == "shape"


def test_an_unknown_name_in_an_answer_is_an_error_that_lists_the_known():
    with pytest.raises(NameError_, match="Q is not known"):
        eingrad.check("A*B", "A", answer="B*Q")
    with pytest.raises(NameError_, match="C is not known"):
        eingrad.check("A*B", "A", answer="dA*C")


def test_a_misspelt_answer_is_a_parse_error():
    with pytest.raises(ParseError):
        eingrad.check("x_1'*A*x_1", "x_1", answer="A*x_1 +")
