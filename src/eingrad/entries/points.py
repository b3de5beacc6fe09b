"""Sizes for a picture, and values of its tensor at random points.

Values say what symbols cannot: that two entries which are written differently are equal, and where
a large matrix is not zero. Points come in pairs ±, so that both sides of a kink are seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from ..codegen import generate
from ..dims import Dim
from ..errors import EingradError, InputError, NameError_
from ..ir.facts import closure
from ..ir.kernels import dense
from ..ir.node import Contraction, Kernel, Node, Size, Term, Variable
from ..ir.walk import topological, variables

POINTS = 6
ATTEMPTS = 24
STYLES = ("signed", "positive", "dominant", "unit", "gram")


def picture_sizes(
    node: Node,
    inputs: Sequence[Variable],
    given: Mapping[str, int] | None,
    different: bool = True,
) -> dict[str, int]:
    """A number for each symbol: the given ones, else small, and `different` from one another.

    Raises
    ------
    NameError_
        A given size does not occur.
    InputError
        A given size is no positive integer, or no small sizes fit together.
    """
    dims, kernels = _sizes_below(node, inputs)
    symbols = sorted({s for d in dims for s in d.symbols()})
    given = dict(given or {})
    for name, value in given.items():
        if name not in symbols:
            there = f"the sizes are: {', '.join(symbols)}" if symbols else "all sizes are numbers"
            raise NameError_(f"there is no size called {name}", hint=there)
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise InputError(f"the size {name} must be a positive integer, not {value!r}")
    fixed = {k: int(v) for k, v in given.items()}
    open_symbols = [s for s in symbols if s not in fixed]
    # One size alone is 3 where that stays small: at 2 entries are equal by accident (softmax).
    least = 3 if len(symbols) == 1 and node.ndim <= 2 else 2
    for candidate in _candidates(len(open_symbols), set(fixed.values()), least, different):
        sizes = {**fixed, **dict(zip(open_symbols, candidate, strict=True))}
        if all(d.evaluate(sizes) >= 1 for d in dims) and all(_fits(k, sizes) for k in kernels):
            return sizes
    raise InputError(
        "no small sizes fit together: " + ", ".join(sorted(str(d) for d in dims if d.symbols())),
        hint="give sizes that do",
    )


def _sizes_below(node: Node, inputs: Iterable[Variable]) -> tuple[set[Dim], list[Kernel]]:
    dims = {d for v in inputs for d in v.shape}
    kernels = []
    for part in topological(node):
        dims.update(part.shape)
        if isinstance(part, Contraction | Term):
            dims.update(part.sizes)
        elif isinstance(part, Size):
            dims.add(part.dim)
        elif isinstance(part, Kernel):
            kernels.append(part)
    return dims, kernels


def _candidates(
    count: int, taken: set[int], least: int, different: bool
) -> Iterator[tuple[int, ...]]:
    free = [k for k in range(least, least + 3 + count + len(taken)) if k not in taken][: count + 3]
    if not different:
        yield (2,) * count
    for tried, one in enumerate(product(free, repeat=count)):
        if len(set(one)) == count:
            yield one
        if tried > 4000:
            break
    yield from (
        one for _, one in zip(range(4000), product(range(1, 9), repeat=count), strict=False)
    )


def _fits(kernel: Kernel, sizes: Mapping[str, int]) -> bool:
    if kernel.kind != "selection":
        try:
            dense(kernel, sizes)
        except (EingradError, ValueError, IndexError):
            return False
        return True
    count, length = (d.evaluate(sizes) for d in kernel.shape)
    params = dict(kernel.params)
    start = params["start"]
    first = start.evaluate(sizes) if isinstance(start, Dim) else start
    last = first + params["step"] * (count - 1)
    return 0 <= first < length and 0 <= last < length


def values_at_points(node: Node, sizes: Mapping[str, int], most: int = POINTS) -> list[np.ndarray]:
    """Finite values of the node at a few random points; none where it has none there, or no code.

    The points are the same each time.
    """
    try:
        values = Values([node], sizes)
    except EingradError:
        return []
    found: list[np.ndarray] = []
    known = variables(node)
    for point in random_points(known, sizes):
        at = values.at(point)
        if at is not None:
            found += at
            if len(found) >= (most if known else 1):
                break
    return found


class Values:
    """Values of some nodes at points, by generated code; what they share is computed once.

    Raises
    ------
    EingradError
        There is no code for a node.
    """

    def __init__(self, nodes: Sequence[Node], sizes: Mapping[str, int]) -> None:
        generated = generate({f"value{k}": node for k, node in enumerate(nodes)})
        self._function = generated.function()
        self._names = {n: {**generated.renamed}.get(n, n) for n in generated.arguments}
        self._sizes = {safe: sizes[n] for n, safe in generated.sizes.items() if n in sizes}
        self._shapes = [tuple(d.evaluate(sizes) for d in node.shape) for node in nodes]

    def at(self, point: Mapping[str, Any]) -> list[np.ndarray] | None:
        """The values, or None where one of them is not a finite real array of its shape."""
        arguments = {safe: point[n] for n, safe in self._names.items() if n in point}
        try:
            with np.errstate(all="ignore"):
                given = self._function(**arguments, **self._sizes)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return None
        arrays = [np.asarray(v) for v in (given if len(self._shapes) > 1 else (given,))]
        for array, shape in zip(arrays, self._shapes, strict=True):
            if array.shape != shape or array.dtype.kind == "c" or not np.isfinite(array).all():
                return None
        return [array.astype(float) for array in arrays]


def random_points(
    inputs: Sequence[Variable], sizes: Mapping[str, int], seed: int = 7
) -> Iterator[dict[str, np.ndarray]]:
    """Values of the variables, in pairs ±, of one style after another; the same each time."""
    rng = np.random.default_rng(seed)
    point: dict[str, np.ndarray] = {}
    for attempt in range(ATTEMPTS):
        style = STYLES[attempt // 2 % len(STYLES)]
        if attempt % 2 == 0:
            point = {v.name: random_value(v, sizes, rng, style) for v in inputs}
        else:
            point = {v.name: _reflected(v, point[v.name]) for v in inputs}
        yield point


def random_value(
    v: Variable, sizes: Mapping[str, int], rng: np.random.Generator, style: str
) -> np.ndarray:
    """A random array with the facts of the variable."""
    shape = tuple(d.evaluate(sizes) for d in v.shape)
    known = closure(v.facts)
    value = rng.normal(size=shape)
    square = len(shape) >= 2 and shape[-1] == shape[-2]
    if "orthogonal" in known:
        return np.linalg.qr(value)[0]
    if style == "positive" or known & {"positive", "nonnegative"}:
        value = rng.uniform(0.2, 1.8, shape)
    elif style == "unit":
        value = rng.uniform(0.1, 0.9, shape)
    if "diagonal" in known:
        diagonal = np.diagonal(value, axis1=-2, axis2=-1)
        value = (
            np.eye(shape[-1]) * (abs(diagonal) if known & {"spd", "psd"} else diagonal)[..., None]
        )
    elif square and (known & {"spd", "psd"} or style == "gram"):
        value = value @ np.swapaxes(value, -1, -2) + np.eye(shape[-1])
    elif square and style == "dominant":
        value = value + 2 * shape[-1] * np.eye(shape[-1])
    if "symmetric" in known and "diagonal" not in known and square:
        value = (value + np.swapaxes(value, -1, -2)) / 2
    if "triangular" in known and "diagonal" not in known:
        value = np.tril(value)
    return np.rint(3 * value) if "integer" in known else value


def _reflected(v: Variable, value: np.ndarray) -> np.ndarray:
    signed = closure(v.facts) & {"positive", "nonnegative", "spd", "psd"}
    return value * 1.25 if signed and "integer" not in v.facts else -value if not signed else value
