"""Merged axes in matrix notation: Kronecker products, vec and the commutation matrix.

The rows of the matrix are the atoms `rows` (slowest first), its columns the atoms `columns`; a
reduced network has edges between them. With rows (j, i) and columns (l, k), as vec orders the axes
of two matrices:

* edges j–l and i–k:  P ⊗ Q
* edges j–k and i–l:  (R ⊗ S) K
* edges i–j and k–l only:  vec(E) vec(F)ᵀ
* an edge i–j beside the others:  diag(vec(E)) in front, and k–l behind

More atoms are read from the slowest to the fastest: rows and columns that are joined make a factor,
two rows that are joined a vec. Where the atoms do not stand in that order, two neighbouring blocks
of them are exchanged by a commutation matrix: ∂vec(A ⊗ B)/∂vec Aᵀ = (I ⊗ K ⊗ I)(I ⊗ vec B).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from ..dims import ONE
from ..dims import product as dims_product
from .network import Network, NotReducible
from .tree import COLUMN, Tree, call, commutation, diag, eye, kron, ones, product, transposed

MAX_ATOMS = 7  # the exchanges that are tried grow with the cube of it


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
    if len(set(atoms)) < len(atoms):
        raise NotReducible
    pairs = {frozenset(e[:2]) for e in edges}
    return _exchanged(net, atoms, (), pairs) if pairs else _chain(net, atoms, (), pairs)


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
    if len(rows) == len(columns) == 2 and (within_rows or within_columns):
        middle = _exchanged(net, rows, columns, across)
        front = [_diagonal(net, rows)] if within_rows else []
        back = [_diagonal(net, columns)] if within_columns else []
        return product(*front, middle, *back)
    return _exchanged(net, rows, columns, pairs)


def _diagonal(net: Network, atoms: tuple[int, ...]) -> Tree:
    j, i = atoms
    edge = net.between(i, j)
    assert edge is not None
    return diag(vec(edge))


def _exchanged(
    net: Network, rows: tuple[int, ...], columns: tuple[int, ...], pairs: set[frozenset[int]]
) -> Tree:
    """A chain, if need be with two neighbouring blocks of columns or rows exchanged."""
    try:
        return _chain(net, rows, columns, pairs)
    except NotReducible:
        if max(len(rows), len(columns)) > MAX_ATOMS:
            raise
    found: list[tuple[int, Tree]] = []
    for before, first, second, after in _blocks(columns):
        try:
            body = _chain(net, rows, before + second + first + after, pairs)
        except NotReducible:
            continue
        whole = product(body, _commuting(net, before, second, first, after))
        found.append((body.length, whole))
    if not found:
        for before, first, second, after in _blocks(rows):
            try:
                body = _chain(net, before + second + first + after, columns, pairs)
            except NotReducible:
                continue
            whole = product(_commuting(net, before, first, second, after), body)
            found.append((body.length, whole))
    if not found:
        raise NotReducible
    return min(found, key=lambda lw: lw[0])[1]


def _blocks(atoms: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """A sequence cut into what stands before two neighbouring blocks, these, and what follows;
    short blocks first."""
    cuts = combinations(range(len(atoms) + 1), 3)
    for p, q, r in sorted(cuts, key=lambda c: (c[2] - c[0], c)):
        yield atoms[:p], atoms[p:q], atoms[q:r], atoms[r:]


def _commuting(
    net: Network,
    before: tuple[int, ...],
    first: tuple[int, ...],
    second: tuple[int, ...],
    after: tuple[int, ...],
) -> Tree:
    """The matrix I ⊗ K ⊗ I that brings `second` before `first` into the order named."""
    sizes = [dims_product(net.sizes[a] for a in part) for part in (before, first, second, after)]
    middle = commutation(sizes[1], sizes[2])
    left = [eye(sizes[0])] if before else []
    right = [eye(sizes[3])] if after else []
    return kron(*left, middle, *right)


def _chain(
    net: Network, rows: tuple[int, ...], columns: tuple[int, ...], pairs: set[frozenset[int]]
) -> Tree:
    """The Kronecker product of what the atoms are joined to, from the slowest to the fastest."""

    def joined(a: int, b: int) -> bool:
        return a == b or frozenset((a, b)) in pairs

    def alone(atom: int) -> bool:
        others = rows + columns
        return others.count(atom) == 1 and not any(atom in pair for pair in pairs)

    factors: list[Tree] = []
    used: list[int] = []  # an atom with two edges is no chain
    written: set[frozenset[int]] = set()  # nor is one that leaves an edge out
    i = j = 0
    while i < len(rows) or j < len(columns):
        row = rows[i] if i < len(rows) else None
        column = columns[j] if j < len(columns) else None
        if row is not None and column is not None and joined(row, column):
            factors.append(_entry(net, row, column))
            used += {row, column}
            written.add(frozenset((row, column)))
            i, j = i + 1, j + 1
        elif row is not None and column is not None and alone(row) and alone(column):
            factors.append(_entry(net, row, column))
            i, j = i + 1, j + 1
        elif row is not None and i + 1 < len(rows) and joined(row, rows[i + 1]):
            factors.append(vec(net.monomial_core(rows[i + 1], row)))
            used += rows[i : i + 2]
            written.add(frozenset(rows[i : i + 2]))
            i += 2
        elif column is not None and j + 1 < len(columns) and joined(column, columns[j + 1]):
            factors.append(transposed(vec(net.monomial_core(columns[j + 1], column))))
            used += columns[j : j + 2]
            written.add(frozenset(columns[j : j + 2]))
            j += 2
        elif row is not None and alone(row):
            factors.append(_weight(net, row))
            i += 1
        elif column is not None and alone(column):
            factors.append(transposed(_weight(net, column)))
            j += 1
        else:
            raise NotReducible
    if len(set(used)) < len(used) or not pairs <= written:
        raise NotReducible
    return kron(*factors)


def _entry(net: Network, row: int, column: int) -> Tree:
    return net.monomial_core(row, column)
