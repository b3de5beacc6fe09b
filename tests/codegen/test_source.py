"""The source: what an engineer would have written, safe whatever the variables are called."""

from __future__ import annotations

import ast
import keyword

import numpy as np
import pytest

from eingrad.codegen import generate
from eingrad.differentiate import differentiate
from eingrad.errors import InputError, UnsupportedError
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.node import Node, constant, variable


def var(name: str, *shape: str, facts: str = "") -> Node:
    return variable(name, build.dims(*shape), frozenset(facts.split()))


A, B, X = var("A", "n", "n"), var("B", "n", "k"), var("X", "m", "n")
x, w, y = var("x", "n"), var("w", "n"), var("y", "m")


def body(**outputs: Node) -> list[str]:
    """The statements after the checks."""
    source = generate(outputs).source
    function = ast.parse(source).body[-1]
    assert isinstance(function, ast.FunctionDef)
    kept = [s for s in function.body if isinstance(s, ast.Assign | ast.Return | ast.AugAssign)]
    return [
        text
        for text in map(ast.unparse, kept)
        if "shape" not in text.split("=")[-1] and "dtype" not in text
    ]


STANDARD = {
    "quadratic form": build.contract("i,ij,j->", x, A, x),
    "least squares": construct.sum_axes((construct.matmul(X, w) - y) ** 2),
    "logistic": construct.sum_axes(apply("log", 1 + apply("exp", -y * construct.matmul(X, w)))),
    "log determinant": apply("logdet", A),
    "inverse quadratic": build.contract("i,ij,j->", x, apply("inv", A), x),
    "softmax": construct.sum_axes(apply("softmax", construct.matmul(X, w)) * y),
    "norm": construct.sum_axes(X * X) ** build.exact(0.5),
}


@pytest.mark.parametrize("name", STANDARD)
def test_standard_cases_need_no_einsum_and_no_eingrad(name: str) -> None:
    loss = STANDARD[name]
    for v in (w, x, A):
        gradient = differentiate(loss, [v])
        source = generate({"value": loss, "gradient": gradient}).source
        assert "einsum" not in source
        assert "eingrad" not in source.replace("by eingrad", "")


def test_products_are_the_products_that_people_write() -> None:
    assert body(y=build.contract("ij,j->i", A, x)) == ["return A @ x"]
    assert body(y=build.contract("ji,j->i", A, x)) == ["return A.T @ x"]
    assert body(y=build.contract("i,i->", x, w)) == ["return w @ x"]
    assert body(y=build.contract("ij,jk->ik", X, B)) == ["return X @ B"]
    assert body(y=build.contract("ij,ik->jk", X, X)) == ["return X.T @ X"]
    assert body(y=build.contract("ij,ij->", X, X)) == ["return np.vdot(X, X)"]
    assert body(y=build.contract("ij,ji->", A, A * A)) == ["return np.vdot(A * A, A.T)"]
    assert body(y=construct.trace(A)) == ["return np.trace(A)"]
    assert body(y=x * w / w) == ["return x.copy()"]
    assert body(y=construct.outer(y, x)) == ["return x * y[:, None]"]
    assert body(y=A * x) == ["return A * x"]
    assert body(y=x / w - 1) == ["return x / w - 1"]


def test_a_weighted_gram_matrix_scales_before_it_multiplies() -> None:
    assert body(y=build.contract("ia,i,ib->ab", X, y, X)) == ["return (X * y[:, None]).T @ X"]


def test_a_chain_with_a_vector_goes_from_the_vector() -> None:
    product = construct.matmul(construct.matmul(construct.matmul(A, A * A), A), x)
    assert "(A @ x)" in body(y=product)[-1]
    chain = A
    for _ in range(11):
        chain = construct.matmul(chain, apply("tanh", chain))
    deep = body(y=construct.matmul(chain, x))
    assert len(deep) > 3


def test_shared_work_is_done_once() -> None:
    h = apply("tanh", construct.matmul(X, w))
    d = (1 - h * h) * y
    lines = body(a=build.contract("ij,i->j", X, d), b=construct.sum_axes(d * d), c=h)
    text = "\n".join(lines)
    assert text.count("tanh") == 1 and text.count("X @ w") == 1 and text.count("1 - ") == 1


def test_a_product_with_an_inverse_is_a_solve() -> None:
    inverse = apply("inv", A)
    assert body(y=construct.matmul(inverse, x)) == ["return np.linalg.solve(A, x)"]
    assert body(y=construct.matmul(x, inverse)) == ["return np.linalg.solve(A.T, x)"]
    assert body(y=construct.matmul(inverse, B)) == ["return np.linalg.solve(A, B)"]
    s = var("S", "n", "n", facts="spd")
    assert body(y=construct.matmul(x, apply("inv", s))) == ["return np.linalg.solve(S, x)"]
    assert "inv" not in "".join(body(y=build.contract("i,ij,j->", x, inverse, x)))


def test_an_inverse_that_is_needed_itself_serves_the_products_too() -> None:
    inverse = apply("inv", A)
    text = "\n".join(body(y=inverse, z=construct.matmul(inverse, x)))
    assert text.count("np.linalg.inv(A)") == 1 and "solve" not in text
    many = {f"z{k}": construct.matmul(inverse, var(f"v{k}", "n")) for k in range(6)}
    text = "\n".join(body(**many))
    assert text.count("np.linalg.inv(A)") == 1 and "solve" not in text


def test_the_docstring_shows_shapes() -> None:
    generated = generate({"G": differentiate(STANDARD["logistic"], [w])}, name="gradient")
    document = generated.function().__doc__
    assert "X : array of shape (m, n)" in document
    assert "G : array of shape (n,)" in document


def test_wrong_shapes_are_named() -> None:
    f = generate({"r": construct.matmul(X, w) - y}).function()
    rng = np.random.default_rng(0)
    good = {"X": rng.normal(size=(4, 3)), "w": rng.normal(size=3), "y": rng.normal(size=4)}
    f(**good)
    for name, bad in (("w", np.ones(4)), ("y", np.ones((4, 1))), ("X", np.ones(3)), ("w", 1.0)):
        with pytest.raises(ValueError, match=name):
            f(**{**good, name: bad})
    with pytest.raises(TypeError, match="real"):
        f(**{**good, "w": good["w"] * 1j})


HOSTILE = [
    "np", "t0", "t1", "lambda", "def", "λ", "x'", "dtype", "float", "f", "n", "m", "shape", "name",
    "expected", "None", "a", "__import__", "exec", "x₁", "é", "ﬁ", "2x", "a b", "\n", '"""', "\\",
    "'); import os; ('", "#", "math", "scipy", "y", "ValueError", "map", "", "\ud800", "{0}",
    "_slot0_",
    "class", "match", "__debug__", "self", "x_", "np_", "lambda_", "result", "_softmax",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_safe(name: str) -> None:
    node = variable(name, build.dims("n"))
    other = variable("lambda_" if name != "lambda_" else "lambda", build.dims("m", "n"))
    z = apply("softmax", apply("tanh", construct.matmul(other, node))) ** 2
    outputs = {name + "0": z, name: construct.sum_axes(z) * node}
    generated = generate(outputs, notes=[name, f"note {name}"])
    source = generated.source
    source.encode("utf-8")
    module = ast.parse(source)
    assert all(isinstance(s, ast.Import | ast.FunctionDef) for s in module.body)
    for local in generated.arguments.values():
        assert local.isidentifier() and not keyword.iskeyword(local)
    rng = np.random.default_rng(0)
    v, m = rng.normal(size=3), rng.normal(size=(4, 3))
    first, second = generated.function()(
        **{generated.arguments[name]: v, generated.arguments[other.name]: m}
    )
    e = np.exp(np.tanh(m @ v))
    np.testing.assert_allclose(first, (e / e.sum()) ** 2)
    np.testing.assert_allclose(second, ((e / e.sum()) ** 2).sum() * v)


@pytest.mark.parametrize("name", ["λ", "lambda", "np", "m", "x.y", "eval(1)"])
def test_any_name_of_a_size_is_safe(name: str) -> None:
    v = variable("v", build.dims(name))
    node = construct.mean_axes(v) * construct.ones((*build.dims(name), *build.dims(name)))
    f = generate({"z": node}).function()
    np.testing.assert_allclose(f(v=np.array([1.0, 3.0])), np.full((2, 2), 2.0))


def test_the_name_of_the_function_is_checked() -> None:
    for bad in ("", "a b", "def", "print", "x\n", "ﬁ"):
        with pytest.raises(InputError):
            generate({"z": x}, name=bad)
    with pytest.raises(UnsupportedError, match="numpy"):
        generate({"z": x}, backend="fortran")
    with pytest.raises(InputError, match="x"):
        generate({"z": x}, arguments=[y])


def test_sizes_come_from_shapes_or_are_asked_for() -> None:
    generated = generate({"z": construct.eye("n")})
    assert generated.sizes == {"n": "n"}
    np.testing.assert_array_equal(generated.function()(n=3), np.eye(3))
    generated = generate({"z": construct.eye("n")}, arguments=[y, x])
    assert list(generated.arguments) == ["x"] and not generated.sizes
    np.testing.assert_array_equal(generated.function()(np.ones(4)), np.eye(4))
    long = variable("v", (build.dims("m")[0] * build.dims("n")[0],))
    node = construct.reshape(long, build.dims("m", "n"))
    f = generate({"z": construct.matmul(node, x)}).function()
    np.testing.assert_allclose(f(v=np.arange(6.0), x=np.ones(3)), [3.0, 12.0])
    padded = variable("p", (build.dims("n")[0] + 2,))
    f = generate({"z": construct.take_slice(padded, 0, 1, 1, build.dims("n")[0])}).function()
    np.testing.assert_allclose(f(p=np.arange(5.0)), [1.0, 2.0, 3.0])


def test_constants_are_written_exactly() -> None:
    value = np.array([[0.1, -2.5e-300], [np.inf, 3.0]])
    node = constant(value) * 2
    f = generate({"z": node}).function()
    np.testing.assert_array_equal(f(), value * 2)


def test_numbers_never_widen_float32() -> None:
    u = np.arange(1, 4, dtype=np.float32)
    third = build.exact(1 / 3)
    n = construct.size_value(build.dims("n")[0])
    for node in (
        third * x,
        x * build.power(n, build.exact(0.5)),
        x * apply("log", n),
        x * apply("exp", build.number(2)),
        construct.mean_axes(x) * x,
        construct.outer(x, x) + construct.eye("n"),
        construct.diag_matrix(x),
        construct.ones(build.dims("n")) + x,
    ):
        result = generate({"z": node}).function()(x=u)
        assert result.dtype == np.float32
        double = generate({"z": node}).function()(x=u.astype(float))
        np.testing.assert_allclose(result, double, rtol=1e-6)


def test_a_gram_matrix_with_weights_known_to_be_nonnegative_takes_their_root() -> None:
    s = apply("sigmoid", y)
    lines = body(y=build.contract("ia,i,ib->ab", X, s * (1 - s) * y * y, X))
    assert "np.sqrt(" in lines[-2] and lines[-1] == "return t1.T @ t1"
    for unknown in (y, 1 - 2 * s, apply("det", A) ** 2 * y, y * y * y):
        if not unknown.shape:
            continue
        assert "sqrt" not in "\n".join(body(y=build.contract("ia,i,ib->ab", X, unknown, X)))
    rng = np.random.default_rng(0)
    values = {"X": rng.normal(size=(4, 3)), "y": rng.normal(size=4) * 50}
    f = generate({"y": build.contract("ia,i,ib->ab", X, s * (1 - s) * y * y, X)}).function()
    p = 1 / (1 + np.exp(-values["y"]))
    weights = values["y"] ** 2 * p * (1 - p)
    np.testing.assert_allclose(f(**values), (values["X"].T * weights) @ values["X"], atol=1e-12)


def test_names_in_checks_are_safe() -> None:
    names = ["name", "shape", "expected", "dtype", "a", "np"]
    nodes = [variable(n, build.dims("n")) for n in names]
    f = generate({"y": construct.inner_product(build.multiply(*nodes[:5]), nodes[5])})
    values = {local: np.arange(1.0, 4.0) + k for k, local in enumerate(f.arguments.values())}
    np.testing.assert_allclose(f.function()(**values), np.prod([*values.values()], axis=0).sum())


def test_a_sum_of_very_many_terms() -> None:
    names = [f"v{k}" for k in range(3000)]
    total = build.add(*(apply("tanh", variable(n, build.dims("n"))) for n in names))
    f = generate({"y": total}).function()
    np.testing.assert_allclose(f(**{n: np.full(2, 0.5) for n in names}), 3000 * np.tanh(0.5))


def test_a_thousand_layers_take_a_line_or_two_each() -> None:
    h = x
    for k in range(1000):
        h = apply("tanh", construct.matmul(var(f"W{k}", "n", "n"), h))
    gradient = differentiate(construct.sum_axes(h * h), [var("W0", "n", "n")])
    source = generate({"g": gradient}).source
    assert len(source.splitlines()) < 3600
    assert max(map(len, source.splitlines()[2100:])) < 100


def test_a_number_too_large_for_a_float_is_an_error() -> None:
    with pytest.raises(UnsupportedError, match="large"):
        generate({"y": 10**400 * x})


def test_written_into_is_only_what_is_not_shared() -> None:
    ones = construct.ones(build.dims("n", "n"))
    nodes = {"p": ones + construct.diag_matrix(x), "q": ones * 3 + construct.diag_matrix(x * x)}
    v = np.array([2.0, 3.0])
    p, q = generate(nodes).function()(x=v)
    np.testing.assert_allclose(p, 1 + np.diag(v))
    np.testing.assert_allclose(q, 3 + np.diag(v * v))
    y0, y1 = generate({"y0": A * A, "y1": build.transpose(A * A, (1, 0))}).function()(np.eye(2))
    assert not np.may_share_memory(y0, y1)


def test_compiled_by_xla_a_transposed_product_with_a_vector_is_a_row_vector_first() -> None:
    products = (build.contract("mn,m->n", X, apply("sin", y)), construct.matmul(A, B))
    source = generate({"y": products[0], "z": products[1]}, backend="jax").source
    assert "jnp.sin(y) @ X" in source
    assert ".T" not in source
    assert "X.T @ np.sin(y)" in generate({"y": products[0]}).source


def test_of_a_transpose_that_is_used_twice_the_array_gets_the_name() -> None:
    softmax = apply("softmax", construct.matmul(X, A))
    outputs = [build.contract("mn,m->n", softmax, v) for v in (y, apply("sin", y))]
    lines = body(p=outputs[0], q=outputs[1])
    assert not any(line.split(" = ")[-1].endswith(".T") for line in lines)


def test_a_product_that_is_read_transposed_is_computed_turned_round() -> None:
    scores = build.contract("hnd,hmd->hnm", var("Q", "h", "n", "d"), var("K", "h", "m", "d"))
    weights = var("W", "h", "n", "m")
    lines = body(p=weights * scores, q=apply("sin", weights) * scores)
    assert "t0 = Q @ K.transpose(0, 2, 1)" in lines
    assert "\n".join(lines).count("transpose") == 1


def test_a_product_that_is_read_both_ways_is_computed_once() -> None:
    product = construct.matmul(X, A)
    lines = body(p=apply("sin", product), q=build.contract("nk,mn->km", B, product))
    assert sum("X @ A" in line for line in lines) == 1


def test_for_a_compiler_that_fuses_a_computed_matrix_meets_a_vector_in_a_sum() -> None:
    computed = apply("sin", X) * X
    outputs = {
        "p": construct.matmul(computed, w),
        "q": build.contract("mn,m->n", computed, y),
        "r": construct.matmul(X, w),
    }
    source = generate(outputs, backend="torch").source
    assert source.count(" @ ") == 1
    assert "p = (w * t0).sum(dim=1)" in source or "p = (t0 * w).sum(dim=1)" in source
    assert generate(outputs).source.count(" @ ") == 3


def test_powers_with_halves_are_products_with_a_root() -> None:
    (line,) = body(p=x ** build.exact(1.5))
    assert line == "return x * np.sqrt(x)"
    assert "**" not in generate({"p": x ** build.exact(-2.5)}).source
