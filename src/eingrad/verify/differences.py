"""Derivatives by differences, and the comparison of a derivative node with them.

A complex step is exact to rounding where everything is analytic; elsewhere central differences with
one Richardson step and the best of several step lengths. A derivative of order k is compared with
differences of the one of order k − 1, since second differences of the value lose half the digits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..dims import Dim, shape_text
from ..errors import SizeLimitError
from ..ir import build
from ..ir.facts import closure
from ..ir.held import held
from ..ir.node import Apply, Node, Variable, variable
from ..ir.record import lookup
from ..ir.walk import topological, with_bodies
from .reference import evaluate
from .sample import sample_points, sample_sizes
from .steps import central, complex_step

LEAST = 1e-9  # of the function's own scale: a smaller derivative is rounding
SPARE_POINTS = 6  # tried where the first ones could not be judged
NUDGE = 1e-12  # relative change of a point that a derivative must survive to be judged
TOLERANCE = {"complex-step": 1e-8, "central": 1e-5}
MAX_ENTRYWISE = 40  # inputs with more entries are probed in random directions
MAX_WORK = 1500  # entries × nodes beyond which random directions serve too
DIRECTIONS = 3
MAX_DENSE = 200_000  # derivatives with more entries are contracted with directions unbuilt
MAX_ARRAY = 2_000_000  # entries of one array that a check may build
MAX_ARRAYS = 20_000_000  # and of all of them together
MODERATE = (1e-150, 1e150)  # beyond, squares and differences under- or overflow

Point = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Report:
    """How a derivative compared with differences.

    Attributes
    ----------
    ok:
        Whether it was compared and agreed.
    error:
        Largest relative error, against the largest entry of the derivative at that point.
    method:
        `"complex-step"` or `"central"`.
    sizes, points:
        The sizes of the symbols, and at how many random points.
    text:
        A sentence for people.
    """

    ok: bool
    error: float
    method: str
    sizes: Mapping[str, int] = field(default_factory=dict)
    points: int = 0
    text: str = ""

    @property
    def compared(self) -> bool:
        """Whether there was a point to compare at; without one nothing is known."""
        return self.points > 0

    def __str__(self) -> str:
        return self.text


def check_derivative(
    y: Node,
    wrt: Sequence[Variable],
    derivative: Node,
    *,
    previous: Sequence[Node] = (),
    points: int = 2,
    sizes: Mapping[str, int] | None = None,
    facts: Mapping[str, frozenset[str]] | None = None,
    seed: int = 0,
) -> Report:
    """Compare a derivative with differences at random points.

    Parameters
    ----------
    y:
        What was differentiated.
    wrt:
        The variables, in order; the derivative has the axes of `y`, then those of each variable.
    derivative:
        The node to check.
    previous:
        For `len(wrt) > 1`: the derivatives by `wrt[:1]`, `wrt[:2]`, …, each of which is compared
        with differences of the one before.
    sizes, facts:
        In place of sizes chosen here and of the variables' own facts. A variable with a matrix fact
        is only moved in directions that keep it, unless it is dormant.

    Raises
    ------
    ValueError
        `previous` does not fit `wrt`.

    Examples
    --------
    >>> A = variable("A", build.dims("m", "n"))
    >>> y = build.contract("ij,ij->", A, A)
    >>> check_derivative(y, [A], 2 * A).ok, check_derivative(y, [A], 3 * A).ok
    (True, False)
    """
    chain = [y, *previous, derivative]
    if len(chain) != len(wrt) + 1:
        raise ValueError(f"{len(wrt)} variables need {len(wrt) - 1} previous derivatives")
    for k, node in enumerate(chain):
        expected = sum((v.shape for v in wrt[:k]), y.shape)
        if node.shape != expected:
            text = f"the derivative has shape {shape_text(node.shape)}, not {shape_text(expected)}"
            return Report(False, np.inf, "", {}, 0, text)
    method = "complex-step" if analytic(*chain[:-1]) else "central"
    choices = (
        [sample_sizes(*chain, *wrt, variant=v) for v in (0, -1)] if sizes is None else [{**sizes}]
    )
    for chosen in choices:  # a wide XᵀX has no inverse: then a tall one is tried
        if _too_large(chain, wrt, chosen):
            return _unchecked_for_size(method, chosen)
        try:
            worst, used, method = _at_sizes(chain, wrt, points, chosen, facts, seed, method)
        except SizeLimitError:  # a step inside a product
            return _unchecked_for_size(method, chosen)
        if used:
            break
    empty = all(_empty(node, chosen) for node in chain[1:])
    return _report(worst, method, chosen, used, empty)


def _too_large(chain: Sequence[Node], wrt: Sequence[Variable], sizes: Mapping[str, int]) -> bool:
    """Whether the arrays of a check would not fit: told from the sizes, before any is built."""
    needed: list[Node] = [*wrt]
    for k, node in enumerate(chain):
        if k and _entries(node, sizes) > MAX_DENSE:  # contracted with a direction for each variable
            lead = node.ndim - sum(v.ndim for v in wrt[:k])
            for v in wrt[:k]:
                node, _ = _applied(node, lead, v)
        needed.append(node)
    entries = [_entries(node, sizes) for node in topological(*needed)]
    return max(entries) > MAX_ARRAY or sum(entries) > MAX_ARRAYS


def _entries(node: Node, sizes: Mapping[str, int]) -> float:
    return math.prod(float(d.evaluate(sizes)) for d in node.shape)


def _unchecked_for_size(method: str, sizes: Mapping[str, int]) -> Report:
    text = "not checked: the sizes are too large to check densely"
    return Report(False, np.inf, method, sizes, 0, text)


def _empty(node: Node, sizes: Mapping[str, int]) -> bool:
    """Whether an axis has size 0, by itself or for these sizes."""
    known = {name: Dim.of(value) for name, value in sizes.items()}
    return any(d.substitute(known) == 0 for d in node.shape)


def _at_sizes(
    chain: Sequence[Node],
    wrt: Sequence[Variable],
    points: int,
    chosen: dict[str, int],
    facts: Mapping[str, frozenset[str]] | None,
    seed: int,
    method: str,
) -> tuple[float, int, str]:
    """The largest error over points of given sizes, how many points could be judged, the method."""
    rng = np.random.default_rng(seed + 1)
    worst, used, y = 0.0, 0, chain[0]
    tried = sample_points([*chain, *wrt], points, chosen, facts, seed)
    for place in range(points + SPARE_POINTS):
        if place == len(tried) and not used:  # nothing could be judged yet: look further
            tried += sample_points([*chain, *wrt], SPARE_POINTS, chosen, facts, seed + 1)
        if place >= len(tried) or (place >= points and used):
            break
        point = tried[place]
        natural = np.abs(evaluate(y, point, chosen)).max(initial=0.0) * LEAST
        errors = []
        for k, moved in enumerate(wrt):
            known = (facts or {}).get(moved.name, moved.facts)
            if moved.dormant and not _reads_half(chain[0]):
                known = frozenset()  # its facts have not been used: all entries are free
            natural /= 1.0 + np.abs(point[moved.name]).max(initial=0.0)
            error = _compare(
                chain[k], chain[k + 1], wrt[:k], moved, known, point, chosen, rng, natural
            )
            errors.append(error)
            if error[1] == "central":
                method = "central"
        if all(np.isfinite(e) for e, _ in errors):
            used += 1
            worst = max(worst, *(e for e, _ in errors))
    return worst, used, method


def _report(worst: float, method: str, sizes: dict[str, int], used: int, empty: bool) -> Report:
    if not used:
        text = "not checked: no random point was found where the expression is finite"
        return Report(False, np.inf, method, sizes, 0, text)
    ok = bool(worst <= TOLERANCE[method])
    shown = ", ".join(f"{name}={value}" for name, value in sorted(sizes.items()))
    places = f"{used} random point{'s' if used > 1 else ''}" + (f" ({shown})" if shown else "")
    if empty:
        text = f"computed on {places}: the derivative has no entries, so none can differ"
    elif ok:
        digits = f"{worst:.0e}" if worst else "0"
        text = f"checked against {method} differences on {places}: largest relative error {digits}"
    else:
        text = f"does NOT agree with {method} differences on {places}: relative error {worst:.2g}"
    return Report(ok, worst, method, sizes, used, text)


def analytic(*nodes: Node) -> bool:
    """Whether all functions below the nodes are analytic, so that a complex step is exact."""
    return all(lookup(n.function).analytic for n in with_bodies(*nodes) if isinstance(n, Apply))


# --- comparison at one point ----------------------------------------------------------------------


def _compare(
    base: Node,
    derivative: Node,
    before: Sequence[Variable],
    moved: Variable,
    facts: frozenset[str],
    point: Point,
    sizes: Mapping[str, int],
    rng: np.random.Generator,
    natural: float,
) -> tuple[float, str]:
    """The largest relative error at a point, and the method; NaN where it cannot be judged."""
    base, derivative, point = _reduced(base, derivative, before, point, sizes, rng)
    x = np.asarray(point[moved.name], dtype=float)
    (base,), still = held([base], [moved])  # what stop_gradient holds stays where it is

    def f(value: np.ndarray) -> np.ndarray:
        fixed = {name: point[moved.name] for name in still.values()}
        return evaluate(base, {**point, **fixed, moved.name: value}, sizes)

    work = x.size * len(topological(base))
    every = x.size <= MAX_ENTRYWISE and work <= MAX_WORK
    directions = list(_directions(x.shape, facts, every, rng))
    value = f(x)
    exact = _along(derivative, moved, directions, point, sizes, value.shape)
    method = "complex-step" if analytic(base) else "central"
    numeric, doubt = [], []
    for direction in directions:
        if method == "complex-step":
            try:
                numeric.append(complex_step(f, x, direction))
                doubt.append(np.zeros_like(value))
                if np.isfinite(numeric[-1]).all():
                    continue
                numeric.pop(), doubt.pop()
            except (TypeError, ValueError):  # a library function that takes real numbers only
                pass
            method, numeric, doubt = "central", [], []
            break
    if method == "central":
        for direction in directions:
            slope, uncertain = central(f, x, direction)
            numeric.append(slope)
            doubt.append(uncertain)
    difference = np.abs(np.array(exact) - np.array(numeric))
    floor = 1e-3 * np.abs(value).max(initial=0.0) / (1.0 + np.abs(x).max(initial=0.0))
    scale = max(
        np.abs(np.array(exact)).max(initial=0.0), np.abs(np.array(numeric)).max(initial=0.0), floor
    )
    if scale and not MODERATE[0] < scale < MODERATE[1]:
        return np.nan, method
    unsure = np.array(doubt).max(initial=0.0)
    if not np.isfinite(scale) or unsure > 1e-3 * max(scale, 1e-300):
        return np.nan, method
    error = float(difference.max(initial=0.0) / scale) if scale else 0.0
    if error > TOLERANCE[method]:
        if scale < natural:  # of a saturated function only rounding is left
            return np.nan, method
        # Where either side is rounding to the extent of what they differ by, nothing is said.
        near = {n: v * (1 + NUDGE * rng.uniform(-1, 1, np.shape(v))) for n, v in point.items()}
        again = _along(derivative, moved, directions, near, sizes, value.shape)
        noise = np.abs(np.array(exact) - np.array(again)).max(initial=0.0)
        if method == "complex-step":
            at = np.asarray(near[moved.name], dtype=float)

            def g(value: np.ndarray) -> np.ndarray:
                fixed = {name: near[moved.name] for name in still.values()}
                return evaluate(base, {**near, **fixed, moved.name: value}, sizes)

            steps = np.array([complex_step(g, at, d) for d in directions])
            noise = max(noise, np.abs(steps - np.array(numeric)).max(initial=0.0))
        if not noise < 0.1 * difference.max(initial=0.0):
            return np.nan, method
    return error, method


def _reads_half(y: Node) -> bool:
    """Whether a function below reads only one triangle of its operand, as Cholesky does: then a
    symmetric matrix may only be moved symmetrically."""
    return any(
        {"spd", "symmetric"} & set(lookup(n.function).domain)
        for n in with_bodies(y)
        if isinstance(n, Apply)
    )


def _directions(
    shape: tuple[int, ...], facts: frozenset[str], every: bool, rng: np.random.Generator
) -> Sequence[np.ndarray]:
    """All unit entries, or a few random directions, within what the facts allow."""
    if every:
        entries = int(np.prod(shape))
        units = np.eye(entries).reshape(entries, *shape)
        kept = {_allowed(u, facts).tobytes(): _allowed(u, facts) for u in units}
        return [d for d in kept.values() if d.any()]
    return [_allowed(rng.normal(size=shape), facts) for _ in range(DIRECTIONS)]


def _allowed(direction: np.ndarray, facts: frozenset[str]) -> np.ndarray:
    known = closure(facts)
    if direction.ndim < 2:
        return direction
    if "diagonal" in known:
        return direction * np.eye(direction.shape[-1])
    if "symmetric" in known:
        return direction + np.swapaxes(direction, -1, -2)
    return np.tril(direction) if "triangular" in known else direction


def _along(
    derivative: Node,
    moved: Variable,
    directions: Sequence[np.ndarray],
    point: Point,
    sizes: Mapping[str, int],
    shape: tuple[int, ...],
) -> list[np.ndarray]:
    """The derivative applied to each direction of its last axes."""
    entries = np.prod([d.evaluate(sizes) for d in derivative.shape], dtype=float)
    if entries <= MAX_DENSE:
        dense = evaluate(derivative, point, sizes)
        return [np.tensordot(dense, d, d.ndim).reshape(shape) for d in directions]
    applied, name = _applied(derivative, len(shape), moved)
    return [evaluate(applied, {**point, name: d}, sizes) for d in directions]


def _applied(node: Node, lead: int, moved: Variable) -> tuple[Node, str]:
    """The node contracted with a direction on the axes of `moved` that begin at axis `lead`."""
    name = f"direction of {moved.name} at {lead}"
    direction = variable(name, moved.shape)
    axes = [(k,) for k in range(node.ndim)]
    inner = axes[lead : lead + moved.ndim]
    out = axes[:lead] + axes[lead + moved.ndim :]
    return build.einsum([(node, axes), (direction, inner)], out), name


def _reduced(
    base: Node,
    derivative: Node,
    before: Sequence[Variable],
    point: Point,
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> tuple[Node, Node, Point]:
    """Where the previous derivative is large: both sides along random directions of its inputs."""
    entries = np.prod([d.evaluate(sizes) for d in base.shape], dtype=float)
    if entries <= MAX_DENSE / 20 or not before:
        return base, derivative, point
    lead = base.ndim - sum(v.ndim for v in before)
    values = dict(point)
    for v in before:
        base, name = _applied(base, lead, v)
        derivative, _ = _applied(derivative, lead, v)
        values[name] = rng.normal(size=[d.evaluate(sizes) for d in v.shape])
    return base, derivative, values
