"""How many entries, nonzeros, distinct values and stored numbers a structured tensor has.

All are polynomials in the sizes; nonzeros and distinct values are upper bounds that generic values
reach or nearly reach.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeGuard

from ..dims import Dim, product
from ..errors import ShapeError
from ..ir.indices import Atoms, SplitConflict
from ..ir.node import AxisIndex, Contraction, Factor, Kernel, Node, Term
from .bands import Band, band
from .decompose import Core, Decomposition, StructuredTerm
from .network import degree, opened

MAX_SUPPORTS = 6  # the union of more supports than this is bounded by their sum

Support = tuple[tuple[tuple[tuple[int, Dim], ...], ...], Dim]


@dataclass(frozen=True)
class Counts:
    """Sizes of a structured tensor.

    Attributes
    ----------
    entries:
        All entries.
    nonzero:
        At most so many differ from zero (the deltas make the others vanish).
    distinct:
        At most so many different values occur, zero included.
    stored:
        Numbers in the cores, equal cores counted once.
    """

    entries: Dim
    nonzero: Dim
    distinct: Dim
    stored: Dim

    @property
    def zeros(self) -> Dim:
        """At least so many entries are zero whatever the values are."""
        return self.entries - self.nonzero


def count(found: Decomposition) -> Counts:
    """Count a decomposition."""
    entries = product(found.shape)
    if not found.terms:
        return Counts(entries, Dim([]), Dim.of(1), Dim([]))
    nonzero = _at_most(entries, nonzeros(found.terms))
    distinct = distinct_values(found.terms)
    if nonzero != entries or any(map(_patterned, found.terms)):
        distinct = _at_most(nonzero, distinct) + 1
    return Counts(entries, nonzero, _at_most(entries, distinct), stored(found.terms))


def _at_most(limit: Dim, bound: Dim) -> Dim:
    """The bound, unless it is above the limit for all sizes of at least 1."""
    if limit.as_int() is not None and bound.as_int() is not None:
        return min(limit, bound, key=lambda d: d.as_int() or 0)
    above = all(c >= 0 for _, c in (bound - limit).terms)
    degree = [max((len(m) for m, _ in d.terms), default=0) for d in (bound, limit)]
    return limit if above or degree[0] > degree[1] else bound


def is_pattern(core: Core) -> bool:
    """Whether a core is nothing but a 0/1 pattern: no number of it is stored."""
    return bool(core.parts) and all(isinstance(f.node, Kernel) for f in core.parts)


def nonzeros(terms: Sequence[StructuredTerm]) -> Dim:
    """The number of entries that some term reaches, by inclusion and exclusion; terms with patterns
    are only added."""
    diagonal = any(map(_has_diagonal, terms))
    supports = _maximal(
        [_support(t) for t in terms if not _patterned(t) and not (diagonal and _is_diagonal(t))]
    )
    rest = [
        term_nonzeros(t)
        for t in terms
        if _patterned(t) and not any(_inside(_plain(t), axes) for axes, _ in supports)
    ]
    return _union(supports) + _sum(rest)


def _patterned(term: StructuredTerm) -> bool:
    """Whether 0/1 patterns make entries of a term vanish that its deltas leave."""
    return any(
        isinstance(f.node, Kernel) or _band(f) is not None for c in term.arrays for f in c.parts
    )


def _is_diagonal(term: StructuredTerm) -> bool:
    """Whether a term is a diagonal of a matrix."""
    return len(term.axes) == 2 and term.axes[0] == term.axes[1] == (0,)


def _has_diagonal(term: StructuredTerm) -> bool:
    """Whether a term is a matrix with a band that holds the diagonal."""
    if len(term.axes) != 2 or len(term.sizes) != 2 or len(term.arrays) != 1:
        return False
    (part,) = term.arrays[0].parts[:1]
    found = None if len(term.arrays[0].parts) > 1 else band(part.node)
    return found is not None and found[0] <= 0 <= found[1]


def _band(part: Factor) -> tuple[Dim, Dim] | None:
    """Of a band, its entries with those around it, and how many places it has; of a convolution's
    matrix Σ_k w_k S_ikp with i and p on axes of their own how many S has, of which each reaches one
    entry."""
    node = part.node
    reach = None if isinstance(node, Kernel) else band(node)
    if reach is not None and reach != (0, 0):
        return product(node.shape), _places(node.shape, reach)
    if not isinstance(node, Contraction):
        return None
    for kernel, indices in node.factors:
        if not isinstance(kernel, Kernel) or kernel.kind != "shifts":
            continue
        if any(len(axis) != 1 for axis in indices):
            continue
        rows, taps, columns = (axis[0] for axis in indices)
        kept = [a for a in (rows, taps) if a in node.out]
        if len(kept) == 1 and columns in node.out:
            count, width, length = kernel.shape
            across = count if kept[0] == rows else width
            return across * length, count * width
    return None


def _places(shape: Sequence[Dim], reach: Band) -> Dim:
    """How many places a band has; at most, where sizes are symbols."""
    (rows, m), (columns, n) = ((d, d.as_int()) for d in shape)
    low, high = reach
    if m is not None and n is not None:
        return Dim.of(sum(max(min(i + high, n - 1) - max(i + low, 0) + 1, 0) for i in range(m)))
    shorter = columns if rows.as_int() is None and columns.as_int() is not None else rows
    return shorter * (high - low + 1)


def _union(supports: Sequence[Support]) -> Dim:
    if len(supports) > MAX_SUPPORTS:
        return _sum(size for _, size in supports)
    total = Dim([])
    for k in range(1, len(supports) + 1):
        for chosen in combinations(supports, k):
            common = chosen[0][1] if k == 1 else _common([axes for axes, _ in chosen])
            if common is None:  # cut differently: do not subtract what is not known
                return _sum(size for _, size in supports)
            total = total + (common if k % 2 else Dim([]) - common)
    return total


def _support(term: StructuredTerm) -> Support:
    """The axes of a term with sizes at the atoms, and how many entries it reaches."""
    axes = tuple(tuple((a, term.sizes[a]) for a in axis) for axis in term.axes)
    return axes, term_nonzeros(term)


def term_nonzeros(term: StructuredTerm) -> Dim:
    """How many entries one term reaches; its selections have one entry in a row."""
    total = term.support
    for kernel in _kernels(term):
        rows, columns = kernel.shape
        within = rows
        if kernel.kind not in ("selection", "gather"):
            m, n = rows.as_int(), columns.as_int()
            within = rows * columns
            if m is not None and n is not None:
                within = Dim.of(_triangle(m, n, dict(kernel.params)["k"], kernel.kind == "tril"))
        rest = total.divide(rows * columns)
        if rest is not None:
            total = rest * within
    bands = [b for c in term.arrays for f in c.parts if (b := _band(f)) is not None]
    for entries, reached in bands[:1]:
        rest = total.divide(entries)
        if rest is not None:
            total = _at_most(total, rest * reached)
    return total


def _kernels(term: StructuredTerm) -> list[Kernel]:
    """The patterns over two atoms of their own; a second one on the same atoms does not count."""
    found: list[Kernel] = []
    used: set[int] = set()
    for core in term.arrays:
        for node, indices in core.parts:
            atoms = [a for axis in indices for a in axis]
            if _counted(node) and len(set(atoms)) == 2 and not used & set(atoms):
                used.update(atoms)
                found.append(node)
    return found


def _counted(node: Node) -> TypeGuard[Kernel]:
    return isinstance(node, Kernel) and node.kind in ("tril", "triu", "selection", "gather")


def _triangle(rows: int, columns: int, k: int, lower: bool) -> int:
    """How many entries of a triangle are ones."""
    kept = sum(min(max(i + k + 1, 0), columns) for i in range(rows))
    if lower:
        return kept
    return rows * columns - sum(min(max(i + k, 0), columns) for i in range(rows))


def _maximal(supports: Sequence[Support]) -> list[Support]:
    """The supports that are not inside another one."""
    unique = list(dict.fromkeys(supports))
    return [
        s for s in unique if not any(o is not s and _inside(s[0], o[0]) and o != s for o in unique)
    ]


def _inside(inner: Sequence[Sequence[object]], outer: Sequence[Sequence[object]]) -> bool:
    """Whether the axes `inner` have all the deltas of `outer`."""
    image: dict[object, object] = {}
    for a, b in zip(outer, inner, strict=True):
        if len(a) != len(b):
            return False
        if any(image.setdefault(x, y) != y for x, y in zip(a, b, strict=True)):
            return False
    return True


def _common(all_axes: Sequence[Sequence[Sequence[tuple[int, Dim]]]]) -> Dim | None:
    """How many entries all these deltas leave; None where the axes are cut too differently."""
    joined = _join(all_axes)
    if joined is None:
        return None
    atoms, places = joined
    left = {a for axis in places[0] for a in atoms.resolve(axis)}
    return product(atoms.size[a] for a in left)


def _join(
    all_axes: Sequence[Sequence[Sequence[tuple[int, Dim]]]],
) -> tuple[Atoms, list[list[AxisIndex]]] | None:
    """Atoms of several terms in one store, made equal where their axes are."""
    atoms = Atoms()
    places: list[list[AxisIndex]] = []
    for axes in all_axes:
        local: dict[int, int] = {}
        for axis in axes:
            for a, size in axis:
                if a not in local:
                    local[a] = atoms.fresh(size)
        places.append([tuple(local[a] for a, _ in axis) for axis in axes])
    try:
        for other in places[1:]:
            for left, right in zip(places[0], other, strict=True):
                atoms.unify(left, right)
    except (SplitConflict, ShapeError):
        return None
    return atoms, places


def distinct_values(terms: Sequence[StructuredTerm]) -> Dim:
    """A bound on the values that occur: in each region where certain terms are present, one for
    each position in their cores."""
    if len(terms) > MAX_SUPPORTS:
        return _sum(t.support for t in terms)
    total = Dim([])
    seen: set[frozenset[int]] = set()
    for k in range(len(terms), 0, -1):
        for chosen in combinations(range(len(terms)), k):
            present = _present(terms, chosen)
            if present is None or present in seen:
                continue
            seen.add(present)
            total = total + _positions([terms[i] for i in sorted(present)])
    return total


def _present(terms: Sequence[StructuredTerm], chosen: Sequence[int]) -> frozenset[int] | None:
    """The terms that are there wherever the chosen ones are (a dense term always is)."""
    result = set(chosen)
    for k, other in enumerate(terms):
        optional = any(is_pattern(c) for c in other.arrays)
        if (
            k not in result
            and not optional
            and any(_inside(_plain(terms[i]), _plain(other)) for i in chosen)
        ):
            result.add(k)
    return frozenset(result)


def _plain(term: StructuredTerm) -> list[list[tuple[int, Dim]]]:
    return [[(a, term.sizes[a]) for a in axis] for axis in term.axes]


def _positions(terms: Sequence[StructuredTerm]) -> Dim:
    """How many different positions in the cores of these terms meet in an entry."""
    joined = _join([_plain(t) for t in terms])
    if joined is None:
        return product(d for t in terms for d in t.sizes)
    atoms, places = joined
    used: set[int] = set()
    for term, axes in zip(terms, places, strict=True):
        local = {
            a: here
            for axis, held in zip(term.axes, axes, strict=True)
            for a, here in zip(axis, held, strict=True)
        }
        carried = {a for c in term.cores if not is_pattern(c) for a in c.atoms}
        used.update(x for a in carried for x in atoms.resolve((local[a],)))
    return product(atoms.size[a] for a in used)


def stored(terms: Sequence[StructuredTerm]) -> Dim:
    """Numbers in the cores; a core and its transpose count once."""
    return _sum_of_arrays(p.node for t in terms for p in _held(t))


def stored_open(terms: Sequence[StructuredTerm]) -> Dim:
    """As `stored`, with those cores as the products of matrices that they are which are certainly
    larger than these: of X and p for Σ_i X_ia p_ib X_ic p_id."""
    nodes: list[Node] = []
    for term in terms:
        for piece in _held(term):
            held = [piece.node]
            for deep in (False, True):
                net = opened(piece.parts, dict(enumerate(term.sizes)), deep=deep)
                inside = list(dict.fromkeys(f.node for f in net.factors))
                totals = [
                    _sum(product(n.shape) for n in nodes_ if not isinstance(n, Kernel))
                    for nodes_ in (inside, held)
                ]
                if net.summed and _certainly_less(*totals):
                    held = inside
            nodes += held
    return _sum_of_arrays(nodes)


def _held(term: StructuredTerm) -> list[Core]:
    scalars = [c for c in term.cores if not c.atoms]
    return [p for p in (*scalars, *term.pieces) if not is_pattern(p)]


def _certainly_less(a: Dim, b: Dim) -> bool:
    """As integers; where sizes are symbols, by two that are multiplied (by one, m blocks k×k with k
    small would count as more than an m×n array), or by parts of the products in b: 3n beside n²."""
    x, y = a.as_int(), b.as_int()
    if x is not None and y is not None:
        return x < y
    wholes, parts = ([Counter(symbols) for symbols, _ in d.terms] for d in (b, a))
    within = all(any(p < w for w in wholes) for p in parts)
    return within or degree(a) + 1 < degree(b)


def fewest(first: Dim, *others: Dim) -> Dim:
    """Of several counts of numbers one that is certainly less than those before it."""
    for other in others:
        if _certainly_less(other, first):
            first = other
    return first


def _sum_of_arrays(nodes: Iterable[Node]) -> Dim:
    """Entries in all; an array and its transpose count once."""
    cores: set[Node] = set()
    for node in nodes:
        if isinstance(node, Kernel):
            continue
        if isinstance(node, Term) and len(node.factors) == 1:
            inner: Factor = node.factors[0]
            if product(inner.node.shape) == product(node.shape):
                node = inner.node
        cores.add(node)
    total = _sum(product(node.shape) for node in cores)
    return total if cores else Dim.of(1)


def _sum(dims: Iterable[Dim]) -> Dim:
    total = Dim([])
    for dim in dims:
        total = total + dim
    return total
