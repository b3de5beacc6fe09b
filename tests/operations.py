"""Random operations on a tape: each pushes a node and, independently of the IR, the step that
computes it with an array namespace (NumPy, `jax.numpy`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

import eingrad.functions  # noqa: F401  (fills the registry)
from eingrad.dims import Dim, product
from eingrad.ir import build, construct
from eingrad.ir.apply import apply
from eingrad.ir.node import Node, Variable
from eingrad.ir.record import REGISTRY

SIZES = {"a": 3, "b": 4, "c": 5}
MAX_ENTRIES = 4000
MAX_AXES = 5

# Functions that are smooth and finite everywhere; names are those of the array namespaces too.
SMOOTH = tuple(n for n in ("tanh", "sin", "cos", "arctan") if n in REGISTRY)

Step = Callable[[Any, list[Any]], Any]  # (namespace, earlier arrays) -> array


class Tape:
    """Nodes and steps side by side while an expression is drawn."""

    def __init__(self, draw: Any, variables: Sequence[Variable]) -> None:
        self.draw = draw
        self.variables = tuple(variables)
        self.nodes: list[Node] = [*variables]
        self.steps: list[Step] = []

    def pick(self, fits: Callable[[Node], bool]) -> int | None:
        """A random earlier node, the latest more often, so that the steps hang together."""
        possible = [k for k, n in enumerate(self.nodes) if fits(n)]
        if not possible:
            return None
        if possible[-1] >= len(self.variables) and self.draw(st.booleans()):
            return possible[-1]
        return self.draw(st.sampled_from(possible))

    def push(self, node: Node, step: Step) -> bool:
        entries = product(node.shape).evaluate(SIZES)
        if entries > MAX_ENTRIES or node.ndim > MAX_AXES:
            return False
        self.nodes.append(node)
        self.steps.append(step)
        return True

    def int(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))


def _numbers(shape: Sequence[Dim]) -> tuple[int, ...]:
    return tuple(d.evaluate(SIZES) for d in shape)


def _any(node: Node) -> bool:
    return True


def _has_axes(node: Node) -> bool:
    return node.ndim > 0


def _square(node: Node) -> bool:
    return node.ndim == 2 and node.shape[0] == node.shape[1] and not node.shape[0].is_one


# --- operations: False when nothing fits ---------------------------------------------------------


def _binary(tape: Tape) -> bool:
    i = tape.pick(_any)
    assert i is not None
    left = tape.nodes[i]

    def broadcasts(node: Node) -> bool:
        try:
            build.broadcast_shape([left.shape, node.shape])
        except Exception:
            return False
        return True

    j = tape.pick(broadcasts)
    assert j is not None
    right = tape.nodes[j]
    kind = tape.draw(st.sampled_from(["add", "subtract", "multiply", "multiply"]))
    node = {
        "add": lambda: left + right,
        "subtract": lambda: left - right,
        "multiply": lambda: left * right,
    }[kind]()
    return tape.push(node, lambda xp, a: getattr(xp, kind)(a[i], a[j]))


def _scale(tape: Tape) -> bool:
    i = tape.pick(_any)
    assert i is not None
    c = tape.draw(st.sampled_from([2, -1, 3, Fraction(1, 2), Fraction(-3, 4)]))
    return tape.push(tape.nodes[i] * c, lambda xp, a: a[i] * float(c))


def _shift(tape: Tape) -> bool:
    i = tape.pick(_any)
    assert i is not None
    c = tape.draw(st.sampled_from([1, -2, Fraction(1, 3)]))
    return tape.push(tape.nodes[i] + c, lambda xp, a: a[i] + float(c))


def _power(tape: Tape) -> bool:
    i = tape.pick(_any)
    assert i is not None
    e = tape.draw(st.sampled_from([2, 3]))
    return tape.push(tape.nodes[i] ** e, lambda xp, a: a[i] ** e)


def _rational(tape: Tape) -> bool:
    """1 / (1 + x²) and its square root: powers that are finite everywhere."""
    i = tape.pick(_any)
    assert i is not None
    e = tape.draw(st.sampled_from([-1, -2, Fraction(1, 2), Fraction(-1, 2)]))
    node = (tape.nodes[i] ** 2 + 1) ** e
    return tape.push(node, lambda xp, a: (a[i] * a[i] + 1.0) ** float(e))


def _function(tape: Tape) -> bool:
    i = tape.pick(_any)
    if not SMOOTH or i is None:
        return False
    name = tape.draw(st.sampled_from(SMOOTH))
    return tape.push(apply(name, tape.nodes[i]), lambda xp, a: getattr(xp, name)(a[i]))


def _root(tape: Tape) -> bool:
    """Roots and odd powers of |x|: right for every sign, but with a kink at 0."""
    i = tape.pick(_any)
    if i is None or "abs" not in REGISTRY:
        return False
    x = tape.nodes[i]
    kind = tape.int(0, 2)
    if kind == 0:
        return tape.push(apply("abs", x), lambda xp, a: xp.abs(a[i]))
    if kind == 1:
        return tape.push((x**2) ** Fraction(1, 2), lambda xp, a: xp.sqrt(a[i] ** 2))
    e = tape.draw(st.sampled_from([Fraction(1, 2), Fraction(3, 2), 6, 7]))
    node = apply("abs", x) ** e
    return tape.push(node, lambda xp, a: xp.abs(a[i]) ** float(e))


def _matmul(tape: Tape) -> bool:
    i = tape.pick(_has_axes)
    if i is None:
        return False
    left = tape.nodes[i]

    def fits(node: Node) -> bool:
        if not 0 < node.ndim <= 2 or left.ndim > 2:
            return False
        return node.shape[-2 if node.ndim > 1 else 0] == left.shape[-1]

    j = tape.pick(fits)
    if j is None:
        return False
    node = construct.matmul(left, tape.nodes[j])
    return tape.push(node, lambda xp, a: xp.matmul(a[i], a[j]))


def _inverse(tape: Tape) -> bool:
    """(MMᵀ + 2I)⁻¹ of a square M: an inverse that exists and is well conditioned."""
    i = tape.pick(_square)
    if i is None or "inv" not in REGISTRY:
        return False
    m = tape.nodes[i]
    n = _numbers(m.shape)[0]
    node = apply(
        "inv", construct.matmul(m, build.transpose(m, (1, 0))) + construct.eye(m.shape[0]) * 2
    )
    return tape.push(node, lambda xp, a: xp.linalg.inv(a[i] @ a[i].T + 2.0 * xp.eye(n)))


def _transpose(tape: Tape) -> bool:
    i = tape.pick(lambda n: n.ndim > 1)
    if i is None:
        return False
    order = tuple(tape.draw(st.permutations(range(tape.nodes[i].ndim))))
    return tape.push(build.transpose(tape.nodes[i], order), lambda xp, a: xp.transpose(a[i], order))


def _reduce(tape: Tape) -> bool:
    i = tape.pick(_has_axes)
    if i is None:
        return False
    node = tape.nodes[i]
    axes = tuple(sorted(tape.draw(st.sets(st.integers(0, node.ndim - 1), min_size=1))))
    keep = tape.draw(st.booleans())
    mean = tape.draw(st.booleans())
    result = (construct.mean_axes if mean else construct.sum_axes)(node, axes, keep)
    name = "mean" if mean else "sum"
    return tape.push(result, lambda xp, a: getattr(xp, name)(a[i], axis=axes, keepdims=keep))


def _diagonal(tape: Tape) -> bool:
    i = tape.pick(_square)
    if i is None:
        return False
    if tape.draw(st.booleans()):
        return tape.push(construct.trace(tape.nodes[i]), lambda xp, a: xp.trace(a[i]))
    return tape.push(construct.diagonal(tape.nodes[i]), lambda xp, a: xp.diagonal(a[i]))


def _diag_matrix(tape: Tape) -> bool:
    i = tape.pick(lambda n: n.ndim == 1)
    if i is None:
        return False
    return tape.push(construct.diag_matrix(tape.nodes[i]), lambda xp, a: xp.diag(a[i]))


def _kron(tape: Tape) -> bool:
    i = tape.pick(lambda n: 0 < n.ndim <= 2)
    if i is None:
        return False
    j = tape.pick(lambda n: n.ndim == tape.nodes[i].ndim)
    if j is None:
        return False
    node = construct.kron(tape.nodes[i], tape.nodes[j])
    return tape.push(node, lambda xp, a: xp.kron(a[i], a[j]))


def _outer(tape: Tape) -> bool:
    i, j = tape.pick(_has_axes), tape.pick(_has_axes)
    if i is None or j is None:
        return False
    node = construct.outer(tape.nodes[i], tape.nodes[j])
    return tape.push(node, lambda xp, a: xp.tensordot(a[i], a[j], axes=0))


def _flatten(tape: Tape) -> bool:
    i = tape.pick(lambda n: n.ndim > 1)
    if i is None:
        return False
    node = tape.nodes[i]
    if tape.draw(st.booleans()):
        return tape.push(construct.ravel(node), lambda xp, a: xp.reshape(a[i], (-1,)))
    return tape.push(construct.vec(node), lambda xp, a: xp.reshape(xp.transpose(a[i]), (-1,)))


def _reshape(tape: Tape) -> bool:
    """Another grouping of the same entries, with the axes in another order."""
    i = tape.pick(lambda n: n.ndim > 1)
    if i is None:
        return False
    node = tape.nodes[i]
    sizes = tape.draw(st.permutations(node.shape))
    cut = tape.int(1, len(sizes))
    target = (product(sizes[:cut]), *sizes[cut:])
    shape = _numbers(target)
    return tape.push(construct.reshape(node, target), lambda xp, a: xp.reshape(a[i], shape))


def _expand(tape: Tape) -> bool:
    i = tape.pick(_any)
    assert i is not None
    axis = tape.int(0, tape.nodes[i].ndim)
    node = construct.expand_dims(tape.nodes[i], [axis])
    return tape.push(node, lambda xp, a: xp.expand_dims(a[i], axis))


def _squeeze(tape: Tape) -> bool:
    i = tape.pick(lambda n: any(d.is_one for d in n.shape))
    if i is None:
        return False
    node = tape.nodes[i]
    axes = tuple(k for k, d in enumerate(node.shape) if d.is_one)
    return tape.push(construct.squeeze(node), lambda xp, a: xp.squeeze(a[i], axis=axes))


def _cumulate(tape: Tape) -> bool:
    i = tape.pick(_has_axes)
    if i is None:
        return False
    axis = tape.int(0, tape.nodes[i].ndim - 1)
    node = construct.cumulative_sum(tape.nodes[i], axis)
    return tape.push(node, lambda xp, a: xp.cumsum(a[i], axis=axis))


def _triangle(tape: Tape) -> bool:
    i = tape.pick(lambda n: n.ndim >= 2)
    if i is None:
        return False
    k, lower = tape.int(-1, 1), tape.draw(st.booleans())
    node = construct.triangle(tape.nodes[i], k, lower)
    return tape.push(node, lambda xp, a: getattr(xp, "tril" if lower else "triu")(a[i], k))


def _slice(tape: Tape) -> bool:
    """All but the first entry of an axis; no size gets down to 1, which NumPy would broadcast."""

    def long(dim: Dim) -> bool:
        return dim.evaluate(SIZES) > 2

    i = tape.pick(lambda n: any(map(long, n.shape)))
    if i is None:
        return False
    node = tape.nodes[i]
    axis = next(k for k, d in enumerate(node.shape) if long(d))
    count = node.shape[axis] - 1
    where = (slice(None),) * axis + (slice(1, None),)
    return tape.push(construct.take_slice(node, axis, 1, 1, count), lambda xp, a: a[i][where])


def _concatenate(tape: Tape) -> bool:
    i = tape.pick(_has_axes)
    if i is None:
        return False
    node = tape.nodes[i]
    axis = tape.int(0, node.ndim - 1)
    others = node.shape[:axis], node.shape[axis + 1 :]
    j = tape.pick(lambda n: n.ndim == node.ndim and (n.shape[:axis], n.shape[axis + 1 :]) == others)
    if j is None:
        return False
    result = construct.concatenate([node, tape.nodes[j]], axis)
    return tape.push(result, lambda xp, a: xp.concatenate([a[i], a[j]], axis=axis))


def _einsum(tape: Tape) -> bool:
    """Up to three factors, letters by size, some summed, some on several factors."""
    letters: dict[Dim, list[str]] = {}
    names = iter("ijklmnopqrstuv")
    parts, chosen = [], []
    for _ in range(tape.int(1, 3)):
        k = tape.pick(lambda n: 0 < n.ndim <= 3 and not any(d.is_one for d in n.shape))
        if k is None:
            return False
        word = ""
        for dim in tape.nodes[k].shape:
            known = letters.setdefault(dim, [])
            if not known or (len(known) < 2 and tape.draw(st.booleans())):
                known.append(next(names))
            word += tape.draw(st.sampled_from(known))
        parts.append(word)
        chosen.append(k)
    used = sorted(set("".join(parts)))
    kept = tape.draw(st.permutations(used))[: tape.int(0, min(3, len(used)))]
    spec = f"{','.join(parts)}->{''.join(kept)}"
    node = build.contract(spec, *(tape.nodes[k] for k in chosen))
    return tape.push(node, lambda xp, a: xp.einsum(spec, *(a[k] for k in chosen)))


STRUCTURAL = (
    _transpose, _reduce, _diagonal, _diag_matrix, _kron, _outer, _flatten, _reshape, _expand,
    _squeeze, _cumulate, _triangle, _slice, _concatenate, _einsum,
)  # fmt: skip
ARITHMETIC = (_binary, _binary, _scale, _shift, _power, _rational, _matmul, _matmul, _einsum)
FUNCTIONS = (_function, _function, _inverse)
SMOOTH_OPERATIONS = STRUCTURAL + ARITHMETIC + FUNCTIONS
ALL_OPERATIONS = (*SMOOTH_OPERATIONS, _root, _root)
