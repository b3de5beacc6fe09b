"""tr(A dX B) = tr(BA dX) = ⟨(BA)ᵀ, dX⟩: a trace turned round until the differential stands last."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..notation import Formula
from ..notation.tree import Tree, call, make, product
from ..notation.treewalk import post_order


@dataclass(frozen=True)
class Turned:
    """A trace with the differential last, and what then stands beside it in an inner product."""

    trace: Formula
    beside: Formula


def turned(written: Formula, name: str) -> Turned | None:
    """The trace of a product in which `name` (or its transpose) is a factor, turned round.

    None for anything else, and where nothing stands beside it.
    """
    tree = written.tree
    if tree.op != "call" or tree.data[0] != "tr" or tree.args[0].op != "product":
        return None
    factors = [a for a in tree.args[0].args if not a.scalar]
    scalars = [a for a in tree.args[0].args if a.scalar]
    places = [k for k, a in enumerate(factors) if _holds(a, name)]
    if len(places) != 1 or len(factors) < 2:
        return None
    (k,) = places
    moving = factors[k]
    rest = [*factors[k + 1 :], *factors[:k]]
    matrix = product(*scalars, *rest)
    if moving.op == "name":
        beside = make("transpose", [matrix], kind=matrix.kind)
    elif moving.op == "transpose" and moving.args[0].op == "name":
        beside = matrix
    else:
        return None
    round_ = call("tr", product(*scalars, *rest, moving))
    still = {n: s for n, s in written.directions.items() if n != name}
    return Turned(replace(written, tree=round_), replace(written, tree=beside, directions=still))


def _holds(tree: Tree, name: str) -> bool:
    return any(t.op == "name" and t.data == name for t in post_order(tree))
