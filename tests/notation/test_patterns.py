"""Formulas with gathers, shifts, bands and running products read back as what they state."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.frontends.text import parse
from eingrad.frontends.text.parse import parse_index_form
from eingrad.ir.node import Node
from eingrad.ir.text import from_text, to_text
from eingrad.ir.walk import variables
from eingrad.notation import formula
from eingrad.notation.formula import to_latex, to_mathml
from eingrad.verify import evaluate
from eingrad.verify.sample import sample_points, sample_sizes
from tests.pattern_cases import CASES, derivatives


def reads_back(node: Node, form: str) -> None:
    result = formula(node, form=form)
    known = {v.name: v for v in variables(node)}
    if result.form == "index" and (result.letters or not result.shape):
        again = parse_index_form(str(result), known, result.letters, result.shape)
    else:
        again = parse(str(result), known=known, expected_shape=result.shape).node
    sizes = sample_sizes(node, again)
    (point,) = sample_points([node, again], 1, sizes)
    got, wanted = evaluate(again, point, sizes), evaluate(node, point, sizes)
    np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-9, err_msg=str(result))
    assert to_latex(result) and to_mathml(result)


@pytest.mark.parametrize("name", CASES)
def test_the_formula_reads_back(name: str) -> None:
    reads_back(CASES[name][0]().node, "matrix")
    reads_back(derivatives(name)[0].node, "index")


@pytest.mark.parametrize("name", CASES)
def test_the_text_form_is_the_same_object(name: str) -> None:
    for derivative in derivatives(name):
        assert from_text(to_text(derivative.node)) is derivative.node


SLICES = [
    ("x[::-1]", "I_n[::-1]"),
    ("x[2::-1]", "I_n[2::-1]"),
    ("x[3:0:-1]", "I_n[3:0:-1]"),
    ("x[3::-3]", "I_n[3::-3]"),
    ("x[1:6:2]", "I_n[1:6:2]"),
    ("gather(x, [4, 2, 0])", "I_n[4::-2]"),
    ("gather(x, [0, 3])", "I_n[0:4:3]"),
    ("gather(x, [-1, -3])", "I_n[-1:-4:-2]"),
]


@pytest.mark.parametrize("text, printed", SLICES)
def test_printed_slices_have_the_meaning_that_python_gives_them(text: str, printed: str) -> None:
    derivative = eingrad.derivative(text, "x")
    assert str(derivative.formula()) == printed
    for n in (6, 7, 9):
        x = np.arange(10.0, 10 + n)
        written = printed.removeprefix("I_n")
        expected = eval(f"x{written}", {"x": x})
        np.testing.assert_array_equal(derivative.operator(x=x) @ x, expected)
    again = parse(printed, expected_shape=derivative.formula().shape).node
    assert again is derivative.node
