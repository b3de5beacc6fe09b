"""`scan` as users call it: what it takes, what it gives, and what it says when it cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad as eg
from eingrad.errors import InputError, ShapeError, UnsupportedError
from eingrad.ir.loop import Scan
from eingrad.verify.reference import evaluate

W, X, H0 = eg.matrix("W", "n n"), eg.matrix("X", "T n"), eg.vector("h0", "n")


def test_one_state_gives_one_stack_and_several_give_a_tuple() -> None:
    one = eg.scan(lambda h, x: np.tanh(W @ h + x), H0, X)
    assert one.shape == (eg.matrix("X", "T n").shape[0], H0.shape[0])
    two = eg.scan(lambda s, x: (s[1] + x, s[0]), (H0, 2 * H0), X)
    assert isinstance(two, tuple)
    assert len(two) == 2
    list_too = eg.scan(lambda s, x: [s[1] + x, s[0]], [H0, 2 * H0], X)
    assert [t.node for t in list_too] == [t.node for t in two]


def test_several_inputs_and_parameters_are_passed_as_given() -> None:
    y = eg.matrix("Y", "T n")
    inside = eg.scan(lambda h, xs, w: np.sin(w @ h + xs[0] * xs[1]), H0, (X, y), W)
    captured = eg.scan(lambda h, xs: np.sin(W @ h + xs[0] * xs[1]), H0, (X, y))
    assert inside.node is captured.node


def test_values_are_those_of_the_same_function_on_arrays() -> None:
    def body(w: Any) -> Any:
        return lambda h, x: np.tanh(w @ h + x)

    rng = np.random.default_rng(1)
    given = {name: rng.normal(size=s) for name, s in (("W", (3, 3)), ("X", (5, 3)), ("h0", 3))}
    h, step = given["h0"], body(given["W"])
    for x, state in zip(given["X"], evaluate(eg.scan(body(W), H0, X).node, given), strict=True):
        h = step(h, x)
        assert np.allclose(h, state)


def test_arrays_and_numbers_may_be_states_and_inputs() -> None:
    sums = eg.scan(lambda s, x: s + x, 0, np.array([1.0, 2.0, 4.0]))
    assert np.allclose(evaluate(sums.node, {}), [1, 3, 7])


def test_a_body_is_called_once() -> None:
    calls = []

    def body(h: Any, x: Any) -> Any:
        calls.append(h)
        return np.sin(h + x)

    eg.scan(body, H0, X)
    assert len(calls) == 1


def test_bodies_inside_of_bodies_do_not_mix_their_states() -> None:
    """Inner and outer states have one shape; the inner body uses both."""
    outer = eg.scan(
        lambda h: eg.scan(lambda g: g + 2 * h, h, length=3)[-1], eg.scalar("a"), length=2
    )
    assert np.allclose(evaluate(outer.node, {"a": 1.0}), [7, 49])
    assert isinstance(outer.node, Scan)


def test_one_step_is_the_body_itself() -> None:
    x = eg.matrix("X", (1, "n"))
    once = eg.scan(lambda h, x: np.tanh(W @ h + x), H0, x)
    assert once[0].node is np.tanh(W @ H0 + x[0]).node


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: eg.scan(lambda h: h, H0), InputError, "the number of steps: length="),
        (lambda: eg.scan(lambda h: h, H0, length=0), ShapeError, "at least one step"),
        (lambda: eg.scan(lambda h, x: h, H0, np.ones((0, 2))), ShapeError, "at least one step"),
        (lambda: eg.scan(lambda h, x: h, H0, X, length=4), ShapeError, "number of steps: T and 4"),
        (
            lambda: eg.scan(lambda h, x: h, H0, (X, eg.vector("y", "S"))),
            ShapeError,
            "differ in their number of steps: T and S",
        ),
        (lambda: eg.scan(lambda h, x: h, H0, eg.scalar("c")), ShapeError, "not a scalar"),
        (
            lambda: eg.scan(lambda h, x: np.outer(h, x), H0, X),
            ShapeError,
            "shape n before a step and n×n after it",
        ),
        (lambda: eg.scan(lambda h, x: (h, x), H0, X), InputError, "one state, not a tuple"),
        (lambda: eg.scan(lambda s, x: x, (H0, H0), X), InputError, "a tuple of states"),
        (lambda: eg.scan(lambda s, x: (x,), (H0, H0), X), InputError, "gives 1 states"),
        (lambda: eg.scan(lambda h, x: h, H0, X, checkpoint=0), InputError, "number of steps ≥ 1"),
        (lambda: eg.scan(lambda h, x: h, H0, X, checkpoint=2.5), InputError, "checkpoint=2.5"),
        (lambda: eg.scan(lambda h, x: "text", H0, X), UnsupportedError, "str cannot"),
        (
            lambda: eg.scan(lambda h, x: h if h[0] > 0 else x, H0, X),
            UnsupportedError,
            "symbolic",
        ),
    ],
)
def test_what_does_not_fit_is_told(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
