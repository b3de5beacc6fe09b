"""What a backend is to the code stage: a table of spellings, and the little that is more.

A spelling is a template, an expression with `{0}`, `{1}` for the arguments and names in braces for
parameters. Templates are parsed, and arguments are put in as syntax trees, so precedence is never
a matter of text. Operators (`+ - * / @`, indexing) are the same everywhere.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from ...dims import Dim
from ...errors import UnsupportedError
from ...ir.node import Number
from ...ir.record import lookup
from ..program import Value

IMPORTS = re.compile(r"(?<![\w.])(scipy\.\w+|itertools|functools|math|jax)\.")
PRECISE = 2**53


class Lacking(Exception):
    """What a library does not have, as the text of the exception."""


@dataclass(frozen=True)
class Target:
    """One backend.

    Attributes
    ----------
    name:
        As in `Record.code`.
    module:
        The name of its namespace in templates.
    imports:
        Lines that every source starts with.
    spellings:
        Operation → template; see `eingrad.codegen.numpy_target` for the list.
    prologue:
        `(arguments, scalars, indices, mentioned) -> statements` that make arrays of the arguments
        and define `dtype` (and `device`) where they are among the names that the body mentions;
        indices keep their own.
    embed:
        `(Emission, value) -> None`: writes cores to their places in a larger array.
    loop:
        `(Emission, value) -> None`: writes a recurrence, and names the states that are used.
    sweep:
        `(Emission, value) -> None`: writes a sweep over segments, and names what is used of it.
    weak_arguments:
        Whether the functions of the library take Python numbers. Otherwise they are made arrays
        first (`scalar`).
    negative_places:
        Whether a negative index counts from the end where the library takes and adds up.
    single_axes:
        Whether a pair of axes to contract may be given without brackets round each.
    broadcast_axes:
        How many groups of neighbouring axes elementwise operations take that differ in which
        operands are broadcast along them; None is any number.
    helpers:
        Operation → source of the function that its spelling calls.
    row_vectors:
        Whether Aᵀv is written `v @ A`: XLA copies Aᵀ on a processor, which takes longer than the
        product.
    fuses:
        Whether a computed matrix times a vector is written as a sum of products, because its
        compiler makes those in one pass, but calls a library for a product.
    shares:
        Whether functions are put together of parts that they share (`Record.parts`).
    along_axes:
        Whether what goes along several axes at once does so where they are (`Record.along`),
        because a compiler reads them there; else they are laid side by side.
    stores:
        Whether loops keep what their steps made where it is read for all steps.
    keywords:
        Further arguments of every function, by keyword and None by default → what they are.
    sizes_needed:
        `(names) -> statements` that refuse sizes which are not known when the code is traced, where
        the library traces with unknown ones.
    whole_indices:
        Whether an index has to name all axes, also those at the end that it takes whole.
    translate:
        `(template of NumPy) -> template` for records that state none; where the library does not
        have what it needs, it raises `Lacking`.
    translate_helpers:
        The same for the functions that such a template calls.
    """

    name: str
    module: str
    imports: tuple[str, ...]
    spellings: Mapping[str, str]
    prologue: Callable[[Sequence[str], Sequence[str], Sequence[str], Set[str]], list[str]]
    embed: Callable[[Any, Value], None]
    loop: Callable[[Any, Value], None]
    sweep: Callable[[Any, Value], None]
    weak_arguments: bool = True
    negative_places: bool = True
    single_axes: bool = True
    broadcast_axes: int | None = None
    helpers: Mapping[str, str] = field(default_factory=dict)
    row_vectors: bool = False
    fuses: bool = False
    shares: bool = False
    along_axes: bool = False
    stores: bool = False
    keywords: Mapping[str, str] = field(default_factory=dict)
    sizes_needed: Callable[[Sequence[str]], list[str]] | None = None
    whole_indices: bool = False
    translate: Callable[[str], str] | None = None
    translate_helpers: Callable[[str], str] | None = None

    def function_template(self, name: str, count: int, params: Mapping[str, Any]) -> str:
        """The template of a record's code, with its parameters filled in."""
        record = lookup(name)
        code = record.code.get(self.name)
        translate = self.translate if code is None else None
        if translate is not None:
            code = record.code["numpy"]
        if code is None:
            raise UnsupportedError(f"{name} has no code for {self.name}")
        slots = [f"_slot{k}_" for k in range(count)]
        if record.along:
            params = {"axis": -1, **params}
        text = (
            code(slots, dict(params))
            if callable(code)
            else code.format(*slots, **{k: literal(v) for k, v in params.items()})
        )
        return text if translate is None else self._translated(name, translate, text)

    def number_template(self, name: str, count: int, params: Mapping[str, Any]) -> str:
        """The template of a record's value at Python numbers, which is one itself.

        In NumPy that of the array, made a number. The other libraries give arrays, which a
        compiler may not turn to numbers: there it is that of `math`.
        """
        if self.name == "numpy":
            return f"float({self.function_template(name, count, params)})"
        if not callable(getattr(math, name)):
            return f"math.{name}"
        return f"math.{name}({', '.join(f'_slot{k}_' for k in range(count))})"

    def helper(self, name: str) -> str:
        """Source of the functions that the code of a record calls; empty when there are none."""
        record = lookup(name)
        if self.translate_helpers is None or self.name in record.code:
            return record.helpers.get(self.name, "")
        return self._translated(name, self.translate_helpers, record.helpers.get("numpy", ""))

    def _translated(self, name: str, translate: Callable[[str], str], text: str) -> str:
        """NumPy's code of a record in terms of this library."""
        try:
            return translate(text)
        except Lacking as lacking:
            raise UnsupportedError(
                f"{name} has no code for {self.name}, which lacks {lacking}"
            ) from None


def literal(value: Any) -> str:
    """A parameter of a function as source."""
    if isinstance(value, Fraction):
        return f"({value.numerator} / {value.denominator})"
    if isinstance(value, Dim):
        raise UnsupportedError("a function with a symbolic size as its parameter has no code yet")
    if isinstance(value, tuple):
        return "(" + "".join(literal(v) + ", " for v in value) + ")"
    return repr(value)


def number_source(value: Number) -> str:
    """An exact number as source, a float where an integer would not be exact or is not wanted.

    >>> number_source(3), number_source(Fraction(1, 4)), number_source(Fraction(2, 3))
    ('3', '0.25', '2 / 3')
    """
    try:
        as_float = float(value)
    except OverflowError:
        raise UnsupportedError("a number of the formula is too large for floating point") from None
    if isinstance(value, int):
        return str(value) if abs(value) < PRECISE else repr(as_float)
    if Fraction(repr(as_float)) == value:
        return repr(as_float)
    if max(abs(value.numerator), value.denominator) < PRECISE:
        return f"{value.numerator} / {value.denominator}"
    return repr(as_float)


@lru_cache(maxsize=4096)
def parsed(template: str) -> tuple[ast.expr, tuple[int, ...]]:
    """A template as a syntax tree, and how often it uses each argument."""
    tree = ast.parse(template, mode="eval").body
    names = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name)]
    counts: list[int] = []
    while f"_slot{len(counts)}_" in names:
        counts.append(names.count(f"_slot{len(counts)}_"))
    return tree, tuple(counts)


def fill(template: str, arguments: Sequence[ast.expr]) -> ast.expr:
    """The template with syntax trees for its arguments."""
    tree, _ = parsed(template)
    return _substituted(tree, {f"_slot{k}_": a for k, a in enumerate(arguments)})


def _substituted(tree: Any, by_name: Mapping[str, ast.expr]) -> Any:
    if isinstance(tree, ast.Name):
        return by_name.get(tree.id, tree)
    if isinstance(tree, list):
        return [_substituted(t, by_name) for t in tree]
    if isinstance(tree, ast.AST):
        new = type(tree)(**{f: _substituted(getattr(tree, f), by_name) for f in tree._fields})
        inner = _negated(new)
        twice = None if inner is None else _negated(inner)
        return new if twice is None else twice
    return tree


def _negated(tree: ast.AST) -> ast.expr | None:
    """x of −x."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return tree.operand
    return None


def slots(template: str) -> str:
    """`{0}` → the slot names that `parsed` knows."""
    return re.sub(r"\{(\d)\}", r"_slot\1_", template)


def imports_of(source: str) -> list[str]:
    """Import lines for the modules that templates of records name."""
    found = sorted({m.group(1) for m in IMPORTS.finditer(source)})
    return [f"import {module}" for module in found]
