"""The factors of a product in groups that share their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..dims import Dim
from ..ir.node import Contraction, Factor, Node, Term
from .rows import Cut, Mixed, Rows, Status, Total, Weight, combined, has_rows


class Member(NamedTuple):
    """A factor with rows, and the softmaxes over rows in it, whose axes are atoms here."""

    factor: Factor
    weights: tuple[Weight, ...]


@dataclass(frozen=True)
class Product:
    """A contraction or a term, as blocks of rows see it.

    Attributes
    ----------
    groups:
        Atom with rows → the factors that carry it.
    rest:
        The factors without rows.
    totals:
        Whether some of the rest is a total over rows.
    cuts:
        Atom with rows → the sizes that it is merged from.
    out, sizes:
        Those of the node.
    """

    groups: Mapping[int, Sequence[Member]]
    rest: Sequence[Factor]
    totals: bool
    cuts: Mapping[int, Cut]
    out: tuple[tuple[int, ...], ...]
    sizes: tuple[Dim, ...]

    def kept(self, node: Node) -> Rows | Mixed:
        """The status of a product that keeps its rows."""
        places = self._places()
        for k, axis in enumerate(self.out):
            if any(a in self.cuts for a in axis):
                cut = tuple(d for a in axis for d in self.cuts.get(a, (self.sizes[a],)))
                weights = placed(
                    [w for g in self.groups.values() for m in g for w in m.weights], places
                )
                if weights is None:
                    return Mixed(node, "sums over an axis of a softmax over the rows")
                return Rows(k, cut, weights)
        raise AssertionError("a product that keeps its rows has an axis for them")

    def whole(self) -> tuple[Weight, ...] | None:
        """The weights of the product as one sum over its rows; None where that is no such sum."""
        if len(self.groups) != 1 or self.totals:
            return None
        (members,) = self.groups.values()
        found = placed([w for m in members for w in m.weights], self._places())
        return found if found is None or in_order(found) else None

    def _places(self) -> dict[int, int]:
        return {axis[0]: k for k, axis in enumerate(self.out) if len(axis) == 1}

    def outer_atoms(self, members: Sequence[Member]) -> list[int]:
        """The atoms of a group that are needed outside it; those of weights first, as they have
        them."""
        inside = _atoms(m.factor for m in members) - self.cuts.keys()
        others = {a for axis in self.out for a in axis} | _atoms(self.rest)
        for group in self.groups.values():
            if group is not members:
                others |= _atoms(m.factor for m in group)
        scaled = list(dict.fromkeys(a for m in members for w in m.weights for a in w.axes))
        return [*scaled, *sorted((inside & others) - set(scaled))]


def _atoms(factors: Iterable[Factor]) -> set[int]:
    return {a for f in factors for axis in f.indices for a in axis}


def placed(weights: Sequence[Weight], places: Mapping[int, int]) -> tuple[Weight, ...] | None:
    """The weights with axes in place of atoms; None where one has an axis that is not there."""
    if any(a not in places for w in weights for a in w.axes):
        return None
    return combined([Weight(w.of, w.power, tuple(places[a] for a in w.axes)) for w in weights])


def in_order(weights: Sequence[Weight]) -> bool:
    """Whether scales can be laid along the axes without a transpose."""
    return all(list(w.axes) == sorted(w.axes) for w in weights)


def product_of(
    node: Contraction | Term, statuses: Mapping[Node, Status], rows: str
) -> Product | Mixed:
    """The factors in groups; `Mixed` where rows are arranged in two ways."""
    groups: dict[int, list[Member]] = {}
    rest: list[Factor] = []
    cuts: dict[int, Cut] = {}
    mixed = Mixed(node, f"arranges the rows {rows} in two ways")
    for f in node.factors:
        status = statuses[f.node]
        if not isinstance(status, Rows):
            rest.append(f)
            continue
        axis = f.indices[status.axis]
        if len(axis) > 1 and tuple(node.sizes[a] for a in axis) != status.cut:
            return mixed
        (atom,) = (a for a in axis if has_rows(node.sizes[a], rows))
        cut = status.cut if len(axis) == 1 else (node.sizes[atom],)
        if cuts.setdefault(atom, cut) != cut:
            return mixed
        along = [[f.indices[k] for k in w.axes] for w in status.weights]
        if any(len(axis) != 1 for axes in along for axis in axes):
            return mixed
        weights = tuple(
            Weight(w.of, w.power, tuple(axis[0] for axis in axes))
            for w, axes in zip(status.weights, along, strict=True)
        )
        groups.setdefault(atom, []).append(Member(f, weights))
    out = node.out if isinstance(node, Term) else tuple((a,) for a in node.out)
    for atom in {a for axis in out for a in axis} - cuts.keys():
        if has_rows(node.sizes[atom], rows):
            cuts[atom] = (node.sizes[atom],)  # ones along the rows
            if node.sizes[atom] != Dim.symbol(rows):
                return mixed
    totals = any(isinstance(statuses[f.node], Total) for f in rest)
    return Product(groups, rest, totals, cuts, out, tuple(node.sizes))
