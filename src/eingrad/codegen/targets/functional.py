"""Results with a pattern for libraries whose arrays are not written into.

A core is spread over the axes of the result: deltas become a mask, compared and selected in one
pass that a compiler fuses with what made the core, and never a product with zeros (0·inf is NaN);
then each axis on which the core fills a part only is placed among zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...dims import Dim
from ..program import ZERO, Value

if TYPE_CHECKING:
    from ..emit import Emission

SELECTED_AXES = 8  # that TensorFlow's `where` takes

Place = tuple[int, Dim, int, Dim, Dim]  # axis of the core (-1: none), start, step, count, total
Placing = Callable[["Emission", str, Sequence[Place]], str]


def embedding(place: Placing) -> Callable[[Emission, Value], None]:
    """How a target writes `embed`.

    `place(emission, name, places)` is source of an array with the array `name`, which has an axis
    for each of `places`, of its count, put at those places, and zero elsewhere.
    """

    def embed(emission: Emission, value: Value) -> None:
        _, based, patterns = value.params
        cores = value.args[1:] if based else value.args
        terms = [emission.text(value.args[0])] if based else []
        for core, pattern in zip(cores, patterns, strict=True):
            text = _spread(emission, core, pattern)
            if not all(map(is_whole, pattern)):
                text = place(emission, emission.assign_text(text), pattern)
            terms.append(text)
        while len(terms) > 2:
            terms[:2] = [emission.assign_text(f"{terms[0]} + {terms[1]}")]
        emission.write(value, " + ".join(terms))

    return embed


def is_whole(place: Place) -> bool:
    """Whether a core fills the axis, in order."""
    axis, start, step, count, total = place
    return axis >= 0 and start == ZERO and step == 1 and count == total


def _spread(emission: Emission, core: Value, pattern: Sequence[Place]) -> str:
    """The core with an axis for each place, of its count, zero where equal labels differ."""
    spell = emission.spell
    first: dict[int, int] = {}
    equal: list[tuple[int, int]] = []
    for k, (axis, *_) in enumerate(pattern):
        if axis >= 0 and first.setdefault(axis, k) != k:
            equal.append((first[axis], k))
    if core.weak:
        text, absent = spell.fill_text("scalar", emission.text(core)), len(first)
    else:
        text, absent = emission.text(core), len(first) - core.ndim  # leading labels, broadcast
    order = [axis - absent for axis in first if axis >= absent]
    if order != sorted(order):
        text = spell.fill_text("transpose", text, axes=", ".join(map(str, order)))
    present = {k for axis, k in first.items() if axis >= absent}
    if not core.weak:
        entries = [":" if k in present else "None" for k in range(len(pattern))]
        text = _subscript(text, entries, spell.target.whole_indices)
    if equal:
        masks = []
        for j, k in equal:
            between = [":" if n in (j, k) else "None" for n in range(j, len(pattern))]
            mask = spell.fill_text("eye_mask", n=pattern[k][3])
            masks.append(_subscript(mask, between, spell.target.whole_indices))
        deep = len(pattern) > SELECTED_AXES and "deep_where" in spell.target.spellings
        spelling = "deep_where" if deep else "where"
        text = spell.fill_text(spelling, " & ".join(masks), text, spell.fill_text("zero"))
    masked = {j for j, _ in equal}
    partial = core.weak and 0 not in masked  # no mask gave a number all axes
    for axis, k in first.items():
        lazy = axis < absent or core.shape[axis - absent].is_one
        partial |= lazy and k not in masked and not pattern[k][3].is_one
    if partial:
        return spell.fill_text("broadcast", text, shape=tuple(p[3] for p in pattern))
    return text


def _subscript(text: str, entries: list[str], whole: bool) -> str:
    """The array with new axes where the entries say None."""
    if "None" not in entries:
        return text
    while entries[-1] == ":" and not whole:
        entries = entries[:-1]
    return f"({text})[{', '.join(entries)}]"
