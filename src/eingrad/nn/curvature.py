"""Curvature of networks: Gauss-Newton blocks through the loss, and their Kronecker factors."""

from __future__ import annotations

from typing import Any

from ..calculus import Derivative, gauss_newton
from ..calculus.inputs import fresh
from ..errors import InputError, NameError_
from ..frontends.python import Tensor, tensor
from .layer import Layer
from .network import Network


def gauss_newton_block(
    network: Layer, name: str, other: str | None = None, extra: Tensor | None = None
) -> Derivative:
    """JᵀHJ of a network by one of its parameters, or by two: the last layer is the loss, the
    layers before it are what is linearised.

    Parameters
    ----------
    network:
        With a loss as its last layer.
    name, other:
        Parameters; by default `name` twice.
    extra:
        A number to add to the loss, a penalty on the parameters.

    Raises
    ------
    InputError
        It is no network, or its value is no number.
    NameError_
        There is no such parameter.

    Examples
    --------
    >>> from eingrad import nn
    >>> net = nn.Network(nn.dense("m", "k"), nn.softmax_cross_entropy(classes="k"))
    >>> print(nn.gauss_newton_block(net, "W1").kronecker())
    Σ over b of rank 1 m×m ⊗ symmetric k×k
    """
    for asked in (name, name if other is None else other):
        if asked not in network.params:
            raise NameError_(
                f"{network.name} has no parameter {asked!r}",
                hint=f"it has: {', '.join(network.params)}",
            )
    loss, outputs = cut(network)
    if extra is not None:
        loss = loss + extra
    by = [network.params[name], network.params[name if other is None else other]]
    return gauss_newton(loss, *by, outputs=outputs)


def kfac(network: Layer, name: str, damping: Any = None) -> Derivative:
    """The Gauss-Newton block of a parameter with the mean over the samples of x xᵀ ⊗ M replaced by
    the product of the means.

    Parameters
    ----------
    name:
        A parameter of two axes or more.
    damping:
        As in `KroneckerForm.approximation`.

    Returns
    -------
    Derivative
        Its `operator(…).solve(g)` solves with the two factors.

    Raises
    ------
    UnsupportedError
        The block is no sum of Kronecker products.
    InputError, NameError_
        As `gauss_newton_block`.

    Examples
    --------
    >>> from eingrad import nn
    >>> net = nn.Network(
    ...     nn.dense("m", "h"), nn.activation("relu"), nn.dense("h", "k"),
    ...     nn.squared_error())
    >>> print(nn.kfac(net, "W1", damping="λ").structure.sentence)
    Kronecker product of symmetric positive semidefinite m×m and symmetric h×h factors
    """
    return gauss_newton_block(network, name).kronecker().approximation(damping)


def cut(network: Layer) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of the values that the last layer takes, as variables, and what these are.

    Raises
    ------
    InputError
        It is no network, or its value is no number.
    """
    if not isinstance(network, Network) or len(network.links) < 2:
        raise InputError(
            f"{network.name} is no network of layers with a loss at its end",
            hint="nn.Network(layers…, nn.squared_error())",
        )
    known: dict[str, Tensor] = dict(network.arguments)
    *before, last = network.links
    for link in before:
        known[link.value] = link.layer.definition(
            **{own: known[n] for own, n in link.arguments.items()}
        )
    taken = {}
    outputs = {}
    for own, n in last.arguments.items():
        taken[own] = known[n]
        if n not in network.arguments:
            stand_in = tensor(fresh(n, network.output.node), known[n].node.shape)
            taken[own] = stand_in
            outputs[stand_in.node.name] = known[n]  # type: ignore[attr-defined]
    loss = last.layer.definition(**taken)
    if loss.node.ndim:
        raise InputError(f"{network.name} has no loss at its end: its value is no number")
    return loss, outputs
