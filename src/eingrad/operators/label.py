"""What a core is called, and what its formula says of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.facts import facts_of
from ..ir.node import Node


@dataclass(frozen=True)
class Label:
    """The formula of a core, written only where a message needs it.

    Attributes
    ----------
    node:
        The core.
    whole:
        Whether the array that carries the label is the core, and not a factor of it.
    """

    node: Node
    whole: bool = True

    def __call__(self) -> str:
        from ..notation import formula

        text = str(formula(self.node))
        return text if len(text) <= 60 else text[:57] + "…"

    def facts(self, ndim: int) -> frozenset[str]:
        """What is known of the array with so many axes: none where it is not the core as such."""
        return facts_of(self.node) if self.whole and self.node.ndim == ndim else frozenset()
