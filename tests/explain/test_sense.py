"""What a reader is told: rules by name, the reason for a transpose, facts that are used."""

import numpy as np
import pytest

import eingrad
from eingrad.calculus.explained import explanation
from tests.explain.replay import Replay


def told(text, *wrt, route="differentials", **let):
    d = eingrad.derivative(eingrad.parse(text, **let), *wrt)
    return explanation(d, route, "full")


@pytest.mark.parametrize(
    ("text", "x", "rule"),
    [
        ("x'*A*x", "x", "product rule"),
        ("inv(X)", "X", "differential of the inverse"),
        ("det(X)", "X", "Jacobi's formula"),
        ("sum(tanh(A*x))", "x", "chain rule through an elementwise function"),
        ("softmax(x)", "x", "differential of softmax"),
        ("A*x + x", "x", "sum rule"),
    ],
)
def test_rules_are_called_by_their_names(text, x, rule):
    assert any(step.rule.startswith(rule) for step in told(text, x).steps)


def test_the_slope_of_an_elementwise_function_is_that_of_its_record():
    assert "the derivative of tanh(p) by p is 1 − tanh(p)²" in str(told("sum(tanh(A*x))", "x"))


def test_a_convention_of_a_record_is_said():
    assert "Convention: relu has no derivative at 0; 0 is taken there." in str(
        told("sum(relu(A*x))", "x")
    )


def test_a_matrix_goes_over_transposed_with_the_shapes_as_the_reason():
    text = str(told("norm2(A*x-y)^2", "x"))
    assert "⟨2p, ⟦A dx⟧⟩" in text and "⟨⟦2Aᵀp⟧, dx⟩" in text
    assert "⟨G, AZ⟩ = ⟨AᵀG, Z⟩" in text and "G has the shape m of p" in text


@pytest.mark.parametrize(
    ("text", "x", "shapes", "said"),
    [
        ("sum(tanh(A*X))", "X", {"A": "n n", "X": "n p"}, "as what stands on the left is square"),
        ("sum(tanh(X*B))", "X", {"X": "n n", "B": "n p"}, "as X is square"),
        ("sum(tanh(A*X'*B))", "X", {"A": "m n", "X": "p n", "B": "p p"},
         "rows of dXᵀ meet the columns on the left, columns of dXᵀ meet the rows on the right"),
        ("sum(tanh(A*X))", "X", {"A": "m n", "X": "n p"}, "It is the one order in which"),
    ],
)  # fmt: skip
def test_where_sizes_leave_a_choice_the_origin_of_the_axes_is_said(text, x, shapes, said):
    assert said in str(told(text, x, **shapes))


def test_the_terms_of_a_product_rule_are_shown_before_they_are_collected():
    text = str(told("tr(A*X'*B*X*C)", "X"))
    assert "tr(A Xᵀ B dX C) = ⟨BᵀXAᵀCᵀ, dX⟩" in text
    assert "tr(A dXᵀ B X C) = ⟨BXCA, dX⟩" in text


def test_symmetry_is_used_in_a_step_of_its_own():
    made = told("x'*A*x", "x", A="n n symmetric")
    step = next(s for s in made.steps if s.rule == "use what is known")
    assert [str(eq) for eq in step.equations] == ["∂y/∂x = (A + Aᵀ)x", "∂y/∂x = 2Ax"]


def test_a_second_derivative_starts_from_the_first():
    text = str(told("norm2(A*x-y)^2", "x", "x"))
    assert "g = ∂f/∂x" in text and "g = 2Aᵀ(Ax − y)" in text and "∂²f/∂x² = 2AᵀA" in text


def test_the_chain_rule_shows_each_jacobian_with_shape_and_structure():
    text = str(told("sum(log(exp(-y.*(X*w))+1))", "w", route="chain"))
    assert "J_q(p) = ⟦diag(σ(p))⟧    [m×m]" in text and "Its structure: diagonal" in text
    assert "(1×m)(m×n) ⟶ 1×n" in text


def test_names_of_sizes_are_not_given_to_results():
    made = told("norm2(U*V)^2", "U", U="p q", V="q r")
    sizes = {"p", "q", "r"}
    assert not sizes & {q.name for q in made.quantities}
    assert "size(" not in str(told("norm2(x - mean(x))^2", "x"))


def test_what_does_not_depend_on_the_variable_is_said_to_be_constant():
    d = eingrad.derivative(eingrad.parse("A*y", x="k"), eingrad.vector("x", "k"))
    assert "does not depend on x" in str(explanation(d, "differentials", "full"))


def test_a_recurrence_is_explained_as_back_propagation_through_time():
    W, U, X = (eingrad.matrix(*v) for v in [("W", "n n"), ("U", "n m"), ("X", "T m")])
    states = eingrad.scan(lambda h, x: np.tanh(W @ h + U @ x), eingrad.vector("h0", "n"), X)
    d = eingrad.gradient(np.sum(states[-1] ** 2), W)
    made = explanation(d, "differentials", "full")
    assert "back-propagation through time" in str(made)
    assert "Σ_t dz_t h_{t−1}ᵀ⟧, dW⟩ where h_t = tanh(U X_t + W h_{t−1})" in str(made)
    replay = Replay(d, made)
    assert replay.lines() > 3 and replay.joins()


def test_the_layout_of_the_answer_is_said():
    d = eingrad.derivative("A*x", "x", layout="denominator")
    made = explanation(d, "differentials", "full")
    assert str(made.steps[-1].equations[-1]) == "∂y/∂x = Aᵀ"
    assert "In denominator layout its shape is n×m" in str(made)


def test_a_pullback_is_explained_as_the_derivative_of_its_scalar():
    made = explanation(eingrad.vjp("A*B", "A"), "differentials", "full")
    assert str(made.steps[-1].equations[-1]) == "∂s/∂A = GBᵀ"


def test_the_g_of_the_rules_is_told_from_a_variable_of_that_name():
    text = str(explanation(eingrad.vjp("tanh(A*B)", "A"), "differentials", "full"))
    assert "Here G" not in text and "In the rule below G stands for G ⊙ (1 − " in text
    text = str(explanation(eingrad.vjp("tanh(A*B)", "A", "D"), "differentials", "full"))
    assert "Here G = D." in text and "Here G = D ⊙ (1 − " in text


def test_a_deep_network_is_explained_layer_by_layer():
    text = "tanh(W*" * 60 + "x" + ")" * 60
    made = explanation(eingrad.gradient(f"sum({text})", "x"), "differentials", "short")
    assert sum(step.kind == "differential" for step in made.steps) == 121


def test_the_commutation_matrix_of_a_derivation_is_explained():
    told = eingrad.hessian("tr(inv(X)*A)", "X").explain().text()
    assert "vec(Zᵀ) = K vec(Z)" in told
    assert "commutation" not in eingrad.jacobian("inv(X)", "X").explain().text()
