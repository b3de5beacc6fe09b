"""Products and sums of nodes in normal form; the module that everybody builds with.

`einsum` (from `eingrad.ir.product`) is the one way to build a product. It inlines terms, removes
deltas over summed indices by renaming, keeps deltas between output indices, closes every component
that hangs together through summed indices into one `Contraction`, cancels inverses, and collects
powers. `add` is the one way to build a sum: it collects equal terms and drops zeros.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from ..dims import ONE, Dim, as_dim, shape_text
from ..errors import ShapeError
from . import algebra
from .node import Node, Number, Shape, Sum, Term, raw_sum
from .numbers import as_node, exact, is_zero, number, number_of, zeros
from .opening import is_structured
from .product import einsum, finish_term

__all__ = [
    "add",
    "as_node",
    "broadcast_shape",
    "broadcast_to",
    "contract",
    "dims",
    "divide",
    "einsum",
    "exact",
    "finish_term",
    "is_zero",
    "multiply",
    "number",
    "number_of",
    "power",
    "scale",
    "split_coefficient",
    "subtract",
    "sum_of",
    "transpose",
    "zeros",
]


def contract(spec: str, *nodes: Node, coefficient: Number = 1) -> Node:
    """`contract("ij,jk->ik", A, B)`: letters as in einsum, repeated output letters are deltas."""
    left, right = spec.replace(" ", "").split("->")
    parts = left.split(",") if left or nodes else []
    factors = [(node, tuple((c,) for c in part)) for node, part in zip(nodes, parts, strict=True)]
    return einsum(factors, [(c,) for c in right], coefficient)


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
    return einsum([(node, indices)], indices, c, dict(enumerate(node.shape)))


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
            raise ShapeError(f"cannot add shapes {shape_text(shape)} and {shape_text(node.shape)}")
    collected: dict[Node, Number] = {}
    nested: list[Sum] = []
    for node in nodes:
        c, rest = split_coefficient(node)
        if isinstance(rest, Sum) and rest not in collected:
            nested.append(rest)
        collected[rest] = exact(collected.get(rest, 0) + c)
    _open_sums(nested, collected)
    parts = sorted(
        ((c, rest) for rest, c in collected.items() if c and not is_zero(rest)),
        key=lambda part: part[1].order,
    )
    if not parts:
        return zeros(shape)
    if len(parts) == 1:
        return scale(*parts[0])
    if any(is_structured(rest) for _, rest in parts):
        return raw_sum([scale(c, rest) for c, rest in parts], shape)
    content = _content([c for c, _ in parts])
    inner = raw_sum([scale(exact(Fraction(c) / content), rest) for c, rest in parts], shape)
    return scale(content, inner)


def _content(coefficients: list[Number]) -> Number:
    """The number that stands outside a sum: the greatest common divisor of integers, or what all
    agree in up to sign; negative when all of them are."""
    sign = -1 if all(c < 0 for c in coefficients) else 1
    if all(isinstance(c, int) for c in coefficients):
        return sign * math.gcd(*(int(c) for c in coefficients))
    size = max(coefficients[0], -coefficients[0])
    return sign * size if all(abs(c) == size for c in coefficients) else sign


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
        if alike or (others and others + len(parts) <= MAX_OPENED):
            del collected[node]
            for c, rest in parts:
                collected[rest] = exact(collected.get(rest, 0) + c * count)


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
    indices = [() if dim.is_one else (k + offset,) for k, dim in enumerate(node.shape)]
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
