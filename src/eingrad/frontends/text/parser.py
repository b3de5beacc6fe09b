"""Tokens → syntax tree: a Pratt parser whose stack is a list; no depth meets Python's limit.

Methods are generators that `yield` the sub-parse they need and are driven by `_run`; they read
as recursive descent. Levels, loosest first: comparison, `+ -`, `* .* / ./ @ ⊗`, juxtaposition and
prefix `-`, then powers, transposes, subscripts and indices.
"""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from typing import Any

from ...dims import Dim
from ...errors import ParseError, Span
from . import syntax as s
from .entries import parse_letters
from .lexer import Token
from .names import Vocabulary, defined

Parse = Generator[Any, Any, Any]

MAX_STACK = 5000
COMPARISONS = frozenset({"<", ">", "<=", ">=", "==", "!="})
PRODUCTS = frozenset({"*", ".*", "/", "./", "@", "⊗", "\\"})
POWERS = frozenset({"^", "**", ".^", ".**"})
COMPARE, ADD, MULTIPLY, JUXTAPOSE = 10, 20, 30, 40
MODULES = frozenset({"np", "numpy", "jnp", "torch", "tf", "math", "linalg", "scipy", "special"})


class Parser:
    """One text while it is being parsed."""

    def __init__(self, text: str, tokens: list[Token], vocabulary: Vocabulary, index: bool) -> None:
        self.text = text
        self.tokens = tokens
        self.vocabulary = vocabulary
        self.index = index
        self.position = 0
        self.in_block = 0
        self.fences: list[str] = []

    # -- driving -------------------------------------------------------------------------------

    def parse(self) -> s.Syntax:
        """The whole text as one syntax tree."""
        return self._run(self._whole())

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

    # -- whole text ----------------------------------------------------------------------------

    def _whole(self) -> Parse:
        self._skip_left_side()
        body = yield self.expression(0)
        token = self.peek
        clause = s.Where(body.start, len(self.text), body, [], [], [])
        if token.kind == "name" and token.text == "where":
            self.advance()
            while True:
                yield self.definition(clause)
                if not self.at(",", ";"):
                    break
                self.advance()
        if self.peek.kind != "end":
            raise self.unexpected(self.peek)
        return clause if clause.names else body

    def definition(self, clause: s.Where) -> Parse:
        """`p = softmax(x)` or, in index form, `P_ij = …`."""
        token = self.peek
        name, subscript, equals = defined(self.tokens, self.position, self.index)
        if not name:
            raise self.error("after where stands a definition such as p = softmax(x)", token)
        if name in clause.names:
            raise self.error(f"{name} is defined twice", token)
        self.position = equals + 1
        clause.names.append(name)
        clause.letters.append(self._letters(subscript, token) if subscript else None)
        clause.values.append((yield self.expression(0)))

    def _skip_left_side(self) -> None:
        """`dC = dA B` is read from its right side."""
        first, second = self.tokens[0], self.tokens[1:2]
        if first.kind == "name" and second and second[0].kind == "op" and second[0].text == "=":
            if not first.text.startswith(("d", "∂")):
                raise self.error("an expression has no =", second[0], f"leave out '{first.text} ='")
            self.position = 2

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

    # -- operators -----------------------------------------------------------------------------

    def expression(self, level: int) -> Parse:
        """An expression of operators that bind more tightly than `level`."""
        left = yield self.prefix()
        while True:
            token = self.peek
            operator = token.text if token.kind == "op" else ""
            if operator in COMPARISONS and level < COMPARE:
                self.advance()
                right = yield self.expression(COMPARE)
                left = s.Binary(left.start, right.stop, operator, left, right)
            elif operator in ("+", "-") and level < ADD:
                left = yield self.chain(left)
            elif operator == "·" and level < JUXTAPOSE:
                self.advance()
                right = yield self.prefix()
                left = s.Binary(left.start, right.stop, "*", left, right, implicit=True)
            elif operator in PRODUCTS and level < MULTIPLY:
                self.advance()
                right = yield self.expression(MULTIPLY)
                self._check_quotient(operator, right)
                left = s.Binary(left.start, right.stop, operator, left, right)
            elif level < JUXTAPOSE and self._operand_follows():
                left = yield self.juxtaposition(left)
            else:
                return left

    def chain(self, first: s.Syntax) -> Parse:
        """`a + b − c …` as one sum, so that long sums stay flat."""
        signs, terms = [1], [first]
        while self.at("+", "-"):
            signs.append(1 if self.advance().text == "+" else -1)
            terms.append((yield self.expression(ADD)))
        return s.Sum(first.start, terms[-1].stop, signs, terms)

    def juxtaposition(self, left: s.Syntax) -> Parse:
        token = self.peek
        if self.in_block and token.spaced and not self.vocabulary.closed:
            raise self.error(
                "entries of a block are separated by commas", token, "write * for a product"
            )
        right = yield self.operand()
        return s.Binary(left.start, right.stop, "*", left, right, implicit=True)

    def _check_quotient(self, operator: str, right: s.Syntax) -> None:
        """`1/2x` means two things to two people."""
        if (
            operator in ("/", "./")
            and isinstance(right, s.Binary)
            and right.implicit
            and self.text[right.start : right.start + 1] != "("
            and not self.vocabulary.closed
        ):
            shown = self.text[right.start : right.stop]
            raise self.error(
                f"is {shown} the whole divisor?", right, "write 1/(2*x) or (1/2)*x with brackets"
            )

    def _operand_follows(self) -> bool:
        token = self.peek
        if token.kind in {"name", "ones", "eye", "commutation"}:
            return not (token.kind == "name" and token.text == "where" and self._definition_next())
        if token.kind == "number":
            return False
        if token.kind != "op":
            return False
        if token.text in ("|", "‖"):
            return not self._closes_fence(token.text)
        return token.text in ("(", "√", "∑")

    def _definition_next(self) -> bool:
        return defined(self.tokens, self.position + 1, self.index)[0] != ""

    def _closes_fence(self, bar: str) -> bool:
        return bool(self.fences) and (
            self.fences[-1] == bar or (bar == "‖" and self.fences[-1] == "|")
        )

    def prefix(self) -> Parse:
        """An operand with signs before it: `-x^2` is −(x²), `-a*b` is (−a)*b."""
        token = self.peek
        if self.at("-", "+"):
            sign = 1
            while self.at("-", "+"):
                sign = -sign if self.advance().text == "-" else sign
            operand = yield self.expression(MULTIPLY)
            if sign == 1:
                return operand
            return s.Sum(token.start, operand.stop, [-1], [operand])
        return (yield self.operand())

    def operand(self) -> Parse:
        """An atom with what is set behind it: powers, transposes, subscripts, indices, methods."""
        left = yield self.atom()
        return (yield self.postfix(left, powers=True))

    def postfix(self, left: s.Syntax, powers: bool) -> Parse:
        while True:
            token = self.peek
            if token.kind == "sup" and powers:
                self.advance()
                left = self._superscript(left, token)
            elif token.kind == "sub":
                self.advance()
                left = self._subscript(left, token)
            elif token.kind != "op":
                return left
            elif token.text in POWERS and powers:
                left = yield self.power(left)
            elif token.text == "'" and powers:
                self.advance()
                left = s.Transpose(left.start, token.stop, left)
            elif token.text == "." and not token.spaced:
                left = yield self.attribute(left)
            elif token.text == "[" and not token.spaced and not isinstance(left, s.Number):
                left = yield self.index_items(left)
            else:
                return left

    def power(self, left: s.Syntax) -> Parse:
        operator = self.advance().text
        token = self.peek
        if token.kind == "name" and token.text == "T" and not self.vocabulary.is_name("T"):
            self.advance()
            return s.Transpose(left.start, token.stop, left)
        if self.at("'"):
            self.advance()
            return s.Transpose(left.start, token.stop, left)
        if self.at("{"):
            inside = self.tokens[self.position + 1 : self.position + 4]
            words = [t.text for t in inside]
            signed = words[:1] == ["-"]
            if words[signed : signed + 2] == ["T", "}"]:
                self.position += 3 if signed else 2
                end = self.advance()
                part = Token("sup", "-T" if signed else "T", token.start, end.stop)
                return self._superscript(left, part)
        right = yield self.exponent(operator)
        plain = "^" if operator in ("^", "**") else ".^"
        return s.Binary(left.start, right.stop, plain, left, right)

    def exponent(self, operator: str) -> Parse:
        """What stands behind `^`: a signed atom; `**` binds to the right as in Python."""
        token = self.peek
        sign = 1
        while self.at("-", "+"):
            sign = -sign if self.advance().text == "-" else sign
        if self.at("{"):
            self.advance()
            right = yield self.expression(0)
            self.expect("}")
        else:
            atom = yield self.atom()
            right = yield self.postfix(atom, powers=False)
        if operator in ("**", ".**") and self.at("**", ".**"):
            right = yield self.power(right)
        if sign == 1:
            return right
        if isinstance(right, s.Number):
            return s.Number(token.start, right.stop, -right.value, "-" + right.literal)
        return s.Sum(token.start, right.stop, [-1], [right])

    def _superscript(self, left: s.Syntax, token: Token) -> s.Syntax:
        if token.text in ("T", "-T"):
            if token.text == "-T":
                minus = s.Number(token.start, token.stop, Fraction(-1), "-1")
                left = s.Binary(left.start, token.stop, "^", left, minus)
            return s.Transpose(left.start, token.stop, left)
        word = token.text.strip("()")
        exponent: s.Syntax
        if word.lstrip("+-") == "n":
            exponent = s.Name(token.start, token.stop, "n")
            if word.startswith("-"):
                exponent = s.Sum(token.start, token.stop, [-1], [exponent])
        else:
            try:
                value = Fraction(word)
            except (ValueError, ZeroDivisionError):
                raise self.error("this exponent cannot be read", token) from None
            exponent = s.Number(token.start, token.stop, value, word)
        return s.Binary(left.start, token.stop, "^", left, exponent)

    def _subscript(self, left: s.Syntax, token: Token) -> s.Syntax:
        if self.index:
            letters = self._letters(token.text, token)
            return s.Subscript(left.start, token.stop, left, letters)
        if isinstance(left, s.Name):
            return s.Name(left.start, token.stop, f"{left.name}_{token.text.replace(',', '_')}")
        raise self.error("a subscript has a meaning in index form only", token)

    def _letters(self, text: str, token: Token) -> tuple[tuple[str, ...], ...]:
        letters = parse_letters(text)
        if letters is None:
            raise self.error("a subscript holds a letter for each axis", token)
        return letters

    # -- atoms ---------------------------------------------------------------------------------

    def atom(self) -> Parse:
        token = self.advance()
        if token.kind == "number":
            return s.Number(token.start, token.stop, token.value, token.text)
        if token.kind == "string":
            return s.Text(token.start, token.stop, token.text)
        if token.kind in ("ones", "eye", "commutation"):
            return self.constant(token)
        if token.kind == "name":
            return (yield self.name(token))
        if token.kind == "op":
            if token.text == "(":
                return (yield self.bracket(token))
            if token.text == "[":
                return (yield self.block(token))
            if token.text in ("|", "‖"):
                return (yield self.fence(token))
            if token.text == "√":
                operand = yield self.atom()
                operand = yield self.postfix(operand, powers=False)
                return s.Prefix(token.start, operand.stop, "√", operand)
            if token.text == "∑" and self.index:
                return (yield self.summation(token))
        raise self.unexpected(token)

    def constant(self, token: Token) -> s.Syntax:
        sizes: list[Dim] = []
        stop = token.stop
        if self.peek.kind == "sub" and not (self.index and self._indexes(self.peek, token)):
            sub = self.advance()
            stop = max(stop, sub.stop)
            words = sub.text.split(",") if token.kind == "ones" else [sub.text]
            pair = self.vocabulary.two_sizes(sub.text) if token.kind == "commutation" else None
            found = list(pair) if pair else [self.vocabulary.cut_size(w, True) for w in words]
            sizes = [dim for dim in found if dim is not None]
            if len(sizes) < len(found) or (token.kind == "commutation" and len(sizes) != 2):
                raise self.error(f"{sub.text} is not a size", token)
        elif token.kind == "commutation":
            raise self.error("K needs its two sizes, as in K_mn", token)
        return s.Constant(token.start, stop, token.kind, tuple(sizes))

    def _indexes(self, sub: Token, constant: Token) -> bool:
        """Whether a subscript of `I` or `𝟏` is index letters rather than a known size."""
        return constant.kind != "commutation" and self.vocabulary.cut_size(sub.text, False) is None

    def name(self, token: Token) -> Parse:
        word = token.text
        if self.index and (word == "Σ" or not self.vocabulary.is_name(word)):
            special = None
            if "_" in word:
                special = yield self.index_name(token)
            elif word == "Σ" and self.vocabulary.is_name(word):
                if self.peek.kind == "sub" and self._is_sum_sign(word, self.peek.text, token):
                    special = yield self.index_symbol(word, self.advance().text, token)
            elif self.peek.kind == "sub" and word in ("δ", "Σ"):
                special = yield self.index_symbol(word, self.advance().text, token)
            if special is not None:
                return special
        if not self.at("(") or self.vocabulary.is_name(word):
            return s.Name(token.start, token.stop, word)
        if self.vocabulary.functions(word):
            return (yield self.call(token, []))
        capital = word[0].isupper() and not any(c.isalpha() for c in word[1:].partition("_")[0])
        if capital and not self.vocabulary.closed:
            return s.Name(token.start, token.stop, word)
        raise self.unknown_function(token)

    def unknown_function(self, token: Token) -> ParseError:
        from .functions import function_names

        close = self.vocabulary.close_to(token.text, function_names())
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        if len(token.text) == 1:
            hint += f"write {token.text}*(…) for a product"
        return self.error(f"there is no function called {token.text}", token, hint.strip())

    def index_name(self, token: Token) -> Parse:
        """`A_ij`, `δ_ik`, `Σ_j …`: a word with letters behind its last underscore."""
        head, _, tail = token.text.rpartition("_")
        name = s.Name(token.start, token.start + len(head), head)
        if self.vocabulary.is_name(head) and not self._is_sum_sign(head, tail, token):
            return s.Subscript(token.start, token.stop, name, self._letters(tail, token))
        return (yield self.index_symbol(head, tail, token))

    def _is_sum_sign(self, head: str, tail: str, token: Token) -> bool:
        """Whether Σ is the sum although a variable has that name: the letters do not fit it."""
        variable = self.vocabulary.variables.get(head)
        if head != "Σ" or variable is None:
            return False
        return len(self._letters(tail, token)) != variable.ndim

    def index_symbol(self, head: str, tail: str, token: Token) -> Parse:
        """`δ_ik` and `Σ_j …`; None for another head."""
        if head == "δ":
            return s.Delta(token.start, token.stop, self._letters(tail, token))
        if head == "Σ":
            operand = yield self.expression(ADD)
            letters = self._letters(tail, token)
            return s.Summation(token.start, operand.stop, letters, operand)
        return None

    def summation(self, token: Token) -> Parse:
        if self.peek.kind != "sub":
            raise self.error("a sum needs its letters, as in ∑_j", token)
        return (yield self.index_symbol("Σ", self.advance().text, token))

    def call(self, token: Token, first: list[s.Syntax], method: bool = False) -> Parse:
        """`f(a, b, key=value)`; the opening bracket is next."""
        start = first[0].start if first else token.start
        self.advance()
        saved, self.fences, blocks, self.in_block = self.fences, [], self.in_block, 0
        arguments = list(first)
        keywords: dict[str, s.Syntax] = {}
        while not self.at(")"):
            word, after = self.peek, self.tokens[self.position + 1]
            if word.kind == "name" and after.kind == "op" and after.text == "=":
                self.position += 2
                if word.text in keywords:
                    raise self.error(f"{word.text} is given twice", word)
                keywords[word.text] = yield self.argument()
            elif keywords:
                raise self.error("an argument without a name stands before those with one", word)
            else:
                arguments.append((yield self.argument()))
            if not self.at(","):
                break
            self.advance()
        self.fences, self.in_block = saved, blocks
        close = self.expect(")")
        return s.Call(start, close.stop, token.text, arguments, keywords, token.stop, method)

    def argument(self) -> Parse:
        return (yield self.expression(0))

    def bracket(self, opening: Token) -> Parse:
        saved, self.fences, blocks, self.in_block = self.fences, [], self.in_block, 0
        if self.at(")"):
            raise self.error("these brackets are empty", opening)
        inside = yield self.expression(0)
        if self.at(","):
            items = [inside]
            while self.at(","):
                self.advance()
                if self.at(")"):
                    break
                items.append((yield self.expression(0)))
            close = self.expect(")")
            inside = s.Tuple(opening.start, close.stop, items)
        else:
            close = self.expect(")")
        self.fences, self.in_block = saved, blocks
        inside.start, inside.stop = opening.start, close.stop
        if isinstance(inside, s.Binary):
            inside.implicit = False
        return inside

    def fence(self, opening: Token) -> Parse:
        self.fences.append(opening.text)
        operand = yield self.expression(0)
        if opening.text == "|" and self.at("‖"):
            # "||" behind "|x" closes one bar and leaves the other.
            token = self.peek
            if token.stop - token.start != 2:
                raise self.unexpected(token)
            self.tokens[self.position] = Token("op", "|", token.start + 1, token.stop)
            stop = token.start + 1
        else:
            stop = self.expect(opening.text).stop
        self.fences.pop()
        which = ""
        if opening.text == "‖" and self.peek.kind == "sub":
            which = self.advance().text
        kind = "abs" if opening.text == "|" else "norm"
        return s.Fence(opening.start, stop, kind, operand, which)

    def block(self, opening: Token) -> Parse:
        saved, self.fences = self.fences, []
        self.in_block += 1
        rows: list[list[s.Syntax]] = [[]]
        while not self.at("]"):
            rows[-1].append((yield self.expression(0)))
            if self.at(","):
                self.advance()
            elif self.at(";"):
                self.advance()
                if not self.at("]"):
                    rows.append([])
            elif not self.at("]"):
                raise self.error(", or ; or ] is expected here", self.peek)
        self.in_block -= 1
        self.fences = saved
        close = self.advance()
        if not all(rows):
            raise self.error("this block is empty", opening)
        return s.Block(opening.start, close.stop, rows)

    # -- attributes and indices ----------------------------------------------------------------

    def attribute(self, left: s.Syntax) -> Parse:
        self.advance()
        token = self.advance()
        if token.kind != "name":
            raise self.unexpected(token)
        module = isinstance(left, s.Name) and left.name in MODULES
        if module and not self.vocabulary.is_name(left.name):  # type: ignore[attr-defined]
            if self.at("(") and self.vocabulary.functions(token.text):
                return (yield self.call(token, []))
            if token.text in MODULES:
                return s.Name(left.start, token.stop, token.text)
            raise self.unknown_function(token)
        if token.text in ("T", "mT", "H"):
            return s.Transpose(left.start, token.stop, left, python=True)
        if not self.at("(") or not self.vocabulary.functions(token.text):
            raise self.unknown_function(token)
        return (yield self.call(token, [left], method=True))

    def index_items(self, left: s.Syntax) -> Parse:
        self.advance()
        items: list[s.Syntax] = []
        while not self.at("]"):
            items.append((yield self.index_item()))
            if not self.at(","):
                break
            self.advance()
        close = self.expect("]")
        if not items:
            raise self.error("this index is empty", close)
        return s.Index(left.start, close.stop, left, items)

    def index_item(self) -> Parse:
        start = self.peek.start
        parts: list[s.Syntax | None] = [None, None, None]
        colons = 0
        while True:
            if self.at(":"):
                stop = self.advance().stop
                colons += 1
                if colons > 2:
                    raise self.error("a slice has at most two colons", self.peek)
            elif self.at(",", "]") or self.peek.kind == "end":
                break
            else:
                parts[colons] = yield self.expression(COMPARE)
                if not self.at(":", ",", "]"):
                    raise self.unexpected(self.peek)
        if not colons:
            if parts[0] is None:
                raise self.unexpected(self.peek)
            return parts[0]
        stop = max([stop, *(part.stop for part in parts if part is not None)])
        return s.Slice(start, stop, *parts)
