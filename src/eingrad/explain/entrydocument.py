"""Entry by entry as a document: numbered parts, the matrix of matrices, the combination."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..entries.arrange import Level
from ..entries.labels import subscripted, variable_name
from ..entries.pairs import Pair
from ..ir.node import MATRIX_FACTS
from .forms import (
    DEL,
    PLUS,
    TIMES,
    Aligned,
    Block,
    Bracket,
    Display,
    Document,
    Formulas,
    Fraction,
    Grid,
    Name,
    Paragraph,
    Ready,
    Section,
)
from .forms.text import WIDTH, joined, matrix, wrapped
from .written import PLAIN, Entry, Math, Partial, math

if TYPE_CHECKING:
    from ..entries.content import Content
    from .entries import Combined, EntryByEntry
    from .entrycounted import Counted

MAX_NAMED = 12  # repeats that are listed
MAX_PLACES = 6  # of each
MAX_BLOCKS = 12  # matrices of the linear combination that are written side by side
WIDE = 160  # characters of a matrix that would not be read on a page
LONGEST = 24  # characters of a formula that is written before each of its entries


def document(e: EntryByEntry) -> Document:
    """The whole document."""
    parts: list[tuple[str, list[Block]]] = [
        ("The entries", [Aligned(tuple((_math(a), _math(b), "") for a, b in e.values))]),
        (_derivatives_title(e), [_derivatives(e)]),
    ]
    if len(e.singles) > 1:
        parts.append((_grid_title(e), _grid(e)))
        parts.append(("What is zero, what repeats", _repeats(e)))
    if e.combined is not None:
        parts.append((_combination_title(e, e.combined), _combination(e, e.combined)))
        parts.append(("The formula collects exactly these entries", _collected(e, e.combined)))
    if e.counted is not None:
        parts.append((e.counted.title, _counted(e, e.counted)))
    parts.append(("Proof", [Paragraph(("\n".join(wrapped(e.proof)),))]))
    sections = tuple(Section((title,), tuple(blocks)) for title, blocks in parts)
    return Document((e.title,), sections, numbered=True)


def _math(pair: Pair) -> Math:
    return math(Ready(pair.text, pair.math, pair.mathml))


def _derivatives_title(e: EntryByEntry) -> str:
    if len(e.singles) == 1:
        return "The derivative"
    known = any(v.facts & MATRIX_FACTS for v in e.inputs)
    each = "Each by each, all entries independent" if known else "Each by each"
    return f"{each}: {e.content.labels.size} derivatives, {e.zeros} of them zero"


def _derivatives(e: EntryByEntry) -> Block:
    """A column for each entry of the last input's last axis, where that fits."""
    items = tuple(math(_math(s.called), " = ", _math(s.written)) for s in e.singles)
    return Formulas(items, e.content.labels.shape[-1] if e.content.labels.ndim else 1)


def _grid_title(e: EntryByEntry) -> str:
    if e.n_out == 2 and len(e.inputs) == 1 and e.inputs[0].ndim == 2:
        low = variable_name(e.label[:1].lower() + e.label[1:]).text
        return f"The matrix of matrices: block (i, j) is ∂{low}_ij/∂{e.inputs[0].name}"
    return "All of them in their places"


def _grid(e: EntryByEntry) -> list[Block]:
    return _drawn(e, e.content)


def _counted(e: EntryByEntry, c: Counted) -> list[Block]:
    """What a convention makes of the entries, in their places."""
    formula = Display(math(Name(e.title.split(" ")[0]), " = ", c.convention.written))
    return [Paragraph((c.rule,)), formula, *_drawn(e, c.content)]


def _drawn(e: EntryByEntry, content: Content) -> list[Block]:
    """The entries as a matrix of matrices, with what stands for long ones."""
    whole = _nested(e.levels(content), content.labels, {})
    blocks: list[Block] = [Display(whole, text=tuple(e.grid(content)))]
    below = content.below
    if below:
        blocks.append(Paragraph(("",)))
        blocks += [Display(_math(pair)) if pair.math else Paragraph((pair.text,)) for pair in below]
    return blocks


def _nested(levels: Sequence[Level], labels: Any, place: dict[int, int]) -> Math:
    """Matrices in matrices, as the levels say."""
    if not levels:
        return _math(labels.item(*(place[k] for k in range(labels.ndim))))
    outer, *inner = levels

    def at(i: int, j: int) -> dict[int, int]:
        down = {outer.down.number: i} if outer.down else {}
        across = {outer.across.number: j} if outer.across else {}
        return {**place, **down, **across}

    rows = tuple(
        tuple(
            _nested(inner, labels, at(i, j))
            for j in range(outer.across.size if outer.across else 1)
        )
        for i in range(outer.down.size if outer.down else 1)
    )
    return math(Grid(rows))


def _repeats(e: EntryByEntry) -> list[Block]:
    total = len(e.singles)
    blocks: list[Block] = [Paragraph((_counts(total, e.zeros, e.content.distinct),))]
    repeated = e.repeated
    for k, (entry, names) in enumerate(repeated):
        if k == MAX_NAMED:
            blocks.append(Paragraph((f"… and {len(repeated) - MAX_NAMED} more",)))
            break
        shown = [part for name in names[:MAX_PLACES] for part in (", ", _math(name))][1:]
        rest = [", …"] if len(names) > MAX_PLACES else []
        said = (_math(entry), f" stands {len(names)} times: ", *shown, *rest)
        blocks.append(Paragraph(said))
    if not repeated:
        blocks.append(Paragraph(("none stands twice",)))
    return blocks


def _counts(total: int, zeros: int, distinct: int) -> str:
    """How many entries are zero, and how many different ones there are."""
    if zeros == total:
        return "every entry is zero"
    left = total - zeros
    if not zeros:
        which = f"no entry is zero, all {left}"
    else:
        which = f"{zeros} of {total} entries are zero, the other" + (f" {left}" if left > 1 else "")
    if left == 1:
        return f"{which} is not"
    if left == distinct:
        return f"{which} are different"
    return f"{which} hold {distinct} different one{'s' if distinct > 1 else ''}"


def _combination_title(e: EntryByEntry, c: Combined) -> str:
    x, g = e.inputs[0].name, c.incoming
    return f"The chain rule with {g} = ∂L/∂{e.label}: a linear combination of arrays like {x}"


def _combination(e: EntryByEntry, c: Combined) -> list[Block]:
    x = e.inputs[0].name
    labels = e.content.labels
    low = variable_name(e.label[:1].lower() + e.label[1:])
    g = variable_name(c.incoming[:1].lower() + c.incoming[1:])
    places = list(np.ndindex(*labels.shape[: e.n_out]))
    head = f"∂L/∂{x} = "
    left = math(Partial("L", (x,)))
    first, second = [], []
    for place in places[:MAX_BLOCKS]:
        weight = _math(subscripted(g, place))
        of = _math(subscripted(low, place))
        local = Fraction(math(DEL, of), math(DEL, Name(x)))
        first.append(math(weight, TIMES, local))
        second.append(math(weight, TIMES, _array(labels[place])))
    if len(places) > MAX_BLOCKS:
        first.append(math("…"))
        second.append(math("…"))
    pad = " " * (len(head) - 2)
    found: list[Block] = [_summands(left, head, first)]
    if all(len(PLAIN.draw(s)) < WIDTH for s in second):
        found.append(_summands(left, pad + "= ", second))
    whole = _array(c.pairs)
    lines = _lines(f"{pad}= ", c.pairs)
    below = f"{pad}= the array of the entries below"
    if _breadth(c.labels) < WIDE:
        fits = max(map(len, lines)) < WIDTH
        found.append(Display(math(left, " = ", whole), text=lines if fits else (below,)))
    else:
        found.append(Paragraph((below,)))
    said = f"{c.products} products"
    if c.with_zero:
        said += f", {c.with_zero} of them with a zero"
    return [*found, Paragraph((f"({said})",))]


def _summands(left: Math, head: str, parts: Sequence[Math]) -> Display:
    first, *rest = parts
    pieces = (math(left, " = ", first), *(math(PLUS, part) for part in rest))
    drawn = joined(head, [PLAIN.draw(part) for part in parts])
    return Display(math(*pieces), text=drawn, pieces=pieces)


def _collected(e: EntryByEntry, c: Combined) -> list[Block]:
    x = e.inputs[0].name
    left = math(Partial("L", (x,)))
    rows = []
    for place in np.ndindex(*c.pairs.shape):
        letters = tuple(str(k + 1) for k in place)
        named = math(c.written) if len(c.formula) < LONGEST else left
        if letters and (len(c.formula) > 1 or named is left):
            named = math(Bracket(named))
        name = math(Entry(named, letters)) if letters else named
        rows.append((name, _math(c.pairs.item(*place)), ""))
    return [Display(math(left, " = ", c.written)), Aligned(tuple(rows))]


def _array(pairs: Any) -> Math:
    """An array of entries: a matrix, a column; more axes are a column of those."""
    if not isinstance(pairs, np.ndarray):
        return _math(pairs)
    if not pairs.ndim:
        return _math(pairs.item())
    if pairs.ndim == 2:
        return math(Grid(tuple(tuple(_math(p) for p in row) for row in pairs)))
    return math(Grid(tuple((_array(part),) for part in pairs)))


def _breadth(labels: np.ndarray) -> int:
    """How many characters wide an array is when it is set as a matrix."""
    columns = labels.T if labels.ndim == 2 else [labels]
    return sum(max((len(text) for text in np.ravel(column)), default=0) for column in columns)


def _lines(head: str, pairs: np.ndarray) -> tuple[str, ...]:
    if pairs.ndim != 2:
        return (head + PLAIN.draw(_array(pairs)),)
    return matrix(head, [[_math(p) for p in row] for row in pairs])
