"""Measure the remainder of an approximation by derivatives, and fit its slope."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..entries.labels import subscripted, variable_name
from ..entries.points import Values, picture_sizes, random_points, random_value
from ..errors import NameError_, ShapeError, SizeLimitError, UnsupportedError
from ..ir.held import held
from ..ir.node import Node, Variable, variable
from ..ir.walk import variables
from .approximation import SHOWN_STEP, Approximation, Contribution
from .places import entry_name

STEPS = 10.0 ** (-np.arange(49) / 4)  # from 1 down to 10⁻¹²
LAST = 8  # the smallest steps, at which there is nothing but rounding
ABOVE = 50.0  # times the rounding: remainders that count
WINDOW = 9  # remainders that the slope is fitted to: two powers of ten
FEWEST = 4
JUMP = 30.0  # times what a remainder can be one step before rounding
MAX_ROWS = 24  # contributions that are listed one by one
MAX_DENSE = 1_000_000  # entries of a derivative


def approximate(
    of: Node,
    inputs: Sequence[Variable],
    firsts: Sequence[Node],
    seconds: Sequence[Sequence[Node]] | None,
    *,
    label: str,
    next_is_zero: Callable[[], bool],
    sizes: Mapping[str, int] | None = None,
    point: Mapping[str, Any] | None = None,
) -> Approximation:
    """Measure the remainder of an approximation.

    Parameters
    ----------
    of, inputs:
        The function, and the variables that move, all at once.
    firsts, seconds:
        The derivative by each input; by each two, or None for the first order.
    next_is_zero:
        Whether the derivatives of the next order are 0 as formulas; asked only if the remainder
        looks like rounding.
    sizes:
        Numbers for symbolic sizes; small ones for those that are missing.
    point:
        Where: arrays by name; random ones for those that are missing.

    Raises
    ------
    SizeLimitError
        A derivative would have too many entries; smaller sizes are offered.
    UnsupportedError
        No point was found at which everything is finite.
    """
    derivatives = [*firsts, *(node for row in seconds or () for node in row)]
    known = list({v.name: v for v in (*variables(of), *inputs, *variables(*derivatives))}.values())
    numbers = _sizes(of, derivatives, known, sizes)
    rng = np.random.default_rng(5)
    direction = _direction(inputs, numbers, rng)
    start = _start(Values([of], numbers), Values(derivatives, numbers), known, numbers, point)
    at, y0, found = start
    moving, still = held([of], inputs)
    value = Values(moving, numbers)
    first = [
        np.tensordot(d, direction[v.name], v.ndim)
        for v, d in zip(inputs, found[: len(inputs)], strict=True)
    ]
    curve = np.zeros_like(y0)
    rest = iter(found[len(inputs) :])
    if seconds is not None:
        for v in inputs:
            for w in inputs:
                along = np.tensordot(next(rest), direction[w.name], w.ndim)
                curve = curve + np.tensordot(along, direction[v.name], v.ndim)
    slope = np.zeros_like(y0)
    for part in first:
        slope = slope + part

    def moved(h: float) -> np.ndarray:
        there = {**at, **{n: at[n] + h * v for n, v in direction.items()}}
        there |= {name: at[n] for n, name in still.items()}
        given = value.at(there)
        return np.full_like(y0, np.nan) if given is None else given[0]

    remainders = np.array(
        [
            float(np.linalg.norm((moved(h) - y0 - h * slope - h * h / 2 * curve).ravel()))
            for h in STEPS
        ]
    )
    order = 1 if seconds is None else 2
    scale = float(np.linalg.norm(y0.ravel()))
    noise = max(float(np.nanmax(remainders[-LAST:])), np.finfo(float).eps * max(scale, 1e-300))
    fit = _fit(remainders, noise)
    vanishes = not (remainders > ABOVE * noise).any()
    beyond = None if vanishes else _jump(remainders, noise)
    reason = ""
    if fit is None or vanishes or beyond is not None:
        zero = next_is_zero()
        vanishes = vanishes or zero or beyond is not None
        vanishes = vanishes or zero
        reason = {1: "linear", 2: "quadratic"}[order] if zero else ""
    change = moved(SHOWN_STEP) - y0
    largest = int(np.argmax(np.abs(np.nan_to_num(change))))
    place = tuple(int(k) for k in np.unravel_index(largest, change.shape))
    low = variable_name(label[:1].lower() + label[1:] if of.ndim else label)
    return Approximation(
        label,
        tuple(inputs),
        order,
        numbers,
        STEPS,
        remainders,
        noise,
        None if fit is None or vanishes else fit[0],
        0.0 if fit is None else fit[1],
        None if fit is None or vanishes else fit[2],
        vanishes,
        reason,
        beyond,
        None if fit is None or vanishes else (noise / fit[1]) ** (1 / fit[0]),
        float(change[place]),
        subscripted(low, place).text,
        _contributions(label, inputs, place, found, direction, float(curve[place]), order),
        at,
        direction,
    )


def _sizes(
    of: Node,
    derivatives: Sequence[Node],
    known: Sequence[Variable],
    given: Mapping[str, int] | None,
) -> dict[str, int]:
    numbers = picture_sizes(of, known, given)
    most = max(math.prod(d.evaluate(numbers) for d in node.shape) for node in derivatives)
    if most > MAX_DENSE:
        least = picture_sizes(of, known, None, different=False)
        offer = ",".join(f"{k}={v}" for k, v in sorted(least.items()))
        raise SizeLimitError(
            f"a derivative of {most:,} entries is too large to measure: the limit is "
            f"{MAX_DENSE:,}; " + (f"{offer} will do" if given and offer else "take smaller sizes")
        )
    return numbers


def _direction(
    inputs: Sequence[Variable], sizes: Mapping[str, int], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """A step of length 1 in all variables together, that keeps their patterns."""
    steps = {}
    for v in inputs:
        kept = frozenset(v.facts & {"symmetric", "diagonal", "triangular"})
        if v.facts & {"spd", "psd"}:
            kept |= {"symmetric"}
        steps[v.name] = np.asarray(
            random_value(variable(v.name, v.shape, kept), sizes, rng, "signed")
        )
    length = math.sqrt(sum(float((s * s).sum()) for s in steps.values()))
    return {name: s / length for name, s in steps.items()}


def _start(
    value: Values,
    derivatives: Values,
    known: Sequence[Variable],
    sizes: Mapping[str, int],
    given: Mapping[str, Any] | None,
) -> tuple[dict[str, np.ndarray], np.ndarray, list[np.ndarray]]:
    """A point at which the function and its derivatives are finite, and their values there."""
    fixed: dict[str, np.ndarray] = {}
    for name, array in (given or {}).items():
        v = next((v for v in known if v.name == name), None)
        if v is None:
            raise NameError_(
                f"there is no variable called {name}",
                hint=f"there are: {', '.join(sorted(w.name for w in known))}",
            )
        fixed[name] = np.asarray(array, dtype=float)
        shape = tuple(d.evaluate(sizes) for d in v.shape)
        if fixed[name].shape != shape:
            raise ShapeError(f"{name} has shape {shape} here, not {fixed[name].shape}")
    for point in random_points(known, sizes):
        point |= fixed
        y0, found = value.at(point), derivatives.at(point)
        if y0 is not None and found is not None:
            return point, y0[0], found
    raise UnsupportedError("no point was found at which the function and its derivative are finite")


def _fit(remainders: np.ndarray, noise: float) -> tuple[float, float, tuple[float, float]] | None:
    """Slope, constant and range of steps: a line through the smallest remainders that count."""
    good = np.flatnonzero(np.isfinite(remainders) & (remainders > ABOVE * noise))
    # Only an unbroken run: beyond a gap, remainders stand out by accident.
    run = [k for k in good if set(range(int(good[0]), int(k) + 1)) <= set(good.tolist())]
    if len(run) < FEWEST:
        return None
    chosen = np.array(run[-WINDOW:])
    slope, height = np.polyfit(np.log(STEPS[chosen]), np.log(remainders[chosen]), 1)
    span = (float(STEPS[chosen].min()), float(STEPS[chosen].max()))
    return float(slope), float(np.exp(height)), span


def _jump(remainders: np.ndarray, noise: float) -> float | None:
    """The smallest step with a remainder, where it falls to rounding at once: beyond a kink."""
    good = np.flatnonzero(remainders > ABOVE * noise)
    if not len(good) or good[-1] + 1 >= len(remainders):
        return None
    # From one step to the next a smooth remainder falls by 10^(3/4) at most.
    sudden = remainders[good[-1]] > JUMP * ABOVE * noise
    return float(STEPS[good[-1]]) if sudden else None


def _contributions(
    label: str,
    inputs: Sequence[Variable],
    place: tuple[int, ...],
    found: Sequence[np.ndarray],
    direction: Mapping[str, np.ndarray],
    curve: float,
    order: int,
) -> list[Contribution]:
    """∂y/∂x_k Δx_k for each entry of each variable; for each variable where that are too many."""
    h = SHOWN_STEP
    many = sum(direction[v.name].size for v in inputs) > MAX_ROWS
    rows = []
    for v, derivative in zip(inputs, found, strict=False):
        parts = np.asarray(derivative[place] * direction[v.name] * h)
        if many:
            name = f"⟨{entry_name(label, [v], len(place), place).split('/')[0]}/∂{v.name}, "
            rows.append(Contribution(f"{name}Δ{v.name}⟩", float(parts.sum())))
            continue
        low = variable_name(v.name[:1].lower() + v.name[1:] if v.ndim else v.name)
        for k in np.ndindex(*parts.shape):
            name = entry_name(label, [v], len(place), (*place, *k))
            rows.append(Contribution(f"{name} Δ{subscripted(low, k).text}", float(parts[k])))
    if order == 2:
        rows.append(Contribution("second order", h * h / 2 * curve))
    return rows
