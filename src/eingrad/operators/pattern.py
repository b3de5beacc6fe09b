"""0/1 patterns as cores that are never built: cumulative sums, slices, paddings, windows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.node import Kernel
from .memory import check_size


@dataclass(frozen=True)
class Pattern:
    """An array of zeros and ones (`eingrad.ir.kernels`) that acts without being stored.

    Attributes
    ----------
    kind:
        `tril` and `triu` (rows, columns); `selection`, `gather` (rows, places) and `shifts` (rows,
        taps, places), in which each row, or row and tap, has one place at most.
    shape:
        One size for each axis.
    params:
        The numbers of the kind: k; start and step; the places; start, stride and dilation.
    """

    kind: str
    shape: tuple[int, ...]
    params: tuple[int, ...]

    @staticmethod
    def of(node: Kernel, sizes: Mapping[str, int]) -> Pattern:
        """The pattern of a kernel leaf for given sizes.

        Raises
        ------
        ShapeError
            It selects a place that is not there.
        """
        shape = tuple(d.evaluate(sizes) for d in node.shape)
        given = dict(node.params)
        params: tuple[int, ...]
        if node.kind == "gather":
            params = tuple(p % shape[1] if shape[1] else p for p in given["places"])
        elif node.kind in ("selection", "shifts"):
            names = ["step"] if node.kind == "selection" else ["stride", "dilation"]
            params = (given["start"].evaluate(sizes), *(given[name] for name in names))
        else:
            params = (given["k"],)
        pattern = Pattern(node.kind, shape, params)
        if node.kind in ("selection", "gather"):
            places = pattern.places()
            wrong = places[(places < 0) | (places >= shape[1])]
            if wrong.size:
                raise ShapeError(
                    f"place {wrong[0]} is out of bounds for an axis of size {shape[1]}"
                )
        return pattern

    @property
    def size(self) -> int:
        """Entries, zeros included."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Nothing is stored."""
        return 0

    @property
    def is_triangle(self) -> bool:
        """Whether it sums what lies before or after each place."""
        return self.kind in ("tril", "triu")

    def places(self) -> np.ndarray:
        """The place that each row (and tap) selects; of shifts it may lie outside the axis."""
        if self.kind == "gather":
            return np.array(self.params, np.intp)
        start, *steps = self.params
        total: Any = np.full(self.shape[:-1], start)
        for axis, step in enumerate(steps):
            along = [1] * (self.ndim - 1)
            along[axis] = -1
            total = total + step * np.arange(self.shape[axis]).reshape(along)
        return total

    def dense(self, dtype: Any) -> np.ndarray:
        """The pattern as an array.

        Raises
        ------
        SizeLimitError
            It would take more than a quarter of the free memory.
        """
        check_size(
            self.shape, np.dtype(dtype).itemsize, None, f"the {self.kind} pattern as an array"
        )
        if self.kind == "tril":
            return np.tri(self.shape[0], self.shape[1], self.params[0], dtype)
        if self.kind == "triu":
            return np.tri(self.shape[1], self.shape[0], -self.params[0], dtype).T
        places = self.places().reshape(-1)
        rows = np.flatnonzero((places >= 0) & (places < self.shape[-1]))
        result = np.zeros((places.size, self.shape[-1]), dtype)
        result[rows, places[rows]] = 1
        return result.reshape(self.shape)

    def forward(self, v: np.ndarray, axis: int) -> np.ndarray:
        """Sum over the last axis of the pattern: its other axes take the place of `axis` of v."""
        if self.is_triangle:
            return self._running(v, axis, self.kind == "tril", self.params[0], self.shape)
        places, length = self.places(), self.shape[-1]
        inside = (places >= 0) & (places < length)
        if not length:
            return np.zeros((*v.shape[:axis], *places.shape, *v.shape[axis + 1 :]), v.dtype)
        taken = np.take(v, np.where(inside, places, 0), axis=axis)
        if not inside.all():
            mask = inside.reshape(inside.shape + (1,) * (v.ndim - axis - 1))
            taken = np.where(mask, taken, 0)
        return taken

    def backward(self, v: np.ndarray) -> np.ndarray:
        """Sum over all axes of the pattern but its last, which are the last ones of v."""
        if self.is_triangle:  # j ≤ i + k read from j: i ≥ j − k
            lower, k, shape = self.kind == "triu", -self.params[0], self.shape[::-1]
            return self._running(v, v.ndim - 1, lower, k, shape)
        lead = v.shape[: v.ndim - self.ndim + 1]
        places = self.places().reshape(-1)
        rows = np.flatnonzero((places >= 0) & (places < self.shape[-1]))
        result = np.zeros((self.shape[-1], math.prod(lead)), v.dtype)
        entries = v.reshape(math.prod(lead), places.size).T
        if self.kind == "selection":
            result[places] = entries
        else:
            np.add.at(result, places[rows], entries[rows])
        return result.T.reshape(*lead, self.shape[-1])

    @staticmethod
    def _running(
        v: np.ndarray, axis: int, lower: bool, k: int, shape: tuple[int, ...]
    ) -> np.ndarray:
        """Sums over j ≤ i + k, or j ≥ i + k, for each i."""
        rows, columns = shape
        ends = np.clip(np.arange(rows) + k + (1 if lower else 0), 0, columns)
        padded = list(v.shape)
        padded[axis] += 1
        sums = np.zeros(padded, v.dtype)
        index: list[Any] = [slice(None)] * v.ndim
        index[axis] = slice(1, None) if lower else slice(None, -1)
        if lower:
            np.cumsum(v, axis=axis, out=sums[tuple(index)])
        else:
            sums[tuple(index)] = np.flip(np.cumsum(np.flip(v, axis), axis=axis), axis)
        return np.take(sums, ends, axis=axis)
