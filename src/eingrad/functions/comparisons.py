"""Comparisons with values 0 and 1, choices between operands, and the larger and smaller of two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ..ir import build
from ..ir.apply import apply
from ..ir.facts import facts_of, has
from ..ir.node import Apply, Constant, Node
from ..ir.record import Kink, Notation, Record, register
from .fact_rules import SIGNS, entrywise, symmetry_kept
from .templates import everywhere, with_numbers

Operands = tuple[Node, ...]
Params = Mapping[str, Any]


def _of_equals(value: int) -> Callable[[Operands, Params], Node | None]:
    """x ≥ x -> 1, x > x -> 0."""

    def rewrite(operands: Operands, params: Params) -> Node | None:
        a, b = operands
        return build.broadcast_to(build.number(value), a.shape) if a is b else None

    return rewrite


# name, sentence, symbol, LaTeX, value at equality
COMPARISONS = [
    ("greater", "1 where the first entry is greater than the second, else 0.", ">", ">", 0),
    ("greater_equal", "1 where the first entry is at least the second, else 0.", "≥", r"\ge", 1),
    ("less", "1 where the first entry is less than the second, else 0.", "<", "<", 0),
    ("less_equal", "1 where the first entry is at most the second, else 0.", "≤", r"\le", 1),
    ("equal", "1 where two entries are equal, else 0.", "==", "=", 1),
    ("not_equal", "1 where two entries differ, else 0.", "≠", r"\ne", 0),
]
LAWS = {
    "greater": ("greater(x, y) == less(y, x)",),
    "greater_equal": ("greater_equal(x, y) + less(x, y) == 1 + 0*x",),
    "less": ("less(x, y) == step(y - x)",),
    "less_equal": ("less_equal(x, y) + greater(x, y) == 1 + 0*x",),
    "equal": ("equal(x, x + 0*y) == 1 + 0*x", "equal(x, y) + not_equal(x, y) == 1 + 0*x"),
    "not_equal": ("not_equal(x, y) == abs(sign(x - y))",),
}


def _comparison(name: str, sentence: str, symbol: str, latex: str, at_equality: int) -> Record:
    compare = getattr(np, name)

    def evaluate(a: Any, b: Any) -> np.ndarray:
        return compare(a, b).astype(np.result_type(a, b, np.float32))

    torch_name = {
        "greater": "gt",
        "greater_equal": "ge",
        "less": "lt",
        "less_equal": "le",
        "equal": "eq",
        "not_equal": "ne",
    }[name]
    return Record(
        name=name,
        sentence=sentence,
        signature="*, * -> *",
        evaluate=evaluate,
        derivative=(lambda y, a, b: 0, lambda y, a, b: 0),
        code={
            "numpy": f"np.{name}({{0}}, {{1}}).astype(np.result_type({{0}}, {{1}}))",
            "jax": f"jnp.{name}({{0}}, {{1}}).astype(jnp.result_type({{0}}, {{1}}))",
            "torch": f"torch.{torch_name}({{0}}, {{1}}).to(({{0}}).dtype)",
            "tensorflow": f"tf.cast(tf.math.{name}({{0}}, {{1}}), ({{0}}).dtype)",
        },
        notation=Notation("infix", symbol, latex),
        domain=("real", "real"),
        spellings=(name,),
        numpy=(name,),
        facts=entrywise("nonnegative", "binary"),
        rewrites=(_of_equals(at_equality),),
        analytic=False,
        kinks=(
            Kink(
                "a comparison jumps where both are equal; its derivative is taken as 0 there too",
                (1, 1),
                (0, 0),
            ),
        ),
        laws=LAWS[name],
        source="constant wherever the operands differ",
    )


for _row in COMPARISONS:
    register(_comparison(*_row))


def _share(winner: str) -> Callable[[Node, Node], Node]:
    """1 where the first operand wins, ½ where both are equal, else 0."""

    def rule(a: Node, b: Node) -> Node:
        return Fraction(1, 2) * (apply(winner, a, b) + apply(winner + "_equal", a, b))

    return rule


# One formula for both parts: with s = min(|x|, δ) it is s (|x| − ½ s).
HUBER_TEMPLATE = '''
def _huber(x, delta):
    """x²/2 where |x| is at most delta, else delta * (|x| - delta/2)."""
    size = abs(x)
    small = MINIMUM
    return small * (size - small / 2)
'''
# XLA leaves a sum to a library, and with it products and minima before the sum, for which it makes
# arrays of constants; not a choice, whose parts become one loop.
HUBER_JAX = '''
def _huber(x, delta):
    """x²/2 where |x| is at most delta, else delta * (|x| - delta/2)."""
    size = abs(x)
    return jnp.where(size <= delta, x * x / 2, delta * (size - delta / 2))
'''
HUBER = {
    backend: HUBER_TEMPLATE.replace("MINIMUM", text)
    for backend, text in {
        "numpy": "np.minimum(size, delta)",
        "torch": "size.clamp(max=delta)",
        "tensorflow": "tf.minimum(size, delta)",
    }.items()
} | {
    "jax": HUBER_JAX,
    "array_api": HUBER_TEMPLATE.replace("(x, delta)", "(x, delta, xp)").replace(
        "MINIMUM", "xp.minimum(size, delta)"
    ),
}


def _idempotent(operands: Operands, params: Params) -> Node | None:
    """max(x, x) -> x."""
    a, b = operands
    return a if a is b else None


def _max_facts(node: Apply) -> frozenset[str]:
    a, b = (facts_of(operand) & SIGNS for operand in node.operands)
    return a | b | symmetry_kept(node)


def _min_facts(node: Apply) -> frozenset[str]:
    a, b = (facts_of(operand) & SIGNS for operand in node.operands)
    return (a & b) | symmetry_kept(node)


register(
    Record(
        name="maximum",
        sentence="The larger of two entries.",
        signature="*, * -> *",
        evaluate=np.maximum,
        derivative=(
            lambda y, a, b: _share("greater")(a, b),
            lambda y, a, b: _share("greater")(b, a),
        ),
        code=everywhere("maximum", 2),
        notation=Notation("call", "maximum", r"\max"),
        domain=("real", "real"),
        spellings=("maximum",),
        numpy=("maximum", "fmax"),
        facts=_max_facts,
        rewrites=(_idempotent,),
        analytic=False,
        kinks=(
            Kink(
                "maximum has no derivative where both are equal; each has half there",
                (1, 1),
                (0.5, 0.5),
            ),
        ),
        laws=("maximum(x, y) + minimum(x, y) == x + y", "maximum(x, 0*x) == relu(x)"),
        source="the operand that is larger moves the value",
    )
)

register(
    Record(
        name="minimum",
        sentence="The smaller of two entries.",
        signature="*, * -> *",
        evaluate=np.minimum,
        derivative=(
            lambda y, a, b: _share("less")(a, b),
            lambda y, a, b: _share("less")(b, a),
        ),
        code=everywhere("minimum", 2),
        notation=Notation("call", "minimum", r"\min"),
        domain=("real", "real"),
        spellings=("minimum",),
        numpy=("minimum", "fmin"),
        facts=_min_facts,
        rewrites=(_idempotent,),
        analytic=False,
        kinks=(
            Kink(
                "minimum has no derivative where both are equal; each has half there",
                (1, 1),
                (0.5, 0.5),
            ),
        ),
        laws=("minimum(x, y) == -maximum(-x, -y)",),
        source="the operand that is smaller moves the value",
    )
)


def mask_of(condition: Node) -> Node:
    """A condition as entries 0 and 1: any number other than 0 counts as true."""
    if has(condition, "binary") or (
        isinstance(condition, Constant) and condition.value.dtype == bool
    ):
        return condition
    return apply("not_equal", condition, build.zeros(condition.shape))


def _same_choice(operands: Operands, params: Params) -> Node | None:
    """where(c, x, x) -> x."""
    _, a, b = operands
    return a if a is b else None


def _where_facts(node: Apply) -> frozenset[str]:
    _, a, b = node.operands
    return (facts_of(a) & facts_of(b) & SIGNS) | symmetry_kept(node)


register(
    Record(
        name="where",
        sentence="The second operand where the first is not 0, else the third.",
        signature="*, *, * -> *",
        evaluate=lambda condition, a, b: np.where(np.asarray(condition) != 0, a, b),
        derivative=(
            lambda y, condition, a, b: 0,
            lambda y, condition, a, b: mask_of(condition),
            lambda y, condition, a, b: 1 - mask_of(condition),
        ),
        code={
            "numpy": "np.where(({0}) != 0, {1}, {2})",
            "jax": "jnp.where(({0}) != 0, {1}, {2})",
            "torch": "torch.where(({0}) != 0, {1}, {2})",
            "tensorflow": "tf.where(({0}) != 0, {1}, {2})",
        },
        notation=Notation("call", "where", r"\operatorname{where}"),
        domain=("boolean", "real", "real"),
        spellings=("where",),
        numpy=("where",),
        facts=_where_facts,
        rewrites=(_same_choice,),
        analytic=False,
        laws=("where(greater(x, y), x, y) == maximum(x, y)",),
        source="each entry is that of one operand",
    )
)


def _clipped(y: Node, x: Node, delta: Any) -> Node:
    """x, but at most δ and at least −δ."""
    bound = build.broadcast_to(build.number(delta), x.shape)
    return apply("maximum", apply("minimum", x, bound), build.scale(-1, bound))


def _huber(x: Any, delta: Any) -> np.ndarray:
    x, d = np.asarray(x), float(delta)
    return np.where(np.abs(x) <= d, x * x / 2, d * (np.abs(x) - d / 2))


register(
    Record(
        name="huber",
        sentence="½ x² where |x| ≤ δ, else δ (|x| − ½ δ).",
        signature="* -> *",
        evaluate=_huber,
        rule_params=True,
        derivative=(_clipped,),
        code={
            backend: with_numbers("_huber({0}, {delta})")
            for backend in ("numpy", "jax", "torch", "tensorflow")
        }
        | {"array_api": with_numbers("_huber({0}, {delta}, xp)")},
        helpers=HUBER,
        notation=Notation("call", "huber", r"\operatorname{huber}"),
        domain=("real",),
        spellings=("huber",),
        defaults={"delta": 1},
        facts=entrywise("nonnegative"),
        analytic=False,
        laws=("huber(x, delta=100) == x.*x/2",),
        source="P. Huber (1964), doi:10.1214/aoms/1177703732; the slopes of both parts",
    )
)
