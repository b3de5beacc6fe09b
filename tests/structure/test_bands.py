"""A band that the form shows holds all entries of the values; matrices of bands stay sparse."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.dims import Dim
from eingrad.ir import build, kernels
from eingrad.ir.build import add, contract, dims, scale
from eingrad.ir.node import Node, variable
from eingrad.structure.bands import band
from eingrad.verify.reference import evaluate

NEXT, HERE, TWICE = (
    kernels.selection(Dim.of(count), Dim.of(7), start, step)
    for count, start, step in ((6, 1, 1), (6, 0, 1), (3, 1, 2))
)
LATE = kernels.selection(Dim.of(6), Dim.of(9), 3, 1)
v, B = variable("v", dims(6)), variable("B", dims(6, 6))
DIFFERENCE = add(NEXT, scale(-1, HERE))

BANDS: list[tuple[Node, tuple[int, int] | None]] = [
    (NEXT, (1, 1)),
    (build.transpose(NEXT, (1, 0)), (-1, -1)),
    (DIFFERENCE, (0, 1)),
    (contract("ki,k,kj->ij", DIFFERENCE, v, DIFFERENCE), (-1, 1)),
    (contract("ki,kj->ij", DIFFERENCE, LATE), (2, 3)),
    (contract("ki,kl,lj->ij", NEXT, B, HERE), None),
    (contract("ki,kj->ij", TWICE, TWICE), (0, 0)),
    (TWICE, None),
    (B, None),
    (add(contract("ki,kj->ij", NEXT, HERE), contract("ki,kl,lj->ij", NEXT, B, HERE)), None),
]


@pytest.mark.parametrize(("node", "expected"), BANDS)
def test_entries_lie_in_the_band(node, expected):
    found = band(node)
    assert found == expected
    if found is not None:
        rng = np.random.default_rng(3)
        value = evaluate(node, {"v": rng.normal(size=6), "B": rng.normal(size=(6, 6))}, {})
        i, j = np.nonzero(value)
        assert found[0] <= (j - i).min() and (j - i).max() <= found[1]


SENTENCES = [
    ("sum((x[1:]-x[:-1]).^2)", "symmetric tridiagonal constant n×n; sparse: 3n of n² entries"),
    ("sum((x[1:]-x[:-1]).^4)", "symmetric tridiagonal n×n; sparse: 3n of n² entries"),
    ("sum((x[1:]-x[:-1]).^2)+sum(exp(x))", "diagonal + symmetric tridiagonal constant n×n"),
    ("sum((x[2:]-2*x[1:-1]+x[:-2]).^2)", "banded (2 below, 2 above the diagonal)"),
]


@pytest.mark.parametrize(("text", "sentence"), SENTENCES)
def test_chains_are_named_and_counted(text, sentence):
    d = eingrad.hessian(text, "x")
    assert sentence in d.structure.sentence
    for n in (3, 4, 11):
        x = np.random.default_rng(n).normal(size=n)
        dense = d.function()(x=x)
        counts = d.structure.counts
        assert np.count_nonzero(dense) <= counts.nonzero.evaluate({"n": n})
        rounded = np.unique(np.round(dense, 9) + 0.0)
        assert len(rounded) <= counts.distinct.evaluate({"n": n})
        assert np.allclose(d.operator(x=x).dense(), dense)


def test_counts_of_integer_sizes_are_those_of_the_band():
    d = eingrad.hessian(eingrad.parse("sum((x[1:]-x[:-1]).^2)+sum(exp(x))", x="9"), "x")
    assert d.structure.counts.nonzero == 9 + 2 * 8


@pytest.mark.parametrize("text", [text for text, _ in SENTENCES])
def test_chains_are_bound_without_a_full_matrix(text):
    n = 20_000  # a full matrix would be 3.2 GB
    d = eingrad.hessian(f"{text} + sum(x.^2)", "x")
    x = np.linspace(-1, 1, n)
    op = d.operator(x=x)
    assert op.nbytes < 100 * n
    assert "sparse" in op.solver
    b = np.cos(np.arange(n))
    assert np.allclose(op @ op.solve(b), b)
