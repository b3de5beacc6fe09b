"""Drawing applied functions: calls, fences, radicals, superscripts, as their records say."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ..ir.record import REGISTRY, Notation
from .lettering import BUILT_IN, MODULES, SECOND_NAMES, written
from .styles import Style
from .tree import MATRIX, Tree

# Levels, loosest first (docs/language.md).
COMPARE, SUM, SIGMA, MIDDLE, PRODUCT, POSTFIX, ATOM = range(7)


class Drawn(NamedTuple):
    """A part as it is drawn: its text, how tightly it binds, and what its edges are.

    `starts` and `ends` are `name`, `word`, `number`, `fence`, `bracket` or `sign`. `base` and
    `above` are the parts of a superscript, so that a transpose can join it: X⁻¹ and ᵀ make X⁻ᵀ.
    `under` is the part below ⊘, so that a product can write it behind its own ⊘.
    """

    text: str
    level: int
    starts: str
    ends: str
    base: str = ""
    above: tuple[str, ...] = ()
    under: str = ""
    under_level: int = ATOM
    fences: frozenset[str] = frozenset()


NOTHING = object()  # unlike any value of a parameter


class FunctionRenderer:
    """Draws functions in one style for a formula whose names are `taken`."""

    def __init__(self, style: Style, taken: Collection[str] = ()) -> None:
        self.style = style
        self.taken = taken

    def within(self, part: Drawn, level: int) -> Drawn:
        """The part, in brackets when it binds more loosely than `level`."""
        if part.level >= level:
            return part
        return Drawn(self.style.bracket(part.text), ATOM, "bracket", "bracket", fences=part.fences)

    def _radical(self, part: Drawn) -> Drawn:
        atom = part.level == ATOM and (part.starts, part.ends) in (
            ("name", "name"),
            ("word", "size"),
        )
        atom = atom or (part.level == ATOM and part.text.isdigit())
        return Drawn(
            self.style.radical(part.text, atom), ATOM, "radical", "radical" if atom else "bracket"
        )

    def _call(self, tree: Tree, args: list[Drawn]) -> Drawn:
        function, params = tree.data
        if function in BUILT_IN:
            extra = [self.style.size(str(p)) for p in params]
            return self._notated(function, BUILT_IN[function], args, extra)
        record = REGISTRY[function]
        extra = [
            self.style.keyword(key, written(value))
            for key, value in params
            if key in record.notation.shown or record.defaults.get(key, NOTHING) != value
        ]
        if isinstance(record.signature, str) and not record.elementwise:
            core, result = (len(part.split()) for part in record.signature.split("->"))
            if core == 1 and not result and tree.args[0].kind == MATRIX:  # of each row
                extra.append(self.style.keyword("axis", "-1"))
        return self._notated(function, record.notation, args, extra, tree.scalar)

    def _notated(
        self,
        function: str,
        notation: Notation,
        args: list[Drawn],
        extra: list[str] | None = None,
        scalar: bool = True,
    ) -> Drawn:
        flat = self.style.flat
        form = notation.unicode if flat else notation.latex
        if notation.kind == "superscript" and isinstance(form, str) and not extra:
            inner = self.within(args[0], POSTFIX)
            if inner.above:
                inner = self.within(inner._replace(level=SUM, above=()), POSTFIX)
            above = self.style.plain_superscript(form)
            return Drawn(
                self.style.superscript(inner.text, above),
                POSTFIX,
                inner.starts,
                "name",
                inner.text,
                (above,),
            )
        if notation.kind == "fence" and not extra:
            left, right = form[0], form[1]
            if not flat or left != right or left not in args[0].fences:
                marks = frozenset((left,)) if left == right else frozenset[str]()
                return Drawn(
                    self.style.fence(left, args[0].text, right),
                    ATOM,
                    "fence",
                    "fence",
                    fences=marks,
                )
        if notation.kind == "radical" and not extra:
            return self._radical(args[0])
        if notation.kind == "infix" and isinstance(form, str) and not extra:
            parts = [self.within(a, SUM) for a in args]
            return Drawn(
                self.style.binary(parts[0].text, form, parts[1].text),
                COMPARE,
                parts[0].starts,
                parts[1].ends,
            )
        if notation.kind == "symbol" and isinstance(form, str):
            return Drawn(self.style.symbol(form), ATOM, "name", "name")
        if notation.kind == "power" and len(args) == 2:
            inner = self.within(args[0], POSTFIX)
            write = self.style.general_power if scalar else self.style.elementwise_power
            return Drawn(write(inner.text, args[1].text), POSTFIX, inner.starts, "bracket")
        head = self._head(function, notation)
        text = self.style.call(head, [a.text for a in args] + (extra or []))
        return Drawn(text, ATOM, "word", "word")

    def _head(self, function: str, notation: Notation) -> str:
        """The written name, or another spelling where the user has a variable of that name."""
        if not self.style.flat:
            plain = notation.kind == "call" or notation.kind == "symbol"
            return self.style.head(str(notation.latex)) if plain else self.style.word(function)
        record = REGISTRY.get(function)
        candidates = [*(record.spellings if record else ()), function]
        if notation.kind == "call":
            candidates.insert(0, str(notation.unicode))
        elif function in SECOND_NAMES:
            candidates = [SECOND_NAMES[function]]
        free = next((c for c in candidates if c not in self.taken), None)
        if free is not None:
            return self.style.word(free)
        module = next((m for m in MODULES if m not in self.taken), MODULES[0])
        return self.style.word(f"{module}.{candidates[-1]}")
