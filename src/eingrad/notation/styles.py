"""How a name, a fraction, a superscript … is set in Unicode text, LaTeX and MathML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import ClassVar

_SUPER = str.maketrans("0123456789-+T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀ")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀ", "0123456789-+T")

GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "varepsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "varphi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "Γ": "Gamma",
    "Δ": "Delta",
    "Θ": "Theta",
    "Λ": "Lambda",
    "Ξ": "Xi",
    "Π": "Pi",
    "Σ": "Sigma",
    "Φ": "Phi",
    "Ψ": "Psi",
    "Ω": "Omega",
}
GREEK_NAMES = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
}


class Style:
    """Unicode text; the other styles override what they set differently."""

    flat = True  # a fraction is a/b and binds like one

    def number(self, text: str) -> str:
        return text

    def name(self, text: str) -> str:
        return text

    def direction(self, text: str) -> str:
        return text

    def word(self, text: str) -> str:
        return text

    def head(self, form: str) -> str:
        return form

    def size(self, text: str) -> str:
        return text

    def symbol(self, text: str) -> str:
        return text

    def large(self, text: str) -> str:
        return text

    def bracket(self, body: str) -> str:
        return f"({body})"

    def fence(self, left: str, body: str, right: str) -> str:
        return f"{left}{body}{right}"

    def call(self, head: str, args: Sequence[str]) -> str:
        return f"{head}({', '.join(args)})"

    def keyword(self, key: str, value: str) -> str:
        return f"{key}={value}"

    def slice(self, span: str) -> str:
        return f"[{span}]"

    def binary(self, left: str, symbol: str, right: str) -> str:
        return f"{left} {symbol} {right}"

    def prefix(self, symbol: str, body: str) -> str:
        return symbol + body

    def juxtapose(self, left: str, gap: str, right: str) -> str:
        return left + gap + right

    def fraction(self, over: str, under: str) -> str:
        return f"{over}/{under}"

    def radical(self, body: str, atom: bool) -> str:
        return f"√{body}" if atom else f"√({body})"

    def plain_superscript(self, form: str) -> str:
        return form.translate(_PLAIN)

    def superscript(self, base: str, above: str) -> str:
        return base + above.translate(_SUPER)

    def power(self, base: str, exponent: str) -> str:
        if exponent.lstrip("-").isdigit():
            return base + exponent.translate(_SUPER)
        return f"{base}^({exponent})"

    def general_power(self, base: str, exponent: str) -> str:
        return f"{base}^({exponent})"

    def elementwise_power(self, base: str, exponent: str) -> str:
        return f"{base}.^({exponent})"

    def sub(self, base: str, letters: Sequence[str], braced: bool) -> str:
        return f"{base}_{{{','.join(letters)}}}" if braced else f"{base}_{''.join(letters)}"

    def where(self, body: str, lines: Sequence[str]) -> str:
        return body + (" where " + ", ".join(lines) if lines else "")

    def equation(self, left: str, right: str) -> str:
        return f"{left} = {right}"


class Latex(Style):
    """LaTeX mathematics, without delimiters."""

    flat = False
    _symbols: ClassVar[dict[str, str]] = {
        "⊙": r"\odot",
        "⊘": r"\oslash",
        "⊗": r"\otimes",
        "−": "-",
        "·": r"\cdot",
        "𝟏": r"\mathbf{1}",
        "Σ": r"\sum",
        "≥": r"\ge",
        "≤": r"\le",
        "≠": r"\ne",
    }

    def name(self, text: str) -> str:
        stem, sub = split_name(text)
        body = _latex_letters(stem)
        return f"{body}_{{{_latex_sub(sub)}}}" if sub else body

    def direction(self, text: str) -> str:
        mark, order, rest = split_direction(text)
        return rf"\mathrm{{{mark}}}" + (f"_{{{order}}}" if order else "") + self.name(rest)

    def word(self, text: str) -> str:
        return rf"\operatorname{{{_latex_escape(text)}}}"

    def size(self, text: str) -> str:
        return text.replace("*", r"\,").replace("_", r"\_")

    def symbol(self, text: str) -> str:
        if text in self._symbols:
            return self._symbols[text]
        return text if text.startswith("\\") else _latex_letters(text)

    def large(self, text: str) -> str:
        return r"\sum"

    def bracket(self, body: str) -> str:
        return rf"\left({body}\right)"

    def call(self, head: str, args: Sequence[str]) -> str:
        return rf"{head}\left({', '.join(args)}\right)"

    def keyword(self, key: str, value: str) -> str:
        return rf"\text{{{_latex_escape(key)}}}={value}"

    def slice(self, span: str) -> str:
        return rf"\left[{span.replace('*', '')}\right]"

    def binary(self, left: str, symbol: str, right: str) -> str:
        return f"{left} {self._symbols.get(symbol, symbol)} {right}"

    def prefix(self, symbol: str, body: str) -> str:
        return self._symbols.get(symbol, symbol) + body

    def juxtapose(self, left: str, gap: str, right: str) -> str:
        return left + (r" \cdot " if gap == "·" else r" \, " if gap else " ") + right

    def fraction(self, over: str, under: str) -> str:
        return rf"\frac{{{over}}}{{{under}}}"

    def radical(self, body: str, atom: bool) -> str:
        return rf"\sqrt{{{body}}}"

    def superscript(self, base: str, above: str) -> str:
        return f"{base}^{{{above.replace('T', chr(92) + 'top')}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    general_power = power

    def elementwise_power(self, base: str, exponent: str) -> str:
        return rf"{base}^{{\odot {exponent}}}"

    def sub(self, base: str, letters: Sequence[str], braced: bool) -> str:
        separator = "," if any(len(letter) > 1 for letter in letters) else ""
        return f"{base}_{{{separator.join(_latex_sub(x) for x in letters)}}}"

    def where(self, body: str, lines: Sequence[str]) -> str:
        if not lines:
            return body
        return body + r" \quad \text{where } " + r",\ ".join(lines)


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
        return (
            f'<mrow><mo fence="true">{left}</mo><mrow>{body}</mrow>'
            f'<mo fence="true">{right}</mo></mrow>'
        )

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
        return f"{left}<mo>{'·' if gap == '·' else chr(0x2062)}</mo>{right}"

    def fraction(self, over: str, under: str) -> str:
        return f"<mfrac><mrow>{over}</mrow><mrow>{under}</mrow></mfrac>"

    def radical(self, body: str, atom: bool) -> str:
        return f"<msqrt>{body}</msqrt>"

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
        return f"{body}<mtext>\u00a0where\u00a0</mtext>" + "<mo>,</mo>".join(lines)

    def equation(self, left: str, right: str) -> str:
        return f"<mrow>{left}<mo>=</mo>{right}</mrow>"


def split_name(text: str) -> tuple[str, str]:
    """`W_ax` → `W`, `ax`; `x1` → `x`, `1`."""
    if "_" in text.strip("_"):
        stem, _, sub = text.partition("_")
        if stem:
            return stem, sub
    stem = text.rstrip("0123456789")
    return (stem, text[len(stem) :]) if stem and len(stem) < len(text) else (text, "")


def split_direction(text: str) -> tuple[str, str, str]:
    """`dX` → `d`, ``, `X`; `d₂X` → `d`, `2`, `X`."""
    order = "".join(str("₀₁₂₃₄₅₆₇₈₉".index(c)) for c in text[1:2] if c in "₀₁₂₃₄₅₆₇₈₉")
    return text[0], order, text[1 + len(order) :]


def _latex_escape(text: str) -> str:
    return "".join("\\" + c if c in "_#$%&{}" else c for c in text)


def _latex_letters(text: str) -> str:
    if text in GREEK_NAMES:
        text = GREEK_NAMES[text]
    if text in GREEK:
        return "\\" + GREEK[text]
    if len(text) == 1:
        return _latex_escape(text)
    return rf"\mathit{{{_latex_escape(text)}}}"


def _latex_sub(text: str) -> str:
    inner = text.replace("*", "")
    return _latex_letters(inner) if inner in GREEK else _latex_escape(inner)


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
}


def latex_text(form: str) -> str:
    """The characters that a short LaTeX form stands for: `\\operatorname{tr}` is `tr`."""
    text = form.strip()
    for command in sorted(_TEXT, key=len, reverse=True):
        text = text.replace(command, _TEXT[command])
    for wrapper in (r"\operatorname", r"\mathrm", r"\text", r"\mathbf", r"\mathit"):
        text = text.replace(wrapper, "")
    text = text.replace("{", "").replace("}", "").strip()
    for letter, command in GREEK.items():
        if text == "\\" + command:
            return letter
    return text.lstrip("\\")


UNICODE = Style()
LATEX = Latex()
MATHML = MathML()
