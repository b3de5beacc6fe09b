"""`parse`: the pipeline from a text to a node, and what it reports about its reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...dims import shape_text
from ...errors import InputError, NameError_
from ...ir.node import Node, Shape, Variable, variable
from ..declare import Spec, check_name, declaration
from . import entries
from .elaborate import Elaborator
from .functions import is_function
from .lexer import Token, tokenize
from .names import Vocabulary, cut_words, where_names
from .parser import Parser
from .reading import bracketed
from .sizes import Sizes


@dataclass(frozen=True)
class Parsed:
    """What a text was read as.

    Attributes
    ----------
    node:
        The expression.
    text:
        The text as it was given.
    variables:
        Its variables by name, in the order of reading, then others that were declared.
    reading:
        The text as it was read, fully bracketed, with its kind and shape.
    echo:
        One line for each variable: kind, shape, and whether that was declared or inferred.
    notes:
        What else was assumed.
    """

    node: Node
    text: str
    variables: dict[str, Variable]
    reading: str
    echo: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def parse(
    text: str,
    declarations: Mapping[str, Spec | Variable] | None = None,
    known: Mapping[str, Variable] | None = None,
    expected_shape: Shape | None = None,
) -> Parsed:
    """Read an expression.

    Parameters
    ----------
    text:
        A formula of docs/language.md.
    declarations:
        Shapes and facts by name (`"n n spd"`, `(3, "k")`, a `Variable`); other names are inferred.
    known:
        All names that may occur: the text is a printed formula or an answer. Words are then cut
        into known names, and any other name is an error.
    expected_shape:
        The shape that the result must have; it decides the sizes of `I`, `𝟏` and `0`.

    Raises
    ------
    ParseError, ShapeError, NameError_, FactError
        With carets under what is wrong.

    Examples
    --------
    >>> p = parse("norm2(A*x-y)^2", {"A": "m n"})
    >>> p.node.shape, p.echo
    ((), ('A: matrix m×n (declared)', 'x: vector n (inferred)', 'y: vector m (inferred)'))
    """
    declared = declared_variables(declarations or {})
    for name, node in (known or {}).items():
        declared.setdefault(check_name(name), node)
    elaborator, tokens = prepare(text, declared, known is not None, expected_shape)
    syntax = Parser(text, tokens, elaborator.vocabulary, index=known is not None).parse()
    result = elaborator.run(syntax, tokens)
    if result.letters is not None:
        raise elaborator.context.error("these index letters are not summed", result.syntax)
    result = elaborator.finish(result, expected_shape)
    assert result.node is not None
    variables = elaborator.variables()
    return Parsed(
        node=result.node,
        text=text,
        variables=variables,
        reading=f"{bracketed(syntax)} : {kind_and_shape(result.node.shape)}",
        echo=tuple(
            f"{name}: {kind_and_shape(node.shape)}"
            + (f" {' '.join(sorted(node.facts))}" if node.facts else "")
            + (" (declared)" if name in declared else " (inferred)")
            for name, node in variables.items()
        ),
        notes=tuple(elaborator.context.notes),
    )


def parse_index_form(
    text: str,
    known: Mapping[str, Variable],
    axes: str | Sequence[str | Sequence[str]],
    shape: Shape,
) -> Node:
    """Read a formula in index notation, such as `δ_ik B_lj` or `Σ_j A_ij x_j`.

    Parameters
    ----------
    text:
        The entry of the result at the index letters `axes`.
    known:
        All names that may occur.
    axes:
        The index letters of the axes of the result; a merged axis has several.
    shape:
        The shape of the result.

    Raises
    ------
    ParseError, ShapeError, NameError_
        With carets; a letter that is neither summed nor in `axes` is one.

    Examples
    --------
    >>> from eingrad.ir.build import dims
    >>> A, x = variable("A", dims("m", "n")), variable("x", dims("n"))
    >>> parse_index_form("Σ_j A_ij x_j", {"A": A, "x": x}, "i", dims("m")).shape
    (Dim(m),)
    """
    declared = {check_name(name): node for name, node in known.items()}
    elaborator, tokens = prepare(text, declared, True, shape)
    syntax = Parser(text, tokens, elaborator.vocabulary, index=True).parse()
    value = elaborator.run(syntax, tokens)
    if value.letters is not None or value.is_scalar:  # else the entry of a whole array
        groups = [(axis,) if isinstance(axis, str) else tuple(axis) for axis in axes]
        value = entries.fit(elaborator.context, value, groups, shape)
    result = elaborator.finish(value, shape)
    assert result.node is not None
    return result.node


def prepare(
    text: str, declared: Mapping[str, Variable], closed: bool, expected: Shape | None
) -> tuple[Elaborator, list[Token]]:
    """The elaborator of a text and its tokens, words cut into names."""
    tokens = tokenize(text, closed)
    symbols = {s for node in declared.values() for d in node.shape for s in d.symbols()}
    symbols |= {s for d in expected or () for s in d.symbols()}
    local = where_names(tokens, closed)
    vocabulary = Vocabulary(declared, closed, symbols, is_function, local)
    return Elaborator(text, vocabulary, declared, Sizes(symbols)), cut_words(tokens, vocabulary)


def declared_variables(declarations: Mapping[str, Spec | Variable]) -> dict[str, Variable]:
    """Variables from declarations; every error says which name it is about."""
    found: dict[str, Variable] = {}
    for given, spec in declarations.items():
        name = check_name(given)
        if name in found:
            raise NameError_(f"{name} is declared twice")
        if isinstance(spec, Variable):
            if spec.name != given:
                raise InputError(f"the variable declared as {name} is called {spec.name}")
            found[name] = spec
        else:
            shape, facts = declaration(spec, name)
            found[name] = variable(name, shape, facts, dormant=True)
    return found


def kind_and_shape(shape: Shape) -> str:
    """`scalar`, `vector n`, `matrix m×n`, `tensor 3×4×5`."""
    if not shape:
        return "scalar"
    kind = ("vector", "matrix")[len(shape) - 1] if len(shape) < 3 else "tensor"
    return f"{kind} {shape_text(shape)}"
