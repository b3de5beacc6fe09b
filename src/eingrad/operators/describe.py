"""What an operator of numbers consists of, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .arrays import is_number, namespace
from .label import Label
from .pattern import Pattern
from .term import Core, NumericTerm

LARGEST = 10**7  # entries of a core that is tested for symmetry


def sentence(
    terms: Sequence[NumericTerm], out_shape: Sequence[int], in_shape: Sequence[int]
) -> str:
    """The terms, each as a product of identities and cores."""
    if not terms:
        return "zero"
    parts = [_one(term) for term in terms]
    if len(parts) == 1:
        return parts[0]
    if len(parts) > 4:
        return f"sum of {len(parts)} terms: {', '.join(parts[:3])}, …"
    return " + ".join(f"({p})" if " ⊗ " in p else p for p in parts)


def _is_symmetric(core: Core) -> bool:
    """Whether a matrix is its transpose: of NumPy's, to rounding, large ones are not looked at;
    of other libraries', whose numbers may be on a device or unknown yet, by its formula."""
    array: Any = core.array
    if namespace(array) is not np:
        return isinstance(core.label, Label) and "symmetric" in core.label.facts(len(core.atoms))
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size > LARGEST:
        return False
    bound = 100 * np.finfo(array.dtype).eps * np.abs(array).max(initial=0.0)
    return bool((np.abs(array - array.T) <= bound).all())


def _one(term: NumericTerm) -> str:
    pieces = []
    axis = {a: k for k, atoms in enumerate(term.out) for a in atoms}
    axis_in = {a: k for k, atoms in enumerate(term.into) for a in atoms}
    carried = term.carried
    for a in term.sizes:
        if a in carried:
            continue
        if a in axis and a in axis_in:
            pieces.append(f"identity of size {term.sizes[a]} on axis {axis[a]}")
        elif a in axis or a in axis_in:
            side = f"output axis {axis[a]}" if a in axis else f"input axis {axis_in[a]}"
            pieces.append(f"ones along {side}")
    for core in term.cores:
        shape = "×".join(str(term.sizes[a]) for a in core.atoms)
        if isinstance(core.array, Pattern):
            pieces.append(f"{shape} {core.array.kind} pattern")
            continue
        shared = [a for a in core.atoms if a in axis and a in axis_in]
        if len(shared) == len(core.atoms):
            pieces.append(f"diagonal of {shape} entries")
        elif shared:
            pieces.append(f"block diagonal {shape} core")
        elif len(core.atoms) > 1:
            kind = "symmetric " if _is_symmetric(core) else ""
            pieces.append(f"{kind}{shape} core")
        else:
            pieces.append(f"vector of {shape}")
    if not pieces:
        return f"the number {_written(term.coefficient)}"
    scale = "" if is_number(term.coefficient, 1) else f"{_written(term.coefficient)} · "
    return scale + " ⊗ ".join(pieces)


def _written(coefficient: Any) -> str:
    """A number; one of another library is not fetched to be shown."""
    return f"{coefficient:g}" if isinstance(coefficient, int | float) else "c"
