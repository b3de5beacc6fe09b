"""The style of presentation MathML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from .lettering import GREEK, GREEK_NAMES, split_direction, split_name
from .styles import Style


class MathML(Style):
    """Presentation MathML, an mrow for each part; `formula` adds the `<math>` element."""

    flat = False

    def number(self, text: str) -> str:
        return f"<mn>{escape(text)}</mn>"

    def name(self, text: str) -> str:
        stem, sub = split_name(text)
        stem = GREEK_NAMES.get(stem, stem)
        body = f"<mi>{escape(stem)}</mi>"
        return f"<msub>{body}<mi>{escape(sub)}</mi></msub>" if sub else body

    def direction(self, text: str) -> str:
        mark, order, rest = split_direction(text)
        d = f'<mi mathvariant="normal">{escape(mark)}</mi>'
        d = f"<msub>{d}<mn>{order}</mn></msub>" if order else d
        return f"<mrow>{d}{self.name(rest)}</mrow>"

    def word(self, text: str) -> str:
        return f"<mi>{escape(text)}</mi>"

    def head(self, form: str) -> str:
        return self.word(latex_text(form))

    def size(self, text: str) -> str:
        return f"<mi>{escape(text.replace('*', ''))}</mi>"

    def symbol(self, text: str) -> str:
        return f"<mi>{escape(latex_text(text))}</mi>"

    def large(self, text: str) -> str:
        return "<mo>∑</mo>"

    def bracket(self, body: str) -> str:
        return self.fence("(", body, ")")

    def fence(self, left: str, body: str, right: str) -> str:
        left, right = (escape(latex_text(x)) for x in (left, right))
        return fence(left, body, right)

    def call(self, head: str, args: Sequence[str]) -> str:
        return f"<mrow>{head}<mo>⁡</mo>{self.fence('(', '<mo>,</mo>'.join(args), ')')}</mrow>"

    def keyword(self, key: str, value: str) -> str:
        return f"<mrow><mtext>{escape(key)}</mtext><mo>=</mo><mn>{escape(value)}</mn></mrow>"

    def slice(self, span: str) -> str:
        return f"<mo>[</mo><mtext>{escape(span)}</mtext><mo>]</mo>"

    def binary(self, left: str, symbol: str, right: str) -> str:
        extra = ' largeop="false"' if symbol in "⊙⊗⊘" else ""
        return f"{left}<mo{extra}>{escape(latex_text(symbol))}</mo>{right}"

    def prefix(self, symbol: str, body: str) -> str:
        return f'<mo form="prefix">{symbol}</mo>{body}'

    def juxtapose(self, left: str, gap: str, right: str) -> str:
        space = '<mspace width="0.17em"/>' if gap == " " else ""
        return f"{left}<mo>{'·' if gap == '·' else chr(0x2062)}</mo>{space}{right}"

    def fraction(self, over: str, under: str) -> str:
        return f"<mfrac><mrow>{over}</mrow><mrow>{under}</mrow></mfrac>"

    def radical(self, body: str, atom: bool) -> str:
        return radical(body)

    def superscript(self, base: str, above: str) -> str:
        above = escape(latex_text(above)).replace("T", "⊤").replace("-", "−")
        return f"<msup><mrow>{base}</mrow><mi>{above}</mi></msup>"

    def power(self, base: str, exponent: str) -> str:
        inner = exponent if exponent.startswith("<") else f"<mn>{escape(exponent)}</mn>"
        return f"<msup><mrow>{base}</mrow><mrow>{inner}</mrow></msup>"

    general_power = power

    def elementwise_power(self, base: str, exponent: str) -> str:
        inner = exponent if exponent.startswith("<") else f"<mn>{escape(exponent)}</mn>"
        return f"<msup><mrow>{base}</mrow><mrow><mo>⊙</mo>{inner}</mrow></msup>"

    def sub(self, base: str, letters: Sequence[str], braced: bool) -> str:
        inner = "".join(f"<mi>{escape(x)}</mi>" for x in letters)
        return f"<msub><mrow>{base}</mrow><mrow>{inner}</mrow></msub>"

    def where(self, body: str, lines: Sequence[str]) -> str:
        if not lines:
            return body
        return f"{body}<mspace width='1em'/><mtext>where\u00a0</mtext>" + "<mo>,</mo>".join(lines)

    def equation(self, left: str, right: str) -> str:
        return f"<mrow>{left}<mo>=</mo>{right}</mrow>"


STRUT = '<mspace width="0" height="0.72em" depth="0.12em"/>'
TALL = ("<mfrac", "<mtable", "<msqrt")


def fence(left: str, body: str, right: str) -> str:
    """Brackets around something; they stretch only where it is tall, since Chromium leaves the
    width of the widest bracket around those that may stretch."""
    kind = "" if any(tag in body for tag in TALL) else ' stretchy="false"'
    return (
        f'<mrow><mo fence="true" form="prefix"{kind}>{left}</mo><mrow>{body}</mrow>'
        f'<mo fence="true" form="postfix"{kind}>{right}</mo></mrow>'
    )


def radical(body: str) -> str:
    """A square root as tall as a capital: above low letters browsers hang its sign too low."""
    return f"<msqrt><mrow>{body}</mrow>{STRUT}</msqrt>"


_TEXT = {
    r"\left": "",
    r"\right": "",
    r"\lVert": "‖",
    r"\rVert": "‖",
    r"\lfloor": "⌊",
    r"\rfloor": "⌋",
    r"\lceil": "⌈",
    r"\rceil": "⌉",
    r"\ge": "≥",
    r"\le": "≤",
    r"\ne": "≠",
    r"\neq": "≠",
    r"\geq": "≥",
    r"\leq": "≤",
    r"\lvert": "|",
    r"\rvert": "|",
    r"\dagger": "†",
    r"\top": "⊤",
    r"\setminus": "∖",
}


def latex_text(form: str) -> str:
    """The characters that a short LaTeX form stands for: `\\operatorname{tr}` is `tr`."""
    text = form.strip()
    for command in sorted(_TEXT, key=len, reverse=True):
        text = text.replace(command, _TEXT[command])
    for wrapper in (r"\operatorname", r"\mathrm", r"\text", r"\mathbf", r"\mathit"):
        text = text.replace(wrapper, "")
    text = text.replace("\\_", "_").replace("\\,", "\u2009").replace("{", "").replace("}", "")
    text = re.sub(r"(?<=[A-Za-z])\\", "\u2009\\\\", text)  # log Γ: two words
    return re.sub(r"\\([A-Za-z]+)", _command, text).strip()


def _command(found: re.Match[str]) -> str:
    """A Greek letter, or the name of a function, which is its own text."""
    return _LETTERS.get(found[1], found[1])


_LETTERS = {command: letter for letter, command in GREEK.items()}


MATHML = MathML()
