"""The order of the stages: text or Python in, `Derivative` out. The one file that knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .derivative import Derivative, _layout
from .dims import shape_text
from .differentiate import differentiate, pullback
from .errors import InputError, NameError_, ShapeError
from .frontends.python import Tensor
from .frontends.text import Parsed
from .frontends.text import parse as parse_text
from .ir.build import add, as_node, einsum, multiply, number, scale, sum_of, transpose
from .ir.construct import eye, inner_product, ones
from .ir.facts import MATRIX_ONLY, has
from .ir.node import Node, Variable, variable
from .ir.walk import substitute, variables
from .simplify import shortest

SYMMETRIC = ("free", "project", "cookbook")


class Expression(Tensor):
    """A tensor that was read from text; it remembers the text and how it was read.

    Attributes
    ----------
    text, reading:
        What was given, and how it was understood.
    echo:
        Which kinds and sizes were inferred, a line each.
    variables:
        The variables by name.
    """

    __slots__ = ("parsed",)
    parsed: Parsed

    @property
    def text(self) -> str:
        """What was given."""
        return self.parsed.text

    @property
    def reading(self) -> str:
        """How it was understood, fully bracketed."""
        return self.parsed.reading

    @property
    def echo(self) -> tuple[str, ...]:
        """What was inferred."""
        return tuple(self.parsed.echo)

    @property
    def variables(self) -> Mapping[str, Variable]:
        """The variables by name."""
        return self.parsed.variables


def parse(text: str, /, **declarations: Any) -> Expression:
    """Read an expression.

    Parameters
    ----------
    text:
        In the language of docs/language.md, e.g. `"tr(A*X'*B)"`, `"sum(log(exp(-y.*(X*w))+1))"`.
    **declarations:
        Shapes and facts of variables: `"n n spd"`, `"m n"`, `"4 6"`, `"n"`, `""`, or a tuple of sizes.

    Raises
    ------
    ParseError, ShapeError, NameError_, FactError
        With the text, carets and shapes.

    Examples
    --------
    >>> parse("x'*A*x", A="n n symmetric").variables["A"].facts
    frozenset({'symmetric'})
    """
    parsed = parse_text(text, declarations)
    expression = Expression(parsed.node)
    object.__setattr__(expression, "parsed", parsed)
    return expression


def derivative(
    y: Any, *wrt: Any, layout: str = "mixed", symmetric: str = "free", mode: str = "auto"
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
        How to count the entries of a symmetric variable: `"free"` (all independent, then symmetry put
        in), `"project"` (the symmetric part of that), `"cookbook"` (each pair one variable:
        G + Gᵀ − I ⊙ G).
    mode:
        `auto`, `reverse` or `forward`; all give the same tensor.

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
                derivative(y, *wrt[:k], one, *wrt[k + 1 :], layout=layout, symmetric=symmetric,
                           mode=mode)
                for one in item
            ]
    if not wrt:
        raise InputError("by which variable?", hint='say for instance derivative(y, "x")')
    if symmetric not in SYMMETRIC:
        raise InputError(
            f"symmetric={symmetric!r} is none of {', '.join(SYMMETRIC)}",
            hint='"free" counts all entries as independent',
        )
    node = as_tensor_node(y)
    by = [find_variable(node, item) for item in wrt]
    chain: list[Node] = []
    for k in range(1, len(by) + 1):
        chain.append(shortest(differentiate(node, by[:k], mode)))
    free = chain[-1]
    result, notes = _for_symmetric(free, node.ndim, by, symmetric)
    occurring = {v.name for v in variables(node)}
    for v in dict.fromkeys(by):
        if v.name not in occurring:
            notes.append(f"{v.name} does not occur in the expression: the derivative is exactly 0")
    return Derivative(
        result, of=node, wrt=by, free=free, previous=chain[:-1], layout=_layout(layout),
        notes=[*notes, *_fact_notes(node)],
    )


def gradient(y: Any, x: Any, **options: Any) -> Any:
    """The gradient of a scalar y, in the shape of x.

    Raises
    ------
    ShapeError
        y is not a scalar; the message suggests `jacobian`.
    """
    node = as_tensor_node(y)
    if node.ndim:
        raise ShapeError(
            f"gradient is of a scalar; this has shape {shape_text(node.shape)}",
            hint="use jacobian(y, x), or sum the entries first",
        )
    return derivative(y, x, **options)


def jacobian(y: Any, x: Any, **options: Any) -> Any:
    """The first derivative of any y by any x: the axes of y, then those of x."""
    return derivative(y, x, **options)


def hessian(y: Any, x: Any, x2: Any = None, **options: Any) -> Any:
    """The second derivative of a scalar y by x twice, or by x and x2.

    Raises
    ------
    ShapeError
        y is not a scalar; the message suggests `derivative(y, x, x)`.
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
        The incoming gradient, of y's shape; a new variable `G` by default.

    Examples
    --------
    >>> print(vjp("A*B", "A").formula())
    GBᵀ
    """
    node = as_tensor_node(y)
    by = find_variable(node, x)
    g = _given_or_new(incoming, node, "G", "incoming gradient")
    scalar = inner_product(g, node)
    result = shortest(pullback(node, by, g))
    return Derivative(result, of=scalar, wrt=[by], free=result, label=f"⟨{_name(g)}, y⟩")


def jvp(y: Any, x: Any, direction: Any = None) -> Derivative:
    """Σ ∂y/∂x[u] V[u], the tangent of y along a direction of x's shape (a new variable by default)."""
    node = as_tensor_node(y)
    by = find_variable(node, x)
    v = _given_or_new(direction, by, f"d{by.name}", "direction")
    step = variable(_fresh("t", node, v), ())
    moved = substitute(node, {by: sum_of(by, multiply(step, v))})
    free = differentiate(moved, [step])
    result = shortest(substitute(free, {step: number(0)}))
    return Derivative(result, of=moved, wrt=[step], free=free, label=f"y along {_name(v)}")


def hvp(y: Any, x: Any, direction: Any = None) -> Derivative:
    """The Hessian of a scalar times a direction, without the Hessian."""
    node = as_tensor_node(y)
    if node.ndim:
        raise ShapeError(f"hvp is of a scalar; this has shape {shape_text(node.shape)}")
    by = find_variable(node, x)
    v = _given_or_new(direction, by, "v", "direction")
    slope = inner_product(differentiate(node, [by]), v)
    result = shortest(differentiate(slope, [by]))
    return Derivative(result, of=slope, wrt=[by], free=result, label=f"⟨∇y, {_name(v)}⟩")


def hessian_diagonal(y: Any, x: Any) -> Derivative:
    """∂²y/∂x_k² for each entry of x, in the shape of x, without the rest of the Hessian."""
    full = hessian(y, x)
    axes = [(k,) for k in range(full.wrt[0].ndim)]
    diagonal = einsum([(full.node, [*axes, *axes])], axes)
    return Derivative(
        shortest(diagonal), of=full.of, wrt=full.wrt, free=full.node, previous=full._previous,
        n_out=0, label="y",
    )


def gradients(ys: Any, xs: Any, grad_ys: Any = None) -> list[Derivative]:
    """Σ over ys of the incoming gradients times ∂y/∂x, for each x: the meaning of `tf.gradients`.

    Parameters
    ----------
    ys, xs:
        One tensor or name, or a list of them.
    grad_ys:
        An incoming gradient for each y (None for ones).
    """
    nodes = [as_tensor_node(y) for y in (ys if isinstance(ys, list | tuple) else [ys])]
    given = grad_ys if isinstance(grad_ys, list | tuple) else [grad_ys] * len(nodes)
    if len(given) != len(nodes):
        raise InputError(f"{len(nodes)} ys, but {len(given)} grad_ys")
    terms = []
    for node, g in zip(nodes, given, strict=True):
        incoming = ones(node.shape) if g is None else _shaped(g, node, "incoming gradient")
        terms.append(inner_product(incoming, node))
    total = add(*terms)
    targets = xs if isinstance(xs, list | tuple) else [xs]
    return [derivative(total, x) for x in targets]


# Inputs -----------------------------------------------------------------------------------------


def as_tensor_node(y: Any) -> Node:
    """The node of text, a tensor, a node or a number."""
    if isinstance(y, str):
        return parse(y).node
    if isinstance(y, Tensor):
        return y.node
    if isinstance(y, Node):
        return y
    if isinstance(y, int | float):
        return as_node(y)
    raise InputError(
        f"{type(y).__name__} is not an expression", hint="give a text or an eingrad tensor"
    )


def find_variable(node: Node, item: Any) -> Variable:
    """The variable that a name or a tensor means; one that does not occur is allowed as a tensor."""
    if isinstance(item, Tensor):
        item = item.node
    if isinstance(item, Variable):
        return item
    known = {v.name: v for v in variables(node)}
    if isinstance(item, str):
        if item in known:
            return known[item]
        import difflib

        close = difflib.get_close_matches(item, known, 1)
        if item.isidentifier() and not close:
            from .frontends.text import implied_variable

            return implied_variable(item)
        raise NameError_(
            f"the expression has no variable called {item!r}",
            hint=f"did you mean {close[0]}?" if close else f"it has: {', '.join(known)}",
        )
    raise InputError("differentiate by a variable or its name, not by an expression")


def _given_or_new(value: Any, like: Node, name: str, what: str) -> Node:
    if value is None:
        return variable(_fresh(name, like), like.shape)
    if isinstance(value, str):
        return variable(value, like.shape)
    return _shaped(value, like, what)


def _shaped(value: Any, like: Node, what: str) -> Node:
    import numpy as np

    from .ir.node import constant

    if isinstance(value, Tensor):
        node = value.node
    elif isinstance(value, Node):
        node = value
    elif isinstance(value, str):
        node = variable(value, like.shape)
    elif np.ndim(value):
        node = constant(np.asarray(value))
    else:
        node = multiply(as_node(value), ones(like.shape)) if like.ndim else as_node(value)
    if node.shape != like.shape:
        raise ShapeError(
            f"the {what} has shape {shape_text(node.shape)}, it needs {shape_text(like.shape)}"
        )
    return node


def _fresh(name: str, *nodes: Node) -> str:
    taken = {v.name for v in variables(*nodes)}
    while name in taken:
        name += "′" if len(name) < 3 else "_"
    return name


def _name(node: Node) -> str:
    return node.name if isinstance(node, Variable) else "v"


# Symmetric variables ------------------------------------------------------------------------------


def _for_symmetric(
    free: Node, n_out: int, by: Sequence[Variable], how: str
) -> tuple[Node, list[str]]:
    """Apply the convention for symmetric variables to each of their slots, and say which it was."""
    notes = []
    node = free
    start = n_out
    for v in by:
        if v.ndim == 2 and has(v, "symmetric"):
            if how == "project":
                node = scale(0.5, add(node, _swapped(node, start)))
            elif how == "cookbook":
                axes = [(k,) for k in range(node.ndim)]
                same = [axes[start], axes[start + 1]]
                diagonal = einsum([(node, axes), (eye(v.shape[0]), same)], axes)
                node = add(node, _swapped(node, start), scale(-1, diagonal))
            said = {
                "free": "all entries of {} count as independent (symmetric=\"free\")",
                "project": "projected to the symmetric part in {} (symmetric=\"project\")",
                "cookbook": "each pair {0}_ij = {0}_ji counts as one variable (symmetric=\"cookbook\")",
            }[how].format(v.name)
            if said not in notes:
                notes.append(said)
        start += v.ndim
    return (shortest(node) if node is not free else node), notes


def _swapped(node: Node, axis: int) -> Node:
    order = list(range(node.ndim))
    order[axis], order[axis + 1] = order[axis + 1], order[axis]
    return transpose(node, order)


def _fact_notes(node: Node) -> list[str]:
    notes = []
    for v in variables(node):
        used = sorted(v.facts & MATRIX_ONLY)
        if used:
            notes.append(f"used: {v.name} is {', '.join(used)}")
    return notes


