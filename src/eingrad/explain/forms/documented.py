"""What everything that is explained can do: be written in each output form, and shown."""

from __future__ import annotations

import json as encoder
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import InputError, UnsupportedError
from . import latex, markdown, page, text
from .tree import Document

FORMATS = ("text", "markdown", "html", "latex", "json")
SUFFIXES = {
    ".html": "html",
    ".tex": "latex",
    ".md": "markdown",
    ".txt": "text",
    ".json": "json",
}


class Documented:
    """Output forms of one tree.

    A class gives `document()` and `json()`; the rest follows.
    """

    def document(self) -> Document:
        """The tree."""
        raise NotImplementedError

    def json(self) -> Any:
        """Plain data."""
        raise NotImplementedError

    def text(self, *parts: int) -> str:
        """Plain text, of a document in numbered parts also that of some of them.

        Raises
        ------
        InputError
            There is no part of that number.

        Examples
        --------
        >>> import eingrad
        >>> print(eingrad.derivative("A*x", "x").entries(m=2, n=2).text(2))
        2. Each by each: 4 derivatives, 0 of them zero
           ∂y_1/∂x_1 = a_11   ∂y_1/∂x_2 = a_12
           ∂y_2/∂x_1 = a_21   ∂y_2/∂x_2 = a_22
        """
        return text.text(self.document(), parts)

    def markdown(self) -> str:
        """Markdown with LaTeX between dollars."""
        return markdown.markdown(self.document())

    def html(self, *, page: bool = False, font: str | Path | None = None) -> str:
        """HTML with MathML: an element, or a whole page.

        Parameters
        ----------
        page:
            A page by itself, with a title and a style; it loads nothing.
        font:
            For a page: a file with a mathematical font that is put into it.

        Raises
        ------
        InputError
            The font cannot be read, or there is no page to put it into.
        """
        return html(self.document(), whole=page, font=font)

    def latex(self) -> str:
        """A LaTeX document, for LuaLaTeX or XeLaTeX."""
        return latex.latex(self.document())

    def in_format(self, form: str, font: str | Path | None = None) -> str:
        """One of `text`, `markdown`, `html` (a page), `latex`, `json`.

        Raises
        ------
        InputError
            There is no such format.
        """
        makers: dict[str, Callable[[], str]] = {
            "text": self.text,
            "markdown": self.markdown,
            "html": lambda: self.html(page=True, font=font),
            "latex": self.latex,
            "json": lambda: encoder.dumps(self.json(), ensure_ascii=False, indent=2),
        }
        if form not in makers:
            raise InputError(f"there is no format {form}", hint=f"formats: {', '.join(FORMATS)}")
        return makers[form]()

    def save(self, path: str | Path) -> Path:
        """Write the form that the suffix says: a page of HTML, LaTeX, Markdown, text, JSON; a
        picture where there is one.

        Raises
        ------
        InputError
            The suffix is another one, or the file cannot be written.
        """
        target = Path(path)
        drawn = self.pictures()
        form = target.suffix.lower()
        if form not in SUFFIXES and form not in drawn:
            raise InputError(
                f"cannot write {target.name!r}: it may end with {', '.join([*drawn, *SUFFIXES])}",
                hint=f"for instance {target.stem or 'derivation'}{next(iter([*drawn, *SUFFIXES]))}",
            )
        written(target, drawn[form]() if form in drawn else self.in_format(SUFFIXES[form]).encode())
        return target

    def pictures(self) -> dict[str, Callable[[], bytes]]:
        """The pictures that there are besides the forms of the tree, by suffix."""
        return {}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        drawn = self.pictures().get(".svg")
        return bundle(self.document(), drawn)

    def __str__(self) -> str:
        return self.text()


def html(document: Document, *, whole: bool, font: str | Path | None = None) -> str:
    """A document as an element or as a page."""
    if whole:
        return page.page(document, font)
    if font is not None:
        raise InputError("a font is put into a page", hint="html(page=True, font=…)")
    return page.fragment(document)


def bundle(document: Document, svg: Callable[[], bytes] | None = None) -> dict[str, str]:
    """What a notebook takes its pick from; no picture where its program is not installed."""
    try:
        picture = {} if svg is None else {"image/svg+xml": svg().decode()}
    except UnsupportedError:
        picture = {}
    return picture | {
        "text/plain": text.text(document),
        "text/markdown": markdown.markdown(document),
        "text/html": page.notebook(document),
        "text/latex": latex.fragment(document),
    }


def written(target: Path, data: bytes) -> None:
    """Write a file.

    Raises
    ------
    InputError
        It cannot be written.
    """
    try:
        target.write_bytes(data)
    except OSError as error:
        raise InputError(f"cannot write {str(target)!r}: {error.strerror}") from None
