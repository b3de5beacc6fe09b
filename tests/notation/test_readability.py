"""Formulas that a reader cannot take for something else, and that show what they have in common."""

import numpy as np
import pytest

import eingrad

MATRIX = [
    # Beside I, a diag or a matrix product a constant matrix is 𝟏𝟏ᵀ; entry by entry a number.
    ("var(x)", "x,x", {}, "2(I − 𝟏𝟏ᵀ/n)/n"),
    ("sum(tanh(A))", "A", {}, "1 − tanh(A) ⊙ tanh(A)"),
    ("(x - mean(x))/c", "x", {}, "(I − 𝟏𝟏ᵀ/n)/c"),
    # Scalars are bracketed and stand in front.
    ("x*(x'*A*x)", "x", {}, "xxᵀ(A + Aᵀ) + (xᵀAx)I"),
    ("c*log(1+a^2)*mean(A*x)", "c", {"x": "n", "A": "m n"}, "sum(Ax) log(1 + a²)/m"),
    ("norm2(A*x)^2/(size(m)*(1+a^2))", "x", {"x": "n", "A": "m n"}, "2AᵀAx/(m·(1 + a²))"),
    # What is common stands outside, at whatever side.
    ("x'*A*x/(x'*B*x)", "x", {}, "(A + Aᵀ − (xᵀAx)(B + Bᵀ)/(xᵀBx))x/(xᵀBx)"),
    ("(x'*A*x)^2", "x,x", {}, "2((A + Aᵀ)xxᵀ(A + Aᵀ) + (xᵀAx)(A + Aᵀ))"),
    (
        "x'*A*x/(x'*x)",
        "x,x",
        {"A": "n n symmetric"},
        "2(4(xᵀAx)xxᵀ/‖x‖⁴ + A − 2(Axxᵀ + xxᵀA)/‖x‖² − (xᵀAx)I/‖x‖²)/‖x‖²",
    ),
    (
        "x'*y/(norm2(x)*norm2(y))",
        "x,y",
        {"x": "n", "y": "n"},
        "(I + (xᵀy)xyᵀ/(‖x‖²‖y‖²) − xxᵀ/‖x‖² − yyᵀ/‖y‖²)/(‖x‖·‖y‖)",
    ),
    ("sum(exp(x).*exp(A*x))", "x", {}, "(I + Aᵀ) exp(Ax + x)"),
    ("sum(var(X, axis=0))", "X", {}, "2(I − 𝟏𝟏ᵀ/m)X/m"),
    ("x'*inv(A+c*eye(n))*x", "c", {"A": "n n", "x": "n"}, "−xᵀ(A + cI)⁻²x"),
    ("exp(x'*A*x)", "x,x", {"A": "n n symmetric"}, "2 exp(xᵀAx) (2AxxᵀA + A)"),
    # Functions meet.
    ("sum(log(cosh(x)))", "x", {}, "tanh(x)"),
    ("sum(x.^x)", "x", {"x": "n positive"}, "x.^(x) ⊙ (1 + log(x))"),
    ("sum(lgamma(x))", "x,x", {}, "diag(polygamma(x, order=1))"),
    ("std(x)", "x", {}, "(x − sum(x)/n)/(√n‖x − sum(x)/n‖)"),
    (
        "-sum(y.*log(sigmoid(X*w)) + (1-y).*log(1-sigmoid(X*w)))",
        "w",
        {"X": "m n", "w": "n", "y": "m"},
        "Xᵀ(σ(Xw) − y)",
    ),
]


@pytest.mark.parametrize(("text", "wrt", "let", "formula"), MATRIX, ids=[r[3] for r in MATRIX])
def test_matrix_form(text, wrt, let, formula):
    y = eingrad.parse(text, **let)
    assert str(eingrad.derivative(y, *wrt.split(",")).formula()) == formula
    assert eingrad.check(y, *wrt.split(","), answer=formula).equal


OTHER_FORMS = [
    ("var(x)", "x", "differential", "2 dxᵀ(x − sum(x)/n)/n"),
    ("tanh(W*x+y)", "W", "differential", "dW x ⊙ (1 − tanh(W x + y) ⊙ tanh(W x + y))"),
    ("x*(x'*A*x)", "x", "differential", "(dxᵀ(A + Aᵀ)x)x + (xᵀ A x) dx"),
    ("X - X*ones(n)*ones(n)'/size(n)", "X", "differential", "dX (I − 𝟏 𝟏ᵀ/n)"),
    ("vec(A*X*B)", "X", "vec", "Bᵀ ⊗ A"),
    ("A^3", "A", "differential", "A² dA + A dA A + dA A²"),
    ("A'*A*A'", "A", "vec", "(AAᵀ ⊗ I + I ⊗ AᵀA)K_mn + A ⊗ Aᵀ"),
    ("kron(A,B)", "A", "vec", "(I_n ⊗ K_qm ⊗ I_p)(I_mn ⊗ vec(B))"),
    ("kron(A,B)", "B", "vec", "(I_n ⊗ K_qm ⊗ I_p)(vec(A) ⊗ I_pq)"),
    ("vec(x*x')", "x", "vec", "I ⊗ x + x ⊗ I"),
    ("tr(X*A*X'*B)", "X", "vec", "vec(BXA + BᵀXAᵀ)ᵀ"),
    ("sqrt(d)*sum(x.^2)^(3/2)", "x", "index", "3√d·x_i ‖x‖"),
    ("softmax(x)", "x", "index", "softmax(x)_i (δ_ij − softmax(x)_j)"),
    ("sum(exp(-(x-y).^2/(2*s^2)))", "x", "index", "−(x_i − y_i) exp(−(x_i − y_i)²/(2s²))/s²"),
]


@pytest.mark.parametrize(
    ("text", "wrt", "form", "formula"), OTHER_FORMS, ids=[r[3] for r in OTHER_FORMS]
)
def test_other_forms(text, wrt, form, formula):
    let = {"X": "m n"} if "ones" in text else {"s": ""} if "s^2" in text else {}
    y = eingrad.parse(text, **let)
    assert str(eingrad.derivative(y, wrt).formula(form)) == formula
    if form != "vec":
        assert eingrad.check(y, wrt, answer=formula).equal


def test_functions_that_a_reader_may_not_know_are_explained():
    result = eingrad.gradient("max(A*x)", "x").formula()
    assert str(result) == "Aᵀ max_share(Ax)"
    assert any("largest entry" in note for note in result.notes)
    assert not eingrad.gradient("sum(exp(x))", "x").formula().notes


LATEX = [
    ("var(x)", "x,x", r"\frac{2 \left(I - \frac{\mathbf{1} \mathbf{1}^{\top}}{n}\right)}{n}"),
    ("sqrt(x'*A*x)", "x", r"\frac{\left(A + A^{\top}\right) x}{2 \sqrt{x^{\top} A x}}"),
]


@pytest.mark.parametrize(("text", "wrt", "latex"), LATEX)
def test_latex(text, wrt, latex):
    assert eingrad.derivative(text, *wrt.split(",")).latex().replace(r" \, ", " ") == latex


def test_a_residual_chain_is_written_in_a_length_linear_in_its_depth():
    def written(depth):
        h = eingrad.vector("x", "n")
        weights = [eingrad.matrix(f"W{k}", "n n") for k in range(depth)]
        for W in weights:
            h = np.tanh(W @ h) + h
        return len(str(eingrad.gradient((h * h).sum(), weights[0]).formula()))

    assert written(40) < 2.5 * written(20)
