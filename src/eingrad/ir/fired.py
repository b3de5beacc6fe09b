"""Which rewrites of the records were used while something was built, for those who explain it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from .node import Node


@dataclass(frozen=True)
class Fired:
    """A rewrite that was used.

    Attributes
    ----------
    record:
        The name of the record that has it.
    law:
        What it says, from its documentation: `log(1 + exp b) = softplus(b)`.
    before, after:
        The application as it was asked for, and what it became; None for a rewrite of factors of a
        product, which are no node of their own.
    """

    record: str
    law: str
    before: Node | None = None
    after: Node | None = None


_LISTENING: ContextVar[list[Fired] | None] = ContextVar("listening", default=None)


@contextmanager
def listening() -> Iterator[list[Fired]]:
    """The rewrites that are used inside of the block, in order.

    >>> import eingrad.functions
    >>> from eingrad.ir import build
    >>> from eingrad.ir.apply import apply
    >>> from eingrad.ir.node import variable
    >>> with listening() as fired:
    ...     result = apply("inv", apply("inv", variable("X", build.dims("n", "n"))))
    >>> fired[0].law
    '(X⁻¹)⁻¹ = X'
    """
    heard: list[Fired] = []
    token = _LISTENING.set(heard)
    try:
        yield heard
    finally:
        _LISTENING.reset(token)


def is_heard() -> bool:
    """Whether anybody listens."""
    return _LISTENING.get() is not None


def tell(
    record: str, rewrite: Callable[..., Any], before: Node | None = None, after: Node | None = None
) -> None:
    """Note a rewrite that was used."""
    heard = _LISTENING.get()
    if heard is not None:
        heard.append(Fired(record, law_of(rewrite), before, after))


def law_of(rewrite: Callable[..., Any]) -> str:
    """The first law that a rewrite's documentation states, with = for its arrow."""
    text = (rewrite.__doc__ or "").strip().split("\n\n")[0]
    text = " ".join(text.split())
    if "->" not in text:
        return text.rstrip(".")
    first = text.split(", ")[0] if text.split(", ")[0].count("->") == 1 else text
    for end in (": ", "; "):
        first = first.split(end)[0]
    return first.replace("->", "=").rstrip(".")
