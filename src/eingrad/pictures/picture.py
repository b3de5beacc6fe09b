"""`Picture`: a derivative as it is drawn, on paper, in a notebook or as plain text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..entries.arrange import Level
from ..entries.content import Content
from ..entries.grid import grid_text
from ..entries.pairs import Pair
from ..errors import InputError, UnsupportedError, library_needed
from .textform import spy_text

SUFFIXES = (".png", ".svg")


@dataclass
class Spy:
    """Where a flattened matrix is not zero."""

    pattern: np.ndarray  # of the picture; a pixel may stand for several entries
    shape: tuple[int, int]  # of the matrix
    step: tuple[int, int]  # entries for each pixel, down and across
    nonzero: int
    row_breaks: Sequence[int]  # where a column of Y ends
    column_breaks: Sequence[int]


@dataclass
class Picture:
    """A derivative as a picture.

    Attributes
    ----------
    kind:
        `blocks`, `stack` or `spy`.
    title, shape, caption:
        Lines above the picture: the formula; shape and sizes; which derivative stands where.
    headers:
        What rows and columns count, for `spy`.
    sizes:
        The numbers that were put in for symbolic sizes.
    """

    kind: str
    title: str
    shape: str
    caption: Pair
    sizes: dict[str, int]
    content: Content | None = None
    levels: tuple[Level, ...] = ()
    spy: Spy | None = None
    headers: tuple[str, str] = ("", "")
    names: dict[tuple[int, ...], str] = field(default_factory=dict)

    @property
    def labels(self) -> np.ndarray:
        """The text of every entry, in the axes of the derivative: output, then inputs.

        Raises
        ------
        InputError
            A `spy` picture has no labels.
        """
        pairs = self._content.labels
        texts = np.empty(pairs.shape, dtype=object)
        for place in np.ndindex(*pairs.shape):
            texts[place] = pairs.item(*place).text
        return texts

    @property
    def notes(self) -> list[Pair]:
        """Lines below: long entries by number, what letters stand for."""
        return self.content.below if self.content else []

    @property
    def _content(self) -> Content:
        if self.content is None:
            raise InputError("a spy picture has no labels", hint='draw it with kind="blocks"')
        return self.content

    def outline(self) -> list[list[str]]:
        """The outermost grid with one symbol for each block: a variable's name, `0`, or D₁, D₂, …

        Equal blocks have equal symbols.
        """
        c = self._content
        outer = self.levels[0]
        down = range(outer.down.size if outer.down else 1)
        across = range(outer.across.size if outer.across else 1)
        seen: dict[bytes, str] = {}
        rows = []
        for i in down:
            row = []
            for j in across:
                where: list[Any] = [slice(None)] * c.classes.ndim
                if outer.down:
                    where[outer.down.number] = i
                if outer.across:
                    where[outer.across.number] = j
                block = np.ascontiguousarray(c.classes[tuple(where)])
                name = self.names.get((i, j), "")
                row.append(name or seen.setdefault(block.tobytes(), f"D_{len(seen) + 1}"))
            rows.append(row)
        return rows

    def say_blocks(self) -> None:
        """Add a line with the blocks by name, where each of them has one: [A 0; 0 A]."""
        rows = self.outline()
        named = len(self.names) == sum(map(len, rows))
        if named and {*self.names.values()} != {"0"}:
            matrix = "; ".join("  ".join(row) for row in rows)
            self.notes.append(Pair(f"by blocks: [{matrix}]", ""))

    def text(self) -> str:
        """The picture as plain text, for terminals."""
        head = [*filter(None, [self.title, self.shape]), self.caption.text, ""]
        if self.spy is not None:
            return "\n".join([*head, *spy_text(self.spy, self.headers)])
        body = grid_text(self.levels, self.labels)
        return "\n".join([*head, *body, "", self.tally, *(pair.text for pair in self.notes)])

    @property
    def tally(self) -> str:
        """How many entries are zero, how many differ."""
        if self.spy is not None:
            total = self.spy.shape[0] * self.spy.shape[1]
            return f"{self.spy.nonzero:,} of {total:,} entries are not zero"
        c = self._content
        return (
            f"{c.labels.size} {'entry' if c.labels.size == 1 else 'entries'}: {c.zeros} zero, "
            f"{c.distinct} different otherwise"
        )

    @cached_property
    def figure(self) -> Any:
        """The matplotlib figure (drawn once; matplotlib's global state is not touched).

        Raises
        ------
        UnsupportedError
            matplotlib is not installed.
        """
        with library_needed("a picture", "text() works without it"):
            import matplotlib.figure  # noqa: F401
        from .paper import draw_grid
        from .spypaper import draw_spy

        return draw_spy(self) if self.spy is not None else draw_grid(self)

    def save(self, path: str | Path) -> Path:
        """Write the picture; the suffix says how, `.png` or `.svg`.

        Raises
        ------
        InputError
            The suffix is another one, or the file cannot be written.
        """
        target = Path(path)
        suffix = target.suffix.lower()
        if suffix not in SUFFIXES:
            raise InputError(
                f"cannot write {target.name!r}: a picture is a .png or a .svg file",
                hint=f"for instance {target.stem or 'picture'}.svg",
            )
        data = self._bytes(suffix[1:])
        try:
            target.write_bytes(data)
        except OSError as error:
            raise InputError(f"cannot write {str(target)!r}: {error.strerror}") from None
        return target

    def _bytes(self, form: str) -> bytes:
        figure = self.figure
        import matplotlib

        buffer = io.BytesIO()
        # The same picture gives the same file: no date, no random names.
        extra: dict[str, Any] = {"metadata": {"Date": None}} if form == "svg" else {"dpi": 160}
        with matplotlib.rc_context({"svg.hashsalt": "eingrad", "hatch.linewidth": 0.7}):
            figure.savefig(buffer, format=form, facecolor="white", **extra)
        return buffer.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        try:
            drawn = {"image/svg+xml": self._bytes("svg").decode(), "image/png": self._bytes("png")}
        except UnsupportedError:  # without matplotlib there is the text
            drawn = {}
        return drawn | {"text/plain": self.text()}

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Picture {self.title!r}: {self.kind}>"
