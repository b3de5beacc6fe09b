"""What NumPy lacks: `softmax`, `sigmoid`, `logdet`, …; made from the records, one for each name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import UnsupportedError
from ...ir.record import REGISTRY, SPELLINGS, Record
from .convert import node_of
from .dispatch import FUNCTIONS, apply_record, wrap
from .reductions import along_last, over_last


def function(name: str) -> Callable[..., Any]:
    """The function of a name or spelling in the registry, for tensors, numbers and arrays.

    Elementwise functions broadcast. Functions of a vector (softmax: `k -> k`; logsumexp: `k ->`)
    work along `axis`. Parameters of the record are keywords.

    Raises
    ------
    UnsupportedError
        There is no such record.
    """
    record = REGISTRY.get(SPELLINGS.get(name, name))
    if record is None:
        raise UnsupportedError(f"there is no function called {name}")
    pattern = _pattern(record)
    if pattern == "k -> k":
        made = _along(record)
    elif pattern == "k ->":
        made = _over(record)
    else:
        made = _plain(record)
    made.__name__ = made.__qualname__ = name
    made.__doc__ = record.sentence
    return made


def names() -> list[str]:
    """Names of functions that NumPy does not have, from the registry."""
    found = {*SPELLINGS, *(n for n, r in REGISTRY.items() if r.spellings)}
    return sorted(n for n in found if n.isidentifier() and n not in FUNCTIONS)


def _pattern(record: Record) -> str:
    """The signature of a function of one vector, with its letter called k; else ""."""
    if not isinstance(record.signature, str):
        return ""
    given, result = (part.split() for part in record.signature.split("->"))
    if len(given) != 1 or given == ["*"] or given[0].endswith(","):
        return ""
    return "k -> k" if result == given else "k ->" if not result else ""


def _plain(record: Record) -> Callable[..., Any]:
    def call(*operands: Any, **params: Any) -> Any:
        unknown = params.keys() - record.defaults.keys() if not record.rule_params else set()
        if len(operands) != len(record.domain) or unknown:
            takes = ", ".join(["operand"] * len(record.domain))
            raise UnsupportedError(
                f"{record.name} takes {len(record.domain)} arguments ({takes})"
                + "".join(f", {key}=" for key in record.defaults)
            )
        return wrap(apply_record(record, *operands, **params))

    return call


def _along(record: Record) -> Callable[..., Any]:
    def call(x: Any, axis: Any = -1) -> Any:
        return wrap(along_last(record.name, node_of(x), axis))

    return call


def _over(record: Record) -> Callable[..., Any]:
    def call(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return wrap(over_last(record.name, node_of(x), axis, keepdims))

    return call
