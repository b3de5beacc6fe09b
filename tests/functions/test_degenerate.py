"""Equal eigenvalues and singular values: an error where a derivative divides by their difference,
the exact derivative where it does not."""

from __future__ import annotations

import re

import numpy as np
import pytest

import eingrad
from eingrad.functions import gaps
from eingrad.ir.record import REGISTRY
from eingrad.verify.reference import evaluate

RNG = np.random.default_rng(7)


def orthogonal(rows: int, columns: int | None = None) -> np.ndarray:
    return np.linalg.qr(RNG.normal(size=(rows, columns or rows)))[0]


def with_eigenvalues(*values: float) -> np.ndarray:
    q = orthogonal(len(values))
    return q * values @ q.T


def with_singular_values(rows: int, *values: float) -> np.ndarray:
    return orthogonal(rows, len(values)) * values @ orthogonal(len(values)).T


ROUTES = {
    "reference": lambda d, **v: evaluate(d.node, v),
    "numpy": lambda d, **v: d.function("numpy")(**v),
    "operator": lambda d, **v: d.operator(**v).dense(),
}
BY_ROUTE = pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)

# What is differentiated, how often, where, which two values the error names, and what it offers.
REFUSED = [
    ("eigvecsh(A)", "n n", 1, np.diag([2.0, 5.0, 2.0]), ("0 and 1", "2.0 and 2.0"), "tr(expm(A))"),
    ("eigvecsh(A)", "n n", 1, np.zeros((3, 3)), ("0 and 1", "0.0 and 0.0"), "tr("),
    ("eigvecsh(A)", "n n", 1, with_eigenvalues(1, 3, 7, 7), ("2 and 3", "7.0|6.9"), "tr("),
    ("eigvecsh(A)*v", "n n", 1, np.diag([4.0, 1.0, 4.0]), ("1 and 2", "4.0 and 4.0"), "tr("),
    ("eigvalsh(A)", "n n", 2, np.eye(3), ("0 and 1", "1.0 and 1.0"), "tr("),
    ("sum(exp(eigvalsh(A)))", "n n", 2, np.eye(3), ("0 and 1", "1.0 and 1.0"), "tr(expm(A))"),
    ("left_singular(A)", "4 3", 1, 2 * np.eye(4, 3), ("0 and 1", "2.0 and 2.0"), "tr(X'*X)"),
    ("right_singular(A)", "3 4", 1, with_singular_values(4, 5, 3, 3).T, ("1 and 2", "3.0|2.9"),
     "tr("),
    ("left_singular(A)", "4 3", 1, np.diag([5.0, 3, 0, 0])[:, :3], ("2 is 0", "0.0"), "rank"),
]  # fmt: skip


@BY_ROUTE
@pytest.mark.parametrize(("text", "shape", "order", "at", "named", "offered"), REFUSED)
def test_what_divides_by_the_difference_of_equal_values_is_an_error(
    text, shape, order, at, named, offered, route
):
    declared = {"A": shape, "v": "n"} if "v" in text.replace("eigv", "") else {"A": shape}
    d = eingrad.derivative(eingrad.parse(text, **declared), *["A"] * order)
    values = {"A": at, **({"v": np.ones(len(at))} if "v" in declared else {})}
    with pytest.raises(np.linalg.LinAlgError) as error:
        route(d, **values)
    message = str(error.value)
    places, numbers = named
    function = "eigvecsh" if "eig" in text else "left_singular"
    assert function in message and places in message and offered in message
    assert re.search(numbers.replace(".", r"\."), message), message


@pytest.mark.parametrize("size", [2, 3, 8, 40])
def test_equal_to_rounding_is_equal(size):
    """The two computed values of a double one are never quite the same."""
    d = eingrad.derivative("eigvecsh(A)*v", "A")
    function = d.function()
    for _ in range(20):
        a = with_eigenvalues(-3.0, -3.0, *range(1, size - 1))
        with pytest.raises(np.linalg.LinAlgError, match="eigenvalues 0 and 1 are equal"):
            function(A=a, v=np.ones(size))


@BY_ROUTE
def test_close_values_are_not_equal(route):
    """A gap of 1e-9 is a thousand times what rounding does, and has a derivative."""
    v = np.array([1.0, 2.0, -1.0])
    d = eingrad.derivative("eigvecsh(A)*v", "A")
    found = route(d, A=np.diag([1.0, 1.0 + 1e-9, 4.0]), v=v)
    # dV = V (F ∘ dA) with V = I: the column of the second eigenvector moves along the first.
    np.testing.assert_allclose(found[0, 0, 1] + found[0, 1, 0], v[1] / 1e-9, rtol=1e-6)


def test_small_singular_values_are_told_apart_by_themselves_not_by_their_squares():
    """1e-9 and 2e-9 beside 1: the difference of their squares is below the rounding of 1."""
    s = np.array([1.0, 2e-9, 1e-9])
    for found in (gaps.inverse_square_gaps(s), in_code("inverse_square_gaps", s)):
        np.testing.assert_allclose(found[1, 2], 1 / 3e-18, rtol=1e-12)


def in_code(name: str, values: np.ndarray, backend: str = "numpy") -> np.ndarray:
    """What the helper of a record gives in generated code."""
    namespace: dict[str, object] = {"np": np}
    if backend == "jax":
        namespace["jnp"] = pytest.importorskip("jax.numpy")
    exec(REGISTRY[name].helpers[backend], namespace)
    return namespace[f"_{name}"](values)


PAIRS = ["inverse_gaps", "inverse_square_gaps"]


@pytest.mark.parametrize("name", [*PAIRS, "inverse_singular_values"])
def test_what_is_not_finite_passes_through(name):
    for values in ([1.0, np.nan, 1.0], [3.0, np.inf, 2.0], [np.inf, np.inf, 1.0]):
        s = np.array(values)
        with np.errstate(all="ignore"):
            found, reference = in_code(name, s), getattr(gaps, name)(s)
        np.testing.assert_array_equal(found, reference)
        if np.isnan(s).any():
            assert np.isnan(found).any()


@pytest.mark.parametrize("name", [*PAIRS, "inverse_singular_values"])
def test_code_and_reference_say_the_same(name):
    s = np.array([[4.0, 2.0, 1.0], [3.0, 0.0, 0.0]])
    with pytest.raises(np.linalg.LinAlgError) as by_code:
        in_code(name, s)
    with pytest.raises(np.linalg.LinAlgError) as by_reference:
        getattr(gaps, name)(s)
    assert str(by_code.value) == str(by_reference.value)
    np.testing.assert_allclose(in_code(name, s[0]), getattr(gaps, name)(s[0]))
    assert in_code(name, s[:, :0]).shape == (2, 0, 0)[: 3 if name in PAIRS else 2]


@pytest.mark.parametrize("name", PAIRS)
def test_compiled_code_has_nan_at_the_pair_and_nowhere_else(name):
    found = np.asarray(in_code(name, np.array([5.0, 2.0, 2.0]), "jax"))
    assert np.isnan(found[[1, 2], [2, 1]]).all() and np.isnan(found).sum() == 2


# Functions that are symmetric in the values, with their gradients at any X by other means.
SYMMETRIC = [
    ("sum(eigvalsh(X))", with_eigenvalues(2, 2, 5), lambda a: np.eye(3)),
    ("sum(eigvalsh(X) .^ 3)", with_eigenvalues(2, 2, 5), lambda a: 3 * a @ a),
    ("prod(eigvalsh(X))", with_eigenvalues(2, 2, 5), lambda a: 20 * np.linalg.inv(a)),
    ("sum(svdvals(X) .^ 2)", with_singular_values(4, 3, 3, 1), lambda a: 2 * a),
    ("nuclear_norm(X)", 3 * (q := orthogonal(4, 3)), lambda a: q),
]


@BY_ROUTE
@pytest.mark.parametrize(("text", "at", "gradient"), SYMMETRIC)
def test_symmetric_functions_are_exact_at_equal_values(text, at, gradient, route):
    sizes = " ".join(map(str, at.shape))
    d = eingrad.gradient(eingrad.parse(text, X=sizes), "X")
    found = evaluate(d.node, {"X": at}) if route is ROUTES["operator"] else route(d, X=at)
    np.testing.assert_allclose(found, gradient(at), atol=1e-12)


@pytest.mark.parametrize(
    ("text", "at"),
    [("eigvalsh(X)", with_eigenvalues(3, 3, 8)), ("svdvals(X)", with_singular_values(4, 6, 6, 1))],
)
def test_a_single_one_of_equal_values_has_the_limit_of_derivatives_nearby(text, at):
    """Along the directions that the vectors found by the decomposition tell apart."""
    d = eingrad.derivative(eingrad.parse(text, X="3 3" if "eig" in text else "4 3"), "X")
    u, _, vh = np.linalg.svd(at, full_matrices=False)
    if "eig" in text:
        u = np.linalg.eigh((at + at.T) / 2)[1]
        vh = u.T
    apart = u * (np.arange(3.0) if "eig" in text else np.arange(3.0)[::-1]) @ vh
    function = d.function()
    np.testing.assert_allclose(function(X=at + 1e-5 * apart), function(X=at), atol=1e-9)


def test_nothing_is_compared_where_values_are_always_equal():
    """x xᵀ has the eigenvalue 0 twice at every x: there is no point to check at."""
    report = eingrad.derivative(eingrad.parse("eigvecsh(x*x')*v", x="3", v="3"), "x").check()
    assert not report.compared and not report.ok


def test_a_square_matrix_may_have_one_singular_value_zero():
    """Its singular vectors are determined up to their signs."""
    at = with_singular_values(3, 5, 2, 1) @ np.diag([1.0, 1.0, 0.0]) @ orthogonal(3)
    d = eingrad.derivative(eingrad.parse("left_singular(X)", X="3 3"), "X")
    found, step = d.function()(X=at), 1e-6
    move = RNG.normal(size=(3, 3))
    u = eingrad.parse("left_singular(X)", X="3 3").node
    slope = (evaluate(u, {"X": at + step * move}) - evaluate(u, {"X": at - step * move})) / 2 / step
    by_rule = evaluate(d.node, {"X": at})
    np.testing.assert_allclose(np.tensordot(by_rule, move, 2), slope, atol=1e-6)
    np.testing.assert_allclose(abs(found), abs(by_rule), atol=1e-9)


def test_the_rule_of_square_gaps_holds_for_values_of_either_sign():
    """Singular values are not negative; the function and its rule are right for any values whose
    squares differ."""
    s = np.array([3.0, -1.7, 0.6, -4.4])
    y = eingrad.parse("inverse_square_gaps(s)", s="4")
    first, second = eingrad.derivative(y, "s"), eingrad.derivative(y, "s", "s")

    def slopes(of, step=1e-5):
        return np.stack([(of(s + e) - of(s - e)) / (2 * step) for e in step * np.eye(4)], -1)

    found = evaluate(first.node, {"s": s})
    np.testing.assert_allclose(found, slopes(gaps.inverse_square_gaps), atol=1e-8)
    slope = slopes(lambda at: evaluate(first.node, {"s": at}))
    np.testing.assert_allclose(evaluate(second.node, {"s": s}), slope, atol=1e-8)
    np.testing.assert_allclose(second.function()(s=s), slope, atol=1e-8)
