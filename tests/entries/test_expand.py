"""Entries in symbols: equal to the numbers that the tensor has there, and written as people do."""

import itertools

import numpy as np
import pytest

import eingrad
from eingrad.entries import Entries, Labels, entry
from eingrad.entries.expand import MAX_DEPTH
from eingrad.entries.polynomial import (
    Function,
    Group,
    Part,
    Sigma,
    Symbol,
    add,
    expanded,
    multiply,
    power,
)
from eingrad.errors import InputError, ShapeError
from eingrad.ir.record import lookup
from eingrad.ir.walk import topological, variables
from eingrad.verify.reference import evaluate


def derived(text, *wrt, **declared):
    return eingrad.derivative(eingrad.parse(text, **declared), *wrt)


def written(text, *wrt, sizes, index, **declared):
    d = derived(text, *wrt, **declared)
    return Labels(variables(d.node, d.of)).text(Entries(sizes).entry(d.node, index))


def number(e, values, sizes, letters=None):
    """The value of an entry, by its own meaning."""
    letters = letters or {}

    def at(array, index):
        return np.asarray(array)[tuple(letters.get(k, k) for k in index)]

    def atom(a):
        if isinstance(a, Symbol):
            return at(values[a.name], a.index)
        if isinstance(a, Part):
            return at(evaluate(a.node, values, sizes), a.index)
        if isinstance(a, Group):
            return number(a.entry, values, sizes, letters)
        if isinstance(a, Function):
            arguments = [number(x, values, sizes, letters) for x in a.arguments]
            return lookup(a.name).evaluate(*arguments, **dict(a.params))
        assert isinstance(a, Sigma)
        # All sums of the cases below run over the size n.
        ranges = [range(sizes["n"])] * len(a.letters)
        return sum(
            number(a.entry, values, sizes, {**letters, **dict(zip(a.letters, p, strict=True))})
            for p in itertools.product(*ranges)
        )

    total = 0.0
    for monomial, coefficient in e.terms:
        product = float(coefficient)
        for a, exponent in monomial:
            product *= float(atom(a)) ** float(exponent)
        total += product
    return total


CASES = [
    ("A*B", ["A"], {"A": "m n", "B": "n p"}),
    ("A*X*B", ["X"], {"A": "m n", "X": "n p", "B": "p m"}),
    ("norm2(A*x-y)^2", ["x"], {"A": "m n", "x": "n", "y": "m"}),
    ("norm2(A*x-y)", ["A"], {"A": "m n", "x": "n", "y": "m"}),
    ("inv(A)*x", ["A"], {"A": "n n", "x": "n"}),
    ("log(det(A))", ["A", "A"], {"A": "n n spd"}),
    ("sum(log(exp(-y.*(X*w))+1))", ["w", "w"], {"X": "m n", "y": "m", "w": "n"}),
    ("tanh(W*x)", ["W"], {"W": "m n", "x": "n"}),
    ("softmax(x)", ["x"], {"x": "n"}),
    ("kron(A, B)", ["A"], {"A": "2 3", "B": "3 2"}),
    ("cumsum(x).*x", ["x"], {"x": "n"}),
    ("x'*S*x", ["x"], {"x": "n", "S": "n n symmetric"}),
    ("sqrt(x'*x)/3", ["x"], {"x": "n"}),
    ("sum(X)/m", ["X"], {"X": "m n"}),
    ("D*x", ["x"], {"D": "n n diagonal", "x": "n"}),
]


@pytest.mark.parametrize("brief", [0, 1, 2])
@pytest.mark.parametrize("n", [2, 6])
@pytest.mark.parametrize(("text", "wrt", "declared"), CASES, ids=[c[0] for c in CASES])
def test_an_entry_has_the_value_of_the_tensor_at_its_place(text, wrt, declared, n, brief):
    declared = {k: v for k, v in declared.items()}
    if text == "sum(X)/m":
        declared["m"] = ""
    d = derived(text, *wrt, **declared)
    sizes = {"m": 3, "n": n, "p": 4}
    rng = np.random.default_rng(3)
    values = {}
    for v in variables(d.node, d.of):
        shape = tuple(s.evaluate(sizes) for s in v.shape)
        value = rng.uniform(0.3, 1.5, shape)
        if v.facts & {"symmetric", "spd"}:
            value = value + value.T + 4 * n * np.eye(n)
        elif "diagonal" in v.facts:
            value = np.diag(np.diag(value))
        elif len(shape) == 2 and shape[0] == shape[1]:
            value = value + 2 * n * np.eye(n)
        values[v.name] = value
    dense = evaluate(d.node, values, sizes)
    source = Entries(sizes, brief)
    for place in itertools.islice(np.ndindex(*dense.shape), 0, None, max(1, dense.size // 24)):
        found = number(source.entry(d.node, place), values, sizes)
        assert found == pytest.approx(dense[place], rel=1e-9, abs=1e-12)


def test_entries_of_a_matrix_are_its_small_letter_with_places_from_1():
    sizes = {"m": 2, "n": 3, "p": 4}
    assert written("A*B", "A", sizes=sizes, index=(1, 3, 1, 2)) == "b_34"
    assert written("A*B", "A", sizes=sizes, index=(0, 3, 1, 2)) == "0"
    assert written("x'*x", "x", sizes={"n": 3}, index=(2,)) == "2x_3"
    assert written("log(det(A))", "A", sizes={"n": 3}, index=(0, 1)) == "(A⁻¹)_21"


def test_places_of_two_digits_are_kept_apart():
    assert written("A*x", "x", sizes={"m": 12, "n": 11}, index=(1, 10)) == "a_2,11"


def test_two_matrices_that_differ_by_case_only_keep_their_names():
    declared = {"A": "m n", "a": "n m", "X": "m n"}
    text = written("tr(A*a)", "A", sizes={"m": 2, "n": 3}, index=(0, 1), **declared)
    assert text == "a_21"
    assert written("tr(A*a)", "a", sizes={"m": 2, "n": 3}, index=(1, 0), **declared) == "A_12"


def test_short_sums_are_written_out_and_long_ones_get_a_sign():
    assert written("A*x-y", "x", sizes={"m": 2, "n": 3}, index=(0, 1)) == "a_12"
    e = eingrad.parse("A*x", A="m n", x="n")
    labels = Labels(variables(e.node))
    assert labels.text(entry(e.node, (0,), {"m": 2, "n": 3})) == "a_11 x_1 + a_12 x_2 + a_13 x_3"
    assert labels.text(entry(e.node, (1,), {"m": 2, "n": 9})) == "Σ_r a_2r x_r"


def test_an_entry_of_a_symmetric_matrix_is_written_one_way():
    sizes = {"n": 3}
    one = written("x'*S*x", "x", "x", sizes=sizes, index=(0, 2), S="n n symmetric")
    assert one == written("x'*S*x", "x", "x", sizes=sizes, index=(2, 0), S="n n symmetric")
    assert one == "2s_13"


def test_functions_numbers_and_roots_are_written_as_the_records_say():
    sizes = {"n": 2}
    assert written("exp(x)", "x", sizes=sizes, index=(1, 1)) == "exp(x_2)"
    assert written("exp(x)", "x", sizes=sizes, index=(1, 0)) == "0"
    assert written("abs(x)", "x", sizes=sizes, index=(0, 0)) == "sign(x_1)"
    assert written("log(x)", "x", sizes=sizes, index=(0, 0)) == "1/x_1"
    assert written("sqrt(x)", "x", sizes=sizes, index=(0, 0)) == "1/(2 √(x_1))"
    assert written("x'*x/3", "x", sizes=sizes, index=(0,)) == "2x_1/3"


def test_brackets_are_where_a_reader_needs_them():
    def brief(text, *wrt, index, **sizes):
        d = derived(text, *wrt)
        return Labels(variables(d.node)).text(Entries(sizes, 2).entry(d.node, index))

    layers = brief("sigmoid(W*tanh(V*x))", "V", index=(0, 0, 0), m=2, n=3, p=4)
    assert "σ((W tanh(Vx))_1)" in layers
    quotient = brief("x'*A*x/(x'*x)", "x", index=(0,), n=3)
    assert "(Ax)_1/‖x‖²" in quotient and "/(‖x‖²)²" in quotient
    assert written("x.^y", "y", sizes={"n": 2}, index=(0, 0)) == "log(x_1) x_1^(y_1)"


def test_terms_that_cancel_leave_zero():
    x, y = (entry(eingrad.vector(n, "2").node, (0,)) for n in "xy")
    square = power(add([x, y]), 2)
    parts = [power(x, 2), power(y, 2), multiply(2, [x, y])]
    difference = add([square, *(multiply(-1, [p]) for p in parts)])
    assert not difference.is_zero
    assert expanded(difference).is_zero
    assert expanded(add([square, parts[0]])) == add([*parts, parts[0]])


def test_deep_graphs_need_no_recursion_and_give_short_entries():
    x = eingrad.vector("x", "2")
    W = eingrad.matrix("W", "2 2")
    h = x
    for _ in range(400):
        h = np.tanh(W @ h)
    assert len(topological(h.node)) > 800
    found = entry(h.node, (0,))
    assert found.depth <= MAX_DEPTH + 1
    labels = Labels(variables(h.node))
    assert len(labels.text(found)) < 200 and labels.where


def test_a_place_that_there_is_not_is_an_error():
    e = eingrad.parse("A*x", A="2 3", x="3")
    for index in ((2,), (-1,), (0, 0), ()):
        with pytest.raises(ShapeError):
            entry(e.node, index)
    with pytest.raises(InputError, match="size m"):
        entry(eingrad.parse("A*x", A="m n", x="n").node, (0,), {"n": 2})


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("order", [1, 2])
def test_short_minors_are_written_in_entries(n, order):
    """Each entry of a derivative of det is a number or has entries of X only, and is right."""
    d = derived("det(X)", *["X"] * order, X=f"{n} {n}")
    values = {"X": np.random.default_rng(n).normal(size=(n, n))}
    expected = evaluate(d.node, values)
    entries = Entries({})
    for place in np.ndindex(*expected.shape):
        e = entries.entry(d.node, place)
        assert "(" not in Labels([]).text(e)
        np.testing.assert_allclose(number(e, values, {}), expected[place], atol=1e-12)


def test_the_last_derivative_of_a_determinant_is_a_pattern_of_signs():
    picture = derived("det(X)", "X", "X", X="2 2").plot()
    assert picture.tally == "16 entries: 12 zero, 2 different otherwise"
