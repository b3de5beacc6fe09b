"""Local derivatives: ∂(value of a node)/∂(one operand) as products, for each kind of node.

Both directions of accumulation read the same list, so a rule is stated once. With v the axes of the
node and u the axes of the operand, a `Local` says: ∂v/∂u = coefficient × factors, where an atom
that occurs both in `v` and in `u` is a Kronecker delta.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..dims import Dim
from ..errors import UnsupportedError
from ..ir.build import as_node, is_zero
from ..ir.node import Apply, Contraction, Node, Number, Sum, Term
from ..ir.record import lookup
from ..ir.rule import FamilyRule, Indexed, IndexRule

Axes = tuple[tuple[Hashable, ...], ...]


@dataclass(frozen=True)
class Local:
    """One product of ∂node/∂operand."""

    operand: Node
    coefficient: Number
    factors: tuple[tuple[Node, Axes], ...]
    v: Axes
    u: Axes
    sizes: dict[Hashable, Dim] = field(default_factory=dict)


def local_derivatives(node: Node, dependent: set[Node]) -> Iterator[Local]:
    """∂node/∂operand for each operand slot that is in `dependent`."""
    if isinstance(node, Contraction | Term):
        yield from _of_product(node, dependent)
    elif isinstance(node, Sum):
        axes: Axes = tuple((k,) for k in range(node.ndim))
        sizes: dict[Hashable, Dim] = dict(enumerate(node.shape))
        for operand in node.operands:
            if operand in dependent:
                yield Local(operand, 1, (), axes, axes, sizes)
    elif isinstance(node, Apply):
        yield from _of_function(node, dependent)


def _of_product(node: Contraction | Term, dependent: set[Node]) -> Iterator[Local]:
    """The product rule: all other factors, once for each occurrence."""
    coefficient = node.coefficient if isinstance(node, Term) else 1
    v: Axes = node.out if isinstance(node, Term) else tuple((a,) for a in node.out)
    sizes: dict[Hashable, Dim] = dict(enumerate(node.sizes))
    for k, factor in enumerate(node.factors):
        if factor.node in dependent:
            others = tuple((f.node, f.indices) for j, f in enumerate(node.factors) if j != k)
            yield Local(factor.node, coefficient, others, v, factor.indices, sizes)


def _of_function(node: Apply, dependent: set[Node]) -> Iterator[Local]:
    record = lookup(node.function)
    params = dict(node.params) if record.rule_params else {}
    for place, (operand, rule) in enumerate(zip(node.operands, record.derivative, strict=True), 1):
        if operand not in dependent:
            continue
        if rule is None:
            raise UnsupportedError(f"{record.name} has no derivative by operand {place}")
        if isinstance(rule, IndexRule | FamilyRule):
            yield from _by_index_rule(node, operand, rule.given(params), params)
            continue
        slope = as_node(rule(node, *node.operands, **params))
        if is_zero(slope):
            continue
        axes: Axes = tuple((k,) for k in range(node.ndim))
        indices: Axes = axes if slope.ndim else ()
        yield Local(operand, 1, ((slope, indices),), axes, axes, dict(enumerate(node.shape)))


def _by_index_rule(
    node: Apply, operand: Node, rule: IndexRule, params: dict[str, Any]
) -> Iterator[Local]:
    """A rule in index notation; leading axes that it does not write are a shared batch."""
    result: Any = rule.build(node, *node.operands, **params)
    if not isinstance(result, Indexed):  # taken for 0, it would be a wrong derivative unseen
        raise TypeError(
            f"an index rule of {node.function} gave {type(result).__name__}, not an Indexed; "
            "a derivative that is 0 is written ZERO"
        )
    batch = operand.ndim - len(rule.into)
    lead: Axes = tuple((("batch", k),) for k in range(batch))
    sizes: dict[Hashable, Dim] = {("batch", k): operand.shape[k] for k in range(batch)}
    for letters, shape in ((rule.out, node.shape), (rule.into, operand.shape)):
        core = shape[len(shape) - len(letters) :]
        sizes.update(zip(letters, core, strict=True))
    for coefficient, factors, deltas in result.terms:
        same = {letter: letter for letter in sizes if isinstance(letter, str)}
        for pair in deltas:
            left, right = same.get(pair[0], pair[0]), same.get(pair[1], pair[1])
            same = {k: left if v == right else v for k, v in same.items()}
            same[pair[0]] = same[pair[1]] = left

        def axes_of(letters: str, same: dict[Any, Any] = same) -> Axes:
            return tuple((same.get(c, c),) for c in letters)

        indexed = tuple(
            (f, (lead if f.ndim > len(letters) else ()) + axes_of(letters))
            for f, letters in factors
        )
        yield Local(
            operand,
            coefficient,
            indexed,
            lead + axes_of(rule.out),
            lead + axes_of(rule.into),
            sizes,
        )
