"""A line of progress on a terminal, written over by the next one; nothing in a pipe or file."""

from __future__ import annotations

import sys


def show_progress(text: str, *, last: bool = False) -> None:
    """Write a line on the standard error over the one before.

    Parameters
    ----------
    text:
        The line; nothing takes away the one before.
    last:
        Whether the line stays, and what comes next begins a new one.
    """
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="\n" if last else "", file=sys.stderr, flush=True)


__all__ = ["show_progress"]
