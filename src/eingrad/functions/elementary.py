"""Exponential, logarithm, absolute value, sign and rounding."""

from __future__ import annotations

import math

import numpy as np

from ..ir.apply import apply
from ..ir.record import Kink, Notation, Record, register
from . import exponents, signs
from .fact_rules import always, entrywise, keeps_sign
from .templates import everywhere

register(
    Record(
        name="pi",
        sentence="The number π, as a function without operands.",
        signature="* -> *",
        evaluate=lambda: np.asarray(math.pi),
        derivative=(),
        code={"numpy": "np.pi", "jax": "jnp.pi", "torch": "torch.pi", "tensorflow": "math.pi"},
        notation=Notation("symbol", "π", r"\pi"),
        domain=(),
        spellings=("pi", "π"),
        facts=always("positive"),
        source="a constant",
    )
)

register(
    Record(
        name="exp",
        sentence="The exponential function.",
        signature="* -> *",
        evaluate=np.exp,
        derivative=(lambda y, x: y,),
        code=everywhere("exp"),
        notation=Notation("call", "exp", r"\exp"),
        domain=("real",),
        spellings=("exp",),
        numpy=("exp",),
        facts=entrywise("positive"),
        rewrites=(exponents.exp_of_log,),
        in_products=(exponents.softmax_from_exp, exponents.exp_times_exp),
        meets=exponents.normalises,
        laws=("exp(x) .* exp(-x) == 1 + 0*x", "exp(log(y)) == y"),
        source="d eˣ = eˣ dx",
    )
)

register(
    Record(
        name="log",
        sentence="The natural logarithm.",
        signature="* -> *",
        evaluate=np.log,
        derivative=(lambda y, x: x**-1,),
        code=everywhere("log"),
        notation=Notation("call", "log", r"\log"),
        domain=("positive",),
        spellings=("log", "ln"),
        numpy=("log",),
        rewrites=(
            exponents.log_of_function,
            exponents.log_of_sum_of_two,
            exponents.log_of_contraction,
            exponents.log_of_product,
        ),
        laws=("log(exp(x)) == x", "log(x .* y) == log(x) + log(y)"),
        source="d log x = dx/x",
    )
)

register(
    Record(
        name="log1p",
        sentence="log(1 + x), accurate for small x.",
        signature="* -> *",
        evaluate=np.log1p,
        derivative=(lambda y, x: (1 + x) ** -1,),
        code=everywhere("log1p"),
        notation=Notation("call", "log1p", r"\operatorname{log1p}"),
        domain=("positive",),
        spellings=("log1p",),
        numpy=("log1p",),
        facts=keeps_sign,
        rewrites=(exponents.log1p_of_exp,),
        laws=("log1p(x) == log(1 + x)",),
        source="d log(1 + x) = dx/(1 + x)",
    )
)

register(
    Record(
        name="expm1",
        sentence="eˣ − 1, accurate for small x.",
        signature="* -> *",
        evaluate=np.expm1,
        derivative=(lambda y, x: apply("exp", x),),
        code=everywhere("expm1"),
        notation=Notation("call", "expm1", r"\operatorname{expm1}"),
        domain=("real",),
        spellings=("expm1",),
        numpy=("expm1",),
        facts=keeps_sign,
        laws=("expm1(x) == exp(x) - 1",),
        source="d (eˣ − 1) = eˣ dx",
    )
)

register(
    Record(
        name="abs",
        sentence="The absolute value.",
        signature="* -> *",
        evaluate=np.abs,
        derivative=(lambda y, x: apply("sign", x),),
        code=everywhere("abs"),
        notation=Notation("fence", ("|", "|"), (r"\left|", r"\right|")),
        domain=("nonzero",),
        spellings=("abs", "fabs"),
        numpy=("abs", "absolute", "fabs"),
        facts=signs.facts_of_abs,
        rewrites=(signs.abs_of_nonnegative, signs.abs_of_multiple, signs.abs_of_product),
        in_products=(signs.square_of_abs,),
        analytic=False,
        kinks=(Kink("|x| has no derivative at 0; 0 is taken there", (0,), (0,)),),
        laws=("abs(abs(x)) == abs(x)", "abs(x) .* abs(x) == x .* x", "abs(-x) == abs(x)"),
        source="d|x| = sign(x) dx for x ≠ 0",
    )
)

register(
    Record(
        name="sign",
        sentence="−1, 0 or 1 by the sign of each entry.",
        signature="* -> *",
        evaluate=np.sign,
        derivative=(lambda y, x: 0,),
        code=everywhere("sign"),
        notation=Notation("call", "sign", r"\operatorname{sign}"),
        domain=("nonzero",),
        spellings=("sign", "sgn"),
        numpy=("sign",),
        facts=keeps_sign,
        rewrites=(signs.sign_of_positive, signs.sign_of_multiple, signs.sign_of_product),
        in_products=(signs.sign_times_abs,),
        analytic=False,
        kinks=(Kink("sign jumps at 0; its derivative is taken as 0 there too", (0,), (0,)),),
        laws=("sign(x) .* abs(x) == x", "sign(-x) == -sign(x)"),
        source="constant beside 0",
    )
)

register(
    Record(
        name="floor",
        sentence="The largest integer that is not greater.",
        signature="* -> *",
        evaluate=np.floor,
        derivative=(lambda y, x: 0,),
        code=everywhere("floor"),
        notation=Notation("fence", ("⌊", "⌋"), (r"\left\lfloor", r"\right\rfloor")),
        domain=("real",),
        spellings=("floor",),
        numpy=("floor",),
        facts=signs.facts_of_floor,
        analytic=False,
        kinks=(Kink("⌊x⌋ jumps at integers; its derivative is taken as 0 there too", (2,), (0,)),),
        laws=("floor(x) == -ceil(-x)",),
        source="constant between integers",
    )
)

register(
    Record(
        name="ceil",
        sentence="The smallest integer that is not less.",
        signature="* -> *",
        evaluate=np.ceil,
        derivative=(lambda y, x: 0,),
        code=everywhere("ceil"),
        notation=Notation("fence", ("⌈", "⌉"), (r"\left\lceil", r"\right\rceil")),
        domain=("real",),
        spellings=("ceil",),
        numpy=("ceil",),
        facts=keeps_sign,
        analytic=False,
        kinks=(Kink("⌈x⌉ jumps at integers; its derivative is taken as 0 there too", (2,), (0,)),),
        laws=("ceil(x) == -floor(-x)",),
        source="constant between integers",
    )
)

register(
    Record(
        name="remainder",
        sentence="What division by the second entry leaves, with the sign of that entry.",
        signature="*, * -> *",
        evaluate=np.remainder,
        derivative=(lambda r, x, y: 1, lambda r, x, y: -apply("floor", x / y)),
        code=everywhere("remainder", 2, tensorflow="floormod"),
        notation=Notation("call", "remainder", r"\operatorname{remainder}"),
        domain=("real", "nonzero"),
        spellings=("remainder", "mod"),
        numpy=("remainder", "mod"),
        facts=signs.facts_of_remainder,
        analytic=False,
        laws=("remainder(x, y) + y .* floor(x ./ y) == x",),
        source="x − y⌊x/y⌋, and ⌊x/y⌋ is constant between integers",
    )
)
