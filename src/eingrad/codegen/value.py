"""The values of a program: one operation each, on other values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..dims import ONE, Dim
from ..ir.node import Shape

ZERO = Dim.of(0)


class Value:
    """One operation: `op` on `args` with `params`; `shape` is that of the array it gives."""

    __slots__ = ("args", "number", "op", "params", "shape", "weak")

    def __init__(
        self,
        op: str,
        args: tuple[Value, ...],
        params: tuple[Any, ...],
        shape: Shape,
        weak: bool,
        number: int,
    ) -> None:
        self.op = op
        self.args = args
        self.params = params
        self.shape = shape
        self.weak = weak
        self.number = number

    @property
    def ndim(self) -> int:
        """The number of axes of the array."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"v{self.number} = {self.op}{[a.number for a in self.args]}{self.params}"


def broadcast(shapes: Iterable[Shape]) -> Shape:
    """The shape that NumPy's rule gives; sizes are known to fit."""
    result: list[Dim] = []
    for shape in shapes:
        if len(shape) > len(result):
            result = [ONE] * (len(shape) - len(result)) + result
        for k, dim in enumerate(shape, len(result) - len(shape)):
            if result[k].is_one:
                result[k] = dim
    return tuple(result)


def below(roots: Sequence[Value]) -> list[Value]:
    """The values that the roots need, arguments first: in the order in which they were made."""
    found = set(roots)
    pending = list(found)
    while pending:
        for arg in pending.pop().args:
            if arg not in found:
                found.add(arg)
                pending.append(arg)
    return sorted(found, key=lambda v: v.number)


def merged_index(
    inner: tuple[tuple[Any, ...], ...], outer: Sequence[tuple[Any, ...]]
) -> list[tuple[Any, ...]] | None:
    """Two indexings as one, where the outer only adds axes or takes the entry of an added one."""
    pending = list(outer)
    merged: list[tuple[Any, ...]] = []
    for entry in inner:
        while pending and pending[0][0] == "new":
            merged.append(pending.pop(0))
        if entry[0] == "at":
            merged.append(entry)
            continue
        now = pending.pop(0)
        if now[0] == "all":
            merged.append(entry)
        elif entry[0] == "all":
            merged.append(now)
        elif entry[0] == "new" and now[1] == ZERO:
            continue
        else:
            return None
    return merged + pending
