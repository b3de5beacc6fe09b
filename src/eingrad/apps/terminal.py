"""Where answers go: text with styles, in colour on a terminal, plain in a pipe.

rich is imported only when colours are written; a pipe never waits for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

Segment = tuple[str, str]  # text, style
Line = Sequence[Segment]

STYLES = {
    "": "",
    "label": "dim",
    "title": "bold",
    "formula": "bold cyan",
    "note": "yellow",
    "good": "green",
    "bad": "bold red",
}


def wants_colour(stream: IO[str], choice: bool | None) -> bool:
    """Whether to colour: as the user chose, else on a terminal unless `NO_COLOR` is set."""
    if choice is not None:
        return choice
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(getattr(stream, "isatty", lambda: False)())


def prepare(*streams: Any) -> None:
    """Make streams that take every character: what an encoding lacks is written as an escape."""
    for stream in streams:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def write_lines(lines: Iterable[Line], stream: IO[str], *, colour: bool) -> None:
    """Write lines of styled segments."""
    lines = [[(printable(text), style) for text, style in line] for line in lines]
    if not colour:
        stream.write("".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(
        file=stream,
        force_terminal=True,
        highlight=False,
        soft_wrap=True,
        legacy_windows=False,
        no_color=False,
    )
    for line in lines:
        console.print(Text.assemble(*((text, STYLES[style]) for text, style in line)))


def write_code(text: str, language: str, stream: IO[str], *, colour: bool) -> None:
    """Write generated text; Python in colour where colours are wanted."""
    text = text if text.endswith("\n") else text + "\n"
    if not colour or language != "python":
        stream.write(text)
        return
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console(file=stream, force_terminal=True, soft_wrap=True, legacy_windows=False)
    console.print(Syntax(text, language, background_color="default"), soft_wrap=True)


def printable(text: str) -> str:
    """The text without characters that would drive the terminal: those are shown as escapes.

    >>> printable("a\\x1b[31mb\\nc")
    'a\\\\x1b[31mb\\nc'
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in "\n" else c.encode("unicode_escape").decode() for c in text
    )


def silence(stream: IO[str]) -> None:
    """Point a stream whose reader is gone at nothing, so that flushing it at exit cannot fail."""
    try:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, stream.fileno())
        os.close(sink)
    except (OSError, ValueError):  # not a file, or closed already
        pass


def error_lines(message: str) -> list[Line]:
    """An error as lines: what is wrong stands out, the drawing below it does not."""
    first, *rest = message.split("\n")
    return [[("error: ", "bad"), (first, "title")], *([(line, "")] for line in rest)]


def standard_error() -> IO[str]:
    """Standard error, or somewhere harmless when there is none."""
    return sys.stderr if sys.stderr is not None else open(os.devnull, "w")
