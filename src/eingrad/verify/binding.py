"""Numbers for symbolic sizes: the shapes of variables unified with the shapes of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..dims import Dim, shape_text
from ..errors import NameError_, ShapeError
from ..ir.node import Variable

MAX_TRIED = 10_000  # sizes tried for an equation such as n² + n = 30


def bind_sizes(variables: Iterable[Variable], values: Mapping[str, Any]) -> dict[str, int]:
    """The value of each size symbol that the arrays determine.

    Parameters
    ----------
    variables:
        Variables with symbolic shapes.
    values:
        An array (or number) for the name of each variable; other names are ignored.

    Raises
    ------
    NameError_
        A variable has no value.
    ShapeError
        An array does not fit its variable, or two arrays disagree about a size.

    Examples
    --------
    >>> from eingrad.dims import Dim
    >>> from eingrad.ir.node import variable
    >>> m, n = Dim.symbol("m"), Dim.symbol("n")
    >>> A, v = variable("A", (m, n)), variable("v", (m * n,))
    >>> bind_sizes([v, A], {"A": np.ones((2, 3)), "v": np.ones(6)})
    {'m': 2, 'n': 3}
    """
    equations: list[tuple[Dim, int, Variable]] = []
    given: dict[Variable, tuple[int, ...]] = {}
    for variable in variables:
        if variable.name not in values:
            raise NameError_(f"there is no value for {variable.name}")
        shape = np.shape(values[variable.name])
        given[variable] = shape
        if len(shape) != len(variable.shape):
            raise _misfit(variable, shape)
        equations += [(d, k, variable) for d, k in zip(variable.shape, shape, strict=True)]
    sizes: dict[str, int] = {}
    origin: dict[str, Variable] = {}
    progress = True
    while progress:
        progress = False
        for dim, value, variable in equations:
            unknown = dim.symbols() - sizes.keys()
            plain = {s for monomial, _ in dim.terms for s in monomial} == dim.symbols()
            if len(unknown) == 1 and plain:  # a minimum of sizes determines neither
                (symbol,) = unknown
                solution = _solve(dim, symbol, value, sizes)
                if solution is None:
                    raise _misfit(variable, given[variable])
                sizes[symbol] = solution
                origin[symbol] = variable
                progress = True
    for dim, value, variable in equations:
        if dim.symbols() <= sizes.keys() and dim.evaluate(sizes) != value:
            raise _misfit(variable, given[variable], dim, sizes, origin)
    return sizes


def _solve(dim: Dim, symbol: str, value: int, sizes: Mapping[str, int]) -> int | None:
    """The size for which `dim` has the value, all other symbols being known; None when none has."""
    rest, factor, linear = 0, 0, True
    for monomial, coefficient in dim.terms:
        for other in monomial:
            coefficient *= 1 if other == symbol else sizes[other]
        degree = monomial.count(symbol)
        linear &= degree <= 1
        if degree:
            factor += coefficient
        else:
            rest += coefficient
    if linear:
        if factor == 0:
            return None
        solution, remainder = divmod(value - rest, factor)
        return solution if remainder == 0 and solution >= 0 else None
    for candidate in range(MAX_TRIED):
        if dim.evaluate({**sizes, symbol: candidate}) == value:
            return candidate
    return None


def _misfit(
    variable: Variable,
    shape: tuple[int, ...],
    dim: Dim | None = None,
    sizes: Mapping[str, int] | None = None,
    origin: Mapping[str, Variable] | None = None,
) -> ShapeError:
    found = "×".join(map(str, shape)) if shape else "scalar"
    message = f"{variable.name} is {shape_text(variable.shape)}; its value is {found}"
    hint = ""
    if dim is not None and sizes is not None and origin is not None and dim.symbols():
        known = ", ".join(
            f"{s} is {sizes[s]}" + (f" in {origin[s].name}" if origin[s] is not variable else "")
            for s in sorted(dim.symbols())
        )
        hint = f"({known})"
    return ShapeError(message, hint=hint)
