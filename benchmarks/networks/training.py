"""One step of training a network on digits: loss, gradients, and Adam."""

from __future__ import annotations

import numpy as np

from eingrad import gradients, nn

from ..measure import Row, medians, ratio_table

TORCH = "PyTorch, eager"
RATE = 1e-3
BUDGET = 4.0  # seconds for a row


def tables(batch: int = 64, widths: tuple[int, int] = (128, 64)) -> list[str]:
    """The steps of `nn.fit`, beside a loop as PyTorch's tutorials have it."""
    rows = [_row(batch, widths, dtype) for dtype in (np.float32, np.float64)]
    return [ratio_table("A training step of a network on digits, with Adam", rows)]


def _row(batch: int, widths: tuple[int, int], dtype: type) -> Row:
    import torch

    first, second = widths
    network = nn.Network(
        nn.dense("m", "h"),
        nn.activation("relu", "b h"),
        nn.dense("h", "i"),
        nn.activation("relu", "b i"),
        nn.dense("i", "k"),
        nn.softmax_cross_entropy(classes="k"),
    )
    start = nn.initial(network, m=64, h=first, i=second, k=10)
    params = {n: v.astype(dtype) for n, v in start.items()}
    rng = np.random.default_rng(4)
    X = rng.uniform(0, 1, (batch, 64)).astype(dtype)
    labels = rng.integers(0, 10, batch)
    T = np.eye(10, dtype=dtype)[labels]
    function = gradients(network.output, list(network.params.values())).function(
        outputs=("value", "gradients")
    )
    change = nn.Adam(RATE)

    def ours() -> float:
        loss, *slopes = function(X=X, T=T, **params)
        named = dict(zip(network.params, slopes, strict=True))
        # As `fit` does it: training stops where something is not finite.
        assert np.isfinite(loss) and all(np.isfinite(s).all() for s in slopes)
        change(params, named)
        return float(loss)

    dense = [torch.nn.Linear(64, first), torch.nn.Linear(first, second)]
    dense.append(torch.nn.Linear(second, 10))
    module = torch.nn.Sequential(dense[0], torch.nn.ReLU(), dense[1], torch.nn.ReLU(), dense[2])
    module = module.to(getattr(torch, np.dtype(dtype).name))
    with torch.no_grad():
        for layer, k in zip(dense, (1, 3, 5), strict=True):
            layer.weight.copy_(torch.from_numpy(params[f"W{k}"].T))
            layer.bias.copy_(torch.from_numpy(params[f"b{k}"]))
    optimiser = torch.optim.Adam(module.parameters(), lr=RATE)
    x, y = torch.from_numpy(X), torch.from_numpy(labels)

    def theirs() -> float:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(x), y)
        loss.backward()
        optimiser.step()
        return loss.item()

    name = f"64–{first}–{second}–10, batch {batch}, {np.dtype(dtype)}"
    # A step changes what the next one starts from: equal losses of ten in a row are equal steps.
    losses = [(ours(), theirs()) for _ in range(10)]
    np.testing.assert_allclose(*zip(*losses, strict=True), rtol=1e-3, err_msg=name)
    return Row(name, medians({"eingrad": ours, TORCH: theirs}, budget=BUDGET), {TORCH: "≥ 1×"})
