"""Convolutions: of neural networks (`conv1d`, `conv2d`, `conv3d`), and NumPy's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...dims import as_dim
from ...errors import ShapeError
from ...ir import convolution
from ...ir.construct import axis_of
from ...ir.node import Node
from .convert import node_of
from .dispatch import implements, wrap
from .indexing import index

Padding = tuple[int, int]


def conv1d(
    x: Any,
    w: Any,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    flip: bool = False,
    channels: str = "first",
) -> Any:
    """A filter slid along one axis, as in neural networks; see `conv2d`.

    Examples
    --------
    >>> from .creation import tensor
    >>> conv1d(tensor("x", "b 3 20"), tensor("w", "8 3 5"), stride=2, padding=2).shape
    (b, 8, 10)
    """
    return _convolution(1, x, w, stride, padding, dilation, groups, flip, channels)


def conv2d(
    x: Any,
    w: Any,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    flip: bool = False,
    channels: str = "first",
) -> Any:
    """A filter slid along two axes, as in neural networks (cross-correlation):
    y[o, i, j] = Σ x[c, i·stride + a·dilation − padding, …] · w[o, c, a, b].

    Parameters
    ----------
    x:
        (…, channels, height, width), any number of batch axes; or (height, width).
    w:
        (out, channels / groups, rows, columns); or (rows, columns) without channels.
    stride, dilation:
        An integer, or one for each axis.
    padding:
        Zeros around x: an integer, one for each axis, a pair (in front, behind) for each axis,
        `"valid"` for none, `"same"` for a result of size ⌈size / stride⌉.
    groups:
        Channels and outputs are cut into so many groups that do not mix.
    flip:
        Turn the filter round in every axis: the convolution of mathematics.
    channels:
        `"first"` (PyTorch) or `"last"` (TensorFlow: x (…, height, width, channels), w (rows,
        columns, channels, out)).

    Raises
    ------
    ShapeError
        The axes do not fit, or the filter is larger than x.
    UnsupportedError
        A stride does not divide a symbolic size.

    Examples
    --------
    >>> from .creation import tensor
    >>> X, W = tensor("X", "b 3 m n"), tensor("W", "8 3 5 5")
    >>> conv2d(X, W, padding=2).shape
    (b, 8, m, n)
    """
    return _convolution(2, x, w, stride, padding, dilation, groups, flip, channels)


def conv3d(
    x: Any,
    w: Any,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    flip: bool = False,
    channels: str = "first",
) -> Any:
    """A filter slid along three axes, as in neural networks; see `conv2d`."""
    return _convolution(3, x, w, stride, padding, dilation, groups, flip, channels)


def _convolution(
    axes: int,
    x: Any,
    w: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    flip: bool,
    channels: str,
) -> Any:
    if channels not in ("first", "last"):
        raise ShapeError(f'channels are "first" or "last", not {channels!r}')
    node, filter_ = node_of(x), node_of(w)
    strides, dilations = _each(stride, axes, "stride"), _each(dilation, axes, "dilation")
    return wrap(
        convolution.convolve(
            node,
            filter_,
            axes=axes,
            stride=strides,
            padding=_paddings(padding, axes, node, filter_, strides, dilations, channels == "last"),
            dilation=dilations,
            groups=groups,
            flip=flip,
            last=channels == "last",
        )
    )


def _each(value: Any, axes: int, what: str) -> list[int]:
    given = list(value) if isinstance(value, Sequence) else [value] * axes
    if len(given) != axes or not all(isinstance(v, int) for v in given):
        raise ShapeError(f"{what} is an integer, or {axes} of them")
    return given


def _paddings(
    padding: Any,
    axes: int,
    x: Node,
    w: Node,
    stride: list[int],
    dilation: list[int],
    last: bool,
) -> list[Padding]:
    """The zeros in front and behind of each axis that is slid along."""
    if padding == "valid":
        return [(0, 0)] * axes
    if padding == "same":
        plain_ = x.ndim == axes and w.ndim == axes
        end = x.ndim - (last and not plain_)
        sizes = x.shape[end - axes : end]
        taps = w.shape[:axes] if plain_ or last else w.shape[2:]
        return [
            convolution.same_padding(*given)
            for given in zip(sizes, taps, stride, dilation, strict=True)
        ]
    given = list(padding) if isinstance(padding, Sequence) else [padding] * axes
    pairs = [(p, p) if isinstance(p, int) else tuple(p) for p in given if not isinstance(p, str)]
    if len(pairs) != axes or not all(len(p) == 2 for p in pairs):
        raise ShapeError(
            f'a padding is an integer, one (or a pair) for each of {axes} axes, "same" or "valid"'
        )
    return [(int(p[0]), int(p[1])) for p in pairs]


def windows(x: Any, shape: Any, axis: Any = None, stride: Any = 1) -> Any:
    """All windows of an array, as views where code runs: x's axes, counting places along those that
    are slid along, then the axes inside a window.

    Parameters
    ----------
    shape:
        The length of a window, or one for each axis.
    axis:
        The axes that are slid along; by default the last ones.
    stride:
        How far apart windows are: an integer, or one for each axis.

    Raises
    ------
    ShapeError
        The axes do not fit, or a window is longer than an axis.

    Examples
    --------
    >>> from .creation import tensor
    >>> windows(tensor("x", "b 6 8"), (3, 2), stride=(1, 2)).shape
    (b, 4, 4, 3, 2)
    """
    node = node_of(x)
    lengths = list(shape) if isinstance(shape, Sequence) else [shape]
    if axis is None:
        axis = range(node.ndim - len(lengths), node.ndim)
    axes = [axis_of(node, k) for k in (axis if isinstance(axis, Sequence) else [axis])]
    if len(axes) != len(lengths) or len(set(axes)) != len(axes):
        raise ShapeError(f"{len(lengths)} window lengths for {len(axes)} different axes")
    sizes = [as_dim(k) for k in lengths]
    return wrap(convolution.windows(node, axes, sizes, _each(stride, len(axes), "stride")))


@implements("lib.stride_tricks.sliding_window_view")
def sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    """Windows at every place."""
    return node_of(windows(x, window_shape, axis))


@implements("convolve")
def convolve(a: Any, v: Any, mode: str = "full") -> Node:
    """Σ_k a[i − k] v[k]; of two symbolic sizes that of `a` is taken as the larger."""
    return convolution.discrete_convolution(node_of(a), node_of(v), mode)


@implements("correlate")
def correlate(a: Any, v: Any, mode: str = "valid") -> Node:
    """Σ_k a[i + k] v[k]: the convolution with `v` turned round."""
    turned = index(node_of(v), slice(None, None, -1))
    return convolution.discrete_convolution(node_of(a), turned, mode)


__all__ = ["conv1d", "conv2d", "conv3d", "convolve", "correlate"]
