"""One tensor, one form: spellings meet in the canonical form; the shortest form is equal to it."""

import numpy as np
import pytest

import eingrad
from eingrad.differentiate import differentiate
from eingrad.dims import Dim
from eingrad.ir.apply import apply
from eingrad.ir.build import add, contract, einsum, multiply, scale, subtract, transpose
from eingrad.ir.construct import inner_product, matmul, ones, sum_axes, trace
from eingrad.ir.node import Node, variable
from eingrad.ir.walk import topological
from eingrad.simplify import canonical, equal, flat, shortest, shortest_each
from eingrad.simplify.choose import length
from eingrad.verify.reference import evaluate

M, N, P = (Dim.symbol(s) for s in "mnp")
A = variable("A", (N, N))
B = variable("B", (N, P))
X = variable("X", (M, N))
x = variable("x", (N,))
y = variable("y", (M,))
z = variable("z", (N,))
VALUES = {
    name: np.random.default_rng(k).normal(size=shape)
    for k, (name, shape) in enumerate(
        {"A": (3, 3), "B": (3, 5), "X": (4, 3), "x": (3,), "y": (4,), "z": (3,)}.items()
    )
}


def t(node: Node) -> Node:
    return transpose(node, (1, 0))


SAME = {
    "trace rotation": (
        trace(matmul(matmul(t(B), A), B)),
        sum_axes(multiply(B, matmul(A, B))),
    ),
    "einsum": (contract("ij,ik,kj->", B, A, B), trace(matmul(t(B), matmul(A, B)))),
    "three factors": (
        trace(matmul(A, matmul(A, A))),
        contract("ab,bc,ca->", A, A, A),
    ),
    "distribution": (
        matmul(A, add(x, z)),
        add(matmul(A, x), matmul(A, z)),
    ),
    "row sums": (matmul(add(A, A), ones((N,))), scale(2, sum_axes(A, [1]))),
    "square of a difference": (
        inner_product(subtract(x, z), subtract(x, z)),
        add(inner_product(x, x), scale(-2, inner_product(x, z)), inner_product(z, z)),
    ),
    "transposed product": (t(matmul(A, B)), matmul(t(B), t(A))),
}


@pytest.mark.parametrize("name", SAME)
def test_spellings_of_one_tensor_are_equal(name: str) -> None:
    a, b = SAME[name]
    assert equal(a, b)


def test_different_tensors_are_not_equal() -> None:
    assert not equal(matmul(A, x), matmul(t(A), x))
    assert not equal(trace(matmul(A, A)), trace(matmul(A, t(A))))


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("form", [canonical, flat, shortest])
def test_every_form_has_the_same_value(name: str, form) -> None:  # type: ignore[no-untyped-def]
    for node in SAME[name]:
        np.testing.assert_allclose(evaluate(form(node), VALUES), evaluate(node, VALUES))


def test_gradients_of_different_spellings_end_in_one_form() -> None:
    a, b = SAME["trace rotation"]
    node_b = variable("B", (N, P))
    assert shortest(differentiate(a, [node_b])) is shortest(differentiate(b, [node_b]))


def test_shortest_keeps_what_is_short_already() -> None:
    r = subtract(matmul(X, x), y)
    gradient = differentiate(inner_product(r, r), [x])
    assert shortest(gradient) is gradient


def test_shortest_finds_what_cancels() -> None:
    w = add(x, z)
    e = subtract(matmul(w, matmul(A, w)), matmul(x, matmul(A, x)))
    assert shortest(differentiate(e, [x])) is add(matmul(A, z), matmul(t(A), z))


def test_long_products_are_not_opened_beyond_the_bound() -> None:
    a = variable("A", (Dim.of(3), Dim.of(3)))
    y = a
    for _ in range(7):
        y = matmul(y, y)
    value = np.array([[0.5, 0.2, 0.1], [0.3, 0.4, 0.0], [0.1, 0.3, 0.6]])
    opened = canonical(y)
    assert max(len(n.operands) for n in topological(opened)) <= 40
    np.testing.assert_allclose(
        evaluate(opened, {"A": value}), np.linalg.matrix_power(value, 128), rtol=1e-10
    )


def test_a_delta_over_many_factors_stays_short() -> None:
    x = variable("x", (Dim.of(3),))
    y = contract("i->ii", x)
    for _ in range(100):
        x = apply("tanh", x)
        y = einsum([(y, ((0,), (1,))), (x, ((0,),))], ((0,), (1,)))
    assert max(len(n.operands) for n in topological(y)) <= 60
    at = np.array([0.3, -0.7, 1.1])
    expected, last = at, at
    for _ in range(100):
        last = np.tanh(last)
        expected = expected * last
    np.testing.assert_allclose(evaluate(y, {"x": at}), np.diag(expected), rtol=1e-12)


def test_forms_found_together_are_those_found_apart() -> None:
    h = matmul(X, x)
    loss = sum_axes(multiply(apply("tanh", h), subtract(h, y)))
    nodes = [differentiate(loss, [v]) for v in (X, x, y)]
    assert shortest_each(nodes) == [shortest(node) for node in nodes]


def test_recurrences_are_equal_where_their_steps_are() -> None:
    w, x = eingrad.matrix("W", "n n"), eingrad.matrix("X", "T n")
    h0 = eingrad.vector("h0", "n")
    one = eingrad.scan(lambda h, x: np.sin(w @ (h + x)), h0, x)
    other = eingrad.scan(lambda h, x: np.sin(w @ h + w @ x), h0, x)
    third = eingrad.scan(lambda h, x: np.sin(w @ h - w @ x), h0, x)
    assert one.node is not other.node
    assert equal(one.node, other.node)
    assert not equal(one.node, third.node)


def test_steps_are_shortened_like_anything_else() -> None:
    """What a step adds twice is one term, and a factored step stays factored."""
    a, h0 = eingrad.vector("a", "n"), eingrad.vector("h0", "n")
    long = eingrad.scan(lambda h: (h + a) * (h + a) + (h - a) * (h + a) - h * h, h0, length="T")
    short = eingrad.scan(lambda h: h * h + 2 * a * h, h0, length="T")
    factored = eingrad.scan(lambda h: (1 - h * h) * (a + h), h0, length="T")
    assert equal(shortest(long.node), short.node)
    assert shortest(factored.node) is factored.node
    sizes = [length(*n.recurrence.bodies) for n in (shortest(long.node), long.node)]
    assert sizes[0] < sizes[1]
