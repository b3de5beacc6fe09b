"""Entry by entry as lines of text: numbered parts, aligned columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..entries.labels import subscripted, variable_name
from ..errors import InputError

if TYPE_CHECKING:
    from .entries import EntryByEntry

WIDTH = 100
MAX_NAMED = 12  # repeats that are listed
MAX_BLOCKS = 12  # matrices of the linear combination that are written side by side


def written(e: EntryByEntry, numbers: Sequence[int] = ()) -> str:
    """The whole text, or the parts of these numbers alone.

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
    parts = _parts(e)
    missing = [k for k in numbers if not 1 <= k <= len(parts)]
    if missing:
        raise InputError(f"there is no part {missing[0]}: they are 1 to {len(parts)}")
    chosen = [parts[k - 1] for k in numbers] if numbers else [e.title, *parts]
    return "\n\n".join(chosen)


def _parts(e: EntryByEntry) -> list[str]:
    """The numbered parts."""
    parts = [("The entries", _values(e)), (_derivatives_title(e), _derivatives(e))]
    if len(e.singles) > 1:
        below = [pair.text for pair in e.content.below]
        parts.append((_grid_title(e), [*e.grid(), *([""] if below else []), *below]))
        parts.append(("What is zero, what repeats", _repeats(e)))
    if e.combined is not None:
        parts.append((_combination_title(e), _combination(e)))
        parts.append(("The formula collects exactly these entries", _collected(e)))
    parts.append(("Proof", _wrapped(e.proof)))
    return [
        "\n".join([f"{k}. {title}", *("   " + line if line else "" for line in body)])
        for k, (title, body) in enumerate(parts, 1)
    ]


def _values(e: EntryByEntry) -> list[str]:
    width = max(len(name) for name, _ in e.value)
    return [f"{name.ljust(width)} = {text}" for name, text in e.value]


def _derivatives_title(e: EntryByEntry) -> str:
    if len(e.singles) == 1:
        return "The derivative"
    return f"Each by each: {e.content.labels.size} derivatives, {e.zeros} of them zero"


def _derivatives(e: EntryByEntry) -> list[str]:
    """A column for each entry of the last input's last axis, where that fits."""
    cells = [f"{s.name} = {s.text}" for s in e.singles]
    across = e.content.labels.shape[-1] if e.content.labels.ndim else 1
    width = max(map(len, cells))
    while across > 1 and (width + 3) * across > WIDTH:
        across = next(k for k in range(across - 1, 0, -1) if len(cells) % k == 0)
    rows = [cells[k : k + across] for k in range(0, len(cells), across)]
    found = ["   ".join(c.ljust(width) for c in row).rstrip() for row in rows]
    return found


def _grid_title(e: EntryByEntry) -> str:
    if e.n_out == 2 and len(e.inputs) == 1 and e.inputs[0].ndim == 2:
        low = variable_name(e.label[:1].lower() + e.label[1:]).text
        return f"The matrix of matrices: block (i, j) is ∂{low}_ij/∂{e.inputs[0].name}"
    return "All of them in their places"


def _repeats(e: EntryByEntry) -> list[str]:
    total = len(e.singles)
    found = [
        f"{e.zeros} of {total} entries are zero, the other {total - e.zeros} hold "
        f"{e.content.distinct} different ones"
    ]
    for k, (text, names) in enumerate(e.repeats.items()):
        if k == MAX_NAMED:
            found.append(f"… and {len(e.repeats) - MAX_NAMED} more")
            break
        shown = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
        found.append(f"{text} stands {len(names)} times: {shown}")
    if not e.repeats:
        found.append("none stands twice")
    return found


def _combination_title(e: EntryByEntry) -> str:
    assert e.combined is not None
    x, g = e.inputs[0].name, e.combined.incoming
    return f"The chain rule with {g} = ∂L/∂{e.label}: a linear combination of arrays like {x}"


def _combination(e: EntryByEntry) -> list[str]:
    c, x = e.combined, e.inputs[0].name
    assert c is not None
    labels = e.content.labels
    low = variable_name(e.label[:1].lower() + e.label[1:])
    g = variable_name(c.incoming[:1].lower() + c.incoming[1:])
    places = list(np.ndindex(*labels.shape[: e.n_out]))
    head = f"∂L/∂{x} = "
    first, second = [], []
    for place in places[:MAX_BLOCKS]:
        weight = subscripted(g, place).text
        first.append(f"{weight} ∂{subscripted(low, place).text}/∂{x}")
        second.append(f"{weight} {inline(_texts(labels[place]))}")
    if len(places) > MAX_BLOCKS:
        first.append("…")
        second.append("…")
    pad = " " * (len(head) - 2)
    found = _joined(head, first)
    if all(len(s) < WIDTH for s in second):
        found += _joined(pad + "= ", second)
    whole = _matrix(f"{pad}= ", c.labels)
    fits = all(len(line) < WIDTH for line in whole)
    found += whole if fits else [f"{pad}= the array of the entries below"]
    said = f"{c.products} products"
    if c.with_zero:
        said += f", {c.with_zero} of them with a zero"
    return [*found, f"({said})"]


def _collected(e: EntryByEntry) -> list[str]:
    c, x = e.combined, e.inputs[0].name
    assert c is not None
    found = [f"∂L/∂{x} = {c.formula}"]
    for place in np.ndindex(*c.labels.shape):
        at = "".join(str(k + 1) for k in place)
        if max(c.labels.shape, default=0) > 9:
            at = ",".join(str(k + 1) for k in place)
        name = f"({c.formula})" if len(c.formula) < 24 else f"(∂L/∂{x})"
        found.append(f"{name}{'_' if at else ''}{at} = {c.labels.item(*place)}")
    return found


def _texts(pairs: Any) -> Any:
    if not isinstance(pairs, np.ndarray):
        return np.array(pairs.text, dtype=object)
    texts = np.empty(pairs.shape, dtype=object)
    for place in np.ndindex(*pairs.shape):
        texts[place] = pairs.item(*place).text
    return texts


def inline(texts: np.ndarray) -> str:
    """An array of texts in one line: [b_11, b_21; 0, 0].

    >>> inline(np.array([["a", "b"], ["0", "c"]], dtype=object))
    '[a, b; 0, c]'
    """
    if not texts.ndim:
        return str(texts.item())
    if texts.ndim == 1:
        return "[" + "; ".join(map(str, texts)) + "]"
    if texts.ndim == 2:
        return "[" + "; ".join(", ".join(map(str, row)) for row in texts) + "]"
    return "[" + " | ".join(inline(part) for part in texts) + "]"


def _matrix(head: str, texts: np.ndarray) -> list[str]:
    if texts.ndim != 2:
        return [head + inline(texts)]
    widths = [max(len(str(t)) for t in column) for column in texts.T]
    pad = " " * len(head)
    last = len(texts) - 1
    found = []
    for k, row in enumerate(texts):
        cells = "  ".join(str(t).ljust(w) for t, w in zip(row, widths, strict=True))
        left, right = "[]" if not last else "⎡⎤" if not k else "⎣⎦" if k == last else "⎢⎥"
        found.append(f"{head if not k else pad}{left} {cells} {right}")
    return found


def _joined(head: str, parts: list[str]) -> list[str]:
    """Summands in lines of a readable width."""
    pad = " " * (len(head) - 2)
    found, current = [], head
    for k, part in enumerate(parts):
        piece = part if not k else f" + {part}"
        if k and len(current) + len(piece) > WIDTH:
            found.append(current)
            current, piece = pad, f"+ {part}"
        current += piece
    return [*found, current]


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, WIDTH)
