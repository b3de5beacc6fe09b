"""Walking over tokens: the part of the parser that knows no grammar."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ...errors import ParseError, Span
from . import syntax as s
from .entries import parse_letters
from .lexer import Token
from .names import Vocabulary

Parse = Generator[Any, Any, Any]

MAX_STACK = 5000


class Cursor:
    """One text while it is being parsed: a place in its tokens.

    `index` says whether subscripts are index letters; `fences` are the open bars, `in_block` how
    many square brackets are open.
    """

    def __init__(self, text: str, tokens: list[Token], vocabulary: Vocabulary, index: bool) -> None:
        self.text = text
        self.tokens = tokens
        self.vocabulary = vocabulary
        self.index = index
        self.position = 0
        self.in_block = 0
        self.fences: list[str] = []

    def expression(self, level: int) -> Parse:
        """An expression of operators that bind more tightly than `level`."""
        raise NotImplementedError

    def postfix(self, left: s.Syntax, powers: bool) -> Parse:
        """What stands behind an atom: indices and methods, with `powers` also powers."""
        raise NotImplementedError

    def _run(self, generator: Parse) -> Any:
        stack = [generator]
        value: Any = None
        while stack:
            if len(stack) > MAX_STACK:
                token = self.peek
                raise self.error(
                    "operators are nested too deep here",
                    token,
                    "name inner parts with where, or build the expression in Python",
                )
            try:
                stack.append(stack[-1].send(value))
                value = None
            except StopIteration as done:
                value = done.value
                stack.pop()
        return value

    @property
    def peek(self) -> Token:
        return self.tokens[self.position]

    def advance(self) -> Token:
        token = self.tokens[self.position]
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def at(self, *operators: str) -> bool:
        token = self.peek
        return token.kind == "op" and token.text in operators

    def expect(self, operator: str) -> Token:
        if not self.at(operator):
            raise self.error(f"{operator} is expected here", self.peek)
        return self.advance()

    def error(self, message: str, where: Token | s.Syntax, hint: str = "") -> ParseError:
        span = Span(where.start, max(where.stop, where.start + 1))
        return ParseError(message, text=self.text, spans=(span,), hint=hint)

    def unexpected(self, token: Token) -> ParseError:
        if token.kind == "end":
            return ParseError(
                "the expression ends where an operand is expected",
                text=self.text,
                spans=(Span(max(0, len(self.text.rstrip()) - 1), len(self.text.rstrip())),),
            )
        if token.kind in ("number", "name"):
            return self.error(f"an operator is missing before {token.text}", token)
        if token.text == "=":
            return self.error("an expression has no =", token, "a comparison is written ==")
        shown = self.text[token.start : token.stop]
        return self.error(f"{shown} is not expected here", token)

    def _letters(self, text: str, token: Token) -> tuple[tuple[str, ...], ...]:
        letters = parse_letters(text)
        if letters is None:
            raise self.error("a subscript holds a letter for each axis", token)
        return letters
