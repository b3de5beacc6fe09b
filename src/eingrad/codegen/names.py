"""Safe Python identifiers for names that users chose: nothing else of their text is written."""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from collections.abc import Iterable

RESERVED = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins))


def identifier(name: str) -> str:
    """An identifier that resembles `name`: its letters, digits and underscores, in Unicode's NFKC.

    >>> identifier("x₁"), identifier("λ"), identifier("a'; import os"), identifier("2x")
    ('x1', 'λ', 'a___import_os', '_2x')
    """
    text = unicodedata.normalize("NFKC", name)
    text = "".join(c if ("a" + c).isidentifier() else "_" for c in text)
    if not text.isidentifier():
        text = "_" + text
    return unicodedata.normalize("NFKC", text)


class Names:
    """Names of one scope: each asked for once, made unique by underscores."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        self._next: dict[str, int] = {}

    def fresh(self, wanted: str) -> str:
        """`wanted` as an identifier that nothing else in the scope has."""
        name = identifier(wanted)
        while name in self.taken or name in RESERVED:
            name += "_"
        self.taken.add(name)
        return name

    def numbered(self, stem: str) -> str:
        """The first free one of stem0, stem1, …."""
        number = self._next.get(stem, 0)
        while f"{stem}{number}" in self.taken:
            number += 1
        self._next[stem] = number + 1
        self.taken.add(f"{stem}{number}")
        return f"{stem}{number}"
