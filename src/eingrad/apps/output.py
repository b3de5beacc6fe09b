"""In which form an answer is written, and where to: the options that commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError

if TYPE_CHECKING:
    from ..explain.forms import Document

FORMATS = ("text", "markdown", "html", "latex", "json")
SUFFIXES = {
    ".txt": "text",
    ".md": "markdown",
    ".html": "html",
    ".tex": "latex",
    ".json": "json",
}
COLOURS = {"always": True, "never": False, "auto": None}


@dataclass(frozen=True)
class Output:
    """What was asked for.

    Attributes
    ----------
    form:
        One of FORMATS; None where none was named and the file does not say.
    path:
        The file to write, if any.
    colour:
        Always, never, or (None) on a terminal.
    font:
        A font file for a page of HTML.
    """

    form: str | None = None
    path: str | None = None
    colour: bool | None = None
    font: str | None = None

    @property
    def as_json(self) -> bool:
        """Whether the answer is JSON."""
        return self.format == "json"

    @property
    def format(self) -> str:
        """The form that is named, else that of the file's suffix, else text.

        Raises
        ------
        InputError
            The suffix is none of those.
        """
        if self.form is not None or self.path is None:
            return self.form or "text"
        suffix = Path(self.path).suffix.lower()
        if suffix not in SUFFIXES:
            raise InputError(
                f"which format is {Path(self.path).name!r}? its name does not say",
                hint=f"end it with {', '.join(SUFFIXES)}, or add --format {'|'.join(FORMATS)}",
            )
        return SUFFIXES[suffix]

    @property
    def plain(self) -> bool:
        """Whether the answer is text on standard output."""
        return self.path is None and self.format == "text"

    def text(self, document: Document) -> str:
        """A document in the form that was asked for; JSON is made by the commands."""
        from ..explain.forms import latex, markdown, page, text

        makers: dict[str, Callable[[], str]] = {
            "text": lambda: text.text(document) + "\n",
            "markdown": lambda: markdown.markdown(document),
            "html": lambda: page.page(document, self.font),
            "latex": lambda: latex.latex(document),
        }
        return makers[self.format]()


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--format`, `--output`, `--font`, `--json`, `--color`, `--plain`; the command is given
    an `Output` instead of them."""

    @functools.wraps(command)
    def wrapped(
        *args: Any,
        form: str | None,
        path: str | None,
        font: str | None,
        as_json: bool,
        colour: str,
        plain: bool,
        **kwargs: Any,
    ) -> Any:
        if as_json and form not in (None, "json"):
            raise click.UsageError(f"--json and --format {form} are two formats: ask for one")
        shade = False if plain else COLOURS[colour]
        output = Output("json" if as_json else form, path, shade, font)
        if font and output.format != "html":
            raise click.UsageError("--font is put into a page: add --format html")
        return command(*args, output=output, **kwargs)

    for option in _OPTIONS:
        wrapped = option(wrapped)
    return wrapped


_OPTIONS: Sequence[Callable[[Any], Any]] = (
    click.option("--plain", is_flag=True, help="The same as --color never."),
    click.option(
        "--color",
        "colour",
        type=click.Choice(tuple(COLOURS)),
        is_flag=False,
        flag_value="always",
        default="auto",
        help="Colours always (also without a word), never, or auto: on a terminal, unless NO_COLOR "
        "is set.",
    ),
    click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
    click.option(
        "--font", type=click.Path(dir_okay=False), help="With HTML: a mathematical font to embed."
    ),
    click.option(
        "-o",
        "--output",
        "path",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Write to a file; its suffix says how, unless --format does.",
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        help="How the answer is written: text (the default), Markdown, a page of HTML with MathML, "
        "a LaTeX document, JSON (errors included).",
    ),
)
