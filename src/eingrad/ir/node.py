"""The nodes of the expression graph: immutable, hash-consed, equal exactly when identical.

There are nine kinds. Four leaves (`Variable`, `Constant`, `Size`, `Kernel`), one for functions
(`Apply`), one for recurrences (`Scan`, in `eingrad.ir.loop`) and three that together are the
factored form (docs/design.md §1); the code stage has a tenth of its own (`eingrad.ir.sweep`):

* `Contraction`: factors that hang together through summed indices; coefficient-free.
* `Term`: coefficient × factors, **no summed index**. An atom that occurs twice in `out` is a
  Kronecker delta; an atom of `out` that no factor carries is a broadcast one.
* `Sum`: a sum of nodes of one shape; without terms it is the zero of that shape.

Indices are *atoms*, small integers local to the node that holds them, with their sizes in
`node.sizes`. An axis is indexed by a tuple of atoms, row-major: `((0,), (1,))` is a plain matrix,
`((1, 0),)` the column-major vec of one, `()` as an axis is a literal size 1.

Only `eingrad.ir.build` constructs nodes, so that every node is in normal form.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from hashlib import blake2b
from threading import RLock
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from ..dims import Dim

AxisIndex = tuple[int, ...]
Number = int | Fraction
MATRIX_FACTS = frozenset(["symmetric", "spd", "psd", "diagonal", "triangular", "orthogonal"])
Shape = tuple[Dim, ...]


class Factor(NamedTuple):
    """A node with an index on each of its axes."""

    node: Node
    indices: tuple[AxisIndex, ...]


class Node:
    """Base of all nodes.

    Attributes
    ----------
    shape:
        One `Dim` for each axis.
    operands:
        The nodes that this one is computed from.
    digest:
        Hash of the content, the same in every process; canonical orders are built on it.
    """

    __slots__ = ("__weakref__", "_memo", "digest", "operands", "shape")
    rank_of_kind = 0
    shape: Shape
    operands: tuple[Node, ...]
    digest: bytes
    _memo: dict[str, Any]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def order(self) -> tuple[int, str, bytes]:
        """Sort key that depends on content only: leaves first, then by name, then by digest."""
        return (self.rank_of_kind, "", self.digest)

    def memo(self, key: str, compute: Any) -> Any:
        """A fact about this node, computed once (nodes never change)."""
        if key not in self._memo:
            self._memo[key] = compute()
        return self._memo[key]

    # Elementwise operators, so that rules of records read as formulas.
    def __add__(self, other: Node | Number) -> Node:
        from . import build

        return build.sum_of(self, build.as_node(other))

    __radd__ = __add__

    def __sub__(self, other: Node | Number) -> Node:
        from . import build

        return build.subtract(self, build.as_node(other))

    def __rsub__(self, other: Node | Number) -> Node:
        from . import build

        return build.subtract(build.as_node(other), self)

    def __mul__(self, other: Node | Number) -> Node:
        from . import build

        return build.multiply(self, build.as_node(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Node | Number) -> Node:
        from . import build

        return build.divide(self, build.as_node(other))

    def __rtruediv__(self, other: Node | Number) -> Node:
        from . import build

        return build.divide(build.as_node(other), self)

    def __pow__(self, exponent: Node | Number) -> Node:
        from . import build

        return build.power(self, exponent)

    def __neg__(self) -> Node:
        from . import build

        return build.scale(-1, self)

    def __getitem__(self, indices: str) -> Any:
        from .rule import Indexed

        return Indexed.of(self, indices)

    def __repr__(self) -> str:
        from .short import short_text

        return short_text(self)


class Variable(Node):
    """A named input with its shape and facts (`symmetric`, `spd`, `positive`, …).

    A `dormant` variable has its facts about the shape of a matrix declared, but not yet used: front
    ends make it so, since after A = Aᵀ has been used xᵀAy and yᵀAx are one node, and ∂/∂A is
    lost. `walk.with_facts` wakes it, after the last derivative.
    """

    __slots__ = ("dormant", "facts", "name")
    name: str
    facts: frozenset[str]
    dormant: bool

    @property
    def order(self) -> tuple[int, str, bytes]:
        """Variables sort by name."""
        return (0, self.name, self.digest)


class Constant(Node):
    """A numeric array that the user mixed in; numbers are coefficients instead."""

    __slots__ = ("value",)
    rank_of_kind = 1
    value: np.ndarray


class Size(Node):
    """The value of a symbolic size, as a scalar (the n in a mean over n entries)."""

    __slots__ = ("dim",)
    rank_of_kind = 1
    dim: Dim


class Kernel(Node):
    """A 0/1 pattern that is never built: `kind` with parameters, see `eingrad.ir.kernels`."""

    __slots__ = ("kind", "params")
    rank_of_kind = 2
    kind: str
    params: tuple[tuple[str, Any], ...]


class Apply(Node):
    """A function of the registry applied to operands, with parameters such as an exponent."""

    __slots__ = ("function", "params")
    rank_of_kind = 4
    function: str
    params: tuple[tuple[str, Any], ...]

    @property
    def order(self) -> tuple[int, str, bytes]:
        """Applications sort by function name."""
        return (self.rank_of_kind, self.function, self.digest)

    def param(self, key: str) -> Any:
        """The parameter called `key`."""
        return dict(self.params)[key]


class Contraction(Node):
    """Factors connected through summed indices; `out` lists the atoms that are left."""

    __slots__ = ("factors", "out", "sizes")
    rank_of_kind = 5
    factors: tuple[Factor, ...]
    out: tuple[int, ...]
    sizes: Shape


class Term(Node):
    """coefficient × Kronecker deltas × factors, without summed indices (see the module)."""

    __slots__ = ("coefficient", "factors", "out", "sizes")
    rank_of_kind = 6
    coefficient: Number
    factors: tuple[Factor, ...]
    out: tuple[AxisIndex, ...]
    sizes: Shape


class Sum(Node):
    """A sum of nodes of the same shape, none of them a `Sum`-free duplicate; empty means zero."""

    __slots__ = ()
    rank_of_kind = 7


_INTERNED: WeakValueDictionary[tuple[Any, ...], Node] = WeakValueDictionary()
_INTERNING = RLock()  # two threads that build one node must be given one object


def _digest(kind: str, content: str, operands: Iterable[Node]) -> bytes:
    state = blake2b(f"{kind}|{content}".encode("utf-8", "backslashreplace"), digest_size=16)
    for node in operands:
        state.update(node.digest)
    return state.digest()


def intern(
    cls: type[Node],
    key: tuple[Any, ...],
    content: str,
    shape: Shape,
    operands: Sequence[Node],
    fields: dict[str, Any],
) -> Any:
    """The one node with this content: found, or made and remembered while anybody holds it."""
    full_key = (cls, *key)
    found = _INTERNED.get(full_key)
    if found is not None:
        return found
    node = object.__new__(cls)
    node.shape = shape
    node.operands = tuple(operands)
    node.digest = _digest(cls.__name__, content, operands)
    node._memo = {}
    for name, value in fields.items():
        setattr(node, name, value)
    with _INTERNING:
        found = _INTERNED.get(full_key)  # another thread may have been faster
        if found is not None:
            return found
        _INTERNED[full_key] = node
    return node


def shape_key(shape: Iterable[Dim]) -> str:
    return ",".join(map(str, shape))


def variable(
    name: str, shape: Shape, facts: frozenset[str] = frozenset(), dormant: bool = False
) -> Variable:
    """The variable `name`; same name, shape and facts give the same object."""
    dormant = dormant and bool(facts & MATRIX_FACTS)
    content = f"{name}|{shape_key(shape)}|{','.join(sorted(facts))}{'|dormant' * dormant}"
    return intern(
        Variable,
        (name, shape, facts, dormant),
        content,
        shape,
        (),
        {"name": name, "facts": facts, "dormant": dormant},
    )


def constant(value: np.ndarray) -> Constant:
    """A constant array (copied, read-only, float or integer or bool)."""
    array = np.array(value)
    array.setflags(write=False)
    shape = tuple(Dim.of(k) for k in array.shape)
    data = array.tobytes()
    content = f"{array.dtype}|{array.shape}|{blake2b(data, digest_size=16).hexdigest()}"
    return intern(Constant, (content, data), content, shape, (), {"value": array})


def size(dim: Dim) -> Size:
    """The size `dim` as a scalar node."""
    return intern(Size, (dim,), str(dim), (), (), {"dim": dim})


def kernel(kind: str, shape: Shape, params: tuple[tuple[str, Any], ...]) -> Kernel:
    """A 0/1 pattern leaf."""
    content = f"{kind}|{shape_key(shape)}|{params}"
    return intern(
        Kernel, (kind, shape, params), content, shape, (), {"kind": kind, "params": params}
    )


def raw_apply(
    function: str, operands: Sequence[Node], shape: Shape, params: tuple[tuple[str, Any], ...]
) -> Apply:
    """An application as it stands; `build.apply` simplifies first."""
    operands = tuple(operands)
    content = f"{function}|{params}|{shape_key(shape)}"
    return intern(
        Apply,
        (function, operands, params, shape),
        content,
        shape,
        operands,
        {"function": function, "params": params},
    )


def raw_contraction(factors: Sequence[Factor], out: tuple[int, ...], sizes: Shape) -> Contraction:
    """A contraction whose labels and factor order are canonical already."""
    factors = tuple(factors)
    operands = tuple(f.node for f in factors)
    content = f"{[f.indices for f in factors]}|{out}|{shape_key(sizes)}"
    return intern(
        Contraction,
        (factors, out, sizes),
        content,
        tuple(sizes[k] for k in out),
        operands,
        {"factors": factors, "out": out, "sizes": sizes},
    )


def raw_term(
    coefficient: Number, factors: Sequence[Factor], out: tuple[AxisIndex, ...], sizes: Shape
) -> Term:
    """A term whose labels and factor order are canonical already."""
    from ..dims import product

    factors = tuple(factors)
    operands = tuple(f.node for f in factors)
    content = f"{coefficient}|{[f.indices for f in factors]}|{out}|{shape_key(sizes)}"
    shape = tuple(product(sizes[k] for k in axis) for axis in out)
    return intern(
        Term,
        (coefficient, factors, out, sizes),
        content,
        shape,
        operands,
        {"coefficient": coefficient, "factors": factors, "out": out, "sizes": sizes},
    )


def raw_sum(terms: Sequence[Node], shape: Shape) -> Sum:
    """A sum whose terms are collected and sorted already."""
    terms = tuple(terms)
    return intern(Sum, (terms, shape), shape_key(shape), shape, terms, {})
