"""Drawing a formula tree: one walk, three styles. Where brackets go is decided here, once.

A style (`eingrad.notation.styles`) knows how to set a name, a fraction, a superscript; it knows
nothing of mathematics. The notation of functions comes from their records.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from fractions import Fraction

from ..dims import Dim
from ..ir.node import Kernel
from ..ir.record import SPELLINGS
from .functions import (
    ATOM,
    COMPARE,
    MIDDLE,
    POSTFIX,
    PRODUCT,
    SIGMA,
    SUM,
    Drawn,
    FunctionRenderer,
)
from .lettering import BUILT_IN, INDEX_SYMBOLS, decimal, is_short, size_text
from .styles import UNICODE, Style
from .tree import Tree, divides
from .treewalk import fold


class Renderer(FunctionRenderer):
    """Draws trees in one style for a formula whose names are `taken`."""

    def __init__(
        self,
        style: Style,
        taken: Collection[str] = (),
        spaced: bool = False,
        directions: Collection[str] = (),
    ) -> None:
        super().__init__(style, taken)
        self.directions = directions
        self.spaced = spaced

    def draw(self, tree: Tree) -> str:
        """The text of a tree."""
        return fold(tree, self._step).text

    def _step(self, tree: Tree, args: list[Drawn]) -> Drawn:
        drawn: Drawn = getattr(self, "_" + tree.op)(tree, args)
        fences = drawn.fences.union(*(a.fences for a in args))
        return drawn._replace(fences=fences) if fences else drawn

    # Leaves.

    def _number(self, tree: Tree, args: list[Drawn]) -> Drawn:
        return Drawn(self.style.number(decimal(tree.data)), ATOM, "number", "number")

    def _name(self, tree: Tree, args: list[Drawn]) -> Drawn:
        if tree.data in self.directions:
            return Drawn(self.style.direction(tree.data), ATOM, "word", "word")
        kind = "name" if is_short(tree.data) else "word"
        if tree.data in SPELLINGS or tree.data in BUILT_IN:
            kind = "function"
        return Drawn(self.style.name(tree.data), ATOM, "name" if kind == "function" else kind, kind)

    def _size(self, tree: Tree, args: list[Drawn]) -> Drawn:
        text = str(tree.data)
        if tree.data.symbols() & set(self.taken):
            return Drawn(
                self.style.call(self.style.word("size"), [self.style.name(text)]),
                ATOM,
                "word",
                "bracket",
            )
        if len(tree.data.terms) > 1:
            return Drawn(self.style.size(text), SUM, "word", "size")
        return Drawn(self.style.size(text), PRODUCT if "*" in text else ATOM, "word", "size")

    def _symbol(self, candidates: tuple[str, ...], sizes: tuple[object, ...]) -> Drawn:
        text = next((c for c in candidates if c not in self.taken), candidates[-1])
        drawn = self.style.symbol(text)
        if not sizes:
            return Drawn(drawn, ATOM, "name", "name")
        texts = [size_text(s) for s in sizes]
        plain = len(texts) == 1 and (texts[0].isalpha() or texts[0].isdigit())
        braced = any(len(t) > 1 for t in texts) and not plain
        return Drawn(self.style.sub(drawn, texts, braced), ATOM, "name", "word")

    def _ones(self, tree: Tree, args: list[Drawn]) -> Drawn:
        return self._symbol(("𝟏",), () if tree.data is None else (tree.data,))

    def _eye(self, tree: Tree, args: list[Drawn]) -> Drawn:
        return self._symbol(("I", "Id"), () if tree.data is None else (tree.data,))

    def _commutation(self, tree: Tree, args: list[Drawn]) -> Drawn:
        return self._symbol(("K", "Kc"), tree.data)

    def _kernel(self, tree: Tree, args: list[Drawn]) -> Drawn:
        node: Kernel = tree.data
        params = dict(node.params)
        if node.kind == "shifts":
            numbers = (*node.shape, *params.values())
            head = self._head(node.kind, BUILT_IN[node.kind])
            text = self.style.call(head, [self.style.size(str(v)) for v in numbers])
            return Drawn(text, ATOM, "word", "bracket")
        rows, columns = node.shape
        if node.kind in ("tril", "triu"):
            ones = [self._symbol(("𝟏",), (d,)) for d in (rows, columns)]
            body = self.style.juxtapose(
                ones[0].text, " ", self.style.superscript(ones[1].text, "T")
            )
            extra = [self.style.number(str(params["k"]))] if params["k"] else []
            text = self.style.call(self._head(node.kind, BUILT_IN[node.kind]), [body, *extra])
            return Drawn(text, ATOM, "word", "bracket")
        if node.kind == "gather":
            places = self.style.slice(f"[{', '.join(map(str, params['places']))}]")
            eye = self._symbol(("I", "Id"), (columns,))
            return Drawn(self.style.juxtapose(eye.text, "", places), ATOM, "name", "bracket")
        span = self.style.slice(_span(params["start"], params["step"], rows, columns))
        eye = self._symbol(("I", "Id"), (columns,))
        return Drawn(self.style.juxtapose(eye.text, "", span), ATOM, "name", "bracket")

    def _delta(self, tree: Tree, args: list[Drawn]) -> Drawn:
        braced = any(len(letter) > 1 for letter in tree.data)
        head = self.style.symbol("δ")
        if "δ" in self.taken:  # the entry of the identity says the same
            head = self.style.bracket(self._symbol(("I", "Id"), ()).text)
        return Drawn(self.style.sub(head, tree.data, braced), ATOM, "name", "word")

    # Operators.

    def _sum(self, tree: Tree, args: list[Drawn]) -> Drawn:
        parts = [self.within(a, SIGMA) for a in args]
        text = parts[0].text
        if args[0].level == SUM and tree.args[0].op == "neg":
            text = args[0].text
        for sign, part in zip(tree.data[1:], parts[1:], strict=True):
            text = self.style.binary(text, "+" if sign > 0 else "−", part.text)
        return Drawn(text, SUM, parts[0].starts, parts[-1].ends)

    def _neg(self, tree: Tree, args: list[Drawn]) -> Drawn:
        part = self.within(args[0], SIGMA)
        return Drawn(self.style.prefix("−", part.text), SUM, "sign", part.ends)

    def _product(self, tree: Tree, args: list[Drawn]) -> Drawn:
        runs: list[tuple[Drawn, int]] = []
        previous: Tree | None = None
        for arg, part in zip(tree.args, args, strict=True):
            if arg is previous and arg.kind == (True, True):
                runs[-1] = (part, runs[-1][1] + 1)
            else:
                runs.append((part, 1))
            previous = arg
        parts = []
        for k, (part, count) in enumerate(runs):
            if count > 1:  # P⁻¹P⁻¹ is P⁻²
                inverse = part.above == ("-1",)
                base = part._replace(text=part.base, level=ATOM, above=()) if inverse else part
                parts.append(self._raised(base, f"-{count}" if inverse else str(count)))
            elif part.level == PRODUCT and len(runs) > 1:  # (xᵀAx)x: a scalar product inside
                plain = part.starts != "number" and k == len(runs) - 1 and tree.scalar
                plain = plain and all(a.op in ("number", "name", "size") for a in tree.args[:k])
                parts.append(part if plain else self.within(part, POSTFIX))
            else:
                last = k == len(runs) - 1 and k > 0
                parts.append(self.within(part, SIGMA if last and part.level == SIGMA else PRODUCT))
        if len(parts) == 1:
            return parts[0]
        text = parts[0].text
        for left, right in itertools.pairwise(parts):
            text = self.style.juxtapose(text, self._gap(left, right), right.text)
        level = SIGMA if parts[-1].level == SIGMA else PRODUCT
        return Drawn(text, level, parts[0].starts, parts[-1].ends)

    def _gap(self, left: Drawn, right: Drawn) -> str:
        """What stands between two factors: nothing, a space, or a dot where it must be seen."""
        if right.starts == "number" or (left.ends == "fence" and right.starts == "fence"):
            return "·"
        if left.ends in ("function", "size") and right.starts in ("bracket", "fence"):
            return "·"
        if left.ends == "radical" and right.starts in ("name", "word") and self.style.flat:
            return "·"
        if left.ends == "number":
            exponent = right.text[:1] in "eEjJ"
            return " " if right.starts == "word" else "·" if exponent else ""
        if "word" in (left.ends, right.starts) or left.ends in ("function", "size"):
            return " "
        return " " if self.spaced and "bracket" not in (left.ends, right.starts) else ""

    def _middle(self, symbol: str, parts: list[Drawn]) -> Drawn:
        text = parts[0].text
        for part in parts[1:]:
            text = self.style.binary(text, symbol, part.text)
        return Drawn(text, MIDDLE, parts[0].starts, parts[-1].ends)

    def _hadamard(self, tree: Tree, args: list[Drawn]) -> Drawn:
        above = [
            self.within(a, PRODUCT)
            for arg, a in zip(tree.args, args, strict=True)
            if not divides(arg)
        ]
        below = [
            self.within(Drawn(a.under, a.under_level, a.starts, a.ends), PRODUCT)
            for arg, a in zip(tree.args, args, strict=True)
            if divides(arg)
        ]
        if not above:
            above = [Drawn(self.style.number("1"), ATOM, "number", "number")]
        over = above[0] if len(above) == 1 else self._middle("⊙", above)
        if not below:
            return over
        under = below[0] if len(below) == 1 else self._middle("⊙", below)
        return self._middle("⊘", [self.within(over, PRODUCT), self.within(under, PRODUCT)])

    def _elpower(self, tree: Tree, args: list[Drawn]) -> Drawn:
        e = tree.data
        if e < 0:
            size = self._elementwise(args[0], -e)
            under = self.within(size, PRODUCT)
            text = self.style.binary(self.style.number("1"), "⊘", under.text)
            # The part below is kept for `_hadamard`, which writes x ⊘ y.
            return Drawn(
                text, MIDDLE, "number", under.ends, under=size.text, under_level=size.level
            )
        return self._elementwise(args[0], e)

    def _elementwise(self, base: Drawn, e: int | Fraction) -> Drawn:
        if e == 1:
            return base
        if e == Fraction(1, 2):
            return self._radical(base)
        inner = self.within(base, POSTFIX)
        text = self.style.elementwise_power(inner.text, decimal(e))
        return Drawn(text, POSTFIX, inner.starts, "word" if isinstance(e, int) else "bracket")

    def _kron(self, tree: Tree, args: list[Drawn]) -> Drawn:
        return self._middle("⊗", [self.within(a, PRODUCT) for a in args])

    def _frac(self, tree: Tree, args: list[Drawn]) -> Drawn:
        over, under = args
        if self.style.flat:
            over = self.within(over, PRODUCT)
            under = self.within(under, POSTFIX)
            return Drawn(
                self.style.fraction(over.text, under.text), MIDDLE, over.starts, under.ends
            )
        return Drawn(self.style.fraction(over.text, under.text), POSTFIX, "bracket", "bracket")

    def _raised(self, part: Drawn, exponent: str) -> Drawn:
        inner = self.within(part, POSTFIX)
        if inner.above or (inner.level == POSTFIX and not self.style.flat):
            inner = self.within(inner._replace(level=SUM, above=()), POSTFIX)
        return Drawn(
            self.style.power(inner.text, exponent),
            POSTFIX,
            inner.starts,
            "name",
            inner.text,
            (exponent,),
        )

    def _power(self, tree: Tree, args: list[Drawn]) -> Drawn:
        if tree.data == Fraction(1, 2):
            return self._radical(args[0])
        return self._raised(args[0], decimal(tree.data))

    def _transpose(self, tree: Tree, args: list[Drawn]) -> Drawn:
        part = args[0]
        if part.above:
            above = part.above[0]
            joined = "-T" if above == "-1" else above + "T"
            return Drawn(
                self.style.superscript(part.base, joined),
                POSTFIX,
                part.starts,
                "name",
                part.base,
                (joined,),
            )
        inner = self.within(part, POSTFIX)
        return Drawn(
            self.style.superscript(inner.text, "T"),
            POSTFIX,
            inner.starts,
            "name",
            inner.text,
            ("T",),
        )

    def _norm(self, tree: Tree, args: list[Drawn]) -> Drawn:
        return self._notated("norm", BUILT_IN["norm"], args)

    def _sub(self, tree: Tree, args: list[Drawn]) -> Drawn:
        letters = ["(" + ",".join(g) + ")" if len(g) != 1 else g[0] for g in tree.data]
        base = args[0]
        braced = any(len(letter) > 1 for letter in letters)
        if tree.args[0].op == "name":
            title = tree.args[0].data
            braced = braced or not is_short(title) or f"{title}_{''.join(letters)}" in self.taken
        plain = tree.args[0].op == "name" and tree.args[0].data not in INDEX_SYMBOLS
        if tree.args[0].op in ("call", "kernel"):  # softmax(x)_i
            plain = base.level == ATOM and base.starts == "word"
        inner = base if plain else self.within(base._replace(level=COMPARE), ATOM)
        return Drawn(self.style.sub(inner.text, letters, braced), ATOM, inner.starts, "word")

    def _at(self, tree: Tree, args: list[Drawn]) -> Drawn:
        label, _ = tree.data
        title = tree.args[0].data
        braced = len(label) > 1 or f"{title}_{label}" in self.taken
        text = self.style.sub(args[0].text, [label], braced)
        return Drawn(text, ATOM, args[0].starts, "word")

    def _sigma(self, tree: Tree, args: list[Drawn]) -> Drawn:
        part = self.within(args[0], MIDDLE if args[0].level != SIGMA else SIGMA)
        braced = any(len(letter) > 1 for letter in tree.data)
        head = self.style.sub(self.style.large("Σ"), tree.data, braced)
        return Drawn(self.style.juxtapose(head, " ", part.text), SIGMA, "word", part.ends)


def _span(start: Dim, step: int, rows: Dim, columns: Dim) -> str:
    """The slice that names the places start, start + step, …, with Python's meaning of it."""
    last = start + (rows - 1) * step
    tail = "" if step == 1 else f":{step}"
    if step > 0:
        return f"{start}:{last + 1}{tail}"
    # Backwards to place 0 there is no stop to write: −1 would be the last place.
    if last.as_int() == 0:
        return f"{'' if start == columns - 1 else start}:{tail}"
    # Places that lie from the end stay there: n − 4 may be −1, where −4 means before the first.
    first_back, last_back = (start - columns).as_int(), (last - columns).as_int()
    if start.as_int() is None and first_back is not None and last_back is not None:
        return f"{first_back}:{last_back - 1}{tail}"
    return f"{start}:{last - 1}{tail}"


def to_unicode_tree(tree: Tree) -> str:
    """A tree alone, for messages and debugging."""
    return Renderer(UNICODE).draw(tree)
