"""Entries as text (`2b_12 x_1`), as mathematics for matplotlib (`$2b_{12}x_1$`), as MathML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from html import escape

from ..dims import shape_text
from ..errors import EingradError
from ..ir.node import Apply, Node, Number, Variable
from ..ir.record import lookup
from ..notation import MATHML, draw, formula, to_latex
from ..notation.lettering import GREEK_NAMES, split_name
from .pairs import (
    NOTHING,
    Pair,
    fenced,
    lowered,
    number,
    radical,
    raised,
    sign,
    superscript,
    upright,
    word,
)
from .polynomial import Atom, Entry, Function, Group, Index, Monomial, Part, Sigma, Symbol

MAX_NAME = 12  # characters of a formula that takes a subscript; a longer one gets a letter
MAX_FORMULA = 72  # characters of the definition of such a letter
NAMES = "PQRSTUVWXYZMNHKLE"
TIMES = "<mo>\u2062</mo>"  # a product that is not written
GAP = Pair(" ", r"\,", '<mspace width="0.17em"/>')
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ"


class Labels:
    """Writes entries; matrices that need a name get one, and `where` tells what it stands for.

    Parameters
    ----------
    variables:
        All variables in sight: a matrix A has the entries a_12, unless another matrix is called a.
    """

    def __init__(self, variables: Iterable[Variable]) -> None:
        known = {v.name: v for v in variables}
        self._names = frozenset(known)
        self._letter: dict[str, Pair] = {}
        lowered = [(v.name[:1].lower() + v.name[1:], v.ndim) for v in known.values()]
        for v, (low, rank) in zip(known.values(), lowered, strict=True):
            alone = lowered.count((low, rank)) == 1
            self._letter[v.name] = variable_name(low if v.ndim and alone else v.name)
        self._parts: dict[Node, Pair] = {}
        self.where: list[Pair] = []

    def text(self, entry: Entry) -> str:
        """The entry as text."""
        return self.pair(entry).text

    def pair(self, entry: Entry) -> Pair:
        """The entry as text and as mathtext."""
        if entry.is_zero:
            return number("0")
        result = NOTHING
        terms = sorted(entry.terms, key=lambda t: t[1] < 0)[:1]  # no minus in front if possible
        terms += [t for t in entry.terms if t != terms[0]]
        shown: Sequence[tuple[Monomial, Number] | None] = terms
        if len(terms) > 6:
            shown = [*terms[:2], None, terms[-1]]
        for k, term in enumerate(shown):
            if term is None:
                result += sign(" + ") + Pair("…", r"\ldots ", "<mo>…</mo>")
                continue
            monomial, coefficient = term
            negative = coefficient < 0
            if k:
                result += sign(" − ", " - ") if negative else sign(" + ")
            elif negative:
                result += sign("−", "-")
            result += self._term(monomial, abs(Fraction(coefficient)))
        return result

    def _term(self, monomial: Monomial, coefficient: Fraction) -> Pair:
        top = [self._power(atom, e, len(monomial) > 1) for atom, e in monomial if e > 0]
        bottom = [self._power(atom, -e, True) for atom, e in monomial if e < 0]
        above, below = coefficient.numerator, coefficient.denominator
        if below > 64:  # a decimal, not a ratio of integers
            above, below = 1, 1
            over = number(f"{float(coefficient):.4g}")
            over = over + (GAP + _joined(top) if top else NOTHING)
        else:
            over = _joined(top)
            if above != 1 or not top:
                apart = top and not over.text[:1].isalpha() and over.text[:1] not in "("
                over = number(str(above)) + (GAP if apart else NOTHING) + over
        if below != 1:
            bottom.insert(0, number(str(below)))
        if not bottom:
            return over
        under = _joined(bottom)
        if len(bottom) > 1:
            under = fenced(under)
        return over + sign("/") + under

    def _power(self, atom: Atom, exponent: Fraction, beside: bool) -> Pair:
        if exponent == Fraction(1, 2):
            inside = self.pair(atom.entry) if isinstance(atom, Group) else self._atom(atom)
            if isinstance(atom, Part) and _enclosed(inside.text):
                inside = inside._replace(text=inside.text[1:-1], math=inside.math[1:-1])
            return radical(inside)
        base = self._atom(atom)
        if isinstance(atom, Group) or (isinstance(atom, Sigma) and (beside or exponent != 1)):
            base = fenced(base)
        if exponent == 1:
            return base
        if base.text[-1:] in RAISED:
            base = fenced(base)
        return raised(base, str(exponent))

    def _atom(self, atom: Atom) -> Pair:
        if isinstance(atom, Symbol):
            return subscripted(self._letter.get(atom.name, variable_name(atom.name)), atom.index)
        if isinstance(atom, Part):
            return subscripted(self._part(atom.node), atom.index)
        if isinstance(atom, Group):
            return self.pair(atom.entry)
        if isinstance(atom, Sigma):
            body = self.pair(atom.entry)
            if len(atom.entry.terms) > 1:
                body = fenced(body)
            letters = "".join(atom.letters)
            below = "".join(f"<mi>{letter}</mi>" for letter in atom.letters)
            head = f"<msub><mo>∑</mo><mrow>{below}</mrow></msub>"
            return Pair(f"Σ_{letters} ", rf"\Sigma_{{{letters}}}\,", head) + body
        return self._function(atom)

    def _function(self, atom: Function) -> Pair:
        notation = lookup(atom.name).notation
        inside = [self.pair(a) for a in atom.arguments]
        symbol = notation.unicode
        if notation.kind == "symbol":
            return word(str(symbol))._replace(math=str(notation.latex))
        if notation.kind == "fence":
            left, right = (sign(symbol[k], notation.latex[k]) for k in range(2))
            return fenced(Pair("", " ") + inside[0] + Pair("", " "), left, right)
        if notation.kind == "infix":
            body = inside[0] + sign(f" {symbol} ", f" {notation.latex} ") + inside[1]
            return fenced(body, sign("["), sign("]"))
        if notation.kind == "radical":
            return radical(inside[0])._replace(text=f"√({inside[0].text})")
        if notation.kind == "power" and len(inside) == 2:
            base, exponent = inside
            if not base.text.replace("_", "").isalnum():
                base = fenced(base)
            return superscript(base, exponent._replace(text=f"^({exponent.text})"))
        if notation.kind == "power":  # 0 to a power that is not positive
            exponent = number(str(dict(atom.params)["exponent"]))
            return superscript(inside[0], exponent._replace(text=f"^({exponent.text})"))
        arguments = inside[0] if inside else NOTHING
        for other in inside[1:]:
            arguments = arguments + sign(", ") + other
        return word(str(symbol)) + Pair("", "", "<mo>⁡</mo>") + fenced(arguments)

    def _part(self, node: Node) -> Pair:
        """How a matrix that is not opened is called: its formula, or a letter for it."""
        found = self._parts.get(node)
        if found is None:
            found = self._parts[node] = self._called(node)
        return found

    def _called(self, node: Node) -> Pair:
        try:
            written = formula(node, names_taken=self._names)
            text, latex = str(written), _settable(node, to_latex(written))
            drawn = f"<mrow>{draw(written, MATHML)}</mrow>"
        except EingradError:
            text = latex = drawn = ""
        short = bool(text) and "\n" not in text and len(text) <= MAX_NAME
        if short and len(text) == 1:
            return Pair(text, latex, drawn)
        if short:
            # One call, or a norm: det(A), ‖x‖². All else takes brackets: (Ax)_1.
            closed = re.fullmatch(r"\w+\([^()]*\)|‖[^‖]*‖²?", text)
            pair = Pair(text, latex, drawn)
            return pair if closed else fenced(pair)
        taken = {*self._names, *(p.text for p in self._parts.values())}
        name = next((x for x in NAMES if x not in taken), f"T{len(self._parts)}")
        if not text or "\n" in text or len(text) > MAX_FORMULA:
            what = f"an intermediate result, {shape_text(node.shape)}"
            said = f"<mi>{name}</mi><mtext>: {escape(what)}</mtext>"
            self.where.append(Pair(f"{name}: {what}", "", said))
        else:
            self.where.append(word(name) + sign(" = ") + Pair(text, latex, drawn))
        return word(name)


def _settable(node: Node, latex: str) -> str:
    """LaTeX as matplotlib sets it; a matrix function keeps its own name (expm is not exp)."""
    for left, right in ((r"\left\lVert ", r" \right\rVert"), (r"\lVert", r"\rVert")):
        latex = latex.replace(left, r"\|").replace(right, r"\|")
    if isinstance(node, Apply):
        notation = lookup(node.function).notation
        if notation.kind == "call" and latex.startswith(str(notation.latex)):
            rest = latex[len(str(notation.latex)) :]
            latex = upright(str(notation.unicode)) + rest.replace(r"\left", "").replace(
                r"\right", ""
            )
    return latex


def _enclosed(text: str) -> bool:
    """Whether one pair of brackets is around all of a text."""
    depth = 0
    for k, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return k == len(text) - 1 and text.startswith("(")
    return False


def variable_name(name: str) -> Pair:
    """A variable's name: Greek words become letters, trailing digits an upper index in print.

    >>> variable_name("theta").text, variable_name("w1").text
    ('θ', 'w1')
    """
    stem, sub = split_name(name)
    letter = GREEK_NAMES.get(stem, stem)
    text = letter + name[len(stem) :]
    base = f"<mi>{escape(letter)}</mi>"
    if not sub:
        return Pair(text, upright(letter), base)
    return Pair(
        text,
        upright(letter) + rf"^{{\mathrm{{{sub}}}}}",
        f"<msup>{base}<mtext>{escape(sub)}</mtext></msup>",
    )


def subscripted(name: Pair, index: Sequence[Index]) -> Pair:
    """The name with places counted from 1: `b_12`, with commas where a place has two digits."""
    if not index:
        return name
    places = [k if isinstance(k, str) else str(k + 1) for k in index]
    return lowered(name, places)


def _joined(parts: Sequence[Pair]) -> Pair:
    result = NOTHING
    for k, part in enumerate(parts):
        # Brackets close up: x_1(a + b) needs no space.
        gap = NOTHING if not k or part.text.startswith("(") else GAP
        result = result + (Pair("", "", TIMES) if k else NOTHING) + gap + part
    return result
