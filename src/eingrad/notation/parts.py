"""Which factors can be pulled out of a written core, and how they are put back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..ir.record import REGISTRY
from .sizing import knows_size
from .tree import (
    COLUMN,
    MATRIX,
    Kind,
    Tree,
    eye,
    hadamard,
    is_diag,
    make,
    ones,
    product,
    transposed,
)

End = tuple[str, Tree]  # a side (left, right, beside, first, second), and the factor there


def ends(core: Tree | None) -> Iterator[End]:
    """What can be pulled out of a core: its first and last factor, or an elementwise factor.

    A core as a whole is its own elementwise factor, beside ones: a − a ⊙ b = a ⊙ (1 − b). As a
    factor of a matrix product it leaves the identity, (Q − R) − (Q − R)M = (Q − R)(I − M); that is
    done where it saves something.
    """
    if core is None or is_ones(core):
        return
    if core.op == "product":
        if not core.args[0].scalar:
            yield "left", core.args[0]
        yield "right", core.args[-1]
    if core.op == "hadamard":
        for arg in dict.fromkeys(core.args):
            yield "beside", arg
    elif core.op == "kron" and len(core.args) == 2:
        yield "first", core.args[0]
        yield "second", core.args[1]
    elif core.op != "eye" and not is_diag(core):
        yield "beside", core
    if core.kind == MATRIX and core.op not in ("eye", "kron") and not is_diag(core):
        rows, columns = knows_size(core)
        if columns:
            yield "left", core
        if rows:
            yield "right", core
    elif core.kind == COLUMN and core.leaves > 2 and knows_size(core)[0]:
        yield "right", core


def rest(core: Tree, side: str, factor: Tree) -> Tree:
    """The core without a factor that `ends` has offered."""
    if core is factor:
        if side != "beside":
            return eye(None)
        column, row = ones(None), transposed(ones(None))
        return product(column, row) if core.kind == MATRIX else column if core.kind[0] else row
    if side == "beside":
        args = list(core.args)
        args.remove(factor)
        return hadamard(args)
    args = list(core.args[1:] if side in ("left", "first") else core.args[:-1])
    return args[0] if len(args) == 1 else make(core.op, args, core.data, _product_kind(args))


def join(side: str, factor: Tree, other: Tree) -> Tree:
    """A factor put back where it was pulled out."""
    if other is eye(None) or is_ones(other):
        return factor
    if side == "beside":
        return hadamard([factor, other])
    if side == "left":
        return product(factor, other)
    if side == "right":
        return product(other, factor)
    args = (factor, other) if side == "first" else (other, factor)
    kind = (any(a.kind[0] for a in args), any(a.kind[1] for a in args))
    return make("kron", args, kind=kind)


def _product_kind(args: Sequence[Tree]) -> Kind:
    wide = [a for a in args if not a.scalar]
    return (wide[0].kind[0], wide[-1].kind[1]) if wide else (False, False)


def is_ones(core: Tree | None) -> bool:
    """Whether a core is the column of ones, or 𝟏𝟏ᵀ: a scalar that broadcasts says the same."""
    if core is None:
        return False
    parts = core.args if core.op == "product" else (core,)
    return all((p.args[0] if p.op == "transpose" else p).op == "ones" for p in parts)


def is_matrix_algebra(tree: Tree) -> bool:
    """Whether a reader takes a matrix as one (I, a diag, a matrix product), not entry by entry.

    Beside it a broadcast scalar would be read as a multiple of I.
    """
    while tree.op in ("frac", "neg", "transpose"):
        tree = tree.args[0]
    if tree.op == "sum":
        return any(map(is_matrix_algebra, tree.args))
    if tree.op == "call":
        record = REGISTRY.get(tree.data[0])
        return is_diag(tree) or (record is not None and not record.elementwise)
    if tree.op == "product":  # a slice of rows is not what is meant
        return sum(not a.scalar and not _is_slice(a) for a in tree.args) > 1
    return tree.op in ("eye", "kron", "power", "commutation") and tree.kind == MATRIX


def _is_slice(tree: Tree) -> bool:
    inner = tree.args[0] if tree.op == "transpose" else tree
    return inner.op == "kernel" and inner.data.kind == "selection"
