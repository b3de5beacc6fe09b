"""Convolutions have the values of NumPy, PyTorch and TensorFlow, each in its own convention."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eingrad.errors import ShapeError, UnsupportedError
from eingrad.frontends.python import conv1d, conv2d, conv3d, tensor
from eingrad.verify.reference import evaluate

RNG = np.random.default_rng(6)


def value(function: Any, **arrays: np.ndarray) -> np.ndarray:
    return evaluate(function(*(tensor(k, a.shape) for k, a in arrays.items())).node, arrays)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "k"), [(7, 3), (6, 4), (3, 7), (5, 1), (1, 1)])
@pytest.mark.parametrize("function", [np.convolve, np.correlate])
def test_convolve_and_correlate_are_those_of_numpy(function, n, k, mode) -> None:
    a, v = RNG.normal(size=n), RNG.normal(size=k)
    found = value(lambda x, y: function(x, y, mode), a=a, v=v)
    np.testing.assert_allclose(found, function(a, v, mode), atol=1e-12)


def test_symbolic_sizes_take_the_first_operand_as_the_longer() -> None:
    x, w = tensor("x", "n"), tensor("w", "k")
    assert str(np.convolve(x, w, "valid").node.shape[0]) == "-k + n + 1"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2},
        {"stride": (1, 3), "padding": (2, 1)},
        {"dilation": (2, 1), "padding": 1},
        {"groups": 2, "padding": 1},
        {"stride": 4, "padding": 3, "dilation": 2},
    ],
)
def test_conv2d_is_that_of_pytorch(options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    x = RNG.normal(size=(2, 4, 9, 8))
    w = RNG.normal(size=(6, 4 // options.get("groups", 1), 3, 2))
    wanted = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(w), **options)
    found = value(lambda a, b: conv2d(a, b, **options), x=x, w=w)
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-12)


def test_conv1d_and_conv3d_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    for function, name, space, taps in (
        (conv1d, "conv1d", (9,), (4,)),
        (conv3d, "conv3d", (4, 5, 6), (2, 3, 2)),
    ):
        x, w = RNG.normal(size=(2, 3, *space)), RNG.normal(size=(4, 3, *taps))
        wanted = getattr(torch.nn.functional, name)(
            torch.tensor(x), torch.tensor(w), stride=2, padding=1
        )
        found = value(lambda a, b, f=function: f(a, b, stride=2, padding=1), x=x, w=w)
        np.testing.assert_allclose(found, wanted.numpy(), atol=1e-12)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_channels_last_is_the_convention_of_tensorflow(padding: str, stride: int) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    x, w = RNG.normal(size=(2, 7, 10, 3)), RNG.normal(size=(3, 4, 3, 5))
    wanted = jax.lax.conv_general_dilated(
        x, w, (stride, stride), padding.upper(), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    found = value(
        lambda a, b: conv2d(a, b, stride=stride, padding=padding, channels="last"), x=x, w=w
    )
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_flip_gives_the_convolution_of_mathematics() -> None:
    signal = pytest.importorskip("scipy.signal")
    x, w = RNG.normal(size=(6, 7)), RNG.normal(size=(3, 2))
    found = value(lambda a, b: conv2d(a, b, flip=True), x=x, w=w)
    np.testing.assert_allclose(found, signal.convolve2d(x, w, "valid"), atol=1e-12)


def test_paddings_may_differ_in_front_and_behind() -> None:
    x, w = RNG.normal(size=6), RNG.normal(size=3)
    found = value(lambda a, b: conv1d(a, b, padding=[(2, 0)]), x=x, w=w)
    np.testing.assert_allclose(found, np.correlate(np.pad(x, (2, 0)), w, "valid"), atol=1e-12)


@pytest.mark.parametrize(
    ("shapes", "options", "error", "message"),
    [
        (("4", "7"), {}, ShapeError, "does not fit"),
        (("3 9", "4 2 3"), {}, ShapeError, "sizes do not fit"),
        (("9", "3"), {"stride": 0}, ShapeError, "at least 1"),
        (("9", "3"), {"stride": (1, 2)}, ShapeError, "integer, or 1 of them"),
        (("9", "3"), {"padding": -1}, ShapeError, "not negative"),
        (("9", "3"), {"padding": "half"}, ShapeError, "padding is"),
        (("9", "3"), {"channels": "middle"}, ShapeError, "first"),
        (("n", "3"), {"stride": 2}, UnsupportedError, "integer sizes"),
        (("4 9", "4 4 3"), {"groups": 3}, ShapeError, "multiples of 3"),
        (("9", "4 4 3"), {}, ShapeError, "channels"),
    ],
)
def test_what_does_not_fit_is_an_error(shapes, options, error, message) -> None:
    x, w = (tensor(name, shape) for name, shape in zip("xw", shapes, strict=True))
    with pytest.raises(error, match=message):
        conv1d(x, w, **options)


def test_a_filter_of_unknown_size_has_no_middle() -> None:
    x, w = tensor("x", "n"), tensor("w", "k")
    with pytest.raises(UnsupportedError, match="integer size, not k") as error:
        np.convolve(x, w, "same")
    assert 'w="3"' in str(error.value) and "full" in str(error.value)
    with pytest.raises(UnsupportedError, match="integer size, not k") as error:
        conv1d(x, w, padding="same")
    assert 'w="3"' in str(error.value)
