"""Declarations of variables: names, shapes and facts, as both front ends take them."""

from __future__ import annotations

import keyword
import operator
import unicodedata
from difflib import get_close_matches

from ..dims import Dim, product, shape_text
from ..errors import FactError, NameError_, ShapeError
from ..ir.facts import KNOWN
from ..ir.node import MATRIX_FACTS, Shape

MAX_NAME = 120
MAX_AXES = 32
MAX_SIZE = 2**63 - 1
# Facts about zeros that entries greater than zero contradict.
WITH_ZEROS = frozenset({"diagonal", "triangular", "orthogonal"})

Spec = str | tuple[object, ...] | list[object] | int


def check_name(name: str, what: str = "a variable") -> str:
    """The name as eingrad holds it: an identifier in Python's normal form (NFKC: `x₁` is `x1`).

    Raises
    ------
    NameError_
        It is not an identifier, a keyword of Python, begins with two underscores, or is too long.

    Examples
    --------
    >>> check_name("W_ax"), check_name("λ"), check_name("x₁")
    ('W_ax', 'λ', 'x1')
    """
    if not isinstance(name, str):
        raise NameError_(f"the name of {what} is a text, not {type(name).__name__}")
    if len(name) > MAX_NAME:
        raise NameError_(f"a name of {len(name)} characters is too long for {what}")
    normal = unicodedata.normalize("NFKC", name)
    shown = ascii(name)
    if normal.isidentifier():
        shown = repr(name)
        if keyword.iskeyword(normal):
            raise NameError_(
                f"{shown} is a keyword of Python and cannot name {what}",
                hint=f"use another name, such as {normal}_ or a Greek letter",
            )
        if normal.startswith("__"):
            raise NameError_(f"{shown} cannot name {what}: it begins with two underscores")
        return normal
    raise NameError_(
        f"{shown} cannot name {what}",
        hint="a name is a letter followed by letters, digits and underscores",
    )


def declaration(
    spec: Spec, name: str, facts: str | tuple[str, ...] | frozenset[str] = ""
) -> tuple[Shape, frozenset[str]]:
    """Shape and facts of the variable `name` from what the user wrote.

    Parameters
    ----------
    spec:
        Sizes and facts in one text (`"n n spd"`, `"m n"`, `"4 6"`, `"2*n"`, `""` for a scalar), or
        a tuple of sizes: integers, names of sizes, `Dim`s.
    name:
        The variable, for messages.
    facts:
        More facts, separated by spaces or commas.

    Raises
    ------
    ShapeError
        A size is negative, too large, or not a size.
    FactError
        A fact is unknown, does not fit the shape or contradicts another fact.

    Examples
    --------
    >>> declaration("n n spd", "A")
    ((Dim(n), Dim(n)), frozenset({'spd'}))
    >>> declaration((4, "k"), "B")
    ((Dim(4), Dim(k)), frozenset())
    """
    parts: list[object] = []
    items = list(spec) if isinstance(spec, tuple | list) else [spec]
    for item in items:
        parts.extend(words(item) if isinstance(item, str) else [item])
    sizes: list[Dim] = []
    found: list[str] = []
    for part in parts:
        if isinstance(part, str) and part in KNOWN:
            found.append(part)
        elif isinstance(part, str) and (meant := _misspelt_fact(part)):
            raise FactError(
                f"{name}: {_show(part)} is neither a fact nor a good name of a size",
                hint=f"did you mean {meant}?",
            )
        elif found:
            raise ShapeError(
                f"{name}: the size {_show(part)} stands after the fact {found[-1]}",
                hint="write sizes first, then facts, as in 'n n spd'",
            )
        else:
            sizes.append(_size(part, name))
    found.extend(words(facts) if isinstance(facts, str) else facts)
    if len(sizes) > MAX_AXES:
        raise ShapeError(f"{name} has {len(sizes)} axes; the limit is {MAX_AXES}")
    shape = tuple(sizes)
    return shape, _check_facts(found, shape, name)


def words(text: str) -> list[str]:
    """The sizes and facts of a declaration.

    >>> words("(m, n) integer")
    ['m', 'n', 'integer']
    """
    for separator in "(),;[]×":
        text = text.replace(separator, " ")
    return text.split()


def _misspelt_fact(word: str) -> str:
    """The fact that a word was surely meant to be (else `n n sdp` would be a tensor), or ""."""
    close = get_close_matches(word, KNOWN, 1, 0.8) if len(word) > 3 else []
    close += [fact for fact in sorted(KNOWN) if sorted(word) == sorted(fact)]
    return close[0] if close else ""


def _show(value: object) -> str:
    return ascii(value) if isinstance(value, str) else str(value)


def _size(part: object, name: str) -> Dim:
    if isinstance(part, Dim):
        return part
    if isinstance(part, str):
        return size_from_text(part, name)
    if isinstance(part, bool):
        raise ShapeError(f"{name}: {part} is not a size")
    try:
        value = operator.index(part)  # type: ignore[arg-type]
    except TypeError:
        raise ShapeError(
            f"{name}: {type(part).__name__} is not a size; a size is an integer or a name"
        ) from None
    return _integer(value, name)


def _integer(value: int, name: str) -> Dim:
    if not 0 <= value <= MAX_SIZE:
        raise ShapeError(f"{name}: a size lies between 0 and 2⁶³ − 1")
    return Dim.of(value)


def size_from_text(text: str, name: str) -> Dim:
    """A size such as `n`, `4`, `2*n` or `m+1`; `ShapeError` otherwise."""
    total = Dim([])
    for summand in text.split("+"):
        factors = []
        for word in summand.split("*"):
            word = word.strip()
            if word.isascii() and word.isdigit():
                factors.append(_integer(int(word) if len(word) < 20 else -1, name))
                continue
            try:
                factors.append(Dim.symbol(check_name(word, "a size")))
            except NameError_ as error:
                close = get_close_matches(word, KNOWN, 1)
                hint = f"did you mean {close[0]}?" if close else "a size is an integer or a name"
                raise ShapeError(f"{name}: {_show(word)} is not a size", hint=hint) from error
        total = total + product(factors)
    return total


def _check_facts(found: list[str], shape: Shape, name: str) -> frozenset[str]:
    for fact in found:
        if fact not in KNOWN:
            close = get_close_matches(str(fact), KNOWN, 1, 0.5)
            raise FactError(
                f"{name}: {_show(fact)} is not a fact that eingrad knows",
                hint=(f"did you mean {close[0]}? " if close else "")
                + f"the facts are {', '.join(sorted(KNOWN))}",
            )
    facts = frozenset(found)
    for fact in sorted(facts & MATRIX_FACTS):
        if len(shape) != 2 or shape[0] != shape[1]:
            raise FactError(
                f"{name} cannot be {fact}: that needs a square matrix, and {name} is "
                f"{shape_text(shape)}",
                hint=f"declare it as in 'n n {fact}'",
            )
    if "positive" in facts and facts & WITH_ZEROS and shape[0] != 1:
        fact = min(facts & WITH_ZEROS)
        raise FactError(
            f"{name} cannot be {fact} with positive entries: some of its entries are not positive",
            hint="a diagonal matrix with a positive diagonal is 'diagonal spd'",
        )
    return facts
