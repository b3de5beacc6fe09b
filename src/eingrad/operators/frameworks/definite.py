"""Whether an operator is positive semidefinite, by its formula: numbers may not be looked at."""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.facts import facts_of
from ...ir.node import Factor, Kernel
from ...structure import StructuredTerm
from ...structure.decompose import Core
from ...structure.network import opened, semidefinite


def is_semidefinite(terms: Sequence[StructuredTerm], cut: int) -> bool:
    """Whether each term is, with the axes before `cut` as rows and those after as columns.

    A core that has rows and columns must be semidefinite for each place of the atoms common to
    both; then products of such cores are (Schur, Kronecker). False where it is not known.
    """
    return all(_one(term, cut) for term in terms)


def _one(term: StructuredTerm, cut: int) -> bool:
    out = [a for axis in term.axes[:cut] for a in axis]
    into = [a for axis in term.axes[cut:] for a in axis]
    sizes = term.sizes
    if [[sizes[a] for a in x] for x in term.axes[:cut]] != [
        [sizes[a] for a in x] for x in term.axes[cut:]
    ]:
        return False
    if len(set(out)) < len(out) or len(set(into)) < len(into) or term.coefficient < 0:
        return False
    rows = [a for a, b in zip(out, into, strict=True) if a != b]
    columns = [b for a, b in zip(out, into, strict=True) if a != b]
    if set(rows) & set(columns):
        return False
    beside = [c for c in term.cores if not set(c.atoms) & {*rows, *columns}]
    across = [c for c in term.cores if set(c.atoms) & {*rows, *columns}]
    # Atoms that no core carries are ones: vectors beside which rows and columns are alike.
    bare = {*rows, *columns} - {a for c in across for a in c.atoms}
    if any((a in bare) != (b in bare) for a, b in zip(rows, columns, strict=True)):
        return False
    if not all("nonnegative" in facts_of(c.node) for c in beside):
        return False
    pairs = [(a, b) for a, b in zip(rows, columns, strict=True) if a not in bare]
    return all(_core(term, c, pairs) for c in across) or _together(term, across, pairs)


def _core(term: StructuredTerm, core: Core, pairs: Sequence[tuple[int, int]]) -> bool:
    """Whether one core is semidefinite by itself."""
    mine = [(a, b) for a, b in pairs if a in core.atoms or b in core.atoms]
    if not all(a in core.atoms and b in core.atoms for a, b in mine):
        return False
    if len(core.atoms) == 2 and len(mine) == 1 and "psd" in facts_of(core.node):
        return True
    return _together(term, [core], mine)


def _together(
    term: StructuredTerm, cores: Sequence[Core], pairs: Sequence[tuple[int, int]]
) -> bool:
    """Whether some cores are LᵀWL with W ≥ 0."""
    factors = [Factor(c.node, tuple((a,) for a in c.atoms)) for c in cores]
    net = opened(factors, dict(enumerate(term.sizes)))
    if any(isinstance(f.node, Kernel) for f in net.factors):
        return False
    return semidefinite(net, [a for a, _ in pairs], [b for _, b in pairs])
