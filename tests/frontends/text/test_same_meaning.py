"""Different spellings of one formula mean one thing."""

from __future__ import annotations

import numpy as np
import pytest

from eingrad.frontends.declare import declaration
from eingrad.frontends.text import parse
from eingrad.verify import evaluate

LET = {"x": "n", "y": "m", "z": "n", "A": "m n", "B": "n n", "C": "n n", "a": "", "λ": ""}

SAME = [
    ("x'*B*x", "xᵀBx", "x.T @ B @ x", "x @ B @ x", 'einsum("i,ij,j->", x, B, x)', "x^T*B*x",
     "x^{T}Bx", "tr(B*(x*x'))", "dot(x, B@x)", "inner(x, B*x)"),
    ("norm2(A*x-y)^2", "‖Ax − y‖²", "||A*x-y||^2", "(A*x-y)'*(A*x-y)", "sum((A*x-y).^2)",
     "square(A @ x - y).sum()", "‖Ax − y‖₂²", "norm(A*x-y)^2"),
    ("inv(B)", "B^-1", "B⁻¹", "B**-1", "B^{-1}", "np.linalg.inv(B)"),
    ("inv(B)'", "B⁻ᵀ", "inv(B')", "B^{-T}", "(B^-1).T"),
    ("B^3", "B**3", "B*B*B", "B³", "BBB", "B @ B @ B", "matrix_power(B, 3)"),
    ("x.*z", "x ⊙ z", "hadamard(x, z)", "diag(x)*z"),
    ("x./z", "x ⊘ z", "x.*(1./z)", "x .* z.^-1"),
    ("2*a*x", "2ax", "a x + a x", "x*2*a", "2 · a·x"),
    ("sum(x)", "x.sum()", "vector(1)'*x", "𝟏ᵀx", "ones(n)'*x", "np.sum(x)", "x.sum(axis=0)"),
    ("mean(x)", "x.mean()", "sum(x)/n"),
    ("sqrt(a)", "√a", "a^(1/2)", "a^0.5", "a**0.5", "a^½"),
    ("sqrt(x)", "x.^0.5", "x.^(1/2)", "√x", "np.sqrt(x)"),
    ("kron(B, A)", "B ⊗ A"),
    ("A'", "Aᵀ", "A.T", "transpose(A)", "A^T", "A⊤", "A.transpose()"),
    ("-x", "−x", "0*x - x", "-1*x"),
    ("x - z - x", "-z", "−z"),
    ("eye*x", "I x", "eye(n)*x", "I_n x", "x"),
    ("B + a*eye", "B + a I", "B + a*eye(n)", "B + diag(vector(a))"),
    ("A + 1", "A + matrix(1)", "1 + A", "A + ones(m, n)"),
    ("abs(x)", "|x|", "np.abs(x)"),
    ("norm1(x)", "‖x‖₁", "sum(abs(x))", "norm(x, 1)", "‖x‖_1"),
    ("norm2(A)", "‖A‖_F", "norm(A, 'fro')", "sqrt(tr(A'*A))"),
    ("tr(B)", "trace(B)", "sum(diag(B))", "B.trace()", 'einsum("ii->", B)', 'einsum("ii", B)'),
    ("x*y'", "xyᵀ", "outer(x, y)", 'einsum("i,j->ij", x, y)'),
    ("A[0, :]", "A[0]", "A[-m, :]", "A'[:, 0]"),
    ("x[1:3]", "x[1:3:1]", "[x[1]; x[2]]"),
    ("[x, z]", "stack([x, z], axis=1)", "hstack([x, z])", "[x'; z']'"),
    ("[x; z]", "concatenate([x, z])", "vstack([x, z])"),
    ("exp(-a)", "e2 where e2 = exp(b), b = -a"),
    ("B*x where x = z", "B*z"),
    ("λ*x + B*x", "λx + Bx", "(B + λ*I)*x"),
    ("logsumexp(A, axis=1)", "log(sum(exp(A), axis=1))"),
    ("B\\x", "inv(B)*x", "B^-1 x"),
    ("cumsum(x)", "tril(ones(n, n))*x", "tril(n, n, 0)*x"),
    ("ones(n)*mean(x) - x", "mean(x)*vector(1) - x", "mean(x) - x", "𝟏𝟏ᵀx/n - x"),
    ("2^3^2", "64"),
    ("2**3**2", "512"),
    ("-2^2", "-4"),
    ("1/2*a", "0.5*a", "a/2", "½a"),
]  # fmt: skip


SIZES = {"m": 3, "n": 5}


def value(text):
    rng = np.random.default_rng(7)
    point = {
        name: rng.uniform(0.5, 2, [d.evaluate(SIZES) for d in declaration(spec, name)[0]])
        for name, spec in LET.items()
    }
    return evaluate(parse(text, LET).node, point, SIZES)


@pytest.mark.parametrize("texts", SAME, ids=lambda t: t[0])
def test_spellings_agree(texts):
    wanted = value(texts[0])
    for text in texts[1:]:
        np.testing.assert_allclose(value(text), wanted, rtol=1e-12, err_msg=text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x'*B*x", "x'*B'*x*1.5"),
        ("A*x", "A*z"),
        ("x - z", "z - x"),
        ("a/2*λ", "a/(2*λ)"),
        ("B*C", "C*B"),
        ("kron(B, C)", "kron(C, B)"),
        ("diag(B*x)", "B*diag(x)"),
        ("x.^3", "x.^2"),
        ("A[0]", "A[1]"),
        ("reshape(B, n*n)", "vec(B)"),
    ],
)
def test_different_formulas_differ(one, other):
    assert not np.array_equal(value(one), value(other))
