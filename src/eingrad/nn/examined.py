"""What is refused of the arrays for a layer before anything is computed: labels that name nothing,
losses of no samples, and sizes that leave no room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..dims import Dim
from ..errors import InputError, ShapeError
from ..ir.node import Apply, Node, Term, Variable
from ..ir.record import lookup
from ..ir.walk import topological


def lookups(output: Node) -> list[tuple[str, Dim]]:
    """Arguments that hold whole numbers, with the size of the axis that they name places of: the
    classes of a label, the rows of a table.

    Examples
    --------
    >>> from eingrad import nn
    >>> lookups(nn.embedding().output.node)
    [('index', Dim(v))]
    """
    found: dict[tuple[str, Dim], None] = {}
    for node in topological(output):
        if isinstance(node, Apply) and lookup(node.function).looks_up:
            found.update(((name, node.shape[-1]), None) for name in _named(node.operands[0]))
    return list(found)


def _named(index: Node) -> Iterator[str]:
    """The variable that an index is, or a view of."""
    if isinstance(index, Term) and index.coefficient == 1 and len(index.factors) == 1:
        index = index.factors[0].node
    if isinstance(index, Variable):
        yield index.name


def require_places(place: str, name: str, given: Any, size: int) -> None:
    """All numbers are places of an axis of that size, counted from 0.

    Raises
    ------
    InputError
        One is not; the message has the number, the row that it stands in, and the size.
    """
    numbers = np.asarray(given)
    wrong = np.argwhere(~((numbers >= 0) & (numbers < size) & (numbers == np.floor(numbers))))
    if not len(wrong):
        return
    at = tuple(map(int, wrong[0]))
    where = f" in row {at[0]}" if at else ""
    where += f", column {', '.join(map(str, at[1:]))}" if at[1:] else ""
    more = f" ({len(wrong)} such numbers in all)" if len(wrong) > 1 else ""
    raise InputError(
        f"{place}: {name} is {numbers[at]}{where}, but there are {size} classes or rows to name, "
        f"0 … {size - 1}{more}",
        hint="rows are counted from 0; leave out what has no label",
    )


def require_samples(place: str, given: Mapping[str, Any]) -> None:
    """No array is empty.

    Raises
    ------
    InputError
        One is: the mean over no samples is no number.
    """
    for name, value in given.items():
        if not np.size(value):
            shape = "×".join(map(str, np.shape(value)))
            raise InputError(f"{place}: {name} has no entries ({shape}), so there is no loss")


def computed_sizes(output: Node) -> list[Dim]:
    """The sizes inside of a value that are computed from those of the arguments.

    Examples
    --------
    >>> from eingrad import nn
    >>> computed_sizes(nn.convolution1d(3).output.node)
    [Dim(n - 2)]
    """
    found = dict.fromkeys(d for node in topological(output) for d in node.shape)
    return [d for d in found if d.as_int() is None and str(d) not in d.symbols()]


def require_room(place: str, dims: Iterable[Dim], sizes: Mapping[str, int]) -> None:
    """No computed size is below 0, as that of a filter longer than its axis is.

    Raises
    ------
    ShapeError
        One is; the message has the size and the numbers that it is computed from.
    """
    for dim in dims:
        if dim.symbols() <= sizes.keys() and dim.evaluate(sizes) < 0:
            numbers = ", ".join(f"{s} = {sizes[s]}" for s in sorted(dim.symbols()))
            raise ShapeError(
                f"{place}: an axis has the size {dim}, which is {dim.evaluate(sizes)}; {numbers}",
                hint="is a filter longer than what it slides along?",
            )
