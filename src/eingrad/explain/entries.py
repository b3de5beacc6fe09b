"""A derivative entry by entry: each ∂c_ij/∂a_kl, their linear combination, what is zero or repeats.

The brute-force proof: the entries of the value are written out and differentiated one by one, term
by term; what comes out is compared with the entry of the formula at that place. Where an entry is
not a formula of entries (an inverse, a determinant) this is said, and only the formula is shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..entries.arrange import Level, lettered, levels
from ..entries.content import Content, content
from ..entries.evaluate import Numbers
from ..entries.expand import Entries
from ..entries.grid import grid_text
from ..entries.labels import Labels, subscripted
from ..entries.pairs import Pair
from ..entries.points import picture_sizes, random_points
from ..entries.polynomial import Entry, Symbol, add, expanded, multiply
from ..errors import CheckError, SizeLimitError
from ..ir.node import Node, Variable
from ..ir.walk import variables
from ..notation import Formula
from .entrycounted import Convention, Counted, counted_entries
from .entryproof import POINTS, agree, in_own_entries, proofs
from .forms import Document, Documented
from .places import entry_pair, lowered

MAX_ENTRIES = 256  # derivatives that are written one by one
WIDTH = 110  # characters of a grid
SHORT = 10  # of an entry, where the grid would be wider


@dataclass
class Single:
    """One entry of a derivative: which one it is, as text, and what it is."""

    called: Pair
    place: tuple[int, ...]
    written: Pair
    entry: Entry
    proof: str  # "terms", "values", or "" where the value is not written out

    @property
    def name(self) -> str:
        """∂c_12/∂a_11."""
        return self.called.text

    @property
    def text(self) -> str:
        """The entry as text."""
        return self.written.text


@dataclass
class Combined:
    """Σ ∂L/∂c_ij ∂c_ij/∂A, entry by entry, beside the formula for all of it."""

    incoming: str
    written: Formula
    entries: NDArray[np.object_]
    pairs: NDArray[np.object_]
    products: int
    with_zero: int

    @property
    def formula(self) -> str:
        """The formula as text."""
        return str(self.written)

    @property
    def labels(self) -> NDArray[np.object_]:
        """The entries as text."""
        texts = np.empty(self.pairs.shape, dtype=object)
        for place in np.ndindex(*self.pairs.shape):
            texts[place] = self.pairs.item(*place).text
        return texts


@dataclass
class EntryByEntry(Documented):
    """A derivative written out.

    Attributes
    ----------
    title:
        `∂C/∂A`, with the sizes that were put in.
    values:
        Each entry of what is differentiated, `c_11 = a_11 b_11 + a_12 b_21`; `value` as text.
    singles:
        The entries of the derivative: output's axes first, then the inputs', row by row.
    content:
        The same as an array, with classes of equal entries.
    combined:
        What an incoming gradient makes of them; None for scalars and for higher orders.
    counted:
        What a convention for symmetric variables makes of them, where there is one.
    """

    title: str
    label: str
    inputs: tuple[Variable, ...]
    n_out: int
    sizes: dict[str, int]
    values: list[tuple[Pair, Pair]]
    singles: list[Single]
    content: Content
    combined: Combined | None
    counted: Counted | None = None

    @property
    def zeros(self) -> int:
        """How many entries are zero."""
        return self.content.zeros

    @property
    def repeats(self) -> dict[str, list[str]]:
        """Entries that stand in several places: what it is, and which derivatives it is."""
        return {entry.text: [name.text for name in names] for entry, names in self.repeated}

    @property
    def repeated(self) -> list[tuple[Pair, list[Pair]]]:
        """The same, written in each way."""
        found: dict[int, list[Single]] = {}
        for single in self.singles:
            found.setdefault(int(self.content.classes[single.place]), []).append(single)
        return [
            (same[0].written, [s.called for s in same])
            for key, same in found.items()
            if key and len(same) > 1
        ]

    @property
    def proof(self) -> str:
        """How the entries were compared with the formula."""
        by = [s.proof for s in self.singles]
        terms, values = by.count("terms"), by.count("values")
        total = _count(len(by), "derivative")
        if not terms + values:
            return (
                f"the entries of {self.label} are not written out in entries of "
                f"{self.inputs[0].name}: those of the derivative come from its formula"
            )
        how = "is the formula's entry, term by term"
        if values:
            how = f"equals the formula's entry: {terms} term by term, {values} in value at "
            how += f"{POINTS} random points"
        which = f"each of {total}" if len(by) > 1 else "the derivative"
        said = f"{which}, taken by hand from the entries of {self.label}, {how}"
        rest = len(by) - terms - values
        return said if not rest else f"{said}; {rest} come from the formula alone"

    @property
    def value(self) -> list[tuple[str, str]]:
        """Each entry of what is differentiated, as text."""
        return [(name.text, entry.text) for name, entry in self.values]

    def document(self) -> Document:
        """The tree that every output form draws."""
        from .entrydocument import document

        return document(self)

    def levels(self, of: Content | None = None) -> tuple[Level, ...]:
        """Which axes run down and across, from the outermost grid to the innermost."""
        return _levels(of or self.content, self.n_out, self.inputs)

    def grid(self, of: Content | None = None) -> list[str]:
        """The matrix of matrices, as lines of text."""
        return _grid(of or self.content, self.n_out, self.inputs)

    def json(self) -> dict[str, object]:
        """All of it as plain data, as `as_dict`."""
        return self.as_dict()

    def as_dict(self) -> dict[str, object]:
        """All of it as plain data (for JSON)."""
        c = self.combined
        return {
            "title": self.title,
            "sizes": self.sizes,
            "value": dict(self.value),
            "derivatives": [
                {"name": s.name, "place": list(s.place), "entry": s.text, "proof": s.proof}
                for s in self.singles
            ],
            "zero": self.zeros,
            "different": self.content.distinct,
            "repeats": self.repeats,
            "notes": [pair.text for pair in self.content.below],
            "combination": None
            if c is None
            else {
                "incoming": c.incoming,
                "formula": c.formula,
                "entries": c.labels.tolist(),
                "products": c.products,
                "products_with_zero": c.with_zero,
            },
            "convention": None if self.counted is None else self.counted.as_dict(),
            "proof": self.proof,
        }

    def __repr__(self) -> str:
        return f"<EntryByEntry {self.title}: {len(self.singles)} entries>"


def entry_by_entry(
    node: Node,
    of: Node,
    inputs: Sequence[Variable],
    *,
    label: str,
    title: str,
    incoming: tuple[Variable, Node, Formula] | None,
    sizes: Mapping[str, int] | None = None,
    convention: Convention | None = None,
) -> EntryByEntry:
    """Write out a derivative and prove it entry by entry.

    Parameters
    ----------
    node, of, inputs:
        The derivative, axes of the output first; what was differentiated, and by what.
    label, title:
        Name of the output, and of the derivative.
    incoming:
        For an output with entries: the incoming gradient, ∂L/∂x with it, and its formula.
    sizes:
        Numbers for symbolic sizes; small ones for those that are missing.
    convention:
        How entries of symmetric variables count, where they do not count as independent.

    Raises
    ------
    SizeLimitError
        There are more than MAX_ENTRIES entries; smaller sizes are offered, nothing was computed.
    CheckError
        An entry is not that of the formula: a bug in eingrad.
    """
    numbers = small_sizes(node, of, inputs, sizes)
    shape = tuple(d.evaluate(numbers) for d in node.shape)
    known = list({v.name: v for v in (*variables(of, node), *inputs)}.values())
    found = _content(node, of.ndim, inputs, numbers, known)
    labels = Labels(known)
    whole = Entries(numbers, whole=True)
    out = shape[: of.ndim]
    values = np.empty(out, dtype=object)
    for place in np.ndindex(*out):
        values[place] = whole.entry(of, place)
    how = proofs(values, node, shape, inputs, numbers, known)
    singles = [
        Single(
            entry_pair(label, inputs, of.ndim, place),
            place,
            found.full.item(*place),
            found.entries.item(*place),
            how[place],
        )
        for place in np.ndindex(*shape)
    ]
    low = lowered(label, of.ndim)
    short = Entries(numbers)
    own = in_own_entries(of, inputs)
    value = [
        (subscripted(low, place), labels.pair(short.entry(own, place)))
        for place in np.ndindex(*out)
    ]
    found.below += [pair for pair in labels.where if pair not in found.below]
    combined = None
    if incoming is not None and of.ndim and len(inputs) == 1:
        combined = _combined(found, incoming, of.ndim, numbers, known)
    counted = None
    if convention is not None:
        counted = counted_entries(convention, found, inputs, of.ndim, numbers, known)
    named = ", ".join(f"{k} = {v}" for k, v in sorted(numbers.items()))
    return EntryByEntry(
        f"{title} entry by entry" + (f", {named}" if named else ""),
        label,
        tuple(inputs),
        of.ndim,
        numbers,
        value,
        singles,
        found,
        combined,
        counted,
    )


def _content(
    node: Node,
    n_out: int,
    inputs: Sequence[Variable],
    sizes: Mapping[str, int],
    known: Sequence[Variable],
) -> Content:
    """The entries, with short labels where the grid would be wide otherwise."""
    found = content(node, sizes, known, lines=MAX_ENTRIES)
    if max(map(len, _grid(found, n_out, inputs))) > WIDTH:
        found = content(node, sizes, known, longest=SHORT, lines=MAX_ENTRIES)
    return found


def _grid(found: Content, n_out: int, inputs: Sequence[Variable]) -> list[str]:
    labels = np.empty(found.labels.shape, dtype=object)
    for place in np.ndindex(*labels.shape):
        labels[place] = found.labels.item(*place).text
    return grid_text(_levels(found, n_out, inputs), labels)


def _levels(found: Content, n_out: int, inputs: Sequence[Variable]) -> tuple[Level, ...]:
    owners = [0] * n_out
    for k, v in enumerate(inputs):
        owners += [k + 1] * v.ndim
    axes = lettered(range(found.classes.ndim), owners, found.classes.shape)
    return levels(axes, found.classes == 0)


def small_sizes(
    node: Node, of: Node, inputs: Sequence[Variable], given: Mapping[str, int] | None
) -> dict[str, int]:
    """Sizes at which everything can be written out.

    Raises
    ------
    SizeLimitError
        Not with the sizes that were given, or that the variables have; the message offers others.
    """
    both = [*inputs, *variables(of)]

    def count(numbers: Mapping[str, int]) -> int:
        return math.prod(d.evaluate(numbers) for d in node.shape)

    numbers = picture_sizes(of, both, given)
    if count(numbers) <= MAX_ENTRIES:
        return numbers
    least = picture_sizes(of, both, given, different=False)
    if count(least) <= MAX_ENTRIES:
        return least
    smaller = picture_sizes(of, both, None, different=False)
    offer = "declare the variables with smaller sizes, A: 2 2"
    if given and count(smaller) <= MAX_ENTRIES:
        named = ",".join(f"{k}={v}" for k, v in sorted(smaller.items()))
        offer = f"{named} gives {count(smaller)}"
    raise SizeLimitError(
        f"{count(least):,} entries are too many to write out: the limit is {MAX_ENTRIES}; {offer}"
    )


def _combined(
    found: Content,
    incoming: tuple[Variable, Node, Formula],
    n_out: int,
    sizes: Mapping[str, int],
    known: Sequence[Variable],
) -> Combined:
    """The linear combination, and that the formula for it has exactly these entries."""
    gradient, node, formula = incoming
    shape = found.entries.shape
    labels = Labels([*known, gradient])
    whole = Entries(sizes, whole=True)
    entries = np.empty(shape[n_out:], dtype=object)
    texts = np.empty(shape[n_out:], dtype=object)
    points: list[Numbers] = []
    for place in np.ndindex(*shape[n_out:]):
        parts = []
        for o in np.ndindex(*shape[:n_out]):
            g = Entry.atom(Symbol(gradient.name, o))
            parts.append(multiply(1, [g, found.entries.item(*o, *place)]))
        entries[place] = sum_ = add(parts)
        texts[place] = labels.pair(sum_)
        wanted = whole.entry(node, place)
        if expanded(sum_) != expanded(wanted):
            if not points:
                both = {v.name: v for v in (*known, *variables(node), gradient)}
                points = [Numbers(p, sizes) for p in random_points(list(both.values()), sizes)]
            if agree(sum_, wanted, points) is False:
                raise CheckError(f"the formula does not collect the entry {place}")
    found.below += [pair for pair in labels.where if pair not in found.below]
    zero = int((found.classes == 0).sum())
    return Combined(gradient.name, formula, entries, texts, found.classes.size, zero)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
