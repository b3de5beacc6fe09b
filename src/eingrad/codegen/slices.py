"""Slices along one axis: what they are made of, and where a fixed one is taken.

Whatever treats the entries along an axis alike is computed of slices of its operands: sums,
elementwise functions, products in which the axis is an index by itself, functions of the last axes.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from ..dims import Dim
from ..ir import build
from ..ir.apply import apply
from ..ir.loop import Scan
from ..ir.node import Apply, AxisIndex, Contraction, Kernel, Node, Sum, Term
from ..ir.record import lookup
from ..ir.recurrence import loop_of, slice_of
from ..ir.walk import rebuild, topological

Part = tuple[Node, int | None]  # an operand with the axis along which it is cut, None is whole
Slices = Mapping[Part, Node]


def parts(node: Node, axis: int) -> list[Part] | None:
    """The operands of a slice along an axis; None where it is not made of slices."""
    if isinstance(node, Sum):
        return [(o, axis) for o in node.operands] or None
    if isinstance(node, Contraction | Term):
        label = node.out[axis]
        atoms = (label,) if isinstance(label, int) else label
        if len(atoms) != 1 or _flat_out(node).count(atoms[0]) != 1:
            return None
        return parts_by_index(node, atoms[0])
    if isinstance(node, Apply) and _alike(node, axis):
        return [(o, axis) for o in node.operands]
    return None


def parts_by_index(node: Contraction | Term, atom: int) -> list[Part] | None:
    """The factors of a product at one value of an index."""
    found: list[Part] = []
    for factor in node.factors:
        places = [k for k, axis in enumerate(factor.indices) if atom in axis]
        if places and (
            len(places) > 1
            or factor.indices[places[0]] != (atom,)
            or isinstance(factor.node, Kernel)
        ):
            return None
        found.append((factor.node, places[0] if places else None))
    return found


def index_along(node: Node, axes: Mapping[Node, int]) -> int | None:
    """The index of a product along which all its factors with an axis in `axes` run."""
    if not isinstance(node, Contraction | Term):
        return None
    labels = {f.indices[axes[f.node]] for f in node.factors if f.node in axes}
    if len(labels) != 1:
        return None
    (label,) = labels
    return label[0] if len(label) == 1 else None


def axis_along(node: Node, axes: Mapping[Node, int]) -> int | None:
    """The axis of a node that its operands with an axis in `axes` give it, None if none."""
    if isinstance(node, Contraction | Term):
        atom = index_along(node, axes)
        labels = [(a,) if isinstance(a, int) else a for a in node.out]
        axis = labels.index((atom,)) if atom is not None and (atom,) in labels else None
    elif isinstance(node, Sum | Apply):
        found = {axes[o] for o in node.operands if o in axes}
        axis = found.pop() if len(found) == 1 else None
    else:
        return None
    return axis if axis is not None and parts(node, axis) is not None else None


def joined(node: Node, axis: int, slices: Slices, length: Dim | None) -> Node:
    """The slice of a node from those of its parts; the axis has another length then, or is gone."""
    if isinstance(node, Contraction | Term):
        label = node.out[axis]
        return joined_by_index(node, label if isinstance(label, int) else label[0], slices, length)
    operands = [slices[o, axis] for o in node.operands]
    if isinstance(node, Sum):
        return build.add(*operands)
    assert isinstance(node, Apply)
    if node.function == "power":
        return build.power(operands[0], node.param("exponent"))
    return apply(node.function, *operands, **dict(node.params))


def joined_by_index(
    node: Contraction | Term, atom: int, slices: Slices, length: Dim | None
) -> Node:
    """The product of slices along an index."""

    def kept(axes: Sequence[AxisIndex]) -> list[AxisIndex]:
        return [axis for axis in axes if length is not None or axis != (atom,)]

    factors = []
    for factor in node.factors:
        place = factor.indices.index((atom,)) if (atom,) in factor.indices else None
        factors.append((slices[factor.node, place], kept(factor.indices)))
    out = node.out if isinstance(node, Term) else tuple((a,) for a in node.out)
    sizes: dict[Hashable, Dim] = dict(enumerate(node.sizes))
    if length is None:
        del sizes[atom]
    else:
        sizes[atom] = length
    coefficient = node.coefficient if isinstance(node, Term) else 1
    return build.einsum(factors, kept(out), coefficient, sizes)


def taken_early(roots: Sequence[Node]) -> list[Node]:
    """The roots with one slice of what recurrences give taken before it is worked on: then the last
    state alone is needed for tanh(h)[−1]."""
    order = topological(*roots)
    if not any(isinstance(node, Scan) for node in order):
        return list(roots)
    axes: dict[Node, int] = {}
    new: dict[Node, Node] = {}
    for node in order:
        current = rebuild(node, tuple(new[o] for o in node.operands))
        new[node] = _at_one_place(current, axes) or current
        if isinstance(new[node], Scan):
            axes[new[node]] = 0
        else:
            axis = axis_along(new[node], axes)
            if axis is not None:
                axes[new[node]] = axis
    return [new[root] for root in roots]


def end_of(node: Node) -> Scan | None:
    """The states after each step of which a node is the last, if it is."""
    if isinstance(node, Contraction) and len(node.factors) == 2:
        for factor in node.factors:
            scan = factor.node
            if isinstance(scan, Scan) and not scan.before:
                r = scan.recurrence
                if loop_of(r, scan.operands).last[scan.place] is node:
                    return scan
    return None


def _at_one_place(node: Node, axes: Mapping[Node, int]) -> Node | None:
    """A product that takes one slice of its factors, with slices taken inside of them."""
    atom = index_along(node, axes)
    if atom is None or not isinstance(node, Contraction):
        return None
    for position, factor in enumerate(node.factors):
        kernel = factor.node
        if not isinstance(kernel, Kernel) or factor.indices != ((), (atom,)):
            continue
        rest = [f for k, f in enumerate(node.factors) if k != position]
        if kernel.kind != "selection" or any(isinstance(f.node, Kernel) for f in rest):
            return None
        place = dict(kernel.params)["start"]
        factors = []
        for f in rest:
            if sum(atom in axis for axis in f.indices) > 1:
                return None
            if (atom,) in f.indices:
                axis = f.indices.index((atom,))
                kept = [a for a in f.indices if a != (atom,)]
                factors.append((_slice(f.node, axis, place), kept))
            elif any(atom in axis for axis in f.indices):
                return None
            else:
                factors.append((f.node, list(f.indices)))
        sizes: dict[Hashable, Dim] = dict(enumerate(node.sizes))
        del sizes[atom]
        return build.einsum(factors, [(a,) for a in node.out], 1, sizes)
    return None


def _slice(root: Node, axis: int, place: Dim) -> Node:
    """One slice, taken as far down as can be; only what is above recurrences is gone through."""
    order = topological(root)
    above: set[Node] = set()
    for node in order:
        if isinstance(node, Scan) or any(o in above for o in node.operands):
            above.add(node)
    wanted: dict[Part, list[Part] | None] = {}
    pending: list[Part] = [(root, axis)]
    while pending:
        part = pending.pop()
        node, along = part
        if part in wanted:
            continue
        through = None
        if along is not None and node in above and not isinstance(node, Scan):
            through = parts(node, along)
        wanted[part] = through
        pending += through or []
    position = {node: k for k, node in enumerate(order)}
    slices: dict[Part, Node] = {}
    for part in sorted(wanted, key=lambda p: position[p[0]]):
        node, along = part
        if along is None:
            slices[part] = node
        elif wanted[part] is not None:
            slices[part] = joined(node, along, slices, None)
        else:
            slices[part] = _bottom(node, along, place)
    return slices[root, axis]


def _bottom(node: Node, axis: int, place: Dim) -> Node:
    """A slice of what is not cut further; the first of the states before a step is the start."""
    if isinstance(node, Scan) and node.before and axis == 0:
        r = node.recurrence
        if place == (r.length - 1 if r.reverse else Dim.of(0)):
            return node.operands[node.place]
    ahead = [axis, *(k for k in range(node.ndim) if k != axis)]
    return slice_of(build.transpose(node, ahead), place)


def _alike(node: Apply, axis: int) -> bool:
    """Whether a function treats all entries along an axis alike."""
    record = lookup(node.function)
    if node.function == "power" or record.elementwise:
        return True
    if record.looks_up:
        return axis < node.operands[0].ndim
    if not isinstance(record.signature, str):
        return False
    given = record.signature.split("->")[0].split(",")
    return all(
        axis < o.ndim - len(part.split()) for o, part in zip(node.operands, given, strict=True)
    )


def _flat_out(node: Contraction | Term) -> list[int]:
    return [a for axis in node.out for a in ((axis,) if isinstance(axis, int) else axis)]
