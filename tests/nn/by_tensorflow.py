"""The layers of `cases` in `tf.nn` and Keras, and their gradients by TensorFlow's tape."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tests.nn.cases import ACTIVATIONS

losses = tf.keras.losses


def normalised(X, axis, scale, shift):
    mean, variance = tf.nn.moments(X, axis, keepdims=True)
    return tf.nn.batch_normalization(X, mean, variance, shift, scale, 1e-5)


def channels_last(X):
    return tf.transpose(X, [0, *range(2, X.ndim), 1])


def channels_first(Y):
    return tf.transpose(Y, [0, Y.ndim - 1, *range(1, Y.ndim - 1)])


def spread(W):
    """A filter with a zero between its taps: TensorFlow has no stride together with dilation."""
    pairs = tf.reshape(tf.stack([W, tf.zeros_like(W)], -1), [*W.shape[:2], -1])
    return pairs[..., :-1]


def convolution(X, W, bias, padding, stride):
    X = tf.pad(channels_last(X), [[0, 0], *[[padding] * 2] * (X.ndim - 2), [0, 0]])
    W = tf.transpose(W, [*range(2, W.ndim), 1, 0])
    return channels_first(tf.nn.bias_add(tf.nn.convolution(X, W, stride, "VALID"), bias))


def pooled(X, taps, kind, strides):
    return channels_first(tf.nn.pool(channels_last(X), taps, kind, strides, "VALID"))


def attend(Q, K, V, mask=None):
    scores = tf.matmul(Q, K, transpose_b=True) / tf.sqrt(tf.cast(Q.shape[-1], Q.dtype))
    if mask is not None:
        scores = tf.where(mask > 0, scores, tf.constant(-np.inf, scores.dtype))
    return tf.matmul(tf.nn.softmax(scores), V)


def heads(X, queries, keys, values, projection, mask):
    parts = [tf.matmul(X[:, None], W) for W in (queries, keys, values)]
    return tf.reduce_sum(tf.matmul(attend(*parts, mask), projection), axis=1)


def cell(kind, weights, X, *states):
    """What Keras's own cell gives with these weights: its value and its states."""
    made = kind(states[0].shape[-1], dtype="float64")
    made.build(X.shape)
    assert [w.shape for w in made.trainable_variables] == [w.shape for w in weights]
    fixed = [tf.convert_to_tensor(v) for v in made.non_trainable_variables]
    (value, after), _ = made.stateless_call(weights, fixed, X, list(states))
    return value, after


def gates(p, letters, kind):
    return tf.concat([p[f"{kind}{g}"] for g in letters], -1)


def gru(X, H, **p):
    inside = gates(p, "zrc", "b")
    outside = tf.concat([tf.zeros(2 * H.shape[1], H.dtype), p["dc"]], 0)
    weights = [gates(p, "zrc", "W"), gates(p, "zrc", "U"), tf.stack([inside, outside])]
    return cell(tf.keras.layers.GRUCell, weights, X, H)[0]


def lstm(X, H, C, **p):
    weights = [gates(p, "ifgo", kind) for kind in "WUb"]
    return tf.stack(cell(tf.keras.layers.LSTMCell, weights, X, H, C)[1])


def rnn(X, H, Wx, Wh, b):
    return cell(tf.keras.layers.SimpleRNNCell, [Wx, Wh, b], X, H)[0]


def next_symbol(table, Wh, bh, Wy, by, index, label):
    state, scores = tf.zeros((len(index), len(bh)), table.dtype), []
    for words in tf.unstack(index, axis=1):
        state = tf.tanh(tf.nn.embedding_lookup(table, words) + tf.nn.bias_add(state @ Wh, bh))
        scores.append(tf.nn.bias_add(state @ Wy, by))
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(label, tf.stack(scores, 1))
    )


LAYERS = {
    "dense": lambda X, W, b: tf.nn.bias_add(tf.matmul(X, W), b),
    "dense without bias": lambda X, W: tf.matmul(X, W),
    "dense on sequences": lambda X, W, b: tf.tensordot(X, W, 1) + b,
    "dense columns": lambda A, W, b: tf.matmul(W, A, transpose_a=True) + b[:, None],
    "dense of one column": lambda A, W, b: tf.linalg.matvec(W, A, transpose_a=True) + b,
    **{n: (lambda X, n=n: getattr(tf.nn, n)(X)) for n in ACTIVATIONS},
    # Those of tf.nn have a slope of 0.2 and a root of 2 in single precision.
    "leaky relu": lambda X: tf.maximum(X, 0.2 * X),
    "gelu": lambda X: X * tf.math.erfc(-X / np.sqrt(2)) / 2,
    "addition": lambda X, Y: tf.add(X, Y),
    "squared error": lambda X, T: tf.nn.l2_loss(X - T) / X.shape[0],
    "huber": lambda X, T: X.shape[1] * tf.reduce_mean(losses.huber(T, X, 0.7)),
    "hinge": lambda X, T: losses.hinge(T, X),
    "logistic": lambda X, T: tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits((T + 1) / 2, X)
    ),
    "cross entropy": lambda P, T: -tf.reduce_mean(tf.reduce_sum(T * tf.math.log(P), 1)),
    "softmax cross entropy": lambda Z, T: tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits(T, Z)
    ),
    "labelled cross entropy": lambda Z, label: tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(label, Z)
    ),
    "cross entropy of sequences": lambda Z, T: tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits(T, Z)
    ),
    "labelled sequences": lambda Z, label: tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(label, Z)
    ),
    "kl divergence": lambda P, T: tf.reduce_mean(losses.kld(T, P)),
    "batch norm": lambda X, scale, shift: normalised(X, [0], scale, shift),
    "layer norm": lambda X, scale, shift: normalised(X, [1], scale, shift),
    "rms norm": lambda X, scale: tf.nn.batch_normalization(
        X, 0.0, tf.reduce_mean(X**2, -1, keepdims=True), None, scale, 1e-5
    ),
    "dropout": lambda X, mask, keep: tf.where(mask > 0, X / keep, tf.zeros_like(X)),
    "embedding": lambda index, table: tf.nn.embedding_lookup(table, index),
    "convolution 1d": lambda X, W, bias: convolution(X, spread(W), bias, 2, 2),
    "convolution 2d": lambda X, W, bias: convolution(X, W, bias, 1, 1),
    "max pool": lambda X: pooled(X, [2, 3], "MAX", [2, 3]),
    "overlapping max pool": lambda X: pooled(X, [3], "MAX", [2]),
    "average pool": lambda X: pooled(X, [2, 3], "AVG", [2, 1]),
    "attention": attend,
    "causal attention": attend,
    "multi-head attention": heads,
    "heads without batch": lambda X, **given: heads(X[None], **given)[0],
    "rnn cell": rnn,
    "rnn cell of one column": lambda x, a, Wax, Waa, b: rnn(
        x[None], a[None], tf.transpose(Wax), tf.transpose(Waa), b
    )[0],
    "rnn cell columns": lambda x, a, Wax, Waa, b: tf.transpose(
        rnn(*map(tf.transpose, (x, a, Wax, Waa)), b)
    ),
    "gru cell": gru,
    "lstm cell": lstm,
    "next symbol": next_symbol,
}


def value_and_gradients(
    case: str, given: dict[str, np.ndarray], by: list[str], incoming: np.ndarray
) -> tuple[Any, list[Any]]:
    tensors = {n: tf.constant(v) for n, v in given.items()}
    with tf.GradientTape() as tape:
        tape.watch([tensors[n] for n in by])
        value = LAYERS[case](**tensors)
    found = tape.gradient(value, [tensors[n] for n in by], tf.constant(incoming))
    return value.numpy(), [tf.convert_to_tensor(g).numpy() for g in found]
