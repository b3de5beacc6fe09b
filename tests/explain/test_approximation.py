"""The slope of the remainder: 2 and 3 where derivatives are right, 1 where they are not."""

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, NameError_, ShapeError, SizeLimitError
from eingrad.explain.remainder import approximate
from eingrad.ir.build import scale, transpose
from eingrad.verify.reference import evaluate

CURVED = [
    ("sum(exp(x).*(A*x))", "x"),
    ("sum(log(exp(-y.*(X*w))+1))", ["w", "X"]),
    ("inv(A)*x", "A"),
    ("softmax(x)", "x"),
    ("logdet(S)", "S"),
    ("tanh(W*x + b)", ["W", "x"]),
    ("a^3*b", ["a", "b"]),
]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("text", "x"), CURVED)
def test_the_slope_is_the_order_and_one(text, x, order):
    y = eingrad.parse(text, S="n n spd") if "S" in text else text
    a = eingrad.approximation(y, x, order)
    assert a.ok and not a.vanishes
    assert a.slope == pytest.approx(order + 1, abs=0.15)
    assert 1e-12 < a.rounding_below < a.window[0]


@pytest.mark.parametrize(
    ("text", "x", "order", "reason"),
    [
        ("A*x", "x", 1, "linear"),
        ("A*X*B", "X", 1, "linear"),
        ("x'*A*x", "x", 2, "quadratic"),
        ("norm2(A*x - y)^2", ["x", "A"], 1, None),
        ("norm2(A*x - y)^2", "x", 2, "quadratic"),
        ("A*B", ["A", "B"], 2, "quadratic"),
    ],
)
def test_where_nothing_is_left_it_is_said(text, x, order, reason):
    a = eingrad.approximation(text, x, order)
    if reason is None:
        assert not a.vanishes
        return
    assert a.vanishes and a.slope is None and a.reason == reason
    assert reason in a.verdict and a.remainders.max() < 1e-12


@pytest.mark.parametrize("order", [1, 2])
def test_a_wrong_derivative_has_a_smaller_slope(order):
    d = eingrad.derivative("sum(exp(X*w).*(X*w))", "w", *["w"] * (order - 1))
    first = eingrad.derivative("sum(exp(X*w).*(X*w))", "w").tensor
    right, wrong = d.tensor, scale(2, d.tensor)
    for node, ok in ((right, True), (wrong, False)):
        a = approximate(
            d.of,
            [d.wrt[0]],
            [node if order == 1 else first],
            None if order == 1 else [[node]],
            label="y",
            next_is_zero=lambda: False,
        )
        assert a.ok is ok
        assert a.slope == pytest.approx(order + 1 if ok else order, abs=0.15)


def test_a_transposed_derivative_is_found_out():
    d = eingrad.derivative(eingrad.parse("tr(A*X*X)", X="n n", A="n n"), "X")
    wrong = transpose(d.tensor, (1, 0))
    a = approximate(
        d.of, d.wrt, [wrong], None, label="y", next_is_zero=lambda: False, sizes={"n": 3}
    )
    assert not a.ok and "wrong" in a.verdict


@pytest.mark.parametrize("text", ["sum(abs(x))", "sum(relu(x))"])
def test_between_kinks_a_piecewise_linear_function_is_linear(text):
    a = eingrad.approximation(text, "x")
    assert a.vanishes and a.reason == "linear"
    assert a.kink is None or "kink" in a.verdict


def test_contributions_are_derivatives_times_steps_and_add_up():
    a = eingrad.approximation("sum(exp(x).*y)", ["x", "y"], n=3)
    d = {v: eingrad.derivative("sum(exp(x).*y)", v) for v in ("x", "y")}
    expected = [
        float(g * s) * 0.01
        for v in ("x", "y")
        for g, s in zip(evaluate(d[v].node, a.point), a.direction[v], strict=True)
    ]
    np.testing.assert_allclose([c.value for c in a.contributions], expected, rtol=1e-10)
    moved = {n: a.point[n] + 0.01 * a.direction[n] for n in ("x", "y")}
    change = evaluate(d["x"].of, moved) - evaluate(d["x"].of, a.point)
    assert a.change == pytest.approx(float(change), rel=1e-9)
    assert sum(expected) == pytest.approx(a.change, abs=1e-3)
    assert a.contributions[0].name == "∂f/∂x_1 Δx_1"


def test_the_remainder_is_what_is_left_of_the_change():
    a = eingrad.approximation("exp(a)", "a", point={"a": 0.5})
    h = a.steps[4]
    v = float(a.direction["a"])
    expected = abs(np.exp(0.5 + h * v) - np.exp(0.5) - np.exp(0.5) * h * v)
    assert a.remainders[4] == pytest.approx(expected, rel=1e-9)


def test_a_derivative_at_hand_is_measured_itself():
    assert eingrad.gradient("sum(exp(A*x))", "x").approximation(n=4, m=3).slope == pytest.approx(
        2, abs=0.1
    )
    assert eingrad.hessian("sum(exp(A*x))", "x").approximation().slope == pytest.approx(3, abs=0.1)
    with pytest.raises(InputError, match="several variables"):
        eingrad.derivative("exp(a*b)", "a", "b").approximation()


def test_bad_input():
    with pytest.raises(InputError, match="order"):
        eingrad.approximation("x'*x", "x", 3)
    with pytest.raises(InputError, match="once"):
        eingrad.approximation("x'*x", ["x", "x"])
    with pytest.raises(NameError_, match="no variable called q"):
        eingrad.approximation("x'*x", "x", point={"q": 1})
    with pytest.raises(ShapeError):
        eingrad.approximation("x'*x", "x", point={"x": [1.0, 2.0]}, n=3)
    with pytest.raises(SizeLimitError, match=r"limit is 1,000,000; m=2,n=2,p=2 will do"):
        eingrad.approximation("A*B", "A", m=400, n=40, p=50)


@pytest.mark.parametrize("suffix", ["png", "svg"])
@pytest.mark.parametrize("text", ["sum(exp(x))", "A*x"])
def test_files(tmp_path, suffix, text):
    pytest.importorskip("matplotlib")
    a = eingrad.approximation(text, "x")
    assert a.save(tmp_path / f"a.{suffix}").stat().st_size > 5000
    with pytest.raises(InputError, match=r"\.svg, \.png"):
        a.save(tmp_path / "a.pdf")


def test_contributions_of_nothing_have_no_sign():
    text = eingrad.approximation("sum(relu(x))", "x").text()
    assert " 0.00000000" in text
    assert "-0.00000000" not in text
