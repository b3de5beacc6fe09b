"""How the functions of a module call each other: arguments by name, sizes that no array shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..codegen import Generated
from ..codegen.arguments import plain_symbols
from ..errors import UnsupportedError
from ..ir.node import Variable


def call(function: Generated, names: Mapping[str, str], sizes: Mapping[str, str] = {}) -> str:
    """The call of a generated function; `names` says what its variables are called here.

    Sizes that it cannot see in its arguments are given by keyword: `sizes` says what they are
    called here.
    """
    given = [names.get(v, v) for v in function.arguments]
    given += [f"{keyword}={sizes[symbol]}" for symbol, keyword in function.sizes.items()]
    return f"{function.name}({', '.join(given)})"


def hidden_sizes(functions: Sequence[Generated | None]) -> list[str]:
    """The symbols that some function cannot see in its arguments."""
    found = (s for f in functions if f is not None for s in f.sizes)
    return list(dict.fromkeys(found))


def shown(symbol: str, inputs: Sequence[Variable], names: Mapping[str, str]) -> tuple[str, str]:
    """An input whose shape shows a symbol, and the expression for it."""
    for v in inputs:
        for axis, dim in enumerate(v.shape):
            if symbol in plain_symbols(dim):
                return v.name, f"{names[v.name]}.shape[{axis}]"
    raise UnsupportedError(f"the size {symbol} of the backward pass follows from no plain axis")


def listed(names: Sequence[str]) -> str:
    """The items of a tuple in source: `a, b`, and `a,` for one alone."""
    return f"{names[0]}," if len(names) == 1 else ", ".join(names)
