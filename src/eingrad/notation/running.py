"""The letters of running steps: t, and s for a loop that is run in each step t of another one."""

from __future__ import annotations

from ..dims import Dim
from ..ir.node import Node
from ..ir.walk import variables
from .names import Names
from .steps import At
from .tree import Tree, make

STEP_LETTERS = "tsrτ"


class Running:
    """The letters of one formula.

    Attributes
    ----------
    depends:
        For variables that are drawn at a step, the letters of that step.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.depends: dict[Node, tuple[str, ...]] = {}
        self._letters: dict[int, str] = {}  # by how many loops are around
        self._lengths: dict[int, set[Dim]] = {}

    def count(self, depth: int, length: Dim) -> None:
        """A loop of so many steps, inside of `depth` others."""
        self._lengths.setdefault(depth, set()).add(length)
        self.letter(depth)

    def letter(self, depth: int = 0) -> str:
        """The letter of a loop inside of so many."""
        if depth not in self._letters:
            taken = self.names.taken | self.names.sizes
            free = next((c for c in STEP_LETTERS if c not in taken), None)
            letter = free or self.names.fresh("t", numbered=True)
            self.names.taken.add(letter)
            self._letters[depth] = letter
        return self._letters[depth]

    def around(self, node: Node) -> tuple[str, ...]:
        """The running letters that a node depends on: of the loops that a loop in it is inside."""
        found = {t for v in variables(node) for t in self.depends.get(v, ())}
        return tuple(t for t in self._letters.values() if t in found)

    def drawn(self, title: Tree, at: At, around: tuple[str, ...] = ()) -> Tree:
        """A name at a step: h_t, h_{t−1}, h_T; g_{t,s} in a loop around."""
        label = str(at.place).replace(" ", "").replace("-", "−").replace("*", "")
        if at.running:
            offset = at.place.as_int() or 0
            shift = "" if not offset else f"+{offset}" if offset > 0 else f"−{-offset}"
            letter = self.letter(at.depth)
            label = letter + shift
            running = (*around, letter)
        else:
            running = around
        data = (",".join([*around, label]), ",".join(running))
        return make("at", [title], data, title.kind, title.symmetric)

    def inside(self, title: Tree, around: tuple[str, ...]) -> Tree:
        """A name of its own in each step of the loops around: P_t."""
        if not around:
            return title
        text = ",".join(around)
        return make("at", [title], (text, text), title.kind, title.symmetric)

    def ranges(self) -> tuple[tuple[str, str], ...]:
        """The running letter and its last value; nothing where recurrences differ in length."""
        return tuple(
            (letter, str(next(iter(self._lengths[depth]))))
            for depth, letter in sorted(self._letters.items())
            if len(self._lengths.get(depth, ())) == 1
        )
