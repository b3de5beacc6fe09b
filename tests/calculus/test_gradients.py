"""`gradients` means what `tf.gradients` means: against TensorFlow's tape and graph gradients."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad.codegen import generate
from eingrad.errors import InputError, ShapeError
from eingrad.ir.record import Record
from tests.functions.walk import all_records, cases

tf = pytest.importorskip("tensorflow")

SHAPES = {"s": "", "x": "n", "z": "m", "A": "m n", "B": "n p", "T": "m n p"}
SIZES = {"m": 4, "n": 3, "p": 5}
# The ys; what they are differentiated by; whether gradients come in.
CASES: list[tuple[list[str], list[str], bool]] = [
    (["s^3"], ["s"], False),
    (["s^3"], ["s"], True),
    (["sum(exp(x))"], ["x"], True),
    (["exp(s*x)"], ["s", "x"], False),
    (["exp(s*x)"], ["s", "x"], True),
    (["tanh(A*x + z)"], ["A", "x", "z"], True),
    (["A*B"], ["A", "B"], True),
    (["A*B", "x'*x", "A"], ["A", "B", "x"], True),
    (["A*B", "x'*x", "A"], ["A", "B", "x"], False),
    (["softmax(A*x)", "logsumexp(x)"], ["x", "A"], True),
    (["tr(A'*A)", "A*x"], ["A", "x", "z"], False),
    (["s*A", "sin(s)", "x"], ["s", "A", "x"], True),
]


def tensors(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, Any]:
    """Values that are no multiples of each other."""
    rng = np.random.default_rng(seed)
    return {n: tf.constant(rng.uniform(0.3, 1.5, shape)) for n, shape in shapes.items()}


def read(text: str) -> eingrad.Expression:
    """The expression, with the shapes of its variables."""
    names = set(re.findall(r"\w+", text))
    return eingrad.parse(text, **{n: d for n, d in SHAPES.items() if n in names})


def shape(name: str) -> tuple[int, ...]:
    return tuple(SIZES[d] for d in SHAPES[name].split())


def values_of(expressions: list[Any]) -> Callable[..., list[Any]]:
    """The ys as a TensorFlow function, which TensorFlow differentiates."""
    made = [generate({"y": y.node}, backend="tensorflow") for y in expressions]

    def function(**arguments: Any) -> list[Any]:
        return [g.function()(**{a: arguments[v] for v, a in g.arguments.items()}) for g in made]

    return function


def agree(found: Any, wanted: Any) -> None:
    """The gradients are equal, entry by entry."""
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == other.shape and one.dtype == other.dtype
        scale = 1 + float(tf.reduce_max(tf.abs(other)))
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-10 * scale)


@pytest.mark.parametrize("ys, xs, incoming", CASES)
def test_gradients_of_a_tape_and_of_a_graph(ys: list[str], xs: list[str], incoming: bool) -> None:
    expressions = [read(y) for y in ys]
    names = sorted({n for y in ys for n in re.findall(r"\w+", y) if n in SHAPES} | set(xs))
    values = tensors({n: shape(n) for n in names})
    function = values_of(expressions)
    given = [f"G{k}" for k in range(len(ys))] if incoming else None
    grads = [
        tf.constant(np.random.default_rng(k).normal(size=y.shape)) if incoming else None
        for k, y in enumerate(function(**values))
    ]
    # A name that no expression has is given as a tensor, with its shape.
    targets = [eingrad.tensor(x, SHAPES[x]) for x in xs]
    found = eingrad.gradients(expressions, targets, given)
    assert [d.shape for d in found] == [t.shape for t in targets]
    arguments = {**values, **{n: g for n, g in zip(given or [], grads, strict=False)}}
    arguments = {v.name: arguments[v.name] for v in found.variables}
    together = found.function("tensorflow")(**arguments)
    together = together if isinstance(together, tuple) else (together,)

    zero = tf.UnconnectedGradients.ZERO
    with tf.GradientTape() as tape:
        tape.watch(values)
        results = function(**values)
    watched = [values[x] for x in xs]
    wanted = tape.gradient(
        results, watched, output_gradients=grads if incoming else None, unconnected_gradients=zero
    )
    agree(together, wanted)

    @tf.function
    def in_graph(arguments: dict[str, Any]) -> list[Any]:
        results = function(**arguments)
        watched = [arguments[x] for x in xs]
        return tf.gradients(
            results, watched, grads if incoming else None, unconnected_gradients=zero
        )

    agree(together, in_graph(values))


@pytest.mark.parametrize("record", [r for r in all_records() if r.domain], ids=lambda r: r.name)
def test_gradients_of_every_function(record: Record) -> None:
    for _, node, variables, values in cases(record):
        found = eingrad.gradients(node, variables, "G")
        given = {k: tf.constant(v) for k, v in values.items()}
        function = generate({"y": node}, backend="tensorflow", arguments=variables).function()
        with tf.GradientTape() as tape:
            tape.watch(given)
            y = function(**given)
        incoming = tf.constant(np.random.default_rng(3).normal(size=y.shape))
        wanted = tape.gradient(
            y,
            [given[v.name] for v in variables],
            output_gradients=incoming,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        given["G"] = incoming
        result = found.function("tensorflow")(**{v.name: given[v.name] for v in found.variables})
        agree(result if isinstance(result, tuple) else (result,), wanted)


# --- the meaning ---------------------------------------------------------------------------------


def test_what_is_not_connected_is_zero_and_says_so() -> None:
    dx, dz, dy = eingrad.gradients(["x'*x", "y - y"], ["x", "z", "y"])
    assert not dx.notes and not dx.is_zero
    assert dz.is_zero and dz.notes[0].startswith("z does not occur in the expression")
    assert dy.is_zero and dy.notes[0].startswith("y cancels")
    assert len(dy.shape) == 1


def test_texts_share_their_variables_but_not_their_sizes() -> None:
    dA, dB = eingrad.gradients(["A*B", "tr(A)"], ["A", "B"])
    assert dA.shape[0] == dA.shape[1] == dB.shape[0] != dB.shape[1]
    dA, dy = eingrad.gradients(["A*B", "y'*y"], ["A", "y"])
    assert len({*dA.shape, *dy.shape}) == 3
    f = eingrad.gradients(["A*B", "y'*y"], ["A", "y"]).function()
    grads = f(A=np.ones((2, 3)), B=np.ones((3, 4)), y=np.ones(7))
    assert [g.shape for g in grads] == [(2, 3), (7,)]
    tensor = eingrad.parse("A*B", A="2 k", B="k k")
    dA, dy = eingrad.gradients([tensor, "A*y"], ["A", "y"])
    assert dA.shape == tensor.variables["A"].shape and dy.shape == dA.shape[1:]


def test_sizes_that_a_text_mentions_stay() -> None:
    dx, dy = eingrad.gradients(["sum(vector(1, n) .* x)", "y'*y"], ["x", "y"])
    assert dx.shape != dy.shape and str(dx.shape[0]) == "n"


@pytest.mark.parametrize(
    "ys, xs, grad_ys, error, words",
    [
        ([], ["x"], None, InputError, "no ys"),
        (["x'*x", "y"], ["x"], ["G"], InputError, "2 ys, but 1 grad_ys"),
        ("A*x", "x", np.ones((2, 3)), ShapeError, "incoming gradient has shape 2×3"),
        (["A*x", "B*x"], "x", "G", InputError, "two variables are called G"),
        ([eingrad.parse("A", A="2 3"), eingrad.parse("A", A="3 2")], "A", None, InputError, "A"),
        ([eingrad.parse("A", A="2 3"), "tr(A)"], "A", None, InputError, "one is 2×3"),
    ],
)
def test_what_does_not_fit_is_named(
    ys: Any, xs: Any, grad_ys: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        eingrad.gradients(ys, xs, grad_ys)
