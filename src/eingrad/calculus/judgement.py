"""A verdict with the question and the answer that it is about, as a page or a notebook shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..explain.forms import (
    Block,
    Display,
    Document,
    Documented,
    Grid,
    Labelled,
    Name,
    Paragraph,
    number,
)
from ..explain.written import Math, math
from ..notation import formula
from ..verify import Verdict
from .explained import partial

if TYPE_CHECKING:
    from .derivative import Derivative

MAX_SHOWN = 36  # entries of an array of a counterexample


@dataclass(frozen=True, repr=False)
class Judgement(Verdict, Documented):
    """What became of an answer, with what was asked.

    Attributes
    ----------
    derivative:
        What was asked for.
    answer:
        The answer as it was given.
    asked_layout:
        The layout in which it was judged.
    """

    derivative: Derivative | None = None
    answer: str = ""
    asked_layout: str = "mixed"

    def __str__(self) -> str:
        return Verdict.__str__(self)

    def document(self) -> Document:
        """The question, the answer, the verdict and a counterexample."""
        d = self._asked
        value = math(formula(d.of, names_taken=d.names))
        blocks = (Display(value, math(Name(d.label))), *self.blocks())
        return Document(("Is this ", partial(d), "?"), blocks, headed=False, spaced=False)

    @property
    def _asked(self) -> Derivative:
        assert self.derivative is not None
        return self.derivative

    def blocks(self) -> list[Block]:
        """The document without the line that says what y is."""
        style = "good" if self.equal else "bad"
        blocks: list[Block] = [
            Labelled(
                (
                    ("asked", (partial(self._asked), f", {self.asked_layout} layout"), ""),
                    ("answer", (self.answer,), ""),
                    *(("note", (note,), "note") for note in self._asked.notes),
                )
            ),
            Paragraph((str(self),), style),
        ]
        shown = {n: v for n, v in self.example.items() if np.size(v) <= MAX_SHOWN}
        if not self.equal and shown and " at " not in self.reason:
            blocks.append(Paragraph(("It differs, for instance, at",)))
            blocks += [Display(_array(value), math(Name(n))) for n, value in shown.items()]
        return blocks

    def _repr_mimebundle_(self, **more: Any) -> dict[str, str]:
        return super()._repr_mimebundle_(**more) | {"text/plain": repr(self)}

    def json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return {
            "equal": bool(self.equal),
            "reason": self.reason,
            "kind": self.kind,
            "layout": self.asked_layout,
            "right_in": self.layout,
            "answer": self.answer,
            "example": {n: np.asarray(v).tolist() for n, v in self.example.items()},
        }

    @classmethod
    def of(cls, verdict: Verdict, **more: Any) -> Judgement:
        """A verdict with what was asked."""
        said: Mapping[str, Any] = {
            name: getattr(verdict, name)
            for name in ("equal", "reason", "kind", "layout", "example")
        }
        return cls(**said, **more)


def _array(value: Any) -> Math:
    """Numbers to four digits: a matrix, a vector as a column."""
    array = np.asarray(value)
    if not array.ndim:
        return math(number(float(array)))
    if array.ndim == 2:
        return math(Grid(tuple(tuple(_array(x) for x in row) for row in array)))
    return math(Grid(tuple((_array(part),) for part in array)))
