"""The structure stage as `Derivative` offers it: described, condensed, in blocks, with its cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import index
from typing import TYPE_CHECKING, Any, cast

from ..errors import InputError, UnsupportedError
from ..ir.construct import take_slice
from ..ir.node import Node, variable
from ..simplify import shortest
from ..structure import (
    Blocks,
    Compression,
    Cost,
    Decomposition,
    Structure,
    compress,
    cost,
    decompose,
    deepened,
    describe,
    hide,
)
from ..structure.sides import size_text
from .inputs import fresh, shaped

if TYPE_CHECKING:
    from ..notation import Formula
    from ..operators import StructuredOperator
    from .derivative import Derivative


class Structured:
    """The part of `Derivative` that knows what the tensor consists of."""

    @cached_property
    def structure(self) -> Structure:
        """What it consists of: a sentence, its terms, and how many numbers they hold."""
        return _structure(cast("Derivative", self))

    def blocks(self, *axes: int) -> BlockArray:
        """The derivative as an array of smaller ones, with the given axes hidden inside them.

        By default the axes of the last input: ∂C/∂A as a matrix of the matrices ∂c_ij/∂A.
        """
        return _blocks(cast("Derivative", self), *axes)

    def compress(self, incoming: Any = None) -> Compressed:
        """The arrays in it, and the rule by which they meet an incoming gradient (G by
        default)."""
        return _compressed(cast("Derivative", self), incoming)

    def cost(self) -> Cost:
        """Entries, flops and bytes: of the tensor, of Σ ∂L/∂y_i ∂y_i/∂x, of the direct route."""
        return cost(decomposition(cast("Derivative", self)))

    def operator(self, backend: str = "numpy", /, **values: Any) -> StructuredOperator:
        """The derivative bound to numbers: a linear map from arrays of the last variable's shape,
        which acts, solves and adds without being multiplied out.

        Parameters
        ----------
        backend:
            `numpy`, `jax`, `torch` or `tensorflow`: whose arrays it holds, takes and gives, on
            their device. Gradients flow through it; in JAX it is a pytree, and may be bound
            inside of `jit` and `vmap`.
        **values:
            Arrays by name. Those that its cores do not need may be left out; a size that none of
            them shows is given by its symbol (`m=100`).

        Raises
        ------
        NameError_, ShapeError, UnsupportedError
            A value is missing, unknown, of a wrong shape, or complex; or the library of the
            backend is not installed.

        Examples
        --------
        >>> import eingrad
        >>> hessian = eingrad.hessian("norm2(A*x)^2 + norm2(x)^2", "x")
        >>> H = hessian.operator("numpy", A=[[3.0, 0.0], [0.0, 1.0]])  # or "jax", "torch", …
        >>> H.solve([40.0, 4.0]).tolist()
        [2.0, 1.0]
        """
        return _operator(cast("Derivative", self), backend, values)


def decomposition(d: Derivative) -> Decomposition:
    """The terms of a derivative, with its axes as output and inputs."""
    if d.contracted:
        return decompose(d.node, 0, [d.node.ndim] if d.node.ndim else [])
    return decompose(d.node, d.n_out, [v.ndim for v in d.wrt])


def _structure(d: Derivative) -> Structure:
    """What the derivative consists of, in words and numbers."""
    # Second derivatives commute, unless a convention counted the entries otherwise.
    twice = d.order == 2 and d.wrt[0] is d.wrt[1] and not d.n_out and not d.contracted
    found = decomposition(d)
    return describe(found, symmetric=twice, deeper=deepened(found))


def _operator(d: Derivative, backend: str, values: Mapping[str, Any]) -> StructuredOperator:
    """The derivative bound to numbers.

    Raises
    ------
    UnsupportedError
        It is a contracted one, which is no linear map.
    """
    from ..operators import operator as bound

    if d.contracted:
        raise UnsupportedError("a contracted derivative is an array; function() computes it")
    inputs = [v.ndim for v in d.wrt]
    return bound(d.node, d.n_out, inputs, values, backend, d.variables)


class Compressed:
    """A derivative condensed to the arrays in it, with the rule by which they meet a gradient.

    Attributes
    ----------
    of:
        The derivative that was condensed.
    compression:
        Everything in detail: `terms` with their arrays, sides and recorded deltas.

    Examples
    --------
    >>> import eingrad
    >>> c = eingrad.derivative("A*B", "A").compress()
    >>> print(c.formula(), "|", c.pullback_formula())
    Bᵀ | GBᵀ
    >>> c.lossless, c.expand().node is c.of.node
    (True, True)
    """

    def __init__(self, of: Derivative, incoming: Node) -> None:
        self.of = of
        self.compression: Compression = compress(
            decomposition(of),
            incoming,
            write=lambda node: str(self._write(node)),
            title=of.title,
            by=of.wrt[-1].name,
        )

    @property
    def node(self) -> Node:
        """The condensed array where it is one; `InputError` where there are several."""
        return self.compression.node

    @property
    def objects(self) -> tuple[Node, ...]:
        """All condensed arrays."""
        return self.compression.objects

    @property
    def incoming(self) -> Node:
        """The incoming gradient G."""
        return self.compression.incoming

    @property
    def pullback(self) -> Node:
        """∂L/∂X as an expression in G."""
        return shortest(self.compression.pullback)

    @property
    def sentence(self) -> str:
        """What it condenses to, and how that meets G."""
        return self.compression.sentence

    @property
    def lossless(self) -> bool:
        """Whether `expand` gives the exact tensor."""
        return self.compression.lossless

    @property
    def lost(self) -> str:
        """What is lost otherwise."""
        return self.compression.lost

    def formula(self) -> Formula:
        """The condensed array as a formula."""
        return self._write(self.node)

    def pullback_formula(self) -> Formula:
        """∂L/∂X as a formula in G."""
        return self._write(self.pullback)

    def expand(self) -> Derivative:
        """The exact tensor again, from the condensed arrays and the recorded deltas."""
        return self.of.with_node(shortest(self.compression.expand()))

    def _write(self, node: Node) -> Formula:
        from ..notation import formula

        return formula(node, names_taken=self.of.names | {"G"})

    def __str__(self) -> str:
        kept, of = size_text(self.compression.numbers), size_text(self.compression.entries)
        noun = "number" if kept == "1" else "numbers"
        return f"{self.sentence}\n  lossless: {kept} {noun} for {of} entries"

    def __repr__(self) -> str:
        return f"<{self.sentence}>"


def _compressed(d: Derivative, incoming: Any = None) -> Compressed:
    """Condense a derivative.

    Raises
    ------
    UnsupportedError
        It is a contracted one, which has no output axes to meet a gradient.
    """
    if d.contracted:
        raise UnsupportedError("a contracted derivative has no axes that meet an incoming gradient")
    shape = d.node.shape[: d.node.ndim - d.wrt[-1].ndim]
    if incoming is None:
        incoming = variable(fresh("G", d.of, d.node), shape)
    elif isinstance(incoming, str):
        incoming = variable(incoming, shape)
    like = variable("G", shape)
    return Compressed(d, shaped(incoming, like, "incoming gradient"))


class BlockArray:
    """A derivative as a row, column or matrix of smaller derivatives.

    Attributes
    ----------
    of:
        The whole derivative.
    blocks:
        The blocks as nodes, with `rule`, `distinct`, `places()` and `generic()`.

    Examples
    --------
    >>> import eingrad
    >>> A, B = eingrad.matrix("A", "2 3"), eingrad.matrix("B", "3 2")
    >>> b = eingrad.derivative(A @ B, "A").blocks()
    >>> print(b)
    2×2 blocks of 2×3: block (i, j) is zero except where its axis 0 is at i
    >>> b[0, 1].check().ok
    True
    """

    def __init__(self, of: Derivative, hidden: tuple[int, ...]) -> None:
        self.of = of
        self.blocks: Blocks = hide(decomposition(of), *hidden)

    @property
    def shape(self) -> tuple[Any, ...]:
        """How many blocks there are along each outer axis."""
        return self.blocks.shape

    @property
    def block_shape(self) -> tuple[Any, ...]:
        """The shape of each block."""
        return self.blocks.block_shape

    @property
    def rule(self) -> str:
        """When blocks are zero, and when they are equal."""
        return self.blocks.rule

    def __getitem__(self, place: int | tuple[int, ...]) -> Derivative:
        """The block at a place: the derivative of those entries of the output."""
        where = _whole(place if isinstance(place, tuple) else (place,), "a place")
        node = shortest(self.blocks.block(*where))
        return self.of.block(node, self.blocks.outer, where)

    def open(self) -> Derivative:
        """The whole derivative again."""
        return self.of

    def __str__(self) -> str:
        return str(self.blocks)

    def __repr__(self) -> str:
        return f"<{self.blocks}>"


def _blocks(d: Derivative, *axes: int) -> BlockArray:
    """Hide axes of a derivative (those of the last input by default) inside blocks."""
    order = d.axis_order(d.layout)
    axes = _whole(axes, "an axis")
    if not axes:
        inner = range(d.node.ndim - (0 if d.contracted else d.wrt[-1].ndim), d.node.ndim)
        return BlockArray(d, tuple(inner))
    hidden = [order[a] if -len(order) <= a < len(order) else a for a in axes]
    return BlockArray(d, tuple(hidden))


def _whole(numbers: Sequence[Any], what: str) -> tuple[int, ...]:
    """Whole numbers, and nothing else: no slices, no names."""
    try:
        return tuple(index(n) for n in numbers)
    except TypeError:
        wrong = next(n for n in numbers if not hasattr(n, "__index__"))
        raise InputError(f"{what} is a whole number, not {wrong!r}") from None


def entries_at(node: Node, axes: tuple[int, ...], where: tuple[int, ...]) -> Node:
    """A node with some axes fixed at places, these axes gone."""
    from ..dims import ONE
    from ..ir.construct import squeeze

    for axis, place in zip(axes, where, strict=True):
        count = node.shape[axis].as_int()
        start = place % count if count else place
        node = take_slice(node, axis, start, 1, ONE)
    return squeeze(node, axes)
