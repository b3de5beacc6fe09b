"""The formulas that users expect, to the letter; each reads back as the derivative it states."""

from dataclasses import dataclass, field

import numpy as np
import pytest

import eingrad
from eingrad.frontends.text import parse as parse_text
from eingrad.frontends.text import parse_index_form
from eingrad.verify import evaluate, sample_points, sample_sizes


@dataclass(frozen=True)
class Row:
    expression: str
    wrt: tuple[str, ...]
    formula: str
    form: str = "auto"
    let: dict[str, str] = field(default_factory=dict)

    def __str__(self):
        facts = f" {self.let}" if self.let else ""
        return f"{self.expression} by {','.join(self.wrt)} ({self.form}){facts}"

    def derivative(self):
        return eingrad.derivative(eingrad.parse(self.expression, **self.let), *self.wrt)


LOGISTIC = "sum(log(exp(-y.*(X*w))+1))"
FACTOR = "norm2(T-U*V')^2"

TABLE = [
    Row("x'*A*x", ("x",), "(A + Aᵀ)x"),
    Row("x'*A*x", ("x",), "2Ax", let={"A": "n n symmetric"}),
    Row("x'*A*x", ("x", "x"), "A + Aᵀ"),
    Row("norm2(A*x-y)^2", ("x",), "2Aᵀ(Ax − y)"),
    Row("tr(A*X'*B*X*C)", ("X",), "BXCA + BᵀXAᵀCᵀ"),
    Row("log(det(inv(X)))", ("X",), "−X⁻ᵀ"),
    Row(LOGISTIC, ("w",), "−Xᵀ(y ⊙ σ(−y ⊙ Xw))"),
    Row(FACTOR, ("U",), "−2(T − UVᵀ)V"),
    Row(FACTOR, ("U", "U"), "2VᵀV ⊗ I", "vec"),
    Row("A*B", ("A",), "dA B", "differential"),
    Row("A*B", ("A",), "Bᵀ ⊗ I", "vec"),
    Row("A*B", ("A",), "δ_ik B_lj", "index"),
    Row("exp(x)", ("x",), "diag(exp(x))"),
    Row("softmax(x)", ("x",), "diag(p) − ppᵀ where p = softmax(x)"),
    Row("inv(X)", ("X",), "−X⁻¹ dX X⁻¹", "differential"),
    Row("inv(X)", ("X",), "−X⁻ᵀ ⊗ X⁻¹", "vec"),
    Row("x'*inv(A)*x", ("A",), "−A⁻ᵀxxᵀA⁻ᵀ"),
    Row("norm2(x)", ("x",), "x/‖x‖"),
    Row("norm2(x)", ("x", "x"), "(I − xxᵀ/‖x‖²)/‖x‖"),
]


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_the_formula_is_the_one_people_write(row):
    assert str(row.derivative().formula(row.form)) == row.formula


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_the_derivative_agrees_with_differences(row):
    report = row.derivative().check()
    assert report.ok and report.compared


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_the_formula_reads_back_and_evaluates_to_the_derivative(row):
    d = row.derivative()
    known = {v.name: v for v in (*eingrad.parse(row.expression, **row.let).variables.values(),)}
    sizes = sample_sizes(d.of, d.node)
    (point,) = sample_points([d.of, d.node], 1, sizes)
    wanted = evaluate(d.node, point, sizes)
    form = row.form if row.form != "auto" or d.node.ndim <= 2 else "differential"
    text = str(d.formula(form))
    if form == "differential":
        # dY along a direction, which is a variable of the formula.
        moved = d.wrt[0]
        direction = np.random.default_rng(5).normal(size=point[moved.name].shape)
        dname = f"d{moved.name}"
        known[dname] = eingrad.matrix(dname, moved.shape).node
        point = {**point, dname: direction}
        wanted = np.tensordot(wanted, direction, moved.ndim)
    elif form == "vec":
        wanted = column_major(wanted, d)
    if form == "index":
        read = parse_index_form(text, known, d.formula("index").letters, d.node.shape)
    else:
        read = parse_text(text, {}, known=known, expected_shape=shape_of(d, form)).node
    got = evaluate(read, point, sizes)
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)


def shape_of(d, form):
    if form == "differential":
        return d.node.shape[: d.node.ndim - d.wrt[-1].ndim]
    if form == "vec":
        split = d.node.ndim - d.wrt[-1].ndim
        from eingrad.dims import product

        return (product(d.node.shape[:split]), product(d.node.shape[split:]))
    return d.node.shape


def column_major(array, d):
    """∂vec Y/∂vec Xᵀ, columns stacked."""
    split = d.node.ndim - d.wrt[-1].ndim
    rows = int(np.prod(array.shape[:split]))
    order = [*range(split)][::-1] + [*range(split, array.ndim)][::-1]
    return array.transpose(order).reshape(rows, -1)


def test_the_hessian_of_logistic_regression_is_a_weighted_gram_matrix():
    d = eingrad.hessian(LOGISTIC, "w")
    text = str(d.formula())
    assert text.startswith("Xᵀ") and text.partition(" where ")[0].endswith("X")
    assert "diag(" in text and "dX" not in text and "Σ" not in text


def test_the_second_derivative_of_logdet_has_its_commutation_matrix():
    d = eingrad.derivative("logdet(X)", "X", "X")
    vec = str(d.formula("vec"))
    assert vec.startswith("−") and "K" in vec and "⊗" in vec
    assert d.check().ok


def test_a_structured_hessian_keeps_its_identity():
    node = eingrad.derivative(FACTOR, "U", "U").node
    # n×k×n×k, but what is computed is k×k.
    assert all(f.node.ndim <= 2 for f in node.factors)
    assert len(set(node.out)) == 3


def test_a_symmetric_positive_definite_matrix_has_no_transposed_inverse():
    X = eingrad.parse("logdet(X)", X="n n spd")
    assert str(eingrad.derivative(X, "X").formula()) == "X⁻¹"


@pytest.mark.parametrize("text", ["tril(tril(A*B))", "norm2(tril(A*B))^2"])
def test_a_mask_times_itself_is_printed(text):
    d = eingrad.derivative(text, "A", "A") if text.startswith("n") else eingrad.jacobian(text, "A")
    assert "tril(" in str(d.formula())
    assert d.check().ok
