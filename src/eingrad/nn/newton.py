"""Training by second derivatives: Newton's method and Gauss-Newton, damped as far as needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..calculus import Derivative, gradients, hessian
from ..errors import InputError, NameError_
from ..frontends.python import Tensor, scalar
from ..progress import show_progress
from .curvature import cut, gauss_newton_block
from .layer import Layer
from .system import System
from .training import Arrays, TrainingError, require_floats

if TYPE_CHECKING:
    import numpy as np

LARGEST_DAMPING = 1e12  # times the mean of the diagonal: the step is then nothing
SHOWN = 16  # lines of a table of steps
ROUNDING = 512  # units in the last place of the loss: decreases below are not seen in it
PATIENCE = 5  # steps in which neither the loss nor the gradient shrinks


@dataclass(frozen=True)
class Step:
    """Where second-order training is.

    Attributes
    ----------
    number, steps:
        How many steps were taken, and how many may be.
    loss:
        With the penalty.
    slope:
        The largest entry of the gradient.
    damping:
        What is added to the diagonal of the curvature, relative to its mean.
    """

    number: int
    steps: int
    loss: float
    slope: float
    damping: float


@dataclass(frozen=True)
class Convergence:
    """How training went.

    Attributes
    ----------
    converged:
        Whether the gradient is below the tolerance.
    reason:
        Why it ended.
    steps:
        The start, then each step that was taken.
    """

    converged: bool
    reason: str
    steps: tuple[Step, ...]

    @property
    def losses(self) -> list[float]:
        """The loss at the start and after each step."""
        return [s.loss for s in self.steps]

    def __str__(self) -> str:
        lines = ["step             loss    gradient     damping"]
        rows = [
            f"{s.number:4d} {s.loss:16.10g} {s.slope:11.3e} {s.damping:11.1e}" for s in self.steps
        ]
        lines += rows if len(rows) <= SHOWN else [*rows[: SHOWN - 4], "   …", *rows[-3:]]
        return "\n".join([*lines, self.reason])


def newton(
    layer: Layer,
    data: Mapping[str, np.ndarray],
    params: Arrays,
    *,
    penalty: float | Mapping[str, float] = 0.0,
    damping: float = 1e-8,
    steps: int = 100,
    tolerance: float = 1e-10,
    report: Callable[[Step], None] | None = None,
) -> Convergence:
    """Minimise a loss by Newton's method with its exact Hessian, from the structure of its blocks.

    K. Levenberg's damping: where a step does not decrease the loss, or the Hessian is not positive
    definite, more of the identity is added to it.

    Parameters
    ----------
    layer:
        Whose value is a loss.
    data:
        Inputs and constants by name, all samples at once.
    params:
        Where to start; changed in place.
    penalty:
        λ of λ/2 ‖W‖² that is added to the loss: one number, or one for each parameter that has
        one.
    damping:
        What is added to the diagonal in any case, relative to its mean: directions in which the
        loss is constant (the same number added to all logits) are not moved in.
    steps:
        At most so many.
    tolerance:
        The largest entry of the gradient at which training ends.
    report:
        Called after each step; by default a line on standard error where that is a terminal.

    Raises
    ------
    InputError
        The value is no number, or an option makes no sense; what `Layer.examine` refuses.
    NameError_
        An array or a parameter is missing or unknown.
    TrainingError
        The loss or a gradient at the start is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from eingrad import nn
    >>> net = nn.Network(nn.dense("m", "k"), nn.softmax_cross_entropy(classes="k"))
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> data = {"X": X, "T": np.eye(2)[(X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)]}
    >>> params = {"W1": np.zeros((3, 2)), "b1": np.zeros(2)}
    >>> found = nn.newton(net, data, params, penalty={"W1": 0.01})
    >>> found.converged, len(found.steps) < 10
    (True, True)
    """
    objective, _, values = _penalised(layer, penalty)

    def block(p: str, q: str) -> Derivative:
        return hessian(objective, layer.params[p], layer.params[q])  # type: ignore[no-any-return]

    found = _Search(layer, objective, block, {**data, **values}, params, steps, tolerance)
    layer.examine(data, params, shapes=True)
    return found.run(damping, damping, report)


def gauss_newton(
    network: Layer,
    data: Mapping[str, np.ndarray],
    params: Arrays,
    *,
    penalty: float | Mapping[str, float] = 0.0,
    damping: float = 1e-3,
    steps: int = 200,
    tolerance: float = 1e-7,
    report: Callable[[Step], None] | None = None,
) -> Convergence:
    """Minimise the loss of a network by steps of (JᵀHJ + λI)⁻¹ times the gradient.

    The damping λ follows K. Levenberg (1944) and D. Marquardt (1963), its changes H. Nielsen
    (1999, IMM-REP-1999-05). For squared errors this is nonlinear least squares; for
    other convex losses H is that of the loss by the outputs of the network.

    Parameters
    ----------
    network:
        Its last layer is the loss.
    damping:
        At the start, relative to the mean of the diagonal.
    data, params, penalty, steps, tolerance, report:
        As for `newton`.

    Raises
    ------
    InputError, NameError_, TrainingError
        As `newton`; it is no network.

    Examples
    --------
    >>> import numpy as np
    >>> from eingrad import nn
    >>> net = nn.Network(
    ...     nn.dense("m", "h"), nn.activation("tanh", "b h"), nn.dense("h", "k"),
    ...     nn.squared_error("b k"))
    >>> X = np.linspace(-2, 2, 30)[:, None]
    >>> params = nn.initial(net, 1, m=1, h=3, k=1)
    >>> found = nn.gauss_newton(net, {"X": X, "T": np.tanh(2 * X) - X / 3}, params, steps=400)
    >>> found.losses[-1] < 1e-4
    True
    """
    cut(network)  # or it is said what is missing
    objective, extra, values = _penalised(network, penalty)

    def block(p: str, q: str) -> Derivative:
        return gauss_newton_block(network, p, q, extra)

    found = _Search(network, objective, block, {**data, **values}, params, steps, tolerance)
    network.examine(data, params, shapes=True)
    return found.run(damping, 1e-14, report)


def _penalised(
    layer: Layer, penalty: float | Mapping[str, float]
) -> tuple[Tensor, Tensor | None, Arrays]:
    """The loss with its penalty, the penalty alone, and the values of its variables."""
    import numpy as np

    if layer.output.node.ndim:
        raise InputError(f"{layer.name} has no loss at its end: its value is no number")
    if not isinstance(penalty, Mapping):
        penalty = dict.fromkeys(layer.params, penalty) if penalty else {}
    extra: Tensor | None = None
    values: Arrays = {}
    for name, amount in penalty.items():
        if name not in layer.params:
            raise NameError_(
                f"there is no parameter {name!r} to penalise",
                hint=f"{layer.name} has: {', '.join(layer.params)}",
            )
        if not 0 <= amount < np.inf:
            raise InputError(f"a penalty is a number not below 0, not {amount}")
        symbol = f"penalty_{name}"
        values[symbol] = np.asarray(float(amount))
        part = scalar(symbol) / 2 * np.sum(layer.params[name] ** 2)
        extra = part if extra is None else extra + part
    return (layer.output if extra is None else layer.output + extra), extra, values


class _Search:
    """One minimisation: the functions that it calls, and where it is."""

    def __init__(
        self,
        layer: Layer,
        objective: Tensor,
        block: Callable[[str, str], Derivative],
        data: Mapping[str, Any],
        params: Arrays,
        steps: int,
        tolerance: float,
    ) -> None:
        import numpy as np

        if steps < 1:
            raise InputError(f"at least one step is needed, not {steps}")
        if not 0 < tolerance < float("inf"):
            raise InputError(f"a tolerance is a positive number, not {tolerance}")
        missing = [n for n in layer.params if n not in params]
        unknown = [n for n in params if n not in layer.params]
        if not layer.params:
            raise InputError(f"{layer.name} has no parameters to train")
        if missing or unknown:
            what = f"{missing[0]} is missing" if missing else f"no parameter {unknown[0]!r}"
            raise NameError_(f"{layer.name}: {what}", hint=f"it has: {', '.join(layer.params)}")
        require_floats(params)
        self.names = list(layer.params)
        self.data = data
        self.params = params
        self.steps, self.tolerance = steps, tolerance
        self._function = gradients(objective, list(layer.params.values())).function(
            outputs=("value", "gradients")
        )
        self._system = System(self.names, block)
        kinds = [array.dtype for array in params.values()]
        self._rounding = ROUNDING * max((float(np.finfo(k).eps) for k in kinds), default=0.0)

    def value(self, params: Mapping[str, Any]) -> tuple[float, Arrays]:
        """The loss and the gradients."""
        loss, *slopes = self._function(**self.data, **params)
        return float(loss), dict(zip(self.names, slopes, strict=True))

    def run(
        self, damping: float, least: float, report: Callable[[Step], None] | None
    ) -> Convergence:
        """Step until the gradient vanishes; `damping` at the start, never below `least`."""
        import numpy as np

        if not 0 <= damping < LARGEST_DAMPING:
            raise InputError(f"a damping is a number not below 0, not {damping}")
        tell = _terminal if report is None else report
        loss, slopes = self.value(self.params)
        self._require_finite(loss, slopes)
        size = max(float(np.abs(s).max(initial=0.0)) for s in slopes.values())
        taken = [Step(0, self.steps, loss, size, damping)]
        growth = 2.0
        smallest, idle = size, 0
        reason = f"stopped after {self.steps} steps"
        while size > self.tolerance and len(taken) <= self.steps:
            bound = self._system.bound({**self.data, **self.params})
            moved: tuple[float, Arrays, Arrays] | None = None
            while moved is None and damping < LARGEST_DAMPING:
                step = bound.solve(slopes, damping)
                moved, gain = self._tried(step, slopes, bound.scale * damping, loss)
                if moved is None:
                    damping, growth = max(damping, 1e-12) * growth, growth * 2
            if moved is None:
                reason = "no step decreases the loss any more"
                break
            loss, slopes, new = moved
            for name, array in new.items():
                self.params[name][...] = array
            damping = max(least, damping * max(1 / 3, 1 - (2 * gain - 1) ** 3))
            growth = 2.0
            size = max(float(np.abs(s).max(initial=0.0)) for s in slopes.values())
            taken.append(Step(len(taken), self.steps, loss, size, damping))
            tell(taken[-1])
            unseen = loss >= taken[-2].loss - self._rounding * abs(loss)
            idle = idle + 1 if unseen and size >= smallest else 0
            smallest = min(smallest, size)
            if idle == PATIENCE and size > self.tolerance:
                reason = "the gradient is as small as rounding lets it be"
                break
        done = size <= self.tolerance
        if done:
            reason = f"the gradient is below {self.tolerance:g}"
        if report is None:
            _terminal(taken[-1], last=True)
        return Convergence(done, reason, tuple(taken))

    def _tried(
        self, step: Arrays | None, slopes: Arrays, shift: float, loss: float
    ) -> tuple[tuple[float, Arrays, Arrays] | None, float]:
        """The place after a step, if the loss decreases enough there, with the ratio of the
        decrease to what the quadratic model promises."""
        import numpy as np

        if step is None:
            return None, 0.0
        along = sum(float(np.vdot(slopes[n], step[n])) for n in self.names)
        length = sum(float(np.vdot(step[n], step[n])) for n in self.names)
        promised = (along + shift * length) / 2
        if not (np.isfinite(along) and along > 0):
            return None, 0.0
        moved = {n: self.params[n] - step[n] for n in self.names}
        with np.errstate(all="ignore"):
            there, further = self.value(moved)
        finite = np.isfinite(there) and all(np.isfinite(s).all() for s in further.values())
        slack = self._rounding * abs(loss)
        if not finite or there > loss - 1e-4 * promised + slack:
            return None, 0.0
        gain = 1.0 if promised < slack else (loss - there) / promised
        return (there, further, moved), float(np.clip(gain, 0.0, 1.0))

    def _require_finite(self, loss: float, slopes: Arrays) -> None:
        import numpy as np

        if not np.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} at the start; are there numbers that are not finite?"
            )
        for name, slope in slopes.items():
            if not np.isfinite(slope).all():
                raise TrainingError(f"the gradient by {name} is not finite at the start")


def _terminal(step: Step, *, last: bool = False) -> None:
    text = f"step {step.number}, loss {step.loss:.6g}, gradient {step.slope:.1e}"
    show_progress(text, last=last)
