"""What is printed of layers and networks: arguments with shapes, and how many parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..dims import Dim, product, shape_text
from ..frontends.python import Tensor

if TYPE_CHECKING:
    from .layer import Layer
    from .wiring import Link


def signature(layer: Layer) -> str:
    """A layer in a line.

    Examples
    --------
    >>> from eingrad import nn
    >>> print(signature(nn.dense("3", "2")))
    dense(X: b×3; W: 3×2, b: 2) → b×2, 8 parameters
    """
    kinds = (layer.inputs, layer.params, layer.constants)
    arguments = "; ".join(", ".join(_shapes(kind)) for kind in kinds if kind)
    value = shape_text(layer.output.node.shape)
    return f"{layer.name}({arguments}) → {value}{_counted(layer.params.values())}"


def table(layer: Layer, links: Sequence[Link]) -> Iterator[str]:
    """Lines for a network: what it takes, each layer with its parameters and value, the number of
    parameters."""
    taken = {**layer.inputs, **layer.constants}
    yield f"{layer.name}({', '.join(_shapes(taken))})"
    for link in links:
        before = ", ".join(m for n, m in link.arguments.items() if n not in link.layer.params)
        own = {m: link.layer.params[n] for n, m in link.arguments.items() if n in link.layer.params}
        shapes = f"; {', '.join(_shapes(own))}" if own else ""
        value = shape_text(link.layer.output.node.shape)
        number = link.place.replace("_", ".")
        yield f"  {number} {link.value} = {link.layer.name}({before}{shapes}) → {value}"
    yield (_counted(layer.params.values()) or ", no parameters")[2:]


def _shapes(arguments: Mapping[str, Tensor]) -> list[str]:
    return [f"{n}: {shape_text(t.node.shape)}" for n, t in arguments.items()]


def _counted(params: Iterable[Tensor]) -> str:
    shapes = [t.node.shape for t in params]
    total = sum((product(shape) for shape in shapes), Dim.of(0))
    return f", {total} parameter{'' if total == 1 else 's'}" if shapes else ""
