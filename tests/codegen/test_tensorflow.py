"""TensorFlow code: in graphs, under XLA, mapped, differentiated by a tape; types and shapes."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.codegen import generate
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.node import variable
from tests.codegen.backends import call
from tests.pattern_cases import CASES, derivatives

tf = pytest.importorskip("tensorflow")

SIZES = {"m": 4, "n": 3, "p": 5}
# Expression, what it is differentiated by: products, solves, patterns, softmax, spectra, triangles.
EXPRESSIONS = [
    ("sum(log(1 + exp(-y.*(X*w))))", ["w"]),
    ("sum(log(1 + exp(-y.*(X*w))))", ["w", "w"]),
    ("logsumexp(X*w)", ["w", "w"]),
    ("tr(X'*S*X)", ["X"]),
    ("y'*inv(S)*y + logdet(S)", ["S"]),
    ("tanh(X*w)", ["w"]),
    ("tanh(X*w)", ["w", "w"]),
    ("softmax(X*w)", ["w"]),
    ("det(B)", ["B", "B"]),
    ("sum(tril(B*B, -1)) + sum(triu(B*B, 1))", ["B"]),
    ("prod(w)", ["w", "w"]),
    ("tr(expm(B))", ["B", "B"]),
    ("sum(eigvalsh(B + B'))", ["B"]),
]
DECLARED = {"X": "m n", "w": "n", "y": "m", "S": "m m", "B": "n n"}


def declared(text: str) -> eingrad.Expression:
    """The expression, with the shapes of its variables."""
    return eingrad.parse(text, **{k: v for k, v in DECLARED.items() if k in text})


def samples(names: Any, dtype: Any = np.float64, seed: int = 0) -> dict[str, np.ndarray]:
    """Values of the variables; S is positive definite."""
    rng = np.random.default_rng(seed)
    values = {}
    for name in names:
        shape = tuple(SIZES[s] for s in DECLARED[name].split())
        value = rng.uniform(0.4, 1.6, shape)
        if name == "S":
            value = value @ value.T + len(value) * np.eye(len(value))
        values[name] = value.astype(dtype)
    return values


def both(
    text: str, wrt: list[str], dtype: Any = np.float64
) -> tuple[Any, np.ndarray, dict[str, Any]]:
    """The TensorFlow function of a derivative, NumPy's value, and the arguments."""
    derivative = eingrad.derivative(declared(text), *wrt)
    function = derivative.function("tensorflow")
    values = samples([v.name for v in derivative.variables], dtype)
    wanted = derivative.function("numpy")(**values)
    return function, wanted, {k: tf.constant(v) for k, v in values.items()}


def close(found: Any, wanted: Any, rtol: float = 1e-9) -> None:
    """The arrays agree, relative to the largest entry."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=rtol * scale)


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("text, wrt", EXPRESSIONS)
def test_functions_run_in_graphs(text: str, wrt: list[str], compiled: bool) -> None:
    function, wanted, values = both(text, wrt)
    close(function(**values), wanted)
    in_graph = tf.function(function, jit_compile=compiled)
    if compiled and text == "det(B)":
        with pytest.raises(tf.errors.InvalidArgumentError, match="MatrixDeterminant"):
            in_graph(**values)  # the docs say that TensorFlow has no determinant under XLA
        return
    close(in_graph(**values), wanted)
    assert in_graph.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("text, wrt", EXPRESSIONS)
def test_the_type_stays(text: str, wrt: list[str], dtype: Any) -> None:
    function, wanted, values = both(text, wrt, dtype)
    result = function(**values)
    assert result.dtype == dtype
    close(result, wanted, 1e-3 if dtype == np.float32 else 1e-9)


def test_autograph_reads_generated_functions(caplog: pytest.LogCaptureFixture) -> None:
    function, wanted, values = both("softmax(X*w)", ["w"])
    with caplog.at_level(logging.WARNING, logger="tensorflow"):
        close(tf.function(function, autograph=True)(**values), wanted)
    assert "could not" not in caplog.text


@pytest.mark.parametrize("text, wrt", [e for e in EXPRESSIONS if "w" in e[1]][:6])
def test_a_batch_is_mapped(text: str, wrt: list[str]) -> None:
    function, _, values = both(text, wrt)
    rest = {k: v for k, v in values.items() if k != "w"}
    rows = tf.constant(np.random.default_rng(1).normal(size=(6, SIZES["n"])))
    mapped = tf.vectorized_map(lambda w: function(w=w, **rest), rows)
    close(mapped, np.stack([function(w=row, **rest) for row in rows]))


@pytest.mark.parametrize("name", CASES)
def test_patterns_are_those_of_numpy(name: str) -> None:
    """Gathers, windows, sums at places and running products, with their derivatives."""
    from eingrad.verify.reference import evaluate
    from eingrad.verify.sample import sample_points, sample_sizes

    for node in (CASES[name][0]().node, *(d.node for d in derivatives(name))):
        sizes = sample_sizes(node)
        for point in sample_points([node], 1, sizes):
            generated = generate({"y": node}, backend="tensorflow")
            close(call("tensorflow", generated, point, sizes), evaluate(node, point, sizes))


def test_entries_that_are_left_out_may_be_infinite() -> None:
    x = variable("x", build.dims("n"))
    b = variable("B", build.dims("n", "n"))
    matrix = np.full((4, 4), np.inf)
    for k in (-1, 0, 2):
        for lower, kept in ((True, np.tril), (False, np.triu)):
            node = construct.triangle(b, k, lower)
            f = generate({"y": node}, backend="tensorflow").function()
            mask = kept(np.ones((4, 4)), k) > 0
            np.testing.assert_array_equal(f(tf.constant(matrix)), np.where(mask, np.inf, 0))
    node = build.contract("i,jk->ijik", x, b)
    f = generate({"y": node}, backend="tensorflow").function()
    result = np.asarray(f(tf.constant(matrix), tf.ones(4, tf.float64)))
    mask = np.eye(4, dtype=bool)[:, None, :, None] & np.ones((4, 4, 4, 4), bool)
    np.testing.assert_array_equal(result, np.where(mask, np.inf, 0))


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_many_interleaved_axes(compiled: bool) -> None:
    """TensorFlow broadcasts along five groups of axes; these have six and eight."""
    function, wanted, values = both("logdet(S)", ["S", "S", "S"])
    close(tf.function(function, jit_compile=compiled)(**values), wanted)
    a, b = (variable(n, build.dims("n", "m", "n", "m")) for n in "AB")
    node = build.contract("acbd,efgh->aecgbfdh", a, b)
    shape = (2, 3, 2, 3)
    rng = np.random.default_rng(2)
    values = {"A": rng.normal(size=shape), "B": rng.normal(size=shape)}
    f = generate({"y": node}, backend="tensorflow").function()
    result = tf.function(f, jit_compile=compiled)(**{k: tf.constant(v) for k, v in values.items()})
    close(result, np.einsum("acbd,efgh->aecgbfdh", values["A"], values["B"]))


@pytest.mark.parametrize(
    "text, wrt",
    [(t, w[0]) for t, w in EXPRESSIONS if len(w) == 1 and t.startswith(("sum(log", "tr", "y'"))],
)
def test_a_tape_through_the_gradient_is_the_hessian(text: str, wrt: str) -> None:
    gradient, _, values = both(text, [wrt])
    hessian, wanted, _ = both(text, [wrt, wrt])
    with tf.GradientTape() as tape:
        tape.watch(values[wrt])
        slope = gradient(**values)
    close(tape.jacobian(slope, values[wrt]), wanted)
    close(hessian(**values), wanted)


# --- arguments -----------------------------------------------------------------------------------


def test_what_is_no_real_number_is_refused() -> None:
    function, _, values = both("tr(X'*S*X)", ["X"])
    for dtype in (tf.int32, tf.complex64):
        with pytest.raises(TypeError, match=f"real numbers are expected, not {dtype.name}"):
            function(**{k: tf.cast(v, dtype) for k, v in values.items()})


def test_mixed_types_are_reported_by_tensorflow() -> None:
    function, _, values = both("tr(X'*S*X)", ["X"])
    with pytest.raises(ValueError, match="dtype"):
        function(**{**values, "X": tf.cast(values["X"], tf.float32)})


def test_shapes_that_do_not_fit_are_named() -> None:
    function, _, values = both("sum(log(1 + exp(-y.*(X*w))))", ["w"])
    with pytest.raises(ValueError, match=r"w must have shape \(.*3,\), not \(4,\)"):
        function(**{**values, "w": tf.ones(4, tf.float64)})
    with pytest.raises(ValueError, match=r"X must have shape \(m, n\), not \(4,\)"):
        tf.function(function)(**{**values, "X": tf.ones(4, tf.float64)})
    s = eingrad.gradient(eingrad.parse("s^2", s=""), "s").function("tensorflow")
    with pytest.raises(ValueError, match=r"s must be a number, not an array of shape \(2,\)"):
        s(tf.ones(2))
    assert float(s(tf.constant(3.0))) == 6.0


def test_arrays_lists_and_variables_are_arguments() -> None:
    f = eingrad.gradient(eingrad.parse("sum(x.^3)*s", x="n", s=""), "x").function("tensorflow")
    assert f(2, [1.0, 2.0]).numpy().tolist() == [6.0, 24.0]
    assert f(s=2.0, x=np.array([1.0, 2.0])).dtype == tf.float64
    assert f(s=tf.Variable(2.0), x=tf.Variable([1.0, 2.0])).dtype == tf.float32


def test_a_place_out_of_bounds_is_an_error() -> None:
    f = generate({"y": CASES["a symbolic index"][0]().node}, backend="tensorflow").function()
    x = tf.constant([1.0, 2.0, 3.0])
    assert float(f(i=tf.constant([0, -1]), x=x)) == 28.0
    for place in (3, -4):
        with pytest.raises(tf.errors.InvalidArgumentError):
            f(i=tf.constant([0, place]), x=x)


def test_only_what_is_called_is_defined() -> None:
    """Transposes are flags of products, and helpers stand only where they are used."""
    derivative = eingrad.derivative(declared("sum(log(1 + exp(X*w)))"), "w")
    source = derivative.source("tensorflow")
    assert "transpose_a=True" in source and "tf.transpose" not in source
    b = variable("B", build.dims("n", "n"))
    lower = generate({"y": construct.triangle(b, 0, True)}, backend="tensorflow").source
    assert "tf.linalg.band_part(B, -1, 0)" in lower and "def _" not in lower
    assert (
        "def _tril" in generate({"y": construct.triangle(b, 1, True)}, backend="tensorflow").source
    )


def test_without_arguments_numbers_are_double() -> None:
    f = partial(generate({"y": construct.eye("n")}, backend="tensorflow").function(), n=3)
    assert f().dtype == tf.float64
    close(tf.function(f, jit_compile=True)(), np.eye(3))


@pytest.mark.parametrize("name", ["inverse_gaps", "inverse_square_gaps"])
def test_equal_values_have_no_inverse_gap(name: str) -> None:
    """NaN between the two that are equal, in graphs as well; the rest is what it is elsewhere."""
    s = variable("s", build.dims("n"))
    function = generate({"y": apply(name, s)}, backend="tensorflow").function()
    result = tf.function(function, jit_compile=True)(tf.constant([3.0, 1.0, 3.0]))
    wanted = np.zeros((3, 3), bool)
    wanted[0, 2] = wanted[2, 0] = True
    np.testing.assert_array_equal(np.isnan(result), wanted)
    assert not np.diag(result).any() and abs(result[0, 1] + result[1, 0]) == 0
    zero = generate({"y": apply("inverse_singular_values", s)}, backend="tensorflow").function()
    np.testing.assert_array_equal(zero(tf.constant([4.0, 1.0, 0.0])), [0.25, 1.0, np.nan])


def test_a_leading_axis_may_be_unknown_where_its_size_is_not_used() -> None:
    function, wanted, values = both("sum(log(1 + exp(-y.*(X*w))))", ["w"])
    free = {
        "X": tf.TensorSpec([None, SIZES["n"]], tf.float64),
        "y": tf.TensorSpec([None], tf.float64),
    }
    specs = {**{k: tf.TensorSpec(v.shape, v.dtype) for k, v in values.items()}, **free}
    concrete = tf.function(function).get_concrete_function(**specs)
    close(concrete(**values), wanted)


@pytest.mark.parametrize(
    ("text", "by", "said"),
    [
        ("sum(log(1 + exp(-y.*(X*w))))/m", "w", "the size m must be known"),
        ("X.*X", "X", "the sizes m, n must be known"),
        ("softmax(w)/sqrt(n)", "w", "the size n must be known"),
    ],
)
def test_an_unknown_size_that_is_used_is_named(text: str, by: str, said: str) -> None:
    function = eingrad.jacobian(declared(text), by).function("tensorflow")
    specs = {
        name: tf.TensorSpec([None] * len(DECLARED[name].split()), tf.float64)
        for name in function.arguments
    }
    with pytest.raises(ValueError, match=said):
        tf.function(function).get_concrete_function(**specs)
