"""Trigonometric and hyperbolic functions and their inverses."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from ..ir.algebra import ProductView, base_and_exponent, power_factors
from ..ir.apply import apply
from ..ir.node import Apply
from ..ir.record import Notation, Record, register
from .fact_rules import entrywise, keeps_sign, symmetry_kept
from .signs import even, odd
from .templates import everywhere

HALF_INVERSE = Fraction(-1, 2)


def over(denominator: str, ratio: str) -> Callable[[ProductView, int], bool]:
    """The rewrite sin(x)/cos(x) -> tan(x), and its like for sinh, at the numerator."""

    def rewrite(view: ProductView, position: int) -> bool:
        node, axes = view.factors[position]
        for k, (other, other_axes) in enumerate(view.factors):
            base, e = base_and_exponent(other)
            if (
                other_axes == axes
                and isinstance(base, Apply)
                and base.function == denominator
                and base.operands == node.operands
                and isinstance(e, int)
                and e < 0
            ):
                rest = [(f, axes) for f in power_factors(base, e + 1)]
                view.replace({position, k}, (apply(ratio, *node.operands), axes), *rest)
                return True
        return False

    return rewrite


register(
    Record(
        name="sin",
        sentence="The sine.",
        signature="* -> *",
        evaluate=np.sin,
        derivative=(lambda y, x: apply("cos", x),),
        code=everywhere("sin"),
        notation=Notation("call", "sin", r"\sin"),
        domain=("real",),
        spellings=("sin",),
        numpy=("sin",),
        facts=entrywise("small"),
        rewrites=(odd("sin"),),
        in_products=(over("cos", "tan"),),
        laws=("sin(x) .* sin(x) + cos(x) .* cos(x) == 1 + 0*x", "sin(-x) == -sin(x)"),
        source="d sin x = cos x dx",
    )
)

register(
    Record(
        name="cos",
        sentence="The cosine.",
        signature="* -> *",
        evaluate=np.cos,
        derivative=(lambda y, x: -apply("sin", x),),
        code=everywhere("cos"),
        notation=Notation("call", "cos", r"\cos"),
        domain=("real",),
        spellings=("cos",),
        numpy=("cos",),
        facts=entrywise("small"),
        rewrites=(even("cos"),),
        laws=("cos(x + y) == cos(x) .* cos(y) - sin(x) .* sin(y)",),
        source="d cos x = −sin x dx",
    )
)

register(
    Record(
        name="tan",
        sentence="The tangent.",
        signature="* -> *",
        evaluate=np.tan,
        derivative=(lambda y, x: 1 + y * y,),
        code=everywhere("tan"),
        notation=Notation("call", "tan", r"\tan"),
        domain=("bounded",),
        spellings=("tan",),
        numpy=("tan",),
        facts=symmetry_kept,
        rewrites=(odd("tan"),),
        laws=("tan(x) == sin(x) ./ cos(x)", "tan(x) .* tan(x) == sin(x).^2 ./ cos(x).^2"),
        source="d tan x = (1 + tan² x) dx",
    )
)

register(
    Record(
        name="arcsin",
        sentence="The inverse of the sine, from −π/2 to π/2.",
        signature="* -> *",
        evaluate=np.arcsin,
        derivative=(lambda y, x: (1 - x * x) ** HALF_INVERSE,),
        code=everywhere("arcsin", tensorflow="asin"),
        notation=Notation("call", "arcsin", r"\arcsin"),
        domain=("bounded",),
        spellings=("arcsin", "asin"),
        numpy=("arcsin", "asin"),
        facts=keeps_sign,
        rewrites=(odd("arcsin"),),
        laws=("sin(arcsin(x)) == x",),
        source="from sin y = x",
    )
)

register(
    Record(
        name="arccos",
        sentence="The inverse of the cosine, from 0 to π.",
        signature="* -> *",
        evaluate=np.arccos,
        derivative=(lambda y, x: -((1 - x * x) ** HALF_INVERSE),),
        code=everywhere("arccos", tensorflow="acos"),
        notation=Notation("call", "arccos", r"\arccos"),
        domain=("bounded",),
        spellings=("arccos", "acos"),
        numpy=("arccos", "acos"),
        facts=entrywise("nonnegative"),
        laws=("cos(arccos(x)) == x",),
        source="from cos y = x",
    )
)

register(
    Record(
        name="arctan",
        sentence="The inverse of the tangent, from −π/2 to π/2.",
        signature="* -> *",
        evaluate=np.arctan,
        derivative=(lambda y, x: (1 + x * x) ** -1,),
        code=everywhere("arctan", tensorflow="atan"),
        notation=Notation("call", "arctan", r"\arctan"),
        domain=("real",),
        spellings=("arctan", "atan"),
        numpy=("arctan", "atan"),
        facts=keeps_sign,
        rewrites=(odd("arctan"),),
        laws=("tan(arctan(x)) == x",),
        source="from tan y = x",
    )
)

register(
    Record(
        name="sinh",
        sentence="The hyperbolic sine.",
        signature="* -> *",
        evaluate=np.sinh,
        derivative=(lambda y, x: apply("cosh", x),),
        code=everywhere("sinh"),
        notation=Notation("call", "sinh", r"\sinh"),
        domain=("real",),
        spellings=("sinh",),
        numpy=("sinh",),
        facts=keeps_sign,
        rewrites=(odd("sinh"),),
        in_products=(over("cosh", "tanh"),),
        laws=("sinh(x) == (exp(x) - exp(-x))/2",),
        source="d sinh x = cosh x dx",
    )
)

register(
    Record(
        name="cosh",
        sentence="The hyperbolic cosine.",
        signature="* -> *",
        evaluate=np.cosh,
        derivative=(lambda y, x: apply("sinh", x),),
        code=everywhere("cosh"),
        notation=Notation("call", "cosh", r"\cosh"),
        domain=("real",),
        spellings=("cosh",),
        numpy=("cosh",),
        facts=entrywise("positive"),
        rewrites=(even("cosh"),),
        laws=("cosh(x) .* cosh(x) - sinh(x) .* sinh(x) == 1 + 0*x",),
        source="d cosh x = sinh x dx",
    )
)

register(
    Record(
        name="tanh",
        sentence="The hyperbolic tangent.",
        signature="* -> *",
        evaluate=np.tanh,
        derivative=(lambda y, x: 1 - y * y,),
        code=everywhere("tanh"),
        notation=Notation("call", "tanh", r"\tanh"),
        domain=("real",),
        spellings=("tanh",),
        numpy=("tanh",),
        facts=lambda node: entrywise("small")(node) | keeps_sign(node),
        rewrites=(odd("tanh"),),
        laws=("tanh(x) == sinh(x) ./ cosh(x)", "tanh(x) == 2*sigmoid(2*x) - 1"),
        source="d tanh x = (1 − tanh² x) dx",
    )
)

register(
    Record(
        name="arcsinh",
        sentence="The inverse of the hyperbolic sine.",
        signature="* -> *",
        evaluate=np.arcsinh,
        derivative=(lambda y, x: (1 + x * x) ** HALF_INVERSE,),
        code=everywhere("arcsinh", tensorflow="asinh"),
        notation=Notation("call", "arcsinh", r"\operatorname{arcsinh}"),
        domain=("real",),
        spellings=("arcsinh", "asinh"),
        numpy=("arcsinh", "asinh"),
        facts=keeps_sign,
        rewrites=(odd("arcsinh"),),
        laws=("sinh(arcsinh(x)) == x",),
        source="from sinh y = x",
    )
)

register(
    Record(
        name="arccosh",
        sentence="The inverse of the hyperbolic cosine, for x ≥ 1.",
        signature="* -> *",
        evaluate=np.arccosh,
        derivative=(lambda y, x: (x * x - 1) ** HALF_INVERSE,),
        code=everywhere("arccosh", tensorflow="acosh"),
        notation=Notation("call", "arccosh", r"\operatorname{arccosh}"),
        domain=("above_one",),
        spellings=("arccosh", "acosh"),
        numpy=("arccosh", "acosh"),
        facts=entrywise("nonnegative"),
        laws=("cosh(arccosh(x)) == x",),
        source="from cosh y = x",
    )
)

register(
    Record(
        name="arctanh",
        sentence="The inverse of the hyperbolic tangent, for |x| < 1.",
        signature="* -> *",
        evaluate=np.arctanh,
        derivative=(lambda y, x: (1 - x * x) ** -1,),
        code=everywhere("arctanh", tensorflow="atanh"),
        notation=Notation("call", "arctanh", r"\operatorname{arctanh}"),
        domain=("bounded",),
        spellings=("arctanh", "atanh"),
        numpy=("arctanh", "atanh"),
        facts=keeps_sign,
        rewrites=(odd("arctanh"),),
        laws=("tanh(arctanh(x)) == x",),
        source="from tanh y = x",
    )
)
