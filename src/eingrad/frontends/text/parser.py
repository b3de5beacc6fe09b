"""Tokens → syntax tree: a Pratt parser whose stack is a list; no depth meets Python's limit.

Methods are generators that `yield` the sub-parse they need and are driven by `_run`; they read
as recursive descent. Levels, loosest first: comparison, `+ -`, `* .* / ./ @ ⊗`, juxtaposition and
prefix `-`, then powers, transposes, subscripts and indices.
"""

from __future__ import annotations

from fractions import Fraction

from . import syntax as s
from .atoms import ADD, COMPARE, JUXTAPOSE, MULTIPLY, Atoms
from .cursor import Parse
from .lexer import Token
from .names import defined

COMPARISONS = frozenset({"<", ">", "<=", ">=", "==", "!="})
PRODUCTS = frozenset({"*", ".*", "/", "./", "@", "⊗", "\\"})
POWERS = frozenset({"^", "**", ".^", ".**"})


class Parser(Atoms):
    """Parses a whole text."""

    def parse(self) -> s.Syntax:
        """The whole text as one syntax tree."""
        return self._run(self._whole())

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
        return token.text in ("(", "√", "∑", "⌊", "⌈")

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
        if token.text == "+":
            return s.Call(left.start, token.stop, "pinv", [left], {}, token.stop)
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
