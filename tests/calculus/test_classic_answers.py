"""Wrong answers that are published for common problems, and what is said of each."""

import pytest

import eingrad
from eingrad import check
from eingrad.errors import InputError, ShapeError

LOGISTIC = "sum(log(1+exp(-y.*(X*w))))"
SQUARES = "norm2(A*x-b)^2"
RIDGE = "norm2(A*x-b)^2 + c*norm2(x)^2"
CENTRED = "norm2(x-mean(x))^2"
B = {"b": "m"}

WRONG = [
    ("tr(A*X*B)", "X", "B*A", {}, "layout", "numerator"),
    ("tr(A*X)", "X", "A", {}, "layout", "numerator"),
    ("tr(X*X)", "X", "2*X", {}, "layout", "numerator"),
    ("logdet(X)", "X", "inv(X)", {}, "layout", "numerator"),
    ("logdet(X)", "X", "2*inv(X) - I.*inv(X)", {"X": "n n spd"}, "symmetric", "cookbook"),
    ("x'*A*x", "x", "2*A*x", {}, "symmetric", "only for symmetric A"),
    ("x'*A*x", "x", "A*x", {}, "term", "missing: Aᵀx"),
    ("tr(X*A*X)", "X", "X'*A'", {}, "term", "missing: AᵀXᵀ"),
    ("norm2(x)", "x", "2*x", {}, "factor", "2·‖x‖ times"),
    ("norm2(X)^2", "X", "X/norm2(X)", {"X": "m n"}, "factor", "1/2/‖X‖ times"),
    ("norm2(A*x-b)", "x", "A'*(A*x-b)", B, "factor", "‖Ax − b‖ times"),
    ("log(x'*x)", "x", "2*x", {}, "factor", "‖x‖² times"),
    ("1/norm2(x)", "x", "x/norm2(x)^3", {}, "sign", "sign"),
    ("x/norm2(x)", "x", "I/norm2(x)", {}, "term", "missing: −xxᵀ/‖x‖³"),
    ("softmax(z)", "z", "diag(softmax(z))", {}, "term", "missing: −softmax(z) softmax(z)ᵀ"),
    ("softmax(z)", "z", "softmax(z).*(1-softmax(z))", {}, "diagonal", "off the diagonal"),
    ("sigmoid(x)", "x", "diag(sigmoid(x))", {}, "term", "missing"),
    ("sigmoid(x)", "x", "sigmoid(x).*(1-sigmoid(x))", {}, "diagonal", "zeros elsewhere"),
    (LOGISTIC, "w", "X'*(y.*sigmoid(-y.*(X*w)))", {}, "sign", "sign"),
    (LOGISTIC, "w", "-X'*(y.*sigmoid(y.*(X*w)))", {}, "argument", "σ(−y ⊙ Xw) in place of"),
    (LOGISTIC + "/size(m)", "w", "-X'*(y.*sigmoid(-y.*(X*w)))", {"X": "m n"}, "factor", "m times"),
    (LOGISTIC, "w,w", "X'*X", {}, "different", "not equal"),
    (SQUARES, "x", "A'*(A*x-b)", B, "factor", "1/2 times"),
    (SQUARES, "x", "2*A'*(b-A*x)", B, "sign", "sign"),
    (SQUARES, "x", "2*(A*x-b)", B, "shape", "wrong shape"),
    (RIDGE, "x", "2*A'*(A*x-b)", B, "term", "missing: 2cx"),
    (RIDGE, "x", "2*A'*(A*x-b) + c*x", B, "term", "wrong factor: 2cx"),
    (RIDGE, "x", "2*A'*(A*x-b) - 2*c*x", B, "term", "wrong sign: 2cx"),
    (RIDGE, "x", "2*A'*(A*x-b) + 2*c*x + b'*b*x", B, "term", "surplus: ‖b‖²x"),
    ("inv(X)", "X", "inv(X)*dX*inv(X)", {}, "sign", "sign"),
    ("inv(X)", "X", "-inv(X)*inv(X)*dX", {}, "different", "not equal"),
    ("x'*inv(A)*x", "A", "-inv(A)*x*x'*inv(A)", {}, "layout", "numerator"),
    ("x'*inv(A)*x", "A", "inv(A)'*x*x'*inv(A)'", {}, "sign", "sign"),
    ("det(X)", "X", "det(X)*inv(X)", {}, "layout", "numerator"),
    ("exp(tr(X))", "X", "exp(X)", {}, "different", "not equal"),
    ("A*B", "A", "B'", {}, "shape", "wrong shape"),
    ("kron(A, B)", "A", "kron(B, dA)", {}, "different", "not equal"),
    ("sum(A.*B)", "A", "A.*B", {}, "different", "not equal"),
    ("A'", "A", "dA", {}, "layout", "denominator"),
    ("tanh(x)", "x", "diag(1-x.*x)", {}, "different", "not equal"),
    ("sum(tanh(A*x))", "x", "A'*(1-(A*x).*(A*x))", {}, "different", "not equal"),
    ("logsumexp(z)-y'*z", "z", "y-softmax(z)", {}, "sign", "sign"),
    ("logsumexp(z)-y'*z", "z", "softmax(z)", {}, "term", "missing: −y"),
    (CENTRED, "x", "2*x", {}, "term", "missing"),
    (CENTRED, "x", "2*(x-mean(x)) - 2*mean(x)", {}, "term", "wrong factor"),
]


@pytest.mark.parametrize(("y", "by", "answer", "let", "kind", "said"), WRONG)
def test_what_is_wrong_is_named(y, by, answer, let, kind, said):
    verdict = eingrad.check(eingrad.parse(y, **let), *by.split(","), answer=answer)
    assert not verdict.equal
    assert verdict.kind == kind and said in verdict.reason
    if kind == "different":
        assert all(value.size <= 4 for value in verdict.example.values())


RIGHT = [
    ("logdet(X)", "X", "inv(X)'", {}, "mixed"),
    ("logdet(X)", "X", "inv(X)", {}, "numerator"),
    ("softmax(z)", "z", "diag(softmax(z)) - softmax(z)*softmax(z)'", {}, "mixed"),
    (LOGISTIC, "w", "X'*(y.*(sigmoid(y.*(X*w)) - 1))", {}, "mixed"),
    (RIDGE, "x", "2*(A'*A + c*I)*x - 2*A'*b", B, "mixed"),
    ("A*B", "A", "B' ⊗ I", {}, "vec"),
    ("A*x", "x", "A'", {}, "denominator"),
    (CENTRED, "x", "2*(x - mean(x))", {}, "mixed"),
]


@pytest.mark.parametrize(("y", "by", "answer", "let", "layout"), RIGHT)
def test_an_equal_form_in_the_layout_asked_for_is_right(y, by, answer, let, layout):
    assert eingrad.check(eingrad.parse(y, **let), by, answer=answer, layout=layout).equal


def test_an_answer_whose_shapes_do_not_fit_shows_where():
    with pytest.raises(ShapeError, match="inner sizes"):
        eingrad.check(LOGISTIC, "w", answer="-X*(y.*sigmoid(-y.*(X*w)))")


@pytest.mark.parametrize("left", ["∂f/∂x = ", "∂L / ∂x=", "df/dx = ", "∂f/∂xᵀ = "])
def test_an_answer_may_say_what_it_is(left):
    assert check("x'*A*x", "x", answer=left + "(A + Aᵀ)x").equal
    assert not check("x'*A*x", "x", answer=left + "A x").equal


def test_an_answer_by_another_variable_is_told():
    with pytest.raises(InputError, match="derivative by A, but ∂y/∂x is asked"):
        check("x'*A*x", "x", answer="∂f/∂A = x*x'")
    assert check("x'*A*x", "x", "x", answer="∂²f/∂x² = A + A'").equal


def test_what_the_question_assumes_stands_beside_the_answer():
    assert "z does not occur in the expression" in check("x'*x", "z", answer="z").text()
