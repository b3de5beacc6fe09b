"""Generated functions, ready to call with arrays by name."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InputError, missing_size, missing_values, unknown_variable
from ..ir.held import released_each
from ..ir.node import Node, Variable
from ..ir.walk import awakened_each, with_facts
from ..simplify import shortest

if TYPE_CHECKING:
    from ..codegen import Generated, Plan
    from .derivative import Derivative


class CompiledFunction:
    """A generated function that takes arrays by position, in the order of `arguments`, or by name.

    Values that it does not need may be left out and are accepted; unknown names are an error. Its
    name, documentation and signature are those of the generated function, and transformations of
    the framework (`jit`, `vmap`, `torch.compile`, `tf.function`) take it.

    Facts are promises, as in LAPACK: whether a matrix declared symmetric is so is not looked at,
    which would take longer than a product with it.

    Attributes
    ----------
    source:
        The module.
    arguments:
        The names of the variables that it needs, in order.

    Examples
    --------
    >>> import eingrad
    >>> f = eingrad.gradient("sum((X*w - y).^2)", "w").function()
    >>> f.__name__, f.arguments
    ('gradient', ('X', 'w', 'y'))
    >>> f([[1, 2], [3, 4]], [1, 1], y=[2, 5])
    array([14., 20.])
    """

    def __init__(self, generated: Any, names: Sequence[str]) -> None:
        self.source: str = generated.source
        self.arguments: tuple[str, ...] = tuple(generated.arguments)
        self._accepted = frozenset(names)
        self._keywords = frozenset(generated.keywords) - self._accepted
        # Not `_call`: `tf.function` copies attributes over those of its own object, a method of
        # that name among them, and would compile nothing.
        self._compiled_function = generated.function()
        functools.update_wrapper(self, self._compiled_function)
        # Sizes that no argument shows (an identity alone) are given by their symbol.
        self._sizes = tuple(generated.sizes)
        self._safe: Mapping[str, str] = {**generated.renamed, **generated.sizes}

    def __call__(self, /, *arrays: Any, **values: Any) -> Any:
        if arrays:
            if len(arrays) > len(self.arguments):
                raise InputError(f"takes {len(self.arguments)} arrays: {', '.join(self.arguments)}")
            for name, array in zip(self.arguments, arrays, strict=False):
                if name in values:
                    raise InputError(f"{name} is given twice")
                values[name] = array
        for name in values:
            if name not in self._accepted | self._keywords and name not in self._sizes:
                raise unknown_variable(name, sorted(self._accepted))
        needed = [*self.arguments, *self._sizes]
        missing = [name for name in needed if name not in values]
        if missing and missing[0] in self._sizes:
            raise missing_size(missing[0])
        if missing:
            raise missing_values(missing)
        further = {name: values[name] for name in self._keywords & values.keys()}
        return self._compiled_function(
            **{self._safe.get(n, n): values[n] for n in needed}, **further
        )


class Computed(ABC):
    """What functions can be generated of: nodes by the names of outputs, and their variables."""

    # What is computed unless something else is asked for.
    default: tuple[str, ...] = ("derivative",)

    @property
    @abstractmethod
    def variables(self) -> tuple[Variable, ...]:
        """All variables that it may be given values of, by name."""

    @abstractmethod
    def outputs(self, names: Sequence[str]) -> dict[str, Node]:
        """The nodes of the outputs called so."""

    @abstractmethod
    def described(self, outputs: Sequence[str]) -> tuple[str, list[str]]:
        """The name of the function that computes some outputs, and lines for its documentation."""

    def source(self, backend: str = "numpy", outputs: Sequence[str] | None = None) -> str:
        """A readable stand-alone function that computes the outputs together (dense arrays, axes
        as in `node`).

        It returns an array for one output and a tuple for several; its documentation says which of
        its temporaries serve which outputs. By default it computes the derivative, or all
        gradients.
        """
        return self._generated(backend, outputs).source

    def function(
        self, backend: str = "numpy", outputs: Sequence[str] | None = None
    ) -> CompiledFunction:
        """The generated function, ready to call with arrays by position or by name.

        Raises
        ------
        UnsupportedError
            The backend is unknown or lacks a function, or its library is not installed.
        """
        generated = self._generated(backend, outputs)
        return CompiledFunction(generated, [v.name for v in self.variables])

    def plan(self, backend: str = "numpy", outputs: Sequence[str] | None = None) -> Plan:
        """What the function computes in which order, and which outputs each step serves.

        Examples
        --------
        >>> import eingrad
        >>> d = eingrad.gradient("norm2(A*x)^2", "x")
        >>> print(d.plan(outputs=("value", "gradient")))
        2 outputs, 3 steps, 1 of them shared
          t0 = A @ x                serves value and gradient
          value = t0 @ t0           serves value
          gradient = 2 * (A.T @ t0) serves gradient
        """
        return self._generated(backend, outputs).plan

    def _generated(self, backend: str, outputs: Sequence[str] | None) -> Generated:
        from ..codegen import generate

        wanted = self.default if outputs is None else outputs
        nodes = self.outputs(wanted)
        name, notes = self.described(wanted)
        if backend in ("numpy", "array_api"):
            nodes = dict(zip(nodes, released_each([*nodes.values()]), strict=True))
        return generate(nodes, name=name, backend=backend, arguments=self.variables, notes=notes)


def function_name(d: Derivative, outputs: Sequence[str]) -> str:
    """What to call the function that computes some outputs of a derivative."""
    if len(outputs) > 1:
        return "_and_".join(outputs) if len(outputs) < 4 else "derivatives"
    if outputs[0] != "derivative":
        return outputs[0]
    if d.called:
        return d.called
    if d.order == 1:
        return "gradient" if d.n_out == 0 else "jacobian"
    return "hessian" if d.order == 2 and d.n_out == 0 else "derivative"


def output_nodes(d: Derivative, names: Sequence[str]) -> dict[str, Node]:
    """The nodes of some outputs by name; see `Derivative.outputs`."""
    if isinstance(names, str) or not names:
        raise InputError(
            f"outputs is a tuple of names, not {names!r}", hint='as in outputs=("value",)'
        )
    # A value by itself may be differentiated by a framework, which must know what is held.
    alone = tuple(names) == ("value",)
    value = awakened_each([d._value])[0] if alone else with_facts(d._value)
    chain = {"value": value, "derivative": d.node}
    before = (shortest(with_facts(node)) for node in d._previous)
    by_order = [*before, d.node][: d.order]
    if by_order:
        chain["gradient"] = chain["jacobian"] = by_order[0]
    if len(by_order) > 1:
        chain["hessian"] = by_order[1]
    unknown = [n for n in names if n not in chain]
    if unknown:
        raise InputError(
            f"there is no output called {unknown[0]!r}", hint=f"use some of: {', '.join(chain)}"
        )
    return {n: chain[n] for n in names}
