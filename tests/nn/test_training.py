"""Training with generated code: the losses of PyTorch's, and clear ends where numbers fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from eingrad import nn
from eingrad.apps.train import classify, help_pages, sequences
from eingrad.errors import InputError
from eingrad.nn.training import _batches

sklearn = pytest.importorskip("sklearn.datasets")
torch = pytest.importorskip("torch")


def digits() -> tuple[np.ndarray, np.ndarray]:
    images, labels = sklearn.load_digits(return_X_y=True)
    order = np.random.default_rng(2).permutation(len(labels))
    return images[order] / 16, labels[order]


def classifier() -> nn.Network:
    return nn.Network(
        nn.dense("m", "h"),
        nn.activation("tanh", "b h"),
        nn.dense("h", "k"),
        nn.softmax_cross_entropy(classes="k"),
    )


def test_losses_are_those_of_pytorch_from_the_same_start_and_batches() -> None:
    images, labels = digits()
    data = {"X": images[:600], "T": np.eye(10)[labels[:600]]}
    net = classifier()
    params = nn.initial(net, 4, m=64, h=20, k=10)
    theirs = {n: torch.tensor(v.copy(), requires_grad=True) for n, v in params.items()}
    losses = nn.fit(net, data, params, step=nn.Adam(3e-3), epochs=3, batch=50, seed=6)
    optimiser = torch.optim.Adam(list(theirs.values()), lr=3e-3)
    wanted = []
    for epoch in range(3):
        total = 0.0
        for part in _batches(data, 50, 6 + epoch):
            hidden = torch.tanh(torch.tensor(part["X"]) @ theirs["W1"] + theirs["b1"])
            scores = hidden @ theirs["W3"] + theirs["b3"]
            loss = torch.nn.functional.cross_entropy(scores, torch.tensor(part["T"]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(part["X"])
        wanted.append(total / 600)
    np.testing.assert_allclose(losses, wanted, rtol=1e-5)
    assert losses[-1] < 0.9 * losses[0]


def test_digits_are_read() -> None:
    accuracy, loss, _ = classify(*digits(), epochs=30, batch=64, rate=2e-3, seed=0)
    assert accuracy >= 0.97
    assert loss < 0.05


def rnn(p: dict[str, Any], x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
    return (torch.tanh(x + state[0] @ p["Wh"] + p["bh"]),)


def gate(p: dict[str, Any], x: Any, h: Any, g: str) -> Any:
    return x @ p[f"W{g}"] + h @ p[f"U{g}"] + p[f"b{g}"]


def gru(p: dict[str, Any], x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
    (h,) = state
    r, z = (torch.sigmoid(gate(p, x, h, g)) for g in "rz")
    c = torch.tanh(x @ p["Wc"] + p["bc"] + r * (h @ p["Uc"] + p["dc"]))
    return ((1 - z) * c + z * h,)


def lstm(p: dict[str, Any], x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
    h, c = state
    i, f, o = (torch.sigmoid(gate(p, x, h, g)) for g in "ifo")
    c = f * c + i * torch.tanh(gate(p, x, h, "g"))
    return o * torch.tanh(c), c


@pytest.mark.parametrize(
    ("cell", "step", "truncate"),
    [("rnn", rnn, None), ("rnn", rnn, 7), ("gru", gru, None), ("lstm", lstm, 7)],
)
def test_a_recurrent_network_learns_characters_as_pytorch_does(
    cell: str, step: Callable[..., tuple[Any, ...]], truncate: int | None
) -> None:
    """In PyTorch states are detached where gradients are cut."""
    data, symbols = sequences(help_pages(7_000), 20)
    layer = nn.next_symbol(cell=cell, truncate=truncate)
    params = nn.initial(layer, 5, v=len(symbols), n=24)
    theirs = {n: torch.tensor(v.copy(), requires_grad=True) for n, v in params.items()}
    losses = nn.fit(layer, data, params, step=nn.Adam(8e-3), epochs=2, batch=20, seed=9)
    optimiser = torch.optim.Adam(list(theirs.values()), lr=8e-3)
    wanted = []
    for epoch in range(2):
        total = 0.0
        for part in _batches(data, 20, 9 + epoch):
            inputs = theirs["table"][torch.tensor(part["index"])]
            start = torch.zeros(len(inputs), 24, dtype=torch.float64)
            state, states = (start,) * (2 if cell == "lstm" else 1), []
            for t in range(20):
                if truncate and t % truncate == 0:
                    state = tuple(s.detach() for s in state)
                state = step(theirs, inputs[:, t], state)
                states.append(state[0])
            scores = torch.stack(states, 1) @ theirs["Wy"] + theirs["by"]
            labels = torch.tensor(part["label"]).flatten()
            loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(inputs)
        wanted.append(total / len(data["index"]))
    np.testing.assert_allclose(losses, wanted, rtol=1e-4)
    assert losses[-1] < 0.95 * losses[0]


def test_there_is_no_other_cell() -> None:
    with pytest.raises(InputError, match="no cell 'elman'"):
        nn.next_symbol(cell="elman")


def test_training_stops_where_a_number_is_not_finite_and_says_where() -> None:
    images, labels = digits()
    data = {"X": images[:100].copy(), "T": np.eye(10)[labels[:100]]}
    data["X"][7, 3] = np.nan
    net = classifier()
    with pytest.raises(nn.TrainingError, match=r"loss is nan in epoch 1, step \d"):
        nn.fit(net, data, nn.initial(net, m=64, h=5, k=10), batch=10)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"X": np.ones((0, 64)), "T": np.ones((0, 10))}, "at least one"),
        ({"X": np.ones((5, 64)), "T": np.ones((4, 10))}, "equally many"),
    ],
)
def test_samples_must_fit(data: dict[str, np.ndarray], message: str) -> None:
    net = classifier()
    with pytest.raises(InputError, match=message):
        nn.fit(net, data, nn.initial(net, m=64, h=5, k=10))


@pytest.mark.parametrize("batch", [0, -3])
def test_a_batch_has_a_sample(batch: int) -> None:
    net = classifier()
    data = {"X": np.ones((5, 64)), "T": np.ones((5, 10))}
    with pytest.raises(InputError, match="samples of a batch is at least 1"):
        nn.fit(net, data, nn.initial(net, m=64, h=5, k=10), batch=batch)


def test_a_layer_without_a_loss_is_not_trained() -> None:
    net = nn.Network(nn.dense("m", "h"))
    with pytest.raises(InputError, match="no loss"):
        nn.fit(net, {"X": np.ones((5, 4))}, nn.initial(net, m=4, h=2))


def test_initial_values_need_all_sizes() -> None:
    with pytest.raises(InputError, match="size n is missing"):
        nn.initial(nn.dense("m", "n"), m=3)
