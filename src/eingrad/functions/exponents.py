"""Exponentials meeting logarithms: softplus, logsumexp, softmax, sigmoid are found by themselves.

`log(1 + exp z)` overflows where `softplus(z)` does not, and its derivative is longer; so the
stable function is put in place while an expression is built, before anything is differentiated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..dims import Dim
from ..ir import build
from ..ir.algebra import ProductView, base_and_exponent, power_factors
from ..ir.apply import apply
from ..ir.node import Apply, AxisIndex, Contraction, Factor, Node, Number, Sum, Term
from .fact_rules import known_nonnegative, known_positive
from .signs import magnitude

Operands = tuple[Node, ...]
Params = Mapping[str, Any]


def is_call(node: Node, *functions: str) -> bool:
    """Whether a node is an application of one of these functions."""
    return isinstance(node, Apply) and node.function in functions


def is_constant(node: Node) -> Number | None:
    """The number that every entry of a node is; None when it is not such a constant."""
    if isinstance(node, Term) and not node.factors:
        flat = [a for axis in node.out for a in axis]
        return node.coefficient if len(flat) == len(set(flat)) else None
    return 0 if build.is_zero(node) else None


def exponent_of(node: Node) -> Node | None:
    """z with node = exp(z), when that is plain to see; the constant one is exp(0)."""
    if is_call(node, "exp"):
        return node.operands[0]
    if isinstance(node, Term):
        if is_constant(node) == 1:
            return build.zeros(node.shape)
        if node.coefficient == 1 and is_constant(node) is None:
            return _exponent_of_product(node.factors, node.out, node.sizes)
    return None


def _exponent_of_product(
    factors: Sequence[Factor], out: Sequence[AxisIndex], sizes: Sequence[Dim]
) -> Node | None:
    """The exponents of a product of exponentials, added up; None with any other factor."""
    flat = [a for axis in out for a in axis]
    if not factors or len(flat) > len(set(flat)):
        return None
    if not all(is_call(f.node, "exp") for f in factors):
        return None
    table = dict(enumerate(sizes))
    return build.add(
        *(build.einsum([(f.node.operands[0], f.indices)], out, 1, table) for f in factors)
    )


def exp_of_log(operands: Operands, params: Params) -> Node | None:
    """exp(log x) -> x, exp(log_softmax z) -> softmax(z), exp(log_sigmoid z) -> sigmoid(z)."""
    (x,) = operands
    if is_call(x, "log"):
        return x.operands[0]
    if is_call(x, "log_softmax"):
        return apply("softmax", x.operands[0])
    if is_call(x, "log_sigmoid"):
        return apply("sigmoid", x.operands[0])
    return None


def power_of_exp(operands: Operands, params: Params) -> Node | None:
    """exp(z)^e -> exp(e z)."""
    (base,) = operands
    if is_call(base, "exp"):
        return apply("exp", build.scale(params["exponent"], base.operands[0]))
    return None


def power_of_logistic(operands: Operands, params: Params) -> Node | None:
    """1/(1 + exp z) -> sigmoid(−z), and negative powers of it likewise."""
    (base,), e = operands, params["exponent"]
    if e >= 0:
        return None
    z = _one_plus_exp(base)
    return None if z is None else build.power(apply("sigmoid", build.scale(-1, z)), -e)


def _one_plus_exp(node: Node) -> Node | None:
    """z with node = 1 + exp(z)."""
    if not isinstance(node, Sum) or len(node.operands) != 2:
        return None
    a, b = node.operands
    if is_constant(a) == 1:
        return exponent_of(b)
    if is_constant(b) == 1:
        return exponent_of(a)
    return None


def log1p_of_exp(operands: Operands, params: Params) -> Node | None:
    """log1p(exp z) -> softplus(z)."""
    z = exponent_of(operands[0])
    return None if z is None else apply("softplus", z)


LOGARITHMS = {"det": "logdet", "softmax": "log_softmax", "sigmoid": "log_sigmoid"}


def log_of_function(operands: Operands, params: Params) -> Node | None:
    """log(exp x) -> x, log(det X) -> logdet(X), log(softmax z) -> log_softmax(z), log(xᵉ) -> e log
    x."""
    (x,) = operands
    if not isinstance(x, Apply):
        return None
    if x.function == "exp":
        return x.operands[0]
    if x.function == "abs" and is_call(x.operands[0], "det"):
        return apply("logdet", *x.operands[0].operands)
    if x.function in LOGARITHMS:
        return apply(LOGARITHMS[x.function], *x.operands)
    if x.function == "power":
        (base,), e = x.operands, x.param("exponent")
        if is_call(base, "det"):  # the logarithm is defined only where the power is positive
            return build.scale(e, apply("logdet", *base.operands))
        if not isinstance(e, int) or e % 2 or known_nonnegative(base):
            return build.scale(e, apply("log", base))
        return build.scale(e, apply("log", apply("abs", base)))
    if x.function == "pow" and known_nonnegative(x.operands[0]):
        return x.operands[1] * apply("log", x.operands[0])
    return None


def log_of_sum_of_two(operands: Operands, params: Params) -> Node | None:
    """log(exp a + exp b) -> a + softplus(b − a); with a = 0: log(1 + exp b) -> softplus(b)."""
    (x,) = operands
    if not isinstance(x, Sum) or len(x.operands) != 2:
        return None
    exponents = [exponent_of(term) for term in x.operands]
    if any(z is None for z in exponents):
        return None
    a, b = exponents
    assert a is not None and b is not None
    if build.is_zero(b):
        a, b = b, a
    return build.sum_of(a, apply("softplus", build.subtract(b, a)))


def log_of_contraction(operands: Operands, params: Params) -> Node | None:
    """log Σ exp(z) -> logsumexp(z), over any axes."""
    (x,) = operands
    if not isinstance(x, Contraction):
        return None
    kept: list[AxisIndex] = [(a,) for a in x.out]
    summed = tuple(a for a in range(len(x.sizes)) if a not in x.out)
    z = _exponent_of_product(x.factors, [*kept, summed], x.sizes)
    return None if z is None else apply("logsumexp", z)


def log_of_product(operands: Operands, params: Params) -> Node | None:
    """log(c x y) -> log c + log x + log y where the factors are positive.

    A determinant has no known sign, but log(det(A) y) is defined only where it is that of y: there
    log(det(A) y) = logdet(A) + log|y|.
    """
    (x,) = operands
    if not isinstance(x, Term) or not x.factors:
        return None
    flat = [a for axis in x.out for a in axis]
    if len(flat) > len(set(flat)):
        return None
    factors = list(dict.fromkeys(x.factors))
    counts = {f: x.factors.count(f) for f in factors}
    positive = [f for f in factors if known_positive(f.node)]
    determinants = [f for f in factors if _has_determinant(f.node)]
    rest = [f for f in factors if f not in positive and f not in determinants]
    if not positive and not determinants:
        return _log_of_square(x, counts)
    if len(x.factors) == 1 and x.coefficient == 1:
        return None
    sizes = dict(enumerate(x.sizes))

    def placed(node: Node, axes: Sequence[AxisIndex]) -> Node:
        return build.einsum([(node, axes)], x.out, 1, sizes)

    parts = [build.scale(counts[f], placed(apply("log", f.node), f.indices)) for f in positive]
    parts += [build.scale(counts[f], placed(_log_abs(f.node), f.indices)) for f in determinants]
    coefficient = magnitude(x.coefficient) if determinants else x.coefficient
    if rest:
        atoms = sorted({a for f in rest for axis in f.indices for a in axis})
        repeated = [f for f in rest for _ in range(counts[f])]
        core = build.einsum(repeated, [(a,) for a in atoms], coefficient, sizes)
        inner = apply("abs", core) if determinants else core
        parts.append(placed(apply("log", inner), [(a,) for a in atoms]))
    elif coefficient != 1:
        if coefficient < 0:
            return None
        log_c = apply("log", build.number(coefficient))
        parts.append(build.broadcast_to(log_c, x.shape))
    return build.add(*parts)


def _log_of_square(x: Term, counts: Mapping[Factor, int]) -> Node | None:
    """log(x²) -> 2 log|x|, which needs no x to be positive."""
    if len(counts) != 1 or x.coefficient != 1:
        return None
    (factor, count), *_ = counts.items()
    if count < 2:
        return None
    base = factor.node if count % 2 else apply("abs", factor.node)
    log = build.scale(count, apply("log", base))
    return build.einsum([(log, factor.indices)], x.out, 1, dict(enumerate(x.sizes)))


def _has_determinant(node: Node) -> bool:
    base, _ = base_and_exponent(node)
    if is_call(base, "pow"):
        base = base.operands[0]
    return is_call(base, "det")


def _log_abs(node: Node) -> Node:
    """log|node|, for a power of a determinant."""
    base, e = base_and_exponent(node)
    if is_call(base, "pow"):
        return base.operands[1] * apply("logdet", *base.operands[0].operands)
    return build.scale(e, apply("logdet", *base.operands))


def normalises(node: Node, other: Node) -> bool:
    """Whether `other` is a power of a sum of the exponentials `node`."""
    base, e = base_and_exponent(other)
    return e < 0 and isinstance(base, Contraction) and node in base.operands


def softmax_from_exp(view: ProductView, position: int) -> bool:
    """exp(z)/Σ exp(z) -> softmax(z), seen from the numerator."""
    node, axes = view.factors[position]
    for k, (other, other_axes) in enumerate(view.factors):
        if k == position:
            continue
        base, e = base_and_exponent(other)
        if base is not other and e < 0 and isinstance(e, int) and isinstance(base, Contraction):
            found = _softmax(node, axes, base, other_axes)
            if found is not None:
                rest = [(f, other_axes) for f in power_factors(base, e + 1)]
                view.replace({position, k}, found, *rest)
                return True
        if is_call(other, "sigmoid") and other_axes == axes:
            # exp(z) σ(−z) = σ(z)
            z = node.operands[0]
            if other.operands[0] is build.scale(-1, z):
                view.replace({position, k}, (apply("sigmoid", z), axes))
                return True
    return False


def exp_times_exp(view: ProductView, position: int) -> bool:
    """exp(a) exp(b) -> exp(a + b), unless one of them is the numerator of a softmax."""
    node, axes = view.factors[position]
    for k, (other, other_axes) in enumerate(view.factors):
        if k == position or other is node or other_axes != axes or not is_call(other, "exp"):
            continue
        if any(normalises(e, f) for e in (node, other) for f, _ in view.factors):
            continue
        exponent = build.sum_of(node.operands[0], other.operands[0])
        view.replace({position, k}, (apply("exp", exponent), axes))
        return True
    return False


def _softmax(
    numerator: Node,
    axes: tuple[AxisIndex, ...],
    total: Contraction,
    total_axes: tuple[AxisIndex, ...],
) -> tuple[Node, tuple[AxisIndex, ...]] | None:
    """The softmax that stands for exp(z)[axes] / (Σ exp(z))[total_axes], and its axes."""
    if len(total.factors) != 1 or total.factors[0].node is not numerator:
        return None
    labels = total.factors[0].indices
    at = dict(zip(total.out, total_axes, strict=True))
    place: dict[int, AxisIndex] = {}
    for label_axis, axis in zip(labels, axes, strict=True):
        if len(label_axis) == 1:
            pieces: list[AxisIndex] = [axis]
        elif len(label_axis) == len(axis):
            pieces = [(a,) for a in axis]
        else:
            return None
        for label, piece in zip(label_axis, pieces, strict=True):
            expected = at.get(label, place.get(label))
            if expected is not None and expected != piece:
                return None
            place[label] = piece
    summed = tuple(a for a in range(len(total.sizes)) if a not in total.out)
    kept: list[AxisIndex] = [(a,) for a in total.out]
    z = build.einsum(
        [(numerator.operands[0], labels)], [*kept, summed], 1, dict(enumerate(total.sizes))
    )
    merged = tuple(a for label in summed for a in place[label])
    return apply("softmax", z), (*(at[a] for a in total.out), merged)


def shift_of_last_axis(z: Node) -> tuple[Node, Node] | None:
    """`(rest, shift)` with z = rest + shift, the shift being constant along the last axis."""
    c, z = build.split_coefficient(z)
    if not isinstance(z, Sum):
        return None
    moved = [t for t in z.operands if _constant_along_last(t)]
    rest = [t for t in z.operands if not _constant_along_last(t)]
    if not moved or not rest:
        return None
    return build.scale(c, build.add(*rest)), build.add(*(build.scale(c, t) for t in moved))


def _constant_along_last(term: Node) -> bool:
    if not isinstance(term, Term) or not term.out or not term.out[-1]:
        return False
    last = set(term.out[-1])
    if any(last & set(axis) for axis in term.out[:-1]):
        return False
    return not any(last & set(axis) for f in term.factors for axis in f.indices)


def softmax_of_shifted(operands: Operands, params: Params) -> Node | None:
    """softmax(z + c) -> softmax(z) for a shift c that is the same along the axis."""
    found = shift_of_last_axis(operands[0])
    return None if found is None else apply("softmax", found[0])


def log_softmax_of_shifted(operands: Operands, params: Params) -> Node | None:
    """log_softmax(z + c) -> log_softmax(z)."""
    found = shift_of_last_axis(operands[0])
    return None if found is None else apply("log_softmax", found[0])


def logsumexp_of_shifted(operands: Operands, params: Params) -> Node | None:
    """logsumexp(z + c) -> c + logsumexp(z)."""
    found = shift_of_last_axis(operands[0])
    if found is None:
        return None
    rest, shift = found
    first = _first_along_last(shift)
    return build.add(first, apply("logsumexp", rest))


def _first_along_last(shift: Node) -> Node:
    """A node that is constant along its last axis, without that axis."""
    c, shift = build.split_coefficient(shift)
    terms = shift.operands if isinstance(shift, Sum) else (shift,)
    parts = []
    for term in terms:
        assert isinstance(term, Term)
        parts.append(
            build.einsum(term.factors, term.out[:-1], term.coefficient, dict(enumerate(term.sizes)))
        )
    return build.scale(c, build.add(*parts))
