"""What the words of a text mean: variables, functions, sizes, constants, and words to be cut.

Printed formulas set names side by side (`BXCA`); a word that is not a name itself is cut into
known names, longest first. Constants are `I`, `I_n`, `K_mn`; where the user has a variable called
`I` or `K`, they are `Id` and `Kc`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ...dims import Dim, product
from ...ir.node import Variable
from .lexer import Token

MAX_CUT = 2000


@dataclass
class Vocabulary:
    """The names that a text may use.

    Attributes
    ----------
    variables:
        The variables that are declared.
    closed:
        Whether other names are errors (a printed formula, an answer) or are inferred.
    sizes:
        Names of declared sizes.
    functions:
        Whether a name is a function.
    local:
        Names that a `where` clause of the text defines.
    """

    variables: Mapping[str, Variable]
    closed: bool
    sizes: Collection[str]
    functions: Callable[[str], bool]
    local: set[str] = field(default_factory=set)

    def is_name(self, word: str) -> bool:
        """Whether a word stands for a value that is known beforehand."""
        return word in self.variables or word in self.local

    def constant(self, word: str) -> tuple[str, str] | None:
        """`(kind, subscript)` when a word is `I`, `I_n`, `K_mn` or a substitute for them."""
        head, _, subscript = word.partition("_")
        if self.is_name(word):
            return None
        if head == ("Id" if self.is_name("I") else "I"):
            if not subscript or self.cut_size(subscript, self.closed) or len(subscript) == 1:
                return "eye", subscript
        elif (
            head == ("Kc" if self.is_name("K") else "K")
            and subscript
            and self.two_sizes(subscript) is not None
        ):
            return "commutation", subscript
        return None

    def commutes(self, word: str, following: Token) -> bool:
        """Whether a word with the subscript behind it is `K_{m,n}`."""
        if self.is_name(word) or following.kind != "sub":
            return False
        head = "Kc" if self.is_name("K") else "K"
        return word == head and self.two_sizes(following.text) is not None

    def two_sizes(self, subscript: str) -> tuple[Dim, Dim] | None:
        """The sizes m and n of `K_mn` or `K_{m,n}`; None when they are not clear."""
        if "," in subscript:
            left, _, right = subscript.partition(",")
            pair = self.cut_size(left, True), self.cut_size(right, True)
            return None if pair[0] is None or pair[1] is None else (pair[0], pair[1])
        for k in range(len(subscript) - 1, 0, -1):
            first = self._one_size(subscript[:k])
            second = self._one_size(subscript[k:])
            if first is not None and second is not None:
                return first, second
        return None

    def _one_size(self, word: str) -> Dim | None:
        if word.isascii() and word.isdigit() and len(word) < 18:
            return Dim.of(int(word))
        return Dim.symbol(word) if word in self.sizes else None

    def cut_size(self, word: str, new: bool) -> Dim | None:
        """A size from a subscript: `n`, `12`, `mn`, `2n`, `m + 1`; `new` allows unknown names."""
        total = Dim([])
        for summand in word.replace("−", "+-").replace("-", "+-").split("+"):
            summand = summand.strip()
            negative = summand.startswith("-")
            factors = []
            for piece in summand.removeprefix("-").replace("*", " ").replace("·", " ").split():
                digits = len(piece) - len(piece.lstrip("0123456789"))
                if digits:
                    factors.append(Dim.of(int(piece[: min(digits, 18)])))
                    piece = piece[digits:]
                if not piece:
                    continue
                if piece in self.sizes:
                    factors.append(Dim.symbol(piece))
                    continue
                pieces = cut(piece, self.sizes)
                if pieces is None:
                    if not new or not piece.isidentifier():
                        return None
                    pieces = [piece]
                factors.extend(Dim.symbol(p) for p in pieces)
            if not factors:
                return None
            total = total + product(factors) * (-1 if negative else 1)
        return total

    def close_to(self, word: str, more: Iterable[str] = ()) -> list[str]:
        """Known names that a word resembles."""
        from difflib import get_close_matches

        return get_close_matches(word, [*self.variables, *self.local, *more], 2, 0.6)


def cut(
    word: str, names: Collection[str], last: Callable[[str], bool] | None = None
) -> list[str] | None:
    """The word as a row of names, longest first; `last` says what else may stand at the end.

    >>> cut("BXCA", {"A", "B", "C", "X"}), cut("dAx1", {"dA", "x", "x1", "d"}), cut("Ay", {"A"})
    (['B', 'X', 'C', 'A'], ['dA', 'x1'], None)
    """
    if len(word) > MAX_CUT or not names:
        return None
    longest = max(map(len, names))
    piece: dict[int, str | None] = {len(word): ""}
    for start in range(len(word) - 1, -1, -1):
        piece[start] = None
        if last is not None and last(word[start:]):
            piece[start] = word[start:]
        for stop in range(min(len(word), start + longest), start, -1):
            if piece[stop] is not None and word[start:stop] in names:
                piece[start] = word[start:stop]
                break
    if piece[0] is None:
        return None
    result, position = [], 0
    while position < len(word):
        found = piece[position]
        assert found is not None
        result.append(found)
        position += len(found)
    return result


def defined(tokens: list[Token], k: int, closed: bool) -> tuple[str, str, int]:
    """`(name, letters, position of =)` of the definition `p = …` or `P_ij = …` at token k.

    Letters are split off only in a closed text: in an open one `x_a` is a name.
    """
    token, *after = tokens[k : k + 3]
    if token.kind != "name" or not after:
        return "", "", k
    name, letters, place = token.text, "", k + 1
    if after[0].kind == "sub":
        letters, place = after[0].text, k + 2
    elif closed and "_" in name:
        name, _, letters = name.rpartition("_")
    equals = place < len(tokens) and tokens[place].kind == "op" and tokens[place].text == "="
    return (name, letters, place) if equals else ("", "", k)


def where_names(tokens: list[Token], closed: bool) -> set[str]:
    """The names that a `where` clause at the end of the text defines."""
    found: set[str] = set()
    inside = False
    depth = 0
    for k, token in enumerate(tokens):
        if token.kind == "op":
            depth += (token.text in "([{") - (token.text in ")]}")
        inside = inside or (token.kind == "name" and token.text == "where")
        if inside and not depth and token.text in ("where", ",", ";"):
            name, _, _ = defined(tokens, k + 1, closed)
            if name:
                found.add(name)
    return found


def cut_words(tokens: list[Token], vocabulary: Vocabulary) -> list[Token]:
    """The tokens with words cut into names, and constants marked as such."""
    result: list[Token] = []
    juxtaposed = not vocabulary.closed and _sets_names_side_by_side(tokens)
    for k, token in enumerate(tokens):
        before = tokens[k - 1].text if k and tokens[k - 1].kind == "op" else ""
        after = tokens[k + 1].text if tokens[k + 1 : k + 2] and tokens[k + 1].kind == "op" else ""
        if (
            token.kind != "name"
            or vocabulary.is_name(token.text)
            or (before == "." and not token.spaced)
            or after == "="
            or (after == "(" and vocabulary.functions(token.text))
            or token.text == "where"
        ):
            result.append(token)
        else:
            if before == "^" and len(token.text) > 1 and token.text[0] == "T":
                # x^TAx: nobody raises to a power called TAx.
                middle = min(token.start + 1, token.stop)
                result.append(Token("name", "T", token.start, middle, token.spaced))
                token = Token("name", token.text[1:], middle, token.stop)
            following = tokens[k + 1] if k + 1 < len(tokens) else token
            if vocabulary.commutes(token.text, following):
                result.append(replace(token, kind="commutation"))
            else:
                result.extend(_meaning(token, after, vocabulary, juxtaposed))
    return result


def _sets_names_side_by_side(tokens: list[Token]) -> bool:
    """Whether products are written without a sign, so that `Ax` is surely A·x."""
    evidence = False
    for left, right in pairwise(tokens):
        if left.kind == "op" and left.text in ("*", "@"):
            return False
        touching = left.ends_operand and not right.spaced
        if touching and (
            right.kind in ("name", "ones") or (right.text == "(" and left.kind != "name")
        ):
            evidence = evidence or left.text not in ("]",)
        if left.kind == "sup" and left.text.endswith("T"):
            evidence = True
        if left.text == "^" and right.kind == "name" and re.match(r"T[A-Za-z]", right.text):
            evidence = True
    return evidence


def _letters(word: str) -> list[str] | None:
    """A word as a row of names of one letter: `xAx`, `BXCA`, `xx`; words with vowels are kept."""
    plain = word.isascii() and len(word) > 1 and word.isalnum()
    if not plain or len(word) > 8 or word in ("pi", "eye"):
        return None
    pieces = re.findall(r"[A-Za-z][0-9]*", word)
    if all(piece == pieces[0] for piece in pieces) and len(pieces) == 2:
        return pieces
    if word.islower() or re.search(r"[a-z]{2}", word):
        return None
    return pieces if len(pieces) > 1 else None


def _meaning(token: Token, after: str, vocabulary: Vocabulary, juxtaposed: bool) -> list[Token]:
    constant = vocabulary.constant(token.text)
    if constant:
        return _constant_tokens(constant, token)
    names = {*vocabulary.variables, *vocabulary.local}

    def ends(word: str) -> bool:
        if vocabulary.functions(word):
            return after == "("
        return vocabulary.constant(word) is not None

    head, _, tail = token.text.rpartition("_")
    if vocabulary.closed and head and not vocabulary.is_name(head):  # tT_ijk is t T_ijk
        row = cut(head, {*names, "δ", "Σ"})
        if row is not None:
            return _tokens([*row[:-1], f"{row[-1]}_{tail}"], token, vocabulary)
    pieces = cut(token.text, names, ends if names else None)
    if pieces is None and not vocabulary.closed:
        pieces = _after_greek(token.text) or (_letters(token.text) if juxtaposed else None)
    return _tokens(pieces or [token.text], token, vocabulary)


def _tokens(pieces: list[str], token: Token, vocabulary: Vocabulary) -> list[Token]:
    """The tokens of a word that is a row of names."""
    if len(pieces) == 1:
        return [token]
    result: list[Token] = []
    offset = 0
    exact = len(token.text) == token.stop - token.start
    for piece in pieces:
        start = token.start + offset if exact else token.start
        stop = start + len(piece) if exact else token.stop
        offset += len(piece)
        part = Token("name", piece, start, stop, token.spaced and not result)
        constant = None if vocabulary.is_name(piece) else vocabulary.constant(piece)
        result.extend(_constant_tokens(constant, part) if constant else [part])
    return result


def _constant_tokens(constant: tuple[str, str], token: Token) -> list[Token]:
    kind, subscript = constant
    result = [Token(kind, token.text, token.start, token.stop, token.spaced)]
    if subscript:
        result.append(Token("sub", subscript, token.stop, token.stop))
    return result


def is_lower_greek(char: str) -> bool:
    """Whether a letter is a small Greek one: undeclared, it is a scalar."""
    return unicodedata.name(char, "").startswith("GREEK SMALL LETTER")


def _after_greek(word: str) -> list[str] | None:
    """`λx` is λ·x: a small Greek letter with Latin letters set directly behind it."""
    if is_lower_greek(word[0]) and len(word) > 1 and "LATIN" in unicodedata.name(word[1], ""):
        return [word[0], word[1:]]
    return None
