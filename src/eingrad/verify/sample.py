"""Random inputs for numeric checks: small pairwise different sizes, generic values in the domain.

Generic matters as much as valid: a symmetric sample hides a transpose, equal sizes hide a swapped
axis, a size of 1 hides both. So symmetry is given only to what is declared so, and the domain of an
expression (a logarithm's argument, an inverse) is found by trying points, not by taming them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, permutations, product

import numpy as np

from ..dims import Dim
from ..errors import InputError, ShapeError, SizeLimitError, UnsupportedError
from ..ir.facts import closure
from ..ir.kernels import fits
from ..ir.loop import Scan
from ..ir.node import Apply, Constant, Contraction, Kernel, Node, Size, Term, Variable
from ..ir.record import REGISTRY, lookup
from ..ir.recurrence import loop_of, parts
from ..ir.stacking import stacked
from ..ir.walk import depending_on, topological, with_bodies
from .reference import evaluate_all

MAX_ASSIGNMENTS = 4000  # assignments of sizes that are tried
MAX_ATTEMPTS = 120  # points that are tried
MAX_EVALUATED = 4000  # nodes × points
LARGEST = 1e5  # entries beyond this make a point badly conditioned
SMALLEST = 1e-100  # a node all of whose entries are below this is about to underflow
MAX_DENSE = 1_000_000  # larger nodes are not looked at
LONGEST = 40  # an axis is not made longer than that to show what repeats along it
KINK = 1e-2  # distance kept from the kink of |x| and its like


# --- sizes ----------------------------------------------------------------------------------------


def sample_sizes(*nodes: Node, variant: int = 0) -> dict[str, int]:
    """Small pairwise different sizes for all symbols below the nodes.

    Every size that occurs (`n`, `m*n`, `n - 1`) comes out ≥ 1; different symbols differ from each
    other and from the integer sizes, unless the expression admits nothing of the sort. Another
    `variant` gives other sizes; −1 the same in descending order (X tall instead of wide).

    Raises
    ------
    InputError
        No small sizes fit (`n - m` together with `m - n`).

    Examples
    --------
    >>> from eingrad.ir import build
    >>> from eingrad.ir.node import variable
    >>> sample_sizes(variable("A", build.dims("m", "n", 3)))
    {'m': 4, 'n': 5}
    """
    order = with_bodies(*nodes)
    dims = _all_dims(order)
    symbols = sorted({s for d in dims for s in d.symbols()})
    if not symbols:
        return {}
    taken = {d.as_int() for d in dims}
    patterns = [n for n in order if isinstance(n, Kernel)]
    compound = [d for d in dims if len(d.terms) > 1 or any(c < 0 for _, c in d.terms)]
    for candidate in islice(_assignments(len(symbols), taken, variant), MAX_ASSIGNMENTS):
        sizes = dict(zip(symbols, candidate, strict=True))
        if all(d.evaluate(sizes) >= 1 for d in compound) and all(fits(k, sizes) for k in patterns):
            longer = _with_periods(order, sizes)
            return longer if all(d.evaluate(longer) >= 1 for d in compound) else sizes
    raise InputError(
        "no small sizes were found that fit " + ", ".join(sorted({str(d) for d in compound}))
    )


def _with_periods(order: Iterable[Node], sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes with longer axes where something repeats along them: a remainder by K shows on
    more than K entries only, and gradients that are cut after K steps are whole on fewer."""
    result = dict(sizes)
    for node in order:
        if not (isinstance(node, Apply) and node.function == "remainder" and node.ndim == 1):
            continue
        period, symbols = _number_of_all(node.operands[1]), node.shape[0].symbols()
        if period is None or period > LONGEST or str(node.shape[0]) not in symbols:
            continue
        (symbol,) = symbols
        others = {v for name, v in result.items() if name != symbol}
        wanted = (k for k in range(int(period) + 2, LONGEST + len(others) + 3) if k not in others)
        result[symbol] = max(result[symbol], next(wanted))
    return result


def _number_of_all(node: Node) -> float | None:
    """The number that all entries are, where that is plain to see."""
    if not isinstance(node, Term) or node.factors or len({*node.out}) < len(node.out):
        return None
    return float(node.coefficient)


def _all_dims(order: Iterable[Node]) -> set[Dim]:
    dims: set[Dim] = set()
    for node in order:
        dims.update(node.shape)
        if isinstance(node, Contraction | Term):
            dims.update(node.sizes)
        elif isinstance(node, Size):
            dims.add(node.dim)
        elif isinstance(node, Scan):
            dims.add(node.recurrence.length)
        elif isinstance(node, Kernel):
            dims.update(v for _, v in node.params if isinstance(v, Dim) and v.symbols())
    return dims


def _assignments(count: int, taken: set[int | None], variant: int) -> Iterator[tuple[int, ...]]:
    """Values for the symbols, the best first: different from 1, each other and integer sizes."""
    start = 3 if count <= 3 else 2
    end = start + max(variant, 0) + count + len(taken) + 8
    free = [k for k in range(start, end) if k not in taken][max(variant, 0) :]
    if variant < 0:
        free = [*free[:count][::-1], *free[count:]]
    yield from islice(permutations(free[: count + 4], count), MAX_ASSIGNMENTS // 2)
    yield from islice(product(range(2, 9), repeat=count), MAX_ASSIGNMENTS // 4)
    yield from product(range(1, 12), repeat=count)


# --- values ---------------------------------------------------------------------------------------

# How the entries of variables without facts are drawn. All are generic; a point mixes them.
STYLES = ("signed", "small", "positive", "tiny", "large", "dominant", "gram", "huge")

# What a record's domain says about a variable that it is applied to directly.
STYLE_OF_DOMAIN = {
    "positive": "positive",
    "unit": "small",
    "bounded": "small",
    "probability": "small",
    "above_one": "large",
    "spd": "gram",
}


def random_value(
    shape: Sequence[int], facts: frozenset[str], rng: np.random.Generator, style: str = "signed"
) -> np.ndarray:
    """A generic array that has the facts, and nothing beyond them."""
    shape = tuple(shape)
    facts = closure(facts)
    if "orthogonal" in facts:
        q, r = np.linalg.qr(rng.normal(size=shape))
        return q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    if "diagonal" in facts:
        entry = facts & {"positive", "nonnegative", "integer"}
        if facts & {"spd", "psd"}:
            entry |= {"positive"}
        return _on_diagonal(random_value(shape[:-1], entry, rng, style))
    if "spd" in facts or "psd" in facts:
        n = shape[-1]
        inner = n + 1 if "spd" in facts else max(n - 1, 1)
        positive = bool(facts & {"positive", "nonnegative"})
        b = (
            rng.uniform(0.1, 1, (*shape[:-1], inner))
            if positive
            else rng.normal(size=(*shape[:-1], inner))
        )
        gram = b @ np.swapaxes(b, -1, -2) / inner
        return gram + 0.3 * np.eye(n) if "spd" in facts else gram
    value = _entries(shape, facts, rng, style)
    if "symmetric" in facts:
        value = np.tril(value) + np.swapaxes(np.tril(value, -1), -1, -2)
    if "triangular" in facts:
        value = np.tril(value)
    return value


def _on_diagonal(vector: np.ndarray) -> np.ndarray:
    return vector[..., None] * np.eye(vector.shape[-1])


def _entries(
    shape: tuple[int, ...], facts: frozenset[str], rng: np.random.Generator, style: str
) -> np.ndarray:
    if "integer" in facts:
        whole = rng.integers(1, 5, shape).astype(float)
        return whole if "nonnegative" in facts else whole * rng.choice([-1.0, 1.0], shape)
    size = rng.uniform(0.3, 1.6, shape)
    if style == "small":
        size = rng.uniform(0.05, 0.6, shape)
    elif style == "tiny":
        size = rng.uniform(0.02, 0.2, shape)
    elif style == "large":
        size = rng.uniform(1.2, 2.8, shape)
    elif style == "huge":
        size = rng.uniform(3.0, 9.0, shape)
    square = len(shape) >= 2 and shape[-1] == shape[-2]
    if style == "gram" and square and "nonnegative" not in facts:
        # Positive definite in its symmetric part, and not symmetric.
        return random_value(shape, frozenset({"spd"}), rng) + 0.2 * _skew(shape, rng)
    if "nonnegative" not in facts and style not in ("positive", "large"):
        size = size * rng.choice([-1.0, 1.0], shape)
    if style == "dominant" and square:
        size = 0.5 * size + shape[-1] * np.eye(shape[-1])
    return size


def _skew(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    b = rng.normal(size=shape)
    return b - np.swapaxes(b, -1, -2)


# --- points ---------------------------------------------------------------------------------------


def sample_points(
    nodes: Sequence[Node],
    count: int,
    sizes: Mapping[str, int] | None = None,
    facts: Mapping[str, frozenset[str]] | None = None,
    seed: int = 0,
) -> list[dict[str, np.ndarray]]:
    """Points where every node below `nodes` is finite, of moderate size, and away from kinks.

    Parameters
    ----------
    nodes:
        The expression and what is compared with it.
    count:
        How many points are wanted; fewer, or none, are returned when the search finds no more.
    sizes:
        Sizes of the symbols; `sample_sizes(*nodes)` by default.
    facts:
        Facts for variables by name, in place of the variables' own.

    Returns
    -------
    A dictionary of arrays by name for each point; the same in every run.
    """
    sizes = sample_sizes(*nodes) if sizes is None else sizes
    order = topological(*nodes)
    order = topological(*nodes, *_inside(order))
    names: dict[str, Variable] = {n.name: n for n in order if isinstance(n, Variable)}
    hints = _hints(order)
    places = _places(order, sizes)
    rng = np.random.default_rng(seed)
    found: list[tuple[float, int, dict[str, np.ndarray]]] = []
    most = max(4, min(MAX_ATTEMPTS, MAX_EVALUATED // len(order)))
    for attempt in range(most):
        point = {}
        for name, variable in sorted(names.items()):
            known = (facts or {}).get(name, variable.facts)
            shape = tuple(d.evaluate(sizes) for d in variable.shape)
            style = hints.get(name, "signed")
            if 2 < attempt < 2 + len(STYLES):  # then all variables alike, then any mixture
                style = STYLES[attempt - 2]
            elif attempt >= 2 + len(STYLES):
                style = str(rng.choice(STYLES))
            if name in places:  # an index
                point[name] = rng.integers(-places[name], places[name], shape).astype(float)
                continue
            point[name] = random_value(shape, known, rng, style)
        largest = _largest(order, point, sizes)
        if largest < LARGEST:
            found.append((largest, attempt, point))
            good = [f for f in found if f[0] < LARGEST / 100]
            if len(good) >= count:
                return [point for _, _, point in good]
    found.sort(key=lambda f: f[:2])
    return [point for _, _, point in found[:count]]


def _hints(order: Iterable[Node]) -> dict[str, str]:
    """Styles for variables that a function with a domain is applied to directly."""
    hints: dict[str, str] = {}
    for node in order:
        if not isinstance(node, Apply) or node.function not in REGISTRY:
            continue
        for operand, domain in zip(node.operands, REGISTRY[node.function].domain, strict=False):
            if isinstance(operand, Variable) and domain in STYLE_OF_DOMAIN:
                hints[operand.name] = STYLE_OF_DOMAIN[domain]
            if node.function == "power" and isinstance(operand, Variable):
                fractional = not isinstance(node.param("exponent"), int)
                hints[operand.name] = "positive" if fractional else "signed"
    return hints


def _inside(order: Iterable[Node]) -> list[Node]:
    """Functions with kinks or indices inside of recurrences, at all steps at once."""
    found: list[Node] = []
    seen: set[object] = set()
    pending = [n for n in order if isinstance(n, Scan)]
    while pending:
        node = pending.pop()
        if node.group in seen:
            continue
        seen.add(node.group)
        carries, steps, params = parts(node)
        before = loop_of(node.recurrence, node.operands).before
        stacks: dict[Node, Node] = {v: b for (v, _), b in zip(carries, before, strict=True)}
        wanted = [
            n
            for n in topological(*node.recurrence.bodies)
            if isinstance(n, Scan) or (isinstance(n, Apply) and not REGISTRY[n.function].analytic)
        ]
        try:
            made = stacked(wanted, {**stacks, **dict(steps)}, dict(params), node.recurrence.length)
        except UnsupportedError:
            continue
        found += made
        pending += [n for n in topological(*made) if isinstance(n, Scan)]
    return found


def _places(order: Iterable[Node], sizes: Mapping[str, int]) -> dict[str, int]:
    """The size of the axis that a variable is an index of (the least, if of several)."""
    found: dict[str, int] = {}
    for node in order:
        if isinstance(node, Apply) and lookup(node.function).looks_up:
            (index,) = node.operands
            if isinstance(index, Variable):
                size = node.shape[-1].evaluate(sizes)
                found[index.name] = min(size, found.get(index.name, size))
    return found


def _largest(
    order: Sequence[Node], point: Mapping[str, np.ndarray], sizes: Mapping[str, int]
) -> float:
    """The largest entry of any node's value; infinity where one is not finite or at a kink."""
    # A derivative that is too large to build is judged by what it is made of.
    small: set[Node] = set()
    for n in order:
        entries = np.prod([d.evaluate(sizes) for d in n.shape], dtype=float)
        if entries < MAX_DENSE and small.issuperset(n.operands):
            small.add(n)
    moderate = [n for n in order if n in small]
    moving = depending_on(order, [n for n in order if isinstance(n, Variable)])
    try:
        computed = dict(zip(moderate, evaluate_all(moderate, point, sizes), strict=True))
    except (np.linalg.LinAlgError, ArithmeticError, ShapeError, SizeLimitError):
        return np.inf
    largest = 0.0
    for node, value in computed.items():
        if isinstance(node, Constant) or not value.size:
            continue
        if value.dtype.kind == "c" or not np.isfinite(value).all():
            return np.inf
        greatest = float(np.abs(_chosen(node, value, computed)).max(initial=0.0))
        if 0 < greatest < SMALLEST or (not greatest and _vanished(node, computed)):
            return np.inf
        largest = max(largest, greatest)
        if isinstance(node, Apply) and node in moving and not REGISTRY[node.function].analytic:
            for operand, domain in zip(node.operands, REGISTRY[node.function].domain, strict=False):
                at = computed.get(operand)
                if domain == "nonzero" and at is not None and not (np.abs(at) > KINK).all():
                    return np.inf
    return largest


def _chosen(node: Node, value: np.ndarray, computed: Mapping[Node, np.ndarray]) -> np.ndarray:
    """A value without the numbers that a `where` puts in: a huge one for what a mask hides does not
    move."""
    if isinstance(node, Apply) and node.function == "where":
        for operand in node.operands[1:]:
            if not operand.operands and not isinstance(operand, Variable):
                value = value[value != computed[operand].flat[0]]
    elif not node.operands and not isinstance(node, Variable):
        return np.zeros(())
    return value


def _vanished(node: Node, computed: Mapping[Node, np.ndarray]) -> bool:
    """Whether an analytic function gave 0 everywhere by underflow: its operand is not 0."""
    if not isinstance(node, Apply):
        return False
    record = REGISTRY[node.function]
    operands = [computed[o] for o in node.operands if o in computed]
    return bool(record.elementwise and record.analytic and any(o.any() for o in operands))


def whole_numbers(
    names: Mapping[str, Variable], sizes: Mapping[str, int], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """A point with small whole numbers, as far as the facts allow: one to calculate by hand."""
    point = {}
    for name, v in names.items():
        shape = [d.evaluate(sizes) for d in v.shape]
        if "orthogonal" in v.facts:
            point[name] = random_value(shape, v.facts, rng)
        elif v.facts & {"spd", "psd"}:
            point[name] = np.round(random_value(shape, v.facts, rng), 1)
        else:
            point[name] = random_value(shape, v.facts | {"integer"}, rng)
    return point
