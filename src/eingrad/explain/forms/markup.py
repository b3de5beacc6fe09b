"""The tree as HTML with MathML; pictures are embedded as SVG.

Structure carries what is meant: headings, an ordered list of steps, a description list, tables
with header cells. Every formula has its plain text as `alttext`. Colours are never the only sign:
what a step changes stands in a box.
"""

from __future__ import annotations

from html import escape

from ...errors import UnsupportedError
from ...notation.mathml import TALL
from ..written import MARKUP, PLAIN, Math, Prose
from .tree import (
    Aligned,
    Block,
    Display,
    Document,
    Figure,
    Formulas,
    Labelled,
    Listed,
    Paragraph,
    Section,
    Steps,
    Table,
)

NAMESPACE = "http://www.w3.org/1998/Math/MathML"


def fragment(document: Document, level: int = 3) -> str:
    """The document as an element that fits into a page; its title is a heading of that level."""
    head = f"<h{level}>{prose(document.title)}</h{level}>"
    return "\n".join(['<section class="eingrad" lang="en">', head, body(document, level + 1)]) + (
        "\n</section>"
    )


def body(document: Document, level: int) -> str:
    """The blocks alone; sections begin with headings of that level."""
    parts = []
    number = 0
    for block in document.blocks:
        if isinstance(block, Section) and document.numbered and block.title:
            number += 1
            parts.append(_section(block, level, f"{number}. "))
        else:
            parts.append(_block(block, level))
    return "\n".join(parts)


def _block(block: Block, level: int) -> str:
    if isinstance(block, Paragraph):
        return f"<p{_class(block.style)}>{prose(block.prose)}</p>"
    if isinstance(block, Display):
        return _display(block)
    if isinstance(block, Aligned):
        return _aligned(block)
    if isinstance(block, Formulas):
        items = "\n".join(f"<li>{mathml(item)}</li>" for item in block.items)
        longest = max((len(PLAIN.draw(item)) for item in block.items), default=0)
        return f'<ul class="formulas" style="--longest: {longest}">\n{items}\n</ul>'
    if isinstance(block, Labelled):
        return _labelled(block)
    if isinstance(block, Listed):
        return _listed(block)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return _figure(block)
    if isinstance(block, Section):
        return _section(block, level)
    if isinstance(block, Steps):
        items = "\n".join(_step(step, level) for step in block.items)
        return f'<ol class="steps">\n{items}\n</ol>'
    return fragment(block.document, level)


def _section(section: Section, level: int, number: str = "") -> str:
    head = f"<h{level}>{number}{prose(section.title)}</h{level}>\n" if section.title else ""
    below = level + 1 if section.title else level
    inside = "\n".join(_block(b, below) for b in section.blocks)
    return f"<section>\n{head}{inside}\n</section>"


def _step(step: Section, level: int) -> str:
    inside = "\n".join(_block(b, level + 1) for b in step.blocks)
    return f"<li>\n<h{level}>{prose(step.title)}</h{level}>\n{inside}\n</li>"


def _display(block: Display) -> str:
    if block.pieces:
        pieces = "\n".join(mathml(piece, wide=True) for piece in block.pieces)
        return f'<p class="sum">{pieces}</p>'
    math = block.math
    if block.left is not None:
        math = Math((*block.left.parts, " = ", *math.parts))
    side = f'<p class="shapes">[{escape(block.side)}]</p>' if block.side else ""
    return f'<div class="formula">{mathml(math, display=True)}{side}</div>'


def _aligned(block: Aligned) -> str:
    rows = "\n".join(
        f"<tr><td>{mathml(left)}</td><td>=</td><td>{mathml(right)}</td>"
        + (f'<td class="shapes">({escape(side)})</td>' if side else "")
        + "</tr>"
        for left, right, side in block.rows
    )
    return f'<div class="wide"><table class="aligned" role="presentation">\n{rows}\n</table></div>'


def _labelled(block: Labelled) -> str:
    parts: list[str] = []
    for k, (word, said, style) in enumerate(block.rows):
        if word:
            parts.append(f"<dt>{escape(word)}</dt>")
        elif not k:  # sentences before the first word
            parts.append("<dt>read as</dt>")
        parts.append(f"<dd{_class(style)}>{prose(said)}</dd>")
    return "<dl>\n" + "\n".join(parts) + "\n</dl>"


def _listed(block: Listed) -> str:
    rows = "\n".join(
        f'<li><div class="formula"><span>{escape(name)}</span>{mathml(math, display=True)}'
        + (f'<span class="note">({escape(remark)})</span>' if remark else "")
        + "</div></li>"
        for name, math, remark in block.rows
    )
    kind = "ol" if block.numbered else "ul"
    return f'<{kind} class="paths">\n{rows}\n</{kind}>'


def _table(block: Table) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        return (
            "<tr>"
            + "".join(
                f'<{tag} class="{"number" if a == "r" else "word"}">{escape(cell)}</{tag}>'
                for cell, a in zip(cells, block.align, strict=True)
            )
            + "</tr>"
        )

    caption = f"<caption>{escape(block.caption)}</caption>" if block.caption else ""
    head = f"<thead>{row(block.header, 'th')}</thead>" if any(block.header) else ""
    rows = "\n".join(row(cells, "td") for cells in block.rows)
    return f'<div class="wide"><table>{caption}{head}<tbody>\n{rows}\n</tbody></table></div>'


def _figure(block: Figure) -> str:
    try:
        svg = block.svg()
    except UnsupportedError as error:  # the program that draws it is not installed
        return f'<p class="note">{escape(str(error))}</p>'
    # Below the declaration and the document type, which have no place inside of a page.
    svg = svg[svg.index("<svg") :]
    return f'<figure role="img" aria-label="{escape(block.alt)}" tabindex="0">\n{svg}\n</figure>'


def _class(style: str) -> str:
    return f' class="{style}"' if style else ""


def prose(said: Prose) -> str:
    """Sentences as HTML."""
    return "".join(escape(p) if isinstance(p, str) else mathml(p) for p in said)


def mathml(row: Math, display: bool = False, wide: bool = False) -> str:
    """A row as a MathML element, with its plain text for readers without mathematics."""
    kind = ' display="block"' if display else ' displaystyle="true"' if wide else ""
    alternative = escape(PLAIN.draw(row).replace("\n", "; "))
    drawn = MARKUP.draw(row)
    if any(tag in drawn for tag in TALL):  # brackets of a row, which its parts stand between
        drawn = drawn.replace(' stretchy="false">⟨', ">⟨").replace(' stretchy="false">⟩', ">⟩")
    return f'<math xmlns="{NAMESPACE}"{kind} alttext="{alternative}"><mrow>{drawn}</mrow></math>'
