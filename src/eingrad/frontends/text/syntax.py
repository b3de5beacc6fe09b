"""The syntax tree of a text: what was written, with spans, before any shape is known."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ...dims import Dim


@dataclass(slots=True, eq=False)
class Syntax:
    """Base of all syntax; `start:stop` is the range of the text."""

    start: int
    stop: int

    @property
    def parts(self) -> tuple[Syntax, ...]:
        """The syntax that this one is made of, in the order of reading."""
        return ()


@dataclass(slots=True, eq=False)
class Number(Syntax):
    """A literal with its exact value."""

    value: Fraction
    literal: str


@dataclass(slots=True, eq=False)
class Name(Syntax):
    """A variable, a size, or a constant such as `I`."""

    name: str


@dataclass(slots=True, eq=False)
class Text(Syntax):
    """A quoted text, as einsum takes."""

    content: str


@dataclass(slots=True, eq=False)
class Constant(Syntax):
    """`𝟏_n`, `I_n`, `K_mn`: `kind` is `ones`, `eye` or `commutation`; sizes may be left out."""

    kind: str
    sizes: tuple[Dim, ...]


@dataclass(slots=True, eq=False)
class Prefix(Syntax):
    """`√x`."""

    operator: str
    operand: Syntax

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return (self.operand,)


@dataclass(slots=True, eq=False)
class Transpose(Syntax):
    """`x'`; `python` says that it was written `.T`."""

    operand: Syntax
    python: bool = False

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return (self.operand,)


@dataclass(slots=True, eq=False)
class Binary(Syntax):
    """`left operator right`; `*` for products, also those without an operator (`implicit`)."""

    operator: str
    left: Syntax
    right: Syntax
    implicit: bool = False

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return (self.left, self.right)


@dataclass(slots=True, eq=False)
class Sum(Syntax):
    """A chain of `+` and `-`; `signs` holds 1 or −1 for each term."""

    signs: list[int]
    terms: list[Syntax]

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return tuple(self.terms)


@dataclass(slots=True, eq=False)
class Call(Syntax):
    """`function(arguments, key=value)`; a method call has its object as first argument."""

    function: str
    arguments: list[Syntax]
    keywords: dict[str, Syntax]
    name_stop: int
    method: bool = False

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return (*self.arguments, *self.keywords.values())


@dataclass(slots=True, eq=False)
class Fence(Syntax):
    """`|x|` and `‖x‖`; `which` is the subscript of a norm (`"1"`, `"F"`, …) or empty."""

    kind: str
    operand: Syntax
    which: str = ""

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return (self.operand,)


@dataclass(slots=True, eq=False)
class Slice(Syntax):
    """`start:stop:step` inside an index; a part that is missing is None."""

    first: Syntax | None
    last: Syntax | None
    step: Syntax | None


@dataclass(slots=True, eq=False)
class Index(Syntax):
    """`x[…]` with items as in Python."""

    operand: Syntax
    items: list[Syntax]

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return (self.operand,)


@dataclass(slots=True, eq=False)
class Block(Syntax):
    """`[a, b; c, d]`: rows of blocks."""

    rows: list[list[Syntax]]

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return tuple(item for row in self.rows for item in row)


@dataclass(slots=True, eq=False)
class Tuple(Syntax):
    """`(m, n)`, as reshape takes."""

    items: list[Syntax]

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return tuple(self.items)


@dataclass(slots=True, eq=False)
class Subscript(Syntax):
    """`(A x)_i` in the index form: an index letter (or several, if merged) for each axis."""

    operand: Syntax
    letters: tuple[tuple[str, ...], ...]

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return (self.operand,)


@dataclass(slots=True, eq=False)
class Delta(Syntax):
    """`δ_ik` in the index form."""

    letters: tuple[tuple[str, ...], ...]


@dataclass(slots=True, eq=False)
class Summation(Syntax):
    """`Σ_j …` in the index form."""

    letters: tuple[tuple[str, ...], ...]
    operand: Syntax

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return (self.operand,)


@dataclass(slots=True, eq=False)
class Where(Syntax):
    """`body where p = …, P_ij = …`; `letters` are those on the left sides, or None."""

    body: Syntax
    names: list[str]
    letters: list[tuple[tuple[str, ...], ...] | None]
    values: list[Syntax]

    @property
    def parts(self) -> tuple[Syntax, ...]:
        return (*self.values, self.body)


def postorder(root: Syntax) -> list[Syntax]:
    """Everything below `root`, parts before wholes; iterative, since texts may be deep."""
    result: list[Syntax] = []
    stack = [root]
    while stack:
        syntax = stack.pop()
        result.append(syntax)
        stack.extend(syntax.parts)
    result.reverse()
    return result
