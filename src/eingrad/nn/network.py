"""Networks: layers one after another, as one function and as a chain of derivatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..calculus import jacobian
from ..dims import shape_text
from ..errors import InputError, ShapeError
from ..frontends.python import Tensor, tensor
from ..ir.node import Node
from .layer import Layer


@dataclass(frozen=True)
class Link:
    """One layer in a network: the names that its arguments and its value have there.

    Attributes
    ----------
    layer:
        The layer.
    value:
        The name of its value: Z and A with the number of the layer, and L for a loss.
    arguments:
        Name in the layer → name in the network.
    """

    layer: Layer
    value: str
    arguments: Mapping[str, str]


class Network(Layer):
    """Layers one after another; the value of each is the first input of the next.

    Parameters have the number of their layer behind their name (`W1`, `b1`, `W2`); constants (the
    targets of a loss) keep theirs where no other has it.

    Attributes
    ----------
    layers:
        In order.
    links:
        What they are called in the network.

    Raises
    ------
    InputError
        A layer in the middle has several inputs.
    ShapeError
        The value of a layer is not what the next one takes; the message names both.

    Examples
    --------
    >>> from eingrad import nn
    >>> net = nn.Network(
    ...     nn.dense("m", "h"), nn.activation("tanh", "b h"), nn.dense("h", "k"),
    ...     nn.softmax_cross_entropy(classes="k"), name="classifier")
    >>> list(net.params)
    ['W1', 'b1', 'W3', 'b3']
    >>> print(net.chain())
    dx stands for ∂L/∂x.
    L = softmax_cross_entropy(A3), scalar
      dA3 = (diag(T 𝟏) softmax(A3) − T)/b, b×k
    A3 = dense(A2), b×k
      dA2 = dA3 W3ᵀ, b×h: ∂A3/∂A2 condenses to W3ᵀ
      dW3 = A2ᵀ dA3, h×k: ∂A3/∂W3 condenses to A2ᵀ
      db3 = dA3ᵀ 𝟏, k: ∂A3/∂b3 condenses to the number 1
    A2 = tanh(A1), b×h
      dA1 = dA2 ⊙ (1 − tanh(A1) ⊙ tanh(A1)), b×h: ∂A2/∂A1 condenses to 1 − tanh(A1) ⊙ tanh(A1)
    A1 = dense(X), b×h
      dX = dA1 W1ᵀ, b×m: ∂A1/∂X condenses to W1ᵀ
      dW1 = Xᵀ dA1, m×h: ∂A1/∂W1 condenses to Xᵀ
      db1 = dA1ᵀ 𝟏, h: ∂A1/∂b1 condenses to the number 1
    """

    def __init__(self, *layers: Layer, name: str = "network") -> None:
        if not layers:
            raise InputError("a network needs a layer")
        self.layers = layers
        self.links = tuple(_links(layers))
        shapes: dict[str, dict[str, str]] = {"inputs": {}, "params": {}, "constants": {}}
        for k, link in enumerate(self.links):
            for kind, declared in shapes.items():
                given: Mapping[str, Tensor] = getattr(link.layer, kind)
                if kind == "inputs" and k:
                    given = {}
                for own, t in given.items():
                    declared[link.arguments[own]] = _shape(t)
        super().__init__(
            name,
            self._defined,
            inputs=shapes["inputs"],
            params=shapes["params"],
            constants=shapes["constants"],
            validate=self._validated,
        )

    def _validated(self, given: Mapping[str, Any]) -> None:
        """What the layers refuse of arguments that the network is given."""
        for link in self.links:
            if link.layer.validate is not None:
                link.layer.validate({n: given[m] for n, m in link.arguments.items() if m in given})

    def _defined(self, **arguments: Tensor) -> Tensor:
        """All layers one after another."""
        value: Tensor | None = None
        for k, link in enumerate(self.links):
            own = {n: arguments[m] for n, m in link.arguments.items() if m in arguments}
            if value is not None:
                (entry,) = link.layer.inputs
                expected = link.layer.inputs[entry].node.shape
                if value.node.shape != expected:
                    raise ShapeError(
                        f"layer {k + 1} ({link.layer.name}) takes {shape_text(expected)}, "
                        f"layer {k} ({self.links[k - 1].layer.name}) gives "
                        f"{shape_text(value.node.shape)}"
                    )
                own[entry] = value
            value = link.layer.definition(**own)
        assert value is not None
        return value

    def chain(self) -> str:
        """The chain of derivatives from the value back to the inputs: for each layer what comes
        out for its input and its parameters, with shapes, and what the derivative condenses to."""
        return "\n".join(self._chain())

    def _chain(self) -> Iterator[str]:
        end = self.links[-1].value
        yield f"dx stands for ∂{end}/∂x."
        for k, link in reversed(list(enumerate(self.links))):
            here = {
                own: tensor(name, link.layer.arguments[own].node.shape)
                for own, name in link.arguments.items()
            }
            value = link.layer.definition(**here)
            last = k == len(self.links) - 1
            before = ", ".join(link.arguments[n] for n in link.layer.inputs)
            yield f"{link.value} = {link.layer.name}({before}), {shape_text(value.node.shape)}"
            for own in (*link.layer.inputs, *link.layer.params):
                yield "  " + self._passed_on(link, value, here[own], first=last)

    def _passed_on(self, link: Link, value: Tensor, by: Tensor, first: bool) -> str:
        """∂L/∂x of one argument from the gradient of the value, in words of the chain."""
        name = by.node.name  # type: ignore[attr-defined]
        shape = shape_text(by.node.shape)
        arriving = f"d{link.value}"
        condensed = jacobian(value, by).compress(None if first else arriving)
        rule = f"∂{link.value}/∂{name} condenses to {_condensed(condensed.sentence)}"
        if first and not value.node.ndim:
            return f"d{name} = {condensed.formula()}, {shape}"
        return f"d{name} = {condensed.pullback_formula()}, {shape}: {rule}"


def _links(layers: tuple[Layer, ...]) -> Iterator[Link]:
    """Names for all arguments."""
    counted = [n for layer in layers for n in (*layer.constants,)]
    before: str | None = None
    for k, layer in enumerate(layers, 1):
        if before is not None and len(layer.inputs) != 1:
            raise InputError(
                f"layer {k} ({layer.name}) has {len(layer.inputs)} inputs; within a network it "
                "takes the value of the layer before alone",
                hint="write the network as one Layer with a definition of your own",
            )
        names = {n: n if before is None else before for n in layer.inputs}
        names |= {n: f"{n}{k}" for n in layer.params}
        names |= {n: n if counted.count(n) == 1 else f"{n}{k}" for n in layer.constants}
        value = f"A{k}"
        if k == len(layers) and not layer.output.node.ndim:
            value = "L"
        yield Link(layer, value, names)
        before = value


def _shape(t: Tensor) -> str:
    node = t.node
    return " ".join([*(str(d).replace(" ", "") for d in node.shape), *sorted(_facts(node))])


def _facts(node: Node) -> frozenset[str]:
    return getattr(node, "facts", frozenset())


def _condensed(sentence: str) -> str:
    return sentence.split(" condenses to ")[1].split(";")[0]
