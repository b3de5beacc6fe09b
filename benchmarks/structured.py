"""Structured derivatives: operators that are never multiplied out, beside dense Hessians."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import eingrad

from .measure import (
    Call,
    Row,
    jax_call,
    medians,
    ratio_table,
    torch_call,
    use_double_precision,
)
from .systems import solves


class Case:
    """A derivative with numbers, and the same from others: one measurement, a line in each table.

    Parameters
    ----------
    derivative:
        What is bound as an operator, and computed as a dense array.
    values:
        By name; the operator is given only those that it needs.
    others:
        Calls that give the dense array.
    only_dense:
        Values that the dense array needs for its sizes, and the operator does not.
    """

    def __init__(
        self,
        name: str,
        derivative: Any,
        values: Mapping[str, np.ndarray],
        others: Mapping[str, Call],
        structured_targets: Mapping[str, str] | None = None,
        dense_targets: Mapping[str, str] | None = None,
        by_hand: Call | None = None,
        only_dense: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        dense = derivative.function()
        full = {**values, **(only_dense or {})}
        calls: dict[str, Call] = {
            "operator": lambda: derivative.operator(**values),
            "eingrad": lambda: dense(**full),
            **({} if by_hand is None else {"NumPy by hand": by_hand}),
            **others,
        }
        expected = np.asarray(calls["eingrad"]())
        scale = np.abs(expected).max(initial=1e-300)
        for other, call in calls.items():
            result = call()
            result = result.dense() if other == "operator" else np.asarray(result)
            np.testing.assert_allclose(
                result, expected, rtol=0, atol=1e-8 * scale, err_msg=f"{name}: {other}"
            )
            del result
        self.entries = expected.size
        self.nbytes = derivative.operator(**values).nbytes
        del expected
        seconds = medians(calls, budget=10.0)
        bound = seconds.pop("operator")
        hand = seconds.pop("NumPy by hand", None)
        kept = f"{name}: {self.nbytes // 8:,} numbers for {self.entries:,} entries"
        self.structured = Row(kept, {**seconds, "eingrad": bound}, structured_targets or {})
        with_hand = seconds if hand is None else {**seconds, "NumPy by hand": hand}
        self.dense = Row(name, with_hand, dense_targets or {})


def factorisation(n: int = 200, k: int = 5) -> tuple[Case, Row]:
    """‖T − UVᵀ‖² by U, twice; the second row is the generated function of the core alone."""
    import jax
    import torch

    rng = np.random.default_rng(1)
    T, U, V = rng.normal(size=(n, n)), rng.normal(size=(n, k)), rng.normal(size=(n, k))
    derivative = eingrad.hessian("norm2(T-U*V')^2", "U")

    def loss(U: Any, T: Any, V: Any) -> Any:
        return ((T - U @ V.T) ** 2).sum()

    def by_hand() -> np.ndarray:
        result = np.zeros((n, k, n, k))
        np.einsum("iaib->iab", result)[...] = 2 * (V.T @ V)
        return result

    case = Case(
        f"matrix factorisation, n = {n}, k = {k}",
        derivative,
        {"U": U, "V": V},
        {
            "jit(jax.hessian)": jax_call(jax.hessian(loss), U, T, V),
            "torch.func.hessian": torch_call(torch.func.hessian(loss), U, T, V),
        },
        {"JAX": "≥ 5,000×"},
        {"JAX": "≥ 100×", "hand": "≥ 0.77×"},
        by_hand,
        {"T": T},
    )
    core = core_function(derivative)
    np.testing.assert_allclose(2 * core(V), 2 * V.T @ V)
    alone = medians({"core": lambda: core(V)}, budget=2.0)["core"]
    others = {name: s for name, s in case.structured.seconds.items() if name != "eingrad"}
    row = Row(
        "the same, the generated function alone", {**others, "eingrad": alone}, {"JAX": "≥ 20,000×"}
    )
    return case, row


def core_function(derivative: Any) -> Any:
    """The generated function of the one core of a derivative, without its number and deltas."""
    from eingrad.codegen import generate
    from eingrad.structure import decompose

    (term,) = decompose(derivative.node).terms
    (core,) = term.cores
    return generate({"core": core.node}).function()


def inverse(n: int = 48) -> Case:
    """∂X⁻¹/∂X."""
    import jax
    import torch

    X = np.random.default_rng(2).normal(size=(n, n)) + n * np.eye(n)
    return Case(
        f"J of X⁻¹, {n}×{n}",
        eingrad.jacobian("inv(X)", "X"),
        {"X": X},
        {
            "jit(jax.jacobian)": jax_call(jax.jacobian(jax.numpy.linalg.inv), X),
            "torch.func.jacrev": torch_call(torch.func.jacrev(torch.linalg.inv), X),
        },
        {"JAX": "≥ 100×"},
    )


def trace_forms(n: int = 48) -> list[Case]:
    """tr(XᵀAX) by X, twice, in three spellings."""
    import jax
    import torch

    A, X = np.random.default_rng(3).normal(size=(2, n, n))
    spellings = ["tr(X'*A*X)", "sum(X.*(A*X))", 'einsum("ij,ik,kj->", X, A, X)']

    def loss(X: Any, A: Any) -> Any:
        return (X * (A @ X)).sum()

    others = {
        "jit(jax.hessian)": jax_call(jax.hessian(loss), X, A),
        "torch.func.hessian": torch_call(torch.func.hessian(loss), X, A),
    }
    return [
        Case(
            f"`{text}`, {n}×{n}",
            eingrad.hessian(text, "X"),
            {"A": A, "X": X},
            others,
            {"JAX": "≥ 100×, equal in all spellings"},
        )
        for text in spellings
    ]


def relu_network(n: int = 60, depth: int = 10) -> Case:
    """ReLU layers with softmax cross-entropy, by the first weight, twice."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(4)
    W = rng.normal(size=(depth, n, n)) * np.sqrt(2 / n)
    x, t = rng.normal(size=n), np.eye(n)[3]
    h: Any = eingrad.vector("x", str(n))
    for k in range(depth):
        h = eingrad.matrix(f"W{k}", f"{n} {n}") @ h
        h = h if k == depth - 1 else eingrad.relu(h)
    derivative = eingrad.hessian(
        eingrad.logsumexp(h) - (eingrad.vector("t", str(n)) * h).sum(), "W0"
    )

    def loss(first: Any, rest: Any, x: Any, t: Any) -> Any:
        h = first @ x
        for k in range(depth - 1):
            h = rest[k] @ jnp.maximum(h, 0)
        return jax.nn.logsumexp(h) - t @ h

    def by_hand() -> np.ndarray:
        J, h = np.eye(n), W[0] @ x
        for k in range(1, depth):
            J, h = (W[k] * (h > 0)) @ J, W[k] @ np.maximum(h, 0)
        p = np.exp(h - h.max())
        p /= p.sum()
        Jp = J.T @ p
        M = (J.T * p) @ J - np.outer(Jp, Jp)
        return M[:, None, :, None] * np.outer(x, x)[None, :, None, :]

    return Case(
        f"ReLU network, {depth} layers, n = {n}, by its first weight",
        derivative,
        {**{f"W{k}": W[k] for k in range(depth)}, "x": x, "t": t},
        {"jit(jax.hessian)": jax_call(jax.hessian(loss), W[0], W[1:], x, t)},
        {"JAX": "≥ 100×"},
        {"hand": "≥ 0.77×"},
        by_hand,
    )


def softmax_regression(m: int = 300, d: int = 20, c: int = 10) -> Case:
    """Σ logsumexp(XW) − Σ Y ⊙ XW by W, twice."""
    import jax
    import torch

    rng = np.random.default_rng(5)
    X, W = rng.normal(size=(m, d)), rng.normal(size=(d, c))
    Y = np.eye(c)[rng.integers(0, c, m)]

    def jax_loss(W: Any, X: Any, Y: Any) -> Any:
        Z = X @ W
        return jax.nn.logsumexp(Z, axis=1).sum() - (Y * Z).sum()

    def torch_loss(W: Any, X: Any, Y: Any) -> Any:
        Z = X @ W
        return torch.logsumexp(Z, 1).sum() - (Y * Z).sum()

    return Case(
        f"softmax regression, {m}×{d} by {d}×{c}",
        eingrad.hessian("sum(logsumexp(X*W, axis=1)) - sum(Y.*(X*W))", "W"),
        {"X": X, "W": W, "Y": Y},
        _both(jax_loss, torch_loss, W, X, Y),
    )


def logsumexp(n: int = 1500) -> Case:
    """logsumexp by x, twice."""
    import jax
    import torch

    x = np.random.default_rng(6).normal(size=n)
    return Case(
        f"logsumexp, n = {n}",
        eingrad.hessian("logsumexp(x)", "x"),
        {"x": x},
        _both(jax.nn.logsumexp, lambda x: torch.logsumexp(x, 0), x),
    )


def masked(n: int = 100, k: int = 5) -> Case:
    """‖M ⊙ (T − UVᵀ)‖² by U, twice: a block for each row."""
    rng = np.random.default_rng(7)
    T, U, V = rng.normal(size=(n, n)), rng.normal(size=(n, k)), rng.normal(size=(n, k))
    M = (rng.random((n, n)) < 0.3).astype(float)

    def loss(U: Any, M: Any, T: Any, V: Any) -> Any:
        return ((M * (T - U @ V.T)) ** 2).sum()

    return Case(
        f"matrix factorisation with a mask, n = {n}, k = {k}",
        eingrad.hessian("norm2(M.*(T-U*V'))^2", "U"),
        {"M": M, "U": U, "V": V},
        _both(loss, loss, U, M, T, V),
    )


def cp_decomposition(n: int = 40, r: int = 8) -> Case:
    """‖T − Σ a ∘ b ∘ c‖² by A, twice."""
    import jax.numpy as jnp
    import torch

    rng = np.random.default_rng(8)
    T = rng.normal(size=(n, n, n))
    A, B, C = rng.normal(size=(3, n, r))

    def loss(module: Any) -> Callable[..., Any]:
        def f(A: Any, T: Any, B: Any, C: Any) -> Any:
            return ((T - module.einsum("ir,jr,kr->ijk", A, B, C)) ** 2).sum()

        return f

    return Case(
        f"CP decomposition, {n}×{n}×{n}, rank {r}",
        eingrad.hessian(
            eingrad.parse('sum((T - einsum("ir,jr,kr->ijk", A, B, C)).^2)', T="m n p"), "A"
        ),
        {"A": A, "B": B, "C": C, "T": T},
        _both(loss(jnp), loss(torch), A, T, B, C),
    )


def gaussian_process(n: int = 40) -> Case:
    """yᵀK⁻¹y + log det K by K, twice."""
    import jax.numpy as jnp
    import torch

    rng = np.random.default_rng(9)
    root, y = rng.normal(size=(n, n)), rng.normal(size=n)
    K = root @ root.T + n * np.eye(n)

    def loss(linalg: Any) -> Callable[..., Any]:
        def f(K: Any, y: Any) -> Any:
            return y @ linalg.solve(K, y) + linalg.slogdet(K)[1]

        return f

    return Case(
        f"Gaussian-process likelihood, n = {n}",
        eingrad.hessian("y'*inv(K)*y + logdet(K)", "K"),
        {"K": K, "y": y},
        _both(loss(jnp.linalg), loss(torch.linalg), K, y),
    )


def _both(jax_loss: Any, torch_loss: Any, *arrays: np.ndarray) -> dict[str, Call]:
    import jax
    import torch

    return {
        "jit(jax.hessian)": jax_call(jax.hessian(jax_loss), *arrays),
        "torch.func.hessian": torch_call(torch.func.hessian(torch_loss), *arrays),
    }


def hessian_diagonal(n: int = 1500, m: int = 1500) -> Row:
    """The diagonal of the Hessian of Σ exp(Ax)."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(10)
    A, x = rng.normal(size=(m, n)) / np.sqrt(n), rng.normal(size=n)
    f = eingrad.hessian_diagonal("sum(exp(A*x))", "x").function()

    def diagonal(x: Any, A: Any) -> Any:
        def slope(x: Any) -> Any:
            return jax.grad(lambda x: jnp.exp(A @ x).sum())(x)

        def entry(e: Any) -> Any:
            return jax.jvp(slope, (x,), (e,))[1] @ e

        return jax.vmap(entry)(jnp.eye(n))

    calls: dict[str, Call] = {
        "eingrad": lambda: f(A=A, x=x),
        "NumPy by hand": lambda: np.exp(A @ x) @ (A * A),
        "jit(vmap(hvp))": jax_call(diagonal, x, A),
    }
    expected = np.asarray(calls["eingrad"]())
    for name, call in calls.items():
        np.testing.assert_allclose(np.asarray(call()), expected, rtol=1e-9, err_msg=name)
    return Row(f"diagonal of the Hessian of Σ exp(Ax), n = {n}", medians(calls), {"hvp": "≥ 20×"})


def report() -> str:
    """Structured and dense apart."""
    use_double_precision()
    factored, alone = factorisation()
    cases = [
        factored,
        inverse(),
        *trace_forms(),
        relu_network(),
        softmax_regression(),
        logsumexp(),
        masked(),
        cp_decomposition(),
        gaussian_process(),
    ]
    structured = [factored.structured, alone, *(c.structured for c in cases[1:])]
    tables = [
        ratio_table("Structured: an operator, inputs checked", structured),
        ratio_table("Dense: the same derivatives as arrays", [c.dense for c in cases]),
        ratio_table("Contracted", [hessian_diagonal()]),
        solves(),
    ]
    return "\n\n".join(tables)
