"""The constructor of all products and sums: whatever goes in, the normal form comes out.

`einsum` is the one way to build a product. It inlines terms, removes deltas over summed indices by
renaming, keeps deltas between output indices, closes every component that hangs together through
summed indices into one `Contraction`, cancels inverses, and collects powers (docs/design.md §1).
`add` is the one way to build a sum: it collects equal terms and drops zeros.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ..dims import ONE, Dim, as_dim, shape_text
from ..errors import ShapeError
from . import algebra
from .indices import Atoms, SplitConflict, merge_adjacent
from .labelling import canonical_contraction, is_symmetric
from .node import (
    AxisIndex,
    Contraction,
    Factor,
    Node,
    Number,
    Shape,
    Sum,
    Term,
    raw_sum,
    raw_term,
    size as size_node,
)

MAX_INLINED = 48  # a product of more factors than this keeps its parts as nodes
MAX_DISTRIBUTED = 16  # products over structured sums are opened up to this many terms

RawAxis = Sequence[Hashable]
RawFactor = tuple[Node, Sequence[RawAxis]]


def number(value: Number | float) -> Node:
    """A number as a scalar node; floats are taken at their shortest decimal value.

    >>> number(0.1) is number(Fraction(1, 10))
    True
    """
    return raw_term(exact(value), (), (), ())


def exact(value: Number | float) -> Number:
    """A finite number as an exact int or Fraction."""
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, int | Fraction):
        value = float(value)
        if value != value or value in (float("inf"), float("-inf")):
            raise ShapeError(f"{value} is not a number that a formula can hold")
        value = Fraction(repr(value))
    if isinstance(value, Fraction) and value.denominator == 1:
        return int(value)
    return value


def as_node(value: Node | Number | float) -> Node:
    """A node from a node or a number."""
    return value if isinstance(value, Node) else number(value)


def number_of(node: Node) -> Number | None:
    """The value of a constant scalar, else None."""
    if isinstance(node, Term) and not node.factors and not node.out:
        return node.coefficient
    if isinstance(node, Sum) and not node.operands and not node.shape:
        return 0
    return None


def zeros(shape: Iterable[Dim]) -> Node:
    """The zero of a shape."""
    return raw_sum((), tuple(shape))


def is_zero(node: Node) -> bool:
    """Whether a node is the literal zero."""
    return isinstance(node, Sum) and not node.operands


def contract(spec: str, *nodes: Node, coefficient: Number = 1) -> Node:
    """`contract("ij,jk->ik", A, B)`: letters as in einsum, repeated output letters are deltas."""
    left, right = spec.replace(" ", "").split("->")
    parts = left.split(",") if left or nodes else []
    factors = [
        (node, tuple((c,) for c in part)) for node, part in zip(nodes, parts, strict=True)
    ]
    return einsum(factors, [(c,) for c in right], coefficient)


def einsum(
    factors: Sequence[RawFactor],
    out: Sequence[RawAxis],
    coefficient: Number = 1,
    sizes: Mapping[Hashable, Dim] | None = None,
) -> Node:
    """The product of `factors`, summed over all atoms that are not in `out`.

    Parameters
    ----------
    factors:
        `(node, indices)`, one tuple of atoms per axis; atoms are any hashable names.
    out:
        One tuple of atoms for each axis of the result. An atom may occur several times (a delta) and
        need not occur in a factor (a broadcast) if `sizes` has it.
    coefficient:
        An exact number.

    Raises
    ------
    ShapeError
        An atom has two sizes, or one of `out` has none.
    """
    if coefficient == 0 or any(is_zero(node) for node, _ in factors):
        return zeros(_out_shape(factors, out, sizes or {}))
    opened = _distribute(factors, out, coefficient, sizes or {})
    if opened is not None:
        return opened
    return _Product(sizes or {}).build(factors, out, coefficient)


def _out_shape(
    factors: Sequence[RawFactor], out: Sequence[RawAxis], sizes: Mapping[Hashable, Dim]
) -> Shape:
    from ..dims import product

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


def _distribute(
    factors: Sequence[RawFactor], out: Sequence[RawAxis], coefficient: Number,
    sizes: Mapping[Hashable, Dim],
) -> Node | None:
    """Open a factor that is a sum, where keeping it whole would swallow structure.

    That is: a sum that is only transposed or scaled, and a sum with a delta or an outer product in a
    term that meets a summed index ((A + λI)x, (D − ppᵀ)g).
    """
    if not any(isinstance(node, Sum) for node, _ in factors):
        return None
    kept = {a for axis in out for a in axis}
    for k, (node, indices) in enumerate(factors):
        if not isinstance(node, Sum) or len(node.operands) > MAX_DISTRIBUTED:
            continue
        atoms = [a for axis in indices for a in axis]
        if len(factors) == 1:
            # A sum of sums stays whole: opening it again at every step would cost quadratically.
            flat = [a for axis in out for a in axis]
            wanted = (
                len(flat) == len(set(flat))
                and set(flat) == set(atoms)
                and not any(isinstance(t, Sum) for t in node.operands)
            )
        else:
            wanted = (
                len(atoms) >= 2
                and not set(atoms) <= kept
                and any(_is_structured(t) for t in node.operands)
            )
        if wanted:
            return add(
                *(
                    einsum([*factors[:k], (term, indices), *factors[k + 1 :]], out, coefficient,
                           {**_sizes_of(node, indices), **sizes})
                    for term in node.operands
                )
            )
    return None


def _sizes_of(node: Node, indices: Sequence[RawAxis]) -> dict[Hashable, Dim]:
    return {
        axis[0]: dim for dim, axis in zip(node.shape, indices, strict=True) if len(axis) == 1
    }


def _is_structured(term: Node) -> bool:
    """A delta, or no factor that spans all axes: the term would be built out if it were kept whole."""
    if not isinstance(term, Term):
        return False
    flat = [a for axis in term.out for a in axis]
    if len(set(flat)) < len(flat):
        return True
    carried = {a for f in term.factors for axis in f.indices for a in axis}
    if carried != set(flat):
        return False  # a mere broadcast
    return not any({a for axis in f.indices for a in axis} == carried for f in term.factors)


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
            rest: Dim | None = dim
            missing = []
            for a in axis:
                if a in known:
                    rest = rest.divide(known[a]) if rest is not None else None
                else:
                    missing.append(a)
            if rest is None or len(missing) > 1 or (not missing and rest != ONE):
                raise ShapeError(f"an axis of size {dim} cannot be cut as asked")
            if missing:
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
            len(self.factors) + len(node.factors) > MAX_INLINED and not _is_structured(node)
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
            self.factors.append((node, axes))
            return
        self.used.update(local)
        self.coefficient = exact(self.coefficient * node.coefficient)
        for factor in node.factors:
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
            from ..dims import product

            return zeros(product(self.atoms.size[a] for a in axis) for axis in out)
        if renamed:
            out = [resolve(axis) for axis in out]
            factors = [(node, tuple(map(resolve, axes))) for node, axes in factors]
            used = {a for atom in used for a in resolve((atom,))}
            kept = {a for axis in out for a in axis}
        factors, sized = self._close_components(factors, used, kept)
        merged = merge_adjacent([*out, *(x for _, axes in factors for x in axes)], self.atoms)
        if merged:
            self.atoms.became.update(merged)
            out = [resolve(axis) for axis in out]
            factors = [(node, tuple(map(resolve, axes))) for node, axes in factors]
        return finish_term(self.coefficient, [*factors, *sized], out, self.atoms.size)

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
                (symbols, value), = dim.terms
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
        if len(factors) == 1 and isinstance(factors[0][0], Contraction):
            node, axes = factors[0]
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
            for first, (new,) in ((a, m) for a, m in merged.items() if m):
                run = _run_from(first, merged, axes_used)
                # Free and summed atoms do not mix in one atom.
                if len({a in free for a in run}) > 1:
                    for a in run:
                        merged.pop(a, None)
                else:
                    expand[new] = run
            swap = {a: m for a, m in merged.items()}
            factors = [
                (n, tuple(tuple(x for a in axis for x in swap.get(a, (a,))) for axis in axes))
                for n, axes in factors
            ]
            free = {x for a in free for x in swap.get(a, (a,))}
        node, order = canonical_contraction(factors, frozenset(free), self.atoms.size)
        return [(node, tuple(expand.get(a, (a,)) for a in order))]


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


def split_coefficient(node: Node) -> tuple[Number, Node]:
    """`(c, rest)` with node = c · rest and rest without a coefficient."""
    if isinstance(node, Term) and node.coefficient != 1:
        size = node.sizes
        return node.coefficient, finish_term(1, node.factors, node.out, size)
    return 1, node


def scale(coefficient: Number | float, node: Node) -> Node:
    """A number times a node."""
    c = exact(coefficient)
    if c == 1:
        return node
    indices = tuple((k,) for k in range(node.ndim))
    return einsum([(node, indices)], indices, c)


def add(*nodes: Node) -> Node:
    """The sum of nodes of one shape: equal terms collected, zeros dropped.

    A nested sum is opened where one of its terms meets its like, and where it is small.

    Raises
    ------
    ShapeError
        The shapes differ.
    """
    shape = nodes[0].shape
    for node in nodes:
        if node.shape != shape:
            raise ShapeError(
                f"cannot add shapes {shape_text(shape)} and {shape_text(node.shape)}"
            )
    collected: dict[Node, Number] = {}
    nested: list[Sum] = []
    for node in nodes:
        if isinstance(node, Sum):
            nested.append(node)
        else:
            c, rest = split_coefficient(node)
            collected[rest] = collected.get(rest, 0) + c
    for node in nested:
        collected[node] = collected.get(node, 0) + 1
    _open_sums(nested, collected)
    terms = []
    for rest, c in collected.items():
        if c:
            terms.append(scale(c, rest))
    flat: list[Node] = []
    for term in terms:  # scaling a small sum opens it
        flat.extend(term.operands if isinstance(term, Sum) and len(terms) == 1 else [term])
    if len(flat) == 1:
        return flat[0]
    flat.sort(key=lambda t: split_coefficient(t)[1].order)
    return raw_sum(flat, shape)


MAX_OPENED = 8


def _open_sums(nested: list[Sum], collected: dict[Node, Number]) -> None:
    """Open the nested sums that hold a like term of another summand, or are small."""
    for node in nested:
        count = collected.get(node, 0)
        if not count:
            continue
        parts = [split_coefficient(t) for t in node.operands]
        others = len(collected) - 1
        alike = any(rest in collected for _, rest in parts)
        if alike or others + len(parts) <= MAX_OPENED:
            del collected[node]
            for c, rest in parts:
                collected[rest] = collected.get(rest, 0) + exact(c * count)


def broadcast_shape(shapes: Sequence[Shape]) -> Shape:
    """NumPy's rule: aligned at the end, a literal 1 stretches; `ShapeError` otherwise."""
    rank = max((len(s) for s in shapes), default=0)
    result = []
    for k in range(rank):
        dim = ONE
        for shape in shapes:
            j = k - rank + len(shape)
            if j >= 0 and not shape[j].is_one:
                if dim.is_one:
                    dim = shape[j]
                elif dim != shape[j]:
                    raise ShapeError(
                        "shapes do not broadcast: " + " and ".join(map(shape_text, shapes))
                    )
        result.append(dim)
    return tuple(result)


def broadcast_to(node: Node, shape: Iterable[Dim]) -> Node:
    """The node with axes of size 1 stretched and axes added in front, as NumPy does."""
    target = tuple(shape)
    if node.shape == target:
        return node
    if broadcast_shape([node.shape, target]) != target:
        raise ShapeError(f"{shape_text(node.shape)} does not broadcast to {shape_text(target)}")
    offset = len(target) - node.ndim
    out = [(k,) for k in range(len(target))]
    indices = [
        () if dim.is_one else (k + offset,) for k, dim in enumerate(node.shape)
    ]
    return einsum([(node, indices)], out, 1, dict(enumerate(target)))


def multiply(*nodes: Node) -> Node:
    """The elementwise product, with broadcasting."""
    target = broadcast_shape([n.shape for n in nodes])
    factors = []
    for node in nodes:
        offset = len(target) - node.ndim
        factors.append(
            (node, [() if d.is_one else (k + offset,) for k, d in enumerate(node.shape)])
        )
    return einsum(factors, [(k,) for k in range(len(target))], 1, dict(enumerate(target)))


def sum_of(*nodes: Node) -> Node:
    """The elementwise sum, with broadcasting."""
    target = broadcast_shape([n.shape for n in nodes])
    return add(*(broadcast_to(n, target) for n in nodes))


def subtract(a: Node, b: Node) -> Node:
    """a − b, with broadcasting."""
    return sum_of(a, scale(-1, b))


def transpose(node: Node, permutation: Sequence[int]) -> Node:
    """Axes in another order: axis k of the result is axis `permutation[k]` of the node."""
    return einsum([(node, [(k,) for k in range(node.ndim)])], [(k,) for k in permutation])


def divide(a: Node, b: Node) -> Node:
    """a / b elementwise, with broadcasting."""
    return multiply(a, power(b, -1))


def power(base: Node, exponent: Node | Number | float) -> Node:
    """base ** exponent elementwise; see `eingrad.ir.algebra` for what is simplified."""
    return algebra.power(base, exponent)


def dims(*values: Dim | int | str) -> Shape:
    """A shape from sizes and symbol names."""
    return tuple(as_dim(v) for v in values)

