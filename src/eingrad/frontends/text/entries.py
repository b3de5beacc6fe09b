"""The index form: `δ_ik B_lj`, `Σ_j A_ij x_j`, `(A x − y)_i`, `exp(x_i)`.

An *entry* is a value with an index letter for each of its axes. Operations on entries are the
elementwise ones, once the operands carry the same letters; a letter that one lacks is a broadcast.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ...dims import Dim, product
from ...ir import build, construct
from ...ir.node import Node, Shape
from . import syntax as s
from .values import Context, Value

Group = tuple[str, ...]


def parse_letters(text: str) -> tuple[Group, ...] | None:
    """The letters of a subscript, a group for each axis; None when it is none.

    >>> parse_letters("ij"), parse_letters("i1,j"), parse_letters("(i,j),k"), parse_letters("(ij)k")
    ((('i',), ('j',)), (('i1',), ('j',)), (('i', 'j'), ('k',)), (('i', 'j'), ('k',)))
    """
    groups: list[Group] = []
    position = 0
    plain = "," not in text.replace(")", "(").split("(")[0] and "," not in _outside(text)
    while position < len(text):
        if text[position] in ", ":
            position += 1
        elif text[position] == "(":
            stop = text.find(")", position)
            if stop < 0:
                return None
            inner = text[position + 1 : stop].replace(" ", "")
            groups.append(tuple(p for p in inner.split(",") if p) if "," in inner else tuple(inner))
            position = stop + 1
        else:
            stop = position + 1
            while not plain and stop < len(text) and text[stop] not in ",( ":
                stop += 1
            groups.append((text[position:stop],))
            position = stop
    letters = [letter for group in groups for letter in group]
    return tuple(groups) if groups and all(a.isidentifier() for a in letters) else None


def _outside(text: str) -> str:
    """The text without what stands in brackets."""
    depth, kept = 0, []
    for char in text:
        depth += (char == "(") - (char == ")")
        if not depth:
            kept.append(char)
    return "".join(kept)


def entry(context: Context, syntax: s.Subscript, value: Value) -> Value:
    """An array with letters on its axes; a letter on two axes takes their diagonal."""
    groups = syntax.letters
    if value.letters is not None:
        raise context.error("this has its index letters already", syntax)
    if len(groups) != value.ndim:
        raise context.misfit(f"{len(groups)} index letters for {value.ndim} axes", value)
    dims: dict[str, Dim] = {}
    for group, dim in zip(groups, value.shape, strict=True):
        parts = [dim] if len(group) == 1 else [context.sizes.fresh() for _ in group]
        if len(group) != 1:
            context.unify(dim, product(parts), "these letters do not make up the axis", value)
        for letter, part in zip(group, parts, strict=True):
            known = dims.setdefault(letter, part)
            context.unify(known, part, f"the letter {letter} has two sizes", value)

    def make(node: Node) -> Node:
        sizes: dict[Hashable, Dim] = {a: context.sizes.resolve(d) for a, d in dims.items()}
        return build.einsum([(node, groups)], [(a,) for a in dims], 1, sizes)

    return _lettered(context.new(syntax, dims.values(), make, value), tuple(dims))


def delta(context: Context, syntax: s.Delta) -> Value:
    """`δ_ik`: the identity."""
    dim = context.sizes.fresh()
    if len(syntax.letters) != 2:
        raise context.error("δ has two index letters", syntax)
    (first,), (second,) = syntax.letters
    if first == second:
        ones = context.new(syntax, (dim,), lambda: construct.ones((context.sizes.resolve(dim),)))
        return _lettered(ones, (first,))
    eye = context.new(syntax, (dim, dim), lambda: construct.eye(context.sizes.resolve(dim)))
    return _lettered(eye, (first, second))


def summation(context: Context, syntax: s.Summation, value: Value) -> Value:
    """`Σ_j …`: the sum over letters of what follows, up to the next + or −."""
    letters = value.letters or ()
    gone = [letter for group in syntax.letters for letter in group]
    for letter in gone:
        if letter not in letters:
            raise context.error(f"the summed letter {letter} does not occur", syntax)
    kept = [k for k, letter in enumerate(letters) if letter not in gone]
    axes = [k for k in range(len(letters)) if k not in kept]
    shape = [value.shape[k] for k in kept]
    result = context.new(syntax, shape, lambda n: construct.sum_axes(n, axes), value)
    return _lettered(result, tuple(letters[k] for k in kept))


def align(context: Context, values: Sequence[Value]) -> tuple[list[Value], tuple[str, ...]]:
    """The values as arrays over all their letters, and those letters."""
    dims: dict[str, Dim] = {}
    owner: dict[str, Value] = {}
    for value in values:
        if value.letters is None and not value.is_scalar:
            raise context.misfit("index letters are missing here", value)
        for letter, dim in zip(value.letters or (), value.shape, strict=True):
            known = dims.setdefault(letter, dim)
            first = owner.setdefault(letter, value)
            context.unify(known, dim, f"the letter {letter} has two sizes", first, value)
    letters = tuple(dims)
    return [_spread(context, v, letters, dims) for v in values], letters


def _spread(
    context: Context, value: Value, letters: tuple[str, ...], dims: dict[str, Dim]
) -> Value:
    own = value.letters or ()
    if own == letters or value.is_scalar:
        bare = context.new(value.syntax, value.shape, lambda n: n, value)
        bare.number = value.number
        return bare

    def make(node: Node) -> Node:
        sizes: dict[Hashable, Dim] = {a: context.sizes.resolve(d) for a, d in dims.items()}
        return build.einsum([(node, [(a,) for a in own])], [(a,) for a in letters], 1, sizes)

    return context.new(value.syntax, dims.values(), make, value)


def fit(context: Context, value: Value, axes: Sequence[Group], shape: Shape | None = None) -> Value:
    """The array whose entry at `axes` is the value; letters that it lacks are broadcasts."""
    if value.letters is None and not value.is_scalar:
        raise context.misfit("index letters are missing here", value)
    known = dict(zip(value.letters or (), value.shape, strict=True))
    wanted = [letter for group in axes for letter in group]
    for letter in known:
        if letter not in wanted:
            raise context.error(
                f"the letter {letter} is neither summed nor an axis of the result",
                value.syntax,
                hint=f"write Σ_{letter} for a sum",
            )
    dims = {a: known[a] if a in known else context.sizes.fresh() for a in wanted}
    whole = [product(dims[a] for a in group) for group in axes]
    for dim, other in zip(whole, shape or (), strict=False):
        context.unify(dim, other, "the result has another shape", value)

    def make(node: Node) -> Node:
        sizes: dict[Hashable, Dim] = {a: context.sizes.resolve(d) for a, d in dims.items()}
        return build.einsum([(node, [(a,) for a in known])], list(axes), 1, sizes)

    return context.new(value.syntax, whole, make, value)


def _lettered(value: Value, letters: tuple[str, ...]) -> Value:
    value.letters = letters
    return value
