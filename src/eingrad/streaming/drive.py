"""Arrays that are larger than memory, read a block of rows at a time."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import InputError, NameError_, ShapeError
from ..progress import show_progress

BLOCK_BYTES = 16 * 2**20  # of all arrays together: a few times that is needed to work with it


def blocks_of(
    arrays: Mapping[str, Any], axes: Mapping[str, int], rows: int | None = None
) -> tuple[int, Iterator[dict[str, Any]]]:
    """How many blocks there are, and the blocks: slices of all arrays along their rows.

    Pages of a file that was mapped to memory are given back after each block.

    Parameters
    ----------
    axes:
        For each array, the axis that has the rows.
    rows:
        In a block; by default so many that a block holds `BLOCK_BYTES`.

    Raises
    ------
    ShapeError
        The arrays have different numbers of rows, or none.
    InputError
        `rows` is not positive.
    """
    counts = {name: np.shape(arrays[name])[axis] for name, axis in axes.items()}
    total = next(iter(counts.values()))
    for name, count in counts.items():
        if count != total:
            other = next(iter(counts))
            raise ShapeError(f"{name} has {count} rows, but {other} has {total}")
    if not total:
        raise ShapeError("there are no rows")
    if rows is None:
        size = sum(getattr(arrays[name], "nbytes", 8 * total) for name in axes)
        rows = max(1, BLOCK_BYTES * total // max(1, size))
    if rows != int(rows) or rows < 1:
        raise InputError(f"a block has at least one row, not {rows}")
    rows = int(rows)

    def each() -> Iterator[dict[str, Any]]:
        for start in range(0, total, rows):
            part = slice(start, start + rows)
            yield {
                name: arrays[name][(slice(None),) * axis + (part,)] for name, axis in axes.items()
            }
            for name in axes:
                _release(arrays[name])

    return -(-total // rows), each()


def _release(array: Any) -> None:
    """Give the pages of a mapped file back; they are read again if they are wanted again.

    Not those of mode "c", which hold changes that no file has.
    """
    if not isinstance(array, np.memmap) or array.mode == "c":
        return
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(base, "madvise"):
        base.madvise(mmap.MADV_DONTNEED)


def accumulated(
    blocks: Iterable[Mapping[str, Any]],
    axes: Mapping[str, int],
    per_block: Callable[..., Any],
    merge: Callable[[Any, Any], Any],
    count: int | None = None,
) -> Any:
    """The partial results of all blocks, merged one after another; blocks without rows are left
    out.

    On a terminal a line on the standard error counts the blocks.

    Raises
    ------
    NameError_
        A block lacks an array, or has one that is not known.
    InputError
        There is no block with rows.
    """
    total: Any = None
    for number, block in enumerate(blocks, 1):
        if not isinstance(block, Mapping):
            raise InputError(
                f"a block is arrays by name, not {type(block).__name__}",
                hint=f"such as {{{', '.join(f'{n!r}: …' for n in axes)}}}",
            )
        for name in axes.keys() ^ block.keys():
            what = "lacks" if name in axes else "has"
            raise NameError_(f"block {number} {what} {name}", hint=f"rows are: {', '.join(axes)}")
        if any(not np.shape(block[name])[axis] for name, axis in axes.items()):
            continue
        partial = per_block(block)
        total = partial if total is None else merge(total, partial)
        show_progress(f"block {number}" + (f" of {count}" if count else ""))
    show_progress("")
    if total is None:
        raise InputError("there is no block with rows")
    return total
