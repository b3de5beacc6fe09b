"""A layer: a forward definition in the public API, and passes that the engine derives from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..calculus import CustomRule, Derivative, custom_rule, vjp
from ..calculus.inputs import as_tensor_node, fresh
from ..dims import Dim, shape_text
from ..errors import InputError, NameError_, ShapeError
from ..frontends.python import Tensor, constant, tensor
from ..ir.node import Variable
from .examined import (
    computed_sizes,
    lookups,
    require_places,
    require_room,
    require_samples,
)
from .shown import signature
from .sizes import Declared, Spec, declared

if TYPE_CHECKING:
    import numpy as np

    from ..rules import Passes


class Layer:
    """A function of inputs and parameters with derived gradients.

    Attributes
    ----------
    name:
        What it is called.
    inputs, params, constants:
        Symbolic arguments by name; gradients are for inputs and parameters. Constants (a mask,
        labels) are given with the inputs.
    declared:
        The shapes of the arguments as they are written: `"m n"`, facts may follow: `"n integer"`.
        In `"*b ?n"` sizes are open: a network gives the layer those of what it takes, `?n` one,
        `*b` any number of them. By itself, or where nothing says what they are, they are b and n.
    output:
        The value, an expression of the arguments.
    validate:
        `(arrays by name) -> None`, raises where values make no sense (a mask that hides all).

    Examples
    --------
    >>> import numpy as np
    >>> from eingrad import nn
    >>> layer = nn.Layer("scale", lambda X, g: X * g, inputs={"X": "m n"}, params={"g": "n"})
    >>> layer.forward(np.ones((2, 3)), {"g": np.array([1.0, 2.0, 3.0])})
    array([[1., 2., 3.],
           [1., 2., 3.]])
    >>> layer.backward(np.ones((2, 3)))["g"]
    array([2., 2., 2.])
    >>> print(layer.partials["g"].formula())
    (G ⊙ X)ᵀ𝟏
    """

    def __init__(
        self,
        name: str,
        definition: Callable[..., Tensor],
        *,
        inputs: Mapping[str, Spec],
        params: Mapping[str, Spec] | None = None,
        constants: Mapping[str, Spec] | None = None,
        validate: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.name = name
        self.definition = definition
        kinds = [{} if given is None else given for given in (inputs, params, constants)]
        self.declared = _declared(name, kinds)
        self.inputs, self.params, self.constants = map(self._variables, kinds)
        self.output = self.applied(self.arguments)
        self.validate = validate
        self._kept: dict[str, np.ndarray] | None = None

    def _variables(self, names: Iterable[str]) -> dict[str, Tensor]:
        found = {n: self.declared[n] for n in names}
        return {n: tensor(n, d.shape, " ".join(d.facts)) for n, d in found.items()}

    def fitted(self, shapes: Mapping[str, tuple[Dim, ...]]) -> Layer:
        """The layer for arguments of such shapes: nothing of it is open.

        Raises
        ------
        ShapeError
            It has no value for them.
        """

        def of(names: Iterable[str]) -> dict[str, Spec]:
            return {n: (*shapes[n], *self.declared[n].facts) for n in names}

        return Layer(
            self.name,
            self.definition,
            inputs=of(self.inputs),
            params=of(self.params),
            constants=of(self.constants),
            validate=self.validate,
        )

    def applied(self, arguments: Mapping[str, Tensor]) -> Tensor:
        """The value of the definition; a `ShapeError` that names the layer where it has none."""
        import inspect

        try:
            inspect.signature(self.definition).bind(**arguments)
        except TypeError as error:
            raise InputError(
                f"{self.name}: its definition does not take {', '.join(arguments)}: {error}",
                hint="it is called with all inputs, parameters and constants by name",
            ) from None
        try:
            value = self.definition(**arguments)
        except (ShapeError, IndexError) as error:
            message = error.message if isinstance(error, ShapeError) else "an axis is missing"
            shapes = (f"{n} is {shape_text(t.node.shape)}" for n, t in arguments.items())
            raise ShapeError(f"{self.name}: {message}", hint=", ".join(shapes)) from error
        if isinstance(value, int | float):
            value = constant(value)
        if not isinstance(value, Tensor):
            raise InputError(
                f"{self.name}: its definition gives {type(value).__name__}, not one tensor",
                hint="several values of one shape can be stacked: np.stack([h, c])",
            )
        return value

    def __call__(self, **arguments: Tensor) -> Tensor:
        """The layer of other expressions: how layers are composed."""
        return self.definition(**arguments)

    @property
    def arguments(self) -> dict[str, Tensor]:
        """All arguments by name."""
        return {**self.inputs, **self.params, **self.constants}

    # Derivatives --------------------------------------------------------------------------------

    @cached_property
    def incoming(self) -> str:
        """The name of the incoming gradient in formulas."""
        return fresh("G", as_tensor_node(self.output))

    @cached_property
    def partials(self) -> dict[str, Derivative]:
        """For each input and parameter what a backward pass computes, as a formula in the
        incoming gradient."""
        names = [*self.inputs, *self.params]
        return {n: vjp(self.output, self.arguments[n], self.incoming) for n in names}

    def rule(self, backend: str, **options: Any) -> CustomRule:
        """The layer with its derived passes as a module for a framework."""
        wrt = [*self.inputs.values(), *self.params.values()]
        return custom_rule(self.output, wrt, backend, name=self.name, **options)

    # NumPy --------------------------------------------------------------------------------------

    @cached_property
    def passes(self) -> Passes:
        """The passes as NumPy code."""
        from ..rules import passes_of

        return passes_of(
            as_tensor_node(self.output),
            [_variable(t) for t in self.arguments.values()],
            [_variable(t) for t in (*self.inputs.values(), *self.params.values())],
            backend="numpy",
            name=self.name if self.name.isidentifier() else "layer",
            recompute="none",
        )

    def forward(self, inputs: Any, params: Mapping[str, Any] | None = None) -> Any:
        """The value for arrays; what the backward pass reads is kept until the next call.

        Parameters
        ----------
        inputs:
            One array, where the layer has one input and no constants, or arrays by name.
        params:
            The parameters by name.

        Raises
        ------
        NameError_
            An argument is missing or unknown.
        ShapeError
            A shape does not fit; the message names the layer, the argument, and both shapes.
        InputError
            What `examine` refuses.
        """
        given = self.examine(inputs, params)
        passes = self.passes
        try:
            results = passes.forward.function()(
                **{passes.forward.arguments[n]: given[n] for n in passes.forward.arguments}
            )
        except ValueError:
            self._sizes(given)  # says it better where shapes are the reason
            raise
        values = results if isinstance(results, tuple) else (results,)
        names = [passes.value, *(s.name for s in passes.own)]
        self._kept = {**given, **dict(zip(names, values, strict=True))}
        return values[0]

    def examine(
        self, inputs: Any, params: Mapping[str, Any] | None = None, shapes: bool = False
    ) -> dict[str, Any]:
        """The arrays by name, looked at before anything is computed; see `forward`.

        Parameters
        ----------
        shapes:
            Whether to look at all shapes; else what computes them does.

        Raises
        ------
        InputError
            A number that names a class or a row is none of those there are; a loss has no samples;
            what `validate` refuses (a mask that hides everything).
        NameError_, ShapeError
            As `forward`.
        """
        given = self._given(inputs, {} if params is None else params)
        sizes = self._sizes(given) if shapes or self._lookups else {}
        if self.validate is not None:
            self.validate(given)
        if not self.output.node.ndim:
            require_samples(self.name, given)
        for name, size in self._lookups:
            if size.symbols() <= sizes.keys():
                require_places(self._place(name), name, given[name], size.evaluate(sizes))
        return given

    @cached_property
    def _lookups(self) -> list[tuple[str, Dim]]:
        return lookups(as_tensor_node(self.output))

    def backward(self, incoming: Any) -> dict[str, Any]:
        """The gradients by each input and parameter at the arrays of the last forward pass.

        Parameters
        ----------
        incoming:
            The gradient of a loss by the value, of its shape.

        Raises
        ------
        InputError
            There was no forward pass.
        """
        if self._kept is None:
            raise InputError(f"{self.name}: backward needs a forward pass before it")
        import numpy as np

        value = self._kept[self.passes.value]
        if np.shape(incoming) != np.shape(value):
            raise InputError(
                f"{self.name}: the incoming gradient has shape {np.shape(incoming)}, "
                f"the value has {np.shape(value)}"
            )
        backward = self.passes.backward
        known = {**self._kept, self.passes.incoming: np.asarray(incoming, np.asarray(value).dtype)}
        shown = self._sizes(self._kept) if backward.sizes else {}
        sizes = {keyword: shown[symbol] for symbol, keyword in backward.sizes.items()}
        found = backward.function()(
            **{backward.arguments[n]: known[n] for n in backward.arguments}, **sizes
        )
        names = [v.name for v in self.passes.wrt]
        return dict(zip(names, found if len(names) > 1 else (found,), strict=True))

    def _given(self, inputs: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(inputs, Mapping):
            if len(self.inputs) + len(self.constants) != 1:
                wanted = ", ".join([*self.inputs, *self.constants])
                raise InputError(f"{self.name} has several inputs: give {wanted} by name")
            inputs = {next(iter(self.inputs)): inputs}
        if not isinstance(params, Mapping):
            raise InputError(f"{self.name}: parameters are given by name: {', '.join(self.params)}")
        given = {**inputs, **params}
        unknown = [n for n in given if n not in self.arguments]
        missing = [n for n in self.arguments if n not in given]
        if unknown or missing:
            what = f"no argument {unknown[0]!r}" if unknown else f"{missing[0]} is missing"
            raise NameError_(f"{self.name}: {what}", hint=f"it has: {', '.join(self.arguments)}")
        whole = {n for n, t in self.arguments.items() if "integer" in _variable(t).facts}
        return {
            n: _array(f"{self._place(n)}: {n}", value, n in whole) for n, value in given.items()
        }

    def _sizes(self, given: Mapping[str, Any]) -> dict[str, int]:
        """The sizes that arguments show; a `ShapeError` that names the layer where they do not
        fit."""
        import numpy as np

        from ..operators.sizes import known_sizes

        shapes = {name: np.shape(given[name]) for name in self.arguments}
        try:
            sizes = known_sizes(map(_variable, self.arguments.values()), shapes, {})
        except ShapeError as error:
            wrong = next(n for n in self.arguments if error.message.startswith(f"{n} must"))
            raise ShapeError(f"{self._place(wrong)}: {error.message}") from None
        require_room(self.name, self._computed, sizes)
        return sizes

    @cached_property
    def _computed(self) -> list[Dim]:
        return computed_sizes(as_tensor_node(self.output))

    def _place(self, argument: str) -> str:
        """What messages about an argument call the layer."""
        return self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {signature(self)}>"

    def __str__(self) -> str:
        return signature(self)


def _array(name: str, value: Any, whole: bool) -> np.ndarray:
    """An argument as an array of real numbers, or as it is where whole ones are expected."""
    import numpy as np

    try:
        array = np.asarray(value)
    except ValueError as error:  # lists of different lengths
        raise InputError(f"{name} is no array: {error}") from None
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} holds {array.dtype}, not real numbers")
    return array if whole or array.dtype.kind in "fb" else array.astype(float)


def _declared(layer: str, kinds: Sequence[Mapping[str, Spec]]) -> dict[str, Declared]:
    """The shapes of all arguments as they are written."""
    made: dict[str, Declared] = {}
    for kind in kinds:
        if not isinstance(kind, Mapping):
            raise InputError(
                f"arguments are declared by name with their sizes, not as {type(kind).__name__}",
                hint='inputs={"X": "b n"}',
            )
        for name, spec in kind.items():
            if name in made:
                raise InputError(
                    f"{layer}: {name} is declared twice",
                    hint="inputs, parameters and constants have names of their own",
                )
            made[name] = declared(spec, name)
    return made


def _variable(t: Tensor) -> Variable:
    node = t.node
    assert isinstance(node, Variable)
    return node
