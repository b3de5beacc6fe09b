"""`eingrad train logistic`, `softmax` and `gaussnewton`: training by exact second derivatives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError, library_needed
from .outcome import RIGHT, WRONG, Outcome

if TYPE_CHECKING:
    from ..nn import Convergence

penalty_option = click.option(
    "--penalty", type=float, default=1e-3, show_default=True, help="λ of λ/2 ‖W‖²."
)


@click.command(short_help="Logistic regression by Newton's method.")
@penalty_option
def logistic(penalty: float) -> Outcome:
    """Tell benign from malignant: 569 patients, 30 measurements, by Newton's method.

    Exit code: 0 when the gradient vanishes, else 1.
    """
    import numpy as np

    from .. import nn

    X, y = _scaled("breast_cancer")
    network = nn.Network(nn.dense("m", "k"), nn.logistic(), name="logistic regression")
    params = {"W1": np.zeros((X.shape[1], 1)), "b1": np.zeros(1)}
    data = {"X": X, "T": np.where(y == 1, 1.0, -1.0)[:, None]}
    start = time.perf_counter()
    found = nn.newton(network, data, params, penalty={"W1": _checked(penalty)})
    seconds = time.perf_counter() - start
    right = float((((X @ params["W1"] + params["b1"])[:, 0] > 0) == (y == 1)).mean())
    return _ending(found, seconds, f"{right:.1%} of {len(y)} patients are told right")


@click.command(short_help="Softmax regression by Newton's method.")
@click.option(
    "--data", type=click.Choice(["iris", "wine", "digits"]), default="wine", show_default=True
)
@penalty_option
def softmax(data: str, penalty: float) -> Outcome:
    """Learn the classes of iris flowers, wines or handwritten digits, by Newton's method.

    Exit code: 0 when the gradient vanishes, else 1.
    """
    import numpy as np

    from .. import nn

    X, y = _scaled(data)
    classes = int(y.max()) + 1
    network = nn.Network(nn.dense("m", "k"), nn.softmax_cross_entropy(), name="softmax regression")
    params = {"W1": np.zeros((X.shape[1], classes)), "b1": np.zeros(classes)}
    start = time.perf_counter()
    found = nn.newton(
        network, {"X": X, "T": np.eye(classes)[y]}, params, penalty={"W1": _checked(penalty)}
    )
    seconds = time.perf_counter() - start
    right = float(((X @ params["W1"] + params["b1"]).argmax(axis=1) == y).mean())
    return _ending(found, seconds, f"{right:.1%} of {len(y)} samples are told right")


@click.command(short_help="A small network by Gauss-Newton.")
@click.option("--hidden", type=click.IntRange(1, 64), default=3, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--penalty", type=float, default=1e-2, show_default=True, help="λ of λ/2 ‖W‖².")
def gaussnewton(hidden: int, seed: int, penalty: float) -> Outcome:
    """Fit a network with one hidden layer to 442 patients' diabetes: nonlinear least squares.

    Exit code: 0 when the gradient vanishes and less of the variance is left than by a linear fit,
    else 1.
    """
    import numpy as np

    from .. import nn

    X, y = _scaled("diabetes")
    T = ((y - y.mean()) / y.std())[:, None]
    network = nn.Network(
        nn.dense("m", "h"),
        nn.activation("tanh"),
        nn.dense("h", "k"),
        nn.squared_error(),
        name="diabetes",
    )
    params = nn.initial(network, seed, m=X.shape[1], h=hidden, k=1)
    start = time.perf_counter()
    found = nn.gauss_newton(
        network, {"X": X, "T": T}, params, penalty={n: _checked(penalty) for n in ("W1", "W3")}
    )
    seconds = time.perf_counter() - start
    values = np.tanh(X @ params["W1"] + params["b1"]) @ params["W3"] + params["b3"]
    left = float(((values - T) ** 2).mean())
    flat = np.column_stack([X, np.ones(len(X))])
    alone = float(((flat @ np.linalg.lstsq(flat, T, rcond=None)[0] - T) ** 2).mean())
    said = f"{left:.1%} of the variance is left, {alone:.1%} by a linear fit"
    return _ending(found, seconds, said, good=left < alone)


def _checked(penalty: float) -> float:
    if not 0 < penalty < float("inf"):
        raise InputError(f"a penalty of {penalty} is no positive number")
    return penalty


def _scaled(name: str) -> tuple[Any, Any]:
    """Measurements with mean 0 and variance 1, and what is to be told from them."""
    with library_needed("this demonstration"):
        from sklearn import datasets
    import numpy as np

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    spread = X.std(axis=0)
    return (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1), y


def _ending(found: Convergence, seconds: float, said: str, good: bool = True) -> Outcome:
    """The steps, why they end, and what was learned."""
    *steps, reason = str(found).splitlines()
    lines = [[(line, "")] for line in steps]
    lines += [
        [("end    ", "title"), (f"{reason}, {seconds:.1f} s", "")],
        [("result ", "title"), (said, "")],
    ]
    return Outcome(RIGHT if found.converged and good else WRONG, lines=lines)


__all__ = ["gaussnewton", "logistic", "softmax"]
