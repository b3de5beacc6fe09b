"""The order of the stages: text or Python in, `Derivative` out. The one file that knows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..differentiate import differentiate, differentiate_each, pullback, pullbacks
from ..dims import shape_text
from ..errors import InputError, ShapeError
from ..ir.build import add, multiply, number, sum_of
from ..ir.construct import inner_product, ones
from ..ir.held import holds
from ..ir.node import Node, Variable, variable
from ..ir.walk import substitute, variables, with_facts, with_facts_each
from ..simplify import shortest, shortest_each
from .derivative import Derivative
from .inputs import (
    Expression,
    as_tensor_node,
    find_variable,
    fresh,
    given_or_new,
    occurs,
    parse,
    shaped,
    with_variables,
)
from .joint import Gradients
from .layouts import valid_layout
from .symmetric import SYMMETRIC, fact_notes, for_symmetric, kink_notes
from .together import read_together
from .total import totally

HELD = (
    "what stop_gradient or truncate holds constant stands in this formula as any other term; take "
    "further derivatives of the expression, not of the formula"
)


def derivative(
    y: Any,
    *wrt: Any,
    layout: str = "mixed",
    symmetric: str = "free",
    mode: str = "auto",
    total: Any = None,
) -> Any:
    """∂ⁿy/∂x₁…∂xₙ; repeat a variable for higher order.

    Parameters
    ----------
    y:
        Text or a tensor.
    *wrt:
        Names or variables. A list in one place gives a list of derivatives.
    layout:
        `mixed`, `denominator`, `numerator` or `vec`: how it is shown (the arrays that code computes
        always have the output's axes, then the inputs').
    symmetric:
        How to count the entries of a symmetric variable: `"free"` (all independent, then symmetry
        put in), `"project"` (the symmetric part of that), `"cookbook"` (each pair one variable:
        G + Gᵀ − I ⊙ G).
    mode:
        `auto`, `reverse` or `forward`; all give the same tensor.
    total:
        What some variables are functions of, `{"y": "x^2"}`: dy/dx instead of ∂y/∂x. The result's
        `contributions` are the partial derivative and one term for each path.

    Raises
    ------
    InputError
        Unknown names, or options that there are not.

    Examples
    --------
    >>> print(derivative("x'*A*x", "x", "x").formula())
    A + Aᵀ
    """
    for k, item in enumerate(wrt):
        if isinstance(item, list | tuple):
            return [
                derivative(
                    y,
                    *wrt[:k],
                    one,
                    *wrt[k + 1 :],
                    layout=layout,
                    symmetric=symmetric,
                    mode=mode,
                    total=total,
                )
                for one in item
            ]
    if not wrt:
        raise InputError("by which variable?", hint='say for instance derivative(y, "x")')
    if symmetric not in SYMMETRIC:
        raise InputError(
            f"symmetric={symmetric!r} is none of {', '.join(SYMMETRIC)}",
            hint='"free" counts all entries as independent',
        )
    if total is not None and total is not False:
        return _total(y, wrt, total, layout=layout, symmetric=symmetric, mode=mode)
    if isinstance(y, str):
        y = parse(y)
    node, known = with_variables(y)
    by = [find_variable(node, item, known) for item in wrt]
    # What is differentiated again must not know that S = Sᵀ: then the check would differentiate 2S
    # where the second derivative is that of S + Sᵀ. Facts are put to use in the last one alone.
    chain = differentiate_each(node, by, mode)
    free = shortest(with_facts(chain[-1]))
    counted, notes = for_symmetric(free, node.ndim, by, symmetric)
    result = free if counted is free else shortest(counted)
    made = Derivative(
        result,
        of=node,
        wrt=by,
        free=free,
        previous=chain[:-1],
        layout=valid_layout(layout),
        notes=[*notes, *reading_notes(y, node, by)],
    )
    made.given = y if isinstance(y, Expression) else None
    return made


def reading_notes(y: Any, node: Node, by: Sequence[Variable]) -> list[str]:
    """What a reader must know: variables that do not count, facts that were used."""
    notes = []
    occurring = {v.name for v in variables(node)}
    for v in dict.fromkeys(by):
        if v.name not in occurring:
            why = "cancels" if occurs(y, v.name) else "does not occur in the expression"
            notes.append(f"{v.name} {why}: the derivative is exactly 0")
    if holds(node):
        notes.append(HELD)
    return [*notes, *fact_notes(node), *kink_notes(node, by)]


def _total(y: Any, wrt: Any, total: Any, **options: Any) -> Derivative:
    """The derivative with dependent variables put in, and what it is made of."""
    from ..notation import formula

    if len(wrt) != 1:
        raise InputError("a total derivative is a first one, by one variable")
    told = totally(y, wrt[0], total)
    whole = derivative(told.node, told.by, **options)
    parts = told.contributions(whole.layout)
    notes = [f"{part.title} = {part.formula()}" for part in parts.values()]
    values = [f"with {v.name} = {formula(value)}" for v, value in told.values.items()]
    result = whole.with_contributions(told.label, parts, [*values, *notes])
    result.dependencies = (told.given, told.links)
    return result


def gradient(y: Any, x: Any, **options: Any) -> Any:
    """The gradient of a scalar y, in the shape of x.

    Raises
    ------
    ShapeError
        y is not a scalar; the message suggests `jacobian`.
    InputError, NameError_
        As `derivative`, which has the options too.

    Examples
    --------
    >>> print(gradient("norm2(A*x - y)^2", "x").formula())
    2Aᵀ(Ax − y)
    """
    node = as_tensor_node(y)
    if node.ndim:
        raise ShapeError(
            f"gradient is of a scalar; this has shape {shape_text(node.shape)}",
            hint="use jacobian(y, x), or sum the entries first",
        )
    return derivative(y, x, **options)


def jacobian(y: Any, x: Any, **options: Any) -> Any:
    """The first derivative of any y by any x: the axes of y, then those of x.

    Options and errors are those of `derivative`.

    Examples
    --------
    >>> d = jacobian("A*x", "A")
    >>> print(d.formula("index"), d.shape)
    δ_ij x_k (Dim(m), Dim(m), Dim(n))
    """
    return derivative(y, x, **options)


def hessian(y: Any, x: Any, x2: Any = None, **options: Any) -> Any:
    """The second derivative of a scalar y by x twice, or by x and x2.

    Raises
    ------
    ShapeError
        y is not a scalar; the message suggests `derivative(y, x, x)`.
    InputError, NameError_
        As `derivative`, which has the options too.

    Examples
    --------
    >>> print(hessian("x'*A*x", "x").formula())
    A + Aᵀ
    """
    node = as_tensor_node(y)
    if node.ndim:
        raise ShapeError(
            f"hessian is of a scalar; this has shape {shape_text(node.shape)}",
            hint="use derivative(y, x, x)",
        )
    return derivative(y, x, x if x2 is None else x2, **options)


def vjp(y: Any, x: Any, incoming: Any = None) -> Derivative:
    """Σ G[o] ∂y[o]/∂x, the cotangent of x: what a backward pass computes.

    Parameters
    ----------
    incoming:
        The incoming gradient, of y's shape: a tensor, an array, or the name of a new variable;
        by default `G` (`G1` where there is a G already).

    Raises
    ------
    ShapeError
        The incoming gradient has another shape than y.

    Examples
    --------
    >>> print(vjp("A*B", "A").formula())
    GBᵀ
    """
    node = as_tensor_node(y)
    by = find_variable(node, x)
    g = given_or_new(incoming, node, "G", "incoming gradient")
    scalar = inner_product(g, node)
    result = shortest(with_facts(pullback(node, by, g)))
    notes = reading_notes(y, node, [by])
    label = f"⟨{_called(g)}, y⟩"
    return Derivative(
        result, of=scalar, wrt=[by], free=result, label=label, notes=notes, value=node
    )


def jvp(y: Any, x: Any, direction: Any = None) -> Derivative:
    """Σ ∂y/∂x[u] V[u], the tangent of y along a direction: what a forward pass computes.

    Parameters
    ----------
    direction:
        Of x's shape: a tensor, an array, or the name of a new variable; by default `d` with the
        name of x, as in `dA`.

    Returns
    -------
    Derivative
        Of y's shape.

    Raises
    ------
    ShapeError
        The direction has another shape than x.

    Examples
    --------
    >>> print(jvp("A*B", "A").formula())
    dA B
    """
    node = as_tensor_node(y)
    by = find_variable(node, x)
    v = given_or_new(direction, by, f"d{by.name}", "direction")
    step = variable(fresh("t", node, v), ())
    moved = substitute(node, {by: sum_of(by, multiply(step, v))})
    free = differentiate(moved, [step])
    result = shortest(with_facts(substitute(free, {step: number(0)})))
    notes = reading_notes(y, node, [by])
    made = Derivative(
        result, of=moved, wrt=[step], free=free, notes=notes, called="jvp", value=node
    )
    return made._like(heading=f"∂{made.label}/∂{by.name} along {_called(v)}")


def hvp(y: Any, x: Any, direction: Any = None) -> Derivative:
    """The Hessian of a scalar times a direction, without the Hessian.

    Parameters
    ----------
    direction:
        Of x's shape: a tensor, an array, or the name of a new variable; `v` by default.

    Returns
    -------
    Derivative
        Of x's shape.

    Raises
    ------
    ShapeError
        y is not a scalar, or the direction has another shape than x.

    Examples
    --------
    >>> print(hvp("x'*A*x", "x").formula())
    (A + Aᵀ)v
    """
    node = as_tensor_node(y)
    if node.ndim:
        raise ShapeError(f"hvp is of a scalar; this has shape {shape_text(node.shape)}")
    by = find_variable(node, x)
    v = given_or_new(direction, by, "v", "direction")
    slope = inner_product(differentiate(node, [by]), v)
    result = shortest(with_facts(differentiate(slope, [by])))
    notes = reading_notes(y, node, [by])
    label = f"⟨∇y, {_called(v)}⟩"
    return Derivative(result, of=slope, wrt=[by], free=result, label=label, notes=notes, value=node)


def gradients(ys: Any, xs: Any, grad_ys: Any = None) -> Gradients:
    """Σ over ys of the incoming gradients times ∂y/∂x, for each x: the meaning of `tf.gradients`.

    Parameters
    ----------
    ys:
        One expression of any shape, or a list of them. A variable that several texts have is the
        same in all; sizes that it does not link are different ones.
    xs:
        One variable or its name, or a list of them.
    grad_ys:
        An incoming gradient for each y, of its shape: a tensor, an array, a number for all entries,
        or the name of a new variable; None for ones. One that is no list serves each y.

    Returns
    -------
    Gradients
        A list with a derivative for each x, in its shape; all of them together are one function
        too, which shares what they have in common. Where no y depends on an x, `tf.gradients` gives
        None: here the derivative is an exact 0 of the shape of x, and its `notes` say so.

    Raises
    ------
    InputError, NameError_, ShapeError
        No ys, another number of incoming gradients than of ys, or one of another shape; one
        variable in two shapes; unknown names.

    Examples
    --------
    >>> dW, db = gradients("sum(exp(W*x + b))", ["W", "b"])
    >>> print(dW.formula())
    exp(Wx + b) xᵀ
    >>> dA, dz = gradients(["A*B", "tr(A)"], ["A", "z"], ["G", None])
    >>> print(dA.formula(), "|", dz.formula(), "|", *dz.notes)
    I + GBᵀ | 0 | z does not occur in the expression: the derivative is exactly 0
    """
    given_ys = list(ys) if isinstance(ys, list | tuple) else [ys]
    if not given_ys:
        raise InputError("gradients of nothing: there are no ys")
    read = read_together(given_ys)
    nodes = [node for node, _ in read]
    given = grad_ys if isinstance(grad_ys, list | tuple) else [grad_ys] * len(nodes)
    if len(given) != len(nodes):
        raise InputError(
            f"{len(nodes)} ys, but {len(given)} grad_ys",
            hint="give one incoming gradient for each y, as arrays rather than lists of numbers",
        )
    terms = []
    for node, g in zip(nodes, given, strict=True):
        incoming = ones(node.shape) if g is None else shaped(g, node, "incoming gradient")
        terms.append(inner_product(incoming, node))
    total, known = with_variables(add(*terms))
    for _, named in read:
        known = {**named, **known}
    text = " ".join(y if isinstance(y, str) else getattr(y, "text", "") for y in given_ys)
    targets = xs if isinstance(xs, list | tuple) else [xs]
    by = [find_variable(total, x, known) for x in targets]
    found = pullbacks(total, by, number(1))
    shown = shortest_each(with_facts_each(found))
    made = [
        Derivative(form, of=total, wrt=[v], free=free, notes=reading_notes(text, total, [v]))
        for v, free, form in zip(by, found, shown, strict=True)
    ]
    return Gradients(made, total, by, found)


def _called(node: Node) -> str:
    """A name to show for an incoming gradient or direction."""
    return node.name if isinstance(node, Variable) else "·"
