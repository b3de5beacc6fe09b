"""A whole HTML page around a document: readable on paper, on a narrow screen and in the dark."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

from ...errors import InputError
from ..written import plain
from .markup import body, fragment, prose
from .tree import Document

FONTS = {".woff2": "font/woff2", ".woff": "font/woff", ".otf": "font/otf", ".ttf": "font/ttf"}

# Within notebooks only what a notebook does not have already.
STYLE = """\
.eingrad .mark { border: 1px solid; border-radius: 2px; padding: 0.2em 0.25em; }
.eingrad math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", math; }
.eingrad .formula, .eingrad .wide { overflow-x: auto; overflow-y: hidden; padding: 0.15em 0; }
.eingrad .formula { display: flex; flex-wrap: wrap; justify-content: space-between;
  align-items: center; gap: 0 1.5em; }
.eingrad .formula > math { display: block math; width: auto; margin: 0.25em 0 0.25em 1em; }
.eingrad .shapes { font-size: 0.85em; opacity: 0.75; margin: 0 0 0 auto; }
.eingrad .formulas { list-style: none; padding: 0; display: grid; gap: 0.5em 1.2em;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, calc(var(--longest) * 0.42em)), 1fr)); }
.eingrad .formulas li { max-width: 100%; overflow-x: auto; overflow-y: hidden; }
.eingrad .aligned td { border: 0; padding: 0.15em 0.3em; text-align: left; }
.eingrad .sum { display: flex; flex-wrap: wrap; align-items: center; gap: 0.6em 0.2em;
  padding-left: 1em; }
.eingrad .sum math { max-width: 100%; overflow-x: auto; overflow-y: hidden; }
.eingrad .paths .formula { justify-content: start; }
.eingrad .paths .formula > span { white-space: nowrap; }
.eingrad mtd { padding: 0.3em 0.5em; }
.eingrad figure { margin: 1em 0; overflow-x: auto; }
.eingrad figure svg { max-width: max(100%, 40rem); height: auto; }
.eingrad dt { font-weight: 600; } .eingrad dd { margin-left: 1em; }
.eingrad .good::before { content: "✓ "; } .eingrad .bad::before { content: "✗ "; }
.eingrad td.number { text-align: right; font-variant-numeric: tabular-nums; }
"""

_PAGE = """\
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --faint: #5a5a5a;
  --line: #c8c8c8; --mark: #fff3c4; --good: #11601f; --bad: #a01414; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #16181c;
  --faint: #a8a8a8; --line: #4a4e57; --mark: #3d3517; --good: #7fd48f; --bad: #ff9a92; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.55;
  font: 1.0625rem/1.55 "STIX Two Text", "Libertinus Serif", Georgia, "Times New Roman", serif; }
main { max-width: 50rem; margin: 0 auto; padding: 1.5rem clamp(0.9rem, 4vw, 2.5rem) 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; font-weight: 600; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; font-weight: 600; margin: 1.8em 0 0.5em; }
h3, h4, h5 { font-size: 1.05rem; font-weight: 600; margin: 1.2em 0 0.3em; }
p { margin: 0.5em 0; overflow-wrap: anywhere; }
.steps, .paths { padding-left: 1.6em; }
.steps > li { padding-left: 0.3em; margin-bottom: 1.3em; }
.steps > li::marker { font-weight: 600; color: var(--faint); }
.steps h2, .steps h3, .steps h4 { font-size: 1.05rem; margin: 0 0 0.3em; }
.eingrad math { font-size: 1.05em; }
.eingrad .mark { background: var(--mark); }
.eingrad .shapes, .note { color: var(--faint); opacity: 1; }
.title { font-weight: 600; } .good { color: var(--good); } .bad { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15em 1em; }
dt { grid-column: 1; color: var(--faint); } dd { grid-column: 2; margin: 0; min-width: 0;
  overflow-wrap: anywhere; }
@media (max-width: 32rem) { dl { display: block; } dd { margin: 0 0 0.4em 1em; } }
table { border-collapse: collapse; }
caption { text-align: left; padding: 0.3em 0; }
th, td { padding: 0.2em 0.7em; border-bottom: 1px solid var(--line); text-align: left; }
th { font-weight: 600; } th.number { text-align: right; }
figure svg { background: #ffffff; border-radius: 4px; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); color: var(--faint);
  font-size: 0.85rem; }
@media print { main { max-width: none; padding: 0; } .steps > li { break-inside: avoid; } }
"""


def page(document: Document, font: str | Path | None = None) -> str:
    """A page by itself: nothing is loaded from anywhere.

    Parameters
    ----------
    font:
        A file with a mathematical font (.woff2, .woff, .otf, .ttf) to be put into the page; without
        one the page uses STIX Two Math or Latin Modern Math where they are installed.

    Raises
    ------
    InputError
        The file is no font, or cannot be read.
    """
    return f"""<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>{escape(plain(document.title))}</title>
<style>
{_face(font)}{STYLE}{_PAGE}</style>
</head>
<body>
<main class="eingrad">
<h1>{prose(document.title)}</h1>
{body(document, 2)}
</main>
</body>
</html>
"""


def notebook(document: Document) -> str:
    """The document as a notebook shows it: an element with the style that it needs."""
    return f"<style>\n{STYLE}</style>\n{fragment(document)}"


def _face(font: str | Path | None) -> str:
    sources = ['local("STIX Two Math")', 'local("STIXTwoMath-Regular")']
    if font is not None:
        sources = [_embedded(Path(font))]
    return (
        '@font-face { font-family: "STIX Two Math"; font-display: swap;\n'
        f"  src: {', '.join(sources)}; }}\n"
    )


def _embedded(font: Path) -> str:
    kind = FONTS.get(font.suffix.lower())
    if kind is None:
        raise InputError(
            f"{font.name!r} is no font file", hint=f"fonts are {', '.join(sorted(FONTS))}"
        )
    try:
        data = font.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {str(font)!r}: {error.strerror}") from None
    return f"url(data:{kind};base64,{base64.b64encode(data).decode('ascii')})"
