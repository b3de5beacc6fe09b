"""Functions of the language: the records of the registry, and structural ones.

A structural function is one entry of `STRUCTURAL`: which of its arguments are values (the others
are sizes, axes, texts, read as written), and what makes its value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...ir.record import SPELLINGS
from . import syntax as s
from .records import ALIASES, find_record, record_call
from .values import Context, Value
from .written import unknown_keyword, wrong_count


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call by the names of the parameters; values and written ones."""

    values: list[Value]
    written: dict[str, s.Syntax]
    rest: list[s.Syntax]


@dataclass(frozen=True)
class Structural:
    """One function: `parameters` are names (`"x axis=None *"`), the first `count` are values."""

    make: Callable[[Context, s.Call, Arguments], Value]
    parameters: tuple[str, ...]
    count: int | None
    listed: bool = False


STRUCTURAL: dict[str, Structural] = {}
# 0/1 patterns by sizes: tril(m, n, k)
KERNELS = {"tril": 3, "triu": 3, "selection": 4, "shifts": 6}


def structural(
    spellings: str, parameters: str = "", count: int | None = 1, listed: bool = False
) -> Callable[[Callable[[Context, s.Call, Arguments], Value]], Any]:
    """Register a structural function under its spellings.

    `parameters` names those behind the values; `count` is how many values there are (None: all
    that are given); `listed` says that the values are the items of one list.
    """

    def remember(make: Callable[[Context, s.Call, Arguments], Value]) -> Any:
        for spelling in spellings.split():
            STRUCTURAL[spelling] = Structural(make, tuple(parameters.split()), count, listed)
        return make

    return remember


TWO_ARRAYS = {"max": "maximum", "min": "minimum"}


def is_function(name: str) -> bool:
    """Whether a word is the name of a function."""
    return name in STRUCTURAL or find_record(name) is not None


def function_names() -> list[str]:
    """All names of functions, for suggestions."""
    return sorted({*STRUCTURAL, *SPELLINGS, *ALIASES})


def value_arguments(call: s.Call) -> list[s.Syntax]:
    """The arguments of a call that are expressions, to be elaborated before it."""
    if call.function in TWO_ARRAYS and len(call.arguments) == 2:
        call.function = TWO_ARRAYS[call.function]  # max(0, x), as people write the hinge
    entry = STRUCTURAL.get(call.function)
    if entry is None:
        record = find_record(call.function)
        assert record is not None
        return call.arguments[: len(record.domain)]
    given = [a for a in call.arguments if not isinstance(a, s.Text)]
    if len(given) == KERNELS.get(call.function):
        return []
    if not entry.listed:
        return given if entry.count is None else given[: entry.count]
    if given and isinstance(given[0], s.Block) and len(given[0].rows) == 1:
        return given[0].rows[0]
    if given and isinstance(given[0], s.Tuple):
        return given[0].items
    return given


def call(context: Context, syntax: s.Call, values: list[Value]) -> Value:
    """The value of a call whose value arguments are elaborated."""
    entry = STRUCTURAL.get(syntax.function)
    if entry is None:
        return record_call(context, syntax, values)
    given = [a for a in syntax.arguments if not isinstance(a, s.Text)]
    if entry.listed:
        listed = bool(given) and isinstance(given[0], s.Block | s.Tuple)
        rest = given[1:] if listed else []
    else:
        rest = given[len(values) :]
    if len(given) == KERNELS.get(syntax.function):
        return entry.make(context, syntax, Arguments([], {}, given))
    if entry.count is not None and not entry.listed and len(values) != entry.count:
        raise wrong_count(context, syntax, entry.count)
    written = dict(syntax.keywords)
    named = [p for p in entry.parameters if p != "*"]
    for key in written:
        if key not in named:
            raise unknown_keyword(context, syntax, key, named)
    spare: list[s.Syntax] = []
    for k, item in enumerate(rest):
        if k < len(named):
            if named[k] in written:
                raise context.error(f"{named[k]} is given twice", item)
            written[named[k]] = item
        elif "*" in entry.parameters:
            spare.append(item)
        else:
            raise context.error(f"{syntax.function} does not take this argument", item)
    return entry.make(context, syntax, Arguments(values, written, spare))


from . import arrays as _arrays  # noqa: E402, F401  (fills STRUCTURAL)
from . import geometry as _geometry  # noqa: E402, F401
from . import patterns as _patterns  # noqa: E402, F401
from . import products as _products  # noqa: E402, F401
from . import structural as _structural  # noqa: E402, F401
