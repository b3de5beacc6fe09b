"""Answers are judged in the layout asked for, and slips are named."""

from __future__ import annotations

import pytest

import eingrad.functions  # noqa: F401
from eingrad.errors import InputError
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.build import contract, dims, transpose
from eingrad.ir.construct import matmul
from eingrad.ir.node import Node, variable
from eingrad.verify.answer import judge

Q, R = variable("Q", dims("n", "n")), variable("R", dims("n", "n"))
X, B = variable("X", dims("m", "n")), variable("B", dims("n", "k"))
x, y, s = variable("x", dims("n")), variable("y", dims("m")), variable("s", ())
GRADIENT = matmul(Q + transpose(Q, (1, 0)), x)
M = X.shape[0]
DAB = build.einsum([(B, [(3,), (1,)])], [(0,), (1,), (0,), (3,)], 1, {0: M})  # ∂(XB)/∂X


def t(node: Node) -> Node:
    return transpose(node, (1, 0))


def test_any_form_of_the_derivative_is_equal() -> None:
    verdict = judge(GRADIENT, 0, [1], matmul(Q, x) + matmul(x, Q))
    assert verdict.equal and verdict.layout == "mixed"
    assert judge(GRADIENT, 0, [1], contract("ij,j->i", Q + t(Q), x * 3) / 3)


@pytest.mark.parametrize(
    ("answer", "layout", "equal", "reason"),
    [
        (X, "mixed", True, "equal at 4 random points in mixed layout"),
        (X, "numerator", True, "equal at 4 random points in numerator layout"),
        (X, "denominator", False, "right in mixed layout, not in denominator"),
        (t(X), "denominator", True, "equal at 4 random points in denominator layout"),
        (t(X), "mixed", False, "right in denominator layout, not in mixed"),
    ],
)
def test_a_jacobian_in_each_layout(answer: Node, layout: str, equal: bool, reason: str) -> None:
    verdict = judge(X, 1, [1], answer, layout=layout)
    assert (verdict.equal, verdict.reason) == (equal, reason)


@pytest.mark.parametrize(
    ("order", "right_in"),
    [
        ((0, 1, 2, 3), "mixed"),
        ((2, 3, 1, 0), "denominator"),
        ((0, 1, 3, 2), "numerator"),
    ],
)
def test_four_axes_in_each_layout(order: tuple[int, ...], right_in: str) -> None:
    answer = transpose(DAB, order)
    for layout in ("mixed", "denominator", "numerator"):
        verdict = judge(DAB, 2, [2], answer, layout=layout)
        assert verdict.equal == (layout == right_in)
        assert verdict.layout == right_in
        assert verdict.equal or right_in in verdict.reason


def test_axes_in_an_order_of_no_layout() -> None:
    verdict = judge(DAB, 2, [2], transpose(DAB, (1, 0, 2, 3)))
    assert verdict.kind == "transposed"
    assert "order of its axes" in verdict.reason


def test_the_vec_layout_is_a_kronecker_product() -> None:
    kron = construct.kron(t(B), construct.eye("m"))
    assert judge(DAB, 2, [2], kron, layout="vec")
    verdict = judge(DAB, 2, [2], kron)
    assert (verdict.kind, verdict.layout) == ("layout", "vec")


@pytest.mark.parametrize(
    ("n_out", "n_in", "layout", "orientation"),
    [
        (0, 1, "mixed", "column"),
        (0, 1, "denominator", "column"),
        (0, 1, "numerator", "row"),
        (1, 0, "mixed", "column"),
        (1, 0, "numerator", "column"),
        (1, 0, "denominator", "row"),
    ],
)
def test_rows_and_columns(n_out: int, n_in: int, layout: str, orientation: str) -> None:
    row, column = construct.expand_dims(x, [0]), construct.expand_dims(x, [1])
    right, wrong = (row, column) if orientation == "row" else (column, row)
    assert judge(x, n_out, [n_in], right, layout=layout)
    assert judge(x, n_out, [n_in], x, layout=layout)
    verdict = judge(x, n_out, [n_in], wrong, layout=layout)
    assert not verdict.equal and verdict.kind == "layout"
    assert f"should be a {orientation}" in verdict.reason


@pytest.mark.parametrize(
    ("answer", "factor"),
    [
        (GRADIENT * 2, "2"),
        (GRADIENT * build.exact(-0.5), "−1/2"),
        (GRADIENT * construct.size_value(x.shape[0]), "n"),
        (GRADIENT / construct.size_value(x.shape[0]), "1/n"),
        (GRADIENT * s * s * 3, "3·s²"),
        (GRADIENT / s, "1/s"),
    ],
)
def test_a_factor_is_named(answer: Node, factor: str) -> None:
    verdict = judge(GRADIENT, 0, [1], answer)
    assert verdict.kind == "factor"
    assert verdict.reason.endswith(f"the answer is {factor} times the derivative")


def test_a_wrong_sign_is_named_also_in_another_layout() -> None:
    assert judge(X, 1, [1], -X).reason == "the sign is wrong"
    verdict = judge(X, 1, [1], -t(X))
    assert verdict.reason == "the sign is wrong, and it is in denominator layout"


def test_symmetry_taken_for_granted_is_named() -> None:
    verdict = judge(GRADIENT, 0, [1], 2 * matmul(Q, x))
    assert verdict.reason == "right only for symmetric Q"
    sym = variable("Q", Q.shape, frozenset({"symmetric"}))
    assert judge(2 * matmul(sym, x), 0, [1], matmul(sym, x) + matmul(x, sym))


def test_the_entrywise_product_for_the_matrix_product_is_named_and_conversely() -> None:
    assert "in place of the entrywise product" in judge(matmul(Q, R), 1, [1], Q * R).reason
    assert "in place of the matrix product" in judge(2 * Q * R, 1, [1], 2 * matmul(Q, R)).reason


def test_the_diagonal_of_a_diagonal_jacobian_is_named() -> None:
    e = apply("exp", x)
    verdict = judge(construct.diag_matrix(e), 1, [1], e)
    assert verdict.kind == "diagonal" and "n×n" in verdict.reason
    assert judge(construct.diag_matrix(e), 1, [1], construct.diag_matrix(e))


def test_the_gradient_of_the_sum_is_named() -> None:
    verdict = judge(X, 1, [1], construct.sum_axes(X, [0]))
    assert verdict.kind == "summed"


def test_a_wrong_shape_shows_both_shapes() -> None:
    verdict = judge(X, 1, [1], y)
    assert verdict.kind == "shape"
    assert verdict.reason == "wrong shape: the answer is m, the derivative in mixed layout is m×n"


def test_otherwise_a_small_example_is_given() -> None:
    verdict = judge(GRADIENT, 0, [1], matmul(Q, matmul(Q, x)))
    assert verdict.kind == "different"
    assert set(verdict.example) == {"Q", "x"}
    assert all(v.size == 1 for v in verdict.example.values())
    q, v = (float(verdict.example[n].ravel()[0]) for n in ("Q", "x"))
    said = f"derivative is {2 * q * v:g}, the answer gives {q * q * v:g}"
    assert said in verdict.reason.replace("−", "-")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (matmul(Q, x), "a term is missing: Qᵀx"),
        (matmul(Q, x) - matmul(x, Q), "a term has the wrong sign: Qᵀx in the derivative"),
        (matmul(Q, x) + 3 * matmul(x, Q), "a term has the wrong factor: Qᵀx in the derivative"),
        (GRADIENT + apply("exp", x), "a term is surplus: exp(x)"),
    ],
)
def test_one_wrong_term_is_named(answer: Node, said: str) -> None:
    verdict = judge(GRADIENT, 0, [1], answer)
    assert (verdict.kind, verdict.reason) == ("term", said)


def test_the_other_sign_of_an_argument_is_named() -> None:
    verdict = judge(apply("exp", matmul(Q, x)), 0, [1], apply("exp", -matmul(Q, x)))
    assert (verdict.kind, verdict.reason) == (
        "argument", "right with exp(Qx) in place of exp(−Qx)",
    )  # fmt: skip


def test_the_diagonal_of_a_jacobian_that_has_more_is_named() -> None:
    p = apply("softmax", x)
    full = construct.diag_matrix(p) - construct.outer(p, p)
    verdict = judge(full, 1, [1], p - p * p)
    assert verdict.kind == "diagonal" and "off the diagonal" in verdict.reason


def test_two_scalars_are_not_called_proportional() -> None:
    verdict = judge(construct.inner_product(x, x), 0, [0], construct.sum_axes(x))
    assert verdict.kind == "different"


def test_zero_stands_for_a_zero_of_any_shape() -> None:
    assert judge(build.zeros(X.shape), 1, [1], build.number(0))
    assert not judge(X, 1, [1], build.number(0))


def test_an_answer_that_is_nowhere_finite_is_said_so() -> None:
    verdict = judge(GRADIENT, 0, [1], apply("log", -x * x - (matmul(Q, x) * 0)) * 1)
    assert verdict.kind == "domain" and not verdict.equal


def test_an_unknown_layout_is_an_error() -> None:
    with pytest.raises(InputError, match="unknown layout sideways"):
        judge(X, 1, [1], X, layout="sideways")


def test_verdicts_say_whether_an_answer_is_right():
    right, wrong = (
        judge(GRADIENT, n_out=1, n_in=[], answer=given) for given in (GRADIENT, 2 * matmul(Q, x))
    )
    assert str(right).startswith("right: equal at") and repr(right) == f"<Verdict {right}>"
    assert str(wrong) == "wrong: right only for symmetric Q"
