"""The layers of `cases` in PyTorch's own functions, and their gradients by autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from tests.nn.cases import ACTIVATIONS


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


def next_symbol(table, Wh, bh, Wy, by, index, label):
    start = torch.zeros(1, len(index), len(bh), dtype=table.dtype)
    weights = [torch.eye(len(bh), dtype=table.dtype), Wh.T, bh, 0 * bh]
    network = (1, 0.0, False, False)  # layers, dropout, training, both directions
    words = F.embedding(index, table)
    states, _ = torch.rnn_tanh(words, start, weights, True, *network, batch_first=True)
    return F.cross_entropy(F.linear(states, Wy.T, by).flatten(0, 1), label.flatten())


LAYERS = {
    "dense": lambda X, W, b: F.linear(X, W.T, b),
    "dense without bias": lambda X, W: F.linear(X, W.T),
    "dense on sequences": lambda X, W, b: F.linear(X, W.T, b),
    "dense columns": lambda A, W, b: F.linear(A.T, W.T, b).T,
    "dense of one column": lambda A, W, b: F.linear(A, W.T, b),
    **{n: (lambda X, n=n: getattr(F, n)(X)) for n in ACTIVATIONS if n != "softmax"},
    "softmax": lambda X: F.softmax(X, -1),
    "leaky relu": lambda X: F.leaky_relu(X, 0.2),
    "addition": torch.add,
    "squared error": lambda X, T: 0.5 * F.mse_loss(X, T, reduction="sum") / X.shape[0],
    "huber": lambda X, T: F.huber_loss(X, T, delta=0.7, reduction="sum") / X.shape[0],
    "hinge": lambda X, T: F.relu(1 - T * X).mean(),
    "logistic": lambda X, T: F.soft_margin_loss(X, T),
    "cross entropy": lambda P, T: -(T * P.log()).sum() / P.shape[0],
    "softmax cross entropy": lambda Z, T: F.cross_entropy(Z, T),
    "labelled cross entropy": lambda Z, label: F.cross_entropy(Z, label),
    "cross entropy of sequences": lambda Z, T: F.cross_entropy(Z.flatten(0, 1), T.flatten(0, 1)),
    "labelled sequences": lambda Z, label: F.cross_entropy(Z.flatten(0, 1), label.flatten()),
    "kl divergence": lambda P, T: F.kl_div(P.log(), T, reduction="batchmean"),
    "batch norm": lambda X, scale, shift: F.batch_norm(X, None, None, scale, shift, training=True),
    "layer norm": lambda X, scale, shift: F.layer_norm(X, (X.shape[-1],), scale, shift),
    "rms norm": lambda X, scale: F.rms_norm(X, (X.shape[-1],), scale, eps=1e-5),
    "dropout": lambda X, mask, keep: torch.where(mask > 0, X, 0) / keep,
    "embedding": lambda index, table: F.embedding(index, table),
    "convolution 1d": lambda X, W, bias: F.conv1d(X, W, bias, stride=2, padding=2, dilation=2),
    "convolution 2d": lambda X, W, bias: F.conv2d(X, W, bias, padding=1),
    "max pool": lambda X: F.max_pool2d(X, (2, 3)),
    "overlapping max pool": lambda X: F.max_pool1d(X, 3, 2),
    "average pool": lambda X: F.avg_pool2d(X, (2, 3), (2, 1)),
    "attention": F.scaled_dot_product_attention,
    "causal attention": lambda Q, K, V, mask: F.scaled_dot_product_attention(
        Q, K, V, is_causal=True
    ),
    "multi-head attention": heads,
    "heads without batch": lambda X, **given: heads(X[None], **given)[0],
    "rnn cell of one column": lambda x, a, Wax, Waa, b: torch.rnn_tanh_cell(
        x[None], a[None], Wax, Waa, b, 0 * b
    )[0],
    "rnn cell": lambda X, H, Wx, Wh, b: torch.rnn_tanh_cell(X, H, Wx.T, Wh.T, b, 0 * b),
    "rnn cell columns": lambda x, a, Wax, Waa, b: (
        torch.rnn_tanh_cell(x.T, a.T, Wax, Waa, b, 0 * b).T
    ),
    "gru cell": gru,
    "lstm cell": lstm,
    "next symbol": next_symbol,
}


def value_and_gradients(
    case: str, given: dict[str, np.ndarray], by: list[str], incoming: np.ndarray
) -> tuple[Any, list[Any]]:
    tensors = {n: torch.tensor(v, requires_grad=n in by) for n, v in given.items()}
    value = LAYERS[case](**named(case, tensors))
    found = torch.autograd.grad(value, [tensors[n] for n in by], torch.tensor(incoming))
    return value.detach().numpy(), [g.numpy() for g in found]


def named(case: str, tensors: dict[str, Any]) -> dict[str, Any]:
    """Arguments by the names that the function has for them."""
    other = {"attention": dict(zip("QKV", ("query", "key", "value"), strict=True)),
             "addition": {"X": "input", "Y": "other"}}  # fmt: skip
    return {other.get(case, {}).get(n, n): t for n, t in tensors.items()}
