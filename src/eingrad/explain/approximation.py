"""How well a derivative approximates: the remainder |Δy − ⟨∂y/∂x, Δx⟩| against the step size.

By Taylor's theorem it is O(h²) for a right first derivative, O(h³) with the Hessian, O(h) for a
wrong one: the slope of the remainder in a log-log plot tells them apart. Below some step size the
difference Δy has lost its digits, and the remainder is nothing but rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import library_needed
from ..ir.node import Variable
from .forms import Document, Documented

NEAR = 0.15  # of the expected slope
SHOWN_STEP = 0.01  # at which contributions are listed


@dataclass(frozen=True)
class Contribution:
    """What one entry of a variable adds to Δy: its derivative times its step."""

    name: str
    value: float


@dataclass
class Approximation(Documented):
    """The remainder of an approximation by derivatives along one direction.

    Attributes
    ----------
    steps, remainders:
        Step sizes h from large to small, and ‖Δy − ⟨∂y/∂x, Δx⟩ − …‖ with Δx = h·V, ‖V‖ = 1; NaN
        where the function is not finite.
    slope:
        Of the remainder in log-log; None where it vanishes or is hidden by rounding.
    expected:
        2 for a first derivative, 3 with the second.
    vanishes:
        Whether the remainder is nothing but rounding at every step.
    reason:
        For that: `linear` or `quadratic` where the next derivative is 0 as a formula.
    kink:
        Where only steps of at least that size leave a remainder: they cross a kink.
    rounding_below:
        The step size below which rounding is larger than the remainder; None where it vanishes.
    change, contributions:
        Δy at h = 0.01 (of the entry that changes most), and what each variable adds to it.
    """

    label: str
    inputs: tuple[Variable, ...]
    order: int
    sizes: dict[str, int]
    steps: np.ndarray
    remainders: np.ndarray
    noise: float
    slope: float | None
    constant: float
    window: tuple[float, float] | None
    vanishes: bool
    reason: str
    kink: float | None
    rounding_below: float | None
    change: float
    changed: str
    contributions: list[Contribution]
    point: dict[str, np.ndarray] = field(repr=False)
    direction: dict[str, np.ndarray] = field(repr=False)

    @property
    def expected(self) -> int:
        """The slope of a right approximation."""
        return self.order + 1

    @property
    def ok(self) -> bool:
        """Whether the remainder vanishes, or falls at least as fast as it must."""
        return self.vanishes or (self.slope is not None and self.slope > self.expected - NEAR)

    @property
    def verdict(self) -> str:
        """One sentence: the slope and what it means, or why there is none."""
        if self.vanishes:
            why = {
                "linear": "a linear function: its first derivative is all there is",
                "quadratic": "at most a quadratic function: nothing is left beyond its Hessian",
            }.get(self.reason, "the next derivative is 0 here along this direction")
            if self.kink is not None:
                why = why.replace("a linear", "between kinks a linear")
                return (
                    f"the remainder vanishes for steps below {self.kink:.0e}: {why}; larger steps "
                    "cross a kink"
                )
            return f"the remainder vanishes: {why}; what is measured is rounding"
        if self.slope is None:
            return (
                "no slope: too few remainders stand out of the rounding "
                f"({self.noise:.1e}) to fit a line"
            )
        head = f"slope {self.slope:.2f}, expected {self.expected}: "
        if self.slope < self.expected - NEAR:
            return head + "the remainder falls too slowly: a wrong derivative, or a kink"
        if self.slope > self.expected + NEAR:
            return head + "the next derivative vanishes here, the approximation is better than due"
        return head + ("a right first derivative" if self.order == 1 else "a right second order")

    @property
    def rounding(self) -> str:
        """From where on rounding hides the remainder."""
        if self.rounding_below is None:
            return ""
        return f"below h ≈ {self.rounding_below:.0e} rounding is larger than the remainder"

    def document(self) -> Document:
        """The table, the plot, the verdict and the contributions."""
        from .approximationdocument import document

        return document(self)

    def json(self) -> dict[str, Any]:
        """All of it as plain data; remainders that are not finite are null."""
        finite = [float(r) if np.isfinite(r) else None for r in self.remainders]
        return {
            "value": self.label,
            "inputs": [v.name for v in self.inputs],
            "order": self.order,
            "sizes": dict(self.sizes),
            "steps": [float(h) for h in self.steps],
            "remainders": finite,
            "slope": self.slope,
            "expected": self.expected,
            "vanishes": self.vanishes,
            "rounding_below": self.rounding_below,
            "verdict": self.verdict,
            "ok": self.ok,
            "change": {"of": self.changed, "step": SHOWN_STEP, "value": self.change},
            "contributions": {c.name: c.value for c in self.contributions},
        }

    @property
    def formula(self) -> str:
        """What Δy is compared with."""
        y = self.label
        parts = [f"⟨∂{y}/∂{v.name}, Δ{v.name}⟩" for v in self.inputs]
        if self.order == 2:
            names = ", ".join(f"Δ{v.name}" for v in self.inputs)
            parts.append(f"½⟨∂²{y}; {names}, {names}⟩")
        return " + ".join(parts)

    @cached_property
    def figure(self) -> Any:
        """The matplotlib figure.

        Raises
        ------
        UnsupportedError
            matplotlib is not installed.
        """
        with library_needed("a plot", "text() works without it"):
            import matplotlib.figure  # noqa: F401
        from .approximationplot import draw

        return draw(self)

    def pictures(self) -> dict[str, Callable[[], bytes]]:
        """The plot, by suffix."""

        def drawn(form: str) -> bytes:
            from .approximationplot import image

            return image(self, form)

        return {f".{form}": lambda form=form: drawn(form) for form in ("svg", "png")}  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"<Approximation of {self.label}: {self.verdict}>"
