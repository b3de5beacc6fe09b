"""The layers of `cases` in `jax.nn`, `jax.lax` and `jax.numpy`, and their gradients by JAX."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from jax.experimental.rnn import lstm_ref
from jax.scipy.special import rel_entr

from tests.codegen.backends import framework_jax
from tests.nn.cases import ACTIVATIONS

jax = framework_jax()
jnp, lax = jax.numpy, jax.lax


def standardized(X, axis):
    return jax.nn.standardize(X, axis=axis, epsilon=1e-5)


def huber(X, T):
    r = jnp.abs(X - T)
    return jnp.where(r <= 0.7, r**2 / 2, 0.7 * (r - 0.35)).sum() / X.shape[0]


def convolution(X, W, bias, *, stride, padding, dilation):
    out = lax.conv_general_dilated(X, W, stride, padding, rhs_dilation=dilation)
    return out + bias.reshape(-1, *[1] * (X.ndim - 2))


def pooled(X, start, add, taps, strides):
    ones = (1,) * (X.ndim - len(taps))
    return lax.reduce_window(X, start, add, ones + taps, ones + strides, "VALID")


def attend(Q, K, V, mask=None):
    scores = jnp.einsum("...td,...sd->...ts", Q, K) / jnp.sqrt(Q.shape[-1])
    where = None if mask is None else jnp.broadcast_to(mask > 0, scores.shape)
    return jax.nn.softmax(scores, axis=-1, where=where) @ V


def heads(X, queries, keys, values, projection, mask):
    outcome = 0
    for k in range(len(queries)):
        outcome += attend(X @ queries[k], X @ keys[k], X @ values[k], mask) @ projection[k]
    return outcome


def gru(X, H, **p):
    gates = {g: X @ p[f"W{g}"] + p[f"b{g}"] for g in "rzc"}
    r, z = (jax.nn.sigmoid(gates[g] + H @ p[f"U{g}"]) for g in "rz")
    candidate = jnp.tanh(gates["c"] + r * (H @ p["Uc"] + p["dc"]))
    return candidate + z * (H - candidate)


def lstm(X, H, C, **p):
    """JAX's own LSTM, of one step: its weights lie as in cuDNN."""
    size = H.shape[-1]
    W_ih, W_hh = ({0: jnp.concatenate([p[f"{k}{g}"].T for g in "ifgo"])} for k in "WU")
    bias = jnp.concatenate([p[f"b{g}"] for g in "ifgo"])
    _, h, c = lstm_ref(
        X[:, None], H[None], C[None], W_ih, W_hh, {0: bias}, {0: 0 * bias},
        jnp.ones(len(X), dtype=jnp.int32), X.shape[-1], size, 1, 0.0, False,
    )  # fmt: skip
    return jnp.stack([h[0], c[0]])


def next_symbol(table, Wh, bh, Wy, by, index, label):
    def step(h, word):
        h = jnp.tanh(jnp.take(table, word, axis=0) + h @ Wh + bh)
        return h, jax.nn.log_softmax(h @ Wy + by)

    _, scores = lax.scan(step, jnp.zeros((len(index), len(bh))), index.T)
    return -jnp.take_along_axis(scores, label.T[..., None], axis=-1).mean()


ELSEWHERE = {"tanh": jnp.tanh, "gelu": partial(jax.nn.gelu, approximate=False)}
LAYERS = {
    "dense": lambda X, W, b: jnp.einsum("bm,mn->bn", X, W) + b,
    "dense without bias": lambda X, W: jnp.einsum("bm,mn->bn", X, W),
    "dense on sequences": lambda X, W, b: jnp.einsum("btm,mn->btn", X, W) + b,
    "dense columns": lambda A, W, b: jnp.einsum("mb,mn->nb", A, W) + b[:, None],
    "dense of one column": lambda A, W, b: jnp.einsum("m,mn->n", A, W) + b,
    **{n: (lambda X, n=n: (ELSEWHERE.get(n) or getattr(jax.nn, n))(X)) for n in ACTIVATIONS},
    "leaky relu": lambda X: jax.nn.leaky_relu(X, 0.2),
    "addition": lambda X, Y: jnp.add(X, Y),
    "squared error": lambda X, T: jnp.square(X - T).sum(axis=1).mean() / 2,
    "huber": huber,
    "hinge": lambda X, T: jax.nn.relu(1 - T * X).mean(),
    "logistic": lambda X, T: -jax.nn.log_sigmoid(T * X).mean(),
    "cross entropy": lambda P, T: -jnp.vdot(T, jnp.log(P)) / P.shape[0],
    "softmax cross entropy": lambda Z, T: -jnp.vdot(T, jax.nn.log_softmax(Z)) / Z.shape[0],
    "labelled cross entropy": lambda Z, label: (
        -jnp.take_along_axis(jax.nn.log_softmax(Z), label[:, None], axis=1).mean()
    ),
    "cross entropy of sequences": lambda Z, T: -(T * jax.nn.log_softmax(Z)).sum(-1).mean(),
    "labelled sequences": lambda Z, label: (
        -jnp.take_along_axis(jax.nn.log_softmax(Z), label[..., None], axis=-1).mean()
    ),
    "kl divergence": lambda P, T: rel_entr(T, P).sum() / P.shape[0],
    "batch norm": lambda X, scale, shift: standardized(X, 0) * scale + shift,
    "layer norm": lambda X, scale, shift: standardized(X, -1) * scale + shift,
    "rms norm": lambda X, scale: (
        X * scale * lax.rsqrt(jnp.square(X).mean(-1, keepdims=True) + 1e-5)
    ),
    "dropout": lambda X, mask, keep: jnp.where(mask > 0, X / keep, 0),
    "embedding": lambda index, table: jnp.take(table, index, axis=0),
    "convolution 1d": lambda X, W, bias: convolution(
        X, W, bias, stride=(2,), padding=[(2, 2)], dilation=(2,)
    ),
    "convolution 2d": lambda X, W, bias: convolution(
        X, W, bias, stride=(1, 1), padding=[(1, 1)] * 2, dilation=(1, 1)
    ),
    "max pool": lambda X: pooled(X, -jnp.inf, lax.max, (2, 3), (2, 3)),
    "overlapping max pool": lambda X: pooled(X, -jnp.inf, lax.max, (3,), (2,)),
    "average pool": lambda X: pooled(X, 0.0, lax.add, (2, 3), (2, 1)) / 6,
    "attention": attend,
    "causal attention": attend,
    "multi-head attention": heads,
    "heads without batch": heads,
    "rnn cell of one column": lambda x, a, Wax, Waa, b: jnp.tanh(
        jnp.concatenate([Wax, Waa], axis=1) @ jnp.concatenate([x, a]) + b
    ),
    "rnn cell": lambda X, H, Wx, Wh, b: jnp.tanh(
        jnp.concatenate([X, H], axis=1) @ jnp.concatenate([Wx, Wh]) + b
    ),
    "rnn cell columns": lambda x, a, Wax, Waa, b: jnp.tanh(
        jnp.concatenate([Wax, Waa], axis=1) @ jnp.concatenate([x, a]) + b[:, None]
    ),
    "gru cell": gru,
    "lstm cell": lstm,
    "next symbol": next_symbol,
}


def value_and_gradients(
    case: str, given: dict[str, np.ndarray], by: list[str], incoming: np.ndarray
) -> tuple[Any, list[Any]]:
    @jax.jit
    def both(given, incoming):
        constants = {n: v for n, v in given.items() if n not in by}
        value, back = jax.vjp(lambda p: LAYERS[case](**p, **constants), {n: given[n] for n in by})
        return value, back(incoming)[0]

    value, found = both(given, incoming)
    return np.asarray(value), [np.asarray(found[n]) for n in by]
