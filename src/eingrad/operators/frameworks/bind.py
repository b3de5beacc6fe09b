"""Arrays of a library for a derivative: shapes and types are bound as for NumPy, the generated
code is the library's, and no value is looked at, so that values may be tracers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import InputError
from ...ir.node import Node, Variable
from ..bind import Binder, filled
from ..operator import StructuredOperator
from . import adapter, operator_class
from .definite import is_semidefinite
from .namespace import Namespace


class FrameworkBinder(Binder):
    """The decomposition of a node with a library's code for its cores."""

    def __init__(self, node: Node, n_out: int, inputs: tuple[int, ...], backend: str) -> None:
        super().__init__(node, n_out, inputs)
        self.backend = backend
        self._library: Any = adapter(backend)
        self._bound = self._library.as_written(self._bind)

    def __call__(
        self, values: Mapping[str, Any], variables: Sequence[Variable]
    ) -> StructuredOperator:
        return self._bound(values, variables)

    def _bind(self, values: Mapping[str, Any], variables: Sequence[Variable]) -> StructuredOperator:
        names = {v.name for v in variables}
        found = [a for a in values.values() if self._library.owns(a)]
        beside: Namespace = self._library.like(_floating(self._library, found))
        arrays: dict[str, Any] = {}
        shapes: dict[str, np.ndarray] = {}
        for name, value in values.items():
            if name not in names and self._library.owns(value):
                raise InputError(
                    f"{name} is no variable; a size is an integer that is known while the "
                    "operator is bound"
                )
            if isinstance(value, bool | int | float | np.generic) or name not in names:
                arrays[name] = value  # numbers by themselves do not decide the type
                shapes[name] = np.asarray(value)
                continue
            array = beside.owned(value, f"value of {name}")
            arrays[name] = array
            shapes[name] = _stand_in(self._library, array)
        key = tuple(
            (n, a.shape, a.dtype.char) if a.shape or a.dtype.kind not in "iu" else (n, int(a))
            for n, a in shapes.items()
        )
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plan(shapes, variables, beside.limit())
            if len(self._plans) > 64:
                self._plans.clear()
            self._plans[key] = plan
        results: Any = ()
        if plan.compute is not None:
            for name in plan.places:
                if shapes[name].dtype.kind == "f":
                    raise InputError(f"{name} holds places: integers are expected")
            given = {local: arrays[name] for name, local in plan.arguments}
            used = [a for a in given.values() if self._library.owns(a)]
            if found and not _floating(self._library, used):
                # Numbers alone are computed in the type, and where, the other values are.
                given = {n: beside.owned(a, n) for n, a in given.items()}
            results = plan.compute(**given, **plan.extra)
            if plan.count == 1:
                results = (results,)
            if found and not _floating(self._library, used):
                results = [beside.cast(a) for a in results]
        deciding = _floating(self._library, results) or _floating(self._library, found)
        terms = [filled(t, results) for t in plan.templates]
        xp = self._library.like(deciding)
        return operator_class(self.backend)(
            terms, plan.out_shape, plan.in_shape, xp, self._is_semidefinite
        )

    @cached_property
    def _is_semidefinite(self) -> bool:
        return is_semidefinite([held.term for held in self.forms[0]], self.cut)


def _floating(library: Any, arrays: Sequence[Any]) -> list[Any]:
    """Those that decide the type of numbers: not indices."""
    return [a for a in arrays if library.kind_of(a).kind == "f"]


def _stand_in(library: Any, array: Any) -> np.ndarray:
    """An array of the same shape and kind that takes no memory."""
    return np.broadcast_to(np.zeros((), library.kind_of(array)), library.shape_of(array))
