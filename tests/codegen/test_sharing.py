"""Functions that have parts in common make those once, and give what they gave before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import eingrad
from eingrad import nn
from eingrad.codegen import generate, in_common_parts
from eingrad.ir.node import Node
from eingrad.ir.record import REGISTRY
from eingrad.verify.reference import evaluate
from tests.codegen.backends import BACKENDS, call

PARTS = sorted(name for name, record in REGISTRY.items() if record.parts is not None)
function = eingrad.function


def values(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(5).normal(size=shape)


@pytest.mark.parametrize("name", PARTS)
def test_the_parts_put_together_are_the_function(name: str) -> None:
    node: Any = function(name)(eingrad.matrix("X", "m n")).node
    parts = REGISTRY[name].parts
    assert parts is not None
    point = {"X": values((3, 4))}
    found = evaluate(parts(*node.operands, **dict(node.params)), point, {"m": 3, "n": 4})
    np.testing.assert_allclose(found, evaluate(node, point, {"m": 3, "n": 4}), rtol=1e-12)


def softmax_and_its_logarithm() -> dict[str, Node]:
    X = eingrad.matrix("X", "m n")
    made = {n: function(n)(X).node for n in ("softmax", "log_softmax")}
    return made | {"logsumexp": function("logsumexp")(X, axis=-1).node}


@pytest.mark.parametrize("backend", BACKENDS)
def test_values_are_those_of_the_reference(backend: str) -> None:
    X = eingrad.matrix("X", "m n")
    outputs = {
        **softmax_and_its_logarithm(),
        **{n: function(n)(X).node for n in ("silu", "sigmoid", "max_share")},
        "max": np.max(X, axis=-1).node,
    }
    if backend != "array_api":  # which has no error function
        outputs["gelu"] = function("gelu")(X).node
        outputs["its slope"] = eingrad.vjp(function("gelu")(X), X, "X").node
    point = {"X": 30 * values((3, 4))}
    found = call(backend, generate(outputs, backend=backend), point, {})
    for one, (name, node) in zip(found, outputs.items(), strict=True):
        expected = evaluate(node, point, {"m": 3, "n": 4})
        np.testing.assert_allclose(one, expected, rtol=1e-9, atol=1e-13, err_msg=name)


def test_exponentials_are_made_once() -> None:
    assert generate(softmax_and_its_logarithm()).definition.count("np.exp(") == 1


def test_what_shares_nothing_stays_one_function() -> None:
    node = softmax_and_its_logarithm()["softmax"]
    assert in_common_parts([node], "numpy") == [node]
    assert "_softmax(X)" in generate({"y": node}).definition


def test_rows_without_a_finite_entry_are_as_before() -> None:
    X = np.array([[-np.inf, -np.inf], [0.0, -np.inf]])
    with np.errstate(all="ignore"):
        found = generate(softmax_and_its_logarithm()).function()(X)
    np.testing.assert_array_equal(found[2], [-np.inf, 0.0])
    np.testing.assert_array_equal(found[0][1], [1.0, 0.0])


@pytest.mark.parametrize(
    ("layer", "once"),
    [
        (nn.activation("silu"), "_sigmoid"),
        (nn.activation("gelu"), "erfc"),
        (nn.softmax_cross_entropy(), "np.exp"),
        (nn.labelled_cross_entropy(), "np.exp"),
    ],
    ids=lambda x: getattr(x, "name", None),
)
def test_a_backward_pass_makes_nothing_dear_again(layer: nn.Layer, once: str) -> None:
    assert layer.passes.forward.definition.count(once + "(") == 1
    assert once + "(" not in layer.passes.backward.definition.replace("np.exp(-0.5", "")


@pytest.mark.filterwarnings("error")
def test_a_row_of_minus_infinities_has_no_total_and_warns_of_nothing() -> None:
    Z = eingrad.matrix("Z", "m n")
    total = function("logsumexp")(Z, axis=-1)
    both = {"value": total.node, "gradient": function("softmax")(Z, axis=-1).node}
    made = generate(both)
    assert "_log_of_total" in made.source
    point = values((3, 4))
    assert np.isfinite(made.function()(point)[0]).all()
    point[1] = -np.inf
    with np.errstate(invalid="ignore"):  # the gradient there is 0/0
        found, _ = made.function()(point)
    np.testing.assert_allclose(found, [*np.log(np.exp(point).sum(axis=1)[:1]), -np.inf, found[2]])
    assert np.isfinite(found[2])
