"""TensorFlow: eager, and inside `tf.function` with shapes that are known when it is traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ...errors import UnsupportedError
from . import loop
from .namespace import Namespace, Shape

MAX_AXES = 8  # over which TensorFlow broadcasts


def merged_axes(shapes: Sequence[Shape]) -> list[Shape]:
    """Shapes of one rank with axes joined that are broadcast alike, and without those of size 1."""
    kept: list[list[int]] = []
    before: tuple[bool, ...] | None = None
    for sizes in zip(*shapes, strict=True):
        alike = tuple(size == 1 for size in sizes)
        if all(alike):
            continue
        if alike == before:
            kept[-1] = [a * b for a, b in zip(kept[-1], sizes, strict=True)]
        else:
            kept.append(list(sizes))
        before = alike
    return [tuple(sizes[k] for sizes in kept) for k in range(len(shapes))]


class TensorFlowNamespace(Namespace):
    """Tensors of one type; TensorFlow places them."""

    name = "tensorflow"
    promotes = False

    @classmethod
    def owns(cls, value: Any) -> bool:
        return isinstance(value, tf.Tensor | tf.Variable)

    @classmethod
    def like(cls, arrays: Sequence[Any]) -> TensorFlowNamespace:
        if not arrays:
            return cls(tf.float32)
        # Products are of one type, so a mixture is reported by the first one.
        return cls(max((a.dtype for a in arrays), key=lambda d: d.size))

    @classmethod
    def shape_of(cls, array: Any) -> Shape:
        if array.shape.is_fully_defined():
            return tuple(array.shape)
        raise UnsupportedError(
            f"a tensor has the shape {array.shape} while it is traced; operators need to know all "
            "sizes: give tf.function an input_signature without None"
        )

    @classmethod
    def kind_of(cls, array: Any) -> np.dtype:
        dtype = array.dtype
        if dtype.is_floating:
            return np.dtype(f"f{max(dtype.size, 2)}")
        return np.dtype(dtype.as_numpy_dtype)

    @classmethod
    def as_written(cls, function: Callable[..., Any]) -> Callable[..., Any]:
        return tf.autograph.experimental.do_not_convert(function)

    def cast(self, array: Any) -> Any:
        return tf.cast(array, self.dtype)

    def constant(self, array: np.ndarray, keep: bool = False) -> Any:
        if keep:
            return tf.convert_to_tensor(array)
        return tf.convert_to_tensor(np.asarray(array, self.dtype.as_numpy_dtype))

    def reshape(self, a: Any, shape: Shape) -> Any:
        return tf.reshape(a, shape)

    def transpose(self, a: Any, order: Sequence[int]) -> Any:
        return tf.transpose(a, tuple(order))

    def broadcast_to(self, a: Any, shape: Shape) -> Any:
        here = tuple(a.shape)
        if len(shape) <= MAX_AXES:
            return tf.broadcast_to(a, shape)
        groups = merged_axes([(1,) * (len(shape) - len(here)) + here, tuple(shape)])
        joined = tf.reshape(a, groups[0])
        return tf.reshape(tf.broadcast_to(joined, groups[1]), shape)

    def matmul(self, a: Any, b: Any) -> Any:
        return tf.matmul(a, b)

    def sum(self, a: Any, axis: Any = None) -> Any:
        return tf.reduce_sum(a, axis=axis)

    def prod(self, a: Any) -> Any:
        return tf.reduce_prod(a)

    def sign(self, a: Any) -> Any:
        return tf.sign(a)

    def log_abs(self, a: Any) -> Any:
        return tf.math.log(tf.abs(a))

    def full(self, shape: Shape, value: float) -> Any:
        return tf.fill(shape, tf.constant(value, self.dtype))

    def where(self, mask: Any, a: Any, b: Any) -> Any:
        arrays = [mask, a, b]
        rank = max(len(x.shape) for x in arrays)
        if rank <= MAX_AXES:
            return tf.where(mask, a, b)
        shapes = [(1,) * (rank - len(x.shape)) + tuple(x.shape) for x in arrays]
        joined = zip(arrays, merged_axes(shapes), strict=True)
        value = tf.where(*(tf.reshape(x, shape) for x, shape in joined))
        whole = [next((s for s in sizes if s != 1), 1) for sizes in zip(*shapes, strict=True)]
        return tf.reshape(value, whole)

    def equal_places(self, n: int) -> Any:
        return tf.eye(n, dtype=tf.int32) > 0

    def diagonal(self, a: Any, first: int, second: int) -> Any:
        rest = [k for k in range(len(a.shape)) if k not in (first, second)]
        return tf.linalg.diag_part(tf.transpose(a, [*rest, first, second]))

    def take(self, a: Any, places: np.ndarray, axis: int) -> Any:
        return tf.gather(a, places, axis=axis)

    def cumsum(self, a: Any, axis: int, reverse: bool) -> Any:
        return tf.cumsum(a, axis, reverse=reverse)

    def concatenate(self, parts: Sequence[Any], axis: int) -> Any:
        return tf.concat(list(parts), axis)

    def segment_sum(self, a: Any, places: np.ndarray, length: int) -> Any:
        return tf.math.unsorted_segment_sum(a, places, length)

    def solve(self, a: Any, b: Any) -> Any:
        return tf.linalg.solve(a, b)

    def cholesky(self, a: Any) -> Any:
        return tf.linalg.cholesky(a)

    def cholesky_solve(self, factor: Any, b: Any) -> Any:
        return tf.linalg.cholesky_solve(factor, b)

    def slogdet(self, a: Any) -> tuple[Any, Any]:
        sign, value = tf.linalg.slogdet(a)
        return sign, value

    def conjugate_gradients(
        self, apply: Callable[[Any], Any], b: Any, scale: Any, rtol: float, steps: int
    ) -> Any:
        """A `tf.while_loop`, which a gradient tape goes through."""
        goal = rtol**2 * self.sum(b * b, axis=(1,))
        found = tf.while_loop(
            lambda *state: tf.reduce_any(loop.unfinished(state, goal, self)),
            lambda *state: loop.step(apply, state, scale, goal, self),
            loop.start(b, scale, self),
            maximum_iterations=steps,
        )
        return found[0]
