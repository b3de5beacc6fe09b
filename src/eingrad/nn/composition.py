"""Ways to put layers together: sums, residual blocks, branches."""

from __future__ import annotations

from ..dims import shape_text
from ..errors import InputError, ShapeError
from ..frontends.python import Tensor
from .layer import Layer
from .network import Network
from .wiring import Wired, wire


def addition(shape: str = "*b *n") -> Layer:
    """X + Y.

    Examples
    --------
    >>> print(addition().partials["Y"].formula())
    G
    """

    def definition(X: Tensor, Y: Tensor) -> Tensor:
        return X + Y

    return Layer("addition", definition, inputs={"X": shape, "Y": shape})


def residual(
    *layers: Layer | Wired, projection: Layer | None = None, name: str = "residual"
) -> Network:
    """F(X) + X, where F are layers one after another; with a projection P, F(X) + P(X).

    A normalisation within it comes before the layers, one behind it after the sum.
    K. He et al. (2016), arXiv:1512.03385.

    Raises
    ------
    InputError
        F has no input or several.
    ShapeError
        F(X) and X (or P(X)) have not one shape.

    Examples
    --------
    >>> from eingrad import nn
    >>> block = nn.residual(nn.dense("n", "n"), nn.activation("tanh"))
    >>> list(block.params)
    ['W1', 'b1']
    >>> print(block.chain())
    dx stands for ∂A3/∂x.
    A3 = addition(A1, X), b×n
      dA1 = dA3, b×n: ∂A3/∂A1, b×n×n×b, condenses to the number 1
      dX = dA3 + …, b×n: ∂A3/∂X, b×n×n×b, condenses to the number 1
    A1 = tanh(Z1), b×n
      dZ1 = dA1 ⊙ (1 − tanh(Z1) ⊙ tanh(Z1)), b×n: ∂A1/∂Z1, b×n×n×b, condenses to \
1 − tanh(Z1) ⊙ tanh(Z1), b×n, elementwise
    Z1 = dense(X), b×n
      dX = … + dZ1 W1ᵀ, b×n: ∂Z1/∂X, b×n×n×b, condenses to W1ᵀ, n×n
      dW1 = Xᵀ dZ1, n×n: ∂Z1/∂W1, n×n×n×b, condenses to Xᵀ, n×b
      db1 = dZ1ᵀ 𝟏, n: ∂Z1/∂b1, n×n×b, condenses to the number 1
    …: what the other lines with this gradient say; it is the sum of them.
    """
    inner = Network(*layers, name=name)
    entry = _entry(inner)
    before = inner.links[-1].value
    end: list[Wired] = []
    if projection is None:
        end.append(wire(addition(), Y=entry))
    else:
        end.append(wire(projection, "P", **{_entry(projection): entry}))
        end.append(wire(addition(), X=before, Y="P"))
    try:
        return Network(*layers, *end, name=name)
    except ShapeError as error:
        around = inner.inputs[entry] if projection is None else projection.output
        if around.node.shape == inner.output.node.shape:  # the projection does not take the input
            raise
        what = "its input" if projection is None else f"the projection ({projection.name})"
        raise ShapeError(
            f"{name}: the layers give {shape_text(inner.output.node.shape)}, {what} is "
            f"{shape_text(around.node.shape)}: {error.message}",
            hint="a projection makes them equal: residual(…, projection=dense(…))",
        ) from error


def branch(*layers: Layer, join: Layer, name: str = "branch") -> Network:
    """Layers that all take one input; their values are the inputs of `join`, in order.

    Raises
    ------
    InputError
        A layer has no input or several; there are not as many layers as `join` has inputs.
    ShapeError
        A value is not what `join` takes.

    Examples
    --------
    >>> from eingrad import nn
    >>> heads = [nn.dense("d", "d", bias=False) for _ in range(3)]
    >>> net = nn.branch(*heads, join=nn.attention())
    >>> list(net.inputs), list(net.params)
    (['X'], ['W1', 'W2', 'W3'])
    """
    if len(layers) != len(join.inputs) or not layers:
        raise InputError(
            f"{name}: {len(layers)} layers, but {join.name} takes {', '.join(join.inputs)}"
        )
    entry = _entry(layers[0])
    values = [f"{n}_{k}" for k, n in enumerate(join.inputs, 1)]
    sides = [
        wire(layer, value, **{_entry(layer): entry})
        for layer, value in zip(layers, values, strict=True)
    ]
    return Network(*sides, wire(join, **dict(zip(join.inputs, values, strict=True))), name=name)


def _entry(layer: Layer) -> str:
    """The one input of a layer."""
    if len(layer.inputs) != 1:
        raise InputError(
            f"{layer.name} has {len(layer.inputs)} inputs, not one",
            hint="nn.wire and nn.Network connect layers of any number of inputs",
        )
    return next(iter(layer.inputs))
