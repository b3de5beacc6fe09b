"""Second derivatives contracted before they exist: trace, quadratic form, Newton step, blocks.

All are exact: the Hessian is there in factored form only, and is contracted term by term.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations_with_replacement
from typing import Any

from ..differentiate import differentiate
from ..dims import product, shape_text
from ..errors import InputError, ShapeError
from ..ir.apply import apply
from ..ir.build import add, einsum, multiply, number, power, sum_of
from ..ir.node import Node, Sum, Variable, variable
from ..ir.walk import substitute, with_facts
from ..simplify import shortest
from ..structure import StructuredTerm, decompose
from ..structure.sides import sides
from .derivative import Derivative
from .derive import hessian, jacobian, reading_notes
from .inputs import as_tensor_node, find_variable, fresh, given_or_new


def laplacian(y: Any, x: Any) -> Derivative:
    """Σ_k ∂²y/∂x_k² of a scalar y: the trace of the Hessian, without the rest of it.

    Raises
    ------
    ShapeError
        y is not a scalar.

    Examples
    --------
    >>> print(laplacian("norm2(A*x - y)^2", "x").formula())
    2‖A‖²
    """
    full = hessian(y, x)
    axes = [(k,) for k in range(full.wrt[0].ndim)]
    trace = _over(full.node, [*axes, *axes], [])
    return _contraction(full, trace, "tr {}", "laplacian", ())


def hessian_diagonal(y: Any, x: Any) -> Derivative:
    """∂²y/∂x_k² for each entry of x, in the shape of x, without the rest of the Hessian.

    Raises
    ------
    ShapeError
        y is not a scalar.

    Examples
    --------
    >>> print(hessian_diagonal("sum(exp(A*x))", "x").formula())
    diag(Aᵀ diag(exp(Ax)) A)
    """
    full = hessian(y, x)
    by = full.wrt[0]
    axes = [(k,) for k in range(by.ndim)]
    diagonal = _over(full.node, [*axes, *axes], axes)
    names = [f"{by.name} axis {k}" for k in range(by.ndim)]
    return _contraction(full, diagonal, "diagonal of {}", "hessian_diagonal", names)


def squared_norms(y: Any, x: Any) -> Derivative:
    """Σ over the entries of x of (∂y/∂x)², for each entry of y: the squared norms of the gradients
    of many samples, without the gradients.

    Returns
    -------
    Derivative
        Of the shape of y.

    Examples
    --------
    >>> import eingrad
    >>> losses = eingrad.parse("logsumexp(X*W, axis=1)", X="n m", W="m k")
    >>> print(squared_norms(losses, "W").formula())
    (X ⊙ X)𝟏 ⊙ (softmax(XW) ⊙ softmax(XW))𝟏
    """
    full = jacobian(y, x)
    n = full.n_out
    out = [(k,) for k in range(n)]
    axes = [*out, *((n + k,) for k in range(full.wrt[0].ndim))]
    terms = [t.node for t in decompose(full.node).terms] or [full.node]
    # Term by term: the square of a sum would be that of all gradients, written out.
    squares = add(
        *(einsum([(a, axes), (b, axes)], out, 1 if a is b else 2) for a, b in _pairs(terms))
    )
    names = [f"{full.label} axis {k}" for k in range(n)]
    return _contraction(full, squares, "squared norms of {}", "squared_norms", names)


def curvature(y: Any, x: Any, direction: Any = None) -> Derivative:
    """vᵀHv for the Hessian H of a scalar y: the second derivative of y along v.

    Parameters
    ----------
    direction:
        Of the shape of x; a new variable `v` by default.

    Raises
    ------
    ShapeError
        y is not a scalar, or the direction has another shape than x.

    Examples
    --------
    >>> print(curvature("x'*A*x/2", "x").formula())
    vᵀAv
    """
    node = _scalar(y, "curvature")
    notes = reading_notes(y, node, [find_variable(node, x)])
    by = find_variable(node, x)
    v = given_or_new(direction, by, "v", "direction")
    step = variable(fresh("t", node, v), ())
    moved = substitute(node, {by: sum_of(by, multiply(step, v))})
    once = differentiate(moved, [step])
    free = differentiate(once, [step])
    result = shortest(with_facts(substitute(free, {step: number(0)})))
    return Derivative(
        result,
        of=moved,
        wrt=[step, step],
        free=free,
        previous=[once],
        notes=notes,
        heading=f"{_called(v)}ᵀ (∂²y/∂{by.name}²) {_called(v)}",
        called="curvature",
        value=node,
        axis_names=(),
    )


def block_diagonal(y: Any, x: Any, axis: int = 0) -> Derivative:
    """The blocks of the Hessian of a scalar y that couple entries of x at one place of an axis.

    Parameters
    ----------
    axis:
        Which axis of x numbers the blocks.

    Returns
    -------
    Derivative
        Axes: the axis of x, then the other axes of x twice. For a matrix X, entry [i, j, l] is
        ∂²y/∂x_ij ∂x_il.

    Raises
    ------
    ShapeError, InputError
        y is not a scalar; x has no such axis.

    Examples
    --------
    >>> d = block_diagonal("norm2(T - U*V')^2", "U")
    >>> d.axes
    ('U axis 0', 'U axis 1', 'U axis 1')
    """
    full = hessian(y, x)
    v = full.wrt[0]
    if not -v.ndim <= axis < v.ndim:
        raise InputError(f"{v.name} has {v.ndim} axes, there is no axis {axis}")
    place = axis % v.ndim
    first = [(0, k) if k != place else ("block",) for k in range(v.ndim)]
    second = [(1, k) if k != place else ("block",) for k in range(v.ndim)]
    rest = [k for k in range(v.ndim) if k != place]
    out = [first[place], *(first[k] for k in rest), *(second[k] for k in rest)]
    node = _over(full.node, [(a,) for a in (*first, *second)], [(a,) for a in out])
    names = [f"{v.name} axis {k}" for k in (place, *rest, *rest)]
    return _contraction(full, node, "blocks of {}", "block_diagonal", names)


def newton_step(y: Any, x: Any) -> Derivative:
    """H⁻¹g for the Hessian H and the gradient g of a scalar y, in the shape of x.

    The Newton iteration is x − H⁻¹g. Where H is a Kronecker product of identities and smaller
    matrices, only those are inverted; generated code solves instead of inverting.

    Raises
    ------
    ShapeError
        y is not a scalar.
    InputError
        The Hessian is zero.

    Examples
    --------
    >>> print(newton_step("norm2(T - U*V')^2", "U").formula())
    U − TV(VᵀV)⁻¹
    """
    full = hessian(y, x)
    if full.is_zero:
        raise InputError(
            f"{full.title} is zero: there is no Newton step", hint="the function is linear"
        )
    by = full.wrt[0]
    gradient = shortest(with_facts(full._previous[0]))
    step = _solved(full.node, gradient, by.ndim)
    names = [f"{by.name} axis {k}" for k in range(by.ndim)]
    return _contraction(full, step, "({})⁻¹ ∂y/∂x", "newton_step", names)


def _pairs(terms: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    """Each two of some terms once, and each with itself."""
    return combinations_with_replacement(terms, 2)


def _solved(h: Node, g: Node, ndim: int) -> Node:
    """H⁻¹g, by the structure of H where that is one term of invertible factors."""
    terms = decompose(h, 0, [ndim, ndim]).merged().terms
    if len(terms) == 1:
        solved = _by_structure(terms[0], g, ndim)
        if solved is not None:
            return solved
    if not ndim:
        return multiply(g, power(h, -1))
    left, right = [("l", k) for k in range(ndim)], [("r", k) for k in range(ndim)]
    sizes: dict[Hashable, Any] = {
        a: d for names in (left, right) for a, d in zip(names, g.shape, strict=True)
    }
    flat = einsum([(h, [(a,) for a in (*left, *right)])], [left, right], 1, sizes)
    inverse = apply("inv", flat)
    return einsum(
        [(inverse, [left, right]), (g, [(a,) for a in right])], [(a,) for a in left], 1, sizes
    )


def _by_structure(term: StructuredTerm, g: Node, ndim: int) -> Node | None:
    """The inverse of one term applied to g: each core inverted by itself; None where a core is
    not square."""
    seen = sides(term, ndim)
    if seen.odd:
        return None
    sizes: dict[Hashable, Any] = dict(enumerate(term.sizes))
    factors: list[tuple[Node, Sequence[tuple[int, ...]]]] = [(g, term.axes[:ndim])]
    for block in seen.blocks:
        if block.core is None:
            if not block.both:
                return None
            continue
        core = [(a,) for a in block.core.atoms]
        rows, columns = block.rows, block.columns
        if not rows and not columns:
            factors.append((power(block.core.node, -1), core))
            continue
        if product(sizes[a] for a in rows) != product(sizes[a] for a in columns):
            return None
        matrix = [*((a,) for a in block.both), rows, columns]
        turned = einsum([(block.core.node, core)], matrix, 1, sizes)
        factors.append((apply("inv", turned), [*((a,) for a in block.both), columns, rows]))
    if term.scalar is not None:
        factors.append((power(term.scalar, -1), []))
    solved = einsum(factors, term.axes[ndim:], 1, sizes)
    return multiply(power(number(term.coefficient), -1), solved)


def _over(node: Node, axes: Sequence[Any], out: Sequence[Any]) -> Node:
    """A Hessian with its axes renamed and summed, term by term: deltas that meet become sizes."""
    terms = node.operands if isinstance(node, Sum) and node.operands else (node,)
    return add(*(einsum([(term, axes)], out) for term in terms))


def _contraction(
    full: Derivative, node: Node, heading: str, called: str, names: Sequence[str]
) -> Derivative:
    """A contracted Hessian; its check is that of the Hessian."""
    return Derivative(
        shortest(with_facts(node)),
        of=full.of,
        wrt=full.wrt,
        free=full._free,
        previous=full._previous,
        notes=full.notes,
        contracted=True,
        n_out=0,
        heading=heading.format(full.title).replace("∂y/∂x", f"∂{full.label}/∂{full.wrt[0].name}"),
        called=called,
        axis_names=names,
    )


def _called(direction: Node) -> str:
    return direction.name if isinstance(direction, Variable) else "v"


def _scalar(y: Any, asked: str) -> Node:
    node = as_tensor_node(y)
    if node.ndim:
        raise ShapeError(f"{asked} is of a scalar; this has shape {shape_text(node.shape)}")
    return node
