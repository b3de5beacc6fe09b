"""The number that an entry is at a point, by the meaning of its symbols alone."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from ..ir.node import Node
from ..ir.record import lookup
from .points import Values
from .polynomial import Atom, Entry, Function, Group, Index, Part, Symbol


class Numbers:
    """Numbers of entries at one point.

    Parameters
    ----------
    point, sizes:
        Arrays by name; numbers for the symbolic sizes.

    Examples
    --------
    >>> from .polynomial import multiply
    >>> twice = multiply(2, [Entry.atom(Symbol("x", (1,)))])
    >>> Numbers({"x": np.array([3.0, 4.0])}, {}).of(twice)
    8.0
    """

    def __init__(self, point: Mapping[str, np.ndarray], sizes: Mapping[str, int]) -> None:
        self._point = point
        self._sizes = sizes
        self._parts: dict[Node, np.ndarray] = {}

    def of(self, entry: Entry, letters: Mapping[str, int] | None = None) -> float:
        """The number; NaN where something in it has none at the point."""
        letters = letters or {}
        total = 0.0
        with np.errstate(all="ignore"):
            for monomial, coefficient in entry.terms:
                value = float(coefficient)
                for atom, exponent in monomial:
                    value *= float(np.float64(self._atom(atom, letters)) ** float(exponent))
                total += value
        return total

    def _atom(self, atom: Atom, letters: Mapping[str, int]) -> float:
        if isinstance(atom, Symbol | Part):
            place = tuple(letters[k] if isinstance(k, str) else k for k in atom.index)
            return float(self._array(atom)[place])
        if isinstance(atom, Group):
            return self.of(atom.entry, letters)
        if isinstance(atom, Function):
            arguments = [np.float64(self.of(a, letters)) for a in atom.arguments]
            return float(lookup(atom.name).evaluate(*arguments, **dict(atom.params)))
        ranges = [range(self._length(letter, atom.entry)) for letter in atom.letters]
        return sum(
            self.of(atom.entry, {**letters, **dict(zip(atom.letters, places, strict=True))})
            for places in product(*ranges)
        )

    def _array(self, atom: Symbol | Part) -> np.ndarray:
        if isinstance(atom, Symbol):
            return np.asarray(self._point[atom.name])
        if atom.node not in self._parts:
            found = Values([atom.node], self._sizes).at(self._point)
            shape = [d.evaluate(self._sizes) for d in atom.node.shape]
            self._parts[atom.node] = np.full(shape, np.nan) if found is None else found[0]
        return self._parts[atom.node]

    def _length(self, letter: Index, entry: Entry) -> int:
        """Over how many places a letter runs: as many as an array has that carries it."""
        stack = [entry]
        while stack:
            for monomial, _ in stack.pop().terms:
                for atom, _ in monomial:
                    if isinstance(atom, Symbol | Part):
                        if letter in atom.index:
                            return self._array(atom).shape[atom.index.index(letter)]
                    elif isinstance(atom, Function):
                        stack += atom.arguments
                    else:
                        stack.append(atom.entry)
        return 1
