"""Slices, placements, triangles: lowered exactly, and to what each of them is."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from eingrad.codegen import generate
from eingrad.differentiate import differentiate
from eingrad.dims import Dim, as_dim
from eingrad.ir import build, construct, kernels
from eingrad.ir.node import Node, variable
from eingrad.verify.reference import evaluate
from tests.codegen.backends import BACKENDS, call
from tests.codegen.test_values import holds

X = variable("x", build.dims("n"))
Y = variable("y", build.dims("m"))
A = variable("A", build.dims("m", "n"))
B = variable("B", build.dims("n", "n"))
L = variable("L", build.dims(7, 8))
SIZES = {"m": 4, "n": 6}


def agree(node: Node, sizes: dict[str, int] | None = None) -> str:
    """Compare the generated function with the reference; gives the source."""
    sizes = sizes or SIZES
    rng = np.random.default_rng(5)
    every = [X, Y, A, B, L]
    values = {v.name: rng.normal(size=[d.evaluate(sizes) for d in v.shape]) for v in every}
    generated = generate({"z": node}, arguments=every)
    result = generated.function()(**{n: values[n] for n in generated.arguments})
    expected = evaluate(node, values, sizes)
    assert np.shape(result) == expected.shape
    np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)
    return generated.source


def sliced(node: Node, axis: int, start: int, step: int, count: int) -> Node:
    return construct.take_slice(node, axis, start, step, as_dim(count))


@pytest.mark.parametrize("backend", BACKENDS)
def test_products_of_slices_and_their_adjoints(backend: str) -> None:
    """Contractions of arrays and selections with random steps, either axis summed or kept."""

    @holds(backend, 300, st.data())
    def check(data: st.DataObject) -> None:
        letters = "abcdef"
        sizes = {c: data.draw(st.sampled_from([3, 4, 7])) for c in letters}
        factors = []
        for k in range(data.draw(st.integers(1, 3))):
            word = "".join(data.draw(st.lists(st.sampled_from(letters), min_size=1, max_size=3)))
            node = variable(f"v{k}", build.dims(*(sizes[c] for c in word)))
            factors.append((node, [(c,) for c in word]))
        for _ in range(data.draw(st.integers(1, 3))):
            row, column = data.draw(st.lists(st.sampled_from(letters), min_size=2, max_size=2))
            rows, columns = sizes[row], sizes[column]
            if data.draw(st.booleans()):
                k, lower = data.draw(st.integers(-2, 2)), data.draw(st.booleans())
                pattern = kernels.triangle(Dim.of(rows), Dim.of(columns), k, lower)
            else:
                steps = [s for s in (1, 2, -1, -2, 3) if abs(s) * (rows - 1) < columns]
                if not steps:
                    continue
                step = data.draw(st.sampled_from(steps))
                free = columns - 1 - abs(step) * (rows - 1)
                start = data.draw(st.integers(0, free)) + (0 if step > 0 else -step * (rows - 1))
                pattern = kernels.selection(Dim.of(rows), Dim.of(columns), start, step)
            factors.append((pattern, [(row,), (column,)]))
        used = sorted({c for _, axes in factors for (c,) in axes})
        out = data.draw(st.lists(st.sampled_from(used), max_size=4))
        known = {c: Dim.of(n) for c, n in sizes.items()}
        node = build.einsum(factors, [(c,) for c in out], Fraction(3, 2), known)
        rng = np.random.default_rng(0)
        values = {
            f.name: rng.normal(size=[d.evaluate({}) for d in f.shape])
            for f, _ in factors
            if hasattr(f, "name")
        }
        result = call(backend, generate({"z": node}, backend=backend), values)
        expected = evaluate(node, values)
        assert np.shape(result) == expected.shape
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "start, step, count", [(0, 1, 3), (2, 1, 5), (1, 2, 3), (6, -1, 7), (5, -2, 3)]
)
def test_a_slice_is_a_slice_and_its_adjoint_an_assignment(
    start: int, step: int, count: int
) -> None:
    part = sliced(L, 0, start, step, count)
    source = agree(part)
    assert "arange" not in source and "@" not in source
    loss = construct.sum_axes(part * part)
    source = agree(differentiate(loss, [L]))
    assert "zeros" in source and "arange" not in source
    agree(differentiate(part, [L]))


def test_a_slice_of_symbolic_length() -> None:
    n = Dim.symbol("n")
    body = construct.take_slice(X, 0, 1, 1, n - 1)
    assert "x[1:]" in agree(body)
    jumps = body - construct.take_slice(X, 0, 0, 1, n - 1)
    agree(jumps)
    agree(differentiate(construct.sum_axes(jumps * jumps), [X]))
    agree(differentiate(construct.sum_axes(jumps * jumps), [X, X]))
    turned = construct.take_slice(X, 0, 0, -1, n)  # starts at its own end
    del turned


def test_parts_that_fill_an_axis_are_concatenated() -> None:
    both = construct.concatenate([A, construct.outer(Y, X)], 0)
    source = agree(both)
    assert "np.concatenate" in source and "zeros" not in source
    stacked = construct.stack([X, X * X, X + 1], 1)
    assert "zeros" not in agree(stacked)
    agree(differentiate(construct.sum_axes(both * both), [A]))


def test_a_running_sum_is_never_a_matrix_product() -> None:
    for node in (A, construct.outer(Y, X) + A):
        for axis in (0, 1):
            total = construct.cumulative_sum(node, axis)
            assert "cumsum" in agree(total)
            gradient = differentiate(construct.sum_axes(total * total), [A])
            source = agree(gradient)
            assert "cumsum" in source and "tri" not in source
    agree(differentiate(construct.cumulative_sum(X, 0), [X]))


def test_a_triangular_part_is_one_call() -> None:
    for k in (-1, 0, 2):
        for lower in (True, False):
            part = construct.triangle(A, k, lower)
            source = agree(part)
            assert ("np.tril(" if lower else "np.triu(") in source
            product = construct.matmul(construct.triangle(B, k, lower), X)
            assert "np.tri(" not in agree(product)
            agree(differentiate(construct.sum_axes(part * part), [A]))


def test_a_triangle_between_two_vectors_is_a_running_sum() -> None:
    n = Dim.symbol("n")
    mask = kernels.triangle(n, n, 0, lower=True)
    node = build.contract("i,ij,j->", X, mask, X * X)
    assert "cumsum" in agree(node)
    assert agree(build.contract("ij->i", mask) * X)


def test_deltas_are_written_at_the_end_only() -> None:
    eye = construct.eye("n")
    core = build.contract("bd,ac->abcd", construct.matmul(build.transpose(A, (1, 0)), A), eye)
    source = agree(core)
    assert source.count("einsum") == 1 and 'einsum("ijik->ijk"' in source
    assert "np.diag(" in agree(construct.diag_matrix(X))
    assert "np.eye(" in agree(B + 3 * eye)
    agree(construct.diag_matrix(X) - construct.outer(X, X) + 2 * eye)
    agree(construct.kron(eye, A))
    agree(construct.kron(A, eye) + construct.kron(A * A, eye))
    agree(construct.kron(eye, construct.eye(3)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_number_at_single_places(backend: str) -> None:
    """3·x[1] and x[2]·B[1, 0] have derivatives that are a number at a place."""
    one = as_dim(1)
    linear = 3 * construct.sum_axes(sliced(X, 0, 1, 1, one))
    entry = construct.sum_axes(sliced(sliced(B, 0, 1, 1, one), 1, 0, 1, one))
    mixed = construct.sum_axes(sliced(X, 0, 2, 1, one)) * entry
    rows = construct.trace(
        construct.take_slice(construct.take_slice(L, 0, 2, 1, as_dim(3)), 1, 4, 1, as_dim(3))
    )
    values = {"x": np.ones(6), "B": np.ones((6, 6)), "L": np.ones((7, 8))}
    for node, wrt in ((linear, [X]), (mixed, [X, B]), (rows, [L])):
        slope = differentiate(node, wrt)
        generated = generate({"y": slope}, arguments=wrt, backend=backend)
        given = {n: values[n] for n in generated.arguments}
        result = call(backend, generated, given)
        np.testing.assert_array_equal(result, evaluate(slope, values, SIZES))


def test_results_do_not_depend_on_one_another() -> None:
    """What is written into is not used elsewhere, and arguments are never written to."""
    base = construct.matmul(B, B)
    nodes = {"p": base, "q": base + construct.diag_matrix(X), "r": B + construct.diag_matrix(X)}
    rng = np.random.default_rng(1)
    b, x = rng.normal(size=(5, 5)), rng.normal(size=5)
    b.flags.writeable = x.flags.writeable = False
    p, q, r = generate(nodes).function()(B=b, x=x)
    np.testing.assert_allclose(p, b @ b)
    np.testing.assert_allclose(q, b @ b + np.diag(x))
    np.testing.assert_allclose(r, b + np.diag(x))
    first, second = generate({"p": base, "again": base}).function()(B=b)
    assert not np.may_share_memory(first, second)
