"""Structure in words: a description of each term, and one sentence for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..dims import Dim, shape_text
from ..ir.build import transpose
from .count import Counts, count, fewest, stored_open
from .decompose import Decomposition, StructuredTerm
from .grouping import clearer, presented, shared
from .kronecker import kronecker
from .kroneckersum import Kronecker
from .sides import (
    Block,
    Sides,
    core_facts,
    crossed,
    fraction_text,
    rank_bound,
    sides,
    size_text,
    split_of,
    with_symmetry,
)
from .wording import axes_words, words


@dataclass(frozen=True)
class CoreDescription:
    """One core in words.

    Attributes
    ----------
    shape:
        Rows × columns of one matrix (or the sizes of a vector, or of any array).
    axes:
        The axes of the tensor that it reaches.
    facts:
        `symmetric`, `lower triangular`, `constant`, …
    rank:
        A bound of the rank that a summed index gives, if there is one.
    """

    shape: tuple[Dim, ...]
    axes: tuple[int, ...]
    facts: tuple[str, ...]
    rank: Dim | None

    def __str__(self) -> str:
        said = " ".join([*self.facts, shape_text(self.shape)])
        return f"{said} core" + (f" of rank at most {self.rank}" if self.rank else "")


@dataclass(frozen=True)
class TermDescription:
    """One term in words.

    Attributes
    ----------
    kind:
        `identity`, `permutation`, `diagonal`, `rank 1`, `Kronecker product`, `block diagonal`,
        `product` (of arrays, entry by entry), `dense`, `vector`, `constant`, `sparse` or `scalar`.
    sentence:
        What it is.
    identified:
        Axes that must agree for an entry to differ from zero, in groups.
    identities:
        The axes along which it is an identity.
    broadcast:
        The axes along which it does not change.
    cores:
        The arrays that it is made of.
    symmetric:
        Whether it is equal to itself with outputs and inputs exchanged.
    """

    kind: str
    sentence: str
    identified: tuple[tuple[int, ...], ...]
    identities: tuple[int, ...]
    broadcast: tuple[int, ...]
    cores: tuple[CoreDescription, ...]
    symmetric: bool

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Structure:
    """The structure of a tensor: one sentence, a description for each term, and counts.

    Attributes
    ----------
    sentence:
        For the whole.
    terms:
        Descriptions of the terms.
    counts:
        Entries, nonzeros, distinct values, stored numbers.
    decomposition:
        What was described.
    symmetric:
        Whether outputs and inputs can be exchanged (every Hessian; found by form, never wrong).
    kronecker:
        The sum of Kronecker products that it is; None where it is none, or is no map from arrays
        of two or more axes to such.
    """

    sentence: str
    terms: tuple[TermDescription, ...]
    counts: Counts
    decomposition: Decomposition
    symmetric: bool
    kronecker: Kronecker | None = None

    def __str__(self) -> str:
        return self.sentence

    @property
    def text(self) -> str:
        """The sentence, a line for each term where there are several, and the counts."""
        lines = [self.sentence]
        if len(self.terms) > 1:
            lines += [f"  {k + 1}. {t.sentence}" for k, t in enumerate(self.terms)]
        c = self.counts
        lines.append(
            f"  entries {size_text(c.entries)}, nonzero ≤ {size_text(c.nonzero)},"
            f" distinct values ≤ {size_text(c.distinct)}, numbers stored {size_text(c.stored)}"
        )
        return "\n".join(lines)


def describe(
    found: Decomposition, symmetric: bool = False, deeper: Decomposition | None = None
) -> Structure:
    """Say what a tensor consists of.

    Parameters
    ----------
    symmetric:
        Whether it is known that rows and columns can be exchanged, as in a Hessian; otherwise that
        is only said where the form shows it.
    deeper:
        The same tensor with sums below contractions opened; it is described where that shows more.

    Examples
    --------
    >>> from eingrad.ir.build import dims
    >>> from eingrad.ir.construct import eye
    >>> from eingrad.structure import decompose
    >>> print(describe(decompose(eye("n"), 1, [1])))
    identity; sparse: 1/n of the entries
    """
    whole = presented(found)
    held = [whole.terms]
    if deeper is not None and deeper is not found:
        whole = clearer(whole, presented(deeper))
        held = [whole.terms, deeper.terms]
    stored = fewest(*(stored_open(terms) if terms else Dim([]) for terms in held))
    counts = replace(count(whole), stored=stored)
    split = split_of(whole)
    terms = _described(whole.terms, split, symmetric)
    symmetric = symmetric or all(t.symmetric for t in terms) or _exchanged_alike(whole, split)
    sums = kronecker(found if deeper is None else deeper, symmetric)
    said = _sentence(whole, terms, split, counts) + _as_products(sums, whole)
    return Structure(said, terms, counts, whole, symmetric, sums)


def _as_products(sums: Kronecker | None, whole: Decomposition) -> str:
    """`; that is, Σ over n of rank 1 m×m ⊗ symmetric k×k`, where that is more than the terms
    say."""
    if sums is None or (sums.is_exact and len(sums.terms) == len(whole.terms)):
        return ""
    return f"; that is, {sums.sentence}"


def _described(
    terms: Sequence[StructuredTerm], split: int, symmetric: bool
) -> tuple[TermDescription, ...]:
    """Each term in words. If the whole is symmetric and all terms but one are, that one is."""
    said = [describe_term(t, split) for t in terms]
    open_ = [k for k, t in enumerate(said) if not t.symmetric]
    if symmetric and len(open_) == 1:
        (k,) = open_
        said[k] = describe_term(terms[k], split, symmetric=True)
    return tuple(said)


def _exchanged_alike(found: Decomposition, split: int) -> bool:
    """Whether the terms are the same set with rows and columns exchanged."""
    if found.shape[:split] != found.shape[split:]:
        return False
    order = [*range(split, 2 * split), *range(split)]
    nodes = {t.node for t in found.terms}
    return nodes == {transpose(node, order) for node in nodes}


# --- one term -------------------------------------------------------------------------------------


def describe_term(term: StructuredTerm, split: int, symmetric: bool = False) -> TermDescription:
    """One term in words; the first `split` axes are rows, and may be known to be symmetric."""
    seen = sides(term, split)
    if symmetric:
        seen = with_symmetry(term, seen)
    cores = tuple(_describe_core(term, b, split) for b in seen.blocks if b.core is not None)
    flat = [a for axis in term.axes for a in axis]
    identified = tuple(dict.fromkeys(tuple(dict.fromkeys(term.places(a))) for a in term.deltas))
    ones = [a for a in range(len(term.sizes)) if a not in term.carried and flat.count(a) == 1]
    identities = tuple(dict.fromkeys(term.places(b.both[0])[0] for b in seen.of_kind("identity")))
    kind, sentence = words(term, seen, split)
    return TermDescription(
        kind,
        sentence,
        identified,
        identities,
        tuple(dict.fromkeys(k for a in ones for k in term.places(a))),
        cores,
        _term_symmetric(term, seen, split),
    )


def _describe_core(term: StructuredTerm, block: Block, split: int) -> CoreDescription:
    assert block.core is not None
    if block.rows and block.columns:
        shape: tuple[Dim, ...] = block.shape(term)
    else:
        shape = tuple(term.sizes[a] for a in block.core.atoms)
    axes = tuple(dict.fromkeys(k for a in block.core.atoms for k in term.places(a)))
    rank = rank_bound(term, block)
    return CoreDescription(shape, axes, core_facts(term, block, split), rank)


def _term_symmetric(term: StructuredTerm, seen: Sides, split: int) -> bool:
    """Whether the term stays the same with rows and columns exchanged, axis by axis."""
    ndim = len(term.axes)
    if not split or 2 * split != ndim:
        return False
    shape = term.node.shape
    if shape[:split] != shape[split:]:
        return False
    if transpose(term.node, [*range(split, ndim), *range(split)]) is term.node:
        return True
    return not crossed(term, seen) and all(
        b.is_identity
        or (b.both and not b.rows)
        or "symmetric" in " ".join(core_facts(term, b, split))
        for b in seen.blocks
    )


# --- the whole ------------------------------------------------------------------------------------


def _sentence(
    found: Decomposition, terms: Sequence[TermDescription], split: int, counts: Counts
) -> str:
    if not terms:
        return "zero"
    if len(terms) == 1:
        return terms[0].sentence + _sparsity(counts)
    outside = shared(found.terms, split)
    if outside is not None:
        inner = _described(outside.inner, split, symmetric=False)
        along = []
        if outside.identities:
            along.append(f"identity over {axes_words(outside.identities)}")
        if outside.batch:
            along.append(f"one block for each place of {axes_words(outside.batch)}")
        said = f"block diagonal: {' ⊗ '.join(along)} ⊗ ({_joined(inner)})"
    elif all(t.kind in _KRONECKER for t in terms) and any(
        t.kind in ("Kronecker product", "block diagonal") for t in terms
    ):
        said = f"sum of {len(terms)} Kronecker products"
    else:
        said = _joined(terms)
    return said + _sparsity(counts)


_KRONECKER = ("Kronecker product", "block diagonal", "identity", "permutation")
_LONG = 3  # a sum of more terms than this is told by their kinds


def _joined(terms: Sequence[TermDescription]) -> str:
    """`diagonal + rank 2`: terms of rank 1 are counted together."""
    parts: list[str] = []
    ranks = sum(t.sentence.startswith("rank 1") for t in terms)
    kinds: dict[str, list[TermDescription]] = {}
    for t in terms:
        if not t.sentence.startswith("rank 1"):
            kinds.setdefault(_short(t), []).append(t)
    for short, same in kinds.items():
        if len(same) == 1:
            parts.append(_bracketed(same[0]) if len(terms) <= _LONG else short)
        else:
            parts.append(_several(short, len(same)))
    if ranks:
        parts.append(f"rank {ranks}")
    return " + ".join(parts)


def _several(short: str, count: int) -> str:
    """`2 block diagonals`, `2 symmetric n×n matrices`."""
    if short == "product":
        return f"{count} products of arrays, entry by entry"
    if short.endswith(("product", "diagonal")):
        return f"{count} {short}s"
    return f"{count} {short} matrices"


def _short(t: TermDescription) -> str:
    return t.sentence if t.kind in ("diagonal", "identity", "dense", "constant") else t.kind


def _bracketed(t: TermDescription) -> str:
    """`block diagonal (…)`: a sentence of several parts inside a sum."""
    if t.kind == "constant":
        return t.kind
    if t.sentence.startswith(f"{t.kind}: "):
        return f"{t.kind} ({t.sentence.removeprefix(f'{t.kind}: ')})"
    return t.sentence


def _sparsity(counts: Counts) -> str:
    """`; sparse: 1/m of the entries`, where deltas make the others zero."""
    if counts.nonzero == counts.entries or not counts.nonzero.terms:
        return ""
    quotient = counts.entries.divide(counts.nonzero)
    if quotient is not None:
        return f"; sparse: 1/{fraction_text(quotient)} of the entries"
    return f"; sparse: {size_text(counts.nonzero)} of {size_text(counts.entries)} entries"
