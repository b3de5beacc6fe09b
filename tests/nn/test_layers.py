"""Layers: values of PyTorch's own layers, gradients of its autograd, differences, bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from eingrad import nn
from eingrad.errors import InputError, NameError_

torch = pytest.importorskip("torch")
F = torch.nn.functional
SIZES = {"b": 3, "n": 5, "m": 4, "t": 6, "s": 7, "d": 2, "p": 8, "v": 9, "c": 2, "o": 3}


def labels(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return rng.choice([-1.0, 1.0], shape)


def probabilities(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    x = rng.uniform(0.2, 1.0, shape)
    return x / x.sum(axis=-1, keepdims=True)


def gru(X, H, **p):
    def stacked(names):
        return torch.cat([p[n] for n in names], -1).T

    weights = stacked(["Wr", "Wz", "Wc"]), stacked(["Ur", "Uz", "Uc"])
    biases = torch.cat([p["br"], p["bz"], p["bc"]]), torch.cat([0 * p["br"], 0 * p["bz"], p["dc"]])
    return torch.gru_cell(X, H, *weights, *biases)


def lstm(X, H, C, **p):
    order = "ifgo"
    weights = [torch.cat([p[f"{k}{g}"] for g in order], -1).T for k in "WU"]
    bias = torch.cat([p[f"b{g}"] for g in order])
    return torch.stack(torch.lstm_cell(X, (H, C), *weights, bias, 0 * bias))


def heads(X, queries, keys, values, projection, mask):
    parts = (torch.einsum("btd,hde->bhte", X, W) for W in (queries, keys, values))
    attended = F.scaled_dot_product_attention(*parts, attn_mask=mask.bool())
    return torch.einsum("bhte,hed->btd", attended, projection)


# Layer, the same by PyTorch, and samples other than normal numbers.
CASES: dict[str, tuple[nn.Layer, Callable[..., Any], dict[str, Callable[..., Any]]]] = {
    "dense": (nn.dense(), lambda X, W, b: F.linear(X, W.T, b), {}),
    "dense without bias": (nn.dense(bias=False), lambda X, W: X @ W, {}),
    "dense on sequences": (nn.dense(batch="b t"), lambda X, W, b: F.linear(X, W.T, b), {}),
    "dense columns": (nn.dense_columns(), lambda A, W, b: W.T @ A + b[:, None], {}),
    **{
        name: (nn.activation(name), lambda X, name=name: getattr(F, name)(X), {})
        for name in ("tanh", "relu", "sigmoid", "gelu", "silu", "softplus", "elu")
    },
    "softmax": (nn.activation("softmax"), lambda X: F.softmax(X, -1), {}),
    "leaky relu": (
        nn.activation("leaky_relu", slope=0.2),
        lambda X: F.leaky_relu(X, 0.2),
        {},
    ),
    "squared error": (
        nn.squared_error(),
        lambda X, T: 0.5 * F.mse_loss(X, T, reduction="sum") / X.shape[0],
        {},
    ),
    "huber": (
        nn.huber(delta=0.7),
        lambda X, T: F.huber_loss(X, T, delta=0.7, reduction="sum") / X.shape[0],
        {},
    ),
    "hinge": (nn.hinge(), lambda X, T: F.relu(1 - T * X).mean(), {"T": labels}),
    "cross entropy": (
        nn.cross_entropy(),
        lambda P, T: -(T * P.log()).sum() / P.shape[0],
        {"P": probabilities, "T": probabilities},
    ),
    "softmax cross entropy": (
        nn.softmax_cross_entropy(),
        lambda Z, T: F.cross_entropy(Z, T),
        {"T": probabilities},
    ),
    "labelled cross entropy": (
        nn.labelled_cross_entropy(),
        lambda Z, label: F.cross_entropy(Z, label),
        {"label": lambda shape, rng: rng.integers(0, SIZES["n"], shape)},
    ),
    "kl divergence": (
        nn.kl_divergence(),
        lambda P, T: F.kl_div(P.log(), T, reduction="batchmean"),
        {"P": probabilities, "T": probabilities},
    ),
    "batch norm": (
        nn.batch_norm(),
        lambda X, scale, shift: F.batch_norm(X, None, None, scale, shift, training=True),
        {},
    ),
    "layer norm": (
        nn.layer_norm(),
        lambda X, scale, shift: F.layer_norm(X, (X.shape[-1],), scale, shift),
        {},
    ),
    "rms norm": (
        nn.rms_norm(),
        lambda X, scale: F.rms_norm(X, (X.shape[-1],), scale, eps=1e-5),
        {},
    ),
    "dropout": (
        nn.dropout(),
        lambda X, mask, keep: X * mask / keep,
        {
            "mask": lambda shape, rng: rng.integers(0, 2, shape).astype(float),
            "keep": lambda shape, rng: np.asarray(0.6),
        },
    ),
    "embedding": (
        nn.embedding(),
        lambda index, table: F.embedding(index, table),
        {"index": lambda shape, rng: rng.integers(0, SIZES["v"], shape)},
    ),
    "convolution 1d": (
        nn.convolution1d(3, sizes="b c 11", padding=2, stride=2, dilation=2),
        lambda X, W, bias: F.conv1d(X, W, bias, stride=2, padding=2, dilation=2),
        {},
    ),
    "convolution 2d": (
        nn.convolution2d((3, 2), sizes="b c 8 7", padding=1),
        lambda X, W, bias: F.conv2d(X, W, bias, padding=1),
        {},
    ),
    "max pool": (
        nn.max_pool((2, 3), sizes="b c 8 9"),
        lambda X: F.max_pool2d(X, (2, 3)),
        {},
    ),
    "overlapping max pool": (
        nn.max_pool((3,), sizes="b c 9", stride=2),
        lambda X: F.max_pool1d(X, 3, 2),
        {},
    ),
    "average pool": (
        nn.average_pool((2, 3), sizes="b c 8 9", stride=(2, 1)),
        lambda X: F.avg_pool2d(X, (2, 3), (2, 1)),
        {},
    ),
    "attention": (nn.attention(), lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V), {}),
    "causal attention": (
        nn.attention(keys="t", mask=True),
        lambda Q, K, V, mask: F.scaled_dot_product_attention(Q, K, V, attn_mask=mask.bool()),
        {"mask": lambda shape, rng: np.tri(*shape)},
    ),
    "multi-head attention": (
        nn.multi_head_attention(2, width=6, mask=True),
        heads,
        {"mask": lambda shape, rng: np.tri(*shape)},
    ),
    "rnn cell": (
        nn.rnn_cell(),
        lambda X, H, Wx, Wh, b: torch.rnn_tanh_cell(X, H, Wx.T, Wh.T, b, 0 * b),
        {},
    ),
    "rnn cell, columns": (
        nn.rnn_cell_columns(),
        lambda x, a, Wax, Waa, b: torch.rnn_tanh_cell(x.T, a.T, Wax, Waa, b, 0 * b).T,
        {},
    ),
    "gru cell": (nn.gru_cell(), gru, {}),
    "lstm cell": (nn.lstm_cell(), lstm, {}),
}


def arrays(layer: nn.Layer, samples: dict[str, Callable[..., Any]]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    made = {}
    for name, t in layer.arguments.items():
        shape = tuple(dim.evaluate(SIZES) for dim in t.node.shape)
        sample = samples.get(name, lambda shape, rng: rng.normal(size=shape))
        made[name] = np.asarray(sample(shape, rng))
    return made


def split(layer: nn.Layer, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    params = {n: given[n] for n in layer.params}
    return {n: v for n, v in given.items() if n not in params}, params


@pytest.mark.parametrize("case", CASES)
def test_value_and_gradients_are_those_of_pytorch(case: str) -> None:
    layer, theirs, samples = CASES[case]
    given = arrays(layer, samples)
    value = layer.forward(*split(layer, given))
    tensors = {n: torch.tensor(v) for n, v in given.items()}
    by = [n for n in given if n not in layer.constants]
    for n in by:
        tensors[n].requires_grad_(True)
    wanted = theirs(**tensors)
    np.testing.assert_allclose(value, wanted.detach().numpy(), rtol=1e-10, atol=1e-10)
    incoming = np.random.default_rng(8).normal(size=np.shape(value))
    found = layer.backward(incoming)
    assert list(found) == by
    gradients = torch.autograd.grad(wanted, [tensors[n] for n in by], torch.tensor(incoming))
    for n, gradient in zip(by, gradients, strict=True):
        np.testing.assert_allclose(found[n], gradient.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_each_partial_derivative_is_that_of_differences(case: str) -> None:
    layer, _, _ = CASES[case]
    for partial in layer.partials.values():
        report = partial.check()
        assert report.ok, report.text


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
@pytest.mark.parametrize("case", CASES)
def test_rules_of_layers_give_the_gradients_of_the_layer(case: str, backend: str) -> None:
    from tests.codegen.backends import given as as_framework
    from tests.codegen.backends import returned

    layer, _, samples = CASES[case]
    values = arrays(layer, samples)
    value = layer.forward(*split(layer, values))
    incoming = np.random.default_rng(9).normal(size=np.shape(value))
    wanted = layer.backward(incoming)
    rule = layer.rule(backend)
    names = list(rule._passes.forward.arguments)
    inside = as_framework(backend, {n: values[n] for n in names})
    weights = as_framework(backend, {"G": incoming})["G"]
    places = [names.index(n) for n in wanted]
    function = rule.function()
    if backend == "jax":
        import jax

        found = jax.grad(lambda *args: (function(*args) * weights).sum(), argnums=places)(
            *inside.values()
        )
    elif backend == "torch":
        for n in wanted:
            inside[n].requires_grad_(True)
        result = function(*inside.values())
        found = torch.autograd.grad(result, [inside[n] for n in wanted], weights)
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch([inside[n] for n in wanted])
            loss = tf.reduce_sum(function(*inside.values()) * weights)
        found = tape.gradient(loss, [inside[n] for n in wanted])
    for name, gradient in zip(wanted, found, strict=True):
        np.testing.assert_allclose(
            returned(gradient), wanted[name], rtol=1e-9, atol=1e-9, err_msg=name
        )


def test_single_precision_stays() -> None:
    layer = nn.layer_norm()
    given = {n: v.astype(np.float32) for n, v in arrays(layer, {}).items()}
    assert layer.forward(*split(layer, given)).dtype == np.float32
    gradients = layer.backward(np.ones((3, 5), np.float32))
    assert {g.dtype for g in gradients.values()} == {np.dtype(np.float32)}


def test_what_is_wrong_is_named() -> None:
    layer = nn.dense()
    X, W, b = np.ones((3, 4)), np.ones((4, 5)), np.ones(5)
    with pytest.raises(InputError, match="backward needs a forward pass"):
        layer.backward(np.ones((3, 5)))
    with pytest.raises(ValueError, match=r"W must have shape .*not \(5, 4\)"):
        layer.forward(X, {"W": W.T, "b": b})
    with pytest.raises(NameError_, match="b is missing"):
        layer.forward(X, {"W": W})
    with pytest.raises(NameError_, match="no argument 'bias'"):
        layer.forward(X, {"W": W, "b": b, "bias": b})
    layer.forward(X, {"W": W, "b": b})
    with pytest.raises(InputError, match=r"shape \(5, 3\).*value has \(3, 5\)"):
        layer.backward(np.ones((5, 3)))


def test_a_mask_that_hides_everything_is_refused() -> None:
    layer = nn.attention(batch="", keys="t", mask=True)
    x = np.ones((6, 2))
    mask = np.tri(6)
    mask[3] = 0
    with pytest.raises(InputError, match=r"hides everything from position \[3\]"):
        layer.forward({"Q": x, "K": x, "V": x, "mask": mask})


def test_heads_divide_the_width() -> None:
    with pytest.raises(InputError, match="4 heads do not divide a width of 6"):
        nn.multi_head_attention(4, width=6)
