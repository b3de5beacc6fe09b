"""What is known of a node: declared facts of variables, and what follows from them.

`binary` (0 or 1) and `small` (between −1 and 1) cannot be declared; records give them.
"""

from __future__ import annotations

from threading import local

from .node import (
    MATRIX_FACTS,
    Apply,
    Constant,
    Contraction,
    Factor,
    Node,
    Number,
    Size,
    Sum,
    Term,
    Variable,
    variable,
)

IMPLIED = {
    "spd": frozenset({"symmetric", "psd", "spd", "invertible"}),
    "psd": frozenset({"symmetric", "psd"}),
    "positive": frozenset({"positive", "nonnegative", "real"}),
    "nonnegative": frozenset({"nonnegative"}),
    "binary": frozenset({"nonnegative", "small"}),
    "diagonal": frozenset({"diagonal", "symmetric", "triangular"}),
    "orthogonal": frozenset({"orthogonal", "invertible"}),
}
KNOWN = frozenset(
    [
        "symmetric",
        "spd",
        "psd",
        "positive",
        "nonnegative",
        "integer",
        "diagonal",
        "triangular",
        "orthogonal",
    ]
)


class _Tests(local):
    """The nodes whose symmetry this thread is testing."""

    def __init__(self) -> None:
        self.nodes: set[Node] = set()


_TESTED = _Tests()


def closure(facts: frozenset[str]) -> frozenset[str]:
    """The facts with all that they imply."""
    result = facts
    for fact in facts:
        result |= IMPLIED.get(fact, frozenset())
    return result


def facts_of(node: Node) -> frozenset[str]:
    """All facts known of a node (iterative over the graph, each node once)."""
    if "facts" in node._memo:
        return node._memo["facts"]
    tested = _TESTED.nodes
    if node in tested:
        return frozenset()
    stack = [node]
    while stack:
        top = stack[-1]
        if "facts" in top._memo:
            stack.pop()
            continue
        missing = [n for n in top.operands if "facts" not in n._memo and n not in tested]
        if missing:
            stack.extend(missing)
            continue
        top._memo["facts"] = _infer(top)
        stack.pop()
    return node._memo["facts"]


def has(node: Node, fact: str) -> bool:
    """Whether a fact is known of a node."""
    return fact in facts_of(node)


def symmetric(node: Node) -> bool:
    """Whether a matrix is known to equal its transpose."""
    if len(node.shape) != 2 or node.shape[0] != node.shape[1]:
        return False
    return "symmetric" in facts_of(node)


def _infer(node: Node) -> frozenset[str]:
    if isinstance(node, Variable):
        return closure(node.facts - MATRIX_FACTS if node.dormant else node.facts)
    if isinstance(node, Constant):
        return _of_constant(node)
    if isinstance(node, Size):
        return closure(frozenset({"positive", "integer"}))
    if isinstance(node, Apply):
        from .record import REGISTRY

        record = REGISTRY.get(node.function)
        if record is None or record.facts is None:
            return frozenset()
        return closure(record.facts(node))
    if isinstance(node, Contraction | Term | Sum):
        return closure(_of_product_or_sum(node))
    return frozenset()


def _of_constant(node: Constant) -> frozenset[str]:
    found = set()
    value = node.value
    if value.size and value.dtype != bool:
        if (value > 0).all():
            found.add("positive")
        if (value >= 0).all():
            found.add("nonnegative")
    if value.ndim == 2 and value.shape[0] == value.shape[1] and (value == value.T).all():
        found.add("symmetric")
    return closure(frozenset(found))


def _of_product_or_sum(node: Contraction | Term | Sum) -> frozenset[str]:
    found: set[str] = set()
    parts = (
        [f.node for f in node.factors] if isinstance(node, Contraction | Term) else [*node.operands]
    )
    signs = [facts_of(p) for p in parts]
    coefficient = node.coefficient if isinstance(node, Term) else 1
    deltas = isinstance(node, Term) and len(set(sum(node.out, ()))) < len(sum(node.out, ()))
    if isinstance(node, Sum):
        if not parts:
            found.add("nonnegative")
        elif all("nonnegative" in s for s in signs):
            found.add("nonnegative")
            if any("positive" in s for s in signs):
                found.add("positive")
        elif _outweighed(node):
            found.add("nonnegative")
        if all("psd" in s for s in signs) and parts:
            found.add("psd")
            if any("spd" in s for s in signs):
                found.add("spd")
    elif isinstance(node, Term) and -1 <= coefficient <= 1 and all("small" in s for s in signs):
        found.add("small")
    entries = isinstance(node, Term) and coefficient == 1 and parts
    if entries and all("binary" in s for s in signs):
        found.add("binary")
    if not isinstance(node, Sum) and coefficient > 0:
        if all("positive" in s for s in signs) and not deltas:
            found.add("positive")
        if all(_nonnegative(f, node) for f in node.factors):
            found.add("nonnegative")
    if len(node.shape) == 2 and node.shape[0] == node.shape[1]:
        if isinstance(node, Term):
            flat = [a for axis in node.out for a in axis]
            if len(flat) == 2 and flat[0] == flat[1]:
                found.add("symmetric")
                found.add("diagonal")
                if coefficient > 0 and all("positive" in s for s in signs):
                    found.add("spd")
                elif coefficient > 0 and all("nonnegative" in s for s in signs):
                    found.add("psd")
        if isinstance(node, Term) and coefficient > 0 and len(node.factors) and not deltas:
            matrix = [f for f in node.factors if f.indices]
            # Its axes must be those of the node: diag(A) in all columns is not like A.
            if (
                len(matrix) == 1
                and set(matrix[0].indices) == {(a,) for a in flat}
                and all("positive" in facts_of(f.node) for f in node.factors if not f.indices)
            ):
                inner = facts_of(matrix[0].node)
                found |= {"spd", "psd", "symmetric"} & inner
        if "symmetric" not in found and _equals_its_transpose(node):
            found.add("symmetric")
        if isinstance(node, Contraction) and _is_gram(node):
            found |= {"symmetric", "psd"}
    return frozenset(found)


def _outweighed(node: Sum) -> bool:
    """c − Σ cₖuₖ with |uₖ| ≤ 1 and c ≥ Σ|cₖ|: 1 − tanh², 1 − σ are nonnegative."""
    balance: Number = 0
    for term in node.operands:
        if not isinstance(term, Term):
            return False
        flat = [a for axis in term.out for a in axis]
        if not term.factors and len(set(flat)) == len(flat):
            balance += term.coefficient
        elif all("small" in facts_of(f.node) for f in term.factors):
            c = term.coefficient
            if c < 0:
                balance += c
            elif not all(_nonnegative(f, term) for f in term.factors):
                balance -= c
        elif "nonnegative" not in facts_of(term):
            return False
    return balance >= 0


def _equals_its_transpose(node: Contraction | Term | Sum) -> bool:
    """Whether exchanging the axes gives the same canonical form.

    While it is being tested the node counts as one without facts, so the test cannot meet itself.
    That holds for this thread only: others share the node, and would take it for the result.
    """
    _TESTED.nodes.add(node)
    try:
        if isinstance(node, Contraction):
            return _tagged(node, node.out[0]) is _tagged(node, node.out[1])
        from .build import transpose

        return transpose(node, (1, 0)) is node
    finally:
        _TESTED.nodes.discard(node)


def _tagged(node: Contraction, atom: int) -> Node:
    """The contraction with one of its free atoms marked, to see whether the two are alike."""
    from .labelling import canonical_contraction

    tag = Factor(variable("·", (node.sizes[atom],)), ((atom,),))
    return canonical_contraction([*node.factors, tag], frozenset(node.out), node.sizes)[0]


def _nonnegative(factor: object, node: Contraction | Term) -> bool:
    """A factor is nonnegative by itself, or because it occurs an even number of times (x·x)."""
    return "nonnegative" in facts_of(factor.node) or node.factors.count(factor) % 2 == 0  # type: ignore[attr-defined]


def _is_gram(node: Contraction) -> bool:
    """Whether a contraction is Xᵀ diag(w) X with w ≥ 0: symmetric and positive semidefinite."""
    if len(node.out) != 2:
        return False
    left, right = node.out
    middle = []
    ends: dict[int, list[object]] = {left: [], right: []}
    for factor in node.factors:
        used = {a for axis in factor.indices for a in axis}
        if {left, right} <= used:
            return False
        for end in (left, right):
            if end in used:
                ends[end].append(
                    (
                        factor.node,
                        tuple(
                            tuple(-1 if a == end else a for a in axis) for axis in factor.indices
                        ),
                    )
                )
        if not used & {left, right}:
            middle.append(factor)

    def key(pair: object) -> str:
        return str((pair[0].digest, pair[1]))  # type: ignore[index]

    if sorted(map(key, ends[left])) != sorted(map(key, ends[right])):
        return False
    return all(_nonnegative(f, node) for f in middle)
