"""The constructor of products: whatever goes in, the normal form comes out (docs/design.md §1)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from ..dims import Dim, as_dim, product, shape_text
from ..errors import ShapeError
from . import algebra
from .indices import Atoms, SplitConflict, merge_adjacent
from .labelling import canonical_contraction, is_symmetric
from .node import AxisIndex, Contraction, Factor, Node, Number, Shape, Term, raw_term
from .node import size as size_node
from .numbers import exact, is_zero, number_of, zeros
from .opening import RawAxis, RawFactor, distribute, is_structured

MAX_INLINED = 48  # a product of more factors than this keeps its parts as nodes


def einsum(
    factors: Sequence[RawFactor],
    out: Sequence[RawAxis],
    coefficient: Number = 1,
    sizes: Mapping[Any, Dim] | None = None,
) -> Node:
    """The product of `factors`, summed over all atoms that are not in `out`.

    Parameters
    ----------
    factors:
        `(node, indices)`, one tuple of atoms per axis; atoms are any hashable names.
    out:
        One tuple of atoms for each axis of the result. An atom may occur several times (a delta)
        and need not occur in a factor (a broadcast) if `sizes` has it.
    coefficient:
        An exact number.

    Raises
    ------
    ShapeError
        An atom has two sizes, or one of `out` has none.
    """
    if coefficient == 0 or any(is_zero(node) for node, _ in factors):
        return zeros(_out_shape(factors, out, sizes or {}))
    if any(number_of(node) is not None for node, _ in factors):  # 2 as a factor is a coefficient
        for node, _ in factors:
            value = number_of(node)
            coefficient *= 1 if value is None else value
        factors = [f for f in factors if number_of(f[0]) is None]
    opened = distribute(factors, out, coefficient, sizes or {})
    if opened is not None:
        return opened
    return _Product(sizes or {}).build(factors, out, coefficient)


def _out_shape(
    factors: Sequence[RawFactor], out: Sequence[RawAxis], sizes: Mapping[Hashable, Dim]
) -> Shape:
    known = dict(sizes)
    for node, indices in factors:
        for dim, axis in zip(node.shape, indices, strict=True):
            if len(axis) == 1:
                known[axis[0]] = dim
    for node, indices in factors:  # a tuple whose last part is not known elsewhere
        for dim, axis in zip(node.shape, indices, strict=True):
            missing = [a for a in axis if a not in known]
            if len(missing) == 1:
                rest = dim.divide(product(known[a] for a in axis if a in known))
                if rest is not None:
                    known[missing[0]] = rest
    return tuple(product(known[a] for a in axis) for axis in out)


class _Product:
    """One product while it is being built."""

    def __init__(self, sizes: Mapping[Hashable, Dim]) -> None:
        self.atoms = Atoms()
        self.names: dict[Hashable, int] = {}
        self.sizes = sizes
        self.used: set[int] = set()
        self.coefficient: Number = 1
        self.factors: list[tuple[Node, tuple[AxisIndex, ...]]] = []

    def build(
        self, factors: Sequence[RawFactor], out: Sequence[RawAxis], coefficient: Number
    ) -> Node:
        self.coefficient = coefficient
        self._name_atoms(factors, out)
        for node, indices in factors:
            axes = tuple(tuple(self.names[a] for a in axis) for axis in indices)
            self._insert(node, axes)
        target = [tuple(self.names[a] for a in axis) for axis in out]
        return self._finish(target)

    def _name_atoms(self, factors: Sequence[RawFactor], out: Sequence[RawAxis]) -> None:
        """Give every atom a size: from an axis of its own, from `sizes`, else by division."""
        known: dict[Hashable, Dim] = dict(self.sizes)
        compound: list[tuple[Dim, RawAxis]] = []
        for node, indices in factors:
            if len(indices) != len(node.shape):
                raise ShapeError(
                    f"{len(indices)} indices for {len(node.shape)} axes of {shape_text(node.shape)}"
                )
            for dim, axis in zip(node.shape, indices, strict=True):
                if len(axis) == 1:
                    if known.setdefault(axis[0], dim) != dim:
                        raise ShapeError(
                            f"sizes do not fit: {known[axis[0]]} and {dim} for one index"
                        )
                else:
                    compound.append((dim, axis))
        for dim, axis in compound:
            missing = [a for a in axis if a not in known]
            given = product(known[a] for a in axis if a in known)
            rest = dim.divide(given) if len(missing) == 1 else None
            if rest is None and (missing or given != dim):
                raise ShapeError(f"an axis of size {dim} cannot be cut as asked")
            if rest is not None:
                known[missing[0]] = rest
        for axis in out:
            for a in axis:
                if a not in known:
                    raise ShapeError(f"index {a} of the result has no size")
        for a, dim in known.items():
            self.names[a] = self.atoms.fresh(dim)
        for _, indices in factors:
            self.used.update(self.names[a] for axis in indices for a in axis)

    def _insert(self, node: Node, axes: tuple[AxisIndex, ...]) -> None:
        """Take a factor in; a term is opened into its own factors and deltas."""
        if not isinstance(node, Term) or (
            len(self.factors) + len(node.factors) > MAX_INLINED and not is_structured(node)
        ):
            self.factors.append((node, axes))
            return
        before = (list(self.atoms.size), dict(self.atoms.became))
        local = [self.atoms.fresh(dim) for dim in node.sizes]
        try:
            for axis, inner in zip(axes, node.out, strict=True):
                self.atoms.unify(axis, tuple(local[a] for a in inner))
        except SplitConflict:
            self.atoms.size, self.atoms.became = before
            flat = [a for axis in node.out for a in axis]
            if not node.factors and len(flat) == len(set(flat)):  # one number, however it is cut
                self.coefficient = exact(self.coefficient * node.coefficient)
            else:
                self.factors.append((node, axes))
            return
        self.used.update(local)
        self.coefficient = exact(self.coefficient * node.coefficient)
        inside = node.factors
        if len(self.factors) + len(inside) > MAX_INLINED:
            inside = _closed(inside, node.sizes)  # only the deltas are opened
        for factor in inside:
            inner_axes = tuple(tuple(local[a] for a in axis) for axis in factor.indices)
            self.factors.append((factor.node, inner_axes))

    def _finish(self, target: list[AxisIndex]) -> Node:
        resolve = self.atoms.resolve
        out = [resolve(axis) for axis in target]
        factors = [(node, tuple(map(resolve, axes))) for node, axes in self.factors]
        used = {a for atom in self.used for a in resolve((atom,))}
        kept = {a for axis in out for a in axis}
        view = algebra.ProductView(factors, kept, self.atoms)
        renamed = view.simplify()
        factors = view.factors
        self.coefficient = exact(self.coefficient * view.coefficient)
        if self.coefficient == 0:
            return zeros(product(self.atoms.size[a] for a in axis) for axis in out)
        if renamed:
            out = [resolve(axis) for axis in out]
            factors = [(node, tuple(map(resolve, axes))) for node, axes in factors]
            gone = {a for atom in view.dropped for a in resolve((atom,))}
            used = {a for atom in used | view.added for a in resolve((atom,))} - gone
            kept = {a for axis in out for a in axis}
        factors, sized = self._close_components(factors, used, kept)
        if sized:  # n · n⁻¹ of a mean over a broadcast
            view = algebra.ProductView([*factors, *sized], kept, self.atoms)
            view.collect_powers()
            factors = view.factors
        merged = merge_adjacent([*out, *(x for _, axes in factors for x in axes)], self.atoms)
        if merged:
            self.atoms.became.update(merged)
            out = [resolve(axis) for axis in out]
            factors = [(node, tuple(map(resolve, axes))) for node, axes in factors]
        return finish_term(self.coefficient, factors, out, self.atoms.size)

    def _close_components(
        self, factors: list[tuple[Node, tuple[AxisIndex, ...]]], used: set[int], kept: set[int]
    ) -> tuple[list[tuple[Node, tuple[AxisIndex, ...]]], list[tuple[Node, tuple[AxisIndex, ...]]]]:
        """Replace factors connected through summed atoms by contractions."""
        carried = [{a for axis in axes for a in axis} for _, axes in factors]
        summed = used - kept
        sized: list[tuple[Node, tuple[AxisIndex, ...]]] = []
        for atom in summed.difference(*carried) if carried else summed:
            dim = self.atoms.size[atom]
            if len(dim.terms) == 1:
                ((symbols, value),) = dim.terms
                self.coefficient = exact(self.coefficient * value)
                sized.extend((size_node(as_dim(s)), ()) for s in symbols)
            else:
                sized.append((size_node(dim), ()))
        if not any(c & summed for c in carried):
            return factors, sized
        group = list(range(len(factors)))
        owner: dict[int, int] = {}
        for k, atoms in enumerate(carried):
            for atom in atoms & summed:
                if atom in owner:
                    _union(group, k, owner[atom])
                else:
                    owner[atom] = k
        components: dict[int, list[int]] = {}
        plain = []
        for k, atoms in enumerate(carried):
            if atoms & summed:
                components.setdefault(_root(group, k), []).append(k)
            else:
                plain.append(factors[k])
        for members in components.values():
            inside = [factors[k] for k in members]
            free = set().union(*(carried[k] for k in members)) - summed
            plain.extend(self._contraction(inside, free))
        return plain, sized

    def _contraction(
        self, factors: list[tuple[Node, tuple[AxisIndex, ...]]], free: set[int]
    ) -> list[tuple[Node, tuple[AxisIndex, ...]]]:
        node, axes = factors[0]
        if len(factors) == 1 and isinstance(node, Contraction):
            local = {label: axis for label, axis in zip(node.out, axes, strict=True)}
            for label, dim in enumerate(node.sizes):
                if label not in local:
                    local[label] = (self.atoms.fresh(dim),)
            if all(len(local[a]) == 1 for f in node.factors for ax in f.indices for a in ax):
                opened = [
                    (f.node, tuple(tuple(x for a in axis for x in local[a]) for axis in f.indices))
                    for f in node.factors
                ]
                factors = opened
        axes_used = [axis for _, axes in factors for axis in axes]
        merged = merge_adjacent(axes_used, self.atoms)
        expand: dict[int, AxisIndex] = {}
        if merged:
            # An atom that is merged here may stand apart outside: remember what it was.
            runs = [(m, _run_from(a, merged, axes_used)) for a, m in merged.items() if m]
            for (new,), run in runs:
                pieces = _pieces(run, free)
                if len(pieces) == 1:
                    expand[new] = run
                    continue
                for a in run:
                    del merged[a]
                for piece in pieces:
                    if len(piece) > 1:
                        whole = self.atoms.fresh(product(self.atoms.size[a] for a in piece))
                        expand[whole] = piece
                        merged.update(dict.fromkeys(piece, ()))
                        merged[piece[0]] = (whole,)
            swap = {a: m for a, m in merged.items()}
            factors = [
                (n, tuple(tuple(x for a in axis for x in swap.get(a, (a,))) for axis in axes))
                for n, axes in factors
            ]
            free = {x for a in free for x in swap.get(a, (a,))}
        node, order = canonical_contraction(factors, frozenset(free), self.atoms.size)
        return [(node, tuple(expand.get(a, (a,)) for a in order))]


def _closed(factors: Sequence[Factor], sizes: Sequence[Dim]) -> tuple[Factor, ...]:
    """The factors over the same atoms as one node each: δ·f₁·…·fₙ stays short as it grows."""
    groups: dict[frozenset[int], list[Factor]] = {}
    for factor in factors:
        groups.setdefault(frozenset(a for x in factor.indices for a in x), []).append(factor)
    closed: list[Factor] = []
    for atoms, members in groups.items():
        if len(members) == 1:
            closed.extend(members)
            continue
        out = tuple((a,) for a in sorted(atoms))
        closed.append(Factor(finish_term(1, members, out, sizes), out))
    return tuple(closed)


def _run_from(first: int, merged: Mapping[int, AxisIndex], axes: list[AxisIndex]) -> AxisIndex:
    for axis in axes:
        if first in axis:
            k = axis.index(first)
            run = [first]
            for atom in axis[k + 1 :]:
                if merged.get(atom) != ():
                    break
                run.append(atom)
            return tuple(run)
    return (first,)


def _pieces(run: AxisIndex, free: set[int]) -> list[AxisIndex]:
    """A run of atoms cut where free ones meet summed ones, which do not mix in one atom."""
    pieces: list[list[int]] = []
    for atom in run:
        if pieces and (pieces[-1][-1] in free) == (atom in free):
            pieces[-1].append(atom)
        else:
            pieces.append([atom])
    return [tuple(piece) for piece in pieces]


def _root(group: list[int], k: int) -> int:
    while group[k] != k:
        group[k] = group[group[k]]
        k = group[k]
    return k


def _union(group: list[int], a: int, b: int) -> None:
    group[_root(group, a)] = _root(group, b)


def finish_term(
    coefficient: Number,
    factors: Sequence[tuple[Node, tuple[AxisIndex, ...]]],
    out: Sequence[AxisIndex],
    size: Sequence[Dim],
) -> Node:
    """The canonical node of a product without summed atoms; a trivial one is its only factor."""
    if coefficient == 1 and len(factors) == 1:
        node, axes = factors[0]
        flat = [a for axis in out for a in axis]
        if len(flat) == len(set(flat)):
            same = tuple(out) == axes
            if not same and is_symmetric(node) and len(axes) == 2:
                same = tuple(out) == axes[::-1]
            if same and len(node.shape) == len(out):
                return node
    label: dict[int, int] = {}
    for axis in out:
        for atom in axis:
            label.setdefault(atom, len(label))
    named = []
    for node, axes in factors:
        new = tuple(tuple(label[a] for a in axis) for axis in axes)
        if is_symmetric(node):
            new = tuple(sorted(new))
        named.append(Factor(node, new))
    named.sort(key=lambda f: (f.node.order, f.indices))
    sizes = tuple(size[a] for a in label)
    result = tuple(tuple(label[a] for a in axis) for axis in out)
    if len(named) == 1 and isinstance(named[0].node, Term) and not named[0].node.out:
        return raw_term(exact(coefficient * named[0].node.coefficient), (), result, sizes)
    return raw_term(exact(coefficient), named, result, sizes)
