"""Generated functions give the value of the nodes, whatever the nodes are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eingrad.codegen import Generated, generate
from eingrad.differentiate import differentiate
from eingrad.dims import product
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.node import Node, Variable
from eingrad.verify.reference import evaluate, evaluate_all
from tests.codegen import backends
from tests.codegen.backends import BACKENDS
from tests.strategies import SIZES, Expression, expressions, make_variables, random_values

MAX_ENTRIES = 20_000
# Of the examples for NumPy, one in so many is tried in a framework.
SHARE = {"jax": 5, "torch": 3, "tensorflow": 5, "array_api": 4}


def call(generated: Generated, values: Mapping[str, Any], sizes: Mapping[str, int] = SIZES) -> Any:
    """Call a generated function with the values that it needs."""
    extra = {python: sizes[symbol] for symbol, python in generated.sizes.items()}
    renamed = {python: values[v] for v, python in generated.arguments.items()}
    return generated.function()(**renamed, **extra)


def of(
    backend: str,
    generated: Generated,
    values: Mapping[str, Any],
    sizes: Mapping[str, int] = SIZES,
) -> Any:
    """The same in a framework; NumPy gets what it is given, the others arrays of their own."""
    if backend == "numpy":
        return call(generated, values, sizes)
    return backends.call(backend, generated, values, sizes)


def assert_equal(result: Any, expected: np.ndarray, tolerance: float = 1e-9) -> None:
    assert np.shape(result) == expected.shape
    assert np.array_equal(np.isfinite(result), np.isfinite(expected))
    finite = expected[np.isfinite(expected)]
    scale = 1.0 + np.abs(finite).max(initial=0.0)
    np.testing.assert_allclose(result, expected, rtol=0, atol=tolerance * scale)


def entries(node: Node, sizes: Mapping[str, int] = SIZES) -> int:
    return product(node.shape).evaluate(sizes)


def holds(backend: str, examples: int, *strategies: st.SearchStrategy[Any]) -> Any:
    """Run a check on examples; fewer of them where a framework compiles each anew."""
    count = examples if backend == "numpy" else max(1, examples // SHARE[backend])

    def run(check: Any) -> None:
        settings(max_examples=count, deadline=None)(given(*strategies)(check))()

    return run


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_node(backend: str) -> None:
    @holds(backend, 400, expressions())
    def check(expression: Expression) -> None:
        values = random_values(expression.variables)
        generated = generate({"y": expression.node}, backend=backend)
        assert_equal(of(backend, generated, values), evaluate(expression.node, values, SIZES))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_derivative_with_its_deltas(backend: str) -> None:
    @holds(backend, 300, expressions(max_steps=5), st.data())
    def check(expression: Expression, data: st.DataObject) -> None:
        y = expression.node
        order = data.draw(st.integers(1, 2))
        wrt = [data.draw(st.sampled_from(expression.variables)) for _ in range(order)]
        if entries(y) * np.prod([float(entries(x)) for x in wrt]) > MAX_ENTRIES:
            wrt = [v for v in expression.variables if not v.shape][:1]
        derivative = differentiate(y, wrt)
        values = random_values(expression.variables)
        generated = generate({"d": derivative}, arguments=expression.variables, backend=backend)
        assert_equal(of(backend, generated, values), evaluate(derivative, values, SIZES))


@pytest.mark.parametrize("backend", BACKENDS)
def test_value_and_gradients_together(backend: str) -> None:
    @holds(backend, 100, expressions(max_steps=5, scalar=True), st.data())
    def check(expression: Expression, data: st.DataObject) -> None:
        wrt = data.draw(st.lists(st.sampled_from(expression.variables), min_size=1, max_size=3))
        nodes = [expression.node, *(differentiate(expression.node, [x]) for x in wrt)]
        outputs = {f"y{k}": n for k, n in enumerate(nodes)}
        generated = generate(outputs, arguments=expression.variables, backend=backend)
        values = random_values(expression.variables)
        results = of(backend, generated, values)
        for result, expected in zip(results, evaluate_all(nodes, values, SIZES), strict=True):
            assert_equal(result, expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_sizes_zero_and_one(backend: str) -> None:
    @holds(backend, 150, expressions(max_steps=5), st.permutations([0, 1, 2]))
    def check(expression: Expression, small: list[int]) -> None:
        sizes = dict(zip(SIZES, small, strict=True))
        node = expression.node
        try:
            values = random_values(expression.variables, sizes=sizes)
            expected = evaluate(node, values, sizes)
        except Exception:  # a slice that is longer than so small an axis
            return
        generated = generate({"y": node}, arguments=expression.variables, backend=backend)
        with np.errstate(all="ignore"):
            result = of(backend, generated, values, sizes)
        assert_equal(result, expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_float32_stays_float32(backend: str) -> None:
    @holds(backend, 150, expressions())
    def check(expression: Expression) -> None:
        values = {k: v.astype(np.float32) for k, v in random_values(expression.variables).items()}
        generated = generate(
            {"y": expression.node}, arguments=expression.variables, backend=backend
        )
        result = of(backend, generated, values)
        if generated.arguments:
            assert result.dtype == np.float32
        assert_equal(result, evaluate(expression.node, values, SIZES), 1e-3)


def spaced(array: np.ndarray) -> np.ndarray:
    """The array as a view that is not contiguous, read only."""
    places = tuple(slice(1, None, 2) for _ in array.shape)
    room = np.full([2 * k for k in array.shape], np.nan)
    room[places] = array
    view = room[(..., *places)]
    view.flags.writeable = False
    return view


@settings(max_examples=100, deadline=None)
@given(expressions())
def test_arrays_that_are_not_contiguous_and_are_not_changed(expression: Expression) -> None:
    values = random_values(expression.variables)
    strided = {name: spaced(array) for name, array in values.items()}
    result = call(generate({"y": expression.node}, arguments=expression.variables), strided)
    assert_equal(result, evaluate(expression.node, values, SIZES))
    if np.ndim(result):
        assert not any(np.may_share_memory(result, a) for a in strided.values())


@settings(max_examples=60, deadline=None)
@given(expressions(max_steps=6))
def test_sizes_for_the_plan_change_nothing_but_the_order(expression: Expression) -> None:
    values = random_values(expression.variables)
    for sizes in ({"a": 1000, "b": 2, "c": 30}, {"a": 2, "b": 3000, "c": 1}):
        generated = generate({"y": expression.node}, sizes=sizes)
        assert_equal(call(generated, values), evaluate(expression.node, values, SIZES))


@pytest.mark.parametrize(
    "spec",
    ["ij,jk,kl,lm->im", "ij,jk,kl,lm,m->i", "ab,bc,cd,de,ef,fg,gh,hi,ij->aj", "aij,aij,aj->a"],
)
def test_a_long_product_of_square_matrices(spec: str) -> None:
    rng = np.random.default_rng(3)
    parts = spec.split("->")[0].split(",")
    arrays = {f"A{k}": rng.normal(size=(3,) * len(p)) for k, p in enumerate(parts)}
    variables = [variable_of(name, a) for name, a in arrays.items()]
    node = build.contract(spec, *variables)
    assert_equal(call(generate({"y": node}), arrays), np.einsum(spec, *arrays.values()))


def variable_of(name: str, array: np.ndarray) -> Variable:
    from eingrad.ir.node import variable

    return variable(name, build.dims(*array.shape))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["log", "sigmoid", "softplus", "silu"])
def test_a_function_of_a_size(name: str, backend: str) -> None:
    """Of a Python number, with or without a function for it in `math`; float32 is not widened."""
    (x,) = make_variables("u")
    value = apply(name, construct.size_value(x.shape[0]))
    outputs = {"y": value * x, "z": build.broadcast_to(value, x.shape), "number": value}
    generated = generate(outputs, arguments=[x], backend=backend)
    values = {"u": np.array([1.0, -2.0, 3.0], np.float32)}
    found = of(backend, generated, values)
    for one, expected in zip(found, evaluate_all([*outputs.values()], values, SIZES), strict=True):
        assert np.asarray(one).dtype == np.float32
        assert_equal(one, expected, 1e-6)


def test_numbers_and_lists_as_arguments() -> None:
    s, u = make_variables("s u")
    f = generate({"y": s * u + 1}).function()
    assert f(s=2, u=[1, 2, 3]).tolist() == [3.0, 5.0, 7.0]
    assert f(2.0, np.arange(3, dtype=np.float32)).dtype == np.float32
    assert f(np.float64(2.0), np.arange(3, dtype=np.float32)).dtype == np.float32
    assert f(0.5, np.array([1, 2, 3])).tolist() == [1.5, 2.0, 2.5]
