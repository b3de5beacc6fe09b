"""Rewrites about signs: |x| of what is known to be positive, odd and even functions of −x."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..ir import build
from ..ir.algebra import ProductView, base_and_exponent, power_factors
from ..ir.apply import apply
from ..ir.facts import facts_of
from ..ir.node import Apply, Node, Number, Term
from .fact_rules import known_nonnegative, known_positive, symmetry_kept

Operands = tuple[Node, ...]
Params = Mapping[str, Any]


def magnitude(c: Number) -> Number:
    """|c|."""
    return -c if c < 0 else c


def facts_of_abs(node: Apply) -> frozenset[str]:
    """Nonnegative, and positive where the operand is."""
    positive = frozenset({"positive"}) if known_positive(node.operands[0]) else frozenset()
    return positive | {"nonnegative"} | symmetry_kept(node)


def facts_of_floor(node: Apply) -> frozenset[str]:
    """Rounding down keeps x ≥ 0, but not x > 0."""
    return (facts_of(node.operands[0]) & {"nonnegative"}) | symmetry_kept(node)


def facts_of_remainder(node: Apply) -> frozenset[str]:
    """A remainder has the sign of the divisor, or is 0."""
    return (facts_of(node.operands[1]) & {"nonnegative"}) | symmetry_kept(node)


def _open_scale(node: Node) -> tuple[Any, Node]:
    """`(c, rest)` with node = c · rest, for a term without deltas."""
    if isinstance(node, Term) and node.factors:
        flat = [a for axis in node.out for a in axis]
        if len(flat) == len(set(flat)):
            return build.split_coefficient(node)
    return 1, node


def abs_of_nonnegative(operands: Operands, params: Params) -> Node | None:
    """|x| -> x where x ≥ 0."""
    return operands[0] if known_nonnegative(operands[0]) else None


def abs_of_multiple(operands: Operands, params: Params) -> Node | None:
    """|−x| -> |x|, |2x| -> 2|x|, |−3| -> 3."""
    (x,) = operands
    if isinstance(x, Term) and not x.factors:
        return build.einsum([], x.out, magnitude(x.coefficient), dict(enumerate(x.sizes)))
    c, rest = _open_scale(x)
    return None if c == 1 else build.scale(magnitude(c), apply("abs", rest))


def abs_of_product(operands: Operands, params: Params) -> Node | None:
    """|x y| -> |x| y for y ≥ 0."""
    return _pull_out(operands[0], known_nonnegative, "abs")


def sign_of_positive(operands: Operands, params: Params) -> Node | None:
    """sign(x) -> 1 where x > 0."""
    (x,) = operands
    return build.broadcast_to(build.number(1), x.shape) if known_positive(x) else None


def sign_of_multiple(operands: Operands, params: Params) -> Node | None:
    """sign(sign(x)) -> sign(x), sign(−2x) -> −sign(x)."""
    (x,) = operands
    if isinstance(x, Apply) and x.function == "sign":
        return x
    if isinstance(x, Term) and not x.factors:
        sign = (x.coefficient > 0) - (x.coefficient < 0)
        return build.einsum([], x.out, sign, dict(enumerate(x.sizes)))
    c, rest = _open_scale(x)
    return None if c == 1 else build.scale(1 if c > 0 else -1, apply("sign", rest))


def sign_of_product(operands: Operands, params: Params) -> Node | None:
    """sign(x y) -> sign(x) for y > 0."""
    return _pull_out(operands[0], known_positive, "sign", keep=False)


def _pull_out(
    node: Node, wanted: Callable[[Node], bool], function: str, keep: bool = True
) -> Node | None:
    """f(x y) as f(x)·y (or f(x)) for the factors y that are `wanted`."""
    if not isinstance(node, Term) or len(node.factors) < 2:
        return None
    flat = [a for axis in node.out for a in axis]
    if len(flat) > len(set(flat)):
        return None
    outside = [f for f in node.factors if wanted(f.node)]
    inside = [f for f in node.factors if not wanted(f.node)]
    if not outside or not inside:
        return None
    sizes = dict(enumerate(node.sizes))
    atoms = sorted({a for f in inside for axis in f.indices for a in axis})
    core = build.einsum(inside, [(a,) for a in atoms], node.coefficient, sizes)
    rest = [*outside] if keep else []
    return build.einsum([(apply(function, core), [(a,) for a in atoms]), *rest], node.out, 1, sizes)


def square_of_abs(view: ProductView, position: int) -> bool:
    """|x| · |x| -> x · x."""
    node, axes = view.factors[position]
    for k, (other, other_axes) in enumerate(view.factors):
        if k != position and other is node and other_axes == axes:
            (x,) = node.operands
            view.replace({position, k}, (x, axes), (x, axes))
            return True
    return False


def sign_times_abs(view: ProductView, position: int) -> bool:
    """sign(x) · |x|^e -> x^e for an odd e, and sign(x) · x -> |x|."""
    node, axes = view.factors[position]
    (x,) = node.operands
    magnitude = apply("abs", x)
    for k, (other, other_axes) in enumerate(view.factors):
        if k == position or other_axes != axes:
            continue
        if other is x:
            view.replace({position, k}, (magnitude, axes))
            return True
        base, e = base_and_exponent(other)
        if base is magnitude and isinstance(e, int) and e % 2:
            view.replace({position, k}, *((f, axes) for f in power_factors(x, e)))
            return True
    return False


def odd(function: str) -> Callable[[Operands, Params], Node | None]:
    """f(−x) -> −f(x)."""

    def rewrite(operands: Operands, params: Params) -> Node | None:
        c, _ = _open_scale(operands[0])
        if c >= 0:
            return None
        return build.scale(-1, apply(function, build.scale(-1, operands[0]), **params))

    return rewrite


def even(function: str) -> Callable[[Operands, Params], Node | None]:
    """f(−x) -> f(x)."""

    def rewrite(operands: Operands, params: Params) -> Node | None:
        c, _ = _open_scale(operands[0])
        return None if c >= 0 else apply(function, build.scale(-1, operands[0]), **params)

    return rewrite
