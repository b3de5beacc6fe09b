"""How large a result may be: nothing over the limit is allocated."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from typing import Any

from ..errors import InputError, SizeLimitError


def free_memory() -> int:
    """Bytes of memory that are free for new arrays, as the system says it."""
    try:
        with open("/proc/meminfo") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 4 << 30


def default_limit() -> int:
    """A quarter of what is free."""
    return free_memory() // 4


def size_text(n: float) -> str:
    """Bytes for people.

    >>> size_text(320_000_000), size_text(12)
    ('320 MB', '12 bytes')
    """
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= scale:
            return f"{n / scale:.3g} {unit}"
    return f"{n:.0f} bytes"


def check_size(
    shape: Iterable[int],
    itemsize: int,
    limit: int | None,
    what: str,
    hint: str = "",
    source: str = "as asked for",
) -> None:
    """Refuse an array before it is allocated.

    Raises
    ------
    SizeLimitError
        With the size and the limit.
    """
    shape = tuple(int(n) for n in shape)
    check_bytes(
        math.prod(shape) * itemsize, limit, f"{what} {'×'.join(map(str, shape))}", hint, source
    )


def check_bytes(
    needed: int, limit: int | None, what: str, hint: str = "", source: str = "as asked for"
) -> None:
    """Refuse so many bytes, see `check_size`; `source` says where the limit is from."""
    # Reading the system's figures takes longer than a small result: large ones only.
    if limit is None and needed <= 1 << 20:
        return
    if isinstance(limit, str):
        raise InputError(f"a limit is a number of bytes, not {limit!r}")
    allowed = default_limit() if limit is None else limit
    if needed > allowed:
        if limit is None:
            source = "a quarter of the free memory"
        message = (
            f"{what} would take {size_text(needed)}; the limit is {size_text(allowed)} ({source})"
        )
        raise SizeLimitError(message + (f"\n{hint}" if hint else ""))


def itemsize_of(dtype: Any) -> int:
    """Bytes of one number."""
    import numpy as np

    return np.dtype(dtype).itemsize
