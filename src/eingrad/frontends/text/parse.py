"""`parse`: the pipeline from a text to a node, and what it reports about its reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...dims import shape_text
from ...errors import InputError, NameError_
from ...ir.node import Node, Shape, Variable, variable
from ..declare import Spec, check_name, declaration
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
        declared.setdefault(name, node)
    elaborator, tokens = prepare(text, declared, known is not None, expected_shape)
    syntax = Parser(text, tokens, elaborator.vocabulary, index=False).parse()
    result = elaborator.run(syntax, tokens)
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


def prepare(
    text: str, declared: Mapping[str, Variable], closed: bool, expected: Shape | None
) -> tuple[Elaborator, list[Token]]:
    """The elaborator of a text and its tokens, words cut into names."""
    tokens = tokenize(text)
    symbols = {s for node in declared.values() for d in node.shape for s in d.symbols()}
    symbols |= {s for d in expected or () for s in d.symbols()}
    vocabulary = Vocabulary(declared.keys(), closed, symbols, is_function, where_names(tokens))
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
            found[name] = variable(name, shape, facts)
    return found


def kind_and_shape(shape: Shape) -> str:
    """`scalar`, `vector n`, `matrix m×n`, `tensor 3×4×5`."""
    if not shape:
        return "scalar"
    kind = ("vector", "matrix")[len(shape) - 1] if len(shape) < 3 else "tensor"
    return f"{kind} {shape_text(shape)}"
