"""Every function of the registry is written by its record's notation, and read back as itself."""

from xml.etree import ElementTree

import pytest

import eingrad.functions  # noqa: F401
from eingrad.dims import Dim
from eingrad.errors import EingradError
from eingrad.frontends.text import parse
from eingrad.frontends.text.parse import parse_index_form
from eingrad.ir.apply import apply
from eingrad.ir.node import Apply, variable
from eingrad.ir.record import REGISTRY
from eingrad.notation import formula, to_latex, to_mathml

N = Dim.symbol("n")
LETTERS = {0: "abc", 1: "xyz", 2: "XYZ"}


def applications():
    for name, record in sorted(REGISTRY.items()):
        for ndim, letters in LETTERS.items():
            operands = [variable(letters[k], (N,) * ndim) for k in range(len(record.domain))]
            try:
                node = apply(name, *operands)
            except (EingradError, TypeError, KeyError):
                continue  # another number of axes, or a parameter without a default
            if isinstance(node, Apply) and node.function == name:
                yield pytest.param(node, operands, id=f"{name}-{ndim}")


@pytest.mark.parametrize(("node", "operands"), [*applications()])
def test_an_application_reads_back_as_itself(node, operands):
    result = formula(node)
    known = {o.name: o for o in operands}
    if result.letters:
        read = parse_index_form(str(result), known, result.letters, result.shape)
    else:
        read = parse(str(result), known=known, expected_shape=result.shape).node
    assert read is node


@pytest.mark.parametrize(("node", "operands"), [*applications()])
def test_mathml_has_no_commands_of_latex(node, operands):
    text = "".join(ElementTree.fromstring(to_mathml(formula(node))).itertext())
    assert "\\" not in text and "{" not in text


def test_names_of_several_commands_are_words_in_mathml():
    a, x = variable("a", ()), variable("X", (N, N))
    assert "log|det|" in to_mathml(formula(apply("logdet", x)))
    assert "log\u2009Γ" in to_mathml(formula(apply("lgamma", a)))


@pytest.mark.parametrize(("node", "operands"), [*applications()])
def test_an_application_has_a_formula_in_every_style(node, operands):
    result = formula(node)
    for text in (str(result), to_latex(result), to_mathml(result)):
        for operand in operands:
            assert operand.name in text


def test_parameters_are_written_unless_they_are_the_defaults():
    x = variable("x", (N,))
    assert str(formula(apply("leaky_relu", x))) == "leaky_relu(x)"
    assert str(formula(apply("leaky_relu", x, slope=2))) == "leaky_relu(x, slope=2)"
