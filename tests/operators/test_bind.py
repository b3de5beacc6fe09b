"""Derivatives bound to numbers are the tensors that the reference evaluator gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.errors import InputError, NameError_, ShapeError, UnsupportedError
from eingrad.verify.binding import bind_sizes
from eingrad.verify.reference import evaluate

# expression, variables to differentiate by, shapes of the values
CASES: list[tuple[str, str, dict[str, tuple[int, ...]]]] = [
    ("A*B", "A", {"A": (3, 4), "B": (4, 5)}),
    ("A*B", "B", {"A": (3, 4), "B": (4, 5)}),
    ("x'*A*x", "x", {"A": (5, 5), "x": (5,)}),
    ("norm2(T-U*V')^2", "U U", {"T": (4, 3), "U": (4, 2), "V": (3, 2)}),
    ("norm2(T-U*V')^2", "U V", {"T": (4, 3), "U": (4, 2), "V": (3, 2)}),
    ("norm2(M.*(T-U*V'))^2", "U U", {"M": (4, 3), "T": (4, 3), "U": (4, 2), "V": (3, 2)}),
    ("sum(exp(A*x))", "x x", {"A": (9, 4), "x": (4,)}),
    ("sum(exp(A*x))", "x x", {"A": (2, 9), "x": (9,)}),
    ("sum(log(exp(-y.*(X*w))+1))", "w w", {"X": (3, 11), "w": (11,), "y": (3,)}),
    ("inv(X)", "X", {"X": (4, 4)}),
    ("inv(X)", "X X", {"X": (3, 3)}),
    ("logdet(X)", "X X", {"X": (3, 3)}),
    ("tr(X'*A*X)", "X X", {"A": (3, 3), "X": (3, 4)}),
    ("softmax(x)", "x", {"x": (5,)}),
    ("logsumexp(x)", "x x", {"x": (5,)}),
    ("exp(A*B)", "B", {"A": (3, 4), "B": (4, 5)}),
    ("tanh(A.*B)", "A", {"A": (3, 4), "B": (3, 4)}),
    ("diag(x)", "x", {"x": (6,)}),
    ("vec(A)", "A", {"A": (3, 4)}),
    ("kron(A, B)", "A", {"A": (3, 4), "B": (2, 5)}),
    ("kron(A, B)", "B", {"A": (3, 4), "B": (2, 5)}),
    ("kron(A, B)", "B", {"A": (1, 1), "B": (3, 2)}),
    ("A*X + X*B", "X", {"A": (4, 4), "X": (4, 3), "B": (3, 3)}),
    ("norm2(A*X*B - C)^2", "X X", {"A": (5, 4), "X": (4, 3), "B": (3, 2), "C": (5, 2)}),
    ("reshape(x, 2, 3)", "x", {"x": (6,)}),
    ("sum(x)*x", "x", {"x": (5,)}),
    ("cumsum(x)", "x", {"x": (6,)}),
    ("tril(A, -1)", "A", {"A": (4, 5)}),
    ("triu(A, 1)*B", "A", {"A": (4, 5), "B": (5, 2)}),
    ("x[1:4]", "x", {"x": (6,)}),
    ("x[::-1]", "x", {"x": (6,)}),
    ("[x; y]", "y", {"x": (2,), "y": (3,)}),
    ("cumsum(x[1:4].*y)", "x", {"x": (6,), "y": (3,)}),
    ("conv1d(x, w)", "x", {"x": (9,), "w": (4,)}),
    ("conv1d(x, w)", "w", {"x": (9,), "w": (4,)}),
    ("sum(conv1d(x, w).^2)", "x x", {"x": (9,), "w": (4,)}),
    ("exp(x[[0, 2, 2, 1]])", "x", {"x": (5,)}),
    ("norm2(x)", "x x", {"x": (5,)}),
    ("sum(x)", "x x", {"x": (5,)}),
    ('einsum("ijk,j,k->i", T, x, x)', "x", {"T": (2, 3, 3), "x": (3,)}),
    ('einsum("ijk,j,k->i", T, x, x)', "x x", {"T": (2, 3, 3), "x": (3,)}),
    ("c*A", "A", {"c": (), "A": (2, 3)}),
    ("sin(c)*A", "c", {"c": (), "A": (2, 3)}),
]


def bound(text: str, wrt: str, shapes: dict[str, tuple[int, ...]]) -> Any:
    rng = np.random.default_rng(3)
    declared = (
        {n: " ".join(map(str, s)) for n, s in shapes.items()}
        if "reshape" in text or "[[" in text
        else {}
    )
    derivative = eingrad.derivative(eingrad.parse(text, **declared), *wrt.split())
    values = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    sizes = bind_sizes(derivative.variables, values)
    tensor = np.asarray(evaluate(derivative.node, values, sizes))
    return derivative, values, tensor


@pytest.mark.parametrize(("text", "wrt", "shapes"), CASES, ids=[f"{t} by {w}" for t, w, _ in CASES])
def test_operators_are_the_derivative(text: str, wrt: str, shapes: Any) -> None:
    derivative, values, tensor = bound(text, wrt, shapes)
    operator = derivative.operator(**values)
    np.testing.assert_allclose(operator.dense(), tensor, rtol=1e-9, atol=1e-10)
    assert operator.in_shape == shapes[wrt.split()[-1]]
    rng = np.random.default_rng(4)
    v, g = rng.normal(size=(2, *operator.in_shape)), rng.normal(size=(2, *operator.out_shape))
    M = tensor.reshape(int(np.prod(operator.out_shape, dtype=int)), -1)
    np.testing.assert_allclose((operator @ v).reshape(2, -1), v.reshape(2, -1) @ M.T, atol=1e-9)
    np.testing.assert_allclose(operator.rmatvec(g).reshape(2, -1), g.reshape(2, -1) @ M, atol=1e-9)
    np.testing.assert_allclose(operator.to_sparse().toarray(), M, atol=1e-10)
    if operator.in_shape == operator.out_shape:
        np.testing.assert_allclose(operator.diagonal().reshape(-1), np.diagonal(M), atol=1e-9)
        np.testing.assert_allclose(operator.trace(), np.trace(M), atol=1e-9)
        shift = 1 + np.abs(M).sum(1).max()
        solved = operator.shifted(shift).solve(v)
        np.testing.assert_allclose(
            solved.reshape(2, -1) @ M.T + shift * solved.reshape(2, -1), v.reshape(2, -1), atol=1e-8
        )


def test_equal_expressions_hold_equally_many_numbers() -> None:
    A, X = np.random.default_rng(0).normal(size=(2, 4, 4))
    texts = ["tr(X'*A*X)", "sum(X.*(A*X))", 'einsum("ij,ik,kj->", X, A, X)']
    operators = [eingrad.hessian(t, "X").operator(A=A, X=X) for t in texts]
    assert {o.nbytes for o in operators} == {4 * 4 * 8}
    for o in operators[1:]:
        np.testing.assert_allclose(o.dense(), operators[0].dense())


def test_wide_data_is_kept_as_factors_and_tall_data_as_one_core() -> None:
    derivative = eingrad.hessian("sum(log(exp(-y.*(X*w))+1))", "w")
    rng = np.random.default_rng(0)

    def of(rows: int, columns: int) -> Any:
        X, w, y = rng.normal(size=(rows, columns)), rng.normal(size=columns), np.ones(rows)
        return derivative.operator(X=X, w=w, y=y)

    wide, tall = of(3, 50), of(50, 3)
    assert wide.nbytes == (3 * 50 + 3) * 8
    assert tall.nbytes == 9 * 8
    damped = wide.shifted(0.1)
    v = rng.normal(size=50)
    np.testing.assert_allclose(damped.solve(damped @ v), v, atol=1e-9)
    assert "rank 3 (Woodbury)" in damped.solver


def test_only_what_the_cores_need_is_asked_for() -> None:
    derivative = eingrad.hessian("norm2(T-U*V')^2", "U")
    V = np.arange(6.0).reshape(3, 2)
    by_value = derivative.operator(U=np.zeros((4, 2)), V=V)
    by_size = derivative.operator(V=V, m=4)
    assert by_value.shape == by_size.shape == (4, 2, 4, 2)
    with pytest.raises(NameError_, match="value for V") as error:
        derivative.operator(U=np.zeros((4, 2)))
    assert "n×p" in str(error.value)
    with pytest.raises(NameError_, match="size m is not known") as error:
        derivative.operator(V=V)
    assert "T or U or m=" in str(error.value)


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"V": np.ones((3, 5))}, ShapeError, "V must have shape n×p = "),
    ({"T": np.ones((4, 9))}, ShapeError, "given is"),
    ({"U": np.ones(4)}, ShapeError, "U must have shape m×p"),
    ({"Q": np.ones(4)}, NameError_, "no variable called 'Q'"),
    ({"V": np.ones((3, 2), complex)}, UnsupportedError, "V is complex"),
    ({"V": np.full((3, 2), "a")}, UnsupportedError, "V is of type"),
    ({"m": 4.5}, InputError, "m is a size"),
    ({"m": -1}, InputError, "m is a size"),
    ({"m": 7}, ShapeError, "U must have shape"),
]


@pytest.mark.parametrize(("changed", "kind", "message"), BAD)
def test_bad_values_are_refused_by_name(changed: Any, kind: Any, message: str) -> None:
    derivative = eingrad.hessian("norm2(T-U*V')^2", "U")
    good = {"U": np.ones((4, 2)), "V": np.ones((3, 2))}
    for _ in range(2):  # what has been bound before must not hide it
        with pytest.raises(kind, match=message):
            derivative.operator(**{**good, **changed})
        derivative.operator(**good)


def test_sizes_that_are_numpy_integers_are_told_apart() -> None:
    derivative = eingrad.hessian("norm2(T-U*V')^2", "U")
    V = np.ones((3, 2))
    shapes = [derivative.operator(V=V, m=np.int64(m)).in_shape for m in (4, 6, 4)]
    assert shapes == [(4, 2), (6, 2), (4, 2)]


def test_kinds_of_numbers() -> None:
    derivative = eingrad.derivative("A*B", "A")
    A, B = np.ones((2, 3)), np.arange(12).reshape(3, 4)
    assert derivative.operator(A=A, B=B).dtype == np.float64
    assert derivative.operator(A=A, B=B.tolist()).dtype == np.float64
    small = derivative.operator(A=A, B=B.astype(np.float32))
    assert small.dtype == np.float32
    assert small.dense().dtype == np.float32
    direction = np.ones((2, 3))
    with pytest.raises(UnsupportedError, match="complex"):
        small.matvec(direction * 1j)
    assert small.matvec(direction.astype(int)).dtype == np.float64
    with pytest.raises(ShapeError, match="expected is 2×3"):
        small.matvec(np.ones((3, 2)))


def test_only_linear_maps_are_bound() -> None:
    with pytest.raises(UnsupportedError, match="contracted"):
        eingrad.hessian_diagonal("sum(exp(A*x))", "x").operator(A=np.ones((2, 3)), x=np.ones(3))
    with pytest.raises(UnsupportedError, match="abacus"):
        eingrad.gradient("x'*x", "x").operator("abacus", x=np.ones(3))


def test_zero_derivatives_are_zero_operators() -> None:
    operator = eingrad.derivative("x'*y", "x", "x").operator(x=np.ones(3))
    assert operator.terms == ()
    assert not operator.dense().any()
    assert operator.dense().shape == (3, 3)


def test_binding_again_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    derivative = eingrad.hessian("norm2(T-U*V')^2", "U")
    first = derivative.operator(U=np.ones((4, 2)), V=np.ones((3, 2)))
    monkeypatch.setattr("eingrad.operators.bind.generate", None)
    again = derivative.operator(U=np.ones((9, 5)), V=2 * np.ones((7, 5)))
    assert first.trace() == 2 * 4 * 2 * 3
    assert again.trace() == 2 * 9 * 5 * 7 * 4


def test_the_hessian_of_a_deep_network_keeps_its_factors() -> None:
    rng = np.random.default_rng(0)
    n, depth = 6, 4
    text = "x"
    for k in range(depth):
        text = f"relu(W{k}*({text}))"
    shapes = {f"W{k}": "6 6" for k in range(depth)} | {"x": "6", "t": "6"}
    loss = eingrad.parse(f"logsumexp({text}) - t'*({text})", **shapes)
    derivative = eingrad.hessian(loss, "W0")
    values = {name: rng.normal(size=[n] * len(s.split())) for name, s in shapes.items()}
    values["x"] = np.abs(values["x"])
    operator = derivative.operator(**values)
    np.testing.assert_allclose(operator.dense(), evaluate(derivative.node, values), atol=1e-9)
    assert operator.nbytes < n**3 * 8


def test_rows_of_different_lengths_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="B is no array"):
        eingrad.derivative("A*B", "A").operator(B=[[1.0, 2.0], [3.0]], m=2)


def test_a_size_beyond_all_arrays_is_too_large() -> None:
    with pytest.raises(InputError, match=r"m is a size: 10+ is too large"):
        eingrad.derivative("A*B", "A").operator(B=np.ones((3, 2)), m=10**30)


@pytest.mark.parametrize(
    "places, message",
    [
        ([0, 7], "i: index 7 is out of bounds"),
        ([0, 0.5], "i holds places: whole numbers are expected"),
        ([0, np.nan], "i holds places: whole numbers are expected"),
    ],
)
def test_places_are_whole_numbers_inside_the_axis(places: Any, message: str) -> None:
    gather = eingrad.derivative(eingrad.parse("gather(x, i)", i="k integer"), "x")
    right = gather.operator(i=np.array([2.0, 0.0]), n=3)  # a plan for these shapes is there now
    np.testing.assert_array_equal(right.dense(), np.eye(3)[[2, 0]])
    with pytest.raises(InputError, match=message):
        gather.operator(i=np.asarray(places), n=3)
