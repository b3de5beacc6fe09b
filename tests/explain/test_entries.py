"""Entry by entry: each derivative is what differences of the written value say, and the seeds'."""

import itertools

import numpy as np
import pytest

import eingrad
from eingrad.entries.evaluate import Numbers
from eingrad.entries.expand import Entries
from eingrad.entries.labels import Labels
from eingrad.entries.points import random_points
from eingrad.entries.polynomial import Entry, Symbol
from eingrad.entries.slopes import NotOpenedError, partial
from eingrad.errors import CheckError, InputError, SizeLimitError, UnsupportedError
from eingrad.explain.entries import entry_by_entry
from eingrad.explain.entrydocument import _counts
from eingrad.ir.build import scale
from eingrad.ir.walk import variables
from eingrad.verify.reference import evaluate

CASES = [
    ("A*B", ["A"], {"A": "m n", "B": "n p"}, {"m": 2, "n": 3, "p": 2}),
    ("A*B", ["B"], {"A": "m n", "B": "n p"}, {"m": 2, "n": 3, "p": 2}),
    ("tanh(W*x + b)", ["W"], {"W": "m n", "x": "n", "b": "m"}, {"m": 2, "n": 3}),
    ("A*X*B", ["X"], {"A": "2 3", "X": "3 2", "B": "2 3"}, {}),
    ("norm2(A*x - y)^2", ["x"], {"A": "m n", "x": "n", "y": "m"}, {"m": 2, "n": 3}),
    ("norm2(x)", ["x", "x"], {"x": "n"}, {"n": 3}),
    ("x'*S*x", ["x", "x"], {"x": "n", "S": "n n symmetric"}, {"n": 3}),
    ("tr(S*A)", ["S"], {"S": "n n symmetric", "A": "n n"}, {"n": 3}),
    ("D*x", ["D"], {"x": "n", "D": "n n diagonal"}, {"n": 3}),
    ("sum(log(exp(-y.*(X*w))+1))", ["w"], {"X": "m n", "y": "m", "w": "n"}, {"m": 2, "n": 3}),
    ("sin(a*b)/b", ["b"], {"a": "", "b": ""}, {}),
    ("(X*w)./sum(w)", ["w"], {"X": "m n", "w": "n"}, {"m": 2, "n": 3}),
    ("inv(A)*x", ["A"], {"A": "n n", "x": "n"}, {"n": 2}),
]


def written(text, wrt, declared, sizes):
    d = eingrad.derivative(eingrad.parse(text, **declared), *wrt)
    return d, d.entries(**sizes)


@pytest.mark.parametrize(("text", "wrt", "declared", "sizes"), CASES)
def test_every_entry_has_the_value_of_the_tensor(text, wrt, declared, sizes):
    d, e = written(text, wrt, declared, sizes)
    point = next(random_points(variables(d.node, d.of), e.sizes))
    tensor = np.asarray(evaluate(d.node, point, e.sizes))
    numbers = Numbers(point, e.sizes)
    assert len(e.singles) == tensor.size
    for single in e.singles:
        assert numbers.of(single.entry) == pytest.approx(tensor[single.place], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("text", "wrt", "declared", "sizes"), CASES[:-1])
def test_every_entry_is_proved_by_hand(text, wrt, declared, sizes):
    _, e = written(text, wrt, declared, sizes)
    assert {s.proof for s in e.singles} <= {"terms", "values"}
    assert "by hand" in e.proof


@pytest.mark.parametrize(("text", "wrt", "declared", "sizes"), CASES)
def test_the_combination_is_the_incoming_gradient_times_the_tensor(text, wrt, declared, sizes):
    d, e = written(text, wrt, declared, sizes)
    if d.of.ndim == 0 or d.order > 1:
        assert e.combined is None
        return
    rng = np.random.default_rng(2)
    point = next(random_points(variables(d.node, d.of), e.sizes))
    shape = [k.evaluate(e.sizes) for k in d.of.shape]
    point[e.combined.incoming] = rng.normal(size=shape)
    tensor = np.asarray(evaluate(d.node, point, e.sizes))
    expected = np.tensordot(point[e.combined.incoming], tensor, len(shape))
    numbers = Numbers(point, e.sizes)
    for place in np.ndindex(*expected.shape):
        found = numbers.of(e.combined.entries.item(*place))
        assert found == pytest.approx(expected[place], rel=1e-9, abs=1e-12)


def test_the_product_of_two_matrices_is_the_worked_example():
    _, e = written("A*B", ["A"], {"A": "2 2", "B": "2 2"}, {})
    by_name = {s.name: s.text for s in e.singles}
    for i, j, k, l in itertools.product((1, 2), repeat=4):
        expected = f"b_{l}{j}" if i == k else "0"
        assert by_name[f"∂y_{i}{j}/∂a_{k}{l}"] == expected
    assert e.zeros == 8
    assert e.repeats["b_21"] == ["∂y_11/∂a_12", "∂y_21/∂a_22"]
    assert e.combined.formula == "GBᵀ"
    assert e.combined.labels[0, 1] == "b_21 g_11 + b_22 g_12"
    assert (e.combined.products, e.combined.with_zero) == (16, 8)
    assert dict(e.value)["y_12"] == "a_11 b_12 + a_12 b_22"
    text = e.text()
    assert "b_11  b_21 │ b_12  b_22" in text
    assert "∂L/∂A = g_11 ∂y_11/∂A + g_12 ∂y_12/∂A + g_21 ∂y_21/∂A + g_22 ∂y_22/∂A" in text
    assert "g_11 [b_11, b_21; 0, 0] + g_12 [b_12, b_22; 0, 0]" in text
    assert "term by term" in e.proof


def test_what_is_not_written_out_is_said():
    _, e = written("inv(A)", ["A"], {"A": "2 2"}, {})
    assert {s.proof for s in e.singles} == {""}
    assert "come from its formula" in e.proof


def test_long_entries_have_numbers_in_the_grid_and_are_all_explained():
    _, e = written("inv(A)", ["A"], {"A": "3 3"}, {})
    numbered = {pair.text.split(" ")[0] for pair in e.content.below}
    shown = {p.text for p in e.content.labels.ravel()}
    assert {s for s in shown if s.startswith("(") and s.endswith(")") and s[1:-1].isdigit()} <= (
        numbered
    )
    assert "more" not in " ".join(pair.text for pair in e.content.below)


def test_a_wrong_formula_is_found_out():
    d = eingrad.derivative("tanh(W*x)", "W")
    for wrong in (scale(2, d.node), scale(-1, d.node)):
        with pytest.raises(CheckError, match="differ at the entry"):
            entry_by_entry(wrong, d.of, d.wrt, label="y", title="", incoming=None)


def test_sizes_too_large_offer_smaller_ones():
    d = eingrad.derivative("A*B", "A")
    with pytest.raises(SizeLimitError, match=r"limit is 256; m=2,n=2,p=2 gives 16"):
        d.entries(m=30, n=4, p=5)
    with pytest.raises(SizeLimitError, match="limit is 256; declare"):
        written("A*B", ["A"], {"A": "20 10", "B": "10 20"}, {})


def test_a_diagonal_of_a_hessian_has_no_entries_by_entries():
    with pytest.raises(UnsupportedError):
        eingrad.hessian_diagonal("x'*A*x", "x").entries()


def test_unknown_sizes_are_refused():
    with pytest.raises(InputError):
        eingrad.derivative("A*B", "A").entries(q=2)


def test_plain_data_have_every_entry():
    _, e = written("A*x", ["A"], {"A": "2 3", "x": "3"}, {})
    data = e.as_dict()
    assert len(data["derivatives"]) == 12 and data["zero"] == 6
    assert data["combination"]["formula"] == "Gxᵀ"


@pytest.mark.parametrize("text", ["exp(a)*b", "a^3/b", "sqrt(a + b^2)", "tanh(a*b)^2", "abs(a*b)"])
def test_partials_of_written_entries_agree_with_differences(text):
    node = eingrad.parse(text, a="", b="").node
    entry = Entries({}, whole=True).entry(node, ())
    at = {"a": np.array(0.7), "b": np.array(1.3)}
    for name in "ab":
        slope = Numbers(at, {}).of(partial(entry, Symbol(name, ())))
        up, down = ({**at, name: at[name] + s} for s in (1e-6, -1e-6))
        difference = (Numbers(up, {}).of(entry) - Numbers(down, {}).of(entry)) / 2e-6
        assert slope == pytest.approx(difference, rel=1e-7)


def test_partials_refuse_what_is_not_opened():
    node = eingrad.parse("inv(A)", A="2 2").node
    with pytest.raises(NotOpenedError):
        partial(Entries({}).entry(node, (0, 1)), Symbol("A", (0, 0)))
    assert partial(Entries({}).entry(node, (0, 1)), Symbol("B", (0, 0))) == Entry(())
    assert Labels(variables(node)).text(Entry(())) == "0"


def test_single_parts_are_the_parts_of_the_whole_text():
    written = eingrad.derivative("A*B", "A").entries(m=2, n=2, p=2)
    title, *parts = written.text().split("\n\n")
    assert title == written.title and len(parts) == 7
    assert [written.text(k) for k in range(1, 8)] == parts
    assert written.text(7, 2) == f"{parts[6]}\n\n{parts[1]}"
    for wrong in (0, 8):
        with pytest.raises(InputError, match="they are 1 to 7"):
            written.text(wrong)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((4, 4, 0), "every entry is zero"),
        ((4, 3, 1), "3 of 4 entries are zero, the other is not"),
        ((4, 0, 4), "no entry is zero, all 4 are different"),
        ((4, 2, 1), "2 of 4 entries are zero, the other 2 hold 1 different one"),
        ((9, 3, 4), "3 of 9 entries are zero, the other 6 hold 4 different ones"),
    ],
)
def test_zeros_and_repeats_are_counted_in_words(counts, said):
    assert _counts(*counts) == said
