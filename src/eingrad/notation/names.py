"""Names that a formula invents: never one of the user's, never one twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

LETTERS = "ijklmnpqrstuvwxyzabcfgh"
FIRST = "ijkl"
OTHER_SCALARS = "abcghstuvwz"
OTHER_VECTORS = "pqrstuvwzhkabcg"
OTHER_MATRICES = "PQRSTUVWZFGHMNLJYABD"


class Names:
    """The names that are taken in one formula, and fresh ones."""

    def __init__(self, taken: Iterable[str], sizes: Iterable[str] = ()) -> None:
        self.taken = set(taken)
        self.sizes = frozenset(sizes)

    def fresh(self, stem: str, numbered: bool = False) -> str:
        """`stem`, or `stem1`, `stem2`, … where it is taken (always with a number if `numbered`)."""
        candidate, k = stem, 0
        while candidate in self.taken or (numbered and not k):
            k += 1
            candidate = f"{stem}{k}"
        self.taken.add(candidate)
        return candidate

    def for_kind(self, ndim: int, first: str = "") -> str:
        """A name for a "where" line: small letters for vectors, capitals for matrices."""
        pool = (OTHER_SCALARS, OTHER_VECTORS, OTHER_MATRICES)[min(ndim, 2)]
        wanted = first.upper() if ndim >= 2 else first.lower()
        for letter in wanted + pool:
            if letter not in self.taken:
                self.taken.add(letter)
                return letter
        return self.fresh(pool[0], numbered=True)

    def letters(self) -> Iterator[str]:
        """Index letters i, j, k, …, then i1, j1, …, without the names that are taken.

        Beyond the usual i, j, k, l the names of sizes are left out as well.
        """
        k = 0
        while True:
            for letter in LETTERS:
                candidate = f"{letter}{k or ''}"
                unclear = letter not in FIRST and candidate in self.sizes
                if candidate not in self.taken and not unclear:
                    yield candidate
            k += 1
