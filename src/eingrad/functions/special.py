"""The error function, and the gamma function's logarithm with its derivatives.

The reference values use nothing but `math` and NumPy, so that a check imports no SciPy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ..ir.apply import apply
from ..ir.node import Node
from ..ir.record import Notation, Record, register
from .fact_rules import NONE, entrywise, keeps_sign, known_positive, symmetry_kept
from .signs import odd
from .templates import with_numbers

_erf = np.vectorize(math.erf, otypes=[float])
_erfc = np.vectorize(math.erfc, otypes=[float])


def erf_values(x: Any, complement: bool = False) -> np.ndarray:
    """erf, or 1 − erf, of each entry."""
    return (_erfc if complement else _erf)(x)


def _lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except ValueError:  # a pole
        return math.inf
    except OverflowError:
        return math.inf


_lgamma_values = np.vectorize(_lgamma, otypes=[float])

# B₂, B₄, …: the asymptotic series of digamma and its derivatives.
BERNOULLI = [
    Fraction(1, 6),
    Fraction(-1, 30),
    Fraction(1, 42),
    Fraction(-1, 30),
    Fraction(5, 66),
    Fraction(-691, 2730),
    Fraction(7, 6),
    Fraction(-3617, 510),
    Fraction(43867, 798),
    Fraction(-174611, 330),
]


def polygamma_values(x: Any, order: int) -> np.ndarray:
    """ψ⁽ᵏ⁾ of each entry: recurrence up to a large argument, then the asymptotic series.

    Left of ½ reflection serves the digamma function, recurrence the others.
    """
    flat = [_polygamma(float(v), order) for v in np.asarray(x, dtype=float).ravel()]
    return np.asarray(flat).reshape(np.shape(x))


def _polygamma(x: float, k: int) -> float:
    if math.isnan(x) or (x <= 0 and x == math.floor(x)):
        return math.nan if k == 0 or math.isnan(x) else math.inf
    if math.isinf(x):
        return (math.inf if k == 0 else 0.0) if x > 0 else math.nan
    if k == 0 and x < -20:
        return _polygamma(1 - x, 0) - math.pi / math.tan(math.pi * x)
    total = 0.0
    sign = (-1) ** (k + 1)
    while x < 15 + k:
        total += sign * math.factorial(k) / x ** (k + 1)
        x += 1
    if k == 0:
        value = math.log(x) - 1 / (2 * x)
        value -= sum(float(b) / (2 * j * x ** (2 * j)) for j, b in enumerate(BERNOULLI, 1))
        return total + value
    value = math.factorial(k - 1) / x**k + math.factorial(k) / (2 * x ** (k + 1))
    for j, b in enumerate(BERNOULLI, 1):
        value += (
            float(b) * math.factorial(2 * j + k - 1) / (math.factorial(2 * j) * x ** (2 * j + k))
        )
    return total + sign * value


def _gaussian(x: Node) -> Node:
    """2/√π exp(−x²)."""
    return 2 * apply("pi") ** Fraction(-1, 2) * apply("exp", -(x * x))


register(
    Record(
        name="erf",
        sentence="The error function.",
        signature="* -> *",
        evaluate=erf_values,
        derivative=(lambda y, x: _gaussian(x),),
        code={
            "numpy": "scipy.special.erf({0})",
            "jax": "jax.scipy.special.erf({0})",
            "torch": "torch.erf({0})",
            "tensorflow": "tf.math.erf({0})",
        },
        notation=Notation("call", "erf", r"\operatorname{erf}"),
        domain=("real",),
        spellings=("erf",),
        facts=keeps_sign,
        rewrites=(odd("erf"),),
        analytic=False,
        laws=("erf(x) + erfc(x) == 1 + 0*x", "erf(-x) == -erf(x)"),
        source="DLMF 7.2.1, https://dlmf.nist.gov/7.2",
    )
)

register(
    Record(
        name="erfc",
        sentence="1 − erf(x), accurate where it is small.",
        signature="* -> *",
        evaluate=lambda x: erf_values(x, complement=True),
        derivative=(lambda y, x: -_gaussian(x),),
        code={
            "numpy": "scipy.special.erfc({0})",
            "jax": "jax.scipy.special.erfc({0})",
            "torch": "torch.erfc({0})",
            "tensorflow": "tf.math.erfc({0})",
        },
        notation=Notation("call", "erfc", r"\operatorname{erfc}"),
        domain=("real",),
        spellings=("erfc",),
        facts=entrywise("positive"),
        analytic=False,
        laws=("erfc(-x) == 2 - erfc(x)",),
        source="DLMF 7.2.2, https://dlmf.nist.gov/7.2",
    )
)

register(
    Record(
        name="lgamma",
        sentence="The logarithm of |Γ(x)|.",
        signature="* -> *",
        evaluate=_lgamma_values,
        derivative=(lambda y, x: apply("digamma", x),),
        code={
            "numpy": "scipy.special.gammaln({0})",
            "jax": "jax.scipy.special.gammaln({0})",
            "torch": "torch.lgamma({0})",
            "tensorflow": "tf.math.lgamma({0})",
        },
        notation=Notation("call", "lgamma", r"\log\Gamma"),
        domain=("positive",),
        spellings=("lgamma", "gammaln", "loggamma"),
        facts=symmetry_kept,
        analytic=False,
        laws=("lgamma(x + 1) == lgamma(x) + log(x)",),
        source="DLMF 5.2.2, https://dlmf.nist.gov/5.2",
    )
)

register(
    Record(
        name="digamma",
        sentence="ψ(x), the derivative of log Γ(x).",
        signature="* -> *",
        evaluate=lambda x: polygamma_values(x, 0),
        derivative=(lambda y, x: apply("polygamma", x, order=1),),
        code={
            "numpy": "scipy.special.digamma({0})",
            "jax": "jax.scipy.special.digamma({0})",
            "torch": "torch.digamma({0})",
            "tensorflow": "tf.math.digamma({0})",
        },
        notation=Notation("call", "digamma", r"\psi"),
        domain=("positive",),
        spellings=("digamma", "psi", "ψ"),
        facts=symmetry_kept,
        analytic=False,
        laws=("digamma(x + 1) == digamma(x) + 1 ./ x",),
        source="DLMF 5.2.2, https://dlmf.nist.gov/5.2",
    )
)


def _order_zero(operands: tuple[Node, ...], params: Mapping[str, Any]) -> Node | None:
    """ψ⁽⁰⁾ -> ψ."""
    return apply("digamma", *operands) if params["order"] == 0 else None


def _polygamma_facts(node: Any) -> frozenset[str]:
    """ψ⁽ᵏ⁾ is positive for odd k on x > 0."""
    odd_order = node.param("order") % 2 == 1 and known_positive(node.operands[0])
    return symmetry_kept(node) | (frozenset({"positive"}) if odd_order else NONE)


register(
    Record(
        name="polygamma",
        sentence="The derivative of ψ(x) of the given order.",
        signature="* -> *",
        evaluate=lambda x, order: polygamma_values(x, int(order)),
        rule_params=True,
        derivative=(lambda y, x, order: apply("polygamma", x, order=order + 1),),
        code={
            "numpy": with_numbers(
                "scipy.special.polygamma({order}, {0}).astype(np.result_type({0}))"
            ),
            "jax": with_numbers("jax.scipy.special.polygamma({order}, {0})"),
            "torch": with_numbers("torch.special.polygamma({order}, {0})"),
            "tensorflow": with_numbers("tf.math.polygamma(tf.cast({order}, ({0}).dtype), {0})"),
        },
        notation=Notation("call", "polygamma", r"\operatorname{polygamma}", shown=("order",)),
        domain=("positive",),
        spellings=("polygamma",),
        defaults={"order": 1},
        facts=_polygamma_facts,
        rewrites=(_order_zero,),
        analytic=False,
        laws=("polygamma(x + 1) == polygamma(x) - 1 ./ (x .* x)",),
        source="DLMF 5.15, https://dlmf.nist.gov/5.15",
    )
)
