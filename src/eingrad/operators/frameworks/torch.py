"""PyTorch: tensors stay on their device, autograd and `torch.func` see every operation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ...errors import UnsupportedError
from . import loop
from .namespace import Namespace, Shape

KINDS = {
    torch.float64: "f8",
    torch.float32: "f4",
    torch.float16: "f2",
    torch.bfloat16: "f2",
    torch.bool: "b1",
    torch.uint8: "u1",
    torch.int8: "i1",
    torch.int16: "i2",
    torch.int32: "i4",
    torch.int64: "i8",
    torch.complex64: "c8",
    torch.complex128: "c16",
}


class TorchNamespace(Namespace):
    """Tensors of one type on one device."""

    name = "torch"
    promotes = False  # products of matrices are of one type

    @classmethod
    def owns(cls, value: Any) -> bool:
        return isinstance(value, torch.Tensor)

    @classmethod
    def like(cls, arrays: Sequence[Any]) -> TorchNamespace:
        if not arrays:
            return cls(torch.get_default_dtype(), torch.get_default_device())
        dtype = arrays[0].dtype
        for a in arrays[1:]:
            dtype = torch.promote_types(dtype, a.dtype)
        return cls(dtype, arrays[0].device)

    @classmethod
    def shape_of(cls, array: Any) -> Shape:
        return tuple(array.shape)

    @classmethod
    def kind_of(cls, array: Any) -> np.dtype:
        return np.dtype(KINDS.get(array.dtype, "O"))

    def limit(self) -> int | None:
        """Nothing is allocated on `meta`; CUDA says what is free."""
        if self.device.type == "meta":
            return sys.maxsize
        if self.device.type == "cuda":
            return int(torch.cuda.mem_get_info(self.device)[0]) // 4
        return None

    def cast(self, array: Any) -> Any:
        return array.to(device=self.device, dtype=self.dtype)

    def constant(self, array: np.ndarray, keep: bool = False) -> Any:
        return torch.tensor(array, dtype=None if keep else self.dtype, device=self.device)

    def reshape(self, a: Any, shape: Shape) -> Any:
        return a.reshape(shape)

    def transpose(self, a: Any, order: Sequence[int]) -> Any:
        return a.permute(tuple(order))

    def broadcast_to(self, a: Any, shape: Shape) -> Any:
        return torch.broadcast_to(a, shape)

    def matmul(self, a: Any, b: Any) -> Any:
        return torch.matmul(a, b)

    def sum(self, a: Any, axis: Any = None) -> Any:
        return a.sum() if axis is None else a.sum(dim=tuple(axis))

    def prod(self, a: Any) -> Any:
        return a.prod()

    def sign(self, a: Any) -> Any:
        return torch.sign(a)

    def log_abs(self, a: Any) -> Any:
        return torch.log(torch.abs(a))

    def full(self, shape: Shape, value: float) -> Any:
        return torch.full(shape, value, dtype=self.dtype, device=self.device)

    def where(self, mask: Any, a: Any, b: Any) -> Any:
        return torch.where(mask, a, b)

    def equal_places(self, n: int) -> Any:
        return torch.eye(n, dtype=torch.bool, device=self.device)

    def diagonal(self, a: Any, first: int, second: int) -> Any:
        return torch.diagonal(a, dim1=first, dim2=second)

    def _places(self, places: np.ndarray) -> Any:
        return torch.tensor(places, dtype=torch.int64, device=self.device)

    def take(self, a: Any, places: np.ndarray, axis: int) -> Any:
        return torch.index_select(a, axis, self._places(places))

    def cumsum(self, a: Any, axis: int, reverse: bool) -> Any:
        if reverse:
            return torch.flip(torch.cumsum(torch.flip(a, (axis,)), axis), (axis,))
        return torch.cumsum(a, axis)

    def concatenate(self, parts: Sequence[Any], axis: int) -> Any:
        return torch.cat(list(parts), dim=axis)

    def segment_sum(self, a: Any, places: np.ndarray, length: int) -> Any:
        none = torch.zeros((length, *a.shape[1:]), dtype=a.dtype, device=a.device)
        return torch.index_add(none, 0, self._places(places), a)

    def solve(self, a: Any, b: Any) -> Any:
        return torch.linalg.solve(a, b)

    def cholesky(self, a: Any) -> Any:
        return torch.linalg.cholesky(a)

    def cholesky_solve(self, factor: Any, b: Any) -> Any:
        return torch.cholesky_solve(b, factor)

    def slogdet(self, a: Any) -> tuple[Any, Any]:
        sign, value = torch.linalg.slogdet(a)
        return sign, value

    def conjugate_gradients(
        self, apply: Callable[[Any], Any], b: Any, scale: Any, rtol: float, steps: int
    ) -> Any:
        """Until converged, which reads one flag from the device each step; autograd goes through
        the steps."""
        state = loop.start(b, scale, self)
        goal = rtol**2 * self.sum(b * b, axis=(1,))
        if b.device.type == "meta":
            return loop.step(apply, state, scale, goal, self)[0]
        for _ in range(steps):
            try:
                if not bool(loop.unfinished(state, goal, self).any()):
                    break
            except RuntimeError as error:  # torch.func forbids to read what it maps over
                raise UnsupportedError(
                    "torch stops conjugate gradients by a value, which torch.vmap does not allow: "
                    'hand over the batch as leading axes, or use method="dense"'
                ) from error
            state = loop.step(apply, state, scale, goal, self)
        return state[0]
