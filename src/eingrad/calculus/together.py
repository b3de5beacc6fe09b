"""Several expressions read as one: a variable of theirs is the same everywhere.

Each text is read by itself first, so that a size `n` of one is another than the `n` of the next.
Then the sizes of the variables that they share are made equal, and what is left apart gets a name
of its own. Sizes that a text mentions, and those of tensors, keep their names.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ..dims import Dim, shape_text
from ..errors import InputError
from ..frontends.text import parse as parse_text
from ..ir.node import Node, Shape, Variable, variable
from .inputs import with_variables

LETTERS = "mnpqrkl"


def read_together(ys: Sequence[Any]) -> list[tuple[Node, dict[str, Variable]]]:
    """The node of each expression and its variables by name.

    Raises
    ------
    InputError
        Two variables of different shape have one name.

    Examples
    --------
    >>> (_, one), (_, other) = read_together(["A*B", "tr(A)"])
    >>> print(shape_text(one["A"].shape), shape_text(one["B"].shape), other["A"] is one["A"])
    n×n n×p True
    """
    texts = {k: y for k, y in enumerate(ys) if isinstance(y, str)}
    tensors = {k: with_variables(y) for k, y in enumerate(ys) if k not in texts}
    if len(ys) < 2 or not texts:
        return [with_variables(y) for y in ys]
    read = {k: parse_text(text, {}) for k, text in texts.items()}
    shapes: dict[str, Shape] = {}
    sizes = Sizes(s for _, known in tensors.values() for v in known.values() for s in symbols(v))
    for _, known in tensors.values():
        for name, v in known.items():
            sizes.unite(name, shapes.setdefault(name, v.shape), v.shape)
    for k, parsed in read.items():
        for name, v in parsed.variables.items():
            shape = sizes.of(k, texts[k], v.shape)
            sizes.unite(name, shapes.setdefault(name, shape), shape)
    sizes.name(shapes.values())
    declared = {name: variable(name, sizes.named(shape)) for name, shape in shapes.items()}
    for _, known in tensors.values():
        declared |= known
    result = []
    for k in range(len(ys)):
        if k in tensors:
            result.append(tensors[k])
        else:
            parsed = parse_text(texts[k], {name: declared[name] for name in read[k].variables})
            result.append((parsed.node, dict(parsed.variables)))
    return result


def symbols(v: Variable) -> list[str]:
    """The symbols in the sizes of a variable, in order."""
    return [s for dim in v.shape for s in sorted(dim.symbols())]


class Sizes:
    """Sizes of several texts. A symbol `n` of text 2 is `n 2` here, which no user can write.

    Attributes
    ----------
    kept:
        Symbols that mean the same everywhere and keep their names.
    """

    def __init__(self, kept: Iterable[str]) -> None:
        self.kept = set(kept)
        self._equal: dict[str, Dim] = {}  # symbol → the size that it is found to be
        self._names: dict[str, Dim] = {}

    def of(self, number: int, text: str, shape: Shape) -> Shape:
        """A shape of a text in terms of the text's own symbols, but for those that it mentions."""
        words = set(re.findall(r"\w+", text))
        inner = {s for dim in shape for s in dim.symbols()}
        self.kept |= inner & words
        own = {s: Dim.symbol(f"{s} {number}") for s in inner - words}
        return tuple(dim.substitute(own) for dim in shape)

    def unite(self, name: str, one: Shape, other: Shape) -> None:
        """Both are the shape of one variable.

        Raises
        ------
        InputError
            They cannot be equal.
        """
        if len(one) != len(other):
            self._differ(name, one, other)
        for pair in zip(one, other, strict=True):
            a, b = (dim.substitute(self._equal) for dim in pair)
            if a == b:
                continue
            if not self._is_free(a) or a.symbols() <= b.symbols():
                a, b = b, a
            if not self._is_free(a) or a.symbols() <= b.symbols():
                self._differ(name, one, other)
            (symbol,) = a.symbols()
            known = {s: dim.substitute({symbol: b}) for s, dim in self._equal.items()}
            self._equal = {**known, symbol: b}

    def _is_free(self, dim: Dim) -> bool:
        """Whether a size is a symbol that may turn out to be anything."""
        return any(s not in self.kept and dim == Dim.symbol(s) for s in dim.symbols())

    def _differ(self, name: str, one: Shape, other: Shape) -> None:
        self.name([one, other])
        raise InputError(
            f"two variables are called {name}: one is {shape_text(self.named(one))}, "
            f"the other {shape_text(self.named(other))}",
            hint="give one of them another name",
        )

    def name(self, shapes: Iterable[Shape]) -> None:
        """Choose names for the symbols that are left in the shapes, each another one."""
        taken = set(self.kept)
        for dim in (dim.substitute(self._equal) for shape in shapes for dim in shape):
            for symbol in sorted(dim.symbols() - self.kept - self._names.keys()):
                wanted = symbol.split()[0]
                more = (f"{wanted}{k}" for k in itertools.count(1))
                free = next(s for s in itertools.chain([wanted], LETTERS, more) if s not in taken)
                taken.add(free)
                self._names[symbol] = Dim.symbol(free)

    def named(self, shape: Shape) -> Shape:
        """A shape with the names that were chosen."""
        return tuple(dim.substitute(self._equal).substitute(self._names) for dim in shape)
