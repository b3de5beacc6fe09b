"""Names that a formula invents never meet the user's, and every name can be read back."""

import itertools

import numpy as np
import pytest

import eingrad.functions  # noqa: F401
from eingrad.dims import Dim
from eingrad.frontends.text import parse
from eingrad.frontends.text.parse import parse_index_form
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.node import variable
from eingrad.ir.walk import variables
from eingrad.notation import Split, formula, to_latex
from eingrad.notation.treewalk import post_order
from eingrad.verify import evaluate

M, N = Dim.symbol("m"), Dim.symbol("n")
SIZES = {"m": 3, "n": 4}
NAMES = [
    "I",
    "K",
    "σ",
    "δ",
    "Σ",
    "tr",
    "diag",
    "sum",
    "e",
    "p",
    "P",
    "i",
    "m",
    "x1",
    "W_ax",
    "λ",
    "loss",
    "exp",
    "dX",
    "norm2",
    "E1",
    "Id",
    "vec",
]


def read(result, node, point):
    known = {v.name: v for v in variables(node)}
    for title, shape in result.directions.items():
        known[title] = variable(title, shape)
    parsed = parse(str(result), known=known, expected_shape=result.shape)
    return evaluate(parsed.node, point, SIZES)


def sample(node, seed=0):
    rng = np.random.default_rng(seed)
    return {
        v.name: rng.uniform(0.3, 1.2, [d.evaluate(SIZES) for d in v.shape]) for v in variables(node)
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", ["y", "A2"])
def test_a_vector_of_any_name_reads_back(name, other):
    x, y = variable(name, (N,)), variable(other, (N,))
    s = apply("sigmoid", x + y)
    node = construct.diag_matrix(s * (1 - s)) + construct.eye(N) * build.contract("i,i->", x, y)
    node = node + build.contract("i,j->ij", s, x * (y + s)) * 2
    result = formula(node)
    point = sample(node)
    np.testing.assert_allclose(read(result, node, point), evaluate(node, point, SIZES))


@pytest.mark.parametrize("name", NAMES)
def test_a_matrix_of_any_name_reads_back(name):
    A, B = variable(name, (N, N)), variable("B", (N, N))
    node = construct.matmul(A, construct.matmul(A + B, apply("exp", B)))
    node = node * construct.trace(construct.matmul(A, A)) + construct.eye(N)
    node = node + apply("sigmoid", A) * 3
    result = formula(node)
    point = sample(node)
    np.testing.assert_allclose(read(result, node, point), evaluate(node, point, SIZES))


@pytest.mark.parametrize("name", NAMES)
def test_a_scalar_of_any_name_reads_back(name):
    s, x = variable(name, ()), variable("x", (N,))
    node = (x + s) * s * 2 + apply("exp", x * s) * apply("tanh", s)
    result = formula(node)
    point = sample(node)
    np.testing.assert_allclose(read(result, node, point), evaluate(node, point, SIZES))


@pytest.mark.parametrize("name", NAMES)
def test_entries_of_any_name_read_back(name):
    x, A = variable(name, (N,)), variable("B", (N, M))
    node = build.contract("i,ik,jk->ijj", x, A, A) + build.contract("i,j->iij", x, x * x)
    result = formula(node, form="index")
    point = sample(node)
    known = {v.name: v for v in variables(node)}
    read_node = parse_index_form(str(result), known, result.letters, result.shape)
    np.testing.assert_allclose(
        evaluate(read_node, point, SIZES), evaluate(node, point, SIZES), err_msg=str(result)
    )


def test_invented_names_avoid_all_of_the_alphabet():
    letters = [c for c in "abcghpqrstuvwzPQRSTUVWZFGHMNLJY" if c != "x"]
    x = variable("x", (N,))
    s = apply("sigmoid", build.contract("ij,j->i", variable("A", (N, N)), x))
    node = construct.diag_matrix(s) - build.contract("i,j->ij", s, s)
    result = formula(node, names_taken=letters)
    titles = [line.title.data for line in result.where]
    assert titles and not set(titles) & {*letters, "x", "A"}
    assert len(set(titles)) == len(titles)


def test_a_direction_avoids_a_variable_of_its_name():
    A, d = variable("A", (M, N)), variable("dA", (N, M))
    node = build.contract("lj,ik->ijkl", d, construct.eye(M))
    result = formula(node, form="differential", split=Split(2, (2,)), inputs=["A"])
    (title,) = result.directions
    assert title != "dA" and result.directions[title] == (M, N)
    assert str(result).endswith("dA") and title in str(result)
    assert A.shape == result.directions[title]


def test_no_two_sums_share_a_letter():
    T = variable("T", (N, N, N))
    x = variable("x", (N,))
    inner = build.contract("ijk,k->ij", T, x)
    node = build.contract("ijk,ab->ijkab", T, inner * inner)
    node = build.contract("ijkab,c->", node, x) + build.contract("ijk->", T * T)
    result = formula(node, form="index")
    used = [t.data for t in post_order(result.tree) if t.op == "sigma"]
    letters = list(itertools.chain(*used))
    assert len(letters) == len(set(letters))


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("λ", r"\lambda"),
        ("x1", "x_{1}"),
        ("W_ax", "W_{ax}"),
        ("alpha", r"\alpha"),
        ("loss", r"\mathit{loss}"),
        ("X", "X"),
    ],
)
def test_names_in_latex(name, latex):
    assert to_latex(formula(variable(name, (N,)))) == latex
