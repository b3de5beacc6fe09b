"""Convolutions and pooling, channels first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..frontends.python import Tensor, conv1d, conv2d, windows
from .layer import Layer


def convolution1d(
    taps: int | tuple[int],
    *,
    sizes: str = "?b ?c ?n",
    outputs: str = "?o",
    stride: int = 1,
    padding: Any = 0,
    dilation: int = 1,
    bias: bool = True,
) -> Layer:
    """A filter slid along one axis (cross-correlation).

    X (batch, channels, length), W (outputs, channels, taps), bias (outputs,); the value is
    (batch, outputs, places).

    Parameters
    ----------
    taps:
        The length of the filter.
    sizes:
        Those of X.
    stride, padding, dilation:
        Steps between places, zeros on both sides, steps between taps.

    Raises
    ------
    ShapeError
        The filter is longer than the padded axis.

    Examples
    --------
    >>> layer = convolution1d(2, bias=False)
    >>> layer.forward([[[1, 2, 4, 8]]], {"W": [[[-1, 1]]]})
    array([[[1., 2., 4.]]])
    >>> layer.backward([[[1, 1, 1]]])["W"]
    array([[[ 7., 14.]]])
    """
    return _convolution(1, _tuple(taps), sizes, outputs, bias, (stride, padding, dilation))


def convolution2d(
    taps: int | tuple[int, int],
    *,
    sizes: str = "?b ?c ?h ?w",
    outputs: str = "?o",
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    bias: bool = True,
) -> Layer:
    """A filter slid along two axes (cross-correlation).

    X (batch, channels, height, width), W (outputs, channels, *taps), bias (outputs,); the value
    is (batch, outputs, *places). Parameters and errors are those of `convolution1d`, with a pair
    for the two axes where one number is not for both.

    Examples
    --------
    >>> convolution2d((3, 2), padding=(1, 0)).output.shape
    (b, o, h, w - 1)
    """
    pair = (taps, taps) if isinstance(taps, int) else taps
    return _convolution(2, pair, sizes, outputs, bias, (stride, padding, dilation))


def _convolution(
    axes: int, taps: tuple[int, ...], sizes: str, outputs: str, bias: bool, how: tuple[Any, ...]
) -> Layer:
    slide = conv1d if axes == 1 else conv2d
    name = f"convolution{axes}d"
    if len(sizes.split()) != axes + 2 or len(taps) != axes or min(taps) < 1:
        raise ShapeError(
            f"{name}: X has {axes + 2} sizes, not {sizes!r}, and a filter {axes} lengths of at "
            f"least 1, not {taps}"
        )

    def definition(X: Tensor, W: Tensor, bias: Tensor | None = None) -> Tensor:
        Y = slide(X, W, *how)
        return Y if bias is None else Y + bias[(slice(None), *[None] * axes)]

    channels = sizes.split()[1]
    params = {"W": " ".join([outputs, channels, *map(str, taps)])}
    params |= {"bias": outputs} if bias else {}
    return Layer(name, definition, inputs={"X": sizes}, params=params)


def max_pool(taps: int | tuple[int, ...], *, sizes: str, stride: Any = None) -> Layer:
    """The largest entry of each window of the last axes; windows side by side by default.

    X of `sizes`; the value has the number of windows in place of each of the last axes. `taps` has
    a length for each of these, which are numbers; one number is for the last axis alone. Equal
    entries share the gradient.

    Examples
    --------
    >>> layer = max_pool((2,), sizes="b 6")
    >>> layer.forward([[3, 1, 2, 5, 4, 4]])
    array([[3., 5., 4.]])
    >>> layer.backward([[1, 1, 1]])["X"]
    array([[1. , 0. , 0. , 1. , 0.5, 0.5]])
    """

    taps = _tuple(taps)

    def definition(X: Tensor) -> Tensor:
        places = windows(X, taps, stride=taps if stride is None else stride)
        return np.max(places, axis=tuple(range(-len(taps), 0)))

    return Layer("max_pool", definition, inputs={"X": sizes})


def average_pool(taps: int | tuple[int, ...], *, sizes: str, stride: Any = None) -> Layer:
    """The mean of each window of the last axes; windows side by side by default.

    Shapes are those of `max_pool`.

    Examples
    --------
    >>> layer = average_pool((2,), sizes="b 6")
    >>> layer.forward([[3, 1, 2, 5, 4, 4]])
    array([[2. , 3.5, 4. ]])
    """

    taps = _tuple(taps)

    def definition(X: Tensor) -> Tensor:
        places = windows(X, taps, stride=taps if stride is None else stride)
        return np.mean(places, axis=tuple(range(-len(taps), 0)))

    return Layer("average_pool", definition, inputs={"X": sizes})


def _tuple(taps: int | tuple[int, ...]) -> tuple[int, ...]:
    return (taps,) if isinstance(taps, int) else tuple(taps)
