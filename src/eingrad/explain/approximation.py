"""How well a derivative approximates: the remainder |Δy − ⟨∂y/∂x, Δx⟩| against the step size.

By Taylor's theorem it is O(h²) for a right first derivative, O(h³) with the Hessian, O(h) for a
wrong one: the slope of the remainder in a log-log plot tells them apart. Below some step size the
difference Δy has lost its digits, and the remainder is nothing but rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, UnsupportedError
from ..ir.node import Variable

NEAR = 0.15  # of the expected slope
SHOWN_STEP = 0.01  # at which contributions are listed


@dataclass(frozen=True)
class Contribution:
    """What one entry of a variable adds to Δy: its derivative times its step."""

    name: str
    value: float


@dataclass
class Approximation:
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

    def text(self) -> str:
        """The table, the verdict and the contributions as plain text."""
        lines = [f"Δ{self.label} against {self.formula}", ""]
        lines.append(f"  {'h':>8}  {'remainder':>10}")
        for h, r in list(zip(self.steps, self.remainders, strict=True))[::4]:
            mark = ""
            if self.window and self.window[0] <= h <= self.window[1]:
                mark = "  fitted"
            elif self.rounding_below is not None and h < self.rounding_below:
                mark = "  rounding"
            lines.append(f"  {h:8.0e}  {r:10.2e}{mark}")
        lines += ["", self.verdict]
        lines += [self.rounding] if self.rounding else []
        lines += ["", f"Where Δ{self.changed} at h = {SHOWN_STEP:g} comes from"]
        rows = [*self.contributions]
        total = sum(c.value for c in rows)
        shown = [(c.name, c.value) for c in rows]
        shown += [("sum", total), (f"Δ{self.changed}", self.change)]
        shown.append(("remainder", self.change - total))
        width = max(len(name) for name, _ in shown)
        lines += [f"  {name.ljust(width)}  {value: .8f}" for name, value in shown[:-1]]
        lines.append(f"  {shown[-1][0].ljust(width)}  {shown[-1][1]: .2e}")
        return "\n".join(lines)

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
        try:
            import matplotlib.figure  # noqa: F401
        except ImportError:
            raise UnsupportedError(
                "plots need matplotlib: pip install 'eingrad[plot]' (text() works without it)"
            ) from None
        from .approximationplot import draw

        return draw(self)

    def save(self, path: str | Path) -> Path:
        """Write the plot as `.png` or `.svg`.

        Raises
        ------
        InputError
            The suffix is another one, or the file cannot be written.
        """
        target = Path(path)
        form = target.suffix.lower()
        if form not in (".png", ".svg"):
            raise InputError(
                f"cannot write {target.name!r}: a plot is a .png or a .svg file",
                hint=f"for instance {target.stem or 'approximation'}.svg",
            )
        from .approximationplot import image

        data = image(self, form[1:])
        try:
            target.write_bytes(data)
        except OSError as error:
            raise InputError(f"cannot write {str(target)!r}: {error.strerror}") from None
        return target

    def _repr_svg_(self) -> str:
        from .approximationplot import image

        return image(self, "svg").decode()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Approximation of {self.label}: {self.verdict}>"
