"""Dense Hessians: logistic regression, matrix factorisation, a quadratic form."""

from __future__ import annotations

from typing import Any

import numpy as np

import eingrad
from eingrad.ir import build
from eingrad.ir.node import Node, Term

from .measure import Row, compare, ratio_table
from .rivals import jax_call, torch_call, use_double_precision


def logistic(n: int = 1000, m: int = 2000) -> Row:
    """Σ log(1 + exp(−y ⊙ Xw)) by w, twice: n features, m rows."""
    import jax
    import jax.numpy as jnp
    import torch

    rng = np.random.default_rng(0)
    X = rng.normal(size=(m, n)) / np.sqrt(n)
    w, y = rng.normal(size=n), rng.choice([-1.0, 1.0], m)
    f = eingrad.hessian("sum(log(exp(-y.*(X*w))+1))", "w").function()

    def by_hand() -> np.ndarray:
        s = 1 / (1 + np.exp(y * (X @ w)))
        return X.T @ ((s * (1 - s))[:, None] * X)

    def jax_loss(w: Any, X: Any, y: Any) -> Any:
        return jnp.sum(jnp.logaddexp(0.0, -y * (X @ w)))

    def torch_loss(w: Any, X: Any, y: Any) -> Any:
        return torch.nn.functional.softplus(-y * (X @ w)).sum()

    return compare(
        f"logistic regression, {n} features, {m} rows",
        {
            "eingrad": lambda: f(X=X, w=w, y=y),
            "NumPy by hand": by_hand,
            "jit(jax.hessian)": jax_call(jax.hessian(jax_loss), w, X, y),
            "torch.func.hessian": torch_call(torch.func.hessian(torch_loss), w, X, y),
        },
        {"hand": "≥ 0.83×", "JAX": "≥ 3×"},
    )


def factorisation(n: int = 200, k: int = 5) -> list[Row]:
    """‖T − UVᵀ‖² by U, twice: dense n×k×n×k, and its k×k core alone."""
    import jax
    import torch

    rng = np.random.default_rng(1)
    T, U, V = rng.normal(size=(n, n)), rng.normal(size=(n, k)), rng.normal(size=(n, k))
    derivative = eingrad.hessian("norm2(T-U*V')^2", "U")
    f = derivative.function()

    def by_hand() -> np.ndarray:
        result = np.zeros((n, k, n, k))
        np.einsum("iaib->iab", result)[...] = 2 * (V.T @ V)
        return result

    def loss(U: Any, T: Any, V: Any) -> Any:
        return ((T - U @ V.T) ** 2).sum()

    core = _core(derivative.node)
    return [
        compare(
            f"matrix factorisation, n = {n}, k = {k}, dense {n}×{k}×{n}×{k}",
            {
                "eingrad": lambda: f(T=T, U=U, V=V),
                "NumPy by hand": by_hand,
                "jit(jax.hessian)": jax_call(jax.hessian(loss), U, T, V),
                "torch.func.hessian": torch_call(torch.func.hessian(loss), U, T, V),
            },
            {"hand": "≥ 0.77×", "JAX": "≥ 100×"},
        ),
        compare(
            f"the same, structured: δ and its {k}×{k} core",
            {"eingrad": lambda: core(V), "NumPy by hand": lambda: 2 * (V.T @ V)},
            {},
        ),
    ]


def quadratic(n: int = 2000) -> Row:
    """xᵀAx by x, twice."""
    import jax
    import torch

    rng = np.random.default_rng(2)
    A, x = rng.normal(size=(n, n)), rng.normal(size=n)
    f = eingrad.hessian("x'*A*x", "x").function()

    def loss(x: Any, A: Any) -> Any:
        return x @ (A @ x)

    return compare(
        f"xᵀAx, n = {n}",
        {
            "eingrad": lambda: f(A=A, x=x),
            "NumPy by hand": lambda: A + A.T,
            "jit(jax.hessian)": jax_call(jax.hessian(loss), x, A),
            "torch.func.hessian": torch_call(torch.func.hessian(loss), x, A),
        },
        {"JAX": "≥ 5×"},
    )


def _core(node: Node) -> Any:
    """The function of a term without its deltas: the numbers that a dense result repeats."""
    from eingrad.codegen import generate

    assert isinstance(node, Term)
    carried = {a for f in node.factors for axis in f.indices for a in axis}
    atoms = [a for a in dict.fromkeys(a for axis in node.out for a in axis) if a in carried]
    sizes = dict(enumerate(node.sizes))
    core = build.einsum(node.factors, [(a,) for a in atoms], node.coefficient, sizes)
    return generate({"core": core}).function()


def report() -> str:
    """The table."""
    use_double_precision()
    rows = [logistic(), *factorisation(), quadratic()]
    return ratio_table("Hessians", rows)
