"""Whose axes those of a derivative are, and in which order a layout prints them."""

from __future__ import annotations

from dataclasses import dataclass

LAYOUTS = ("mixed", "denominator", "numerator")


@dataclass(frozen=True)
class Split:
    """How the axes of a derivative divide: output axes, then the axes of each input."""

    output: int
    inputs: tuple[int, ...]

    def axes(self, layout: str) -> tuple[int, ...]:
        """The axes of the derivative in the order of a layout.

        >>> Split(2, (2,)).axes("denominator")
        (2, 3, 1, 0)
        """
        count = self.output + sum(self.inputs)
        if layout == "mixed":
            return tuple(range(count))
        into = tuple(range(self.output, count))
        denominator = into + tuple(reversed(range(self.output)))
        return denominator if layout == "denominator" else denominator[::-1]

    def is_row(self, layout: str) -> bool:
        """Whether the one axis there is lies along a row: of a vector by a scalar in denominator
        layout (1×n beside the m×n of a vector by a vector), of a scalar by a vector in
        numerator layout."""
        axes = (self.output, sum(self.inputs))
        return axes == {"denominator": (1, 0), "numerator": (0, 1)}.get(layout)
