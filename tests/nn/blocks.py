"""Samples for networks, and a transformer block as a composition of layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from eingrad import nn

SIZES = {"b": 2, "t": 5, "v": 9, "m": 4, "n": 3, "k": 7}
WIDTH, INNER, HEADS = 6, 8, 2


def transformer_block(norm_first: bool = True) -> nn.Network:
    """Attention, then two dense layers, each in a residual block with a normalisation."""
    row, sizes = str(WIDTH), "b t"
    attention = nn.multi_head_attention(HEADS, width=WIDTH, mask=True)
    perceptron = (
        nn.dense(row, str(INNER), sizes),
        nn.activation("gelu", f"{sizes} {INNER}"),
        nn.dense(str(INNER), row, sizes),
    )
    norms = nn.layer_norm(sizes, row), nn.layer_norm(sizes, row)
    if norm_first:
        return nn.Network(
            nn.residual(norms[0], attention), nn.residual(norms[1], *perceptron), name="block"
        )
    return nn.Network(
        nn.residual(attention), norms[0], nn.residual(*perceptron), norms[1], name="block"
    )


def arrays(net: nn.Layer, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {n: [d.evaluate(SIZES) for d in t.node.shape] for n, t in net.arguments.items()}
    made = {n: rng.normal(size=shape) for n, shape in shapes.items()}
    return made | ({"mask": np.tri(SIZES["t"])} if "mask" in made else {})


def gradients(net: nn.Layer, given: dict[str, np.ndarray], incoming: Any = None) -> Any:
    params = {n: given[n] for n in net.params}
    value = net.forward({n: v for n, v in given.items() if n not in params}, params)
    incoming = np.random.default_rng(2).normal(size=np.shape(value)) if incoming is None else 1.0
    return value, incoming, net.backward(incoming)


def close(found: Any, wanted: Any, what: str = "") -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10, err_msg=what)
