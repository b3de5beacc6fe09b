"""Atoms of the grammar: names and calls, brackets, bars, blocks, indices, index notation."""

from __future__ import annotations

from ...dims import Dim
from ...errors import ParseError
from . import syntax as s
from .cursor import Cursor, Parse
from .lexer import OPENERS, Token

COMPARE, ADD, MULTIPLY, JUXTAPOSE = 10, 20, 30, 40  # levels of operators
MODULES = frozenset(
    {"np", "numpy", "jnp", "torch", "tf", "jax", "lax", "math", "linalg", "scipy", "special"}
)
ROUNDING = {"⌊": "floor", "⌈": "ceil"}


class Atoms(Cursor):
    """Parses what operators stand between."""

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
            if token.text in ROUNDING:
                return (yield self.rounding(token))
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
        if self.vocabulary.closed and word in self.vocabulary.sizes:  # n (1 + a²) of a formula
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

    def rounding(self, opening: Token) -> Parse:
        """`⌊x⌋` and `⌈x⌉`, which open and close like brackets."""
        saved, self.fences = self.fences, []
        inside = yield self.expression(0)
        close = self.expect(OPENERS[opening.text])
        self.fences = saved
        name = ROUNDING[opening.text]
        return s.Call(opening.start, close.stop, name, [inside], {}, opening.stop)

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
