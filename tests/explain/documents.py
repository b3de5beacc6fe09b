"""One of each thing that is explained, and those of the main table, for tests of output forms."""

from functools import cache

import eingrad
from eingrad import nn
from eingrad.calculus.explained import explanation
from eingrad.explain.forms import Document, Inset
from tests.test_table import TABLE


def derivation(text, wrt, route="differentials", let=None):
    d = eingrad.derivative(eingrad.parse(text, **(let or {})), *wrt)
    return explanation(d, route, "full")


MAKERS = {
    "derivation": lambda: derivation("norm2(A*x-y)^2", ("x",)),
    "array by array": lambda: derivation("A*B", ("A",)),
    "comparison": lambda: derivation("sum((x > 0) .* x)", ("x",)),
    "chain": lambda: derivation("sum(log(exp(-y.*(X*w))+1))", ("w",), "chain"),
    "second order": lambda: derivation("norm2(x)", ("x", "x")),
    "entries": lambda: eingrad.derivative("A*B", "A").entries(m=2, n=3, p=2),
    "entries of functions": lambda: eingrad.derivative("exp(x).*sqrt(A*x)", "x").entries(n=3),
    "entries not opened": lambda: eingrad.derivative("inv(A)", "A").entries(n=2),
    "paths": lambda: eingrad.derivative(
        "a*b + c", "a", total={"b": "a^2*c", "c": "sin(a)"}
    ).paths(),
    "paths of arrays": lambda: eingrad.derivative("inv(X)*A*X", "X").paths(),
    "approximation": lambda: eingrad.approximation("sum(exp(x).*(A*x))", "x"),
    "network": lambda: nn.residual(
        nn.dense("n", "n"), nn.activation("tanh", "b n"), nn.dense("n", "n", bias=False)
    ).chain(),
    "right answer": lambda: eingrad.check("x'*A*x", "x", answer="A*x + A'*x"),
    "wrong answer": lambda: eingrad.check("x'*A*x", "x", answer="2*A*x"),
}


@cache
def made(name):
    return MAKERS[name]()


@cache
def table():
    """All of the main table in one document: both routes, the entries, the paths."""
    parts = []
    for row in {(r.expression, r.wrt, str(r.let)): r for r in TABLE}.values():
        for route in ("differentials", "chain"):
            parts.append(derivation(row.expression, row.wrt, route, row.let).document())
        d = row.derivative()
        parts.append(d.entries().document())
        if d.order == 1:
            parts.append(d.paths().document())
    return Document(("The table",), tuple(Inset(part) for part in parts))


def small_pages():
    """A page for each kind of document, by name."""
    return {name: made(name).html(page=True) for name in MAKERS}
