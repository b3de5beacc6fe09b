"""Recurrences in normal form: equal ones are one node, and what does not differ is no input."""

import numpy as np
import pytest

from eingrad.dims import Dim
from eingrad.errors import ParseError, ShapeError
from eingrad.ir.apply import apply
from eingrad.ir.build import add, contract, dims, multiply, number, zeros
from eingrad.ir.construct import ones
from eingrad.ir.loop import ROOT, Scan
from eingrad.ir.node import Node, Variable, variable
from eingrad.ir.recurrence import Loop, repeated, scan
from eingrad.ir.stacking import stacked
from eingrad.ir.text import from_text, to_text
from eingrad.ir.walk import substitute, topological, variables, with_bodies
from eingrad.verify.reference import evaluate

T, N, M = (Dim.symbol(s) for s in "Tnm")
W, U = variable("W", (N, N)), variable("U", (N, M))
B, H0, X = variable("b", (N,)), variable("h0", (N,)), variable("X", (T, M))


def rnn(state: str = "h", slice_: str = "x", reverse: bool = False, length: Dim = T) -> Loop:
    h, x = variable(state, (N,)), variable(slice_, (M,))
    xs = variable("X", (length, M))
    new = apply("tanh", add(contract("ij,j->i", W, h), contract("ij,j->i", U, x), B))
    return scan([new], [(h, H0)], [(x, xs)], length=length, reverse=reverse)


def the(node: Node) -> Scan:
    assert isinstance(node, Scan)
    return node


def values(seed: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {"W": (3, 3), "U": (3, 2), "b": (3,), "h0": (3,), "X": (5, 2), "G": (4, 5, 2)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def by_hand(v: dict[str, np.ndarray], reverse: bool = False) -> np.ndarray:
    h, states = v["h0"], []
    for x in v["X"][:: -1 if reverse else 1]:
        h = np.tanh(v["W"] @ h + v["U"] @ x + v["b"])
        states.append(h)
    return np.array(states[:: -1 if reverse else 1])


def test_names_of_bound_variables_do_not_matter() -> None:
    assert rnn().after[0] is rnn("other", "slice").after[0]
    assert rnn().after[0] is not rnn(reverse=True).after[0]


def test_what_a_body_uses_from_outside_is_an_operand() -> None:
    assert set(the(rnn().after[0]).operands) == {H0, X, W, U, B}
    assert set(variables(rnn().after[0])) == {H0, X, W, U, B}


def test_what_is_the_same_in_all_steps_outside_is_computed_outside() -> None:
    h = variable("h", (N,))
    squared = contract("ij,jk->ik", W, W)
    loop = scan([apply("sin", contract("ij,j->i", apply("exp", squared), h))], [(h, H0)], length=T)
    assert set(the(loop.after[0]).operands) == {H0, apply("exp", squared)}


def test_multiples_and_views_from_outside_are_what_they_show() -> None:
    h = variable("h", (N,))
    body = apply("sin", contract("ji,j->i", W, h) + multiply(number(-2), B))
    assert set(the(scan([body], [(h, H0)], length=T).after[0]).operands) == {H0, W, B}


def test_an_input_that_is_the_same_in_all_steps_is_no_stack() -> None:
    h, x = variable("h", (N,)), variable("x", (N,))
    body = apply("sin", multiply(h, x))
    fixed = scan([body], [(h, H0)], [(x, repeated(B, T))], length=T)
    inside = scan([apply("sin", multiply(h, B))], [(h, H0)], length=T)
    assert fixed.after[0] is inside.after[0]


def test_zeros_ones_and_unused_inputs_are_not_passed() -> None:
    h, x, y = (variable(s, (N,)) for s in "hxy")
    stack = variable("Y", (T, N))
    plain = scan([apply("sin", h)], [(h, H0)], length=T)
    with_zero = scan([apply("sin", add(h, x))], [(h, H0)], [(x, zeros((T, N)))], length=T)
    with_one = scan([apply("sin", multiply(h, x))], [(h, H0)], [(x, ones((T, N)))], length=T)
    unused = scan([apply("sin", h)], [(h, H0)], [(y, stack)], length=T)
    assert plain.after[0] is with_zero.after[0] is with_one.after[0] is unused.after[0]


def test_one_input_given_twice_is_one_input() -> None:
    h, x, y = (variable(s, (N,)) for s in "hxy")
    stack = variable("Y", (T, N))
    twice = scan([h * x + y], [(h, H0)], [(x, stack), (y, stack)], length=T)
    once = scan([h * x + x], [(h, H0)], [(x, stack)], length=T)
    assert twice.after[0] is once.after[0]


def test_one_step_is_no_recurrence() -> None:
    loop = rnn(length=Dim.of(1))
    for node in (*loop.after, *loop.before, *loop.last):
        assert not any(isinstance(n, Scan) for n in topological(node))
    v = values()
    v["X"] = v["X"][:1]
    assert np.allclose(evaluate(loop.after[0], v), by_hand(v))
    assert np.allclose(evaluate(loop.before[0], v), v["h0"][None])


@pytest.mark.parametrize("reverse", [False, True])
def test_states_are_those_of_a_loop(reverse: bool) -> None:
    loop, v = rnn(reverse=reverse), values()
    expected = by_hand(v, reverse)
    before = np.array([*expected[1:], v["h0"]] if reverse else [v["h0"], *expected[:-1]])
    assert np.allclose(evaluate(loop.after[0], v), expected)
    assert np.allclose(evaluate(loop.before[0], v), before)
    assert np.allclose(evaluate(loop.last[0], v), expected[0 if reverse else -1])


def test_substitution_reaches_operands_and_keeps_the_normal_form() -> None:
    zero = substitute(rnn().after[0], {U: zeros(U.shape)})
    assert X not in variables(zero)
    v = values()
    assert np.allclose(evaluate(zero, v, {"T": 5}), by_hand({**v, "U": 0 * v["U"]}))


def test_signs_of_inputs_are_known_inside_and_forgotten_with_the_input() -> None:
    h, x = variable("h", ()), variable("x", (), frozenset({"positive"}))
    stack = variable("P", (T,), frozenset({"positive"}))
    loop = scan([h + x], [(h, number(0))], [(x, stack)], length=T)
    (inside,) = the(loop.after[0]).recurrence.steps
    assert "positive" in inside.facts
    signed = substitute(loop.after[0], {stack: variable("Q", (T,))})
    assert not the(signed).recurrence.steps[0].facts


def test_text_round_trip_with_a_recurrence_inside_another() -> None:
    h, g, x = variable("h", (N,)), variable("g", (N,)), variable("x", (M,))
    inner = scan([apply("sin", contract("ij,j->i", W, g) + h)], [(g, h)], length=Dim.of(3))
    outer = scan([inner.last[0] + contract("ij,j->i", U, x)], [(h, H0)], [(x, X)], length=T)
    unread = scan([apply("sin", h), multiply(h, B)], [(h, H0), (g, B)], length=T)
    for node in (rnn().after[0], rnn(reverse=True).before[0], outer.last[0], *unread.after):
        assert from_text(to_text(node)) is node


@pytest.mark.parametrize("checkpoint", [ROOT, 3])
def test_which_states_are_kept_stays_through_all_forms(checkpoint: int) -> None:
    """It is no part of what is computed, but of which recurrence it is."""
    h, x = variable("h", (N,)), variable("x", (N,))
    Y = variable("Y", (T, N))
    loop = scan([multiply(h, x)], [(h, H0)], [(x, Y)], length=T, checkpoint=checkpoint)
    assert loop.after[0] is not scan([multiply(h, x)], [(h, H0)], [(x, Y)], length=T).after[0]
    other = substitute(loop.after[0], {Y: apply("exp", Y)})
    batch = stacked([loop.after[0]], {H0: variable("H", (M, N))}, {}, M)[0]
    for node in (loop.after[0], other, batch):
        scans = [n for n in topological(node) if isinstance(n, Scan)]
        assert scans
        assert all(n.recurrence.checkpoint == checkpoint for n in scans)
        assert from_text(to_text(node)) is node
    with pytest.raises(ParseError):
        from_text(to_text(loop.after[0]).replace(f"(T {checkpoint})", "(T -2)"))


def test_text_that_does_not_fit_is_refused() -> None:
    text = to_text(rnn().after[0])
    for wrong in (
        text.replace("forward", "sideways"),
        text.replace("after 0", "after 3"),
        text.replace("(T)", "(S)"),
    ):
        with pytest.raises(ParseError):
            from_text(wrong)


def test_what_is_inside_of_recurrences_is_found() -> None:
    node = rnn().after[0]
    assert not any(getattr(n, "function", "") == "tanh" for n in topological(node))
    assert any(getattr(n, "function", "") == "tanh" for n in with_bodies(node))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda h: scan([h], [(h, H0)], length=Dim.of(0)), "at least one step"),
        (lambda h: scan([h], [(h, B), (h, B)], length=T), "1 bodies for 2 carries"),
        (lambda h: scan([contract("i->", h)], [(h, H0)], length=T), "before a step and scalar"),
        (lambda h: scan([h], [(h, variable("a", ()))], length=T), "its initial value"),
        (lambda h: scan([h], [(h, H0)], [(h, X)], length=T), "stacked input has shape"),
        (lambda h: scan([h], [(h, H0)], [], [(h, X)], length=T), "parameter has shape"),
    ],
)
def test_what_does_not_fit_is_refused(make: object, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        make(variable("h", (N,)))  # type: ignore[operator]


def test_stacking_is_the_value_at_each_step() -> None:
    """Products, deltas, sums with what is the same in all steps, functions with axes of their own,
    and recurrences get a leading axis."""
    x = variable("x", (N,))
    y: Variable = variable("X", (T, N))
    h = variable("h", (N,))
    inner = scan([apply("sin", contract("ij,j->i", W, h) + x)], [(h, B)], length=Dim.of(4))
    nodes = [
        contract("ij,j->i", W, x),
        contract("i->ii", x),
        contract("i,j->ij", x, B),
        contract("i->", x),
        add(x, B),
        apply("power", apply("exp", x), exponent=-1),
        apply("softmax", x),
        apply("inv", add(contract("i,j->ij", x, x), W)),
        inner.after[0],
        B,
    ]
    v = values()
    v["X"] = np.random.default_rng(5).normal(size=(5, 3))
    for node, stack in zip(nodes, stacked(nodes, {x: y}, {}, T), strict=True):
        each = [evaluate(node, {**v, "x": row}) for row in v["X"]]
        assert stack.shape == (T, *node.shape)
        assert np.allclose(evaluate(stack, v, {"T": 5}), np.array(each)), node


def test_dims_of_a_recurrence_may_be_numbers() -> None:
    loop = rnn(length=Dim.of(5))
    assert loop.after[0].shape == dims(5, "n")
    assert np.allclose(evaluate(loop.after[0], values()), by_hand(values()))
