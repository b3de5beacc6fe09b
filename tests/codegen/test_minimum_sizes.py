"""Sizes that are the smaller of two are found from the shapes of the values."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.codegen.arguments import size_text
from eingrad.dims import Dim, minimum
from eingrad.verify.reference import evaluate

SHAPES = [(3, 5), (5, 3), (4, 4)]
BACKENDS = ["numpy", pytest.param("jax", marks=pytest.mark.filterwarnings("ignore"))]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("text", ["svdvals(X)", "left_singular(X)", "sum(svdvals(X).^3)"])
def test_either_size_may_be_the_smaller(text, backend):
    pytest.importorskip(backend)
    d = eingrad.derivative(text, "X")
    f = d.function(backend)
    for m, n in SHAPES:
        X = np.random.default_rng(m).normal(size=(m, n))
        expected = evaluate(d.node, {"X": X}, {"m": m, "n": n})
        tolerance = 1e-10 if backend == "numpy" else 1e-2
        assert np.shape(f(X=X)) == expected.shape
        np.testing.assert_allclose(np.abs(f(X=X)), np.abs(expected), tolerance, tolerance)


@pytest.mark.parametrize("shape", SHAPES)
def test_operators_have_such_axes(shape):
    d = eingrad.derivative("svdvals(X)", "X")
    X = np.random.default_rng(7).normal(size=shape)
    op = d.operator(X=X)
    assert op.out_shape == (min(shape),)
    step = 1e-6 * np.random.default_rng(8).normal(size=shape)
    values = [np.linalg.svd(X + s * step, compute_uv=False) for s in (1, -1)]
    np.testing.assert_allclose(op @ step, (values[0] - values[1]) / 2, rtol=1e-5)


def test_a_minimum_is_written_out():
    m, n, k = (Dim.symbol(s) for s in "mnk")
    names = {"m": "m", "n": "n_", "k": "k"}
    nested = minimum(minimum(m, n), k) * 3 - m * minimum(m + 1, n)
    text = size_text(nested, names)
    for sizes in ({"m": 2, "n": 5, "k": 3}, {"m": 5, "n": 3, "k": 2}, {"m": 7, "n": 4, "k": 9}):
        scope = {names[s]: value for s, value in sizes.items()}
        assert eval(text, scope) == nested.evaluate(sizes)
