"""The one exception tree: every error that eingrad raises on purpose is an `EingradError`.

Errors about input carry the text and the spans that they are about, so that any front door can
draw carets under them; `str(error)` already contains the drawing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A half-open range of characters `start:stop` of an input text, with a label to print under
    it."""

    start: int
    stop: int
    label: str = ""


class EingradError(Exception):
    """Base of all errors that eingrad raises on purpose."""


class InputError(EingradError, ValueError):
    """Something is wrong with what was given: the text, a name, a shape, a declaration.

    Parameters
    ----------
    message:
        One sentence that says what is wrong.
    text, spans:
        The input and the places in it that the message is about.
    hint:
        One sentence that says what to do.

    Examples
    --------
    >>> spans = (Span(0, 1, "m×n"), Span(2, 3, "k"))
    >>> print(InputError("shapes do not fit", text="A*x", spans=spans))
    shapes do not fit
      A*x
      ^ ^
      │ └ k
      └ m×n
    """

    def __init__(
        self, message: str, *, text: str = "", spans: tuple[Span, ...] = (), hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.spans = spans
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.message]
        if self.text and self.spans:
            lines += ["  " + line for line in draw_spans(self.text, self.spans)]
        if self.hint:
            lines.append(self.hint)
        return "\n".join(lines)


class ParseError(InputError):
    """The text is not an expression of the language."""


class ShapeError(InputError):
    """Shapes do not fit together."""


class NameError_(InputError):
    """A name is unknown, taken or not allowed."""


class FactError(InputError):
    """A fact is unknown, or contradicts a shape or another fact."""


class SizeLimitError(EingradError):
    """A result would be larger than the limit; nothing has been allocated."""


class SingularError(InputError, ArithmeticError):
    """A linear system has no unique solution; the message names the factor that is singular."""


class UnsupportedError(EingradError, TypeError):
    """A construct that eingrad does not cover; the message names it and says what to do."""


class CheckError(EingradError):
    """A derivative failed its numeric check: a bug in eingrad, never shown as a result."""


def unknown_variable(name: str, known: Iterable[str]) -> NameError_:
    """The error for a name that the expression does not have, with the one that was meant.

    >>> raise unknown_variable("alpha_1", ["alpha1", "x"])
    Traceback (most recent call last):
    eingrad.errors.NameError_: the expression has no variable called 'alpha_1'
    did you mean alpha1?
    """
    from difflib import get_close_matches

    names = list(known)
    close = get_close_matches(name, names, 1)
    return NameError_(
        f"the expression has no variable called {name!r}",
        hint=f"did you mean {close[0]}?" if close else f"it has: {', '.join(names)}",
    )


def missing_values(names: Iterable[str]) -> NameError_:
    """The error for values that are needed and were not given."""
    return NameError_(f"a value for {', '.join(names)} is missing")


def missing_size(symbol: str) -> NameError_:
    """The error for a size that must be given by its symbol, for no array shows it."""
    return NameError_(f"the size {symbol} is missing: no array here shows it")


# Library → the extra of eingrad that installs it.
EXTRAS = {
    **{"jax": "jax", "jaxlib": "jax", "torch": "torch", "tensorflow": "tensorflow"},
    **{"matplotlib": "plot", "sklearn": "demo"},
}


@contextmanager
def library_needed(what: str, instead: str = "") -> Iterator[None]:
    """Run what imports a library of an extra.

    Parameters
    ----------
    what:
        What needs it.
    instead:
        What works without it.

    Raises
    ------
    UnsupportedError
        The library is not installed; the message says how to install it.

    Examples
    --------
    >>> import sys
    >>> known, sys.modules["torch"] = sys.modules.get("torch"), None
    >>> with library_needed("this function"):
    ...     import torch
    Traceback (most recent call last):
    eingrad.errors.UnsupportedError: this function needs torch, which is not installed: pip install
    "eingrad[torch]"
    >>> _ = sys.modules.pop("torch") if known is None else sys.modules.update(torch=known)
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        library = (missing.name or "").split(".")[0]
        if library not in EXTRAS:
            raise
        raise UnsupportedError(
            f"{what} needs {library}, which is not installed: "
            f'pip install "eingrad[{EXTRAS[library]}]"' + (f" ({instead})" if instead else "")
        ) from missing


def draw_spans(text: str, spans: tuple[Span, ...], width: int = 76) -> list[str]:
    """Draw `text` with carets under `spans`, and their labels below; long texts are cut around
    them."""
    clean = "".join(c if c.isprintable() else "�" for c in text)
    first = min(s.start for s in spans)
    last = max(s.stop for s in spans)
    cut = 0
    if len(clean) > width:
        cut = max(0, min(first - 20, len(clean) - width))
        tail = "…" if cut + width < len(clean) else ""
        clean = ("…" if cut else "") + clean[cut : cut + width] + tail
        cut -= 1 if cut else 0
    last = min(last - cut, len(clean))
    caret = [" "] * max(last, first - cut + 1)
    for s in spans:
        for k in range(s.start - cut, max(s.start + 1, s.stop) - cut):
            if 0 <= k < len(caret):
                caret[k] = "^"
    lines = [clean, "".join(caret).rstrip()]
    labelled = sorted((s for s in spans if s.label), key=lambda s: s.start)
    for k in range(len(labelled) - 1, -1, -1):
        if k == len(labelled) - 1 and len(labelled) > 1:
            bars = [" "] * (labelled[k].start - cut)
        else:
            bars = [" "] * max(0, labelled[k].start - cut)
        for other in labelled[:k]:
            if 0 <= other.start - cut < len(bars):
                bars[other.start - cut] = "│"
        lines.append("".join(bars) + "└ " + labelled[k].label)
    return lines
