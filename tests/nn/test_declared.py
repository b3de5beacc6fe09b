"""What a layer, its options and the arrays to train are refused for, each by a clear error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from eingrad import nn
from eingrad.errors import EingradError, InputError, ShapeError


@pytest.mark.parametrize(
    ("definition", "inputs", "params", "message"),
    [
        (lambda X, W: X @ W, {"X": "b m"}, {"X": "m n"}, "X is declared twice"),
        (lambda X, W: X @ W, {"X": "b m"}, {}, "does not take X: missing .* 'W'"),
        (lambda X: (X, X), {"X": "b m"}, {}, "gives tuple, not one tensor"),
        (lambda X: None, {"X": "b m"}, {}, "gives NoneType"),
        (lambda X: X, ["X"], {}, "by name with their sizes, not as list"),
    ],
)
def test_a_definition_is_of_its_arguments_and_gives_a_tensor(
    definition: Callable[..., Any], inputs: Any, params: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        nn.Layer("own", definition, inputs=inputs, params=params)


def test_a_constant_value_and_a_name_of_two_words_are_layers() -> None:
    layer = nn.Layer("my layer", lambda X: 3.0, inputs={"X": "b m"})
    assert layer.forward(np.ones((2, 3))) == 3.0
    assert not layer.backward(1.0)["X"].any()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([["a", "b"]], "X holds .*, not real numbers"),
        ([[1, 2], [3]], "X is no array"),
        (np.ones((2, 3)) * 1j, "X holds complex128"),
    ],
)
def test_arguments_are_arrays_of_real_numbers(value: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"dense: {message}"):
        nn.dense().forward({"X": value}, {"W": np.ones((3, 4)), "b": np.ones(4)})


def test_parameters_are_given_by_name() -> None:
    with pytest.raises(InputError, match="by name: W, b"):
        nn.dense().forward(np.ones((2, 3)), np.ones((3, 4)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "mask", [[[0.0, -np.inf], [0.0, 0.0]], [[1, 1], [0.5, 1]], [[1, 1], [np.nan, 1]]]
)
def test_a_mask_is_0_or_1(mask: Any) -> None:
    layer = nn.attention(mask=True)
    arrays = {"Q": np.ones((1, 2, 3)), "K": np.ones((1, 2, 3)), "V": np.ones((1, 2, 4))}
    with pytest.raises(InputError, match="1 where a key is seen and 0 where it is hidden"):
        layer.forward({**arrays, "mask": mask})
    layer.forward({**arrays, "mask": [[True, False], [True, True]]})


def test_a_filter_fits_into_its_axis() -> None:
    layer = nn.convolution1d((5,), bias=False)
    with pytest.raises(ShapeError, match="size n - 4, which is -1; n = 3"):
        layer.forward(np.ones((2, 1, 3)), {"W": np.ones((4, 1, 5))})
    assert layer.forward(np.ones((2, 1, 5)), {"W": np.ones((4, 1, 5))}).shape == (2, 4, 1)


def test_one_length_of_a_window_is_for_the_last_axis() -> None:
    assert str(nn.max_pool(2, sizes="b c 6").output.shape) == "(b, c, 3)"
    assert str(nn.average_pool(2, sizes="b 6", stride=1).output.shape) == "(b, 5)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs is at least 0, not -1"),
        ({"epochs": 1.5}, "epochs is a whole number"),
        ({"batch": 2.5}, "whole number, not 2.5"),
        ({"seed": -1}, "seed is at least 0"),
        ({"step": 0.1}, "step is a function"),
        ({"data": {"X": np.float64(3), "T": np.ones((1, 1))}}, "X has 0, T has 1"),
        ({"params": {"W1": np.ones((2, 1), int), "b1": np.zeros(1)}}, "not int64"),
        ({"params": {"W1": np.broadcast_to(0.5, (2, 1)), "b1": np.zeros(1)}}, "read-only"),
    ],
)
def test_options_of_training_make_sense(options: dict[str, Any], message: str) -> None:
    network = nn.Network(nn.dense("m", "k"), nn.squared_error("b k"))
    given: dict[str, Any] = {
        "data": {"X": np.ones((3, 2)), "T": np.ones((3, 1))},
        "params": nn.initial(network, m=2, k=1),
        **options,
    }
    with pytest.raises(EingradError, match=message):
        nn.fit(network, **given)


def test_rates_and_sizes_are_numbers_that_make_sense() -> None:
    for rate in (-1.0, np.nan, np.inf):
        with pytest.raises(InputError, match="a rate is a number not below 0"):
            nn.Adam(rate)
    with pytest.raises(InputError, match="the size m is at least 0, not -1"):
        nn.initial(nn.dense(), m=-1, n=2)
    with pytest.raises(InputError, match=r"the size m is a whole number, not 2\.5"):
        nn.initial(nn.dense(), m=2.5, n=2)  # type: ignore[arg-type]


def test_lists_are_data_and_numbers_are_parameters() -> None:
    layer = nn.Layer(
        "line",
        lambda X, a, T: np.mean((a * X - T) ** 2),
        inputs={"X": "b"},
        params={"a": ""},
        constants={"T": "b"},
    )
    data: dict[str, Any] = {"X": [0.0, 1.0, 2.0], "T": [0.0, 3.0, 6.0]}
    params: dict[str, Any] = {"a": 0.0}
    nn.fit(layer, data, params, step=nn.Adam(0.1), epochs=200)
    assert abs(params["a"] - 3) < 1e-3
    params = {"a": 0.0}
    assert nn.newton(layer, data, params).converged
    assert abs(params["a"] - 3) < 1e-9
