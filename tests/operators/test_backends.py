"""Operators of JAX, PyTorch and TensorFlow arrays do what those of NumPy arrays do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import eingrad
from eingrad.errors import (
    InputError,
    ShapeError,
    SingularError,
    SizeLimitError,
    UnsupportedError,
)
from tests.operators.backends import BACKENDS, double, gradient, maker, moved
from tests.operators.random_operators import operator_of
from tests.operators.test_bind import CASES as DERIVATIVES
from tests.operators.test_random import SIZES, SQUARE, square, terms
from tests.operators.test_solvers import CASES as STRUCTURES

rng = np.random.default_rng(11)
few = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=BACKENDS)
def backend(request: Any) -> Iterator[str]:
    """Each library, with float64."""
    with double(request.param):
        yield request.param


@few
@example(term=(1.0, [(0,), (0, 0), (0, 0)], [(0, 0), (0, 0)], []), seed=0)  # nine axes
@given(term=terms(), seed=st.integers(0, 9))
def test_products_and_dense_tensors_of_random_terms(backend: str, term: Any, seed: int) -> None:
    operator, tensor = operator_of(SIZES, [term], seed)
    here = moved(operator, backend)
    v = np.random.default_rng(seed).normal(size=(2, *operator.in_shape))
    g = np.random.default_rng(seed).normal(size=operator.out_shape)
    np.testing.assert_allclose(here @ v, operator @ v, atol=1e-10)
    np.testing.assert_allclose(here.T @ g, operator.rmatvec(g), atol=1e-10)
    np.testing.assert_allclose(here.dense(), tensor, atol=1e-12)
    assert here.nbytes == operator.nbytes
    assert here.shape == operator.shape


@few
@given(found=square(), other=square(), seed=st.integers(0, 9))
def test_diagonals_sums_and_compositions_of_random_operators(
    backend: str, found: Any, other: Any, seed: int
) -> None:
    a, b = (operator_of(SQUARE, t, seed + k)[0] for k, t in enumerate((found, other)))
    x, y = moved(a, backend), moved(b, backend)
    c = maker(backend)(np.array(1.75))
    for here, expected in (
        (x, a),
        (x + y, a + b),
        (2.5 * x - y / c, 2.5 * a - b / 1.75),
        (x * c @ y.T, 1.75 * (a @ b.T)),
        (x.shifted(c), a.shifted(1.75)),
    ):
        scale = 1 + float(np.abs(expected.dense()).max())
        np.testing.assert_allclose(here.diagonal(), expected.diagonal(), atol=1e-12 * scale)
        np.testing.assert_allclose(here.trace(), expected.trace(), atol=1e-10 * scale)
        v = np.random.default_rng(seed).normal(size=expected.in_shape)
        np.testing.assert_allclose(here @ v, expected @ v, atol=1e-10 * scale)


def test_axes_that_are_divided_in_ways_that_conflict(backend: str) -> None:
    core = rng.normal(size=(3, 2))
    operator, tensor = operator_of((2, 3), [(1.5, [(0, 1)], [(1, 0)], [(core, (1, 0))])])
    here = moved(operator, backend)
    np.testing.assert_allclose(here.diagonal(), np.diagonal(tensor))
    np.testing.assert_allclose(here.trace(), np.trace(tensor))
    np.testing.assert_allclose(here.dense(), tensor)


@pytest.mark.parametrize("name", STRUCTURES)
def test_each_structure_is_solved(backend: str, name: str) -> None:
    sizes, found, _ = STRUCTURES[name]
    operator, _ = operator_of(sizes, found)
    here = moved(operator, backend)
    b = np.random.default_rng(0).normal(size=(2, 3, *operator.out_shape))
    sign, value = operator.slogdet()
    for method in ("auto", "dense"):
        np.testing.assert_allclose(here.solve(b, method=method), operator.solve(b), atol=1e-9)
        np.testing.assert_allclose(here.slogdet(method), (sign, value), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        here.solve(b, method="iterative"), operator.solve(b), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("diagonal", "division by the diagonal"),
        ("identity ⊗ core", "multiple of the identity; LU of the 3×3 factor on axis 1"),
        ("blocks", "5 blocks of 3×3 one by one"),
        ("Kronecker product with its axes exchanged", "LU of the 4×4 factor on axis 0; LU of"),
        ("diagonal + low rank", "division by the diagonal, then rank 2 (Woodbury)"),
        ("commutation", "permutation of axes"),
    ],
)
def test_the_solver_is_chosen_by_structure(backend: str, name: str, text: str) -> None:
    sizes, found, _ = STRUCTURES[name]
    assert text in moved(operator_of(sizes, found)[0], backend).solver


@pytest.mark.parametrize(("text", "wrt", "shapes"), DERIVATIVES)
def test_bound_derivatives_are_those_of_numpy(
    backend: str, text: str, wrt: str, shapes: dict[str, tuple[int, ...]]
) -> None:
    values = {n: rng.uniform(0.3, 1.4, size=s) for n, s in shapes.items()}
    d = eingrad.derivative(text, *wrt.split())
    expected = d.operator(**values)
    here = d.operator(backend, **{n: maker(backend)(a) for n, a in values.items()})
    assert here.structure.replace("c · ", "") == _without_numbers(expected.structure)
    assert here.nbytes == expected.nbytes
    v = rng.normal(size=(2, *expected.in_shape))
    g = rng.normal(size=expected.out_shape)
    np.testing.assert_allclose(here @ v, expected @ v, atol=1e-10)
    np.testing.assert_allclose(g @ here, expected.rmatvec(g), atol=1e-10)
    np.testing.assert_allclose(here.dense(), expected.dense(), atol=1e-10)
    if "Cholesky" in (here.solver if expected.out_shape == expected.in_shape else ""):
        n = int(np.prod(expected.in_shape))
        M = expected.dense().reshape(n, n)
        np.testing.assert_allclose(M, M.T, atol=1e-12)
        assert np.linalg.eigvalsh(M).min() > -1e-10


def _without_numbers(sentence: str) -> str:
    """Numbers that are computed stay where they are in other libraries: c instead of 1.3021."""
    import re

    return re.sub(r"-?\d+\.\d{3,} · ", "", sentence)


RIDGE = "sum(log(1+exp(X*w))) + norm2(w)^2"


def ridge(m: int, n: int) -> dict[str, np.ndarray]:
    return {"X": rng.normal(size=(m, n)), "w": rng.normal(size=n)}


@pytest.mark.parametrize(
    ("m", "n", "text"),
    [(3, 11, "then rank 3 (Woodbury)"), (11, 4, "Cholesky of the 4×4 factor")],
)
def test_a_formula_that_is_definite_is_solved_as_such(
    backend: str, m: int, n: int, text: str
) -> None:
    d = eingrad.hessian(RIDGE, "w")
    values = ridge(m, n)
    here, there = d.operator(backend, **values), d.operator(**values)
    assert text in here.solver
    b = rng.normal(size=n)
    np.testing.assert_allclose(here.solve(b), there.solve(b), atol=1e-9)
    np.testing.assert_allclose(here.logdet(), there.logdet(), atol=1e-9)


def test_a_negative_multiple_is_not_taken_for_definite(backend: str) -> None:
    H = eingrad.hessian(RIDGE, "w").operator(backend, **ridge(9, 4))
    assert "Cholesky" in H.solver
    assert "LU" in (-H).solver
    assert "LU" in (H - 3.0 * H).solver
    assert "Cholesky" in (2 * H + H).solver
    assert "Cholesky" in H.shifted(1.0).T.solver
    assert "LU" in H.shifted(maker(backend)(np.array(0.5))).solver
    assert "Cholesky" in H.shifted(maker(backend)(np.array(0.5))).assume("spd").solver
    b = rng.normal(size=4)
    np.testing.assert_allclose((-H).solve(b), -np.asarray(H.solve(b)), atol=1e-10)


def test_conjugate_gradients_say_whether_they_need_the_normal_equations(backend: str) -> None:
    M = rng.normal(size=(6, 6))
    M = M @ M.T + 2 * np.eye(6) + np.triu(rng.normal(size=(6, 6)), 1) * 0.3
    T = M.reshape(2, 3, 2, 3)
    operator, _ = operator_of(
        (2, 3, 2, 3), [(1.0, [(0,), (1,)], [(2,), (3,)], [(T, (0, 1, 2, 3))])]
    )
    here = moved(operator, backend)
    b = rng.normal(size=(5, 2, 3))
    x = here.solve(b, method="iterative")
    np.testing.assert_allclose(np.asarray(x).reshape(5, 6), np.linalg.solve(M, b.reshape(5, 6).T).T)
    normal = (here.T @ here).assume("spd")
    y = normal.solve(b, method="iterative", rtol=1e-12)
    expected = np.linalg.solve(M.T @ M, b.reshape(5, 6).T).T
    np.testing.assert_allclose(np.asarray(y).reshape(5, 6), expected, rtol=1e-5)
    from eingrad.operators.frameworks.choose import choose

    for one, text in ((here, "conjugate gradients on the normal equations"), (normal, "conjugate")):
        solver = choose(one._align(), one._xp, one._definite, "iterative", None, 1e-10)
        assert solver.text.startswith(text)


def test_what_does_not_converge_is_nan(backend: str) -> None:
    singular = np.outer([1.0, 2.0, 4.0], [1.0, 2.0, 4.0])
    operator, _ = operator_of((3, 3), [(1.0, [(0,)], [(1,)], [(singular, (0, 1))])])
    x = moved(operator, backend).solve([[1.0, 2.0, 4.0], [1.0, 0.0, 0.0]], method="iterative")
    assert np.isfinite(np.asarray(x)[0]).all()
    assert np.isnan(np.asarray(x)[1]).all()


@pytest.mark.parametrize("method", ["auto", "dense", "iterative"])
@pytest.mark.parametrize(("m", "n"), [(3, 8), (9, 4)])
def test_gradients_flow_through_solutions(backend: str, method: str, m: int, n: int) -> None:
    values = ridge(m, n)
    d = eingrad.hessian(RIDGE, "w")
    b = rng.normal(size=(2, n))
    xp = {"jax": "jax.numpy"}.get(backend, backend)
    reduce = getattr(sys.modules[xp], "reduce_sum" if backend == "tensorflow" else "sum")

    right = maker(backend)(b)

    def value(X: Any) -> Any:
        H = d.operator(backend, X=X, w=values["w"])
        return reduce(H.solve(right, method=method) * right) + reduce(H @ right)

    def by_numpy(X: np.ndarray) -> float:
        H = d.operator(X=X, w=values["w"])
        return float((H.solve(b) * b).sum() + (H @ b).sum())

    X = values["X"]
    found = gradient(backend, value, X)
    h = 1e-5
    for place in ((0, 1), (m - 1, n - 1)):
        E = np.zeros((m, n))
        E[place] = h
        slope = (by_numpy(X + E) - by_numpy(X - E)) / (2 * h)
        np.testing.assert_allclose(found[place], slope, rtol=1e-5, atol=1e-7)


def test_gradients_flow_through_determinants(backend: str) -> None:
    values = ridge(9, 4)
    d = eingrad.hessian(RIDGE, "w")
    found = gradient(
        backend, lambda X: d.operator(backend, X=X, w=values["w"]).logdet(), values["X"]
    )
    E = np.zeros((9, 4))
    E[2, 3] = 1e-5
    up, down = (d.operator(X=values["X"] + s * E, w=values["w"]).logdet() for s in (1, -1))
    np.testing.assert_allclose(found[2, 3], (up - down) / 2e-5, rtol=1e-5)


def test_types_are_kept(backend: str) -> None:
    V = maker(backend)(rng.normal(size=(3, 2)).astype(np.float32))
    H = eingrad.hessian("norm2(T - U*V')^2", "U").operator(backend, V=V, m=5)
    b = maker(backend)(rng.normal(size=(5, 2)).astype(np.float32))
    whole = H @ np.ones((5, 2), int)
    for result in (whole, H @ b, H.solve(b), H.diagonal(), H.dense(), H.trace(), H.logdet()):
        assert result.dtype == V.dtype


# Bad input --------------------------------------------------------------------------------------


def test_shapes_are_reported_with_the_variable(backend: str) -> None:
    d = eingrad.derivative("A*B", "A")
    ones = maker(backend)(np.ones((4, 3)))
    with pytest.raises(ShapeError, match="B must have shape n×p = 5×3; given is 4×3"):
        d.operator(backend, B=ones, A=maker(backend)(np.ones((2, 5))))
    J = d.operator(backend, B=ones, m=2)
    with pytest.raises(ShapeError, match="the direction has shape 4×2; expected is 2×4"):
        J.matvec(maker(backend)(np.ones((4, 2))))
    with pytest.raises(ShapeError, match="as many equations"):
        J.solve(maker(backend)(np.ones((2, 3))))
    with pytest.raises(SizeLimitError, match="384 bytes"):
        J.dense(limit=100)
    with pytest.raises(InputError, match="no method"):
        (J.T @ J).solve(np.ones((2, 4)), method="qr")
    with pytest.raises(InputError, match="only spd"):
        J.assume("orthogonal")


def test_types_that_a_library_does_not_mix_are_an_error(backend: str) -> None:
    B = maker(backend)(np.ones((4, 3)))
    J = eingrad.derivative("A*B", "A").operator(backend, B=B, m=2)
    v = maker(backend)(np.ones((2, 4), np.float32))
    if backend == "jax":
        assert (J @ v).dtype == np.float64
        return
    with pytest.raises(UnsupportedError, match=f"float32.*float64.*{backend} does not mix"):
        J @ v
    with pytest.raises(UnsupportedError, match="complex"):
        J @ np.ones((2, 4), complex)


def test_other_libraries_are_refused_by_name(backend: str) -> None:
    d = eingrad.derivative("A*B", "A")
    B = np.ones((4, 3))
    J = d.operator(backend, B=B, m=2)
    other = "torch" if backend != "torch" else "jax"
    foreign = maker(other)(np.ones((2, 4)))
    with pytest.raises(UnsupportedError, match=f"arrays of {backend} are expected"):
        J @ foreign
    with pytest.raises(UnsupportedError, match=f"arrays of {backend} are expected"):
        d.operator(backend, B=maker(other)(B), m=2)
    for one, two in ((J, d.operator(B=B, m=2)), (d.operator(B=B, m=2), J)):
        with pytest.raises(UnsupportedError, match="bind both with one backend"):
            one + two
        with pytest.raises(UnsupportedError, match="bind both with one backend"):
            one @ two.T
    with pytest.raises(UnsupportedError, match="NumPy arrays"):
        J.to_scipy()
    with pytest.raises(UnsupportedError, match="NumPy arrays"):
        J.to_sparse()
    with pytest.raises(InputError, match="a size is an integer"):
        d.operator(backend, B=B, m=maker(backend)(np.array(2)))


def test_structure_that_is_singular_is_said(backend: str) -> None:
    V = maker(backend)(np.ones((2, 5)))  # VᵀV has rank 2
    H = eingrad.hessian("norm2(T - U*V')^2", "U").operator(backend, V=V, m=3)
    with pytest.raises(SingularError, match="rank is at most 2"):
        H.solve(np.ones((3, 5)))
    sign, value = H.slogdet()
    assert float(sign) == 0
    assert float(value) == -np.inf


@pytest.mark.parametrize("name", BACKENDS)
def test_a_library_that_is_not_installed_is_named_with_its_extra(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    d = eingrad.derivative(f"A*B_{name}", "A")
    with pytest.raises(UnsupportedError, match=rf'pip install "eingrad\[{name}\]"'):
        d.operator(name, m=2)


def test_an_unknown_backend_is_an_error() -> None:
    with pytest.raises(UnsupportedError, match="there are numpy, jax, torch, tensorflow"):
        eingrad.derivative("A*B", "A").operator("mxnet", m=2)
