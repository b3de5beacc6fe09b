"""The same expression at every step at once: each bound variable is given a leading axis.

Products get one index more, elementwise functions broadcast, other records take leading batch
axes, a recurrence gets a leading axis in its carries. So a sum over steps of products becomes one
contraction.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from ..dims import Dim
from ..errors import UnsupportedError
from . import build
from .apply import apply
from .loop import Scan
from .node import Apply, Contraction, Node, Sum, Term, Variable, variable
from .record import infer_shape, lookup
from .recurrence import parts, repeated, scan
from .walk import rebuild, topological

STEP = "step"  # the atom of the new axis


def stacked(
    roots: Sequence[Node],
    stacks: Mapping[Node, Node],
    same: Mapping[Node, Node],
    length: Dim,
) -> list[Node]:
    """The values of some nodes at all steps, axis 0 being the step.

    Parameters
    ----------
    stacks:
        What is put in place of a node, with the new leading axis.
    same:
        What is put in place of a node at every step.

    Raises
    ------
    UnsupportedError
        A function takes no leading axes.

    Examples
    --------
    >>> from eingrad.ir.build import contract, dims
    >>> A, x, X = (variable(*v) for v in [
    ...     ("A", dims("m", "n")), ("x", dims("n")), ("X", dims("T", "n"))])
    >>> stacked([contract("ij,j->i", A, x)], {x: X}, {}, X.shape[0])[0].shape
    (Dim(T), Dim(m))
    """
    new: dict[Node, Node] = {}
    wide: set[Node] = set()
    for node in topological(*roots):
        if node in stacks:
            new[node] = stacks[node]
            wide.add(node)
        elif node in same:
            new[node] = same[node]
        elif any(o in wide for o in node.operands):
            new[node] = _lifted(node, new, wide, length)
            wide.add(node)
        else:
            new[node] = rebuild(node, tuple(new[o] for o in node.operands))
    return [new[root] if root in wide else repeated(new[root], length) for root in roots]


def _lifted(node: Node, new: Mapping[Node, Node], wide: set[Node], length: Dim) -> Node:
    """A node with the new axis in front, when an operand of it has one."""
    if isinstance(node, Contraction | Term):
        return _product(node, new, wide)
    if isinstance(node, Scan):
        return _recurrence(node, new, wide, length)
    operands = [new[o] if o in wide else repeated(new[o], length) for o in node.operands]
    if isinstance(node, Sum):
        return build.add(*operands)
    assert isinstance(node, Apply)
    if node.function == "power":
        return build.power(operands[0], node.param("exponent"))
    record = lookup(node.function)
    params = dict(node.params)
    if not isinstance(record.signature, str):
        shape = infer_shape(record, tuple(o.shape for o in operands), params)
        if shape != (length, *node.shape):
            raise UnsupportedError(f"{node.function} of each step at once is not covered")
    return apply(node.function, *operands, **params)


def _product(node: Contraction | Term, new: Mapping[Node, Node], wide: set[Node]) -> Node:
    lead: tuple[Hashable, ...] = (STEP,)
    factors = [
        (new[f.node], [lead, *f.indices] if f.node in wide else list(f.indices))
        for f in node.factors
    ]
    out = node.out if isinstance(node, Term) else tuple((a,) for a in node.out)
    coefficient = node.coefficient if isinstance(node, Term) else 1
    return build.einsum(factors, [lead, *out], coefficient, dict(enumerate(node.sizes)))


def _recurrence(node: Scan, new: Mapping[Node, Node], wide: set[Node], length: Dim) -> Node:
    """All carries get the axis: a batch of recurrences that run side by side."""
    r = node.recurrence
    carries, steps, params = parts(node)
    inside: dict[Node, Node] = {}

    def widened(v: Variable) -> Variable:
        wider = variable("wide" + v.name, (length, *v.shape), v.facts)
        inside[v] = wider
        return wider

    new_carries = [
        (widened(v), new[o] if o in wide else repeated(new[o], length)) for v, o in carries
    ]
    new_steps = [(widened(v), _exchanged(new[o])) if o in wide else (v, new[o]) for v, o in steps]
    new_params = [(widened(v), new[o]) if o in wide else (v, new[o]) for v, o in params]
    bodies = stacked(r.bodies, inside, {}, length)
    loop = scan(
        bodies,
        new_carries,
        new_steps,
        new_params,
        length=r.length,
        reverse=r.reverse,
        checkpoint=r.checkpoint,
    )
    return _exchanged((loop.before if node.before else loop.after)[node.place])


def _exchanged(node: Node) -> Node:
    """The first two axes exchanged."""
    return build.transpose(node, [1, 0, *range(2, node.ndim)])
