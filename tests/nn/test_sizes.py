"""Sizes that are left open are those of what a layer is given; those that are told must fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eingrad import nn
from eingrad.dims import shape_text
from eingrad.errors import ShapeError
from eingrad.nn.sizes import declared


def shapes(net: nn.Layer) -> dict[str, str]:
    return {n: shape_text(t.node.shape) for n, t in net.arguments.items()}


def test_a_classifier_needs_no_size_twice() -> None:
    net = nn.Network(
        nn.dense("m", "h"), nn.activation("relu"), nn.dense("h", "c"), nn.softmax_cross_entropy()
    )
    assert shapes(net) == {"X": "b×m", "W1": "m×h", "b1": "h", "W3": "h×c", "b3": "c", "T": "b×c"}


@pytest.mark.parametrize(
    "layer, taken",
    [
        (nn.layer_norm(), {"scale2": "32", "shift2": "32"}),
        (nn.rms_norm(), {"scale2": "32"}),
        (nn.dropout(), {"mask": "b×t×32", "keep": "scalar"}),
        (nn.dense(outputs="10"), {"W2": "32×10", "b2": "10"}),
        (nn.softmax_cross_entropy(), {"T": "b×t×32"}),
        (nn.labelled_cross_entropy(), {"label": "b×t"}),
        (nn.hinge(), {"T": "b×t×32"}),
        (nn.batch_norm("b"), None),
        (nn.dense("31"), None),
        (nn.squared_error("b n"), None),
    ],
    ids=lambda v: v.name if isinstance(v, nn.Layer) else "",
)
def test_layers_take_sizes_and_axes(layer: nn.Layer, taken: dict[str, str] | None) -> None:
    before = nn.dense("64", "32", "b t")
    if taken is None:
        with pytest.raises(ShapeError, match=r"layer 2 .* takes .*, layer 1 \(dense\) gives b×t×"):
            nn.Network(before, layer)
        return
    found = shapes(nn.Network(before, layer))
    assert {n: found[n] for n in taken} == taken


def test_sizes_come_from_what_takes_the_value_too() -> None:
    inner = nn.Network(
        nn.residual(nn.layer_norm(), nn.multi_head_attention(2, width="6")),
        nn.residual(nn.layer_norm(), nn.dense(outputs="12"), nn.activation("gelu"), nn.dense()),
    )
    assert shapes(inner)["X"] == "b×t×6"
    net = nn.Network(nn.embedding("v"), inner, inner, nn.dense(outputs="v"))
    found = shapes(net)
    assert found["index"] == "b×t" and found["table1"] == "v×6"
    assert found["scale3_2_1"] == "6" and found["W3_2_4"] == "12×6"
    assert shape_text(net.output.node.shape) == "b×t×v"


def test_an_open_network_is_for_what_the_outer_one_gives() -> None:
    inner = nn.Network(nn.layer_norm(), nn.activation("tanh"))
    assert shapes(inner)["X"] == "b×n"
    outer = nn.Network(nn.dense("m", "5", "b s t"), inner)
    assert shapes(outer)["scale2_1"] == "5" and outer.output.node.ndim == 4
    assert shapes(inner)["X"] == "b×n"


def test_branches_and_memories_take_the_sizes_of_their_join() -> None:
    net = nn.Network(
        nn.wire(nn.dense("d", "d"), "Q"),
        nn.wire(nn.dense("d", "d"), "K", X="memory"),
        nn.wire(nn.dense("d", "d"), "V", X="memory"),
        nn.wire(nn.attention(), Q="Q", K="K", V="V"),
        inputs=("memory",),
    )
    assert shapes(net)["X"] == "b×t×d" and shapes(net)["memory"] == "b×s×d"


def test_convolutions_take_channels_and_places() -> None:
    net = nn.Network(
        nn.convolution2d(3, sizes="b 3 8 9", outputs="5"),
        nn.activation("relu"),
        nn.convolution2d(2, outputs="7"),
    )
    assert shapes(net)["W3"] == "7×5×2×2"
    assert shape_text(net.output.node.shape) == "b×7×5×6"
    with pytest.raises(ShapeError, match=r"^layer 2 \(convolution1d\).*size 3.*size 2"):
        nn.Network(nn.convolution1d(3, sizes="b c 4"), nn.convolution1d(3))


def test_axes_that_do_not_go_through_are_as_many_as_by_themselves() -> None:
    mean = nn.Layer("mean", lambda X: np.mean(X, axis=0), inputs={"X": "*b *n"})
    assert shapes(nn.Network(mean, nn.dense("4", "3", "")))["X"] == "b×4"
    assert shapes(nn.Network(nn.dense("m", "4", "s t"), mean, nn.dense()))["W3"] == "4×n"


def test_a_number_is_a_shape_too() -> None:
    perplexity = nn.Network(nn.dense("3", "2"), nn.softmax_cross_entropy(), nn.activation("exp"))
    assert perplexity.output.node.ndim == 0


def test_values_and_gradients_are_those_of_sizes_told() -> None:
    def net(*tanh: str, norm: tuple[str, ...] = (), loss: tuple[str, ...] = ()) -> nn.Network:
        return nn.Network(
            nn.residual(nn.layer_norm(*norm), nn.dense("4", "4"), nn.activation("tanh", *tanh)),
            nn.dense("4", "3"),
            nn.softmax_cross_entropy(*loss),
        )

    short, told = net(), net("b 4", norm=("b", "4"), loss=("b", "3"))
    rng = np.random.default_rng(0)
    given = {"X": rng.normal(size=(5, 4)), "T": np.eye(3)[[0, 2, 1, 1, 0]]}
    params = nn.initial(short)
    assert short.forward(given, params) == told.forward(given, params)
    for name, slope in told.backward(1.0).items():
        np.testing.assert_allclose(short.backward(1.0)[name], slope)
    losses = nn.fit(short, given, params, epochs=20, step=nn.Adam(0.05))
    assert losses[-1] < losses[0]


UNFIT: dict[str, tuple[Callable[[], nn.Layer], str]] = {
    "names": (
        lambda: nn.Network(nn.dense("m", "h"), nn.dense("k", "c")),
        r"layer 2 \(dense\) takes b×k, layer 1 \(dense\) gives b×h",
    ),
    "axes": (
        lambda: nn.Network(nn.dense("m", "h", "b t"), nn.batch_norm()),
        r"layer 2 \(batch_norm\) takes b×n, layer 1 \(dense\) gives b×t×h",
    ),
    "projected input": (
        lambda: nn.residual(nn.dense("n", "k"), projection=nn.dense("m", "k")),
        r"X is b×n in layer 1 \(dense\) and b×m in layer 2 \(dense\)",
    ),
    "projection": (
        lambda: nn.residual(nn.dense("n", "k"), projection=nn.dense("n", "h")),
        r"the layers give b×k, the projection \(dense\) is b×h",
    ),
    "columns of two batches": (
        lambda: nn.Network(nn.dense("m", "h", "b t"), nn.dense_columns()),
        r"layer 2 \(dense_columns\): .*columns are for samples of one batch",
    ),
    "mean over the open axes": (
        lambda: nn.Network(
            nn.Layer("mean", lambda X: np.mean(X, axis=0), inputs={"X": "*b ?n"}),
            nn.dense("4", "3", "s t"),
        ),
        r"layer 2 \(dense\) takes s×t×4, layer 1 \(mean\) gives",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_is_told_must_fit(case: str) -> None:
    make, message = UNFIT[case]
    with pytest.raises(ShapeError, match=message):
        make()


def test_by_itself_a_layer_has_its_names() -> None:
    assert shapes(nn.layer_norm()) == {"X": "b×n", "scale": "n", "shift": "n"}
    assert shapes(nn.dense(outputs="m")) == {"X": "b×m", "W": "m×m", "b": "m"}
    own = nn.Layer("scale", lambda X, g: X * g, inputs={"X": "*b ?n"}, params={"g": "?n"})
    assert shapes(own) == {"X": "b×n", "g": "n"}
    assert shapes(nn.Network(nn.dense("m", "h", "s t"), own))["g2"] == "h"
    with pytest.raises(ShapeError, match="two places for any number of axes"):
        declared("*b 3 *n", "X")


def test_layers_print_shapes_and_the_number_of_parameters() -> None:
    assert repr(nn.dense("3", "2")) == "<Layer dense(X: b×3; W: 3×2, b: 2) → b×2, 8 parameters>"
    lines = str(nn.Network(nn.dense("3", "4"), nn.residual(nn.dense()))).splitlines()
    assert lines[0] == "network(X: b×3)" and lines[-1] == "36 parameters"
    assert "  2.1 Z2_1 = dense(Z1; W2_1: 4×4, b2_1: 4) → b×4" in lines
