"""What a derivative costs by three routes: the full tensor, the linear combination of its slices,
and the incoming gradient passed straight through its cores.

Counted are multiplications and additions (two for each product of a matrix product) and bytes of
float64, besides the arrays themselves that the cores are made of: those are the same by every
route, so their computation is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import permutations
from operator import index
from typing import Any

import numpy as np

from ..dims import Dim, product
from ..errors import InputError, ShapeError
from .count import Counts, count
from .decompose import Decomposition, StructuredTerm
from .sides import size_text

BYTES = 8
ASSUMED = 100  # a symbolic size counts as this where two orders of multiplication are compared
MAX_ORDERED = 4  # more cores than this are multiplied in the order in which they stand


@dataclass(frozen=True)
class Route:
    """One way to ∂L/∂X; formulas in the sizes.

    Attributes
    ----------
    name:
        `full tensor`, `linear combination` or `direct`.
    entries:
        Numbers held at once, besides G and ∂L/∂X.
    zeros, distinct:
        Of these, how many are always zero, and how many different values there are at most.
    flops, bytes:
        Operations; memory with G and ∂L/∂X where they take part.
    """

    name: str
    entries: Dim
    zeros: Dim
    distinct: Dim
    flops: Dim
    bytes: Dim

    def at(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """The numbers for given sizes. Formulas are bounds that may miss small sizes (3n nonzeros
        of a tridiagonal n×n): no count is below 0 or above the number of entries."""
        found: dict[str, int] = {c: getattr(self, c).evaluate(sizes) for c in COLUMNS}
        for column in ("zeros", "distinct"):
            found[column] = min(max(found[column], 0), found["entries"])
        return found


COLUMNS = tuple(f.name for f in fields(Route) if f.name != "name")


@dataclass(frozen=True)
class Cost:
    """The three routes side by side.

    Attributes
    ----------
    tensor, combination, direct:
        The full tensor ∂Y/∂X; Σ G[o] ∂Y[o]/∂X with it; G through the cores.
    counts:
        Entries, nonzeros, distinct values and stored numbers of the tensor.
    sizes:
        The symbols in the formulas.
    """

    tensor: Route
    combination: Route
    direct: Route
    counts: Counts
    sizes: tuple[str, ...]

    @property
    def routes(self) -> tuple[Route, Route, Route]:
        """The rows of the table."""
        return self.tensor, self.combination, self.direct

    def at(self, /, **sizes: int) -> dict[str, dict[str, int]]:
        """All numbers for given sizes: `cost.at(m=100, n=50)["direct"]["flops"]`.

        Raises
        ------
        InputError
            A size is missing, is no size of this derivative, or is no whole number from 0.
        """
        unknown = sorted(sizes.keys() - set(self.sizes))
        if unknown:
            raise InputError(
                f"there is no size {unknown[0]}", hint=f"it has: {', '.join(self.sizes)}"
            )
        missing = [s for s in self.sizes if s not in sizes]
        if missing:
            raise InputError(
                f"the size {missing[0]} is not known",
                hint=f"numbers need all of: {', '.join(self.sizes)}",
            )
        whole = {name: _size(name, value) for name, value in sizes.items()}
        return {r.name: r.at(whole) for r in self.routes}

    def text(self, /, **sizes: int) -> str:
        """The table with formulas, and with numbers where sizes are given."""
        table = [["", *COLUMNS]]
        for r in self.routes:
            table.append([r.name, *(size_text(getattr(r, c)) for c in COLUMNS)])
        if sizes:
            said = ", ".join(f"{k} = {v}" for k, v in sizes.items())
            table.append([said, *[""] * len(COLUMNS)])
            for name, numbers in self.at(**sizes).items():
                table.append([name, *(f"{numbers[c]:,}" for c in COLUMNS)])
        return _aligned(table)

    def __str__(self) -> str:
        return self.text()

    @staticmethod
    def linear_combination(tensor: Any, incoming: Any) -> np.ndarray:
        """Route (b), as it is written: Σ over the output's entries of G[o] · ∂Y[o]/∂X.

        Parameters
        ----------
        tensor:
            The dense derivative, output axes first.
        incoming:
            G, an array of the output's shape.

        Raises
        ------
        ShapeError
            The first axes of the tensor are not those of G.
        """
        return linear_combination(tensor, incoming)


def _size(name: str, value: Any) -> int:
    """A size as an integer, NumPy's kinds included."""
    try:
        whole = index(value)
    except TypeError:
        whole = -1
    if whole < 0:
        raise InputError(f"{name} is a size: a whole number from 0 is expected, not {value!r}")
    return whole


def linear_combination(tensor: Any, incoming: Any) -> np.ndarray:
    """Σ over the output's entries of G[o] · ∂Y[o]/∂X, one slice of the dense tensor after another.

    >>> linear_combination([[1.0, 2.0], [0.0, 3.0]], [10.0, 1.0])
    array([10., 23.])
    """
    dense, g = np.asarray(tensor), np.asarray(incoming)
    if dense.shape[: g.ndim] != g.shape:
        raise ShapeError(f"G has shape {g.shape}, the tensor {dense.shape}: output axes come first")
    total = np.zeros(dense.shape[g.ndim :], dtype=np.result_type(dense, g))
    for place in np.ndindex(*g.shape):
        total = total + g[place] * dense[place]
    return total


def cost(found: Decomposition) -> Cost:
    """What a derivative by its last input costs; see the module for what is counted.

    Examples
    --------
    >>> from eingrad.ir.build import dims, einsum
    >>> from eingrad.ir.node import variable
    >>> from eingrad.structure import decompose
    >>> B, m = variable("B", dims("n", "k")), dims("m")[0]
    >>> axes = [("i",), ("j",), ("i",), ("l",)]
    >>> tensor = einsum([(B, [("l",), ("j",)])], axes, 1, {"i": m})
    >>> c = cost(decompose(tensor, 2, [2]))
    >>> print(size_text(c.combination.flops), "against", size_text(c.direct.flops))
    2km²n against 2kmn
    """
    counts = count(found)
    n_out = len(found.shape) - (found.inputs[-1] if found.inputs else 0)
    out, into = product(found.shape[:n_out]), product(found.shape[n_out:])
    merged = found.merged()
    fill = _total([_fill_flops(t) for t in merged.terms])
    full = Route(
        "full tensor",
        counts.entries,
        counts.zeros,
        counts.distinct,
        fill,
        counts.entries * BYTES,
    )
    combination = Route(
        "linear combination",
        counts.entries,
        counts.zeros,
        counts.distinct,
        fill + counts.entries * 2,
        (counts.entries + out + into) * BYTES,
    )
    passes = [direct_route(t, n_out) for t in merged.terms]
    # Each term after the first is added to the result.
    flops = _total([p.flops for p in passes]) + into * max(len(passes) - 1, 0)
    direct = Route(
        "direct",
        counts.stored,
        Dim([]),
        counts.stored,
        flops,
        (counts.stored + out + into + _total([p.between for p in passes])) * BYTES,
    )
    symbols = sorted({s for d in found.shape for s in d.symbols()} | flops.symbols())
    return Cost(full, combination, direct, counts, tuple(symbols))


def _fill_flops(term: StructuredTerm) -> Dim:
    """Products needed to write the nonzero entries of a term: one less than there are factors."""
    factors = len(term.pieces) + (term.scalar is not None) + (term.coefficient != 1)
    return term.support * max(factors - 1, 0)


@dataclass(frozen=True)
class Pass:
    """The way of G through the cores of one term.

    Attributes
    ----------
    flops:
        Operations.
    between:
        Numbers in intermediate arrays.
    order:
        Which core comes when.
    """

    flops: Dim
    between: Dim
    order: tuple[int, ...]


def direct_route(term: StructuredTerm, n_out: int) -> Pass:
    """The cheapest order in which G passes through the cores of a term."""
    cores = [frozenset(p.atoms) for p in term.pieces]
    places = range(len(cores))
    orders: list[Sequence[int]] = (
        list(permutations(places)) if len(cores) <= MAX_ORDERED else [tuple(places)]
    )
    passes = [_passed(term, cores, tuple(order), n_out) for order in orders]
    return min(passes, key=lambda p: _assumed(p.flops))


def _passed(
    term: StructuredTerm, cores: Sequence[frozenset[int]], order: tuple[int, ...], n_out: int
) -> Pass:
    current = {a for axis in term.axes[:n_out] for a in axis}
    kept = {a for axis in term.axes[n_out:] for a in axis}

    def size(atoms: set[int] | frozenset[int]) -> Dim:
        return product(term.sizes[a] for a in atoms)

    flops, between = Dim([]), Dim([])
    alone = {a for a in current if a not in kept and a not in term.carried}
    if alone:  # a plain sum of G
        flops = flops + size(current)
        current -= alone
        between = between + size(current)
    for step, k in enumerate(order):
        together = current | cores[k]
        later = kept.union(*(cores[j] for j in order[step + 1 :]))
        gone = together - later
        flops = flops + size(together) * (2 if gone else 1)
        current = together - gone
        if step < len(order) - 1:
            between = between + size(current)
    if term.coefficient != 1 or term.scalar is not None:
        flops = flops + min(size(current), size(kept & current), key=_assumed)
    return Pass(flops, between, order)


def _assumed(dim: Dim) -> int:
    return dim.evaluate(dict.fromkeys(dim.symbols(), ASSUMED))


def _total(dims: Sequence[Dim]) -> Dim:
    total = Dim([])
    for dim in dims:
        total = total + dim
    return total


def _aligned(table: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[k]) for row in table if any(row[1:])) for k in range(len(table[0]))]
    lines = []
    for row in table:
        if not any(row[1:]):
            lines.append(row[0])
            continue
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
