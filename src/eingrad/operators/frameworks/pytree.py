"""Operators as pytrees of JAX: the leaves are their arrays, everything else is static."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax

from ..pattern import Pattern
from ..term import Axes, Axis, Core, NumericTerm
from .jax import JaxNamespace
from .operator import FrameworkOperator


@dataclass(frozen=True)
class Leaf:
    """The place of an array among the leaves. An array that is held twice is one leaf."""

    place: int


@dataclass(frozen=True)
class Frame:
    """A term without its arrays."""

    coefficient: float | Leaf
    out: Axes
    into: Axes
    sizes: tuple[tuple[int, int], ...]
    cores: tuple[tuple[Leaf | Pattern, Axis, Any], ...]


@dataclass(frozen=True)
class Frames:
    """An operator without its arrays; equal for operators of one structure, so that `jit` traces
    a function of them once."""

    terms: tuple[Frame, ...]
    out_shape: tuple[int, ...]
    in_shape: tuple[int, ...]
    dtype: Any
    definite: bool


@jax.tree_util.register_pytree_node_class
class JaxOperator(FrameworkOperator):
    """A structured operator of JAX arrays. It is a pytree: `jit`, `vmap` and `grad` take it and
    give it back, and `jax.tree_util.tree_map` acts on its cores."""

    def tree_flatten(self) -> tuple[tuple[Any, ...], Frames]:
        """The arrays, and what they are in."""
        leaves: list[Any] = []
        places: dict[int, Leaf] = {}

        def leaf(array: Any) -> Leaf:
            if id(array) not in places:
                places[id(array)] = Leaf(len(leaves))
                leaves.append(array)
            return places[id(array)]

        frames = []
        for t in self.terms:
            cores = tuple(
                (c.array if isinstance(c.array, Pattern) else leaf(c.array), c.atoms, c.label)
                for c in t.cores
            )
            known = isinstance(t.coefficient, int | float)
            coefficient = t.coefficient if known else leaf(t.coefficient)
            sizes = tuple(sorted(t.sizes.items()))
            frames.append(Frame(coefficient, t.out, t.into, sizes, cores))
        return tuple(leaves), Frames(
            tuple(frames), self.out_shape, self.in_shape, self.dtype, self._definite
        )

    @classmethod
    def tree_unflatten(cls, frames: Frames, leaves: Any) -> JaxOperator:
        """The operator with other leaves, which may be placeholders of JAX: they are not looked
        at, but for the type of their numbers."""
        leaves = list(leaves)
        terms = []
        for f in frames.terms:
            cores = tuple(
                Core(leaves[held.place] if isinstance(held, Leaf) else held, atoms, label)
                for held, atoms, label in f.cores
            )
            c = f.coefficient
            coefficient = leaves[c.place] if isinstance(c, Leaf) else c
            terms.append(NumericTerm(coefficient, f.out, f.into, dict(f.sizes), cores))
        typed = bool(leaves) and all(isinstance(a, jax.Array) for a in leaves)
        xp = JaxNamespace.like(leaves) if typed else JaxNamespace(frames.dtype)
        return cls(terms, frames.out_shape, frames.in_shape, xp, frames.definite)
