"""Activation functions of neural networks, in forms that neither overflow nor lose digits."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from ..ir import build
from ..ir.apply import apply
from ..ir.node import Node
from ..ir.record import Kink, Notation, Record, register
from .fact_rules import entrywise, keeps_sign, known_nonnegative, known_positive
from .special import erf_values
from .templates import with_numbers


def softplus_values(x: Any) -> np.ndarray:
    """log(1 + eˣ) without overflow, also for complex x near the real axis."""
    x = np.asarray(x)
    m = np.maximum(x.real, 0)
    return m + np.log1p(np.exp(x - m) + np.expm1(-m)) if x.dtype.kind == "c" else np.logaddexp(0, x)


# The quick forms overflow only where the value is all but gone; then others take their place, which
# keep its digits as long as the number format has any.
SIGMOID = '''
def _sigmoid(x):
    """1 / (1 + exp(-x))."""
    try:
        with np.errstate(over="raise"):
            return 1 / (1 + np.exp(-x))
    except FloatingPointError:
        e = np.exp(-np.abs(x))
        return np.where(x < 0, e, 1) / (1 + e)
'''
SILU = '''
def _silu(x):
    """x / (1 + exp(-x))."""
    try:
        with np.errstate(over="raise"):
            return x / (1 + np.exp(-x))
    except FloatingPointError:
        half = np.exp(np.minimum(x, 0) / 2)
        return x * half * half / (1 + np.exp(-np.abs(x)))
'''


# In JAX the value and the slope of softplus share one exponential, of −|x|. Every choice takes the
# piece of x ≤ 0 at 0, so that JAX's own derivatives of them are right there too.
SIGMOID_JAX = '''
def _sigmoid(x):
    """1 / (1 + exp(-x))."""
    e = jnp.exp(jnp.where(x > 0, -x, x))
    return jnp.where(x > 0, 1, e) / (1 + e)
'''

SOFTPLUS_JAX = '''
def _softplus(x):
    """log(1 + exp(x))."""
    e = jnp.exp(jnp.where(x > 0, -x, x))
    return jnp.where(x > 0, x, 0) + jnp.log1p(e)
'''


def _step_of_positive(operands: tuple[Node, ...], params: Any) -> Node | None:
    """step(x) -> 1 where x > 0."""
    (x,) = operands
    return build.broadcast_to(build.number(1), x.shape) if known_positive(x) else None


def _relu_of_nonnegative(operands: tuple[Node, ...], params: Any) -> Node | None:
    """relu(x) -> x where x ≥ 0."""
    return operands[0] if known_nonnegative(operands[0]) else None


register(
    Record(
        name="sigmoid",
        sentence="The logistic function 1/(1 + e⁻ˣ).",
        signature="* -> *",
        evaluate=lambda x: np.exp(-softplus_values(-np.asarray(x))),
        derivative=(lambda y, x: y * (1 - y),),
        code={
            "numpy": "_sigmoid({0})",
            "jax": "_sigmoid({0})",
            "torch": "torch.sigmoid({0})",
            "tensorflow": "tf.math.sigmoid({0})",
            "array_api": "xp.exp(-xp.logaddexp(0, -({0})))",
        },
        helpers={"numpy": SIGMOID, "jax": SIGMOID_JAX},
        notation=Notation("call", "σ", r"\sigma"),
        domain=("real",),
        spellings=("sigmoid", "logistic", "expit", "σ"),
        facts=entrywise("positive", "small"),
        laws=("sigmoid(x) == 1 ./ (1 + exp(-x))", "sigmoid(x) + sigmoid(-x) == 1 + 0*x"),
        source="y = 1/(1 + e⁻ˣ) gives dy = y (1 − y) dx",
    )
)

register(
    Record(
        name="log_sigmoid",
        sentence="The logarithm of the logistic function, −log(1 + e⁻ˣ).",
        signature="* -> *",
        evaluate=lambda x: -softplus_values(-np.asarray(x)),
        derivative=(lambda y, x: apply("sigmoid", -x),),
        code={
            "numpy": "np.minimum({0}, 0) - np.log1p(np.exp(-np.abs({0})))",
            "jax": "jax.nn.log_sigmoid({0})",
            "torch": "torch.nn.functional.logsigmoid({0})",
            "tensorflow": "tf.math.log_sigmoid({0})",
        },
        notation=Notation("call", "log_sigmoid", r"\operatorname{log\,sigmoid}"),
        domain=("real",),
        spellings=("log_sigmoid", "logsigmoid"),
        facts=entrywise(),
        laws=("log_sigmoid(x) == log(sigmoid(x))", "log_sigmoid(x) == -softplus(-x)"),
        source="d log y = dy/y with dy = y (1 − y) dx",
    )
)

register(
    Record(
        name="softplus",
        sentence="log(1 + eˣ).",
        signature="* -> *",
        evaluate=softplus_values,
        derivative=(lambda y, x: apply("sigmoid", x),),
        code={
            "numpy": "np.maximum({0}, 0) + np.log1p(np.exp(-np.abs({0})))",
            "jax": "_softplus({0})",
            "torch": "torch.nn.functional.softplus({0}, threshold=60.0)",
            "tensorflow": "tf.math.softplus({0})",
        },
        helpers={"jax": SOFTPLUS_JAX},
        notation=Notation("call", "softplus", r"\operatorname{softplus}"),
        domain=("real",),
        spellings=("softplus",),
        facts=entrywise("positive"),
        laws=("softplus(x) == log(1 + exp(x))", "softplus(x) - softplus(-x) == x"),
        source="d log(1 + eˣ) = eˣ/(1 + eˣ) dx",
    )
)

register(
    Record(
        name="step",
        sentence="1 where x > 0, else 0.",
        signature="* -> *",
        evaluate=lambda x: np.heaviside(x, 0.0),
        derivative=(lambda y, x: 0,),
        code={
            "numpy": "np.greater({0}, 0).astype(np.result_type({0}, np.float32))",
            "jax": "jnp.greater({0}, 0).astype(jnp.result_type({0}))",
            "torch": "(({0}) > 0).to(({0}).dtype)",
            "tensorflow": "tf.cast(({0}) > 0, ({0}).dtype)",
            "array_api": "xp.astype(({0}) > 0, ({0}).dtype)",
        },
        notation=Notation(
            "call", "step", r"\operatorname{step}", note="step(x) is 1 where x > 0, else 0"
        ),
        domain=("nonzero",),
        spellings=("step", "heaviside"),
        facts=entrywise("nonnegative", "binary"),
        rewrites=(_step_of_positive,),
        analytic=False,
        kinks=(Kink("step jumps at 0; its derivative is taken as 0 there too", (0,), (0,)),),
        laws=("step(x) == (1 + sign(x))/2",),
        source="constant beside 0",
    )
)

register(
    Record(
        name="relu",
        sentence="max(x, 0).",
        signature="* -> *",
        evaluate=lambda x: np.maximum(x, 0),
        derivative=(lambda y, x: apply("step", x),),
        code={
            "numpy": "np.maximum({0}, 0)",
            "jax": "jnp.where(({0}) <= 0, 0, {0})",
            "torch": "torch.relu({0})",
            "tensorflow": "tf.nn.relu({0})",
        },
        notation=Notation("call", "relu", r"\operatorname{relu}"),
        domain=("nonzero",),
        spellings=("relu",),
        facts=lambda node: entrywise("nonnegative")(node) | keeps_sign(node),
        rewrites=(_relu_of_nonnegative,),
        analytic=False,
        kinks=(Kink("relu has no derivative at 0; 0 is taken there", (0,), (0,)),),
        laws=("relu(x) - relu(-x) == x", "relu(x) == x .* step(x)"),
        source="d max(x, 0) = dx where x > 0, else 0",
    )
)

register(
    Record(
        name="leaky_relu",
        sentence="x where x > 0, else slope · x.",
        signature="* -> *",
        evaluate=lambda x, slope: np.where(np.asarray(x) > 0, x, float(slope) * np.asarray(x)),
        rule_params=True,
        derivative=(lambda y, x, slope: slope + (1 - slope) * apply("step", x),),
        code={
            "numpy": with_numbers("np.where(({0}) > 0, {0}, {slope} * ({0}))"),
            "jax": with_numbers("jax.nn.leaky_relu({0}, {slope})"),
            "torch": with_numbers("torch.nn.functional.leaky_relu({0}, {slope})"),
            "tensorflow": with_numbers("tf.where(({0}) > 0, {0}, {slope} * ({0}))"),
        },
        notation=Notation("call", "leaky_relu", r"\operatorname{leaky\,relu}"),
        domain=("nonzero",),
        spellings=("leaky_relu",),
        defaults={"slope": Fraction(1, 100)},
        facts=entrywise(),
        analytic=False,
        kinks=(
            Kink("leaky_relu has no derivative at 0; the slope is taken there", (0,), ("slope",)),
        ),
        laws=("leaky_relu(x) == relu(x) - relu(-x)/100",),
        source="piecewise linear",
    )
)


def _elu(x: Any, alpha: Any) -> np.ndarray:
    return np.where(np.asarray(x) > 0, x, float(alpha) * np.expm1(np.minimum(x, 0)))


def _elu_rule(y: Node, x: Node, alpha: Any) -> Node:
    """1 where x > 0, else α eˣ = y + α; where x > 0 the bracket is multiplied by an exact 0."""
    positive = apply("step", x)
    return positive + (1 - positive) * (y + alpha)


register(
    Record(
        name="elu",
        sentence="x where x > 0, else α (eˣ − 1).",
        signature="* -> *",
        evaluate=_elu,
        rule_params=True,
        derivative=(_elu_rule,),
        code={
            "numpy": with_numbers(
                "np.where(({0}) > 0, {0}, {alpha} * np.expm1(np.minimum({0}, 0)))"
            ),
            "jax": with_numbers("jax.nn.elu({0}, {alpha})"),
            "torch": with_numbers("torch.nn.functional.elu({0}, {alpha})"),
            "tensorflow": with_numbers(
                "tf.where(({0}) > 0, {0}, {alpha} * tf.math.expm1(tf.minimum({0}, 0)))"
            ),
        },
        notation=Notation("call", "elu", r"\operatorname{elu}"),
        domain=("nonzero",),
        spellings=("elu",),
        defaults={"alpha": 1},
        facts=entrywise(),
        analytic=False,
        kinks=(
            Kink("elu has no derivative at 0 unless α = 1; α is taken there", (0,), ("alpha",)),
        ),
        laws=("elu(x) == relu(x) + expm1(-relu(-x))",),
        source="D. Clevert et al., arXiv:1511.07289, eq. 15",
    )
)


def _normal_tail(x: Node) -> Node:
    """2 Φ(x), from erfc so that small tails keep their digits."""
    return apply("erfc", -x * build.number(Fraction(1, 2)) ** Fraction(1, 2))


def _gelu_rule(y: Node, x: Node) -> Node:
    """Φ(x) + x φ(x)."""
    tail = _normal_tail(x)
    density = (2 * apply("pi")) ** Fraction(-1, 2) * apply("exp", x * x * Fraction(-1, 2))
    return tail * Fraction(1, 2) + x * density


register(
    Record(
        name="gelu",
        sentence="x Φ(x), with Φ the distribution function of the normal law (exact, by erf).",
        signature="* -> *",
        evaluate=lambda x: 0.5 * np.asarray(x) * erf_values(-np.asarray(x) / math.sqrt(2), True),
        derivative=(_gelu_rule,),
        code={
            "numpy": "0.5 * ({0}) * scipy.special.erfc(-({0}) / 2**0.5)",
            "jax": "0.5 * ({0}) * jax.scipy.special.erfc(-0.5**0.5 * ({0}))",
            "torch": "torch.nn.functional.gelu({0})",
            "tensorflow": "0.5 * ({0}) * tf.math.erfc(-({0}) * math.sqrt(0.5))",
        },
        notation=Notation("call", "gelu", r"\operatorname{gelu}"),
        domain=("real",),
        spellings=("gelu",),
        facts=keeps_sign,
        analytic=False,
        laws=("gelu(x) == x .* erfc(-x/sqrt(2))/2",),
        parts=lambda x: x * _normal_tail(x) * Fraction(1, 2),
        source="D. Hendrycks and K. Gimpel, arXiv:1606.08415; d(xΦ) = (Φ + xφ) dx",
    )
)

register(
    Record(
        name="silu",
        sentence="x σ(x), also called swish.",
        signature="* -> *",
        evaluate=lambda x: np.asarray(x) * np.exp(-softplus_values(-np.asarray(x))),
        derivative=(lambda y, x: apply("sigmoid", x) + y * (1 - apply("sigmoid", x)),),
        code={
            "numpy": "_silu({0})",
            "jax": "({0}) * _sigmoid({0})",
            "torch": "torch.nn.functional.silu({0})",
            "tensorflow": "tf.nn.silu({0})",
            "array_api": "({0}) * xp.exp(-xp.logaddexp(0, -({0})))",
        },
        helpers={"numpy": SILU, "jax": SIGMOID_JAX},
        notation=Notation("call", "silu", r"\operatorname{silu}"),
        domain=("real",),
        spellings=("silu", "swish"),
        facts=keeps_sign,
        laws=("silu(x) == x .* sigmoid(x)",),
        parts=lambda x: x * apply("sigmoid", x),
        source="d(xσ) = (σ + xσ(1 − σ)) dx",
    )
)
