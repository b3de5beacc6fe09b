"""One table: the name of a NumPy function → what it is on tensors.

`@implements("kron")` enters a function that takes what NumPy's takes (same parameter names) and
gives a node. Functions that a record claims (`Record.numpy`) need no entry. Arguments that mean
nothing on symbolic tensors (`out`, `where`, …) are refused here once, so that no implementation
has to know them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

import numpy as np

from ... import functions as _records  # noqa: F401  (the registry fills at import)
from ...errors import UnsupportedError
from ...ir import build
from ...ir.apply import apply
from ...ir.node import Node
from ...ir.record import REGISTRY, SPELLINGS, Record
from .convert import Mask, node_of

FUNCTIONS: dict[str, Callable[..., Any]] = {}

# Arguments about storage and selection: a value that changes nothing is dropped, others refused.
_STORAGE: dict[str, tuple[Any, ...]] = {
    "out": (None,),
    "where": (True,),
    "dtype": (None, float, np.float64, np.dtype(np.float64), "float64", "float"),
    "initial": (),
    "casting": ("same_kind", "safe"),
    "order": ("K", "C", "A", None),
    "subok": (True, False),
    "like": (None,),
    "optimize": (True, False, "greedy", "optimal"),
    "copy": (None, True, False),
    "hermitian": (False,),
    "rcond": (None,),
    "rtol": (None,),
    "mode": ("raise",),
}
_REMEDY = {
    "out": "tensors are immutable: use the value that the function returns",
    "where": "multiply by a mask, or use np.where",
    "dtype": "the type of a value follows the arrays it is evaluated at: leave it out",
    "initial": "combine the result with the initial value yourself",
    "order": "only row-major order: transpose first",
    "hermitian": "declare the matrix with the fact 'symmetric'",
}


def implements(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function into the table under names below `numpy.`: `"sum"`, `"linalg.inv"`."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            if name in FUNCTIONS:
                raise ValueError(f"numpy.{name} is implemented twice")
            FUNCTIONS[name] = function
        return function

    return enter


def wrap(result: Any) -> Any:
    """Nodes, masks and sizes as tensors, also inside tuples and lists; anything else as it is."""
    from .tensor import Tensor

    if isinstance(result, Mask):
        return Tensor(result.node, is_mask=True)
    if isinstance(result, Node):
        return Tensor(result)
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*map(wrap, result))
    if isinstance(result, tuple | list):
        return type(result)(map(wrap, result))
    from .sizes import SymbolicSize

    return Tensor(node_of(result)) if isinstance(result, SymbolicSize) else result


def call_function(function: Callable[..., Any], args: Iterable[Any], kwargs: dict[str, Any]) -> Any:
    """`function(*args, **kwargs)` on tensors; `UnsupportedError` names what is not covered."""
    name = numpy_name(function)
    implementation = FUNCTIONS.get(name)
    if implementation is None:
        record = record_for(name)
        if record is None:
            raise _not_covered(name)
        implementation = functools.partial(apply_record, record)
    positional, named = _arguments(function, name, tuple(args), kwargs, implementation)
    return wrap(implementation(*positional, **named))


def call_ufunc(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """A universal function, or its `reduce`, `accumulate` or `outer`, on tensors."""
    name = ufunc.__name__
    given = {k: v for k, v in kwargs.items() if not _dropped(name, k, v)}
    if method == "__call__":
        implementation = FUNCTIONS.get(name)
        if implementation is None:
            record = record_for(name)
            if record is None or len(record.domain) != len(inputs):
                raise _not_covered(name)
            implementation = functools.partial(apply_record, record)
        _check_known(name, given, _parameters(implementation))
        return wrap(implementation(*inputs, **given))
    whole = FUNCTIONS.get(f"{name}.{method}") or FUNCTIONS.get(f"*.{method}")
    if whole is None:
        raise _not_covered(f"{name}.{method}")
    if f"{name}.{method}" not in FUNCTIONS:
        whole = functools.partial(whole, ufunc)
    return wrap(whole(*inputs, **given))


def numpy_name(function: Callable[..., Any]) -> str:
    """The name of a NumPy function below `numpy.`, such as `linalg.inv`."""
    module = (getattr(function, "__module__", None) or "numpy").split(".")
    places = [part for part in module[1:] if not part.startswith("_")]
    return ".".join([*places, getattr(function, "__name__", str(function))])


def record_for(name: str) -> Record | None:
    """The record that means a NumPy or SciPy function: by its `numpy` names, else by spelling."""
    for record in REGISTRY.values():
        if name in record.numpy:
            return record
    short = name.split(".")[-1]
    if short in REGISTRY and REGISTRY[short].rule_params:
        return None
    return REGISTRY.get(short) or REGISTRY.get(SPELLINGS.get(short, ""))


def require(*names: str) -> Record:
    """The record with the first of these names; `UnsupportedError` where there is none."""
    for name in names:
        found = REGISTRY.get(name) or REGISTRY.get(SPELLINGS.get(name, ""))
        if found is not None:
            return found
    raise UnsupportedError(f"there is no function called {names[0]}")


def has_record(*names: str) -> bool:
    """Whether there is a record with one of these names."""
    return any(name in REGISTRY or name in SPELLINGS for name in names)


def apply_record(record: Record, *operands: Any, **params: Any) -> Node:
    """A record applied with NumPy's broadcasting (elementwise ones to a common shape)."""
    if len(operands) != len(record.domain):
        raise UnsupportedError(
            f"{record.name} takes {len(record.domain)} operands, not {len(operands)}"
        )
    nodes = [node_of(x) for x in operands]
    if record.elementwise and len(nodes) > 1:
        shape = build.broadcast_shape([n.shape for n in nodes])
        nodes = [build.broadcast_to(n, shape) for n in nodes]
    return apply(record.name, *nodes, **params)


def _arguments(
    function: Callable[..., Any],
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    implementation: Callable[..., Any],
) -> tuple[list[Any], dict[str, Any]]:
    """What was given, by NumPy's own parameter names, without what changes nothing."""
    signature = _signature(function)
    known = _parameters(implementation)
    if signature is None:  # a function in C of an older NumPy
        named = {k: v for k, v in kwargs.items() if not _dropped(name, k, v)}
        _check_known(name, named, known)
        return list(args), named
    bound = signature.bind(*args, **kwargs)
    positional: list[Any] = []
    named = {}
    for key, value in bound.arguments.items():
        kind = signature.parameters[key].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            named.update({k: v for k, v in value.items() if not _dropped(name, k, v)})
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            positional.extend(value)
        elif _dropped(name, key, value):
            continue
        elif kind is inspect.Parameter.POSITIONAL_ONLY or (key not in known and not named):
            positional.append(value)
        else:
            named[key] = value
    _check_known(name, named, known)
    return positional, named


def _check_known(name: str, named: Iterable[str], known: frozenset[str]) -> None:
    for key in named:
        if key not in known:
            raise UnsupportedError(
                f"numpy.{name}: the argument {key}= is not covered on eingrad tensors"
            )


def _dropped(name: str, key: str, value: Any) -> bool:
    """Whether an argument changes nothing; one about storage that does is an error."""
    if value is np._NoValue:
        return True
    if key not in _STORAGE or key in _KEPT.get(name, ()):
        return False
    if isinstance(value, tuple) and all(v is None for v in value):  # out=(None,) of a ufunc
        return True
    simple = value is None or isinstance(value, str | bool | type | np.dtype)
    if simple and any(type(value) is type(v) and value == v for v in _STORAGE[key]):
        return True
    remedy = _REMEDY.get(key, "leave it out")
    raise UnsupportedError(f"numpy.{name}: {key}= is not covered on eingrad tensors; {remedy}")


_KEPT = {
    "pad": ("mode",),
    "convolve": ("mode",),
    "correlate": ("mode",),
}  # functions to which such an argument matters, and that cover it


@functools.cache
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _parameters(implementation: Callable[..., Any]) -> frozenset[str]:
    """Parameter names of an implementation; of a record none, since its operands have no names."""
    found = None if isinstance(implementation, functools.partial) else _signature(implementation)
    return frozenset(found.parameters) if found is not None else frozenset()


def _not_covered(name: str) -> UnsupportedError:
    last = name.split(".")[-1]
    if last in _INSTEAD:
        advice = _INSTEAD[last]
    else:
        close = get_close_matches(name, [n for n in FUNCTIONS if "*" not in n], 1, 0.85)
        advice = (f"near it is numpy.{close[0]}; " if close else "") + (
            "write it with functions that are covered, or evaluate first and use plain arrays"
        )
    return UnsupportedError(f"numpy.{name} is not covered on eingrad tensors; {advice}")


_INSTEAD = {
    "eig": "for a symmetric matrix there is linalg.eigvalsh",
    "eigvals": "for a symmetric matrix there is linalg.eigvalsh",
    "eigh": "its values are linalg.eigvalsh",
    "qr": "there are linalg.cholesky, inv, pinv and solve",
    "lstsq": "use linalg.pinv(A) @ b",
    "argmax": "an index has no derivative; np.max gives the value",
    "argmin": "an index has no derivative; np.min gives the value",
    "round": "rounding has the derivative 0 wherever it has one; leave it out",
    "around": "rounding has the derivative 0 wherever it has one; leave it out",
    "rint": "rounding has the derivative 0 wherever it has one; leave it out",
    "asarray": "a tensor is symbolic and holds no entries",
}
