"""PyTorch code goes through `torch.compile`, `torch.func` and autograd, and stays on its device."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import eingrad
from eingrad.codegen import Generated, generate
from eingrad.differentiate import differentiate
from eingrad.frontends.python import conv1d, gather, tensor
from eingrad.ir import walk
from eingrad.ir.node import Node
from eingrad.ir.record import Record
from eingrad.verify.reference import evaluate
from tests.codegen.test_values import assert_equal
from tests.functions.walk import all_records, cases, node_shape
from tests.strategies import SIZES, Expression, expressions, random_values

torch = pytest.importorskip("torch")


def rand(*shape: int, seed: int = 0) -> Any:
    source = torch.Generator().manual_seed(seed + sum(shape))
    return torch.rand(shape, generator=source, dtype=torch.float64) + 0.2


def spd(n: int) -> Any:
    a = rand(n, n)
    return a @ a.T + n * torch.eye(n, dtype=torch.float64)


def text(expression: str, by: str = "x") -> Callable[[], Node]:
    return lambda: eingrad.gradient(expression, by).of


# name → (a scalar function, what to differentiate by, all arguments)
FUNCTIONS: dict[str, tuple[Callable[[], Node], str, dict[str, Any]]] = {
    "logistic": (
        text("sum(log(1 + exp(-y .* (A*x))))"),
        "x",
        {"A": rand(5, 3), "x": rand(3), "y": rand(5)},
    ),
    "cross-entropy": (
        text("logsumexp(A*x) - y'*A*x"),
        "x",
        {"A": rand(5, 3), "x": rand(3), "y": rand(5)},
    ),
    "likelihood": (
        text("logdet(A + x*x') + y'*inv(A + x*x')*y"),
        "x",
        {"A": spd(4), "x": rand(4), "y": rand(4, seed=1)},
    ),
    "a number": (
        lambda: np.exp(tensor("s", "") * tensor("x", "n")).sum().node,
        "s",
        {"s": rand(), "x": rand(4)},
    ),
    "a determinant": (text("det(X)*tr(X)", "X"), "X", {"X": rand(3, 3)}),
    "eigenvalues": (text("sum(exp(eigvalsh(X + X')))", "X"), "X", {"X": rand(3, 3)}),
    "an exponential": (text("tr(expm(X)*X)", "X"), "X", {"X": rand(2, 2)}),
    "slices": (
        lambda: ((tensor("x", "9")[1::2] - tensor("x", "9")[:-1:2]) ** 3).sum().node,
        "x",
        {"x": rand(9)},
    ),
    "turned": (
        lambda: (np.exp(tensor("x", "n")) * tensor("x", "n")[::-1]).sum().node,
        "x",
        {"x": rand(5)},
    ),
    "a filter": (
        lambda: (conv1d(tensor("x", "9"), tensor("w", "3"), stride=2, padding=1) ** 3).sum().node,
        "x",
        {"x": rand(9), "w": rand(3)},
    ),
    "a lookup": (
        lambda: np.exp(gather(tensor("x", "n"), tensor("i", "m", "integer"))).sum().node,
        "x",
        {"x": rand(5), "i": torch.tensor([0, 3, 3, -1])},
    ),
    "running products": (lambda: np.cumprod(tensor("x", "n")).sum().node, "x", {"x": rand(4)}),
}
OUTPUTS = ("value", "gradient", "hessian")


def made(name: str, *outputs: str) -> tuple[Generated, str, dict[str, Any]]:
    """The generated function of a case for some outputs, by what, and its arguments."""
    make, by, arguments = FUNCTIONS[name]
    y = make()
    (x,) = (v for v in walk.variables(y) if v.name == by)
    nodes = {name: differentiate(y, [x] * OUTPUTS.index(name)) for name in outputs}
    generated = generate(nodes, backend="torch", arguments=walk.variables(y))
    return generated, by, {n: arguments[n] for n in generated.arguments}


def of_one(function: Any, by: str, arguments: dict[str, Any]) -> Callable[[Any], Any]:
    """The function of one argument, the others being what they are."""
    return lambda x: function(**{**arguments, by: x})


@pytest.fixture
def fresh() -> Iterator[None]:
    """A compiler that has seen nothing."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


# --- compilers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_graph_without_breaks(name: str, fresh: None) -> None:
    generated, _, arguments = made(name, *OUTPUTS)
    function = generated.function()
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(**arguments), function(**arguments))


@pytest.mark.skipif(shutil.which("g++") is None, reason="the compiler of TorchInductor needs g++")
def test_compiled_to_native_code(fresh: None) -> None:
    generated, _, arguments = made("slices", "gradient", "hessian")
    function = generated.function()
    compiled = torch.compile(function, fullgraph=True)
    torch.testing.assert_close(compiled(**arguments), function(**arguments))


def test_other_sizes_are_the_same_graph(fresh: None) -> None:
    """From the second size on the compiler takes sizes as symbols."""
    function = made("logistic", "gradient", "hessian")[0].function()
    graphs = 0

    def counted(module: Any, inputs: Any) -> Any:
        nonlocal graphs
        graphs += 1
        return module.forward

    compiled = torch.compile(function, fullgraph=True, backend=counted)
    for m, n in ((5, 3), (7, 4), (9, 6), (2, 8)):
        A, x, y = rand(m, n), rand(n), rand(m)
        torch.testing.assert_close(compiled(A=A, x=x, y=y), function(A=A, x=x, y=y))
    assert graphs == 2


def test_numbers_are_compiled_as_such(fresh: None) -> None:
    generated, _, arguments = made("a number", *OUTPUTS)
    function = generated.function()
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(**{**arguments, "s": 0.5}), function(0.5, arguments["x"]))


# --- torch.func -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_vmap_is_a_loop(name: str) -> None:
    generated, by, arguments = made(name, *OUTPUTS)
    one = of_one(generated.function(), by, arguments)
    batch = torch.stack([arguments[by], 1.1 * arguments[by] + 0.01, 0.9 * arguments[by]])
    found = torch.func.vmap(one)(batch)
    for output, *each in zip(found, *map(one, batch), strict=True):
        torch.testing.assert_close(output, torch.stack(each))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_of_the_code_are_the_code_of_derivatives(name: str) -> None:
    generated, by, arguments = made(name, *OUTPUTS)
    one = of_one(generated.function(), by, arguments)
    _, gradient, hessian = one(arguments[by])
    slopes = torch.func.jacrev(one)(arguments[by])
    torch.testing.assert_close(slopes[0], gradient)
    torch.testing.assert_close(slopes[1], hessian)


@pytest.mark.parametrize("name", ["logistic", "likelihood", "slices", "turned", "a filter"])
def test_autograd_twice_through_the_code(name: str) -> None:
    generated, by, arguments = made(name, "value", "gradient")
    one = of_one(generated.function(), by, arguments)
    x = arguments[by].clone().requires_grad_()
    assert torch.autograd.gradcheck(one, (x,))
    assert torch.autograd.gradgradcheck(one, (x,))


def test_hessians_of_a_batch_compiled(fresh: None) -> None:
    generated, by, arguments = made("logistic", "gradient")
    gradient = of_one(generated.function(), by, arguments)
    hessian = of_one(made("logistic", "hessian")[0].function(), by, arguments)
    batch = torch.stack([arguments[by], 2 * arguments[by]])
    expected = torch.stack([hessian(x) for x in batch])
    for one in (hessian, torch.func.jacrev(gradient)):
        compiled = torch.compile(torch.func.vmap(one), fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(batch), expected)


# --- devices and types ----------------------------------------------------------------------------


@pytest.mark.parametrize("record", all_records(), ids=lambda r: r.name)
def test_nothing_moves_to_the_host(record: Record) -> None:
    """Tensors of the device `meta` have no values: whatever looked at one would fail."""
    for what, node, variables, _ in cases(record):
        if not variables:
            continue
        slopes = {f"d{k}": differentiate(node, [v]) for k, v in enumerate(variables)}
        function = generate({"value": node, **slopes}, arguments=variables, backend="torch")
        given = {v.name: torch.empty(node_shape(v), device="meta") for v in variables}
        results = function.function()(**{n: given[n] for n in function.arguments})
        for result, wanted in zip(results, [node, *slopes.values()], strict=True):
            assert result.device.type == "meta", what
            assert tuple(result.shape) == node_shape(wanted), what


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
@pytest.mark.parametrize("name", ["logistic", "slices", "turned", "a filter", "a number"])
def test_the_type_is_kept(name: str, dtype: str) -> None:
    generated, _, arguments = made(name, *OUTPUTS)
    kind = getattr(torch, dtype)
    given = {n: a.to(kind) for n, a in arguments.items()}
    exact = generated.function()(**arguments)
    for found, expected in zip(generated.function()(**given), exact, strict=True):
        assert found.dtype == kind
        tolerance = 30 * torch.finfo(kind).eps * float(1 + expected.abs().max())
        torch.testing.assert_close(found.double(), expected, rtol=0, atol=tolerance)


def test_numbers_take_the_type_of_the_tensors() -> None:
    function = made("a number", "value")[0].function()
    x = rand(4).float()
    assert function(2, x).dtype == function(2.5, x).dtype == torch.float32
    assert function(np.float64(2.5), x).dtype == torch.float32
    square = generate({"y": tensor("s", "").node ** 2}, backend="torch").function()
    assert square(3).dtype == torch.get_default_dtype()
    assert square(torch.tensor(3.0, dtype=torch.float64)).dtype == torch.float64


def test_an_index_keeps_its_type_and_must_be_in_bounds() -> None:
    generated, _, arguments = made("a lookup", "gradient")
    function = generated.function()
    for kind in (torch.int32, torch.int64):
        given = {**arguments, "i": arguments["i"].to(kind)}
        torch.testing.assert_close(function(**given), function(**arguments))
    with pytest.raises(IndexError):
        function(**{**arguments, "i": torch.tensor([0, 5])})


@settings(max_examples=60, deadline=None)
@given(expressions())
def test_tensors_that_are_not_contiguous_and_are_not_changed(expression: Expression) -> None:
    values = random_values(expression.variables)
    spaced = {}
    for name, array in values.items():
        room = torch.full([2 * k for k in array.shape], torch.nan, dtype=torch.float64)
        view = room[tuple(slice(1, None, 2) for _ in array.shape)]
        spaced[name] = view.copy_(torch.from_numpy(np.asarray(array)))
    before = {name: t.clone() for name, t in spaced.items()}
    generated = generate({"y": expression.node}, arguments=expression.variables, backend="torch")
    if not generated.arguments:
        return
    result = generated.function()(**{a: spaced[v] for v, a in generated.arguments.items()})
    assert_equal(result.numpy(), evaluate(expression.node, values, SIZES))
    memory = result.untyped_storage().data_ptr()
    for name, t in spaced.items():
        assert torch.equal(t, before[name])
        assert not result.numel() or t.untyped_storage().data_ptr() != memory


# --- errors ---------------------------------------------------------------------------------------


def test_whole_and_complex_numbers_are_refused() -> None:
    generated, _, arguments = made("logistic", "gradient")
    function = generated.function()
    for kind in (torch.int64, torch.complex128, torch.bool):
        with pytest.raises(TypeError, match=f"y must hold real numbers, not {kind}"):
            function(**{**arguments, "y": arguments["y"].to(kind)})
    square = generate({"y": tensor("x", "n").node ** 2}, backend="torch").function()
    with pytest.raises(TypeError, match=r"x must hold real numbers, not torch\.int64"):
        square([1, 2, 3])


def test_shapes_that_do_not_match_are_named() -> None:
    generated, _, arguments = made("logistic", "gradient")
    function = generated.function()
    with pytest.raises(ValueError, match=r"x must have shape \(3,\), not .*\[4\]"):
        function(**{**arguments, "x": rand(4)})
    with pytest.raises(ValueError, match=r"A must have shape \(m, n\), not .*\[3\]"):
        function(**{**arguments, "A": rand(3)})
    with pytest.raises(ValueError, match=r"s must .*\[2\]"):
        made("a number", "value")[0].function()(rand(2), rand(4))


def test_mixed_types_and_devices_are_reported_by_the_library() -> None:
    generated, _, arguments = made("logistic", "gradient")
    function = generated.function()
    with pytest.raises(RuntimeError, match="dtype"):
        function(**{**arguments, "x": arguments["x"].float()})
    with pytest.raises(RuntimeError, match="meta"):
        function(**{**arguments, "x": arguments["x"].to("meta")})


# --- what users call ------------------------------------------------------------------------------


def test_a_function_of_a_derivative(fresh: None) -> None:
    function = eingrad.gradient("sum(log(1 + exp(-y .* (A*x))))", "x").function("torch")
    A, x, y = rand(5, 3), rand(3), rand(5)
    expected = function(A=A, x=x, y=y)
    torch.testing.assert_close(function(A, x, y=y), expected)
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(A, x, y), expected)
    torch.testing.assert_close(compiled(y=y, x=x, A=A), expected)
    batch = torch.stack([x, 2 * x])
    stacked = torch.func.vmap(function, in_dims=(None, 0, None))(A, batch, y)
    torch.testing.assert_close(stacked, torch.stack([expected, function(A, 2 * x, y)]))
    torch.testing.assert_close(torch.func.jacrev(function, 1)(A, x, y).T, hessian(A, x, y))


def hessian(A: Any, x: Any, y: Any) -> Any:
    return eingrad.hessian("sum(log(1 + exp(-y .* (A*x))))", "x").function("torch")(A, x, y)


def test_it_looks_like_the_generated_function() -> None:
    function = eingrad.gradient("x'*A*x", "x").function("torch")
    assert function.__name__ == "gradient"
    assert "array of shape (n,)" in (function.__doc__ or "")
    assert list(inspect.signature(function).parameters) == ["A", "x"]
    assert function.source.startswith("import torch\n")
    assert "eingrad" not in function.source.replace("by eingrad", "")
    assert "numpy" not in function.source and ".item()" not in function.source
