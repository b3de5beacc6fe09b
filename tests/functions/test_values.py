"""Reference values against an independent source, and the emitted code against the reference."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special

from eingrad.ir.record import REGISTRY, Record
from tests.functions.walk import all_records, close, operands, parameters, shapes


def by_entry(function: Callable[..., Any]) -> Callable[..., Any]:
    return np.vectorize(function, otypes=[float])


def laplace(a: np.ndarray) -> float:
    """The determinant by expansion along the first row."""
    if not len(a):
        return 1.0
    rest = [np.delete(a[1:], k, axis=1) for k in range(len(a))]
    return sum((-1) ** k * a[0, k] * laplace(r) for k, r in enumerate(rest))


def adjugate(a: np.ndarray) -> np.ndarray:
    n = len(a)
    result = np.empty((n, n))
    for i, j in np.ndindex(n, n):
        minor = np.delete(np.delete(a, i, axis=0), j, axis=1)
        result[j, i] = (-1) ** (i + j) * laplace(minor)
    return result


def cofactors(a: np.ndarray, order: int) -> np.ndarray:
    """Coefficients of det by inclusion and exclusion: the determinant is affine in each entry."""
    n = len(a)
    result = np.zeros((n, n) * order)
    for place in np.ndindex(result.shape):
        entries = [(place[2 * k], place[2 * k + 1]) for k in range(order)]
        total = 0.0
        for chosen in np.ndindex(*(2,) * order):
            moved = a.copy()
            for entry, on in zip(entries, chosen, strict=True):
                moved[entry] += on
            total += (-1) ** (order - sum(chosen)) * laplace(moved)
        result[place] = total if len(set(entries)) == order else 0.0
    return result


def leave_out(x: np.ndarray, order: int) -> np.ndarray:
    n = len(x)
    result = np.zeros((n,) * order)
    for place in np.ndindex(result.shape):
        if len(set(place)) == order:
            result[place] = np.prod([x[k] for k in range(n) if k not in place])
    return result


def expm_slice(a: np.ndarray, order: int) -> np.ndarray:
    """∫ e^{tA} ⊗ e^{(1−t)A} dt by Gauss–Legendre quadrature."""
    assert order == 1
    nodes, weights = np.polynomial.legendre.leggauss(40)
    total = np.zeros(a.shape * 2)
    for t, w in zip((nodes + 1) / 2, weights / 2, strict=True):
        left, right = scipy.linalg.expm(t * a), scipy.linalg.expm((1 - t) * a)
        total += w * np.multiply.outer(left, right)
    return total


def gram_eigenvalues(a: np.ndarray) -> np.ndarray:
    return np.sqrt(
        np.sort(np.linalg.eigvals(a.T @ a if len(a) >= a.shape[1] else a @ a.T).real)[::-1]
    )


def symmetric(a: np.ndarray) -> np.ndarray:
    return (a + a.T) / 2


def roots(a: np.ndarray) -> np.ndarray:
    """Eigenvalues of the symmetric part as roots of the characteristic polynomial."""
    return np.sort(np.roots(np.poly(symmetric(a))).real)


def cholesky(a: np.ndarray) -> np.ndarray:
    """Row by row, as it is taught."""
    a, result = symmetric(a), np.zeros_like(a)
    for i in range(len(a)):
        for j in range(i + 1):
            rest = a[i, j] - result[i, :j] @ result[j, :j]
            result[i, j] = np.sqrt(rest) if i == j else rest / result[j, j]
    return result


def sigmoid(x: float) -> float:
    return 1 / (1 + np.exp(-x))


INDEPENDENT: dict[str, Callable[..., Any]] = {
    "pi": lambda: 4 * np.arctan(1.0),
    "exp": lambda x: np.e**x,
    "log": lambda x: np.log2(x) * np.log(2.0),
    "log1p": lambda x: np.log(1 + x),
    "expm1": lambda x: np.exp(x) - 1,
    "abs": lambda x: np.sqrt(x * x),
    "sign": lambda x: x / np.sqrt(x * x),
    "floor": by_entry(lambda x: int(x) - (x < int(x))),
    "ceil": by_entry(lambda x: int(x) + (x > int(x))),
    "power": by_entry(lambda x, exponent: x ** (exponent.numerator / exponent.denominator)),
    "pow": lambda x, p: np.exp(p * np.log(x)),
    "arctan2": lambda y, x: np.angle(x + 1j * y),
    "sin": lambda x: np.exp(1j * x).imag,
    "cos": lambda x: np.exp(1j * x).real,
    "tan": lambda x: np.exp(1j * x).imag / np.exp(1j * x).real,
    "arcsin": lambda x: np.arctan2(x, np.sqrt(1 - x * x)),
    "arccos": lambda x: np.arctan2(np.sqrt(1 - x * x), x),
    "arctan": lambda x: np.arctan2(x, np.ones_like(x)),
    "sinh": lambda x: (np.exp(x) - np.exp(-x)) / 2,
    "cosh": lambda x: (np.exp(x) + np.exp(-x)) / 2,
    "tanh": lambda x: 1 - 2 / (np.exp(2 * x) + 1),
    "arcsinh": lambda x: np.log(x + np.sqrt(x * x + 1)),
    "arccosh": lambda x: np.log(x + np.sqrt(x * x - 1)),
    "arctanh": lambda x: np.log((1 + x) / (1 - x)) / 2,
    "erf": scipy.special.erf,
    "erfc": scipy.special.erfc,
    "lgamma": scipy.special.gammaln,
    "digamma": scipy.special.digamma,
    "polygamma": lambda x, order: scipy.special.polygamma(order, x),
    "sigmoid": scipy.special.expit,
    "log_sigmoid": scipy.special.log_expit,
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "step": by_entry(lambda x: 1.0 if x > 0 else 0.0),
    "relu": by_entry(lambda x: x if x > 0 else 0.0),
    "leaky_relu": by_entry(lambda x, slope: x if x > 0 else float(slope) * x),
    "huber": by_entry(
        lambda x, delta: x * x / 2 if abs(x) <= delta else float(delta * (abs(x) - delta / 2))
    ),
    "elu": by_entry(lambda x, alpha: x if x > 0 else float(alpha) * (np.exp(x) - 1)),
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "silu": lambda x: x * sigmoid(x),
    "greater": by_entry(lambda a, b: a > b),
    "greater_equal": by_entry(lambda a, b: a >= b),
    "less": by_entry(lambda a, b: a < b),
    "less_equal": by_entry(lambda a, b: a <= b),
    "equal": by_entry(lambda a, b: a == b),
    "not_equal": by_entry(lambda a, b: a != b),
    "remainder": by_entry(lambda x, y: x - y * (int(x / y) - (x / y < int(x / y)))),
    "stop_gradient": by_entry(lambda x: x),
    "maximum": by_entry(max),
    "minimum": by_entry(min),
    "where": by_entry(lambda c, a, b: a if c else b),
    "inv": lambda a: np.linalg.solve(a, np.eye(len(a))),
    "pinv": scipy.linalg.pinv,
    "det": laplace,
    "adjugate": adjugate,
    "cofactors": cofactors,
    "logdet": lambda a: np.log(abs(laplace(a))),
    "detsign": lambda a: np.sign(laplace(a)),
    "cholesky": cholesky,
    "eigvalsh": roots,
    "eigvecsh": lambda a: scipy.linalg.eigh(symmetric(a))[1],
    "inverse_gaps": lambda s: np.array(
        [[0 if i == j else 1 / (p - q) for j, q in enumerate(s)] for i, p in enumerate(s)]
    ),
    "inverse_square_gaps": lambda s: np.array(
        [[0 if i == j else 1 / (p**2 - q**2) for j, q in enumerate(s)] for i, p in enumerate(s)]
    ),
    "inverse_singular_values": lambda s: [1 / p for p in s],
    "svdvals": gram_eigenvalues,
    "left_singular": lambda a: scipy.linalg.svd(a, full_matrices=False)[0],
    "right_singular": lambda a: scipy.linalg.svd(a, full_matrices=False)[2].T,
    "nuclear_norm": lambda a: gram_eigenvalues(a).sum(),
    "expm": scipy.linalg.expm,
    "expm_slice": expm_slice,
    "softmax": scipy.special.softmax,
    "log_softmax": scipy.special.log_softmax,
    "logsumexp": scipy.special.logsumexp,
    "max_share": lambda x: (x == max(x)) / list(x).count(max(x)),
    "max": max,
    "min": min,
    "prod": lambda x: np.exp(np.log(np.abs(x)).sum()) * np.prod(np.sign(x)),
    "leave_out": leave_out,
    "cumprod": lambda x: [np.prod(x[: k + 1]) for k in range(len(x))],
    "exp_difference": lambda x, m: np.exp(x) / np.exp(m),
    "finite_max": lambda x: sorted(x)[-1],
    "log_of_total": lambda x: np.vectorize(math.log)(x),
    "one_hot": lambda x, size: [[float(round(k) % size == p) for p in range(size)] for k in x],
}
UP_TO_SIGN = {"eigvecsh", "left_singular", "right_singular"}
RECORDS = pytest.mark.parametrize("record", all_records(), ids=lambda r: r.name)


def test_every_record_has_an_independent_value() -> None:
    assert INDEPENDENT.keys() == REGISTRY.keys()


def same_signs(record: Record, found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Vectors that are free in their sign, with the sign of the others."""
    if record.name not in UP_TO_SIGN:
        return found
    return found * np.sign((found * wanted).sum(axis=-2, keepdims=True))


@RECORDS
def test_the_reference_value_agrees_with_an_independent_one(record: Record) -> None:
    for params in parameters(record):
        for given in shapes(record):
            if not record.elementwise and given[0] and given[0][0] == 2:
                continue  # a stack
            values = list(operands(record, given, seed=3)[1].values())
            wanted = np.asarray(INDEPENDENT[record.name](*values, **params), dtype=float)
            found = np.asarray(record.evaluate(*values, **params))
            close(same_signs(record, found, wanted), wanted, f"{record.name} {params}", rtol=1e-9)


def compiled(record: Record, backend: str, params: dict[str, Any]) -> Callable[..., Any]:
    """The code of a record as a function of its operands."""
    names = [f"a{k}" for k in range(len(record.domain))]
    code = record.code[backend]
    filled = {"axis": -1, **params} if record.along else params
    text = code(names, params) if callable(code) else code.format(*names, **filled)
    scope: dict[str, Any] = {}
    for line in {
        "numpy": ["import numpy as np", "import scipy.special", "import scipy.linalg"],
        "jax": ["import numpy as np", "import jax", "import jax.numpy as jnp"],
        "torch": ["import torch"],
        "tensorflow": ["import math", "import tensorflow as tf"],
    }[backend]:
        exec(line, scope)
    exec("import itertools", scope)
    exec(record.helpers.get(backend, ""), scope)
    return eval(f"lambda {', '.join(names)}: {text}", scope)


def arrays(backend: str, values: list[np.ndarray]) -> list[Any]:
    if backend == "jax":
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        return [jax.numpy.asarray(v) for v in values]
    if backend == "torch":
        return [importlib.import_module("torch").tensor(v) for v in values]
    if backend == "tensorflow":
        return [importlib.import_module("tensorflow").constant(v) for v in values]
    return values


BACKENDS = [
    (backend, name)
    for backend in ("numpy", "jax", "torch", "tensorflow")
    for name, record in sorted(REGISTRY.items())
    if backend in record.code
]


@pytest.mark.parametrize(("backend", "name"), BACKENDS, ids=[f"{b}-{n}" for b, n in BACKENDS])
def test_the_code_gives_the_reference_value(backend: str, name: str) -> None:
    record = REGISTRY[name]
    for params in parameters(record):
        function = compiled(record, backend, params)
        for given in shapes(record):
            values = list(operands(record, given, seed=4)[1].values())
            if "symmetric" in record.domain or "spd" in record.domain:  # as applications have it
                values = [(v + np.swapaxes(v, -1, -2)) / 2 for v in values]
            if name == "expm_slice" and len(given[0]) > 2:
                continue
            wanted = np.asarray(record.evaluate(*values, **params), dtype=float)
            found = np.asarray(function(*arrays(backend, values)), dtype=float)
            rtol = 1e-9 if backend != "tensorflow" else 1e-7
            close(same_signs(record, found, wanted), wanted, f"{backend} {name} {params}", rtol)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_numpy_code_keeps_single_precision(name: str) -> None:
    record = REGISTRY[name]
    if not record.domain:
        return
    for params in parameters(record):
        for given in shapes(record)[:1]:
            values = [v.astype(np.float32) for v in operands(record, given, seed=5)[1].values()]
            found = compiled(record, "numpy", params)(*values)
            assert np.asarray(found).dtype == np.float32, params


@pytest.mark.parametrize(
    ("name", "x", "wanted"),
    [
        ("softplus", 800.0, 800.0),
        ("softplus", -40.0, np.exp(-40.0)),
        ("sigmoid", -40.0, np.exp(-40.0)),
        ("sigmoid", 800.0, 1.0),
        ("log_sigmoid", -800.0, -800.0),
        ("logsumexp", [1000.0, 1000.0], 1000 + np.log(2)),
        ("logsumexp", [-1000.0, -1000.0], -1000 + np.log(2)),
        ("softmax", [1000.0, 0.0], [1.0, 0.0]),
        ("log_softmax", [0.0, 1000.0], [-1000.0, 0.0]),
        ("log1p", 1e-20, 1e-20),
        ("expm1", 1e-20, 1e-20),
        ("elu", 900.0, 900.0),
    ],
)
def test_extreme_arguments_keep_their_digits(name: str, x: Any, wanted: Any) -> None:
    record = REGISTRY[name]
    params = dict(record.defaults)
    with np.errstate(all="raise", under="ignore"):
        for function in (record.evaluate, None):
            call = function or compiled(record, "numpy", params)
            found = call(np.asarray(x), **(params if function else {}))
            np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_polygamma_left_of_its_poles_agrees_with_scipy() -> None:
    x = np.array([-0.3, -2.7, -25.4, 0.01, 60.0])
    for order in range(4):
        found = REGISTRY["polygamma"].evaluate(x, order=order)
        wanted = [float(scipy_polygamma(order, v)) for v in x]
        np.testing.assert_allclose(found, wanted, rtol=1e-10)


def scipy_polygamma(order: int, x: float) -> float:
    """ψ⁽ᵏ⁾ by upward recurrence onto SciPy's positive axis."""
    total, sign = 0.0, (-1) ** (order + 1)
    while x < 1:
        total += sign * scipy.special.factorial(order) / x ** (order + 1)
        x += 1
    return total + scipy.special.polygamma(order, x)


def test_the_matrix_exponential_of_a_large_matrix_is_scaled() -> None:
    a = np.array([[3.0, 40.0], [-50.0, 7.0]])
    np.testing.assert_allclose(REGISTRY["expm"].evaluate(a), scipy.linalg.expm(a), rtol=1e-10)


def test_complex_values_continue_the_real_ones_where_a_record_says_so() -> None:
    """The imaginary part at x + ih is h times the slope: what complex-step differences rely on."""
    h = 1e-20
    for record in all_records():
        if not record.analytic or not record.domain:
            continue
        for params in parameters(record):
            values = list(operands(record, shapes(record)[0], seed=6)[1].values())
            rng = np.random.default_rng(8)
            directions = [rng.normal(size=v.shape) for v in values]
            moved = [v + 1j * h * d for v, d in zip(values, directions, strict=True)]
            found = np.asarray(record.evaluate(*moved, **params)).imag / h
            step = 1e-4
            wanted = sum(
                w
                * np.asarray(
                    record.evaluate(
                        *(v + k * step * d for v, d in zip(values, directions, strict=True)),
                        **params,
                    )
                )
                for k, w in ((1, 8), (-1, -8), (2, -1), (-2, 1))
            ) / (12 * step)
            close(found, np.asarray(wanted), f"{record.name} {params}", rtol=1e-7)


def test_adjugates_of_singular_matrices_are_finite() -> None:
    rank_one = np.outer([1.0, 2.0, -1.0], [0.5, 1.0, 3.0])
    rank_two = rank_one + np.outer([0.0, 1.0, 1.0], [2.0, -1.0, 0.0])
    for a in (rank_one, rank_two, np.zeros((3, 3))):
        for call in (REGISTRY["adjugate"].evaluate, compiled(REGISTRY["adjugate"], "numpy", {})):
            np.testing.assert_allclose(call(a), adjugate(a), atol=1e-12)


def test_exponents_that_are_fractions_are_exact() -> None:
    record = REGISTRY["power"]
    for exponent, text in ((Fraction(1, 2), "sqrt"), (-1, "1 /"), (3, "** 3")):
        assert text in record.code["numpy"](["x"], {"exponent": exponent})  # type: ignore[operator]
