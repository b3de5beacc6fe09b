"""Each layer once, with samples; `by_torch`, `by_jax` and `by_tensorflow` define the same again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from eingrad import nn

Sample = Callable[[tuple[int, ...], np.random.Generator], Any]
SIZES = {"b": 3, "n": 5, "m": 4, "t": 6, "s": 7, "d": 2, "p": 8, "v": 9, "c": 2, "o": 3}


def signs(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return rng.choice([-1.0, 1.0], shape)


def probabilities(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    x = rng.uniform(0.2, 1.0, shape)
    return x / x.sum(axis=-1, keepdims=True)


def below(bound: str) -> Sample:
    return lambda shape, rng: rng.integers(0, SIZES[bound], shape)


def causal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return np.tri(*shape)


ACTIVATIONS = ("tanh", "relu", "sigmoid", "gelu", "silu", "softplus", "elu", "softmax")

# Layer, and samples of arguments that are other than normal numbers.
LAYERS: dict[str, tuple[nn.Layer, dict[str, Sample]]] = {
    "dense": (nn.dense(), {}),
    "dense without bias": (nn.dense(bias=False), {}),
    "dense on sequences": (nn.dense(batch="b t"), {}),
    "dense columns": (nn.dense_columns(), {}),
    "dense of one column": (nn.dense_columns(batch=""), {}),
    **{name: (nn.activation(name), {}) for name in ACTIVATIONS},
    "leaky relu": (nn.activation("leaky_relu", slope=0.2), {}),
    "addition": (nn.addition(), {}),
    "squared error": (nn.squared_error(), {}),
    "huber": (nn.huber(delta=0.7), {}),
    "hinge": (nn.hinge(), {"T": signs}),
    "logistic": (nn.logistic(), {"T": signs}),
    "cross entropy": (nn.cross_entropy(), {"P": probabilities, "T": probabilities}),
    "softmax cross entropy": (nn.softmax_cross_entropy(), {"T": probabilities}),
    "labelled cross entropy": (nn.labelled_cross_entropy(), {"label": below("n")}),
    "cross entropy of sequences": (nn.softmax_cross_entropy("b t"), {"T": probabilities}),
    "labelled sequences": (nn.labelled_cross_entropy("b t"), {"label": below("n")}),
    "kl divergence": (nn.kl_divergence(), {"P": probabilities, "T": probabilities}),
    "batch norm": (nn.batch_norm(), {}),
    "layer norm": (nn.layer_norm(), {}),
    "rms norm": (nn.rms_norm(), {}),
    "dropout": (
        nn.dropout(),
        {
            "mask": lambda shape, rng: rng.integers(0, 2, shape).astype(float),
            "keep": lambda shape, rng: np.asarray(0.6),
        },
    ),
    "embedding": (nn.embedding(), {"index": below("v")}),
    "convolution 1d": (
        nn.convolution1d(3, sizes="b c 11", padding=2, stride=2, dilation=2),
        {},
    ),
    "convolution 2d": (nn.convolution2d((3, 2), sizes="b c 8 7", padding=1), {}),
    "max pool": (nn.max_pool((2, 3), sizes="b c 8 9"), {}),
    "overlapping max pool": (nn.max_pool((3,), sizes="b c 9", stride=2), {}),
    "average pool": (nn.average_pool((2, 3), sizes="b c 8 9", stride=(2, 1)), {}),
    "attention": (nn.attention(), {}),
    "causal attention": (nn.attention(keys="t", mask=True), {"mask": causal}),
    "multi-head attention": (
        nn.multi_head_attention(2, width=6, mask=True),
        {"mask": causal},
    ),
    "heads without batch": (
        nn.multi_head_attention(2, batch="", width=6, mask=True),
        {"mask": causal},
    ),
    "rnn cell": (nn.rnn_cell(), {}),
    "rnn cell columns": (nn.rnn_cell_columns(), {}),
    "rnn cell of one column": (nn.rnn_cell_columns(batch=""), {}),
    "gru cell": (nn.gru_cell(), {}),
    "lstm cell": (nn.lstm_cell(), {}),
    "next symbol": (nn.next_symbol(), {"index": below("v"), "label": below("v")}),
}


def arrays(case: str) -> dict[str, np.ndarray]:
    """Values of all arguments."""
    layer, samples = LAYERS[case]
    rng = np.random.default_rng(7)
    made = {}
    for name, t in layer.arguments.items():
        shape = tuple(dim.evaluate(SIZES) for dim in t.node.shape)
        sample = samples.get(name, lambda shape, rng: rng.normal(size=shape))
        made[name] = np.asarray(sample(shape, rng))
    return made


def split(layer: nn.Layer, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs with constants, and parameters."""
    params = {n: given[n] for n in layer.params}
    return {n: v for n, v in given.items() if n not in params}, params


def forward(case: str) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """The value, an incoming gradient, and the gradients by what is no constant."""
    layer, _ = LAYERS[case]
    value = layer.forward(*split(layer, arrays(case)))
    incoming = np.random.default_rng(8).normal(size=np.shape(value))
    return value, incoming, layer.backward(incoming)
