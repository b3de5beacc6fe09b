"""Text → tokens with spans. Unicode and ASCII spellings of one operator become one token."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from ...errors import ParseError, Span

MAX_CHARACTERS = 100_000  # of a text that a person writes; printed ones may be longer
MAX_TOKENS = 5_000
PRINTED = 20  # how much longer
MAX_DEPTH = 400  # of brackets
MAX_DIGITS = 300  # of a number written out, its exponent included

SAME_OPERATOR = {
    "−": "-", "–": "-", "⋅": "·", "\u0387": "·", "∗": "*",
    "×": "*", "⊙": ".*", "∘": ".*", "⊘": "./",
    "÷": "/", "∕": "/", "’": "'", "′": "'", "⊤": "'", "∥": "‖", "≤": "<=", "≥": ">=", "≠": "!=",
    "~=": "!=", "||": "‖", ".'": "'", "⟨": "(", "⟩": ")", "⨯": "*", "≔": "=", ":=": "=",
}  # fmt: skip
OPERATORS = re.compile(
    r"\.\*\*|\.[*/^']|\*\*|<=|>=|==|!=|~=|:=|\|\||[-+*/^@'()\[\]{},;:=<>|.\\]"
    r"|[−–·\u0387⋅∗×⊙∘⊘⊗÷∕’′⊤∥‖≤≥≠√⟨⟩⨯≔∑⌊⌋⌈⌉]"
)
NUMBER = re.compile(r"(?:[0-9]+(?:\.(?![*/^'.])(?![A-Za-z])[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀᐟ⁽⁾ⁿ", "0123456789+-T/()n", strict=True))
SUPERSCRIPT_PART = re.compile(r"-?T|[+-]?(?:[0-9]+(?:/[0-9]+)?|n)|\([^()]*\)|\+")
SUBSCRIPT_DIGITS = frozenset("₀₁₂₃₄₅₆₇₈₉")
BOLD_ONES = frozenset("𝟏𝟙𝟭")
DOTS = frozenset("·\u0387")  # letters to Python, products here
INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff")
OPENERS = {"(": ")", "[": "]", "{": "}", "⌊": "⌋", "⌈": "⌉"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text.

    `kind` is `number name string op sup sub end`; `text` is the normal spelling (`.*` for `⊙`, the
    content of a string or subscript); `value` is the exact value of a number; `spaced` says whether
    blanks stand before it.
    """

    kind: str
    text: str
    start: int
    stop: int
    spaced: bool = False
    value: Fraction = Fraction(0)

    @property
    def ends_operand(self) -> bool:
        """Whether an operand may end here, so that `'` behind it is a transpose."""
        if self.kind == "op":
            return self.text in ")]}'|‖⌋⌉"
        return self.kind in {"number", "name", "sup", "sub", "string", "ones"}


def tokenize(text: str, printed: bool = False) -> list[Token]:
    """The tokens of a text, closed by one of kind `end`; a `printed` text may be longer.

    Raises
    ------
    ParseError
        Empty or overlong text, unbalanced brackets, a character or number that has no meaning.

    Examples
    --------
    >>> [t.text for t in tokenize("2.*Aᵀx₁ − .5")][:-1]
    ['2', '.*', 'A', 'T', 'x1', '-', '.5']
    """
    if not isinstance(text, str):
        raise ParseError(f"an expression is a text, not {type(text).__name__}")
    allowed = PRINTED if printed else 1
    if len(text) > MAX_CHARACTERS * allowed:
        raise ParseError(
            f"the text has {len(text)} characters; at most {MAX_CHARACTERS * allowed} are read",
            hint="build large expressions in Python, from smaller ones",
        )
    if not text.strip():
        raise ParseError("the text is empty", hint="write an expression such as x'*A*x")
    tokens = _scan(text, MAX_TOKENS * allowed)
    check_brackets(text, tokens)
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _scan(text: str, allowed: int) -> list[Token]:
    tokens: list[Token] = []
    position, spaced = 0, False
    while position < len(text):
        char = text[position]
        if char.isspace() or char in INVISIBLE:
            position, spaced = position + 1, True
            continue
        token = _next(text, position, spaced, tokens[-1] if tokens else None)
        tokens.extend(token)
        if len(tokens) > allowed:
            raise ParseError(
                f"the text has more than {allowed} parts",
                hint="build large expressions in Python, from smaller ones",
            )
        position, spaced = token[-1].stop, False
    return tokens


def _next(text: str, start: int, spaced: bool, before: Token | None) -> list[Token]:
    char = text[start]
    operand_before = before is not None and before.ends_operand
    if char == '"' or (char in "'’" and not operand_before):
        return [_string(text, start, spaced)]
    if char in BOLD_ONES:
        return [Token("ones", "𝟏", start, start + 1, spaced)]
    if char in SUPERSCRIPTS:
        return _superscript(text, start, spaced)
    if char in SUBSCRIPT_DIGITS and operand_before and not spaced:
        digit = unicodedata.normalize("NFKC", char)
        return [Token("sub", digit, start, start + 1)]
    if char == "_" and not spaced and (operand_before or (before and before.text == "∑")):
        return [_subscript(text, start)]
    if _starts_name(char):
        return _name(text, start, spaced)
    match = NUMBER.match(text, start)
    if match and not (char == "." and operand_before and not spaced):
        return [_number(text, match, spaced)]
    match = OPERATORS.match(text, start)
    if match:
        word = match.group()
        if word == "^" and text[match.end() : match.end() + 1] == "⊙":
            return [Token("op", ".^", start, match.end() + 1, spaced)]
        word = SAME_OPERATOR.get(word, word)
        return [Token("op", word, start, match.end(), spaced)]
    vulgar = unicodedata.normalize("NFKC", char).split("⁄")
    if len(vulgar) == 2 and all(part.isdigit() for part in vulgar):
        value = Fraction(int(vulgar[0]), int(vulgar[1]))
        return [Token("number", char, start, start + 1, spaced, value)]
    raise ParseError(
        f"{describe(char)} has no meaning here", text=text, spans=(Span(start, start + 1),)
    )


def describe(char: str) -> str:
    """A character for a message: itself when it can be shown, else its code."""
    if 0xD800 <= ord(char) <= 0xDFFF:
        return f"the lone surrogate U+{ord(char):04X}"
    if not char.isprintable():
        return f"the control character U+{ord(char):04X}"
    return f"the character {char!r}" if ord(char) < 128 else f"the character {char}"


def _starts_name(char: str) -> bool:
    return char.isidentifier() and char not in SUPERSCRIPTS


def _continues_name(char: str) -> bool:
    if char in SUPERSCRIPTS or char in BOLD_ONES or char in DOTS:
        return False
    return ("a" + char).isidentifier() or char in SUBSCRIPT_DIGITS


def _is_subscript_letter(char: str) -> bool:
    return unicodedata.decomposition(char).startswith("<sub>") and char.isalpha()


def _name(text: str, start: int, spaced: bool) -> list[Token]:
    stop = start + 1
    while stop < len(text) and _continues_name(text[stop]):
        if text[stop] == "_" and text[stop + 1 : stop + 2] == "{":
            break
        stop += 1
    end = stop
    while end > start + 1 and _is_subscript_letter(text[end - 1]):
        end -= 1
    name = unicodedata.normalize("NFKC", text[start:end])
    if end < stop:  # xᵢ is x_i
        name += "_" + unicodedata.normalize("NFKC", text[end:stop])
    return [Token("name", name, start, stop, spaced)]


def _superscript(text: str, start: int, spaced: bool) -> list[Token]:
    stop = start
    while stop < len(text) and text[stop] in SUPERSCRIPTS:
        stop += 1
    plain = "".join(SUPERSCRIPTS[c] for c in text[start:stop])
    tokens, position = [], 0
    while position < len(plain):
        match = SUPERSCRIPT_PART.match(plain, position)
        if match is None:
            raise ParseError(
                f"{text[start:stop]} is not an exponent that can be read",
                text=text,
                spans=(Span(start, stop),),
            )
        tokens.append(Token("sup", match.group(), start + position, start + match.end(), spaced))
        position, spaced = match.end(), False
    return tokens


def _subscript(text: str, start: int) -> Token:
    if text[start + 1 : start + 2] == "{":
        stop = text.find("}", start)
        if stop < 0:
            raise ParseError(
                "this bracket is not closed", text=text, spans=(Span(start + 1, start + 2),)
            )
        return Token("sub", text[start + 2 : stop].strip(), start, stop + 1)
    stop = start + 1
    while stop < len(text) and (_continues_name(text[stop]) or text[stop] in "∞*"):
        stop += 1
    if stop == start + 1:
        raise ParseError("a subscript is missing", text=text, spans=(Span(start, stop),))
    return Token("sub", unicodedata.normalize("NFKC", text[start + 1 : stop]), start, stop)


def _string(text: str, start: int, spaced: bool) -> Token:
    quote = text[start]
    stop = text.find(quote, start + 1)
    if stop < 0:
        raise ParseError(
            "this quote opens a text that is not closed",
            text=text,
            spans=(Span(start, start + 1),),
            hint="a transpose ' stands behind what it transposes" if quote == "'" else "",
        )
    return Token("string", text[start + 1 : stop], start, stop + 1, spaced)


def _number(text: str, match: re.Match[str], spaced: bool) -> Token:
    word = match.group()
    mantissa, _, exponent = word.lower().partition("e")
    too_long = len(mantissa) > MAX_DIGITS or len(exponent) > 5
    if too_long or (exponent and abs(int(exponent)) > MAX_DIGITS):
        raise ParseError(
            f"this number is too long: at most {MAX_DIGITS} digits are read",
            text=text,
            spans=(Span(*match.span()),),
        )
    return Token("number", word, *match.span(), spaced, Fraction(word))


def check_brackets(text: str, tokens: list[Token]) -> None:
    """Every bracket has its partner; `ParseError` with carets under the one that has not."""
    open_: list[Token] = []
    for token in tokens:
        if token.kind != "op":
            continue
        if token.text in OPENERS:
            open_.append(token)
            if len(open_) > MAX_DEPTH:
                raise ParseError(
                    f"brackets and calls are nested more than {MAX_DEPTH} deep",
                    text=text,
                    spans=(Span(token.start, token.stop),),
                    hint="name inner parts with where, or build the expression in Python",
                )
        elif token.text in OPENERS.values():
            if not open_:
                raise ParseError(
                    f"this {token.text} has no opening bracket",
                    text=text,
                    spans=(Span(token.start, token.stop),),
                )
            opener = open_.pop()
            if OPENERS[opener.text] != token.text:
                raise ParseError(
                    f"{opener.text} is closed by {token.text}",
                    text=text,
                    spans=(Span(opener.start, opener.stop), Span(token.start, token.stop)),
                )
    if open_:
        token = open_[-1]
        raise ParseError(
            f"this {token.text} is not closed", text=text, spans=(Span(token.start, token.stop),)
        )
