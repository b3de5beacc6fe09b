"""What a test of a definition asserts of a derivative: shape, axes, numbers, formula, rule."""

from __future__ import annotations

import numpy as np

import eingrad
from eingrad.frontends.text import parse
from eingrad.frontends.text.parse import parse_index_form
from eingrad.ir.walk import variables
from eingrad.verify.reference import evaluate

RNG = np.random.default_rng(26)


def values_of(*nodes):
    """Entries without symmetry for every variable, all of whose sizes are numbers."""
    return {
        v.name: RNG.uniform(0.3, 1.7, [d.as_int() for d in v.shape])
        for v in sorted({v for n in nodes for v in variables(n)}, key=lambda v: v.name)
    }


def read(formula, known, values, shape):
    """The array that a printed formula states."""
    text = str(formula)
    if formula.form == "index":
        node = parse_index_form(text, known, formula.letters, shape)
    else:
        node = parse(text, known=known, expected_shape=shape).node
    return evaluate(node, values)


def holds(y, by, expected, shape, axes, text):
    """A derivative in denominator layout has this shape, these axes, this formula, these numbers.

    `expected` takes the values by name. Sizes are those of `y`, all numbers, pairwise different.
    """
    d = eingrad.derivative(y, by, layout="denominator")
    assert d.shape_text == shape
    assert list(d.axes) == axes
    assert d.node.ndim == d.n_out + d.wrt[0].ndim == len(axes)
    assert d.size.as_int() == np.prod([k.as_int() for k in (*d.of.shape, *d.wrt[0].shape)])
    values = values_of(d.of, d.node, *d.wrt)
    wanted = expected(**values)
    for computed in (evaluate(d.node, values), d.function()(**values)):
        np.testing.assert_allclose(
            computed.transpose(d.axis_order()), wanted, rtol=1e-12, atol=1e-12
        )
    known = {v.name: v for v in d.variables}
    formula = d.formula(form="matrix")
    assert str(formula) == text
    index = d.formula(form="index")
    for printed in (formula, index):
        np.testing.assert_allclose(read(printed, known, values, d.shape), wanted, rtol=1e-12)
    assert d.check().ok
    return d


def condenses(d, array, expected, meets, transposed, pullback, gradient):
    """It condenses to one array; the rule carries a gradient; nothing is lost."""
    c = d.compress()
    (term,) = c.compression.terms
    (held,) = term.objects
    assert (str(c.formula()), held.meets, term.transposed) == (array, meets, transposed)
    values = values_of(d.of, d.node, c.incoming)
    np.testing.assert_allclose(evaluate(c.node, values), expected(**values), rtol=1e-12)
    assert str(c.pullback_formula()) == pullback
    found = evaluate(c.pullback, values)
    np.testing.assert_allclose(found, gradient(**values), rtol=1e-12)
    full = evaluate(d.node, values)
    np.testing.assert_allclose(found, np.tensordot(values["G"], full, d.n_out), rtol=1e-12)
    assert c.lossless and c.expand().node is d.node
