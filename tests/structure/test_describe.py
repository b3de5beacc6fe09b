"""What is said of the structure of a derivative is true of its values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eingrad
from eingrad.differentiate import differentiate
from eingrad.ir.walk import variables
from eingrad.structure import Structure, decompose, deepened, describe
from eingrad.verify.reference import evaluate
from tests.strategies import SIZES, expressions, random_values


def structure_of(text: str, *wrt: str, **declared: str) -> Structure:
    d = eingrad.derivative(eingrad.parse(text, **declared), *wrt)
    return describe(decompose(d.node, d.n_out, [v.ndim for v in d.wrt]))


SENTENCES = [
    ("A*B", ["A"], {}, "block diagonal: identity over axis 0 ⊗ one p×n core; sparse: 1/m"),
    ("x'*A*x", ["x", "x"], {}, "symmetric n×n"),
    (
        "norm2(T-U*V')^2",
        ["U", "U"],
        {"T": "7 9", "U": "7 5", "V": "9 5"},
        "block diagonal: identity over axis 0 ⊗ one symmetric positive semidefinite 5×5 core"
        "; sparse: 1/7 of the entries",
    ),
    ("log(sum(exp(x)))", ["x", "x"], {}, "diagonal + rank 1"),
    ("norm2(x)", ["x", "x"], {}, "multiple of the identity + rank 1"),
    ("(b'*x)^2 + (c'*x)^2 + sum(x.^3)", ["x", "x"], {"b": "n", "c": "n"}, "diagonal + rank 2"),
    ("inv(X)", ["X"], {"X": "2 2"}, "Kronecker product of 2×2 factors"),
    ("log(det(X))", ["X", "X"], {}, "Kronecker product of n×n factors (axes exchanged)"),
    ("A*X*B", ["X"], {}, "Kronecker product of m×n and q×p factors"),
    ("X*X", ["X"], {}, "sum of 2 Kronecker products; sparse: 2n³ − n² of n⁴ entries"),
    ("exp(X)", ["X"], {}, "diagonal; sparse: 1/(mn) of the entries"),
    ("5*x", ["x"], {}, "multiple of the identity; sparse: 1/n of the entries"),
    ("X'", ["X"], {}, "permutation: axes exchanged; sparse: 1/(mn) of the entries"),
    ("x'*A*y", ["A"], {}, "rank 1"),
    ("cumsum(x)", ["x"], {"x": "5"}, "lower triangular 5×5; sparse: 15 of 25 entries"),
    ("softmax(A*x)", ["x"], {"A": "3 4"}, "dense 3×4"),
    ("sum(x)", ["x"], {}, "constant: every entry is the same number"),
    ("b'*x", ["A"], {}, "zero"),
    ("diag(x)*A", ["x"], {}, "one block for each place of axis 0 ⊗ one n×1 column"),
]


@pytest.mark.parametrize(("text", "wrt", "declared", "sentence"), SENTENCES)
def test_sentences(text, wrt, declared, sentence):
    assert sentence in structure_of(text, *wrt, **declared).sentence


@pytest.mark.parametrize("text", ["tr(X'*A*X)", "sum(X.*(A*X))", "sum(diag(A*X*X'))"])
def test_equal_expressions_have_equal_structure(text):
    d = structure_of(text, "X", "X")
    reference = structure_of("tr(X'*A*X)", "X", "X")
    assert (d.sentence, d.terms, d.counts) == (
        reference.sentence,
        reference.terms,
        reference.counts,
    )


def test_einsum_has_the_structure_of_the_text():
    X = eingrad.matrix("X", "m n")
    A = eingrad.matrix("A", "m m")
    d = eingrad.derivative(eingrad.einsum("ij,ik,kj->", X, A, X), "X", "X")
    found = describe(decompose(d.node, 0, [2, 2]))
    assert found.sentence == structure_of("tr(X'*A*X)", "X", "X", X="m n", A="m m").sentence


@settings(max_examples=40, deadline=None)
@given(expressions(max_steps=5), st.data())
def test_counts_bound_the_values(expression, data):
    by = data.draw(st.sampled_from(expression.variables))
    d = differentiate(expression.node, [by])
    values = random_values(variables(d, expression.node), 1)
    array = evaluate(d, values, SIZES)
    if array.size > 4000 or not np.isfinite(array).all():
        return
    found = describe(decompose(d, expression.node.ndim, [by.ndim]))
    counts = found.counts
    assert counts.entries.evaluate(SIZES) == array.size
    assert np.count_nonzero(array) <= counts.nonzero.evaluate(SIZES)
    # Values that agree up to rounding count once.
    scale = np.abs(array).max(initial=1e-300)
    assert len(np.unique(np.round(array / scale, 9))) <= max(counts.distinct.evaluate(SIZES), 1)


@settings(max_examples=30, deadline=None)
@given(expressions(max_steps=5, scalar=True), st.data())
def test_what_is_called_symmetric_is(expression, data):
    by = data.draw(st.sampled_from(expression.variables))
    d = differentiate(expression.node, [by, by])
    array = evaluate(d, random_values(variables(d, expression.node), 1), SIZES)
    found = describe(decompose(d, 0, [by.ndim, by.ndim]))
    if found.symmetric and np.isfinite(array).all():
        k = by.ndim
        turned = np.moveaxis(array, range(k), range(k, 2 * k))
        np.testing.assert_allclose(array, turned, rtol=1e-9, atol=1e-9 * np.abs(array).max())


@settings(max_examples=40, deadline=None)
@given(expressions(max_steps=6, scalar=True), st.data())
def test_signs_and_ranks_of_terms_are_those_of_their_values(expression, data):
    by = data.draw(st.sampled_from(expression.variables))
    d = differentiate(expression.node, [by, by])
    found = decompose(d, 0, [by.ndim, by.ndim])
    values = random_values(variables(d, expression.node), 1)
    said = describe(found, symmetric=True, deeper=deepened(found))
    total = 0.0
    for term, words in zip(said.decomposition.terms, said.terms, strict=True):
        array = evaluate(term.node, values, SIZES)
        total = total + array
        if not by.ndim or array.size > 4000 or not np.isfinite(array).all():
            return
        n = int(np.prod(array.shape[: by.ndim]))
        matrix = array.reshape(n, n)
        scale = np.abs(matrix).max(initial=1e-300)
        if "definite" in words.sentence and "Kronecker" not in words.sentence:
            sign = -1 if "negative" in words.sentence else 1
            assert np.linalg.eigvalsh(sign * (matrix + matrix.T)).min() > -1e-9 * scale
        if words.sentence.startswith("rank 1"):
            assert np.linalg.matrix_rank(matrix, tol=1e-8 * scale) <= 1
    whole = evaluate(d, values, SIZES)
    np.testing.assert_allclose(total, whole, rtol=1e-8, atol=1e-9 * np.abs(whole).max(initial=1))


NOT_SYMMETRIC = [("A*x", "x"), ("X*X", "X"), ("inv(X)", "X"), ("x*sum(x.*y)", "x")]


@pytest.mark.parametrize(("text", "by"), NOT_SYMMETRIC)
def test_what_is_not_symmetric_is_not_called_so(text, by):
    found = structure_of(text, by, A="n n", x="n", y="n")
    assert not found.symmetric


@pytest.mark.parametrize(
    ("text", "by"),
    [("x'*A*x", "x"), ("norm2(A*x)^2", "x"), ("tr(A*X'*B*X*C)", "X"), ("sum(exp(A*x))", "x")],
)
def test_hessians_are_found_to_be_symmetric(text, by):
    assert structure_of(text, by, by).symmetric


def test_the_rank_of_a_core_is_bounded_by_what_is_summed():
    found = structure_of("norm2(A*x)^2", "x", "x", A="3 7")
    (core,) = found.terms[0].cores
    assert core.rank == 3
    assert structure_of("norm2(A*x)^2", "x", "x", A="7 3").terms[0].cores[0].rank is None


def test_stacked_copies_count_each():
    """[X; 2X]: two selections, that reach different rows."""
    X = eingrad.matrix("X", "3 4")
    y = np.concatenate([X, 2 * X], axis=0)
    d = eingrad.derivative(y, X)
    counts = describe(decompose(d.node, 2, [2])).counts
    array = evaluate(d.node, {"X": np.ones((3, 4))})
    assert counts.nonzero.as_int() == np.count_nonzero(array) == 24
    assert counts.distinct.as_int() >= len(np.unique(array)) == 3


def test_a_softmax_by_rows_is_a_batch_of_diagonal_and_rank_one():
    X = eingrad.matrix("X", "m n")
    d = eingrad.derivative(eingrad.softmax(X, axis=-1), X)
    assert [t.kind for t in d.structure.terms] == ["diagonal", "block diagonal"]
    assert d.structure.terms[1].sentence == (
        "block diagonal: one block for each place of axis 0 ⊗ rank 1 n×n"
    )
    assert str(d.structure.counts.stored) == "m*n"
    assert d.structure.symmetric


def test_a_hessian_is_symmetric_even_where_its_form_does_not_show_it():
    W1, W2 = eingrad.matrix("P", "m n"), eingrad.matrix("Q", "k m")
    z = W2 @ np.tanh(W1 @ eingrad.vector("x", "n"))
    loss = eingrad.logsumexp(z) - eingrad.vector("y", "k") @ z
    d = eingrad.hessian(loss, W1)
    assert d.structure.symmetric
    mixed = eingrad.derivative(loss, W1, W2)
    assert not mixed.structure.symmetric
