"""`eingrad train`: networks trained for real, with derived gradients in generated code alone."""

from __future__ import annotations

import time
from typing import Any

import click

from ..errors import InputError, library_needed
from .outcome import RIGHT, WRONG, Outcome

WIDTHS = (128, 64)
GOAL = 0.97
CHARACTERS = 200_000
STEPS = 50


@click.group(short_help="Train a network with derived gradients.")
def train() -> None:
    """Train a network with gradients that eingrad derives, in NumPy code that it writes."""


@train.command(short_help="A classifier of handwritten digits.")
@click.option("--epochs", type=click.IntRange(1, 10_000), default=40, show_default=True)
@click.option("--batch", type=click.IntRange(1, 1437), default=64, show_default=True)
@click.option("--rate", type=float, default=2e-3, show_default=True, help="Of the steps (Adam).")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def digits(epochs: int, batch: int, rate: float, seed: int) -> Outcome:
    """Learn 1437 handwritten digits (8×8 points), and read 360 others.

    Exit code: 0 when at least 97 % are read right, else 1.
    """
    if not 0 < rate < float("inf"):
        raise InputError(f"a rate of {rate} is no positive number")
    images, labels = _images(seed)
    accuracy, loss, seconds = classify(images, labels, epochs, batch, rate, seed)
    lines = [
        [("digits ", "title"), (f"{len(labels)} images, a fifth of them for the test", "")],
        [("loss   ", "title"), (f"{loss:.4f} after {epochs} epochs, {seconds:.1f} s", "")],
        [("test   ", "title"), (f"{accuracy:.1%} read right", "")],
    ]
    return Outcome(RIGHT if accuracy >= GOAL else WRONG, lines=lines)


def _images(seed: int) -> tuple[Any, Any]:
    """The images in random order, values from 0 to 1, and what they show."""
    with library_needed("this demonstration"):
        from sklearn.datasets import load_digits
    import numpy as np

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    return images[order] / 16, labels[order]


def classify(
    images: Any, labels: Any, epochs: int, batch: int, rate: float, seed: int
) -> tuple[float, float, float]:
    """Train on four fifths; the share of the rest that is read right, the loss, the seconds."""
    import numpy as np

    from .. import nn

    count = 4 * len(labels) // 5
    targets = np.eye(10)[labels]
    first, second = WIDTHS
    layers = [
        nn.dense("m", "h"),
        nn.activation("relu"),
        nn.dense("h", "i"),
        nn.activation("relu"),
        nn.dense("i", "k"),
    ]
    start = time.perf_counter()
    network = nn.Network(*layers, nn.softmax_cross_entropy(), name="digits")
    params = nn.initial(network, seed, m=images.shape[1], h=first, i=second, k=10)
    losses = nn.fit(
        network,
        {"X": images[:count], "T": targets[:count]},
        params,
        step=nn.Adam(rate, decay=0.01),
        epochs=epochs,
        batch=batch,
        seed=seed,
    )
    scores = nn.Network(*layers, name="scores").forward(images[count:], params)
    accuracy = float((scores.argmax(axis=1) == labels[count:]).mean())
    return accuracy, losses[-1], time.perf_counter() - start


@train.command(short_help="A network that foretells the characters of a text.")
@click.option("--epochs", type=click.IntRange(1, 10_000), default=10, show_default=True)
@click.option("--hidden", type=click.IntRange(1, 4096), default=96, show_default=True)
@click.option("--rate", type=float, default=4e-3, show_default=True, help="Of the steps (Adam).")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--cell", type=click.Choice(["rnn", "gru", "lstm"]), default="rnn", show_default=True)
@click.option(
    "--truncate",
    type=click.IntRange(1, 10_000),
    help=f"Cut gradients through time after so many of the {STEPS} steps.",
)
def chars(
    epochs: int, hidden: int, rate: float, seed: int, cell: str, truncate: int | None
) -> Outcome:
    """Learn the characters of Python's help pages with a recurrent network, through time.

    Exit code: 0 when it foretells better than the frequencies of the characters, else 1.
    """
    if not 0 < rate < float("inf"):
        raise InputError(f"a rate of {rate} is no positive number")
    import numpy as np

    from .. import nn

    text = help_pages(CHARACTERS)
    data, symbols = sequences(text, STEPS)
    start = time.perf_counter()
    layer = nn.next_symbol(cell=cell, truncate=truncate)
    params = nn.initial(layer, seed, v=len(symbols), n=hidden)
    losses = nn.fit(layer, data, params, step=nn.Adam(rate), epochs=epochs, batch=32, seed=seed)
    seconds = time.perf_counter() - start
    share = np.bincount(data["label"].ravel(), minlength=len(symbols)) / data["label"].size
    alone = float(-(share[share > 0] * np.log(share[share > 0])).sum())
    lines = [
        [("text  ", "title"), (f"{len(text)} characters, {len(symbols)} different ones", "")],
        [("loss  ", "title"), (f"{losses[-1]:.3f} after {epochs} epochs, {seconds:.1f} s", "")],
        [("      ", "title"), (f"{alone:.3f} by the frequencies alone", "")],
    ]
    return Outcome(RIGHT if losses[-1] < alone else WRONG, lines=lines)


def help_pages(count: int) -> str:
    """The first characters of the help pages that come with Python."""
    from pydoc_data.topics import topics

    return "".join(topics[name] for name in sorted(topics))[:count]


def sequences(text: str, steps: int) -> tuple[dict[str, Any], list[str]]:
    """Rows of consecutive characters as numbers, with the next character of each as its label."""
    import numpy as np

    symbols = sorted(set(text))
    numbers = {symbol: k for k, symbol in enumerate(symbols)}
    places = np.array([numbers[c] for c in text])
    rows = (len(places) - 1) // steps
    index = places[: rows * steps].reshape(rows, steps)
    label = places[1 : rows * steps + 1].reshape(rows, steps)
    return {"index": index, "label": label}, symbols
