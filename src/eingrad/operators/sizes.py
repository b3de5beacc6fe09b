"""Numbers for symbolic sizes, from the shapes of the values that were given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..dims import Dim, shape_text
from ..errors import ShapeError
from ..ir.node import Variable

MAX_TRIED = 10_000  # for sizes such as n² + n, which are found by trying


def known_sizes(
    variables: Iterable[Variable],
    shapes: Mapping[str, tuple[int, ...]],
    given: Mapping[str, int],
) -> dict[str, int]:
    """The value of each symbol that shapes determine, with those that are given.

    Parameters
    ----------
    variables:
        Variables with symbolic shapes; those without a shape in `shapes` are left out.
    shapes:
        By name.
    given:
        Sizes by symbol.

    Raises
    ------
    ShapeError
        A value does not fit its variable, or the sizes known from others.
    """
    present = [v for v in variables if v.name in shapes]
    for v in present:
        if len(shapes[v.name]) != v.ndim:
            raise misfit(v, shapes[v.name], {})
    sizes = dict(given)
    progress = True
    while progress:
        progress = False
        for v in present:
            for dim, value in zip(v.shape, shapes[v.name], strict=True):
                unknown = dim.symbols() - sizes.keys()
                if len(unknown) != 1 or not _is_plain(dim):
                    continue
                (symbol,) = unknown
                found = _solved(dim, symbol, value, sizes)
                if found is None:
                    raise misfit(v, shapes[v.name], sizes)
                sizes[symbol] = found
                progress = True
    for v in present:
        for dim, value in zip(v.shape, shapes[v.name], strict=True):
            if dim.symbols() <= sizes.keys() and dim.evaluate(sizes) != value:
                raise misfit(v, shapes[v.name], sizes)
    return sizes


def _is_plain(dim: Dim) -> bool:
    """Whether it is a polynomial in its symbols: a minimum of sizes determines neither."""
    return {s for monomial, _ in dim.terms for s in monomial} == dim.symbols()


def _solved(dim: Dim, symbol: str, value: int, sizes: Mapping[str, int]) -> int | None:
    """The natural number for which `dim` has the value."""
    at_zero, at_one = (dim.evaluate({**sizes, symbol: n}) for n in (0, 1))
    slope = at_one - at_zero
    if dim.evaluate({**sizes, symbol: 2}) == at_zero + 2 * slope:  # linear in the symbol
        if slope == 0:
            return None
        solution, rest = divmod(value - at_zero, slope)
        return solution if rest == 0 and solution >= 0 else None
    tried = range(min(value, MAX_TRIED) + 1)
    return next((n for n in tried if dim.evaluate({**sizes, symbol: n}) == value), None)


def misfit(v: Variable, shape: Sequence[int], sizes: Mapping[str, int]) -> ShapeError:
    """The error for a value of a wrong shape: which variable, expected and given."""
    found = "×".join(map(str, shape)) if shape else "a number"
    expected = shape_text(v.shape)
    numbers = [d.substitute({s: Dim.of(n) for s, n in sizes.items()}) for d in v.shape]
    known = shape_text(numbers)
    as_numbers = f" = {known}" if known != expected else ""
    return ShapeError(f"{v.name} must have shape {expected}{as_numbers}; given is {found}")
