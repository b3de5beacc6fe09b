"""What an answer may look like: every formula that is printed can be given back."""

import pytest

import eingrad
from eingrad.errors import NameError_


@pytest.mark.parametrize(
    ("expression", "wrt"),
    [
        ("A*(B + C)", ["A"]),
        ("c + c^3", ["c"]),
        ("c^4 + exp(c)", ["c", "c"]),
        ("c*sin(c)*(a + b)", ["c", "a"]),
        ("inv(X)", ["X", "X", "X"]),
        ("d*A", ["A"]),
        ("c*d", ["c", "d"]),
        ("sin(c*d)", ["d", "c"]),
    ],
)
def test_a_printed_differential_is_read_back(expression, wrt):
    answer = str(eingrad.derivative(expression, *wrt).formula("differential"))
    assert eingrad.check(expression, *wrt, answer=answer).equal
    verdict = eingrad.check(expression, *wrt, answer=f"2*({answer})")
    assert not verdict.equal and verdict.kind == "factor"


def test_a_direction_before_a_bracket_is_no_function():
    assert eingrad.check("A*(B + C)", "A", answer="dA (B + C)").equal
    assert not eingrad.check("A*(B + C)", "A", answer="dA (B − C)").equal
    with pytest.raises(NameError_, match="Q is not known"):
        eingrad.check("A*(B + C)", "A", answer="dA (B + Q)")


def test_a_variable_called_d_before_another_is_a_product_too():
    assert eingrad.check("tr(d*A*A)/2", "A", answer="dA'").equal  # d·Aᵀ
    assert eingrad.check("d*A", "A", answer="d dA").equal
    assert not eingrad.check("d*A", "A", answer="d d dA").equal


@pytest.mark.parametrize(
    ("expression", "right", "wrong"),
    [
        ("sum(c*A)", "Σ_ij A_ij", "2*Σ_ij A_ij"),
        ("c*tr(A*B)", "Σ_ij A_ij B_ji", "-Σ_ij A_ij B_ji"),
    ],
)
def test_a_number_may_be_a_sum_over_letters(expression, right, wrong):
    assert eingrad.check(expression, "c", answer=right).equal
    assert not eingrad.check(expression, "c", answer=wrong).equal


def test_the_transpose_of_the_vec_layout_is_named():
    for layout in ("vec", "mixed"):
        verdict = eingrad.check("A*B", "A", answer="kron(B, eye(m))", layout=layout)
        assert not verdict.equal and verdict.kind == "transposed" and "vec" in verdict.reason


@pytest.mark.parametrize("factor", ["1.0000005", "1.00000005"])
def test_a_factor_close_to_one_is_shown_with_its_digits(factor):
    verdict = eingrad.check("x'*A*x", "A", answer=f"{factor}*x*x'")
    assert not verdict.equal and f"{factor} times" in verdict.reason


def test_names_that_cancel_out_of_the_expression_are_known():
    assert eingrad.check("x'*x - norm2(x)^2", "x", answer="0*x").equal
    assert not eingrad.check("x'*x - norm2(x)^2", "x", answer="x").equal


def test_the_convention_for_symmetric_matrices_in_which_an_answer_is_right_is_named():
    y = eingrad.parse("tr(S*A)", S="n n symmetric")
    answers = {"free": "A'", "project": "(A + A')/2", "cookbook": "A + A' - I.*A"}
    for asked in answers:
        for how, answer in answers.items():
            verdict = eingrad.check(y, "S", answer=answer, symmetric=asked)
            assert verdict.equal == (how == asked)
            assert verdict.equal or f'symmetric="{how}"' in verdict.reason
    assert "cookbook" not in eingrad.check(y, "S", answer="3*A").reason
