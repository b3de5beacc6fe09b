"""What loops hold: the states that are read, few of them where they are to be made again."""

from __future__ import annotations

import importlib
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import eingrad as eg
from eingrad import nn
from eingrad.codegen import generate
from eingrad.dims import Dim
from eingrad.ir.apply import apply
from eingrad.ir.node import Node, variable
from eingrad.ir.recurrence import scan, slice_of
from tests.codegen.backends import BACKENDS
from tests.codegen.test_checkpoints import arrays, assert_same, computed, gradients, tensors
from tests.differentiate.cells import jax_library


def peak(f: Callable[..., Any], *args: Any, **values: Any) -> int:
    """Bytes that a second call holds at most."""
    f(*args, **values)
    tracemalloc.start()
    try:
        f(*args, **values)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def of_weights(kind: str, checkpoint: bool | int) -> dict[str, Node]:
    """The loss and its gradients by what does not grow with the steps."""
    found = gradients(kind, checkpoint)
    return {k: node for k, node in found.items() if k not in ("dX", "dY")}


@pytest.mark.parametrize("kind", ["many-to-one", "many-to-many", "in the carry"])
def test_memory_grows_with_the_root_of_the_steps(kind: str) -> None:
    grown = {}
    for checkpoint in (False, True):
        generated = generate(of_weights(kind, checkpoint))
        f = generated.function()
        bytes_of = []
        for steps in (400, 6400):
            values = arrays(steps)
            bytes_of.append(peak(f, **{k: values[k] for k in generated.arguments}))
        grown[checkpoint] = bytes_of[1] / bytes_of[0]
    assert grown[False] > 12  # 16 times the steps
    assert grown[True] < 5  # √16 = 4


@pytest.mark.parametrize("kind", ["many-to-one", "many-to-many", "in the carry"])
def test_jax_holds_less_and_compiles_no_more(kind: str) -> None:
    jax_library()
    jax = importlib.import_module("jax")
    grown = {}
    for checkpoint in (False, True):
        generated = generate(of_weights(kind, checkpoint), backend="jax")
        f = generated.function()
        held, written = [], []
        for steps in (400, 6400):
            values = arrays(steps)
            given = {k: values[k] for k in generated.arguments}
            compiled = jax.jit(f).lower(**given).compile()
            held.append(compiled.memory_analysis().temp_size_in_bytes)
            written.append(str(jax.make_jaxpr(f)(**given)).count("\n"))
        grown[checkpoint] = held[1] / held[0]
        assert written[0] == written[1]
    assert grown[False] > 12
    assert grown[True] < 5


def test_passes_of_a_layer_hold_less() -> None:
    """Symbols looked up in a table, scores and a loss at each step: forward and backward passes."""
    rng = np.random.default_rng(4)
    symbols, hidden, batch = 9, 8, 2
    params = {
        "table": rng.normal(size=(symbols, hidden)),
        "Wh": 0.3 * rng.normal(size=(hidden, hidden)),
        "bh": rng.normal(size=hidden),
        "Wy": rng.normal(size=(hidden, symbols)),
        "by": rng.normal(size=symbols),
    }
    text = rng.integers(0, symbols, size=(batch, 901))

    def run(layer: nn.Layer, steps: int) -> tuple[Any, dict[str, Any]]:
        inputs = {"index": text[:, :steps], "label": text[:, 1 : steps + 1]}
        return layer.forward(inputs, params), layer.backward(1.0)

    plain, marked = nn.next_symbol(), nn.next_symbol(checkpoint=True)
    (one, found), (other, expected) = run(marked, 50), run(plain, 50)
    assert_same({"value": one, **found}, {"value": other, **expected}, "next_symbol")
    assert peak(run, plain, 900) > 8 * peak(run, plain, 100)
    assert peak(run, marked, 900) < 4.5 * peak(run, marked, 100)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_last_state_alone_is_not_stacked(backend: str) -> None:
    """Of two carries one is read at its end only, also below a function; the other is not read."""
    p = tensors()
    h, c = eg.scan(
        lambda s, x: (np.tanh(p["W"] @ s[0] + p["U"] @ x + s[1]), np.sin(s[1] + s[0])),
        (p["h0"], p["c0"]),
        p["X"],
    )
    outputs = {"last": (np.tanh(h) * h)[-1].node}
    source = generate(outputs, backend=backend).source
    assert "append" not in source
    assert "np.empty" not in source
    values = arrays()
    state = values["h0"], values["c0"]
    for x in values["X"]:
        new = np.tanh(values["W"] @ state[0] + values["U"] @ x + state[1])
        state = new, np.sin(state[1] + state[0])
    expected = np.tanh(state[0]) * state[0]
    assert_same(computed(outputs, backend, values), {"last": expected}, backend)
    both = {"states": h.node, "last": h[-1].node, "other": c[-1].node}
    found = computed(both, backend, values)
    expected = {"last": state[0], "other": state[1]}
    assert_same({**found, "states": found["states"][-1]}, {**expected, "states": state[0]}, "both")


@pytest.mark.parametrize("reverse", [False, True])
def test_what_is_there_before_the_first_step_is_the_start(reverse: bool) -> None:
    n, steps = Dim.symbol("n"), Dim.symbol("T")
    v = {name: variable(name, (n,)) for name in ("g", "h", "g0", "h0")}
    loop = scan(
        [apply("tanh", v["h"]), apply("sin", v["g"])],
        [(v["g"], v["g0"]), (v["h"], v["h0"])],
        length=steps,
        reverse=reverse,
    )
    first = steps - 1 if reverse else Dim.of(0)
    node = slice_of(apply("exp", loop.before[1]), first)
    generated = generate({"start": node})
    assert "range" not in generated.source
    assert np.allclose(generated.function()(g0=[5.0, 6.0], h0=[0.0, 1.0]), [1, np.e])


def test_memory_of_a_last_state_does_not_grow() -> None:
    h = eg.scan(lambda h: np.tanh(eg.matrix("W", "n n") @ h), eg.vector("h0", "n"), length="T")
    f = generate({"last": h[-1].node}).function()
    W, h0 = 0.1 * np.eye(30) + 0.01, np.ones(30)
    assert peak(f, W=W, h0=h0, T=3000) < 1.2 * peak(f, W=W, h0=h0, T=30)


def test_results_are_arrays_of_their_own() -> None:
    """A state that is an input is a copy of it: writing into the result leaves the input alone."""
    X = eg.matrix("X", "T n")
    for checkpoint in (False, True):
        h = eg.scan(lambda h, x: x, eg.vector("h0", "n"), X, checkpoint=checkpoint)
        f = generate({"last": h[-1].node}).function()
        x = np.arange(6.0).reshape(3, 2)
        last = f(**{k: v for k, v in {"X": x, "h0": np.zeros(2)}.items() if k in ("X", "h0")})
        last += 100
        assert x.max() == 5
