"""The tree as plain text: lines of segments with a style, which a terminal may colour."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from ...errors import InputError
from ..written import PLAIN, Math, plain
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

Segment = tuple[str, str]  # text, style
Line = list[Segment]

WIDTH = 100
LABEL = 12  # of the column of labels
STEP, SECTION = 3, 2  # how far the body of a step or a section stands in
BESIDE = 2  # of a formula within a step, beyond its sentences


def text(document: Document, parts: Sequence[int] = ()) -> str:
    """The document as plain text, or its sections of these numbers."""
    return "\n".join("".join(part for part, _ in line) for line in lines(document, parts))


def lines(document: Document, parts: Sequence[int] = ()) -> list[Line]:
    """The document as lines of styled segments, or its sections of these numbers."""
    if parts:
        return _chosen(document, parts)
    result: list[Line] = []
    if document.headed:
        result.append([(plain(document.title), "title")])
    number = 0
    for block in document.blocks:
        if document.spaced and result and not isinstance(block, Figure):
            result.append([])
        if isinstance(block, Section) and document.numbered and block.title:
            number += 1
            result += _section(block, number)
        else:
            result += _block(block)
    return result


def _chosen(document: Document, parts: Sequence[int]) -> list[Line]:
    sections = [b for b in document.blocks if isinstance(b, Section) and document.numbered]
    missing = [k for k in parts if not 1 <= k <= len(sections)]
    if missing:
        there = f"they are 1 to {len(sections)}" if sections else "it has no numbered parts"
        raise InputError(f"there is no part {missing[0]}: {there}")
    return [line for k in parts for line in [[], *_section(sections[k - 1], k)]][1:]


def _block(block: Block, beside: int = 0) -> list[Line]:
    if isinstance(block, Paragraph):
        said = plain(block.prose)
        return [[(line, block.style)] for line in _wrapped(said)]
    if isinstance(block, Display):
        return _display(block, beside)
    if isinstance(block, Aligned):
        return _aligned(block)
    if isinstance(block, Formulas):
        return [[(line, "formula")] for line in _side_by_side(block)]
    if isinstance(block, Labelled):
        return [
            [("  " + word.ljust(LABEL), "label"), (line, style)] if not k else _below(line, style)
            for word, prose, style in block.rows
            for k, line in enumerate(plain(prose).split("\n"))
        ]
    if isinstance(block, Listed):
        return _listed(block)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return []
    if isinstance(block, Section):
        return _section(block)
    if isinstance(block, Steps):
        return [line for k, item in enumerate(block.items, 1) for line in _step(item, k)]
    return [[], *_indented(lines(block.document), 2), []]


def _wrapped(said: str) -> Iterable[str]:
    """Sentences as they are: a terminal breaks long lines where it must."""
    return said.split("\n")


def _below(line: str, style: str) -> Line:
    return [(" " * (LABEL + 2), "label"), (line, style)]


def _indented(body: Iterable[Line], by: int) -> list[Line]:
    return [[(" " * by, ""), *line] if line else line for line in body]


def _section(section: Section, number: int | None = None) -> list[Line]:
    head: list[Line]
    if section.title:
        said = plain(section.title)
        head = [[(said if number is None else f"{number}. {said}", "title")]]
    else:
        head = [[]]
    by = 0 if not section.title else SECTION if number is None else STEP
    return head + [line for b in section.blocks for line in _indented(_block(b), by)]


def _step(step: Section, number: int) -> list[Line]:
    head: list[Line] = [[(f"{number}. {plain(step.title)}", "title")]]
    return head + [line for b in step.blocks for line in _indented(_block(b, BESIDE), STEP)]


def _display(block: Display, beside: int) -> list[Line]:
    shapes = f"    [{block.side}]" if block.side else ""
    start, *rest = block.text or PLAIN.draw(block.math).split("\n")
    first: Line = [(" " * beside, "")] if beside else []
    if block.left is not None:
        first += [(PLAIN.draw(block.left), "title"), (" = ", "")]
        rest = [line if block.text else " " * (LABEL + 2) + line for line in rest]
    first.append((start, "formula"))
    if shapes:
        first.append((shapes, "label"))
    return [first, *([(" " * beside + line, "formula")] for line in rest)]


def _aligned(block: Aligned) -> list[Line]:
    left = [PLAIN.draw(a) for a, _, _ in block.rows]
    width = max(map(len, left), default=0)
    return [
        [(a.ljust(width), ""), (" = ", ""), (PLAIN.draw(right), "formula"), (shapes, "label")]
        for a, (_, right, side) in zip(left, block.rows, strict=True)
        for shapes in [f"   ({side})" if side else ""]
    ]


def _side_by_side(block: Formulas) -> list[str]:
    """A row for so many as the columns say, or for fewer where they do not fit."""
    cells = [PLAIN.draw(item) for item in block.items]
    width = max(map(len, cells), default=0)
    across = block.columns
    while across > 1 and (width + 3) * across > WIDTH:
        across = next(k for k in range(across - 1, 0, -1) if len(cells) % k == 0)
    return [
        "   ".join(c.ljust(width) for c in cells[k : k + across]).rstrip()
        for k in range(0, len(cells), across)
    ]


def _listed(block: Listed) -> list[Line]:
    width = max((len(name) for name, _, _ in block.rows), default=0)
    return [
        [
            (f"{k}. " * block.numbered + f"{name.ljust(width)}   ", ""),
            (PLAIN.draw(math), "formula"),
            (f"   ({remark})" if remark else "", "note"),
        ]
        for k, (name, math, remark) in enumerate(block.rows, 1)
    ]


def _table(block: Table) -> list[Line]:
    rows = [block.header, *block.rows] if any(block.header) else [*block.rows]
    widths = [max(len(row[k]) for row in rows) for k in range(len(block.align))]
    said: list[Line] = []
    for row in rows:
        cells = [
            cell.rjust(w) if a == "r" else cell.ljust(w)
            for cell, w, a in zip(row, widths, block.align, strict=True)
        ]
        said.append([("  ".join(cells).rstrip(), "")])
    return said


def joined(head: str, parts: Sequence[str]) -> tuple[str, ...]:
    """Summands below each other in lines of a readable width.

    >>> joined("a = ", ["b"] * 3)
    ('a = b + b + b',)
    """
    pad = " " * (len(head) - 2)
    found, current = [], head
    for k, part in enumerate(parts):
        piece = part if not k else f" + {part}"
        if k and len(current) + len(piece) > WIDTH:
            found.append(current)
            current, piece = pad, f"+ {part}"
        current += piece
    return (*found, current)


def wrapped(sentence: str) -> tuple[str, ...]:
    """A sentence in lines of a readable width."""
    return tuple(textwrap.wrap(sentence, WIDTH))


def matrix(head: str, cells: Sequence[Sequence[Math]]) -> tuple[str, ...]:
    """A matrix over several lines, ⎡ … ⎤, after a head."""
    drawn = [[PLAIN.draw(cell) for cell in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*drawn, strict=True)]
    pad, last = " " * len(head), len(drawn) - 1
    found = []
    for k, row in enumerate(drawn):
        inside = "  ".join(t.ljust(w) for t, w in zip(row, widths, strict=True))
        left, right = "[]" if not last else "⎡⎤" if not k else "⎣⎦" if k == last else "⎢⎥"
        found.append(f"{head if not k else pad}{left} {inside} {right}")
    return tuple(found)
