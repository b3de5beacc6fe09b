"""Derivative rules in index notation: `IndexRule("ij", "kl", lambda y, x: -y["ik"] * y["lj"])`.

`node["ik"]` is an `Indexed`: a sum of coefficient × factors × deltas with named indices. A rule
gives ∂Y[out] / ∂X[in] as such a sum; an index on the right that is in neither is summed. Leading
batch axes of a node beyond the letters written are implied, and are the same on every factor and
both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .node import Node, Number

IndexedFactor = tuple[Node, str]


@dataclass(frozen=True)
class Indexed:
    """A sum of `(coefficient, factors, deltas)`; the algebra that rules are written in."""

    terms: tuple[tuple[Number, tuple[IndexedFactor, ...], tuple[str, ...]], ...]

    @staticmethod
    def of(node: Node, indices: str) -> Indexed:
        """A node with an index letter on each of its last axes."""
        return Indexed(((1, ((node, indices),), ()),))

    def __add__(self, other: Indexed | Number) -> Indexed:
        return Indexed(self.terms + _as_indexed(other).terms)

    __radd__ = __add__

    def __neg__(self) -> Indexed:
        return self * -1

    def __sub__(self, other: Indexed | Number) -> Indexed:
        return self + _as_indexed(other) * -1

    def __rsub__(self, other: Indexed | Number) -> Indexed:
        return _as_indexed(other) - self

    def __mul__(self, other: Indexed | Number) -> Indexed:
        right = _as_indexed(other)
        return Indexed(
            tuple((a * b, f + g, d + e) for a, f, d in self.terms for b, g, e in right.terms)
        )

    __rmul__ = __mul__


def _as_indexed(value: Indexed | Number) -> Indexed:
    return value if isinstance(value, Indexed) else Indexed(((value, (), ()),))


def delta(indices: str) -> Indexed:
    """The Kronecker delta of two indices."""
    return Indexed(((1, (), (indices,)),))


ZERO = Indexed(())


@dataclass(frozen=True)
class IndexRule:
    """∂Y[out]/∂X[in] as an `Indexed`, from the output node, the operand nodes and the
    parameters."""

    out: str
    into: str
    build: Callable[..., Any]

    def given(self, params: Mapping[str, Any]) -> IndexRule:
        """The rule for these parameters of the function."""
        return self


@dataclass(frozen=True)
class FamilyRule:
    """Rules of a function whose number of axes depends on its parameters (a derivative of order
    p)."""

    make: Callable[..., IndexRule]

    def given(self, params: Mapping[str, Any]) -> IndexRule:
        """The rule for these parameters of the function."""
        return self.make(**params)
