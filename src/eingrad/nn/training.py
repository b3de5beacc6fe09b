"""Training with generated code: initial values, steps of Adam, epochs of shuffled batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..calculus import gradients
from ..errors import EingradError, InputError
from ..progress import show_progress
from .layer import Layer

if TYPE_CHECKING:
    import numpy as np

Arrays = dict[str, Any]


class TrainingError(EingradError, ArithmeticError):
    """Training met a loss or a gradient that is not finite; the message says at which step."""


def initial(layer: Layer, seed: int = 0, **sizes: int) -> Arrays:
    """Values of the parameters to start from: matrices normal with variance 1/inputs, `scale` ones,
    other vectors zeros.

    Parameters
    ----------
    **sizes:
        A number for each symbolic size of the parameters.

    Raises
    ------
    InputError
        A size is missing.

    Examples
    --------
    >>> from eingrad import nn
    >>> {n: v.shape for n, v in nn.initial(nn.dense("m", "n"), m=3, n=2).items()}
    {'W': (3, 2), 'b': (2,)}
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    made: Arrays = {}
    for name, t in layer.params.items():
        missing = sorted({s for d in t.node.shape for s in d.symbols()} - sizes.keys())
        if missing:
            raise InputError(f"initial: a number for the size {missing[0]} is missing")
        for size, number in sizes.items():
            require_count(f"initial: the size {size}", number, 0)
        shape = tuple(d.evaluate(sizes) for d in t.node.shape)
        if len(shape) < 2:
            made[name] = np.ones(shape) if name.startswith("scale") else np.zeros(shape)
        else:
            inputs = int(np.prod(shape)) // shape[-1]
            made[name] = rng.normal(size=shape) / np.sqrt(max(1, inputs))
    return made


def require_count(what: str, number: Any, least: int) -> None:
    """A whole number, not below `least`.

    Raises
    ------
    InputError
        It is something else.
    """
    import operator

    try:
        whole = operator.index(number)
    except TypeError:
        raise InputError(f"{what} is a whole number, not {number!r}") from None
    if whole < least:
        raise InputError(f"{what} is at least {least}, not {number}")


def require_floats(params: Arrays) -> None:
    """Parameters are arrays of floats, which can be changed in place; numbers and lists are
    replaced by such.

    Raises
    ------
    InputError
        An array cannot be changed so.
    """
    import numpy as np

    for name, array in params.items():
        if not isinstance(array, np.ndarray):
            params[name] = np.array(array, float)
        elif array.dtype.kind != "f":
            raise InputError(
                f"{name} is changed in place: an array of floats is needed, not {array.dtype}"
            )
        elif not array.flags.writeable:
            raise InputError(f"{name} is changed in place, but the array is read-only")


@dataclass
class Adam:
    """Steps by running means of the gradient and its square.

    D. Kingma and J. Ba (2015), arXiv:1412.6980. With `decay` weights shrink beside the step
    (I. Loshchilov and F. Hutter, arXiv:1711.05101).

    Attributes
    ----------
    rate, first, second, epsilon:
        α, β₁, β₂ and ε of the paper.
    decay:
        The share of a weight, times the rate, that each step takes away.
    steps, means, squares:
        How far it is: what the next step starts from.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"w": np.array([1.0, -2.0])}
    >>> Adam(rate=0.1)(params, {"w": np.array([3.0, -0.5])})
    >>> params["w"].round(6)
    array([ 0.9, -1.9])
    """

    rate: float = 1e-3
    first: float = 0.9
    second: float = 0.999
    epsilon: float = 1e-8
    decay: float = 0.0
    steps: int = 0
    means: Arrays = field(default_factory=dict)
    squares: Arrays = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.rate < float("inf"):
            raise InputError(f"a rate is a number not below 0, not {self.rate}")

    def __call__(self, params: Arrays, slopes: Mapping[str, Any]) -> None:
        """Change the parameters in place."""
        import numpy as np

        self.steps += 1
        rate = self.rate * np.sqrt(1 - self.second**self.steps) / (1 - self.first**self.steps)
        for name, slope in slopes.items():
            mean = self.means.setdefault(name, np.zeros_like(slope))
            square = self.squares.setdefault(name, np.zeros_like(slope))
            mean += (1 - self.first) * (slope - mean)
            square += (1 - self.second) * (slope * slope - square)
            if self.decay:
                params[name] -= self.rate * self.decay * params[name]
            params[name] -= rate * mean / (np.sqrt(square) + self.epsilon)


@dataclass(frozen=True)
class Progress:
    """Where training is: told after each epoch."""

    epoch: int
    epochs: int
    loss: float


def fit(
    layer: Layer,
    data: Mapping[str, np.ndarray],
    params: Arrays,
    *,
    fixed: Mapping[str, np.ndarray] | None = None,
    step: Callable[[Arrays, Mapping[str, Any]], None] | None = None,
    epochs: int = 10,
    batch: int = 32,
    seed: int = 0,
    report: Callable[[Progress], None] | None = None,
) -> list[float]:
    """Train the parameters of a layer whose value is a loss, in place; the mean loss by epoch.

    Parameters
    ----------
    data:
        Inputs and constants by name; samples lie along the first axis.
    fixed:
        Constants that are the same for every batch, such as a mask of attention.
    step:
        How parameters change by their gradients; `Adam()` by default.
    report:
        Called after each epoch; by default a line on standard error where that is a terminal.

    Raises
    ------
    InputError
        The value is no number; there are no samples, or not equally many in all arrays; a batch
        holds none; a name is given twice; what `Layer.examine` refuses (a label that names no
        class).
    ShapeError
        Arrays do not fit the layers, which the message names.
    NameError_
        An array or a parameter is missing or unknown.
    TrainingError
        A loss or a gradient is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from eingrad import nn
    >>> net = nn.Network(nn.dense("m", "k"), nn.squared_error("b k"))
    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> data = {"X": X, "T": X @ np.array([[1.0], [2.0], [3.0]])}
    >>> params = nn.initial(net, m=3, k=1)
    >>> losses = nn.fit(net, data, params, step=nn.Adam(0.1), epochs=60, batch=10)
    >>> losses[-1] < 1e-6, (params["W1"].T + 0).round(2)
    (True, array([[1., 2., 3.]]))
    """
    if layer.output.node.ndim:
        raise InputError(f"{layer.name} has no loss at its end: its value is no number")
    if not layer.params:
        raise InputError(f"{layer.name} has no parameters to train")
    import numpy as np

    require_count("epochs", epochs, 0)
    require_count("the number of samples of a batch", batch, 1)
    require_count("seed", seed, 0)
    if step is not None and not callable(step):
        raise InputError(
            f"step is a function of parameters and gradients, not {step!r}",
            hint=f"nn.Adam({step!r})" if isinstance(step, float) else "nn.Adam()",
        )
    data = {n: np.asarray(v) for n, v in data.items()}
    counts = {n: len(v) if v.ndim else 0 for n, v in data.items()}
    if len(set(counts.values())) != 1 or not min(counts.values()):
        found = ", ".join(f"{n} has {count}" for n, count in counts.items())
        raise InputError(
            f"all arrays of data need equally many samples, and at least one: {found}",
            hint="what is the same for every batch goes into fixed",
        )
    same = dict(fixed or {})
    twice = [n for n in same if n in data]
    if twice:
        raise InputError(f"{twice[0]} is given as data and as fixed")
    layer.examine({**data, **same}, params, shapes=True)
    require_floats(params)
    function = gradients(layer.output, list(layer.params.values())).function(
        outputs=("value", "gradients")
    )
    change = Adam() if step is None else step
    tell = _terminal if report is None else report
    losses = []
    for epoch in range(epochs):
        total = 0.0
        for number, part in enumerate(_batches(data, batch, seed + epoch)):
            loss, *slopes = function(**part, **same, **params)
            named = dict(zip(layer.params, slopes, strict=True))
            _require_finite(float(loss), named, epoch, number)
            change(params, named)
            total += float(loss) * len(next(iter(part.values())))
        losses.append(total / min(counts.values()))
        tell(Progress(epoch + 1, epochs, losses[-1]))
    return losses


def _batches(
    data: Mapping[str, np.ndarray], size: int, seed: int
) -> Iterator[dict[str, np.ndarray]]:
    """All samples once, in a new order, in parts of one size (the last may be smaller)."""
    import numpy as np

    count = len(next(iter(data.values())))
    order = np.random.default_rng(seed).permutation(count)
    for start in range(0, count, size):
        chosen = order[start : start + size]
        yield {name: value[chosen] for name, value in data.items()}


def _require_finite(loss: float, slopes: Mapping[str, Any], epoch: int, number: int) -> None:
    import numpy as np

    where = f"in epoch {epoch + 1}, step {number + 1}"
    if not np.isfinite(loss):
        raise TrainingError(f"the loss is {loss} {where}; are there numbers that are not finite?")
    for name, slope in slopes.items():
        if not np.isfinite(slope).all():
            raise TrainingError(f"the gradient by {name} is not finite {where}")


def _terminal(progress: Progress) -> None:
    done = 30 * progress.epoch // progress.epochs
    line = f"[{'█' * done}{'·' * (30 - done)}] epoch {progress.epoch}/{progress.epochs}"
    last = progress.epoch == progress.epochs
    show_progress(f"{line}, loss {progress.loss:.4f}", last=last)
