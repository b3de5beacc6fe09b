"""How far from its diagonal a matrix has entries: differences of neighbours, windows, shifts.

Only the form is read: patterns, and what is diagonal between them. What may have entries anywhere
has no band here, and neither has what is known only when sizes are numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..dims import Dim
from ..ir.node import Contraction, Factor, Kernel, Node, Sum, Term
from .network import opened

MAX_DEPTH = 6  # sums within sums that are looked into
MAX_FACTORS = 40

Band = tuple[int, int]  # the lowest and the highest j − i


def band(node: Node) -> Band | None:
    """Between which j − i the entries (i, j) of a matrix can differ from zero.

    Returns
    -------
    tuple of int, or None
        Lowest and highest; None where the form does not bound it on both sides.

    Examples
    --------
    >>> from eingrad.dims import Dim
    >>> from eingrad.ir import build, kernels
    >>> n = Dim.symbol("n")
    >>> after = kernels.selection(n - 1, n, Dim.of(1), 1)
    >>> before = kernels.selection(n - 1, n, Dim.of(0), 1)
    >>> band(build.contract("ki,kj->ij", before, after))
    (1, 1)
    """
    found: Band | None = node.memo("band", lambda: _band(node, 0))
    return found


def _band(node: Node, depth: int) -> Band | None:
    if node.ndim != 2 or depth > MAX_DEPTH:
        return None
    if isinstance(node, Sum):
        found = [_band(part, depth + 1) for part in node.operands]
        known = [b for b in found if b is not None]
        if not known or len(known) < len(found):
            return None
        return min(b[0] for b in known), max(b[1] for b in known)
    if isinstance(node, Kernel):
        return _of_kernel(node)
    if isinstance(node, Term):
        if any(len(axis) != 1 for axis in node.out):
            return None
        (row,), (column,) = node.out
        if row == column:
            return 0, 0
        return _across(node.factors, row, column, depth)
    if isinstance(node, Contraction):
        whole = Factor(node, ((0,), (1,)))
        net = opened([whole], dict(enumerate(node.shape)))
        return _across(net.factors, 0, 1, depth)
    return None


def _of_kernel(node: Kernel) -> Band | None:
    steps = dict(node.params)
    if node.kind != "selection" or steps["step"] != 1:
        return None
    start = steps["start"]
    first = start.as_int() if isinstance(start, Dim) else start
    return None if first is None else (first, first)


def _across(factors: Sequence[Factor], row: int, column: int, depth: int) -> Band | None:
    """The band of a product: those of the factors on a way from rows to columns, added."""
    if len(factors) > MAX_FACTORS:
        return None
    steps: dict[int, list[tuple[int, Band]]] = {}
    for factor in factors:
        if factor.node.ndim != 2 or any(len(axis) != 1 for axis in factor.indices):
            continue
        (a,), (b,) = factor.indices
        found = _band(factor.node, depth + 1)
        if found is not None and a != b:
            steps.setdefault(a, []).append((b, found))
            steps.setdefault(b, []).append((a, (-found[1], -found[0])))
    reached: dict[int, Band] = {row: (0, 0)}
    pending = [row]
    while pending:
        here = pending.pop()
        for there, (low, high) in steps.get(here, ()):
            if there not in reached:
                reached[there] = (reached[here][0] + low, reached[here][1] + high)
                pending.append(there)
    return reached.get(column)


def band_words(found: Band) -> str:
    """`tridiagonal`, `lower bidiagonal`, `banded (2 below, 2 above the diagonal)`.

    >>> band_words((-1, 1)), band_words((0, 1)), band_words((-2, 3))
    ('tridiagonal', 'upper bidiagonal', 'banded (2 below, 3 above the diagonal)')
    """
    low, high = found
    named = {(0, 0): "diagonal", (-1, 1): "tridiagonal"}
    named |= {(-1, 0): "lower bidiagonal", (0, 1): "upper bidiagonal"}
    if found in named:
        return named[found]
    if low == high:
        return f"zero but on diagonal {low}"
    if low > 0 or high < 0:
        return f"banded (diagonals {low} to {high})"
    return f"banded ({-low} below, {high} above the diagonal)"
