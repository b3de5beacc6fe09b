"""Powers: with a number as exponent, and with an exponent that is a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

import numpy as np

from ..ir import build
from ..ir.algebra import ProductView, base_and_exponent
from ..ir.apply import apply
from ..ir.facts import facts_of
from ..ir.node import Apply, Node, Number, Term
from ..ir.record import Kink, Notation, Record, register
from .exponents import is_constant, power_of_exp, power_of_logistic
from .fact_rules import known_nonnegative, known_positive, symmetry_kept
from .templates import everywhere, number_text

ROOTS = {"numpy": "np.sqrt", "jax": "jnp.sqrt", "torch": "torch.sqrt", "tensorflow": "tf.math.sqrt"}


def _facts(node: Apply) -> frozenset[str]:
    (base,), exponent = node.operands, node.param("exponent")
    kept = facts_of(base) & {"positive", "nonnegative"}
    if exponent < 0 and "positive" not in kept:
        kept -= {"nonnegative"}
    if exponent % 2 == 0:
        kept |= {"nonnegative"}
    return frozenset(kept) | symmetry_kept(node)


def _code(backend: str) -> Any:
    def render(arguments: list[str], params: Mapping[str, Any]) -> str:
        (x,), e = arguments, params["exponent"]
        root = f"{ROOTS[backend]}({x})"
        if e < 0:
            body = root if e == -0.5 else f"({x})" if e == -1 else f"({x}) ** {number_text(-e)}"
            return f"1 / {body}"
        return root if e == 0.5 else f"({x}) ** {number_text(e)}"

    return render


def _multiplied(x: np.ndarray, exponent: int) -> np.ndarray:
    """x to a whole exponent by squaring."""
    result = np.ones_like(x)
    while exponent:
        if exponent % 2:
            result = result * x
        exponent //= 2
        if exponent:
            x = x * x
    return result


def _evaluate(x: Any, exponent: Number) -> Any:
    x = np.asarray(x)
    if isinstance(exponent, int) and exponent < 0:
        return 1 / _evaluate(x, -exponent)
    if isinstance(exponent, int) and x.dtype.kind == "c":
        return _multiplied(x, exponent)  # through a logarithm a small imaginary part is lost
    return np.sqrt(x) if exponent == 0.5 else x ** float(exponent)


def _power_of_abs(operands: tuple[Node, ...], params: Mapping[str, Any]) -> Node | None:
    """|x|^e -> x^e for an even integer e."""
    (base,), e = operands, params["exponent"]
    if isinstance(base, Apply) and base.function == "abs" and isinstance(e, int) and e % 2 == 0:
        return build.power(base.operands[0], e)
    return None


register(
    Record(
        name="power",
        sentence="Each entry raised to a fixed exponent: √x is the exponent ½, 1/x is −1.",
        signature="* -> *",
        evaluate=_evaluate,
        rule_params=True,
        derivative=(lambda y, x, exponent: exponent * x ** (exponent - 1),),
        code={backend: _code(backend) for backend in ROOTS},
        notation=Notation("power", "^", "^"),
        domain=("positive",),
        spellings=(),
        defaults={},
        facts=_facts,
        rewrites=(power_of_exp, power_of_logistic, _power_of_abs),
        kinks=(
            Kink(
                "a root has no finite derivative at 0; none is taken there",
                (0,),
                (inf,),
                lambda params: 0 < params["exponent"] < 1,
            ),
        ),
        laws=("sqrt(x) .* sqrt(x) == x", "1 ./ (1 ./ x) == x"),
        source="d xᵉ = e xᵉ⁻¹ dx",
    )
)


def _constant_exponent(operands: tuple[Node, ...], params: Mapping[str, Any]) -> Node | None:
    """x ** (1 + 1) -> x², the exponent being one number for all entries; 1 ** p -> 1."""
    base, exponent = operands
    if is_constant(base) == 1:
        return base
    if isinstance(exponent, Term) and not exponent.factors:
        flat = [a for axis in exponent.out for a in axis]
        if len(flat) == len(set(flat)):
            return build.power(base, exponent.coefficient)
    if build.is_zero(exponent):
        return build.power(base, 0)
    return None


def _base_exp(operands: tuple[Node, ...], params: Mapping[str, Any]) -> Node | None:
    """exp(z) ** p -> exp(z p)."""
    base, exponent = operands
    if isinstance(base, Apply) and base.function == "exp":
        return apply("exp", base.operands[0] * exponent)
    return None


def _same_base(view: ProductView, position: int) -> bool:
    """x xᵖ -> xᵖ⁺¹ and xᵖ x^q -> xᵖ⁺q, entry by entry."""
    node, axes = view.factors[position]
    base, exponent = node.operands
    for k, (other, other_axes) in enumerate(view.factors):
        if k == position or other_axes != axes:
            continue
        more: Node | Number
        if isinstance(other, Apply) and other.function == "pow" and other.operands[0] is base:
            more = other.operands[1]
        else:
            found, more = base_and_exponent(other)
            if found is not base:
                continue
        view.replace({position, k}, (build.power(base, exponent + more), axes))
        return True
    return False


def _pow_facts(node: Apply) -> frozenset[str]:
    base = node.operands[0]
    signs = {"positive"} if known_positive(base) else set()
    if known_nonnegative(base):
        signs.add("nonnegative")
    return frozenset(signs) | symmetry_kept(node)


register(
    Record(
        name="pow",
        sentence="Each entry of the first operand raised to the entry of the second.",
        signature="*, * -> *",
        evaluate=np.power,
        derivative=(
            lambda y, x, p: p * x ** (p - 1),
            lambda y, x, p: y * apply("log", x),
        ),
        code={
            "numpy": "({0}) ** ({1})",
            "jax": "({0}) ** ({1})",
            "torch": "({0}) ** ({1})",
            "tensorflow": "tf.math.pow({0}, {1})",
        },
        notation=Notation("power", "^", "^"),
        domain=("positive", "real"),
        spellings=("pow",),
        numpy=("power", "pow", "float_power"),
        facts=_pow_facts,
        rewrites=(_constant_exponent, _base_exp),
        in_products=(_same_base,),
        laws=("pow(x, y) == exp(y .* log(x))",),
        source="d xᵖ = p xᵖ⁻¹ dx + xᵖ log x dp",
    )
)


def _two_argument(operands: tuple[Node, ...], params: Mapping[str, Any]) -> Node | None:
    """The angle of a point on the positive half axis is that of a slope."""
    y, x = operands
    return apply("arctan", y / x) if known_positive(x) else None


register(
    Record(
        name="arctan2",
        sentence="The angle of the point (x, y), from −π to π; y is the first operand.",
        signature="*, * -> *",
        evaluate=np.arctan2,
        derivative=(
            lambda angle, y, x: x / (x * x + y * y),
            lambda angle, y, x: -y / (x * x + y * y),
        ),
        code=everywhere("arctan2", 2, tensorflow="atan2"),
        notation=Notation("call", "arctan2", r"\operatorname{arctan2}"),
        domain=("nonzero", "nonzero"),
        spellings=("arctan2", "atan2"),
        numpy=("arctan2", "atan2"),
        rewrites=(_two_argument,),
        facts=lambda node: symmetry_kept(node),
        analytic=False,
        laws=("tan(arctan2(y, x)) == y ./ x",),
        source="the angle turns by (x dy − y dx)/r²",
    )
)
