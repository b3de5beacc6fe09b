"""Curvature from first derivatives: the Gauss-Newton matrix, and the Fisher information.

All are the exact second derivative of something: of the loss with its inner functions replaced by
their linear approximations at x, or of half a mean of squares of slopes. So they have a check, as
any derivative.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..differentiate import differentiate, differentiate_each
from ..dims import product, shape_text
from ..errors import ShapeError
from ..ir.apply import apply
from ..ir.build import add, einsum, multiply, number, power, sum_of
from ..ir.construct import inner_product, ones
from ..ir.node import Node, Shape, Variable, variable
from ..ir.node import size as size_node
from ..ir.numbers import zeros
from ..ir.walk import substitute, with_facts
from ..simplify import shortest
from .derivative import Derivative
from .inputs import as_tensor_node, find_variable, fresh
from .total import totally


def gauss_newton(loss: Any, x: Any, x2: Any = None, *, outputs: Mapping[str, Any]) -> Derivative:
    """JᵀHJ: the second derivative of a loss by x that leaves out those of its inner functions.

    Positive semidefinite where the loss is convex in them. N. Schraudolph (2002),
    doi:10.1162/08997660260028683.

    Parameters
    ----------
    loss:
        A scalar of the inner functions, which stand in it as variables.
    x, x2:
        The variables; by default x twice.
    outputs:
        What these variables are, `{"Z": "X*W"}`: as text or as tensors.

    Raises
    ------
    ShapeError
        The loss is not a scalar, or an expression has not the shape of its variable.
    InputError, NameError_
        As `derivative`.

    Examples
    --------
    >>> G = gauss_newton("norm2(r)^2/2", "x", outputs={"r": "exp(A*x) - y"})
    >>> print(G.formula())
    Aᵀ diag(exp(Ax) ⊙ exp(Ax)) A
    """
    told = totally(loss, x, outputs)
    if told.given.ndim:
        raise ShapeError(
            f"gauss_newton is of a scalar loss; this has shape {shape_text(told.given.shape)}"
        )
    other = told.by if x2 is None else totally(loss, x2, outputs).by
    by = [told.by, other]
    inner = list(told.values.values())
    steps = _steps(by, told.given, *inner)
    moved: dict[Node, Node] = {}
    for v in dict.fromkeys(by):
        moved[v] = sum_of(v, steps[v])
    held: dict[Node, Node] = {}  # x in what the loss is of, apart from x in the loss itself
    for v, value in told.values.items():
        slopes = [_along(differentiate(value, [w]), steps[w], value.ndim) for w in steps]
        held[v] = add(value, *slopes)
    of = substitute(told.given, {**moved, **held})
    chain = differentiate_each(of, [steps[v] for v in by], "auto")
    free = chain[-1]
    here: dict[Node, Node] = {s: zeros(s.shape) for s in steps.values()}
    return Derivative(
        shortest(with_facts(substitute(free, here))),
        of=of,
        wrt=[steps[v] for v in by],
        free=free,
        previous=chain[:-1],
        heading=f"Gauss-Newton matrix of {told.label} by {_names(by)}",
        called="gauss_newton",
        value=told.node,
        axis_names=_axes(by),
    )


def fisher(log_probabilities: Any, x: Any, x2: Any = None) -> Derivative:
    """The Fisher information of a model of classes: the mean over samples of
    Σ_c p_c ∇log p_c ∇log p_cᵀ.

    Parameters
    ----------
    log_probabilities:
        With the classes along the last axis; other axes are samples. `log_softmax(X*W)`, say.

    Raises
    ------
    ShapeError
        It is a scalar.

    Examples
    --------
    >>> import eingrad
    >>> F = fisher(eingrad.parse("log_softmax(X*W)", X="n m", W="m k"), "W")
    >>> F.check().ok
    True
    """
    node = as_tensor_node(log_probabilities)
    if not node.ndim:
        raise ShapeError("fisher needs an axis of classes; this is a scalar")
    samples = node.shape[:-1]
    return _second_moment(node, x, x2, apply("exp", node), samples, "Fisher information")


def empirical_fisher(losses: Any, x: Any, x2: Any = None) -> Derivative:
    """The mean over samples of g gᵀ, where g is the gradient of one sample's loss.

    Parameters
    ----------
    losses:
        The loss of each sample.

    Examples
    --------
    >>> print(empirical_fisher("(X*w - y).^2", "w").formula())
    4Xᵀ diag((Xw − y) ⊙ (Xw − y)) X/m
    """
    node = as_tensor_node(losses)
    return _second_moment(node, x, x2, None, node.shape, "empirical Fisher information")


def _second_moment(
    node: Node, x: Any, x2: Any, weight: Node | None, samples: Shape, heading: str
) -> Derivative:
    """The mean over samples of the sum of weighted squares of slopes."""
    by = [find_variable(node, x)]
    by.append(by[0] if x2 is None else find_variable(node, x2))
    steps = _steps(by, node)
    axes = [("o", k) for k in range(node.ndim)]
    factors: list[tuple[Node, Any]] = []
    slopes = []
    for k, v in enumerate(by):
        jacobian = differentiate(node, [v])
        factors.append(
            (jacobian, [*((a,) for a in axes), *((("x", k, i),) for i in range(v.ndim))])
        )
        slopes.append(_along(jacobian, steps[v], node.ndim))
    if weight is not None:
        factors.append((weight, [(a,) for a in axes]))
    count = power(size_node(product(samples)), -1) if samples else number(1)
    factors.append((count, []))
    out = [(("x", k, i),) for k, v in enumerate(by) for i in range(v.ndim)]
    free = einsum(factors, out)
    both = multiply(slopes[0], slopes[1] if weight is None else multiply(weight, slopes[1]))
    same = by[0] is by[1]
    total = inner_product(both, ones(node.shape))
    of = multiply(multiply(total, count), power(number(2), -1) if same else number(1))
    first = differentiate(of, [steps[by[0]]])
    return Derivative(
        shortest(with_facts(free)),
        of=of,
        wrt=[steps[v] for v in by],
        free=free,
        previous=[first],
        heading=f"{heading} by {_names(by)}",
        called=heading.replace(" ", "_").replace("_information", "").lower(),
        value=node,
        axis_names=_axes(by),
    )


def _steps(by: list[Variable], *nodes: Node) -> dict[Variable, Variable]:
    """A step for each variable, `dW` of W."""
    made: dict[Variable, Variable] = {}
    for v in dict.fromkeys(by):
        made[v] = variable(fresh(f"d{v.name}", *nodes, *made.values()), v.shape)
    return made


def _along(jacobian: Node, step: Variable, n_out: int) -> Node:
    """Σ over the input of a Jacobian times a step."""
    out = [(k,) for k in range(n_out)]
    into = [(n_out + k,) for k in range(step.ndim)]
    return einsum([(jacobian, [*out, *into]), (step, into)], out)


def _names(by: list[Variable]) -> str:
    return by[0].name if by[0] is by[1] else f"{by[0].name} and {by[1].name}"


def _axes(by: list[Variable]) -> list[str]:
    return [f"{v.name} axis {k}" for v in by for k in range(v.ndim)]
