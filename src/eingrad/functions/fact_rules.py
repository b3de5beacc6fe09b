"""What functions do to facts: signs of entries, symmetry, triangles."""

from __future__ import annotations

from collections.abc import Callable

from ..ir.facts import facts_of, symmetric
from ..ir.node import Apply, Node

FactRule = Callable[[Apply], frozenset[str]]

SIGNS = frozenset({"positive", "nonnegative"})
NONE: frozenset[str] = frozenset()


def entrywise(*facts: str) -> FactRule:
    """An elementwise function whose values have these facts; it keeps symmetry."""
    given = frozenset(facts)

    def rule(node: Apply) -> frozenset[str]:
        return given | symmetry_kept(node)

    return rule


def keeps_sign(node: Apply) -> frozenset[str]:
    """An elementwise f with f(0) = 0 that does not decrease, strictly near 0."""
    return (facts_of(node.operands[0]) & SIGNS) | symmetry_kept(node)


def symmetry_kept(node: Apply) -> frozenset[str]:
    """An elementwise function of symmetric matrices is symmetric."""
    if node.operands and all(symmetric(operand) for operand in node.operands):
        return frozenset({"symmetric"})
    return NONE


def keeps_matrix(*kept: str) -> FactRule:
    """A matrix function whose value has those of these facts that its operand has."""
    wanted = frozenset(kept)

    def rule(node: Apply) -> frozenset[str]:
        return facts_of(node.operands[0]) & wanted

    return rule


def always(*facts: str) -> FactRule:
    """These facts, whatever the operands are."""
    given = frozenset(facts)
    return lambda node: given


def known_positive(node: Node) -> bool:
    """Whether every entry is known to be greater than 0."""
    return "positive" in facts_of(node)


def known_nonnegative(node: Node) -> bool:
    """Whether every entry is known to be at least 0."""
    return "nonnegative" in facts_of(node)
