"""The tree as Markdown with LaTeX between dollars."""

from __future__ import annotations

from ..written import TEX, Math, Prose
from .latexletters import escaped as in_text
from .tree import (
    Aligned,
    Block,
    Display,
    Document,
    Figure,
    Formulas,
    Inset,
    Labelled,
    Listed,
    Paragraph,
    Section,
    Steps,
    Table,
)


def markdown(document: Document, level: int = 2) -> str:
    """The document with headings from a level on; pictures are left to the blocks beside them."""
    parts = [f"{'#' * level} {prose(document.title)}"]
    number = 0
    for block in document.blocks:
        if isinstance(block, Section) and document.numbered and block.title:
            number += 1
            parts += _section(block, level + 1, f"{number}. ")
        else:
            parts += _block(block, level)
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block, level: int) -> list[str]:
    if isinstance(block, Paragraph):
        said = prose(block.prose)
        return [f"**{said}**" if block.style in ("good", "bad", "title") else said]
    if isinstance(block, Display):
        left = TEX.draw(block.left) + " = " if block.left is not None else ""
        side = rf" \qquad [\text{{{in_text(block.side)}}}]" if block.side else ""
        return [_set_apart(left + TEX.draw(block.math) + side)]
    if isinstance(block, Aligned):
        rows = [
            f"{TEX.draw(a)} &= {TEX.draw(b)}" + (rf" && \text{{{in_text(s)}}}" if s else "")
            for a, b, s in block.rows
        ]
        body = " \\\\\n".join(rows)
        return [_set_apart(rf"\begin{{aligned}} {body} \end{{aligned}}")]
    if isinstance(block, Formulas):
        rows = [
            " &emsp; ".join(inline(m) for m in block.items[k : k + block.columns])
            for k in range(0, len(block.items), block.columns)
        ]
        return ["  \n".join(rows)]
    if isinstance(block, Labelled):
        return ["\n".join(_labelled(block))]
    if isinstance(block, Listed):
        rows = [
            (f"{k}. " if block.numbered else "- ")
            + f"{escaped(name)}: {inline(math)}"
            + (f" ({escaped(remark)})" if remark else "")
            for k, (name, math, remark) in enumerate(block.rows, 1)
        ]
        return ["\n".join(rows)]
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return []
    if isinstance(block, Section):
        return _section(block, level + 1)
    if isinstance(block, Steps):
        return [
            part
            for k, step in enumerate(block.items, 1)
            for part in [
                f"**{k}. {prose(step.title)}**",
                *(p for b in step.blocks for p in _block(b, level + 1)),
            ]
        ]
    assert isinstance(block, Inset)
    return [markdown(block.document, level + 1).rstrip()]


def _section(section: Section, level: int, number: str = "") -> list[str]:
    head = [f"{'#' * level} {number}{prose(section.title)}"] if section.title else []
    below = level if section.title else level - 1
    return head + [part for b in section.blocks for part in _block(b, below)]


def _labelled(block: Labelled) -> list[str]:
    """A list with an item for each word; what continues one stands in the same item."""
    rows: list[str] = []
    for word, sentence, _ in block.rows:
        said = prose(sentence)
        if word or not rows:
            rows.append(f"- **{escaped(word)}**: {said}" if word else f"- {said}")
        else:
            rows.append(f"  {said}")
    return rows


def _table(block: Table) -> list[str]:
    ruled = ["---:" if a == "r" else ":---" for a in block.align]
    rows = [block.header, tuple(ruled), *block.rows]
    table = "\n".join(
        "| " + " | ".join(c if k == 1 else escaped(c) for c in row) + " |"
        for k, row in enumerate(rows)
    )
    return [escaped(block.caption), table]


def _set_apart(tex: str) -> str:
    return f"$$\n{tex}\n$$"


def inline(math: Math) -> str:
    """Mathematics within a line."""
    return f"${TEX.draw(math)}$"


def prose(said: Prose) -> str:
    """Sentences, mathematics between dollars."""
    return "".join(escaped(p) if isinstance(p, str) else inline(p) for p in said)


def escaped(text: str) -> str:
    """Text in which no character is read as markup.

    >>> print(escaped("c_12 * a<b"))
    c\\_12 \\* a&lt;b
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return "".join("\\" + c if c in "\\`*_[]|$#~" else c for c in text)
