"""What operators ask of an array library: few operations, spelled as in NumPy, none in place.

One subclass a library. `xp` is NumPy itself, or an object of such a class, which also knows the
type and the device of the operator's numbers, so that constants land beside them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ...errors import UnsupportedError
from ..arrays import register
from ..pattern import Pattern

Shape = tuple[int, ...]
PLAIN = (bool, int, float, complex, list, tuple, np.ndarray, np.generic)


class Namespace(ABC):
    """The operations of one library.

    Attributes
    ----------
    name:
        As in `Derivative.operator(name, …)`.
    promotes:
        Whether products of float32 and float64 are formed; else they are refused.
    dtype, device:
        Of constants. `device` is None where the library places arrays by itself.
    """

    name: ClassVar[str]
    promotes: ClassVar[bool]

    def __init_subclass__(cls) -> None:
        register(cls)

    def __init__(self, dtype: Any, device: Any = None) -> None:
        self.dtype = dtype
        self.device = device

    # Arrays of the library ----------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def owns(cls, value: Any) -> bool:
        """Whether it is an array of the library; tracers are."""

    @classmethod
    @abstractmethod
    def like(cls, arrays: Sequence[Any]) -> Namespace:
        """For operators of such arrays: their promoted type, the device of the first; the
        defaults of the library where there are none."""

    @classmethod
    @abstractmethod
    def shape_of(cls, array: Any) -> Shape:
        """The sizes, which are known while a function is traced."""

    @classmethod
    @abstractmethod
    def kind_of(cls, array: Any) -> np.dtype:
        """NumPy's type of the same kind and width; 16-bit floats are float16."""

    @classmethod
    def as_written(cls, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that the library does not rewrite while it traces."""
        return function

    @abstractmethod
    def cast(self, array: Any) -> Any:
        """An array of the library in the type `dtype`."""

    @abstractmethod
    def constant(self, array: np.ndarray, keep: bool = False) -> Any:
        """Numbers known beforehand, in the type `dtype` or (`keep`) their own."""

    def limit(self) -> int | None:
        """Bytes that a result may take; None: a quarter of the free memory of the host."""
        return None

    @property
    def type_name(self) -> str:
        """`dtype` as NumPy writes it."""
        return str(self.kind_of(self.zeros(())))

    @property
    def itemsize(self) -> int:
        """Bytes of one number."""
        return self.kind_of(self.zeros(())).itemsize

    # Operations ---------------------------------------------------------------------------------

    @abstractmethod
    def reshape(self, a: Any, shape: Shape) -> Any: ...
    @abstractmethod
    def transpose(self, a: Any, order: Sequence[int]) -> Any: ...
    @abstractmethod
    def broadcast_to(self, a: Any, shape: Shape) -> Any: ...
    @abstractmethod
    def matmul(self, a: Any, b: Any) -> Any: ...
    @abstractmethod
    def sum(self, a: Any, axis: Any = None) -> Any: ...
    @abstractmethod
    def prod(self, a: Any) -> Any: ...
    @abstractmethod
    def sign(self, a: Any) -> Any: ...
    @abstractmethod
    def log_abs(self, a: Any) -> Any: ...
    @abstractmethod
    def full(self, shape: Shape, value: float) -> Any: ...
    @abstractmethod
    def where(self, mask: Any, a: Any, b: Any) -> Any: ...
    @abstractmethod
    def equal_places(self, n: int) -> Any:
        """The n×n mask of the diagonal."""

    @abstractmethod
    def diagonal(self, a: Any, first: int, second: int) -> Any:
        """Two axes as one, which comes last."""

    @abstractmethod
    def take(self, a: Any, places: np.ndarray, axis: int) -> Any:
        """Entries at places, a vector of them."""

    @abstractmethod
    def cumsum(self, a: Any, axis: int, reverse: bool) -> Any: ...
    @abstractmethod
    def concatenate(self, parts: Sequence[Any], axis: int) -> Any: ...
    @abstractmethod
    def segment_sum(self, a: Any, places: np.ndarray, length: int) -> Any:
        """Rows of a added up at their places."""

    @abstractmethod
    def solve(self, a: Any, b: Any) -> Any:
        """Stacks of square systems (…, n, n), (…, n, k)."""

    @abstractmethod
    def cholesky(self, a: Any) -> Any: ...
    @abstractmethod
    def cholesky_solve(self, factor: Any, b: Any) -> Any: ...
    @abstractmethod
    def slogdet(self, a: Any) -> tuple[Any, Any]: ...

    @abstractmethod
    def conjugate_gradients(
        self, apply: Callable[[Any], Any], b: Any, scale: Any, rtol: float, steps: int
    ) -> Any:
        """Solve for each row of b (k, n) with a positive definite map, preconditioned by a
        diagonal."""

    # Made of these ------------------------------------------------------------------------------

    def zeros(self, shape: Shape) -> Any:
        """Zeros of the type `dtype`."""
        return self.full(shape, 0.0)

    def ones(self, shape: Shape, dtype: Any = None) -> Any:
        """Ones of the type `dtype`; the argument is there for NumPy's sake."""
        return self.full(shape, 1.0)

    def size(self, a: Any) -> int:
        """How many entries there are."""
        return math.prod(self.shape_of(a))

    def nbytes(self, a: Any) -> int:
        """Bytes of an array."""
        return self.size(a) * self.kind_of(a).itemsize

    def numbers(self, array: Any) -> Any:
        """What a core holds as an array of the library."""
        if isinstance(array, Pattern):
            array = array.dense(np.float64)
        return self.constant(array) if isinstance(array, np.ndarray) else array

    def real(self, value: Any, what: str) -> Any:
        """What a user hands over as real floating numbers; integers take the type `dtype`.

        Raises
        ------
        UnsupportedError
            Complex numbers, another library's array, or a type that the library does not mix.
        """
        array = self.owned(value, what)
        kind = self.kind_of(array)
        if kind.kind in "iub":
            return self.cast(array)
        if kind.kind != "f":
            found = "complex numbers" if kind.kind == "c" else f"values of type {kind}"
            raise UnsupportedError(f"the {what} has {found}; real numbers are expected")
        if not self.promotes and array.dtype != self.dtype:
            raise UnsupportedError(
                f"the {what} is of type {array.dtype}, the operator of {self.dtype}, and "
                f"{self.name} does not mix them: convert one"
            )
        return array

    def owned(self, value: Any, what: str) -> Any:
        """A number, list or NumPy array as the library's array.

        Raises
        ------
        UnsupportedError
            Another library's array: it would have to move through the host.
        """
        if self.owns(value):
            return value
        if not isinstance(value, PLAIN):
            raise UnsupportedError(
                f"the {what} is {type(value).__module__}.{type(value).__name__}; "
                f"arrays of {self.name} are expected"
            )
        array = np.asarray(value)
        if array.dtype.kind == "O":
            raise UnsupportedError(f"the {what} holds no numbers alone; arrays are expected")
        return self.constant(array, keep=isinstance(value, np.ndarray | np.generic))

    def embedded(self, array: Any, atoms: Sequence[int]) -> Any:
        """The entries where repeated atoms agree, with one axis for each distinct atom."""
        names = list(atoms)
        while len(set(names)) < len(names):
            first, second = next(
                (p, q)
                for p in range(len(names))
                for q in range(p + 1, len(names))
                if names[p] == names[q]
            )
            array = self.diagonal(array, first, second)
            names = [a for k, a in enumerate(names) if k not in (first, second)] + [names[first]]
        order = [names.index(a) for a in dict.fromkeys(atoms)]
        return array if order == sorted(order) else self.transpose(array, order)

    def spread(self, values: Any, atoms: Sequence[int], sizes: Shape) -> Any:
        """The opposite of `embedded`: zero where repeated atoms do not agree.

        `values` has an axis for each distinct atom, in the order of first occurrence, of its size
        or 1; `sizes` are those of all `atoms`.
        """
        first: dict[int, int] = {}
        repeats = [(first[a], k) for k, a in enumerate(atoms) if first.setdefault(a, k) != k]
        if repeats:
            found = iter(self.shape_of(values))
            inner = tuple(next(found) if first[a] == k else 1 for k, a in enumerate(atoms))
            values = self.reshape(values, inner)
            for p, q in repeats:
                along = [1] * len(sizes)
                along[p] = along[q] = sizes[p]
                mask = self.reshape(self.equal_places(sizes[p]), tuple(along))
                values = self.where(mask, values, self.zeros(()))
        return values if self.shape_of(values) == sizes else self.broadcast_to(values, sizes)

    # Patterns, see `Pattern` --------------------------------------------------------------------

    def forward(self, pattern: Pattern, v: Any, axis: int) -> Any:
        """Sum over the last axis of the pattern: its other axes take the place of `axis`."""
        if pattern.is_triangle:
            lower = pattern.kind == "tril"
            return self._running(v, axis, lower, pattern.params[0], pattern.shape)
        shape, places = self.shape_of(v), pattern.places()
        length = pattern.shape[-1]
        whole = (*shape[:axis], *places.shape, *shape[axis + 1 :])
        if not length:
            return self.zeros(whole)
        inside = (places >= 0) & (places < length)
        taken = self.take(v, np.where(inside, places, 0).reshape(-1), axis)
        taken = self.reshape(taken, whole)
        if inside.all():
            return taken
        mask = inside.reshape(inside.shape + (1,) * (len(shape) - axis - 1))
        return self.where(self.constant(mask, keep=True), taken, self.zeros(()))

    def backward(self, pattern: Pattern, v: Any) -> Any:
        """Sum over all axes of the pattern but its last, which are the last ones of v."""
        shape = self.shape_of(v)
        if pattern.is_triangle:
            lower, k = pattern.kind == "triu", -pattern.params[0]
            return self._running(v, len(shape) - 1, lower, k, pattern.shape[::-1])
        lead = shape[: len(shape) - len(pattern.shape) + 1]
        places = pattern.places().reshape(-1)
        rows = np.flatnonzero((places >= 0) & (places < pattern.shape[-1]))
        entries = self.transpose(self.reshape(v, (math.prod(lead), places.size)), (1, 0))
        if rows.size < places.size:
            entries = self.take(entries, rows, 0)
        sums = self.segment_sum(entries, places[rows], pattern.shape[-1])
        return self.reshape(self.transpose(sums, (1, 0)), (*lead, pattern.shape[-1]))

    def _running(self, v: Any, axis: int, lower: bool, k: int, shape: Shape) -> Any:
        """Sums over j ≤ i + k, or j ≥ i + k, for each i."""
        rows, columns = shape
        ends = np.clip(np.arange(rows) + k + (1 if lower else 0), 0, columns)
        sums = self.cumsum(v, axis, reverse=not lower)
        edge = list(self.shape_of(v))
        edge[axis] = 1
        pad = self.zeros(tuple(edge))
        parts = [pad, sums] if lower else [sums, pad]
        return self.take(self.concatenate(parts, axis), ends, axis)


__all__ = ["Namespace"]
