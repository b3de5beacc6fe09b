"""Networks: gradients of composed layers, their chain of derivatives, layers that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from eingrad import nn
from eingrad.errors import InputError, ShapeError

SIZES = {"m": 4, "h": 5, "k": 3, "b": 7}


def classifier() -> nn.Network:
    return nn.Network(
        nn.dense("m", "h"),
        nn.activation("tanh", "b h"),
        nn.dense("h", "k"),
        nn.softmax_cross_entropy(classes="k"),
        name="classifier",
    )


def samples(net: nn.Network, seed: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {n: [d.evaluate(SIZES) for d in t.node.shape] for n, t in net.arguments.items()}
    return {n: rng.normal(size=shape) for n, shape in shapes.items()}


def split(net: nn.Network, given: dict[str, np.ndarray]) -> tuple[dict, dict]:
    return (
        {n: v for n, v in given.items() if n not in net.params},
        {n: given[n] for n in net.params},
    )


def test_gradients_of_a_network_are_those_of_differences() -> None:
    net = classifier()
    given = samples(net)
    net.forward(*split(net, given))
    gradients = net.backward(1.0)
    assert list(gradients) == ["X", "W1", "b1", "W3", "b3"]
    rng = np.random.default_rng(4)
    for name, gradient in gradients.items():
        direction = rng.normal(size=gradient.shape)
        step = 1e-6
        values = [
            net.forward(*split(net, {**given, name: given[name] + sign * step * direction}))
            for sign in (1, -1)
        ]
        slope = (values[0] - values[1]) / (2 * step)
        assert slope == pytest.approx((gradient * direction).sum(), rel=1e-7, abs=1e-8)


def test_layer_by_layer_passes_compose_to_those_of_the_network() -> None:
    net = classifier()
    given = samples(net)
    net.forward(*split(net, given))
    wanted = net.backward(1.0)
    value = given["X"]
    for link in net.links:
        layer = link.layer
        own = {n: given[m] for n, m in link.arguments.items() if m in given}
        own[next(iter(layer.inputs))] = value
        params = {n: own.pop(n) for n in layer.params}
        value = layer.forward(own, params)
    arriving: object = 1.0
    found = {}
    for link in reversed(net.links):
        passed = link.layer.backward(arriving)
        found |= {link.arguments[n]: passed[n] for n in link.layer.params}
        arriving = passed[next(iter(link.layer.inputs))]
    found["X"] = arriving
    for name, gradient in wanted.items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-12, atol=1e-12)


def test_the_chain_in_columns_is_that_of_the_course() -> None:
    net = nn.Network(
        nn.dense_columns("m", "h"),
        nn.activation("sigmoid", "h b"),
        nn.dense_columns("h", "k"),
        nn.squared_error("k b"),
    )
    lines = [line.strip() for line in net.chain().splitlines()]
    assert "dW3 = A1 dZ3ᵀ, h×k: ∂Z3/∂W3, h×k×b×k, condenses to A1, h×b" in lines
    assert "dA1 = W3 dZ3, h×b: ∂Z3/∂A1, h×b×b×k, condenses to W3, h×k" in lines
    assert any(line.startswith("dZ1 = dA1 ⊙ σ(Z1) ⊙ (1 − σ(Z1)), h×b") for line in lines)


def test_a_deep_network_has_no_limit_of_depth() -> None:
    layers = [nn.activation("tanh", "b n"), nn.dense("n", "n")] * 150
    net = nn.Network(*layers)
    rng = np.random.default_rng(5)
    params = {n: rng.normal(size=(3,) * t.node.ndim) / 2 for n, t in net.params.items()}
    net.forward(rng.normal(size=(2, 3)), params)
    assert len(net.backward(np.ones((2, 3)))) == 1 + 2 * 150


def test_what_a_layer_refuses_its_network_refuses() -> None:
    net = nn.Network(
        nn.dense("m", "4", "b t"), nn.multi_head_attention(2, width=4, mask=True), name="heads"
    )
    rng = np.random.default_rng(6)
    params = nn.initial(net, m=3)
    mask = np.tri(5)
    mask[2] = 0
    with pytest.raises(InputError, match=r"hides everything from position \[2\]"):
        net.forward({"X": rng.normal(size=(2, 5, 3)), "mask": mask}, params)


def test_arrays_that_do_not_fit_are_named_with_their_layer() -> None:
    net = classifier()
    given = samples(net)
    given["W3"] = given["W3"].T
    message = r"^classifier, layer 3 \(dense\): W3 must have shape h×k = 5×5; given is 3×5$"
    with pytest.raises(ShapeError, match=message):
        net.forward(*split(net, given))


def test_layers_that_do_not_fit_are_named_with_their_shapes() -> None:
    with pytest.raises(
        ShapeError, match=r"layer 2 \(tanh\) takes b×k, layer 1 \(dense\) gives b×h"
    ):
        nn.Network(nn.dense("m", "h"), nn.activation("tanh", "b k"))
    with pytest.raises(InputError, match=r"layer 2 \(attention\) has 3 inputs"):
        nn.Network(nn.dense("m", "h"), nn.attention())
    with pytest.raises(InputError, match="needs a layer"):
        nn.Network()
