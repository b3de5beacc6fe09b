"""One term of a tensor in words: identity, diagonal, rank 1, Kronecker product, …"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ..dims import Dim, product, shape_text
from ..ir.facts import facts_of
from ..ir.node import Apply, Factor, Node, Term
from .decompose import StructuredTerm
from .sides import Block, Sides, core_facts, crossed, factor_text, rank_bound, size_text, tells


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
    batch = [*diagonals, *(b for b in (*matrices, *ends) if b.both)]
    if not identities and not batch:
        if len(matrices) + bool(ends) > 1:
            return "Kronecker product", _kronecker(term, seen, matrices, ends, split)
        return _matrix(term, matrices[0], split) if matrices else _rank_one(term, ends)
    alone = len(matrices) == 1 and not diagonals and not ends
    factors = [_matrix_words(term, b, split, alone) for b in matrices]
    if ends:
        factors.append(_ends_words(term, ends))
    along = []
    if identities:
        along.append(f"identity over {_places_words(term, identities)}")
    if diagonals:
        along.append(f"diagonal over {_places_words(term, diagonals)}")
    if len(batch) > len(diagonals):
        atoms = [Block(b.core, (), (), b.both) for b in batch if b not in diagonals]
        along.append(f"one block for each place of {_places_words(term, atoms)}")
    exchanged = " (axes exchanged)" if crossed(term, seen) else ""
    return "block diagonal", f"block diagonal: {' ⊗ '.join([*along, *factors])}{exchanged}"


def _matrix(term: StructuredTerm, block: Block, split: int) -> tuple[str, str]:
    """One core that is the whole matrix."""
    shape = _shape_words(term, block)
    if block.core is not None and not block.core.is_whole:
        if _is_rank_one(term, block):
            return "rank 1", f"rank 1 {shape}"
        return "product", f"{shape} product of {_arrays_words(term, block)}, entry by entry"
    said = _signed(_facts_words(term, block, split), _sign(term, block))
    return "dense", f"{said or 'dense'} {shape}{_rank_words(term, block)}"


def _diagonal(term: StructuredTerm, seen: Sides, diagonals: Sequence[Block]) -> tuple[str, str]:
    """All atoms are on both sides."""
    exchanged = crossed(term, seen)
    if diagonals:
        return (
            ("permuted diagonal", "diagonal with axes exchanged")
            if exchanged
            else ("diagonal", "diagonal")
        )
    plain = term.coefficient == 1 and all(any(b.core is c for b in seen.blocks) for c in term.cores)
    if exchanged:
        return "permutation", f"{'' if plain else 'multiple of a '}permutation: axes exchanged"
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
    said = kind if kind == "rank 1" else _whole_words(term)
    if constant:
        said += f", constant along {_names(constant)}"
    return kind, said


def _one_sided(term: StructuredTerm, split: int) -> tuple[str, str]:
    """A tensor without rows and columns: a gradient that is no matrix."""
    free = [a for a in range(len(term.sizes)) if a not in term.carried]
    if not term.carried:
        return "constant", "constant: every entry is the same number"
    if len(term.arrays) > 1:
        parts = " and ".join(shape_text(c.node.shape) for c in term.arrays)
        said = f"outer product of {parts} arrays"
    else:
        said = _whole_words(term)
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


def _whole_words(term: StructuredTerm) -> str:
    """An array without rows and columns."""
    shape = tuple(d for d in _shape_of(term) if not d.is_one)
    if len(shape) == 1:
        return f"vector of {size_text(shape[0])} entries"
    return f"dense {shape_text(_shape_of(term))}"


def _names(axes: Sequence[int]) -> str:
    """`axis 0`, `axes 0 and 2`."""
    said = [str(k) for k in dict.fromkeys(axes)]
    if len(said) == 1:
        return f"axis {said[0]}"
    return f"axes {', '.join(said[:-1])} and {said[-1]}"


def axes_words(axes: Sequence[int]) -> str:
    """Axes by their numbers."""
    return _names(axes)


def _places_words(term: StructuredTerm, blocks: Sequence[Block]) -> str:
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


def _matrix_words(term: StructuredTerm, block: Block, split: int, alone: bool) -> str:
    """A core beside others; if it is the only one, its sign is that of the term."""
    shape = _shape_words(term, block)
    if block.core is not None and not block.core.is_whole:
        if _is_rank_one(term, block):
            return f"rank 1 {shape}"
        said = f"{shape} product of {_arrays_words(term, block)}, entry by entry"
        return f"{_article(said) if block.both else 'one'} {said}"
    facts = _facts_words(term, block, split)
    if alone:
        facts = _signed(facts, _sign(term, block))
    said = f"{facts} {shape}".strip()
    each = _article(said) if block.both else "one"
    return f"{each} {said} core{_rank_words(term, block)}"


def _is_rank_one(term: StructuredTerm, block: Block) -> bool:
    """Whether each factor of a core has rows only or columns only (besides a batch)."""
    assert block.core is not None
    sides = (set(block.rows), set(block.columns))
    held = [{a for axis in f.indices for a in axis} for f in block.core.parts]
    return not any(atoms & sides[0] and atoms & sides[1] for atoms in held)


def _arrays_words(term: StructuredTerm, block: Block) -> str:
    """The shapes of the factors of a core, without the batch; p×1 for one entry in each row."""
    assert block.core is not None
    shapes = []
    for piece in block.core.pieces:
        rows = [a for a in piece.atoms if a in block.rows]
        columns = [a for a in piece.atoms if a in block.columns]
        sizes = [term.sizes[a] for a in piece.atoms if a in rows or a in columns]
        if len(block.rows) == len(block.columns) == 1 and len(sizes) == 1:
            sizes = [*sizes, Dim.of(1)] if rows else [Dim.of(1), *sizes]
        shapes.append(shape_text(tuple(sizes)))
    return f"{', '.join(shapes[:-1])} and {shapes[-1]} arrays"


def _rank_words(term: StructuredTerm, block: Block) -> str:
    """A bound of the rank, where that is certainly below the sizes."""
    bound = rank_bound(term, block)
    if bound is None or not tells(bound, block.shape(term)):
        return ""
    return f" of rank at most {size_text(bound)}"


def _sign(term: StructuredTerm, block: Block) -> int:
    """The sign of what a core is multiplied by: 1, −1, or 0 where that is not known (±2 where it
    cannot vanish)."""
    strength = 2
    for core in term.cores:
        if block.core is not None and core.atoms == block.core.atoms:
            continue
        factors = core.node.factors if isinstance(core.node, Term) else [Factor(core.node, ())]
        if isinstance(core.node, Term) and core.node.coefficient < 0:
            return 0
        if "positive" not in facts_of(core.node):
            strength = 1
            if not all(_nonnegative(f.node) for f in factors):
                return 0
    return strength if term.coefficient > 0 else -strength


def _nonnegative(node: Node) -> bool:
    """Whether a value is not below 0 wherever it is real: √x is not, whatever x is."""
    if isinstance(node, Apply) and node.function == "power":
        exponent = Fraction(node.param("exponent"))
        if exponent.denominator % 2 == 0:
            return True
    return "nonnegative" in facts_of(node)


def _signed(facts: str, sign: int) -> str:
    """Definite is said of a core; times a negative number it is the other way round."""
    if abs(sign) < 2:
        facts = facts.replace("positive definite", "positive semidefinite")
    if not sign:
        return facts.replace(" positive semidefinite", "")
    return facts if sign > 0 else facts.replace(" positive ", " negative ")


_AN = frozenset("aefhilmnorsx8")  # letters (and 8) that are spoken with a vowel first


def _article(text: str) -> str:
    """`a` or `an`: a k×k, an m×n, a symmetric m×n."""
    word = text.split("×")[0].split(" ")[0]
    spelled = len(word) > 1 and word.isalpha() and word.islower() and word[0] not in "aeiou"
    return "an" if word[:1] in _AN and not spelled else "a"


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
    between = len(ends) == 2 and _between(term, matrices, ends)
    if between:  # u ⊗ S ⊗ uᵀ
        column, row = sorted(ends, key=lambda b: not b.rows)
        texts = [_ends_words(term, [b]).removeprefix("one ") for b in (column, row)]
        shapes = [texts[0], *shapes, texts[1]]
    elif ends:
        shapes.append(_ends_words(term, ends).removeprefix("one "))
    if len(set(shapes)) == 1:
        said = f"Kronecker product of {shapes[0]} factors"
    elif len(shapes) > 2:
        said = f"Kronecker product of {', '.join(shapes[:-1])} and {shapes[-1]} factors"
    else:
        said = f"Kronecker product of {' and '.join(shapes)} factors"
    if term.coefficient < 0 and "definite" in said:
        said = f"minus a {said}"
    return said + (" (axes exchanged)" if crossed(term, seen) else "")


def _between(term: StructuredTerm, matrices: Sequence[Block], ends: Sequence[Block]) -> bool:
    """Whether the matrices stand between a column and a row: they have the later rows and the
    earlier columns, or the other way round."""

    def place(atoms: Sequence[int]) -> int:
        flat = [a for axis in term.axes for a in axis]
        return min(flat.index(a) for a in atoms)

    column = [b for b in ends if b.rows]
    row = [b for b in ends if b.columns]
    if len(column) != 1 or len(row) != 1:
        return False
    for m in matrices:
        below = place(m.rows) > place(column[0].rows)
        right = place(m.columns) > place(row[0].columns)
        if below == right:
            return False
    return True
