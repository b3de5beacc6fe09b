"""Truncated back-propagation through time: the gradients of JAX and PyTorch with states cut there.

`jax.lax.stop_gradient` is put into the body of `lax.scan`, at the steps K, 2K, …; in PyTorch the
state is detached between segments, as training loops do it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import eingrad as eg
from eingrad.errors import CheckError, InputError
from eingrad.ir.held import holds
from eingrad.ir.loop import Scan
from eingrad.ir.record import REGISTRY
from eingrad.ir.walk import topological
from tests.mutation import installed

jax = pytest.importorskip("jax")
torch = pytest.importorskip("torch")
jax.config.update("jax_enable_x64", True)
jnp = jax.numpy

STEPS, WIDTH, INPUTS = 8, 3, 2
RNG = np.random.default_rng(11)
POINT = {
    "W": RNG.normal(size=(WIDTH, WIDTH)),
    "U": RNG.normal(size=(WIDTH, INPUTS)),
    "X": RNG.normal(size=(STEPS, INPUTS)),
    "h0": RNG.normal(size=WIDTH),
    "c0": RNG.normal(size=WIDTH),
    "G": RNG.normal(size=(STEPS, WIDTH)),
}
ALL = tuple(POINT)


def body(xp: Any, state: Any, x: Any, w: Any, u: Any) -> Any:
    """Two states that need each other."""
    h, c = state
    c = xp.sin(c) + h * xp.tanh(u @ x)
    return xp.tanh(w @ h + c), c


def loss(length: Any, truncate: int | None, reverse: bool) -> eg.Tensor:
    W, U, X = eg.matrix("W", "n n"), eg.matrix("U", "n m"), eg.matrix("X", (length, "m"))
    h0, c0, G = eg.vector("h0", "n"), eg.vector("c0", "n"), eg.matrix("G", (length, "n"))
    h, c = eg.scan(
        lambda s, x: body(np, s, x, W, U), (h0, c0), X, reverse=reverse, truncate=truncate
    )
    return np.sum(G * h) + np.sum(c[0 if reverse else -1] ** 2)


def in_jax(p: dict[str, Any], cut: int, reverse: bool) -> Any:
    """The same with states that are held where a segment begins."""

    def step(state: Any, now: Any) -> Any:
        x, held = now
        state = jax.tree.map(lambda s: jnp.where(held, jax.lax.stop_gradient(s), s), state)
        state = body(jnp, state, x, p["W"], p["U"])
        return state, state

    held = [t > 0 and t % cut == 0 for t in range(STEPS)]
    order = np.array(held[:: -1 if reverse else 1])
    start = (p["h0"], p["c0"])
    _, (h, c) = jax.lax.scan(step, start, (p["X"], order), reverse=reverse)
    return jnp.sum(p["G"] * h) + jnp.sum(c[0 if reverse else -1] ** 2)


def in_torch(cut: int) -> dict[str, np.ndarray]:
    p = {n: torch.tensor(v, requires_grad=True) for n, v in POINT.items()}
    state, total = (p["h0"], p["c0"]), torch.zeros((), dtype=torch.float64)
    for t in range(STEPS):
        if t and t % cut == 0:
            state = tuple(s.detach() for s in state)
        state = body(torch, state, p["X"][t], p["W"], p["U"])
        total = total + (p["G"][t] * state[0]).sum()
    (total + (state[1] ** 2).sum()).backward()
    return {n: v.grad.numpy() for n, v in p.items()}


def close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "reverse"])
@pytest.mark.parametrize("length", [STEPS, "T"], ids=["number", "symbol"])
@pytest.mark.parametrize("cut", [1, 3, 4, 7, 8, 50])
def test_all_gradients_are_those_of_jax(cut: int, length: Any, reverse: bool) -> None:
    made = eg.gradients(loss(length, cut, reverse), list(ALL))
    found = made.function(outputs=("value", "gradients"))(**POINT)
    value, slopes = jax.value_and_grad(lambda p: in_jax(p, cut, reverse))(POINT)
    close(found[0], value)
    for name, slope in zip(ALL, found[1:], strict=True):
        close(slope, slopes[name])


@pytest.mark.parametrize("cut", [1, 3, 4])
def test_all_gradients_are_those_of_pytorch_with_detached_states(cut: int) -> None:
    found = eg.gradients(loss("T", cut, False), list(ALL)).function()(**POINT)
    wanted = in_torch(cut)
    for name, slope in zip(ALL, found, strict=True):
        close(slope, wanted[name])


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "reverse"])
def test_all_backends_agree(backend: str, reverse: bool) -> None:
    made = eg.gradients(loss("T", 3, reverse), ["W", "h0"])
    wanted = made.function()(**POINT)
    for a, b in zip(made.function(backend)(**POINT), wanted, strict=True):
        close(a, b)


@pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "reverse"])
def test_second_derivatives_are_those_of_jax(reverse: bool) -> None:
    by = "h0" if reverse else "W"
    made = eg.hessian(loss("T", 3, reverse), by)
    found = made.function()(**{v.name: POINT[v.name] for v in made.variables})
    close(found, jax.hessian(lambda v: in_jax({**POINT, by: v}, 3, reverse))(POINT[by]))


def test_without_a_cut_and_with_one_behind_the_end_all_is_one() -> None:
    whole = eg.gradient(loss(STEPS, None, False), "W")
    assert eg.gradient(loss(STEPS, STEPS, False), "W").node is whole.node
    assert eg.gradient(loss(STEPS, 50, False), "W").node is whole.node


def test_the_gradient_is_the_sum_of_those_of_the_segments() -> None:
    """Each from the state that the one before has reached, as data."""
    W, U, X = POINT["W"], POINT["U"], POINT["X"]
    short = eg.gradients(loss("T", None, False) - np.sum(_last_of_loss() ** 2), ["W", "U"])
    one = short.function()
    state, total = (POINT["h0"], POINT["c0"]), [0.0, 0.0]
    for start in range(0, STEPS, 3):
        rows = slice(start, start + 3)
        given = {"X": X[rows], "G": POINT["G"][rows], "h0": state[0], "c0": state[1]}
        total = [a + b for a, b in zip(total, one(W=W, U=U, **given), strict=True)]
        for x in X[rows]:
            state = body(np, state, x, W, U)
    cut = eg.gradients(loss("T", 3, False) - np.sum(_last_of_loss(3) ** 2), ["W", "U"])
    for a, b in zip(total, cut.function()(**{n: POINT[n] for n in ALL}), strict=True):
        close(a, b)


def _last_of_loss(truncate: int | None = None) -> eg.Tensor:
    W, U, X = eg.matrix("W", "n n"), eg.matrix("U", "n m"), eg.matrix("X", "T m")
    start = (eg.vector("h0", "n"), eg.vector("c0", "n"))
    return eg.scan(lambda s, x: body(np, s, x, W, U), start, X, truncate=truncate)[1][-1]


@pytest.mark.parametrize(("length", "reverse"), [(STEPS, False), ("T", True)])
def test_the_check_is_exact_and_has_steps_behind_the_cut(length: Any, reverse: bool) -> None:
    report = eg.gradient(loss(length, 4, reverse), "W").check()
    assert report.ok and report.compared
    assert report.sizes.get("T", STEPS) > 4


def test_the_check_sees_a_cut_that_lets_gradients_through() -> None:
    broken = replace(REGISTRY["stop_gradient"], derivative=(lambda y, u: 1,))
    with installed(broken):
        made = eg.gradient(loss("T", 3, False), "W")
        with pytest.raises(CheckError):
            made.check()


def test_the_value_costs_nothing_and_is_the_one_of_all_steps() -> None:
    """Once nothing is held, the recurrence is the one without a cut."""
    made = eg.gradients(loss("T", 3, False), ["W"])
    value, slope = made.outputs(("value", "gradients")).values()
    assert value is loss("T", None, False).node
    assert not holds(slope)
    loops = {n.group for n in topological(value, slope) if isinstance(n, Scan)}
    assert len(loops) == 2


def test_the_recursion_can_be_read() -> None:
    W, X = eg.matrix("W", "n n"), eg.matrix("X", "T n")
    h = eg.scan(lambda h, x: np.tanh(W @ h + x), eg.vector("h0", "n"), X, truncate=5)
    text = str(eg.gradient(np.sum(h[-1]), "W").formula())
    assert "dh_{t−1} = (step(remainder(t − 1, 5)) + (t == 1))Wᵀ dz_t" in text
    back = eg.scan(lambda h, x: np.tanh(W @ h + x), h[-1], X, truncate=5, reverse=True)
    assert "remainder(size(T) − t, 5)" in str(eg.gradient(np.sum(back), "W").formula())


@pytest.mark.parametrize("wrong", [0, -2, True, 2.0, "3"])
def test_the_number_of_steps_is_a_whole_number_from_1(wrong: Any) -> None:
    with pytest.raises(InputError, match="number of steps"):
        loss("T", wrong, False)
