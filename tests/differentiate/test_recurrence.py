"""Back-propagation through time: exact for any cell, loss and length, forward as in reverse, of
second order too, and derived once whatever the number of steps."""

from typing import Any

import numpy as np
import pytest

import eingrad as eg
from eingrad.differentiate import differentiate, differentiate_each, pullback, pushforward
from eingrad.ir.build import is_zero
from eingrad.ir.construct import inner_product
from eingrad.ir.loop import Scan
from eingrad.ir.node import Contraction, Node, Term, Variable, variable
from eingrad.ir.walk import topological, with_bodies
from eingrad.verify import check_derivative

from .cells import CELLS, EINGRAD, loss, tensors

LOSSES = ("many-to-one", "many-to-many")


def node_of(tensor: Any) -> Node:
    return tensor.node


def made(cell: str, kind: str, steps: int | str = "T") -> tuple[Node, dict[str, Variable]]:
    given = tensors(cell, steps)
    value = loss(kind, EINGRAD, CELLS[cell](EINGRAD, given))
    return node_of(value), {name: node_of(t) for name, t in given.items()}  # type: ignore[misc]


def loops(*nodes: Node) -> int:
    return len({n.group for n in topological(*nodes) if isinstance(n, Scan)})


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("kind", LOSSES)
def test_gradients_of_a_network_by_everything(kind: str, steps: int) -> None:
    value, given = made("rnn", kind, steps)
    for v in given.values():
        for mode in ("reverse", "forward"):
            found = differentiate(value, [v], mode)
            report = check_derivative(value, [v], found, points=1)
            assert report.ok, (v.name, mode, report.text)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gradients_of_gated_cells(cell: str) -> None:
    value, given = made(cell, "many-to-many", 3)
    for v in given.values():
        report = check_derivative(value, [v], differentiate(value, [v]), points=1)
        assert report.ok, (v.name, report.text)


def test_jacobians_of_all_states() -> None:
    given = tensors("rnn")
    states = node_of(CELLS["rnn"](EINGRAD, given))
    for name in ("h0", "X", "b"):
        v = node_of(given[name])
        assert isinstance(v, Variable)
        for mode in ("reverse", "forward"):
            found = differentiate(states, [v], mode)
            assert check_derivative(states, [v], found, points=1, sizes={"T": 3}).ok, (name, mode)


@pytest.mark.parametrize("kind", LOSSES)
def test_second_derivatives(kind: str) -> None:
    value, given = made("rnn", kind)
    for by in (("h0", "h0"), ("h0", "b"), ("b", "h0"), ("X", "b")):
        wrt = [given[name] for name in by]
        first, second = differentiate_each(value, wrt)
        report = check_derivative(value, wrt, second, previous=[first], points=1, sizes={"T": 3})
        assert report.ok, (by, report.text)


def test_products_with_a_vector() -> None:
    given = tensors("rnn")
    states = node_of(CELLS["rnn"](EINGRAD, given))
    w = node_of(given["W"])
    assert isinstance(w, Variable)
    incoming, direction = variable("G", states.shape), variable("D", w.shape)
    pulled = pullback(states, w, incoming)
    pushed = pushforward(states, w, direction)
    scalar = inner_product(states, incoming)
    assert check_derivative(scalar, [w], pulled, points=1).ok
    both = inner_product(pushed, incoming)
    along = inner_product(pulled, direction)
    assert check_derivative(both, [direction], pulled, points=1).ok
    assert check_derivative(along, [incoming], pushed, points=1).ok


def test_a_recurrence_that_runs_backwards() -> None:
    w, x, h0 = eg.matrix("W", "n n"), eg.matrix("X", "T n"), eg.vector("h0", "n")
    ahead = eg.scan(lambda h, x: np.tanh(w @ h + x), h0, x)
    both = eg.scan(lambda g, s: np.sin(w.T @ g + s), h0, ahead * x, reverse=True)
    value = node_of(np.sum(both[0] ** 2) + np.sum(ahead * both))
    for t in (w, x, h0):
        v = node_of(t)
        assert isinstance(v, Variable)
        assert check_derivative(value, [v], differentiate(value, [v]), points=1).ok, v.name


def test_a_recurrence_inside_another() -> None:
    w, x, h0 = eg.matrix("W", "n n"), eg.matrix("X", "T n"), eg.vector("h0", "n")

    def body(h: Any, x: Any) -> Any:
        return eg.scan(lambda g: np.sin(w @ g + x * h), h, length="S")[-1]

    value = node_of(np.sum(eg.scan(body, h0, x) ** 3))
    for t in (w, x, h0):
        v = node_of(t)
        assert isinstance(v, Variable)
        sizes = {"S": 2, "T": 3, "n": 4}
        for mode in ("reverse", "forward"):
            found = differentiate(value, [v], mode)
            report = check_derivative(value, [v], found, points=1, sizes=sizes)
            assert report.ok, (v.name, mode, report.text)


def test_kinks_and_places_inside_of_a_recurrence_are_kept_away_from() -> None:
    w, e = eg.matrix("W", "n n"), eg.matrix("E", "v n")
    words, h0 = eg.tensor("words", "T", "integer"), eg.vector("h0", "n")
    relu = eg.function("relu")
    states = eg.scan(lambda h, i: relu(w @ h + eg.gather(e, i)), h0, words)
    value = node_of(np.sum(states**2))
    for t in (w, e, h0):
        v = node_of(t)
        assert isinstance(v, Variable)
        report = check_derivative(value, [v], differentiate(value, [v]))
        assert report.ok, (v.name, report.text)
        assert report.method == "central"


def test_a_gradient_by_parameters_is_one_contraction_over_the_steps() -> None:
    value, given = made("rnn", "many-to-many")
    found = differentiate(value, [given["W"]])
    (core,) = found.operands if isinstance(found, Term) else (found,)
    assert isinstance(core, Contraction)  # transposed, perhaps
    assert loops(found) == 2  # the network, and what is passed back
    every = [differentiate(value, [v]) for v in given.values()]
    assert loops(*every) == 2


def test_states_serve_the_derivative_of_what_made_them() -> None:
    """The recurrence of the gradient holds no tanh: 1 − tanh² is 1 − h²."""
    value, given = made("rnn", "many-to-one")
    found = differentiate(value, [given["W"]])
    (back,) = {
        n.recurrence for n in topological(found) if isinstance(n, Scan) and n.recurrence.reverse
    }
    assert not any(getattr(n, "function", "") == "tanh" for n in with_bodies(*back.bodies))


def test_derivation_does_not_depend_on_the_number_of_steps() -> None:
    counts = []
    for steps in (2, 3, 100_000):
        value, given = made("lstm", "many-to-many", steps)
        counts.append(len(with_bodies(differentiate(value, [given["Wf"]]))))
    assert len(set(counts)) == 1


def test_axes_of_equal_size_are_told_apart_by_where_they_come_from() -> None:
    n = "n"
    w, u = eg.matrix("W", (n, n)), eg.matrix("U", (n, n))
    x, h0 = eg.matrix("X", (n, n)), eg.vector("h0", n)
    states = eg.scan(lambda h, x: np.tanh(w @ h + u @ x), h0, x)
    value = node_of(np.sum(states**2 * x))
    for t in (w, u, x, h0):
        v = node_of(t)
        assert isinstance(v, Variable)
        assert check_derivative(value, [v], differentiate(value, [v]), points=1).ok, v.name


def test_what_a_recurrence_does_not_depend_on_has_the_derivative_zero() -> None:
    value, given = made("rnn", "many-to-one")
    other = variable("other", given["W"].shape)
    assert is_zero(differentiate(value, [other], "reverse"))
    assert is_zero(differentiate(value, [other], "forward"))


def test_a_carry_that_the_loss_does_not_see_is_not_passed_back() -> None:
    """Of two uncoupled carries the gradient runs one backwards."""
    w, v = eg.matrix("W", "n n"), eg.matrix("V", "n n")
    h0 = eg.vector("h0", "n")
    first, _ = eg.scan(lambda s: (np.sin(w @ s[0]), np.cos(v @ s[1])), (h0, h0), length="T")
    value = node_of(np.sum(first[-1] ** 2))
    by_w, by_v = node_of(w), node_of(v)
    assert isinstance(by_w, Variable)
    assert isinstance(by_v, Variable)
    found = differentiate(value, [by_w], "reverse")
    back = {n.recurrence for n in topological(found) if isinstance(n, Scan) if n.recurrence.reverse}
    assert [len(r.carries) for r in back] == [1]
    assert check_derivative(value, [by_w], found, points=1).ok
    assert is_zero(differentiate(value, [by_v], "reverse"))
