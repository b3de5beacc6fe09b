"""Networks: layers that take each other's values, as one function and as a chain of derivatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..dims import Dim
from ..errors import InputError
from ..frontends.python import Tensor
from .chain import Chain, chain
from .layer import Layer
from .shown import table
from .sizes import fitted
from .wiring import Wired, require_fit, wiring


class Network(Layer):
    """Layers one after another; each takes the value of the one before, or what `wire` says.

    Sizes that a layer was not told are those of what it is given, or of what takes its value; sizes
    that it was told must fit. A layer may be a network. Parameters have the number of their layer
    behind their name (`W1`, `b1`, `W3`), in a network within the network the numbers of both
    (`W2_1`); constants (the targets of a loss, a mask) keep their names where no other has them.
    `wire` gives other names, and what has the same name is the same: two layers may share a
    parameter or a mask.

    Parameters
    ----------
    *layers:
        Layers, networks, and those with names from `wire`.
    name:
        What it is called.
    inputs:
        Inputs beside those of the first layer, which later layers take by name.

    Attributes
    ----------
    layers:
        In order, as they were given.
    links:
        What they are called in the network, with the sizes that they have there; networks within
        it are their layers.

    Raises
    ------
    InputError
        A layer has several inputs and it is not said what they are; a value is used nowhere.
    NameError_
        A layer takes a value that there is not; two things have one name.
    ShapeError
        The value of a layer is not what the next one takes; the message names both.

    Examples
    --------
    >>> from eingrad import nn
    >>> net = nn.Network(
    ...     nn.dense("m", "h"), nn.activation("tanh"), nn.dense(outputs="k"),
    ...     nn.softmax_cross_entropy(), name="classifier")
    >>> print(net)
    classifier(X: b×m, T: b×k)
      1 Z1 = dense(X; W1: m×h, b1: h) → b×h
      2 A1 = tanh(Z1) → b×h
      3 Z3 = dense(A1; W3: h×k, b3: k) → b×k
      4 L = softmax_cross_entropy(Z3, T) → scalar
    h*k + h*m + h + k parameters
    >>> print(net.chain())
    dx stands for ∂L/∂x.
    L = softmax_cross_entropy(Z3, T), scalar
      dZ3 = (diag(T 𝟏) softmax(Z3) − T)/b, b×k
    Z3 = dense(A1), b×k
      dA1 = dZ3 W3ᵀ, b×h: ∂Z3/∂A1, b×h×k×b, condenses to W3ᵀ, k×h
      dW3 = A1ᵀ dZ3, h×k: ∂Z3/∂W3, h×k×k×b, condenses to A1ᵀ, h×b
      db3 = dZ3ᵀ 𝟏, k: ∂Z3/∂b3, k×k×b, condenses to the number 1
    A1 = tanh(Z1), b×h
      dZ1 = dA1 ⊙ (1 − tanh(Z1) ⊙ tanh(Z1)), b×h: ∂A1/∂Z1, b×h×h×b, condenses to \
1 − tanh(Z1) ⊙ tanh(Z1), b×h, elementwise
    Z1 = dense(X), b×h
      dX = dZ1 W1ᵀ, b×m: ∂Z1/∂X, b×m×h×b, condenses to W1ᵀ, h×m
      dW1 = Xᵀ dZ1, m×h: ∂Z1/∂W1, m×h×h×b, condenses to Xᵀ, m×b
      db1 = dZ1ᵀ 𝟏, h: ∂Z1/∂b1, h×h×b, condenses to the number 1
    """

    def __init__(
        self, *layers: Layer | Wired, name: str = "network", inputs: Sequence[str] = ()
    ) -> None:
        if not layers:
            raise InputError("a network needs a layer")
        self.layers = tuple(s.layer if isinstance(s, Wired) else s for s in layers)
        self.wiring = wiring(layers, (inputs,) if isinstance(inputs, str) else inputs)
        self.links = fitted(self.wiring.links)
        require_fit(self.links)
        shapes: dict[str, dict[str, tuple[Dim | str, ...]]] = {
            "inputs": {},
            "params": {},
            "constants": {},
        }
        for link in self.links:
            for own, argument in link.arguments.items():
                if argument in self.wiring.kinds:
                    declared = shapes[self.wiring.kinds[argument]]
                    declared.setdefault(argument, _written(link.layer.arguments[own]))
        super().__init__(
            name,
            self._defined,
            inputs=shapes["inputs"],
            params=shapes["params"],
            constants=shapes["constants"],
            validate=self._validated,
        )

    def _place(self, argument: str) -> str:
        users = [str(link) for link in self.links if argument in link.arguments.values()]
        return f"{self.name}, {users[0]}"

    def _validated(self, given: Mapping[str, Any]) -> None:
        """What the layers refuse of arguments that the network is given."""
        for link in self.links:
            own = {n: given[m] for n, m in link.arguments.items() if m in given}
            if link.layer.validate is not None and link.layer.constants.keys() <= own.keys():
                link.layer.validate(own)

    def _defined(self, **arguments: Tensor) -> Tensor:
        """All layers one after another."""
        known = dict(arguments)
        for link in self.links:
            own = {n: known[m] for n, m in link.arguments.items()}
            known[link.value] = link.layer.definition(**own)
        return known[self.links[-1].value]

    def __str__(self) -> str:
        return "\n".join(table(self, self.links))

    def chain(self) -> Chain:
        """The chain of derivatives from the value back to the inputs: for each layer what comes
        out for what it takes and for its parameters, with shapes (those of derivatives in
        denominator layout), and what the derivative is, or condenses to. Where several layers take
        one value, its gradient is a sum: `…` stands for what other lines say. It is text, and
        `html()`, `latex()`, … write it otherwise."""
        return chain(self.links, self.wiring.kinds)


def _written(t: Tensor) -> tuple[Dim | str, ...]:
    facts: frozenset[str] = getattr(t.node, "facts", frozenset())
    return (*t.node.shape, *sorted(facts))
