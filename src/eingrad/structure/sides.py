"""A term seen as a matrix from inputs to outputs: which atoms are rows, columns, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..dims import Dim, product
from ..ir.build import add, einsum
from ..ir.facts import facts_of
from ..ir.node import Factor, Kernel, Node, Sum, Variable, variable
from ..ir.walk import variables
from .bands import band, band_words
from .count import is_pattern
from .decompose import Core, Decomposition, StructuredTerm
from .network import Network, degree, opened, rank, semidefinite, smaller

MAX_OPENED = 40  # labelling a product of more factors costs too much

SAID = {  # facts as they are said, the strongest first
    "spd": "symmetric positive definite",
    "psd": "symmetric positive semidefinite",
    "diagonal": "diagonal",
    "symmetric": "symmetric",
    "orthogonal": "orthogonal",
    "triangular": "triangular",
}


def split_of(found: Decomposition) -> int:
    """How many axes are rows: all but the last input's; of a gradient that is a matrix, the first.

    0 where there is but one side.
    """
    ndim = len(found.shape)
    last = found.inputs[-1] if found.inputs else 0
    if 0 < last < ndim:
        return ndim - last
    return 1 if ndim == 2 else 0


@dataclass(frozen=True)
class Block:
    """One factor of a term: an identity, or a core as a matrix (a batch of them).

    Attributes
    ----------
    core:
        The array; None for identities and ones.
    rows, columns, both:
        Its atoms that are on one side only, or on both (a batch, diagonal along them).
    symmetric:
        Whether it is known to be symmetric; else that is looked for.
    """

    core: Core | None
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    both: tuple[int, ...]
    symmetric: bool = False

    def shape(self, term: StructuredTerm) -> tuple[Dim, Dim]:
        """Rows × columns of one matrix of the batch."""
        return (
            product(term.sizes[a] for a in self.rows),
            product(term.sizes[a] for a in self.columns),
        )

    @property
    def is_identity(self) -> bool:
        """Whether this is an identity along its atoms."""
        return self.core is None and bool(self.both)

    @property
    def is_matrix(self) -> bool:
        """Whether rows and columns are coupled by more than a delta."""
        return self.core is not None and bool(self.rows) and bool(self.columns)


@dataclass(frozen=True)
class Sides:
    """The factors of a term; their tensor product, times the deltas, is the term.

    Attributes
    ----------
    split:
        How many axes are rows.
    blocks:
        Identities, cores and ones.
    odd:
        Atoms that occur twice on one side, or more than twice: entries are zero where axes differ.
    """

    split: int
    blocks: tuple[Block, ...]
    odd: tuple[int, ...]

    def of_kind(self, kind: str) -> tuple[Block, ...]:
        """The blocks that are `identity`, `matrix`, `diagonal`, `column` or `row`."""
        return tuple(b for b in self.blocks if _kind(b) == kind)


def _kind(block: Block) -> str:
    if block.is_identity:
        return "identity"
    if block.both and not block.rows and not block.columns:
        return "diagonal"
    if block.is_matrix:
        return "matrix"
    return "column" if block.rows else "row"


def sides(term: StructuredTerm, split: int, in_pieces: bool = False) -> Sides:
    """The term as a matrix of the first `split` axes by the others; `in_pieces`, with cores that
    are outer products along common atoms taken apart."""
    above = [a for axis in term.axes[:split] for a in axis]
    below = [a for axis in term.axes[split:] for a in axis]
    odd = tuple(a for a in range(len(term.sizes)) if above.count(a) > 1 or below.count(a) > 1)

    def block(core: Core | None, atoms: Sequence[int]) -> Block:
        return Block(
            core,
            tuple(a for a in atoms if a in above and a not in below),
            tuple(a for a in atoms if a in below and a not in above),
            tuple(a for a in atoms if a in above and a in below),
        )

    cores = term.pieces if in_pieces else term.arrays
    blocks = [block(core, core.atoms) for core in cores]
    blocks += [block(None, (a,)) for a in range(len(term.sizes)) if a not in term.carried]
    blocks = [b for b in blocks if b.both or b.rows or b.columns]  # others lie on hidden axes
    blocks.sort(key=lambda b: min((*b.both, *b.rows, *b.columns)))
    return Sides(split, tuple(blocks), odd)


def with_symmetry(term: StructuredTerm, seen: Sides) -> Sides:
    """The one matrix of a term that is symmetric as a whole is symmetric: C ⊗ D = Cᵀ ⊗ Dᵀ, where
    D is made of identities, diagonals and at most one outer product, leaves nothing else."""
    matrices = seen.of_kind("matrix")
    if len(matrices) != 1 or seen.odd or crossed(term, seen):
        return seen
    above = [k for a in matrices[0].rows for k in term.places(a)]
    below = [k - seen.split for a in matrices[0].columns for k in term.places(a)]
    if above != below:
        return seen
    blocks = tuple(replace(b, symmetric=True) if b is matrices[0] else b for b in seen.blocks)
    return replace(seen, blocks=blocks)


def crossed(term: StructuredTerm, seen: Sides) -> bool:
    """Whether rows and columns hold the factors in different orders."""
    owner: dict[int, tuple[int, int]] = {}
    for k, block in enumerate(seen.blocks):
        if block.rows and block.columns:
            owner.update(dict.fromkeys((*block.rows, *block.columns), (k, -1)))
        owner.update({a: (k, a) for a in block.both})
    rows = [owner[a] for axis in term.axes[: seen.split] for a in axis if a in owner]
    columns = [owner[a] for axis in term.axes[seen.split :] for a in axis if a in owner]
    return list(dict.fromkeys(rows)) != list(dict.fromkeys(columns))


def is_symmetric(term: StructuredTerm, block: Block, split: int) -> bool:
    """Whether a core stays the same when output and input axes are exchanged.

    Row atoms are paired with column atoms in the order of the axes.
    """
    core = block.core
    if block.symmetric:
        return True
    if core is None or len(block.rows) != len(block.columns):
        return False
    above = [a for axis in term.axes[:split] for a in axis if a in block.rows]
    below = [a for axis in term.axes[split:] for a in axis if a in block.columns]
    if len(above) != len(below):  # an atom that stands on several axes of one side
        return False
    pairs = list(zip(above, below, strict=True))
    if not pairs or any(term.sizes[a] != term.sizes[b] for a, b in pairs):
        return False
    exchanged = {**dict(pairs), **{b: a for a, b in pairs}}
    order = tuple(core.atoms.index(exchanged.get(a, a)) for a in core.atoms)
    return bool(core.node.memo(f"stays with axes {order}", lambda: stays(core.node, order)))


def stays(node: Node, order: Sequence[int]) -> bool:
    """Whether a node is the same with its axes in another order, as far as its form shows."""
    taken = {v.name for v in variables(node)}
    tags = [variable(_unused(f"·{k}", taken), (d,)) for k, d in enumerate(node.shape)]
    return _probe(node, tags) is _probe(node, [tags[k] for k in order])


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "·"
    return name


def _probe(root: Node, tags: Sequence[Variable]) -> Node:
    """The node contracted with a distinct vector on each axis: a canonical scalar that tells
    whether two axes are alike."""
    ends = [Factor(tag, ((k,),)) for k, tag in enumerate(tags)]
    sizes = dict(enumerate(root.shape))
    total: list[Node] = []
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, Sum):
            pending.extend(node.operands)
            continue
        whole = Factor(node, tuple((k,) for k in range(node.ndim)))
        net = opened([whole], sizes)
        if len(net.factors) > MAX_OPENED:
            net = Network(1, (whole,), sizes, ())
        total.append(einsum([*net.factors, *ends], [], net.coefficient, {**net.sizes}))
    return add(*total)


def core_facts(term: StructuredTerm, block: Block, split: int) -> tuple[str, ...]:
    """What is known of a core: symmetric, triangular, constant, …"""
    core = block.core
    if core is None:
        return ()
    said = []
    if block.rows and block.columns:
        known = facts_of(core.node) if len(core.atoms) == 2 and not block.both else frozenset()
        if is_symmetric(term, block, split):
            if not known & {"spd", "psd"} and _is_semidefinite(term, block, split):
                known |= {"psd"}
            said.append(next((w for f, w in SAID.items() if f in known), "symmetric"))
        else:
            said += [SAID[f] for f in ("orthogonal", "triangular") if f in known]
        patterns = [*_patterns(block), *_shifted(term, block)]
        said += patterns or _banded(block)
    if not variables(core.node) and not is_pattern(core):
        said.append("constant")
    return tuple(dict.fromkeys(said))


def _is_semidefinite(term: StructuredTerm, block: Block, split: int) -> bool:
    """Whether the form of a core (of each of a batch) shows that it is positive semidefinite."""
    above = [a for axis in term.axes[:split] for a in axis if a in block.rows]
    below = [a for axis in term.axes[split:] for a in axis if a in block.columns]
    return block.core is not None and semidefinite(_network(term, block.core), above, below)


def _patterns(block: Block) -> list[str]:
    """Triangular parts and selections among the factors of a core."""
    said = []
    assert block.core is not None
    for node, indices in block.core.parts:
        if not isinstance(node, Kernel):
            continue
        if node.kind not in ("tril", "triu"):
            said.append("selection" if node.kind == "gather" else node.kind)
            continue
        offset = dict(node.params)["k"]
        flipped = set(indices[0]) <= set(block.columns)
        lower = (node.kind == "tril") != flipped
        strict = offset < 0 if node.kind == "tril" else offset > 0
        loose = offset > 0 if node.kind == "tril" else offset < 0
        name = "lower" if lower else "upper"
        said.append(
            f"{'strictly ' if strict else ''}{name} triangular"
            if not loose
            else f"zero beyond a diagonal ({name})"
        )
    return said


def _shifted(term: StructuredTerm, block: Block) -> list[str]:
    """Matrices of a convolution: Σ_k w_k S_ikp depends on p − i only, Σ_p x_p S_ikp on i + k."""
    assert block.core is not None
    net = _network(term, block.core)
    shifts = [f for f in net.factors if isinstance(f.node, Kernel) and f.node.kind == "shifts"]
    ends = {*block.rows, *block.columns}
    if len(shifts) != 1 or len(ends) != 2 or block.both:
        return []
    places = [axis[0] if len(axis) == 1 else -1 for axis in shifts[0].indices]
    others = [f for f in net.factors if f is not shifts[0]]
    if not ends <= set(places) or any(ends & {a for x in f.indices for a in x} for f in others):
        return []
    (summed,) = (k for k, a in enumerate(places) if a not in ends)
    steps = dict(shifts[0].node.params)  # type: ignore[attr-defined]
    stride, dilation = steps["stride"], steps["dilation"]
    if summed == 2:
        return ["Hankel"] if stride == dilation else []
    step = stride if summed == 1 else dilation
    return ["banded Toeplitz"] if step == 1 else ["banded"]


def _banded(block: Block) -> list[str]:
    """How far from the diagonal entries reach, where the form shows that."""
    core = block.core
    assert core is not None
    if len(core.atoms) != 2 or block.both or is_pattern(core):
        return []
    found = band(core.node)
    if found is None:
        return []
    if core.atoms[0] not in block.rows:
        found = (-found[1], -found[0])
    return [band_words(found)]


def rank_bound(term: StructuredTerm, block: Block) -> Dim | None:
    """A bound of the rank of a core as a matrix (of each of a batch): the size of summed indices
    that separate its rows from its columns.

    None where there are no such indices, or the bound is not below the sizes; of a band neither,
    which says more than that n − 1 differences have rank n − 1.
    """
    if block.core is None or not block.is_matrix or _banded(block):
        return None
    best = rank(_network(term, block.core), block.rows, block.columns)
    shape = block.shape(term)
    if best is None or best in shape or any(smaller(d, best) for d in shape):
        return None
    return best


def tells(bound: Dim, shape: Sequence[Dim]) -> bool:
    """Whether a bound is certainly below sizes: as integers, or fewer symbols are multiplied."""
    if bound.as_int() is not None and all(d.as_int() is not None for d in shape):
        return all(smaller(bound, d) for d in shape)
    return all(degree(bound) < degree(d) for d in shape)


def _network(term: StructuredTerm, core: Core) -> Network:
    """The core with its contractions opened; one that was added up is one factor."""
    return opened([Factor(core.node, tuple((a,) for a in core.atoms))], dict(enumerate(term.sizes)))


def size_text(dim: Dim) -> str:
    """A number of entries as people write it.

    >>> m, n = Dim.symbol("m"), Dim.symbol("n")
    >>> size_text(2 * n * n * m - m + 1), size_text(Dim.symbol("batch") * n), size_text(Dim([]))
    ('2mn² − m + 1', 'batch·n', '0')
    """
    if not dim.terms:
        return "0"
    text = ""
    for k, (symbols, coefficient) in enumerate(dim.terms):
        powers = {s: symbols.count(s) for s in symbols}
        parts = [s + (str(p).translate(_RAISED) if p > 1 else "") for s, p in powers.items()]
        number = str(abs(coefficient))
        joint = "" if all(len(s) == 1 for s in symbols) else "·"
        body = joint.join(parts if parts and number == "1" else [number, *parts])
        sign = " − " if coefficient < 0 else " + "
        text += body if not k and coefficient > 0 else sign.strip() + body if not k else sign + body
    return text


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def factor_text(dim: Dim) -> str:
    """A size beside a ×: a sum is bracketed."""
    return size_text(dim) if len(dim.terms) <= 1 else f"({size_text(dim)})"


def fraction_text(dim: Dim) -> str:
    """A size below a stroke: all but a symbol or a number is bracketed."""
    text = size_text(dim)
    return text if text.isalnum() and len(dim.terms[0][0]) <= 1 else f"({text})"
