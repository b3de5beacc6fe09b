"""What the command line is given: an expression or standard input, declarations, names."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import IO

import click

from ..errors import InputError, ParseError

MAX_INPUT = 4_000_000  # bytes of standard input; a formula that a person means is far smaller


class ExpressionCommand(click.Command):
    """A command whose first argument is an expression, which may begin with `-`.

    `eingrad derive "-x'*x" --wrt x` would otherwise look for options `-x`, `-'`, …
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move words that begin with `-` but are no option behind `--`, where click takes them."""
        return super().parse_args(ctx, self._sorted(ctx, args))

    def _sorted(self, ctx: click.Context, args: Sequence[str]) -> list[str]:
        options = [p for p in self.get_params(ctx) if isinstance(p, click.Option)]
        takes_value = {name: not p.is_flag for p in options for name in p.opts + p.secondary_opts}
        may_stand_alone = {
            name: p
            for p in options
            if isinstance(p.flag_value, str) and not p.is_flag
            for name in p.opts
        }
        ours: list[str] = []
        words: list[str] = []
        waiting = iter(_completed(args, may_stand_alone))
        for word in waiting:
            name = word.partition("=")[0]
            if word == "--":
                words.extend(waiting)
            elif word in takes_value:
                ours.append(word)
                if takes_value[word]:
                    ours.extend(value for value in [next(waiting, None)] if value is not None)
            elif word.startswith("--") and takes_value.get(name):
                ours.append(word)
            elif _misspelt_option(word, takes_value):
                ours.append(word)  # click answers with the option that was meant
            else:
                words.append(word)
        return [*ours, "--", *words]


def _completed(args: Sequence[str], options: Mapping[str, click.Option]) -> list[str]:
    """Options that may stand without a value, `--color`, with the one that is meant then."""
    found = []
    for word, after in pairwise([*args, ""]):
        option = options.get(word)
        choices = getattr(option.type, "choices", ()) if option else ()
        found.append(f"{word}={option.flag_value}" if option and after not in choices else word)
    return found


def _misspelt_option(word: str, known: Iterable[str]) -> bool:
    """Whether a word is meant as an option: `--wtr`, `--ordr=2`, but not `--x` or `-x`."""
    match = re.fullmatch(r"--([A-Za-z][A-Za-z-]+)(=.*)?", word, re.DOTALL)
    return match is not None and (
        len(match[1]) > 4
        or "-" in match[1]
        or bool(difflib.get_close_matches("--" + match[1], known, 1, 0.7))
    )


def expression_text(argument: str, stream: IO[bytes] | None = None) -> str:
    """The expression: the argument itself, or standard input for `-`.

    Raises
    ------
    ParseError
        Nothing was given, or standard input is too long or no UTF-8 text.
    """
    if argument != "-":
        return argument
    if stream is None:
        stream = getattr(sys.stdin, "buffer", None)
    if stream is None:  # closed: python <&-
        raise ParseError("there is no standard input to read the expression from")
    try:
        data = stream.read(MAX_INPUT + 1)
    except OSError as error:
        raise ParseError(f"standard input cannot be read: {error.strerror}") from None
    if len(data) > MAX_INPUT:
        raise ParseError(f"standard input is longer than {MAX_INPUT:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParseError(
            f"standard input is not UTF-8 text: byte 0x{data[error.start]:02x} at position "
            f"{error.start}",
            hint="convert it, for instance with iconv -t UTF-8",
        ) from None
    return text.strip()


def declarations(texts: Sequence[str]) -> dict[str, str]:
    """Names and specifications of `--let "X: n n spd"`.

    Raises
    ------
    InputError
        There is no colon, no name, or a name is declared twice.

    Examples
    --------
    >>> declarations(["X: n n spd", "y:m"])
    {'X': 'n n spd', 'y': 'm'}
    """
    found: dict[str, str] = {}
    for text in texts:
        name, separator, spec = text.partition(":")
        name = name.strip()
        if not separator or not name:
            raise InputError(
                f"--let {text!r} is no declaration",
                hint='write a name, a colon, sizes and facts: --let "X: n n spd", --let "c:"',
            )
        if name in found:
            raise InputError(f"--let declares {name} twice", hint=f"it was {found[name]!r} before")
        found[name] = spec.strip()
    return found


def chains(wrt: Sequence[str], order: int | None) -> list[list[str]]:
    """The derivatives that are asked for, each a list of names, one for every differentiation.

    `--wrt x --wrt z` is one mixed second derivative, `--wrt Q,K` is two first ones.

    Raises
    ------
    InputError
        A name is missing, or `--order` contradicts the number of `--wrt`.

    Examples
    --------
    >>> chains(["Q,K"], None), chains(["x"], 2), chains(["x", "A,b"], None)
    ([['Q'], ['K']], [['x', 'x']], [['x', 'A'], ['x', 'b']])
    """
    places = [[name.strip() for name in item.split(",")] for item in wrt]
    if any(not name for names in places for name in names):
        raise InputError(
            "--wrt needs the name of a variable",
            hint="--wrt x; --wrt x --wrt x for a second derivative; --wrt Q,K,V for three",
        )
    if order is not None and len(places) > 1 and order != len(places):
        raise InputError(
            f"--order {order} contradicts {len(places)} times --wrt",
            hint="give --wrt once with --order, or once for each differentiation",
        )
    result: list[list[str]] = [[]]
    for names in places:
        result = [[*before, name] for before in result for name in dict.fromkeys(names)]
    if order is not None and len(places) == 1:
        result = [names * order for names in result]
    return result
