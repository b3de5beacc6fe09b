"""Formulas as people write them: few transposes, common factors out, shared parts named."""

from xml.etree import ElementTree

import pytest

import eingrad.functions  # noqa: F401
from eingrad.dims import Dim
from eingrad.errors import ShapeError
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.build import contract
from eingrad.ir.node import constant, variable
from eingrad.notation import Split, derivative_formula, formula, to_latex, to_mathml
from eingrad.notation.lettering import split_direction, split_name

M, N, K = map(Dim.symbol, "mnk")
A, B = variable("A", (N, N)), variable("B", (N, K))
X, T = variable("X", (M, N)), variable("T", (M, N, K))
S = variable("S", (N, N), frozenset({"symmetric"}))
U, V = variable("U", (M, K)), variable("V", (N, K))
x, y, w = variable("x", (N,)), variable("y", (M,)), variable("w", (N,))
c = variable("c", ())
RESIDUAL = contract("ij,j->i", X, w) - y
P = apply("tanh", x)

WRITTEN = [
    (contract("i,ij,j->", x, A, w), "xᵀAw"),
    (contract("i,ji,j->", x, A, w), "wᵀAx"),
    (contract("ij,j->i", A, x) + contract("ji,j->i", A, x), "(A + Aᵀ)x"),
    (contract("ij,j->i", S, x) * 2, "2Sx"),
    (contract("ij,i->j", X, RESIDUAL) * 2, "2Xᵀ(Xw − y)"),
    (contract("i,i->", RESIDUAL, RESIDUAL), "‖Xw − y‖²"),
    (contract("i,j->ij", x, y), "xyᵀ"),
    (contract("ij,i->ij", X, y), "diag(y) X"),
    (contract("ji,j,jk->ik", X, y, X), "Xᵀ diag(y) X"),
    (contract("ij,ij->", X, X), "‖X‖²"),
    (contract("ij,ji->", A, A), "tr(A²)"),
    (contract("ii->", A), "tr(A)"),
    (contract("ij->", X), "sum(X)"),
    (contract("ij->i", X), "X𝟏"),
    (contract("ij,jj->i", X, A), "X diag(A)"),
    (contract("ij,ij,j->i", X, X * X, w), "(X ⊙ X ⊙ X)w"),
    (
        contract("ij,kj,kl,lm,mi->", A, X, variable("C", (M, M)), X, variable("D", (N, N))),
        "tr(AXᵀCXD)",
    ),
    (construct.eye(N) * c - contract("ij,kj->ik", A, A), "cI − AAᵀ"),
    (construct.diag_matrix(P) - contract("i,j->ij", P, P), "diag(p) − ppᵀ where p = tanh(x)"),
    (A - contract("i,ij->ij", x, A), "diag(1 − x) A"),
    (contract("i,ij,j->", x, A, x) * x, "(xᵀAx)x"),
    (x / build.power(contract("i,i->", x, x), build.exact(0.5)), "x/‖x‖"),
    (x / w, "x ⊘ w"),
    (build.power(x, -1), "1 ⊘ x"),
    (construct.kron(A, B), "A ⊗ B"),
    (construct.vec(contract("ij,jk->ik", A, B)), "vec(AB)"),
    (contract("ijk,j,k->i", T, x, variable("z", (K,))), "Σ_jk T_ijk x_j z_k"),
    (construct.triangle(A, -1, lower=True), "tril(A, -1)"),
    (construct.mean_axes(x), "sum(x)/n"),
    (build.zeros((M, N)), "0"),
    (x + 1, "1 + x"),
    (construct.ones((N,)) * c, "c𝟏_n"),
]


@pytest.mark.parametrize(("node", "text"), WRITTEN, ids=[t for _, t in WRITTEN])
def test_a_node_is_written_as(node, text):
    assert str(formula(node)) == text


PRODUCT = contract("lj,ik->ijkl", B, construct.eye(M))  # ∂(AB)/∂A for A m×n
INVERSE = contract("ik,lj->ijkl", apply("inv", A), apply("inv", A), coefficient=-1)
FORMS = [
    (PRODUCT, Split(2, (2,)), "differential", "dA B"),
    (PRODUCT, Split(2, (2,)), "vec", "Bᵀ ⊗ I"),
    (PRODUCT, Split(2, (2,)), "index", "δ_ik B_lj"),
    (INVERSE, Split(2, (2,)), "differential", "−A⁻¹ dA A⁻¹"),
    (INVERSE, Split(2, (2,)), "vec", "−A⁻ᵀ ⊗ A⁻¹"),
    (INVERSE, Split(2, (2,)), "index", "−(A⁻¹)_ik (A⁻¹)_lj"),
    (INVERSE, Split(0, (2, 2)), "differential", "−tr(d₂A A⁻¹ d₁Aᵀ A⁻¹)"),
    (contract("jk,il->ijkl", A, A), Split(0, (2, 2)), "vec", "(A ⊗ A)K_nn"),
    (contract("ij,kl->ijkl", X, A), Split(2, (2,)), "vec", "vec(X) vec(A)ᵀ"),
    (contract("ij->ijij", X), Split(2, (2,)), "vec", "diag(vec(X))"),
    (X, Split(0, (2,)), "vec", "vec(X)ᵀ"),
    (contract("ik,j->ijk", construct.eye(M), x), Split(2, (1,)), "vec", "x ⊗ I"),
]


@pytest.mark.parametrize(("node", "split", "form", "text"), FORMS, ids=[f[3] for f in FORMS])
def test_a_derivative_is_written_as(node, split, form, text):
    result = formula(node, form=form, split=split, inputs=["A"] * len(split.inputs))
    assert str(result) == text
    assert result.form == form


def test_layouts_order_the_axes():
    split = Split(2, (1, 2))
    assert split.axes("mixed") == (0, 1, 2, 3, 4)
    assert split.axes("denominator") == (2, 3, 4, 1, 0)
    assert split.axes("numerator") == (0, 1, 4, 3, 2)
    jacobian = contract("ij->ij", X)
    for layout, text in [("mixed", "X"), ("denominator", "Xᵀ"), ("numerator", "X")]:
        assert str(derivative_formula(jacobian, n_out=1, wrt=[x], layout=layout)) == text
    gradient = contract("ij->ij", X)
    for layout, text in [("mixed", "X"), ("denominator", "X"), ("numerator", "Xᵀ")]:
        assert str(derivative_formula(gradient, n_out=0, wrt=[X], layout=layout)) == text


def test_what_no_kronecker_product_says_is_said_in_indices():
    node = contract("i->iii", x)
    result = formula(node, form="vec", split=Split(2, (1,)))
    assert result.form == "index" and result.notes and str(result) == "δ_ij δ_ik x_i"


@pytest.mark.parametrize("form", ["vec", "differential"])
def test_a_form_of_derivatives_needs_to_know_the_axes(form):
    with pytest.raises(ShapeError, match="output and input"):
        formula(X, form=form)
    with pytest.raises(ShapeError, match="output and input"):
        formula(X, form=form, split=Split(2, (2,)))


def test_unknown_forms_and_layouts_are_refused():
    with pytest.raises(ShapeError, match="no form called"):
        formula(X, form="pretty")
    with pytest.raises(ShapeError, match="no layout called"):
        derivative_formula(X, n_out=1, wrt=[x], layout="vec")


def test_a_constant_array_is_named_and_kept():
    node = contract("ij,j->i", constant([[1.0, 2.0], [3.0, 4.0]]), variable("x", (Dim.of(2),)))
    result = formula(node)
    assert str(result) == "C1 x"
    assert result.constants["C1"].tolist() == [[1.0, 2.0], [3.0, 4.0]]


LATEX = [
    (contract("ij,i->j", X, RESIDUAL) * 2, r"2 X^{\top} \left(X w - y\right)"),
    (apply("inv", A), r"A^{-1}"),
    (contract("ij->ji", apply("inv", A)), r"A^{-\top}"),
    (x * P, r"x \odot \tanh\left(x\right)"),
    (x / c, r"\frac{x}{c}"),
    (construct.kron(A, B), r"A \otimes B"),
    (contract("ijk->", T), r"\sum_{ijk} T_{ijk}"),
]


@pytest.mark.parametrize(("node", "text"), LATEX, ids=[t for _, t in LATEX])
def test_latex_is_written_as(node, text):
    assert to_latex(formula(node)).replace(r" \, ", " ") == text


@pytest.mark.parametrize("node", [n for n, _ in WRITTEN], ids=[t for _, t in WRITTEN])
def test_mathml_is_well_formed(node):
    root = ElementTree.fromstring(to_mathml(formula(node)))
    assert root.tag == "{http://www.w3.org/1998/Math/MathML}math"
    counts = {"msup": 2, "msub": 2, "mfrac": 2}
    for element in root.iter():
        wanted = counts.get(element.tag.partition("}")[2])
        assert wanted is None or len(element) == wanted


def test_mathml_escapes_names():
    text = to_mathml(formula(variable("a<b", (N,))))
    assert "<mi>a&lt;b</mi>" in text
    ElementTree.fromstring(text)


@pytest.mark.parametrize("node", [n for n, _ in WRITTEN], ids=[t for _, t in WRITTEN])
def test_latex_braces_and_fences_are_balanced(node):
    text = to_latex(formula(node))
    depth = 0
    for char in text:
        depth += (char == "{") - (char == "}")
        assert depth >= 0
    assert depth == 0
    assert text.count(r"\left") == text.count(r"\right")


def test_names_are_split_for_subscripts():
    assert split_name("W_ax") == ("W", "ax")
    assert split_name("x12") == ("x", "12")
    assert split_name("loss") == ("loss", "")
    assert split_direction("d₂X") == ("d", "2", "X")
    assert split_direction("dW_ax") == ("d", "", "W_ax")
