"""`Tensor`: a symbolic array with NumPy's operators, methods and functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...dims import shape_text
from ...errors import UnsupportedError
from ...ir import build
from ...ir.node import Node, Variable
from .dispatch import call_function, call_ufunc
from .indexing import index
from .methods import ArrayMethods
from .sizes import total, visible


class MissingMethodError(UnsupportedError, AttributeError):
    """A method of arrays that tensors do not have; `hasattr` says so, too."""


def _operators(ufunc: np.ufunc) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`a ∘ b` and its reflection. There are no in-place forms: `a += b` rebinds the name a."""

    def forward(self: Tensor, other: Any) -> Any:
        return _combine(ufunc, self, other)

    def reflected(self: Tensor, other: Any) -> Any:
        return _combine(ufunc, other, self)

    forward.__doc__ = reflected.__doc__ = f"Elementwise, as `numpy.{ufunc.__name__}`."
    return forward, reflected


def _combine(ufunc: np.ufunc, *operands: Any) -> Any:
    for operand in operands:
        foreign = operand is None or isinstance(operand, str)
        if foreign or getattr(operand, "__array_ufunc__", True) is None:
            return NotImplemented
    return call_ufunc(ufunc, "__call__", operands, {})


class Tensor(ArrayMethods):
    """A symbolic array: one node of the expression graph, used like a NumPy array.

    Operators mean what they mean for arrays (`*` elementwise, `@` matrix product, broadcasting),
    and NumPy's own functions work, so a function written for arrays runs unchanged. Tensors are
    immutable. What is not covered raises `UnsupportedError`, a `TypeError`.

    Attributes
    ----------
    node:
        The node of the IR.
    shape:
        Sizes of the axes: an int, or a symbolic size (a `Dim`).

    Examples
    --------
    >>> import numpy as np
    >>> from eingrad.frontends.python import matrix, vector
    >>> A, x = matrix("A", "m n"), vector("x", "n")
    >>> (A @ x).shape
    (m,)
    >>> np.sum(np.exp(A * x), axis=0).shape
    (n,)
    """

    __slots__ = ("is_mask", "node")
    __array_priority__ = 1000.0
    node: Node
    is_mask: bool

    def __init__(self, node: Node, is_mask: bool = False) -> None:
        object.__setattr__(self, "node", node)
        object.__setattr__(self, "is_mask", is_mask)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a tensor is immutable: {name} cannot be set")

    def __reduce__(self) -> Any:
        raise UnsupportedError("a tensor cannot be pickled; pickle the text of its expression")

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self

    # --- NumPy's protocols -----------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        return call_function(function, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(
            f"{self!r} is symbolic and cannot become an array; a list of tensors is put together "
            "with np.stack, and values come from a derivative's function at given arrays"
        )

    # --- attributes ------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[Any, ...]:
        """The sizes of the axes."""
        return tuple(visible(d) for d in self.node.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.node.ndim

    @property
    def size(self) -> Any:
        """The number of entries."""
        return total(self.node.shape)

    @property
    def dtype(self) -> np.dtype:
        """What NumPy would have: bool for comparisons, else float64."""
        return np.dtype(bool if self.is_mask else np.float64)

    @property
    def name(self) -> str:
        """The name of a variable; `AttributeError` for any other tensor."""
        if isinstance(self.node, Variable):
            return self.node.name
        raise AttributeError("only a variable has a name")

    @property
    def flat(self) -> Any:
        """Not covered."""
        raise UnsupportedError("a tensor has no flat iterator; use .ravel()")

    # --- values ----------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        value = build.number_of(self.node)
        if value is None:
            raise UnsupportedError(
                f"the truth of {self!r} is not known: it is symbolic; "
                "replace `if`, `and`, `or`, `not` by np.where and logical functions"
            )
        return bool(value)

    def __float__(self) -> float:
        return float(self._number("float"))

    def __int__(self) -> int:
        return int(self._number("int"))

    def __complex__(self) -> complex:
        return complex(self._number("complex"))

    def __index__(self) -> int:
        value = self._number("an index")
        if not isinstance(value, int):
            raise UnsupportedError(f"{value} is not an integer")
        return value

    def item(self) -> Any:
        """The number, of a constant scalar."""
        return self._number("a number")

    def _number(self, kind: str) -> Any:
        value = build.number_of(self.node)
        if value is None:
            raise UnsupportedError(
                f"{self!r} is symbolic and cannot become {kind}; "
                "use NumPy's functions in place of those of the math module"
            )
        return value

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a scalar tensor has no len()")
        first = self.shape[0]
        if not isinstance(first, int):
            raise UnsupportedError(
                f"len() of a tensor of shape {shape_text(self.node.shape)} is symbolic; "
                "use .shape[0]"
            )
        return first

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("a scalar tensor cannot be iterated over")
        first = self.shape[0]
        if not isinstance(first, int):
            raise UnsupportedError(
                f"the first axis of {shape_text(self.node.shape)} is symbolic and cannot be "
                "iterated over; use np.sum and other functions of whole tensors, or integer sizes"
            )
        return iter([self[k] for k in range(first)])

    def __contains__(self, item: Any) -> bool:
        raise UnsupportedError("whether a symbolic tensor contains a value is not known")

    def __hash__(self) -> int:
        return hash(self.node)

    def __repr__(self) -> str:
        sizes = shape_text(self.node.shape)
        if isinstance(self.node, Variable):
            facts = "".join(f" {f}" for f in sorted(self.node.facts))
            return f"<Tensor {self.node.name}: {sizes}{facts}>"
        return f"<Tensor: {sizes}>"

    # --- indexing --------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Tensor:
        return Tensor(index(self.node, key), is_mask=self.is_mask)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise UnsupportedError(
            "tensors are immutable, and entries cannot be assigned; "
            "use np.where, np.concatenate or np.stack"
        )

    # --- operators -------------------------------------------------------------------------------

    __add__, __radd__ = _operators(np.add)
    __sub__, __rsub__ = _operators(np.subtract)
    __mul__, __rmul__ = _operators(np.multiply)
    __truediv__, __rtruediv__ = _operators(np.divide)
    __floordiv__, __rfloordiv__ = _operators(np.floor_divide)
    __mod__, __rmod__ = _operators(np.remainder)
    __pow__, __rpow__ = _operators(np.power)
    __matmul__, __rmatmul__ = _operators(np.matmul)
    __and__, __rand__ = _operators(np.bitwise_and)
    __or__, __ror__ = _operators(np.bitwise_or)
    __xor__, __rxor__ = _operators(np.bitwise_xor)
    __lt__, __le__ = _operators(np.less)[0], _operators(np.less_equal)[0]
    __gt__, __ge__ = _operators(np.greater)[0], _operators(np.greater_equal)[0]
    __eq__, __ne__ = _operators(np.equal)[0], _operators(np.not_equal)[0]  # type: ignore[assignment]

    def __neg__(self) -> Tensor:
        return call_ufunc(np.negative, "__call__", (self,), {})

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return call_ufunc(np.absolute, "__call__", (self,), {})

    def __invert__(self) -> Tensor:
        return call_ufunc(np.invert, "__call__", (self,), {})

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Tensor:
        """The tensor as numbers; only floating types, since values decide the type."""
        if np.dtype(dtype).kind == "f":
            return Tensor(self.node)
        if np.dtype(dtype) == self.dtype:
            return self
        raise UnsupportedError(f"astype({np.dtype(dtype)}) of a tensor; tensors are real")

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in _ARRAY_METHODS:
            raise MissingMethodError(
                f"numpy.ndarray.{name} is not covered on eingrad tensors; a tensor is symbolic: "
                "use NumPy's functions, or evaluate first"
            )
        raise AttributeError(f"a tensor has no attribute {name}")


_ARRAY_METHODS = frozenset(dir(np.ndarray))
