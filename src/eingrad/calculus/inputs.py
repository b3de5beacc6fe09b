"""What users hand in: texts, tensors, names, arrays; each becomes a node or a clear error."""

from __future__ import annotations

import difflib
import itertools
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..dims import Dim, shape_text
from ..errors import InputError, NameError_, ShapeError, unknown_variable
from ..frontends.declare import check_name
from ..frontends.python import Tensor
from ..frontends.text import Parsed
from ..frontends.text import parse as parse_text
from ..ir.build import as_node, multiply
from ..ir.construct import ones
from ..ir.fired import Fired, listening
from ..ir.node import Node, Variable, constant, variable
from ..ir.walk import variables


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
    fired:
        The rewrites that were used as it was read: log(1 + exp(x)) is softplus(x).
    """

    __slots__ = ("fired", "parsed")
    parsed: Parsed
    fired: tuple[Fired, ...]

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
        Shapes and facts of variables: `"n n spd"`, `"m n"`, `"4 6"`, `"n"`, `""`, or a tuple of
        sizes.

    Raises
    ------
    ParseError, ShapeError, NameError_, FactError
        With the text, carets and shapes.

    Examples
    --------
    >>> parse("x'*A*x", A="n n symmetric").variables["A"].facts
    frozenset({'symmetric'})
    """
    with listening() as fired:
        parsed = parse_text(text, declarations)
    expression = Expression(parsed.node)
    object.__setattr__(expression, "parsed", parsed)
    object.__setattr__(expression, "fired", tuple(fired))
    return expression


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


def with_variables(y: Any) -> tuple[Node, dict[str, Variable]]:
    """The node of an expression, and its variables by name: those of a text as they were read, also
    the ones that cancel.

    Raises
    ------
    InputError
        Two variables of different shape have one name.
    """
    if isinstance(y, str):
        y = parse(y)
    node = as_tensor_node(y)
    known = dict(y.variables) if isinstance(y, Expression) else {}
    for v in variables(node):
        if known.setdefault(v.name, v).shape != v.shape:
            raise InputError(
                f"two variables are called {v.name}: one is {shape_text(known[v.name].shape)}, "
                f"the other {shape_text(v.shape)}",
                hint="give one of them another name",
            )
    return node, known


def occurs(y: Any, name: str) -> bool:
    """Whether a text mentions a name, even if what it names cancels."""
    text = y if isinstance(y, str) else y.text if isinstance(y, Expression) else ""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", text))
    return name in words


def find_variable(node: Node, item: Any, known: Mapping[str, Variable] | None = None) -> Variable:
    """The variable that a name or a tensor means; one that does not occur is allowed as a
    tensor."""
    if isinstance(item, Tensor):
        item = item.node
    if isinstance(item, Variable):
        return item
    known = {v.name: v for v in variables(node)} if known is None else known
    if isinstance(item, str):
        if item not in known and unicodedata.normalize("NFKC", item).isidentifier():
            item = check_name(item)  # as it was declared: x₁ is x1, the micro sign is μ
        if item in known:
            return known[item]
        close = difflib.get_close_matches(item, known, 1)
        if item.isidentifier() and not close:
            return implied_variable(item, node)
        raise unknown_variable(item, known)
    raise InputError("differentiate by a variable or its name, not by an expression")


def given_or_new(value: Any, like: Node, name: str, what: str) -> Node:
    """What was given for an incoming gradient or a direction; by default a new variable."""
    if value is None:
        return variable(fresh(name, like), like.shape)
    return shaped(value, like, what)


def shaped(value: Any, like: Node, what: str) -> Node:
    """A tensor, an array, a number or the name of a new variable, of the shape of `like`.

    Raises
    ------
    NameError_
        A text is not a name.
    ShapeError
        The shape is another one.
    """
    if isinstance(value, Tensor):
        node = value.node
    elif isinstance(value, Node):
        node = value
    elif isinstance(value, str):
        node = variable(check_name(value), like.shape)
    elif np.ndim(value):
        node = constant(np.asarray(value))
    else:
        node = multiply(as_node(value), ones(like.shape)) if like.ndim else as_node(value)
    if node.shape != like.shape:
        raise ShapeError(
            f"the {what} has shape {shape_text(node.shape)}, it needs {shape_text(like.shape)}"
        )
    return node


def fresh(name: str, *nodes: Node) -> str:
    """A name that no variable below the nodes has: G, or G1, G2, … as a user may write it."""
    taken = {v.name for v in variables(*nodes)}
    numbered = (f"{name}{k}" for k in itertools.count(1))
    return next(n for n in itertools.chain([name], numbered) if n not in taken)


def implied_variable(name: str, node: Node) -> Variable:
    """The variable that an undeclared name means, with sizes that `node` does not use."""
    name = check_name(name)
    read = parse_text(name, {}).node
    if not isinstance(read, Variable):
        raise NameError_(f"{name!r} is not the name of a variable")
    taken = {s for v in variables(node) for d in v.shape for s in d.symbols()}
    taken |= {v.name for v in variables(node)} | {name}
    free = (s for s in [*"pqrstuvw", *(f"p{k}" for k in range(1, 99))] if s not in taken)
    return variable(name, tuple(Dim.symbol(next(free)) for _ in read.shape))
