"""Reverse and forward accumulation.

The cotangent of a node v is ∂Y/∂v: a list of terms with the axes of Y, then those of v. It starts
as deltas, and each step multiplies by a local derivative, so the normal form keeps all structure.
Tangents are ∂v/∂x, with the axes of v, then those of x.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from ..dims import Dim
from ..ir.build import add, einsum, zeros
from ..ir.loop import Scan
from ..ir.node import Node, Shape, Sum, Variable, variable
from ..ir.walk import depending_on, substitute, substitute_each, topological
from .accumulate import merge
from .local import Local, local_derivatives
from .recurrence import pulled_back, pushed_forward

Axes = list[tuple[Hashable, ...]]


def differentiate(y: Node, variables: Sequence[Variable], mode: str = "auto") -> Node:
    """∂ⁿy / ∂x₁ … ∂xₙ with the axes of y, then those of each variable in order.

    Facts such as symmetry are taken off the variables first and put back after the last derivative:
    the entries of a symmetric variable count as free (else ∂/∂A of a symmetric A is arbitrary).

    Parameters
    ----------
    mode:
        `"reverse"`, `"forward"` or `"auto"`, which compares the axes that each would carry.
    """
    return differentiate_each(y, variables, mode)[-1] if variables else y


def differentiate_each(y: Node, variables: Sequence[Variable], mode: str = "auto") -> list[Node]:
    """∂y / ∂x₁, ∂²y / ∂x₁ ∂x₂, …: each derivative is that of the one before.

    What is differentiated again has its facts off; they are put back in each result by itself.
    """
    free: dict[Node, Variable] = {v: _asleep(v) for v in dict.fromkeys(variables)}
    bare = substitute(y, free)
    chain = []
    for v in variables:
        bare = _one(bare, free[v], mode)
        chain.append(bare)
    back: dict[Node, Node] = {asleep: v for v, asleep in free.items()}
    return substitute_each(chain, back)


def pullback(y: Node, x: Variable, incoming: Node) -> Node:
    """Σ incoming[o] ∂y[o]/∂x: the vector-Jacobian product, axes of x (then further ones of
    incoming)."""
    return pullbacks(y, [x], incoming)[0]


def pullbacks(y: Node, xs: Sequence[Variable], incoming: Node) -> list[Node]:
    """The pullback to each of some variables, in one walk: their cotangents share what they can."""
    bare: dict[Node, Variable] = {x: _asleep(x) for x in dict.fromkeys(xs)}
    body = substitute(y, bare)
    axes = [(("o", k),) for k in range(y.ndim)]
    extra = [(("e", k),) for k in range(incoming.ndim - y.ndim)]
    seed = einsum([(incoming, [*axes, *extra])], [*extra, *axes])
    found = _reverse(body, [bare[x] for x in xs], [seed], incoming.ndim - y.ndim)
    back: dict[Node, Node] = {asleep: v for v, asleep in bare.items()}
    return substitute_each(found, back)


def pushforward(y: Node, x: Variable, direction: Node) -> Node:
    """Σ ∂y/∂x[u] direction[u]: the Jacobian-vector product, axes of y (then further ones of
    direction)."""
    return total_pushforward(y, {x: direction})


def total_pushforward(y: Node, directions: Mapping[Variable, Node]) -> Node:
    """The sum of the pushforwards of several variables, each along its direction, in one walk."""
    bare: dict[Node, Variable] = {x: _asleep(x) for x in directions}
    body = substitute(y, bare)
    seeds = {bare[x]: d for x, d in directions.items()}
    inner = max(d.ndim - x.ndim for x, d in directions.items())
    back: dict[Node, Node] = {asleep: v for v, asleep in bare.items()}
    return substitute(_forward(body, seeds, inner), back)


def _asleep(v: Variable) -> Variable:
    """The variable with its facts about the shape of a matrix out of use."""
    return variable(v.name, v.shape, v.facts, dormant=True)


def _one(y: Node, x: Variable, mode: str) -> Node:
    if mode == "auto":
        mode = "forward" if _carried(x) < _carried(y) else "reverse"
    if mode == "reverse":
        axes = [(k,) for k in range(y.ndim)]
        identity = einsum([], [*axes, *axes], 1, dict(enumerate(y.shape)))
        return _reverse(y, [x], [identity], y.ndim)[0]
    axes = [(k,) for k in range(x.ndim)]
    identity = einsum([], [*axes, *axes], 1, dict(enumerate(x.shape)))
    return _forward(y, {x: identity}, x.ndim)


def _carried(node: Node) -> tuple[int, int]:
    """How large the axes are that accumulation would carry: symbolic axes count first."""
    symbolic = sum(1 for d in node.shape if d.as_int() is None)
    known = 1
    for d in node.shape:
        known *= d.as_int() or 1
    return symbolic, known


def _reverse(y: Node, xs: Sequence[Variable], seed: list[Node], outer: int) -> list[Node]:
    """The cotangent of each x, from that of y; `outer` counts the leading axes it carries."""
    return accumulate({y: seed}, xs, seed[0].shape[:outer])


def accumulate(
    seeds: Mapping[Node, Sequence[Node]], xs: Sequence[Variable], outer: Shape
) -> list[Node]:
    """The cotangent of each x from those of some nodes, which lead with axes of shape `outer`."""
    order = topological(*seeds)
    dependent = depending_on(order, xs)
    carried: Axes = [(("out", k),) for k in range(len(outer))]
    carried_sizes: dict[Hashable, Dim] = {("out", k): d for k, d in enumerate(outer)}
    cotangents: dict[Node, list[Node]] = {y: [*seed] for y, seed in seeds.items()}
    targets = set(xs)
    first: dict[Any, Node] = {}  # the states of one loop wait for each other
    for node in order:
        if isinstance(node, Scan):
            first.setdefault(node.group, node)
    for node in reversed(order):
        if node not in dependent or node in targets:
            continue
        if isinstance(node, Scan):
            if first[node.group] is node:
                for operand, term in pulled_back(node, cotangents, dependent, outer):
                    cotangents.setdefault(operand, []).append(term)
            continue
        if node not in cotangents:
            continue
        incoming = merge(cotangents.pop(node))
        for local in local_derivatives(node, dependent):
            into = cotangents.setdefault(local.operand, [])
            for term in incoming:
                into.append(_back(term, local, carried, carried_sizes))
    results = []
    for x in xs:
        terms = cotangents.get(x, [])
        results.append(add(*_opened(terms)) if terms else zeros(outer + x.shape))
    return results


def _forward(y: Node, seeds: Mapping[Variable, Node], inner: int) -> Node:
    """The tangent of y, from those of variables; `inner` counts the trailing axes they carry."""
    seed = next(iter(seeds.values()))
    return propagate(y, seeds, seed.shape[len(seed.shape) - inner :])


def propagate(y: Node, seeds: Mapping[Variable, Node], trailing: Shape) -> Node:
    """The tangent of y from those of some variables, which end with axes of shape `trailing`."""
    order = topological(y)
    dependent = depending_on(order, seeds)
    carried: Axes = [(("in", k),) for k in range(len(trailing))]
    carried_sizes: dict[Hashable, Dim] = {("in", k): d for k, d in enumerate(trailing)}
    if y not in dependent:
        return zeros(y.shape + trailing)
    tangents: dict[Node, list[Node]] = {x: [seed] for x, seed in seeds.items()}
    for node in order:
        if node not in dependent or node in seeds:
            continue
        if isinstance(node, Scan):
            if node not in tangents:
                tangents.update(pushed_forward(node, tangents, trailing))
            continue
        terms: list[Node] = []
        for local in local_derivatives(node, dependent):
            for term in tangents[local.operand]:
                terms.append(_ahead(term, local, carried, carried_sizes))
        tangents[node] = merge(terms) if node is not y else terms
    terms = tangents[y]
    return add(*_opened(terms)) if terms else zeros(y.shape + trailing)


def _opened(terms: list[Node]) -> list[Node]:
    return [
        t
        for term in terms
        for t in (term.operands if isinstance(term, Sum) and term.operands else [term])
    ]


def _back(term: Node, local: Local, carried: Axes, sizes: dict[Hashable, Dim]) -> Node:
    factors = [(term, [*carried, *local.v]), *local.factors]
    return einsum(factors, [*carried, *local.u], local.coefficient, {**local.sizes, **sizes})


def _ahead(term: Node, local: Local, carried: Axes, sizes: dict[Hashable, Dim]) -> Node:
    factors = [(term, [*local.u, *carried]), *local.factors]
    return einsum(factors, [*local.v, *carried], local.coefficient, {**local.sizes, **sizes})
