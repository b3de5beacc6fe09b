"""Emitted modules pass their emitted tests as written, in a process of their own."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad import custom_rule, matrix, softmax, vector
from eingrad.errors import InputError, NameError_, UnsupportedError
from eingrad.rules import FRAMEWORKS


def layer_norm() -> Any:
    X, g, b = matrix("X", "m n"), vector("g", "n"), vector("b", "n")
    centred = X - np.mean(X, axis=1, keepdims=True)
    return centred / np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + 1e-5) * g + b


def attention() -> Any:
    Q, K, V = matrix("Q", "n d"), matrix("K", "m d"), matrix("V", "m p")
    return softmax(Q @ K.T / 3) @ V


# Value and variables: kept values and inputs, a hidden size, a constant, names that collide, facts.
RULES: dict[str, tuple[Any, Any]] = {
    "attention": (attention(), "Q,K,V"),
    "layer_norm": (layer_norm(), "X,g,b"),
    "log_sum_exp": ("logsumexp(x)", "x"),
    "logistic": ("sum(log(exp(-y.*(X*w))+1))", "w"),
    "total": ("sum(x)", "x"),
    "broadcast": ("x*vector(1, 4)'", "x"),
    "collisions": (
        matrix("ctx", "m n") @ vector("incoming", "n") * vector("kept", "m")
        + np.tanh(vector("y", "m")) ** 2 / vector("d_0", "m"),
        None,
    ),
    "log_likelihood": (
        eingrad.parse("y'*inv(S)*y + logdet(S)", S="n n spd"),
        "y,S",
    ),
    "scaled": (eingrad.parse("c*sin(c*X)", c="", X="m n"), "c,X"),
}


LIGHT = {"log_sum_exp", "broadcast", "scaled", "logistic"}


def run_pytest(folder: Path) -> None:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "passed" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("backend", FRAMEWORKS)
def test_emitted_tests_pass_as_written(backend: str, tmp_path: Path) -> None:
    for name, (y, wrt) in RULES.items():
        if backend == "jax" and name in LIGHT:  # JAX compiles each operation of a test by itself
            continue
        custom_rule(y, wrt, backend, name=name).write(tmp_path)
    custom_rule(attention(), "Q,K,V", backend, name="lean", recompute="all").write(tmp_path)
    if backend == "torch":
        custom_rule(attention(), None, backend, name="whole", library=True).write(tmp_path)
    run_pytest(tmp_path)


@pytest.mark.parametrize("backend", FRAMEWORKS)
def test_modules_name_no_package_but_the_framework(backend: str) -> None:
    for name, (y, wrt) in RULES.items():
        tree = ast.parse(custom_rule(y, wrt, backend, name=name).source)
        imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
        modules = {alias.name for n in imports for alias in n.names}
        assert modules <= {"math", "itertools", "functools", "jax", "jax.numpy", "torch"} | {
            "tensorflow"
        }


def test_what_is_kept_is_listed_with_its_bytes() -> None:
    rule = custom_rule(attention(), "Q,K,V", "jax", name="attention")
    texts = [str(saved) for saved in rule.saved]
    assert any("softmax(QKᵀ/3): n×m, 8*m*n bytes in float64" in text for text in texts)
    assert sum(saved.own for saved in rule.saved) == 1
    assert all(text in rule.source for text in texts)


def test_a_constant_of_the_rule_is_refused_where_a_zero_would_be_wrong() -> None:
    jax = pytest.importorskip("jax")
    function = custom_rule("sum(exp(A*x))", "x", "jax").function()
    A, x = np.ones((2, 3)), np.ones(3)
    assert jax.grad(function)(x, A).shape == (3,)
    with pytest.raises(TypeError, match="A is a constant"):
        jax.grad(function, argnums=1)(x, A)
    torch = pytest.importorskip("torch")
    function = custom_rule("sum(exp(A*x))", "x", "torch").function()
    A, x = (torch.tensor(v, requires_grad=True) for v in (A, x))
    with pytest.raises(TypeError, match="A: it is a constant"):
        function(x, A).backward()


def test_files_that_are_there_are_not_overwritten(tmp_path: Path) -> None:
    rule = custom_rule("softmax(x)", "x", "jax", name="soft")
    paths = rule.write(tmp_path / "new")
    assert [p.name for p in paths] == ["soft.py", "test_soft.py"]
    assert rule.write(tmp_path / "new") == paths
    paths[0].write_text("something else")
    with pytest.raises(InputError, match="exists already"):
        rule.write(tmp_path / "new")


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("softmax(x)", "x", "numpy"), {}, UnsupportedError, "no custom rules for numpy"),
        (("softmax(x)", "z", "jax"), {}, NameError_, "does not occur"),
        (("softmax(x)", "x", "jax"), {"name": "a b"}, InputError, "cannot name a function"),
        (("softmax(x)", "x", "jax"), {"name": "class"}, InputError, "cannot name a function"),
        (("softmax(x)", "x", "jax"), {"name": "operator"}, InputError, "hide the module"),
        (("softmax(x)", "x", "jax"), {"recompute": "some"}, InputError, "cheap"),
        (("softmax(x)", "x", "jax"), {"library": True}, InputError, "PyTorch"),
        (("2", None, "jax"), {}, InputError, "a constant"),
        (("x*vector(1, m)'", "x", "jax"), {}, UnsupportedError, "the size m"),
    ],
)
def test_what_cannot_be_done_is_named(
    arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        custom_rule(*arguments, **options)
