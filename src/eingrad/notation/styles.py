"""How a name, a fraction, a superscript … is set: Unicode text; LaTeX and MathML override it."""

from __future__ import annotations

from collections.abc import Sequence

_SUPER = str.maketrans("0123456789-+T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀ")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀ", "0123456789-+T")


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
        return f"{base}.^{exponent}" if exponent.isdigit() else f"{base}.^({exponent})"

    def sub(self, base: str, letters: Sequence[str], braced: bool) -> str:
        return f"{base}_{{{','.join(letters)}}}" if braced else f"{base}_{''.join(letters)}"

    def where(self, body: str, lines: Sequence[str]) -> str:
        return body + (" where " + ", ".join(lines) if lines else "")

    def equation(self, left: str, right: str) -> str:
        return f"{left} = {right}"


UNICODE = Style()
