"""The remainder against the step size on paper: log-log, readable in black and white."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .approximation import Approximation

INK, GREY, SHADE = "#111111", "#555555", "#e4e4e4"


def draw(a: Approximation) -> Any:
    """The figure: remainders as points, the fitted line, where rounding takes over."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 5.0), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_yscale("log")
    positive = np.isfinite(a.remainders) & (a.remainders > 0)
    h, r = a.steps[positive], a.remainders[positive]
    limit = a.rounding_below or a.kink or (a.steps.max() * 10 if a.vanishes else 0.0)
    good = h >= limit
    if good.any():
        axes.plot(h[good], r[good], "o", color=INK, ms=5, label="remainder")
    if not good.all():
        axes.plot(h[~good], r[~good], "x", color=GREY, ms=5, label="rounding")
    if a.slope is not None and a.rounding_below is not None:
        span = np.array([a.rounding_below, a.steps.max()])
        line = a.constant * span**a.slope
        axes.plot(span, line, "-", color=INK, lw=1.2, label=f"fitted: slope {a.slope:.2f}")
        through = a.constant * (a.window or (1, 1))[0] ** a.slope
        guide = through * (span / (a.window or (1, 1))[0]) ** a.expected
        axes.plot(
            span, guide * 4, "--", color=GREY, lw=1, label=f"slope {a.expected} for comparison"
        )
        axes.axvspan(a.steps.min(), a.rounding_below, color=SHADE, zorder=0)
        axes.text(
            a.steps.min() * 1.6,
            0.97,
            "here rounding takes over",
            transform=axes.get_xaxis_transform(),
            va="top",
            color=GREY,
        )
    if len(r):
        axes.set_ylim(min(r.min(), a.noise) / 5, max(r.max(), 10 * a.noise) * 20)
    axes.set_xlim(a.steps.min(), a.steps.max() * 1.6)
    axes.set_xlabel("step size h, with Δx = h·V and ‖V‖ = 1")
    axes.set_ylabel(f"‖Δ{a.label} − approximation‖")
    axes.set_title(f"Δ{a.label} against {a.formula}\n{_wrapped(a.verdict)}", fontsize=10)
    axes.grid(True, which="major", color=SHADE, lw=0.8)
    axes.legend(loc="lower right", frameon=True, framealpha=1)
    return figure


def image(a: Approximation, form: str) -> bytes:
    """The plot as the bytes of a PNG or SVG file; the same plot gives the same bytes."""
    figure = a.figure
    import matplotlib

    buffer = io.BytesIO()
    extra: dict[str, Any] = {"metadata": {"Date": None}} if form == "svg" else {"dpi": 150}
    with matplotlib.rc_context({"svg.hashsalt": "eingrad"}):
        figure.savefig(buffer, format=form, facecolor="white", **extra)
    return buffer.getvalue()


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 88))
