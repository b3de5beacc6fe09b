"""What a node is to blocks of rows: shared by all, one value for each row, or a total over rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..dims import Dim
from ..errors import UnsupportedError
from ..ir.node import Node, Number, Shape

Cut = tuple[Dim, ...]


@dataclass(frozen=True)
class Shared:
    """The same for all blocks."""


@dataclass(frozen=True)
class Weight:
    """A power of softmax over the rows: a block's own softmax is that of all rows but for a scale.

    Attributes
    ----------
    of:
        What the softmax is of; its last axis has the rows.
    power:
        Of the softmax.
    axes:
        For each other axis of `of`, the axis of the node that it is.
    """

    of: Node
    power: Number
    axes: tuple[int, ...]


@dataclass(frozen=True)
class Rows:
    """One axis has the rows, and a row needs no other row but for the scale of a softmax.

    Attributes
    ----------
    axis:
        Which.
    cut:
        The sizes that the axis is merged from, in order; of a plain axis the size of the rows.
    weights:
        The softmaxes over rows in it.
    """

    axis: int
    cut: Cut
    weights: tuple[Weight, ...] = ()


@dataclass(frozen=True)
class Total:
    """Known when all rows have been seen.

    Attributes
    ----------
    node:
        In terms of the partial results of blocks.
    """

    node: Node


@dataclass(frozen=True)
class Mixed:
    """A value for each row that needs all rows first: no single pass over blocks gives it.

    Attributes
    ----------
    culprit:
        The node that is so.
    why:
        What is said of it, to go behind its formula.
    """

    culprit: Node
    why: str


Status = Shared | Rows | Total | Mixed

NEEDS_TOTAL = "has a value for each row that needs a total over all rows first"


def has_rows(dim: Dim, rows: str) -> bool:
    """Whether a size grows with the rows; it must be a multiple of their number.

    Raises
    ------
    UnsupportedError
        It is neither: m + 1, m², min(m, n).
    """
    if rows not in dim.symbols():
        return False
    if not all(monomial.count(rows) == 1 for monomial, _ in dim.terms) or len(dim.terms) != 1:
        raise UnsupportedError(
            f"an axis of size {dim} cannot be cut into blocks of the rows {rows}"
        )
    return True


def row_axes(shape: Shape, rows: str) -> list[int]:
    """The axes that grow with the rows."""
    return [k for k, dim in enumerate(shape) if has_rows(dim, rows)]


def combined(weights: Sequence[Weight]) -> tuple[Weight, ...]:
    """The weights of a product: powers of one softmax are added."""
    powers: dict[tuple[Node, tuple[int, ...]], Number] = {}
    for w in weights:
        powers[w.of, w.axes] = Fraction(powers.get((w.of, w.axes), 0)) + w.power
    kept = [Weight(of, power, axes) for (of, axes), power in powers.items() if power]
    return tuple(sorted(kept, key=lambda w: (w.of.order, w.axes)))
