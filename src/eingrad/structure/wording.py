"""One term of a tensor in words: identity, diagonal, rank 1, Kronecker product, …"""

from __future__ import annotations

from collections.abc import Sequence

from ..dims import Dim, product, shape_text
from .decompose import StructuredTerm
from .sides import Block, Sides, core_facts, crossed, factor_text


def words(term: StructuredTerm, seen: Sides, split: int) -> tuple[str, str]:
    """The kind of a term, and its sentence."""
    if not term.sizes:
        return "scalar", "scalar"
    if seen.odd:
        return _sparse(term, seen, split)
    if not split:
        return _one_sided(term, split)
    identities, diagonals = seen.of_kind("identity"), seen.of_kind("diagonal")
    matrices = seen.of_kind("matrix")
    ends = (*seen.of_kind("column"), *seen.of_kind("row"))
    if not ends and not matrices:
        return _diagonal(term, seen, diagonals)
    if not term.carried and not identities:
        return "constant", "constant: every entry is the same number"
    factors = [_matrix_words(term, b, split) for b in matrices]
    if ends:
        factors.append(_ends_words(term, ends))
    batch = [b for b in (*diagonals, *(m for m in (*matrices, *ends) if m.both))]
    if not identities and not batch:
        if len(factors) > 1:
            return "Kronecker product", _kronecker(term, seen, matrices, ends, split)
        if matrices:
            (block,) = matrices
            said = _facts_words(term, block, split)
            return "dense", f"{said or 'dense'} {_shape_words(term, block)}"
        return _rank_one(term, ends)
    along = []
    if identities:
        along.append(f"identity over {_axes_words(term, identities)}")
    if batch:
        atoms = [Block(b.core, (), (), b.both) for b in batch]
        along.append(f"one block for each place of {_axes_words(term, atoms)}")
    exchanged = " (axes exchanged)" if crossed(term, seen) else ""
    return "block diagonal", f"block diagonal: {' ⊗ '.join([*along, *factors])}{exchanged}"


def _diagonal(term: StructuredTerm, seen: Sides, diagonals: Sequence[Block]) -> tuple[str, str]:
    """All atoms are on both sides."""
    exchanged = crossed(term, seen)
    if diagonals:
        return (
            ("permuted diagonal", "diagonal with axes exchanged")
            if exchanged
            else ("diagonal", "diagonal")
        )
    if exchanged:
        plain = term.coefficient == 1 and term.scalar is None
        return "permutation", f"{'' if plain else 'multiple of a '}permutation: axes exchanged"
    plain = term.coefficient == 1 and term.scalar is None
    return "identity", "identity" if plain else "multiple of the identity"


def _rank_one(term: StructuredTerm, ends: Sequence[Block]) -> tuple[str, str]:
    """Only vectors, each on one side."""
    along = [b for b in ends if b.core is None]
    constant = [k for b in along for a in (*b.rows, *b.columns) for k in term.places(a)]
    if len(along) == len(ends):
        return "constant", "constant: every entry is the same number"
    rows = any(b.rows for b in ends)
    columns = any(b.columns for b in ends)
    kind = "rank 1" if rows and columns else "vector"
    said = kind if kind == "rank 1" else f"dense {shape_text(_shape_of(term))}"
    if constant:
        said += f", constant along {_names(constant)}"
    return kind, said


def _one_sided(term: StructuredTerm, split: int) -> tuple[str, str]:
    """A tensor without rows and columns: a gradient that is no matrix."""
    free = [a for a in range(len(term.sizes)) if a not in term.carried]
    if not term.carried:
        return "constant", "constant: every entry is the same number"
    shape = shape_text(_shape_of(term))
    if len(term.arrays) > 1:
        parts = " and ".join(shape_text(c.node.shape) for c in term.arrays)
        said = f"outer product of {parts} arrays"
    else:
        said = f"dense {shape}"
    if free:
        said += f", constant along {_names([k for a in free for k in term.places(a)])}"
    return "vector" if len(term.arrays) == 1 else "rank 1", said


def _sparse(term: StructuredTerm, seen: Sides, split: int) -> tuple[str, str]:
    """Deltas within one side: nothing but where axes agree."""
    groups = [_names(sorted(set(term.places(a)))) for a in term.deltas]
    where = " and where ".join(f"{g} agree" for g in dict.fromkeys(groups))
    if not split and len(term.axes) == 2:
        return "diagonal", "diagonal"
    return "sparse", f"zero but where {where}"


# --- pieces of sentences --------------------------------------------------------------------------


def _shape_of(term: StructuredTerm) -> tuple[Dim, ...]:
    return tuple(product(term.sizes[a] for a in axis) for axis in term.axes)


def _names(axes: Sequence[int]) -> str:
    """`axis 0`, `axes 0 and 2`."""
    said = [str(k) for k in dict.fromkeys(axes)]
    if len(said) == 1:
        return f"axis {said[0]}"
    return f"axes {', '.join(said[:-1])} and {said[-1]}"


def _axes_words(term: StructuredTerm, blocks: Sequence[Block]) -> str:
    """The first axes of the atoms on both sides; part of one where it holds more atoms."""
    atoms = [a for b in blocks for a in b.both]
    axes = list(dict.fromkeys(term.places(a)[0] for a in atoms))
    whole = all(set(term.axes[k]) <= set(atoms) for k in axes)
    return ("" if whole else "a part of ") + _names(axes)


def _shape_words(term: StructuredTerm, block: Block) -> str:
    rows, columns = block.shape(term)
    return f"{factor_text(rows)}×{factor_text(columns)}"


def _facts_words(term: StructuredTerm, block: Block, split: int) -> str:
    return " ".join(core_facts(term, block, split))


def _matrix_words(term: StructuredTerm, block: Block, split: int) -> str:
    said = _facts_words(term, block, split)
    if block.core is not None and not block.core.is_whole:
        return f"rank 1 {_shape_words(term, block)}"
    each = "a" if block.both else "one"
    return f"{each} {said + ' ' if said else ''}{_shape_words(term, block)} core"


def _ends_words(term: StructuredTerm, ends: Sequence[Block]) -> str:
    rows = product(term.sizes[a] for b in ends for a in b.rows)
    columns = product(term.sizes[a] for b in ends for a in b.columns)
    shape = f"{factor_text(rows)}×{factor_text(columns)}"
    if all(b.core is None for b in ends):
        return f"{shape} ones"
    if any(b.rows for b in ends) and any(b.columns for b in ends):
        return f"rank 1 {shape}"
    return f"one {shape} {'column' if any(b.rows for b in ends) else 'row'}"


def _kronecker(
    term: StructuredTerm,
    seen: Sides,
    matrices: Sequence[Block],
    ends: Sequence[Block],
    split: int,
) -> str:
    shapes = [
        " ".join(x for x in (_facts_words(term, b, split), _shape_words(term, b)) if x)
        for b in matrices
    ]
    if ends:
        shapes.append(_ends_words(term, ends).removeprefix("one "))
    if len(set(shapes)) == 1:
        said = f"Kronecker product of {shapes[0]} factors"
    else:
        said = f"Kronecker product of {' and '.join(shapes)} factors"
    return said + (" (axes exchanged)" if crossed(term, seen) else "")
