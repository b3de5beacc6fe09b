"""Derivatives of machine learning and statistics are called what they are, and what is said of
them is true of their values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.structure import StructuredTerm
from eingrad.verify.reference import evaluate
from tests.structure.derivative_cases import NAMED, SPELLINGS, Named


def derivative_of(text: str, wrt: str, declared: dict[str, str]) -> Any:
    used = {k: v for k, v in declared.items() if k in text}
    return eingrad.derivative(eingrad.parse(text, **used), *wrt.split())


def numbers(d: Any) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Random values of pairwise different sizes; positive definite where that is declared."""
    rng = np.random.default_rng(4)
    symbols = sorted({s for v in d.variables for k in v.shape for s in k.symbols()})
    sizes = {s: 2 + (3 * k) % 7 for k, s in enumerate(symbols)}
    values = {}
    for v in d.variables:
        array = rng.uniform(-1, 1, size=[k.evaluate(sizes) for k in v.shape])
        if array.ndim == 2 and array.shape[0] == array.shape[1] and v.name in ("S", "K"):
            array = array @ array.T + len(array) * np.eye(len(array))
        values[v.name] = array
    return values, sizes


@pytest.mark.parametrize("case", NAMED, ids=str)
def test_the_sentence(case: Named) -> None:
    d = derivative_of(case.text, case.wrt, case.declared)
    assert d.structure.sentence.startswith(case.sentence)


@pytest.mark.parametrize("case", NAMED, ids=str)
def test_the_terms_are_the_derivative_and_as_they_are_called(case: Named) -> None:
    d = derivative_of(case.text, case.wrt, case.declared)
    values, sizes = numbers(d)
    found = d.structure
    whole = evaluate(d.node, values, sizes)
    parts = [evaluate(t.node, values, sizes) for t in found.decomposition.terms]
    np.testing.assert_allclose(sum(parts), whole, atol=1e-10 * (1 + np.abs(whole).max()))
    split = d.node.ndim - d.wrt[-1].ndim
    for term, said, part in zip(found.decomposition.terms, found.terms, parts, strict=True):
        assert_true(term, str(said), said.symmetric, part, split, sizes)


def assert_true(
    term: StructuredTerm, said: str, symmetric: bool, part: np.ndarray, split: int, sizes: Any
) -> None:
    """What a sentence says of a matrix and of its rank and sign."""
    rows = int(np.prod(part.shape[:split]))
    matrix = part.reshape(rows, -1)
    scale = np.abs(matrix).max(initial=1e-300)
    if symmetric:
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-10 * scale)
    if " product of " not in said and "definite" in said:
        sign = -1 if "negative" in said else 1
        assert np.linalg.eigvalsh(sign * (matrix + matrix.T)).min() > -1e-9 * scale
    if said.startswith("rank 1"):
        assert np.linalg.matrix_rank(matrix, tol=1e-9 * scale) <= 1
    if " of rank at most m" in said and "⊗" not in said:
        assert np.linalg.matrix_rank(matrix, tol=1e-9 * scale) <= sizes["m"]


@pytest.mark.parametrize("case", NAMED, ids=str)
def test_the_operator_is_the_derivative(case: Named) -> None:
    d = derivative_of(case.text, case.wrt, case.declared)
    values, sizes = numbers(d)
    whole = evaluate(d.node, values, sizes)
    operator = d.operator(**values)
    rng = np.random.default_rng(5)
    scale = 1e-10 * (1 + np.abs(whole).max())
    np.testing.assert_allclose(operator.dense(), whole, atol=scale)
    n = len(operator.in_shape)
    direction = rng.normal(size=(2, *operator.in_shape))
    expected = np.stack([np.tensordot(whole, v, n) for v in direction])
    np.testing.assert_allclose(operator.matvec(direction), expected, atol=100 * scale)
    incoming = rng.normal(size=operator.out_shape)
    expected = np.tensordot(incoming, whole, len(operator.out_shape))
    np.testing.assert_allclose(operator.rmatvec(incoming), expected, atol=100 * scale)


@pytest.mark.parametrize("case", NAMED, ids=str)
def test_systems_with_it_shifted(case: Named) -> None:
    """Most of these Hessians are singular; with a multiple of the identity none is."""
    d = derivative_of(case.text, case.wrt, case.declared)
    values, sizes = numbers(d)
    if d.operator(**values).out_shape != d.operator(**values).in_shape:
        return
    whole = evaluate(d.node, values, sizes)
    n = whole.ndim // 2
    size = int(np.prod(whole.shape[:n]))
    shift = 1.7 * float(np.abs(whole).sum(axis=tuple(range(n, 2 * n))).max()) + 1
    shifted = d.operator(**values) + shift * eingrad_identity(whole.shape[:n])
    b = np.random.default_rng(6).normal(size=whole.shape[:n])
    expected = np.linalg.solve(whole.reshape(size, size) + shift * np.eye(size), b.ravel())
    np.testing.assert_allclose(shifted.solve(b).ravel(), expected, rtol=1e-8, atol=1e-12)


def eingrad_identity(shape: tuple[int, ...]) -> Any:
    from eingrad.operators.operator import identity

    return identity(shape)


@pytest.mark.parametrize("case", [c for c in NAMED if len(c.wrt.split()) == 2], ids=str)
def test_blocks_are_those_of_the_dense_derivative(case: Named) -> None:
    d = derivative_of(case.text, case.wrt, case.declared)
    values, sizes = numbers(d)
    whole = evaluate(d.node, values, sizes)
    row = d.node.ndim - d.wrt[-1].ndim
    hidden = d.blocks(0, row)
    outer = [k for k in range(whole.ndim) if k not in (0, row)]
    place = tuple(1 for _ in outer)
    got = evaluate(hidden.blocks.block(*place), values, sizes)
    index: list[Any] = [slice(None)] * whole.ndim
    for k in outer:
        index[k] = 1
    np.testing.assert_allclose(got, whole[tuple(index)], atol=1e-10 * (1 + np.abs(whole).max()))


@pytest.mark.parametrize("case", [c for c in NAMED if "conv1d" in c.text], ids=str)
def test_convolution_matrices_look_as_they_are_called(case: Named) -> None:
    d = derivative_of(case.text, case.wrt, case.declared)
    values, sizes = numbers(d)
    matrix = evaluate(d.node, values, sizes)
    assert np.count_nonzero(matrix) <= d.structure.counts.nonzero.evaluate(sizes)
    said = d.structure.sentence
    if "Toeplitz" in said:
        assert all(len(np.unique(np.diag(matrix, k))) == 1 for k in range(-6, 9))
    if "Hankel" in said:
        assert all(len(np.unique(np.diag(matrix[::-1], k))) == 1 for k in range(-6, 3))


@pytest.mark.parametrize(("texts", "wrt", "declared"), SPELLINGS)
def test_spellings_have_one_structure(texts: list[str], wrt: str, declared: Any) -> None:
    found = [derivative_of(text, wrt, declared).structure for text in texts]
    assert len({str(s.sentence) for s in found}) == 1
    assert len({(s.terms, s.counts) for s in found}) == 1
