"""Formulas with gathers, shifts, bands and running products read back as what they state."""

from __future__ import annotations

import numpy as np
import pytest

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
