"""Each function of the language, by value: vectors are columns, axes are NumPy's."""

from __future__ import annotations

import numpy as np
import pytest

from eingrad.frontends.declare import declaration
from eingrad.frontends.text import parse
from eingrad.frontends.text.functions import STRUCTURAL
from eingrad.frontends.text.records import find_record
from eingrad.ir.record import REGISTRY
from eingrad.verify import evaluate

SIZES = {"m": 3, "n": 5}
LET = {"x": "n", "y": "m", "A": "m n", "B": "n n", "D": "n n", "T": "2 m n", "a": "", "p": "6"}


def column(x):
    return x[:, None]


TABLE = [
    ("sum(A)", lambda A: A.sum()),
    ("sum(A, axis=0)", lambda A: A.sum(0)),
    ("A.sum(1)", lambda A: A.sum(1)),
    ("sum(T, axis=(0, 2))", lambda T: T.sum((0, 2))),
    ("sum(A, axis=1, keepdims=True)", lambda A: A.sum(1, keepdims=True)),
    ("A.mean(axis=-1)", lambda A: A.mean(-1)),
    ("mean(T)", lambda T: T.mean()),
    ("var(A, axis=0)", lambda A: A.var(0)),
    ("std(x)", lambda x: x.std()),
    ("max(A)", lambda A: A.max()),
    ("max(A, axis=0)", lambda A: A.max(0)),
    ("min(x)", lambda x: x.min()),
    ("softmax(A)", lambda A: np.exp(A) / np.exp(A).sum(1, keepdims=True)),
    ("softmax(A, axis=0)", lambda A: np.exp(A) / np.exp(A).sum(0)),
    ("logsumexp(A)", lambda A: np.log(np.exp(A).sum())),
    ("logsumexp(T, axis=1)", lambda T: np.log(np.exp(T).sum(1))),
    ("cumsum(A, axis=1)", lambda A: A.cumsum(1)),
    ("norm1(A)", lambda A: np.abs(A).sum()),
    ("norm2(A)", lambda A: np.linalg.norm(A)),
    ("norm2(x)^2", lambda x: x @ x),
    ("tr(B*D)", lambda B, D: np.trace(B @ D)),
    ("diag(B)", lambda B: np.diag(B)),
    ("diag(x)", lambda x: np.diag(x)),
    ("vec(A)", lambda A: A.T.ravel()),
    ("A.ravel()", lambda A: A.ravel()),
    ("reshape(p, 2, 3)", lambda p: p.reshape(2, 3)),
    ("reshape(p, (3, -1))", lambda p: p.reshape(3, 2)),
    ("A.reshape(n, m)", lambda A: A.reshape(5, 3)),
    ("transpose(T, (2, 0, 1))", lambda T: T.transpose(2, 0, 1)),
    ("T.transpose(1, 0, 2)", lambda T: T.transpose(1, 0, 2)),
    ("kron(A, B)", lambda A, B: np.kron(A, B)),
    ("x ⊗ y", lambda x, y: np.kron(x, y)),
    ("x ⊗ y'", lambda x, y: np.outer(x, y)),
    ("x' ⊗ A", lambda x, A: np.kron(x[None], A)),
    ("A ⊗ x", lambda A, x: np.kron(A, column(x))),
    ("outer(x, y)", lambda x, y: np.outer(x, y)),
    ("inner(B, D)", lambda B, D: (B * D).sum()),
    ("dot(A, x)", lambda A, x: A @ x),
    ("T @ x", lambda T, x: T @ x),
    ("T @ B", lambda T, B: T @ B),
    ("tril(B)", lambda B: np.tril(B)),
    ("triu(B, 1)", lambda B: np.triu(B, 1)),
    ("tril(m, n, 1)", lambda: np.tri(3, 5, 1)),
    ("eye(n)", lambda: np.eye(5)),
    ("eye(6)*p", lambda p: p),
    ("ones(2, n)", lambda: np.ones((2, 5))),
    ("zeros(n)", lambda: np.zeros(5)),
    ("vector(a, n)", lambda a: np.full(5, a)),
    ("matrix(2, m, n)", lambda: np.full((3, 5), 2.0)),
    ("size(n)*a", lambda a: 5 * a),
    ("n*a", lambda a: 5 * a),
    ("K_mn vec(A)", lambda A: A.ravel()),
    ("K_{m,n}", lambda: np.eye(15)[[j * 3 + i for i in range(3) for j in range(5)]]),
    ("𝟏_n", lambda: np.ones(5)),
    ("𝟏_{m,n}", lambda: np.ones((3, 5))),
    ("I_n", lambda: np.eye(5)),
    ("I_{2n}", lambda: np.eye(10)),
    ("x[0]", lambda x: x[0]),
    ("x[-1]", lambda x: x[-1]),
    ("x[n-2]", lambda x: x[3]),
    ("x[1:]", lambda x: x[1:]),
    ("x[:-2]", lambda x: x[:-2]),
    ("x[::-1]", lambda x: x[::-1]),
    ("x[3:1:-1]", lambda x: x[3:1:-1]),
    ("p[1:6:2]", lambda p: p[1:6:2]),
    ("p[-2:]", lambda p: p[-2:]),
    ("p[4:100]", lambda p: p[4:100]),
    ("A[1:3, 2]", lambda A: A[1:3, 2]),
    ("T[1, :, 0:2]", lambda T: T[1, :, 0:2]),
    ("T[0]", lambda T: T[0]),
    ("[A; x']", lambda A, x: np.vstack([A, x])),
    ("[A, y]", lambda A, y: np.hstack([A, column(y)])),
    ("[B, 0; 0, A]", lambda B, A: np.block([[B, np.zeros((5, 5))], [np.zeros((3, 5)), A]])),
    ("[[B, D], [D, B]]", lambda B, D: np.block([[B, D], [D, B]])),
    ("[a, 2, 3]", lambda a: np.array([a, 2, 3])),
    ("[a; x; 0]", lambda a, x: np.hstack([a, x, 0])),
    ("concatenate([A, B])", lambda A, B: np.concatenate([A, B])),
    ("stack([x, x.*x])", lambda x: np.stack([x, x * x])),
    ("einsum('bij,jk->bik', T, B)", lambda T, B: T @ B),
    ("x > 1", lambda x: (x > 1) * 1.0),
    ("where(x > 1, x, 0)", lambda x: np.where(x > 1, x, 0)),
    ("maximum(x, 1)", lambda x: np.maximum(x, 1)),
    ("relu(x - 1)", lambda x: np.maximum(x - 1, 0)),
    ("leaky_relu(x - 1, 1/50)", lambda x: np.where(x > 1, x - 1, (x - 1) / 50)),
    ("a.^x", lambda a, x: a**x),
    ("x.^x", lambda x: x**x),
    ("x'", lambda x: x),
    ("x'*B", lambda x, B: x @ B),
    ("exp(x)'*exp(x)", lambda x: (np.exp(x) ** 2).sum()),
    ("σ(x)", lambda x: 1 / (1 + np.exp(-x))),
    ("np.linalg.inv(B)", lambda B: np.linalg.inv(B)),
    ("pi*a", lambda a: np.pi * a),
    ("logdet(B*B')", lambda B: np.linalg.slogdet(B @ B.T)[1]),
]  # fmt: skip


def point():
    rng = np.random.default_rng(11)
    return {
        name: rng.uniform(0.5, 2, [d.evaluate(SIZES) for d in declaration(spec, name)[0]])
        for name, spec in LET.items()
    }


@pytest.mark.parametrize(("text", "reference"), TABLE, ids=[text for text, _ in TABLE])
def test_a_function_has_its_meaning(text, reference):
    values = point()
    names = reference.__code__.co_varnames
    got = evaluate(parse(text, LET).node, values, SIZES)
    np.testing.assert_allclose(got, reference(*(values[n] for n in names)), rtol=1e-12)


def test_every_spelling_of_the_registry_is_a_function():
    for record in REGISTRY.values():
        for spelling in record.spellings:
            assert spelling in STRUCTURAL or find_record(spelling) is record, spelling


@pytest.mark.parametrize(
    "name", [n for n, r in REGISTRY.items() if r.elementwise and len(r.domain) == 1 and r.spellings]
)
def test_elementwise_functions_keep_shape_and_row(name):
    spelling = REGISTRY[name].spellings[0]
    assert parse(f"{spelling}(A)", LET).node.shape == parse("A", LET).node.shape
    assert parse(f"{spelling}(x)'*x", LET).node.shape == ()
    assert parse(f"{spelling}(x')*x", LET).node.shape == ()
