"""Variants of an answer with one usual slip undone: ⊙ for a matrix product, σ(z) for σ(−z)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..ir import build
from ..ir.apply import apply
from ..ir.node import Apply, Contraction, Factor, Node, Term
from ..ir.record import lookup
from ..ir.walk import substitute, topological, transform
from ..notation import formula


def slips(answer: Node) -> Iterator[tuple[Node, str, str]]:
    """The answer with one usual slip undone, a sentence about it, and its kind."""
    for changed, text in with_products_exchanged(answer):
        yield changed, text, "product"
    for changed, text in with_arguments_negated(answer):
        yield changed, text, "argument"


def with_arguments_negated(answer: Node) -> Iterator[tuple[Node, str]]:
    """The answer with f(−z) in the place of f(z), for each elementwise function in it."""
    for node in topological(answer):
        if not isinstance(node, Apply) or len(node.operands) != 1 or node.function == "power":
            continue
        if not lookup(node.function).elementwise:
            continue
        turned = apply(node.function, build.scale(-1, node.operands[0]), **dict(node.params))
        yield (
            substitute(answer, {node: turned}),
            f"right with {formula(turned)} in place of {formula(node)}",
        )


def with_products_exchanged(answer: Node) -> Iterator[tuple[Node, str]]:
    """The answer with its entrywise products of square matrices as matrix products, and conversely.

    Gives `(changed answer, sentence about the slip)`.
    """
    entrywise = "right with the matrix product in place of the entrywise product ⊙"
    matrix = "right with the entrywise product ⊙ in place of the matrix product"
    for change, text in (
        (_multiplied, entrywise),
        (_multiplied_in_reverse, entrywise),
        (_entrywise, matrix),
    ):
        changed = transform(answer, _top_down(answer, change))
        if changed is not answer and changed.shape == answer.shape:
            yield changed, text


def _top_down(root: Node, change: Callable[[Node], Node | None]) -> Callable[[Node], Node | None]:
    """Change the outermost products only, and those of the summands of a sum."""
    outer = {root, *root.operands}
    return lambda node: change(node) if node in outer else None


def _pair(node: Node) -> tuple[Factor, Factor] | None:
    """The two square matrices whose entrywise product the node is."""
    if not isinstance(node, Term) or len(node.shape) != 2 or node.shape[0] != node.shape[1]:
        return None
    plain = [f for f in node.factors if f.indices]
    if len(plain) != 2 or node.out != ((0,), (1,)):
        return None
    if any(sorted(f.indices) != [(0,), (1,)] for f in plain):
        return None
    return plain[0], plain[1]


def _oriented(factor: Factor) -> Node:
    turned = factor.indices == ((1,), (0,))
    return build.transpose(factor.node, (1, 0)) if turned else factor.node


def _multiplied(node: Node, reverse: bool = False) -> Node | None:
    pair = _pair(node)
    if pair is None or not isinstance(node, Term):
        return None
    left, right = (_oriented(f) for f in (pair[::-1] if reverse else pair))
    product = build.contract("ij,jk->ik", left, right, coefficient=node.coefficient)
    scalars = [f.node for f in node.factors if not f.indices]
    return build.multiply(product, *scalars)


def _multiplied_in_reverse(node: Node) -> Node | None:
    return _multiplied(node, reverse=True)


def _entrywise(node: Node) -> Node | None:
    """Σ_j A_ij B_jk of square matrices as A_ik B_ik."""
    core = node
    scale: Callable[[Node], Node] = lambda n: n  # noqa: E731
    if isinstance(node, Term) and len(node.factors) == 1 and len(node.shape) == 2:
        (factor,) = node.factors
        if factor.indices not in (((0,), (1,)), ((1,), (0,))) or node.out != ((0,), (1,)):
            return None
        core = factor.node
        term, turned = node, factor.indices == ((1,), (0,))

        def scale(n: Node) -> Node:
            return build.scale(term.coefficient, build.transpose(n, (1, 0)) if turned else n)

    if not isinstance(core, Contraction) or len(core.factors) != 2 or len(core.out) != 2:
        return None
    (summed,) = {0, 1, 2} - {*core.out} if len(core.sizes) == 3 else (None,)
    if summed is None or core.shape[0] != core.shape[1]:
        return None
    row, column = core.out
    parts = []
    for factor in core.factors:
        axes = [axis[0] for axis in factor.indices if len(axis) == 1]
        if len(axes) != 2 or summed not in axes:
            return None
        end = axes[0] if axes[1] == summed else axes[1]
        # The free index keeps its place; the summed one becomes the other free index.
        other = column if end == row else row
        named = [(end if a == end else other,) for a in axes]
        parts.append((factor.node, named))
    if any(n.shape[0] != n.shape[1] for n, _ in parts):
        return None
    return scale(build.einsum(parts, [(row,), (column,)]))
