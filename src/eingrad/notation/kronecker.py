"""Merged axes in matrix notation: Kronecker products, vec and the commutation matrix.

The rows of the matrix are the atoms `rows` (slowest first), its columns the atoms `columns`; a
reduced network has edges between them. With rows (j, i) and columns (l, k), as vec orders the axes
of two matrices:

* edges j–l and i–k:  P ⊗ Q
* edges j–k and i–l:  (R ⊗ S) K
* edges i–j and k–l only:  vec(E) vec(F)ᵀ
* an edge i–j beside the others:  diag(vec(E)) in front, and k–l behind
"""

from __future__ import annotations

from collections.abc import Sequence

from ..dims import ONE
from .network import Network, NotReducible
from .tree import COLUMN, Tree, call, commutation, diag, kron, ones, product, transposed


def kronecker_form(net: Network, out: Sequence[Sequence[int]]) -> Tree:
    """The tree of a reduced network with one or two axes, each of any number of atoms."""
    if len(out) == 1:
        return _column(net, tuple(out[0]), net.edges)
    rows, columns = map(tuple, out)
    if not rows and not columns:
        return product(ones(ONE), transposed(ones(ONE)))
    if not rows:
        return transposed(_column(net, columns, net.edges))
    if not columns:
        return _column(net, rows, net.edges)
    if len(rows) < len(columns):
        return transposed(_matrix(net, columns, rows))
    return _matrix(net, rows, columns)


def vec(matrix: Tree) -> Tree:
    """vec(M): columns stacked; of xyᵀ it is y ⊗ x."""
    return call("vec", matrix, kind=COLUMN)


def _weight(net: Network, atom: int) -> Tree:
    found = net.weight(atom)
    return ones(net.sizes[atom]) if found is None else found


def _column(net: Network, atoms: tuple[int, ...], edges: Sequence[tuple[int, int, Tree]]) -> Tree:
    """A column with the merged axis `atoms`, all `edges` being among them."""
    if not atoms:
        return ones(ONE)
    if len(atoms) == 2 and (edges or atoms[0] == atoms[1]):
        j, i = atoms
        return vec(net.monomial_core(i, j))
    if edges or len(set(atoms)) < len(atoms):
        raise NotReducible
    return kron(*(_weight(net, a) for a in atoms))


def _matrix(net: Network, rows: tuple[int, ...], columns: tuple[int, ...]) -> Tree:
    pairs = {frozenset(e[:2]) for e in net.edges}
    within_rows = {p for p in pairs if p <= set(rows)}
    within_columns = {p for p in pairs if p <= set(columns)} - within_rows
    across = pairs - within_rows - within_columns
    if not across and not set(rows) & set(columns):
        edges = net.edges
        return product(
            _column(net, rows, [e for e in edges if frozenset(e[:2]) in within_rows]),
            transposed(
                _column(net, columns, [e for e in edges if frozenset(e[:2]) in within_columns])
            ),
        )
    if len(set(rows)) < len(rows) or len(set(columns)) < len(columns):
        raise NotReducible
    if (within_rows or within_columns) and (len(rows) > 2 or len(columns) > 2):
        raise NotReducible
    middle = _slots(net, rows, columns, across)
    front = [_diagonal(net, rows)] if within_rows else []
    back = [_diagonal(net, columns)] if within_columns else []
    return product(*front, middle, *back)


def _diagonal(net: Network, atoms: tuple[int, ...]) -> Tree:
    j, i = atoms
    edge = net.between(i, j)
    assert edge is not None
    return diag(vec(edge))


def _slots(
    net: Network, rows: tuple[int, ...], columns: tuple[int, ...], across: set[frozenset[int]]
) -> Tree:
    """Rows paired with columns: slot by slot, or crossed with a commutation matrix."""

    def joined(a: int, b: int) -> bool:
        return a == b or frozenset((a, b)) in across

    links = {(p, q) for p, a in enumerate(rows) for q, b in enumerate(columns) if joined(a, b)}
    if len(rows) == len(columns):
        if all(p == q for p, q in links):
            return kron(*(_entry(net, a, b) for a, b in zip(rows, columns, strict=True)))
        if len(rows) == 2 and links <= {(0, 1), (1, 0)}:
            (j, i), (l, k) = rows, columns
            sizes = net.sizes
            return product(
                kron(_entry(net, j, k), _entry(net, i, l)), commutation(sizes[k], sizes[l])
            )
        raise NotReducible
    # More row atoms than columns: the others stand alone, in their places.
    places = [p for p, _ in sorted(links)]
    if len({p for p, _ in links}) < len(links) or [q for _, q in sorted(links)] != list(
        range(len(columns))
    ):
        raise NotReducible
    parts = []
    for p, a in enumerate(rows):
        if p in places:
            parts.append(_entry(net, a, columns[places.index(p)]))
        else:
            parts.append(_weight(net, a))
    return kron(*parts)


def _entry(net: Network, row: int, column: int) -> Tree:
    return net.monomial_core(row, column)
