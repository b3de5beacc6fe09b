"""What layers, networks and training refuse before anything is computed, and what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eingrad import nn
from eingrad.errors import InputError, ShapeError, UnsupportedError

Z = np.arange(15.0).reshape(5, 3)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2, 3, 0], r"labelled_cross_entropy: label is 3 in row 3, .* 3 classes .* 0 … 2"),
        ([0, -1, 2, 2, 0], "label is -1 in row 1"),
        ([0, 1, 7, 8, 9], r"label is 7 in row 2.*3 such numbers"),
        ([0, 1, 1.5, 2, 0], "label is 1.5 in row 2"),
        ([0, 1, np.nan, 2, 0], "label is nan in row 2"),
    ],
)
def test_a_label_that_names_no_class_is_told(labels: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        nn.labelled_cross_entropy().forward({"Z": Z, "label": np.array(labels)})


def test_labels_at_both_ends_are_classes() -> None:
    assert nn.labelled_cross_entropy().forward({"Z": Z, "label": np.array([0, 2, 0, 2, 1])}) > 0


def test_an_index_behind_the_table_is_told() -> None:
    given = {"index": np.array([[0, 1], [4, 2], [1, 1]])}
    layer = nn.embedding("v", "d", "b t")
    with pytest.raises(InputError, match="index is 4 in row 1, column 0, but there are 4"):
        layer.forward(given, {"table": np.ones((4, 2))})


def test_within_a_network_the_layer_is_named() -> None:
    net = nn.Network(
        nn.embedding("v", "d", "b"), nn.dense("d", "k"), nn.labelled_cross_entropy("b", "k")
    )
    params = nn.initial(net, v=6, d=2, k=3)
    good = {"index": np.array([0, 5, 1, 2]), "label": np.array([0, 2, 1, 1])}
    assert np.isfinite(net.forward(good, params))
    with pytest.raises(InputError, match=r"network, layer 1.*embedding.*index is 6 in row 1"):
        net.forward({**good, "index": np.array([0, 6, 1, 2])}, params)
    with pytest.raises(InputError, match=r"labelled_cross_entropy.*label is 3 in row 2"):
        net.forward({**good, "label": np.array([0, 2, 3, 1])}, params)


@pytest.mark.parametrize("train", [nn.fit, nn.newton, nn.gauss_newton])
def test_training_refuses_labels_before_its_first_step(train: Any) -> None:
    net = nn.Network(nn.dense("m", "k"), nn.labelled_cross_entropy("b", "k"))
    params = nn.initial(net, m=2, k=3)
    before = {n: v.copy() for n, v in params.items()}
    labels = np.array([0, 1, 2, 0, 1, 5])
    with pytest.raises(InputError, match="label is 5 in row 5"):
        train(net, {"X": np.ones((6, 2)), "label": labels}, params)
    assert all((params[n] == v).all() for n, v in before.items())


@pytest.mark.parametrize(
    ("layer", "given"),
    [
        (nn.squared_error("b"), {"X": np.ones(0), "T": np.ones(0)}),
        (nn.softmax_cross_entropy(), {"Z": np.ones((0, 3)), "T": np.ones((0, 3))}),
        (nn.labelled_cross_entropy(), {"Z": np.ones((0, 3)), "label": np.ones(0, int)}),
        (nn.hinge(), {"X": np.ones(0), "T": np.ones(0)}),
    ],
    ids=lambda v: v.name if isinstance(v, nn.Layer) else "",
)
def test_a_loss_of_no_samples_is_no_number(layer: nn.Layer, given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"{layer.name}: .* has no entries .*0.*, so there is no"):
        layer.forward(given)


def test_a_layer_of_no_samples_has_none() -> None:
    layer = nn.dense("m", "k")
    value = layer.forward(np.ones((0, 2)), {"W": np.ones((2, 3)), "b": np.ones(3)})
    assert value.shape == (0, 3)


def test_a_sequence_has_a_step() -> None:
    layer = nn.next_symbol()
    params = nn.initial(layer, v=4, n=3)
    empty = np.ones((2, 0), dtype=int)
    with pytest.raises(InputError, match=r"index has no entries \(2×0\)"):
        layer.forward({"index": empty, "label": empty}, params)


def test_a_mask_that_hides_everything_is_refused() -> None:
    layer = nn.attention(mask=True)
    given = {n: np.ones((2, 3)) for n in layer.inputs}
    names = list(layer.constants)
    assert names == ["mask"]
    with pytest.raises((InputError, UnsupportedError), match="mask"):
        layer.forward({**given, "mask": np.array([[1.0, 0.0], [0.0, 0.0]])})


def test_layers_that_do_not_fit_are_named_with_their_shapes() -> None:
    with pytest.raises(ShapeError, match=r"layer 2 \(dense\).*b×4.*b×3"):
        nn.Network(nn.dense("2", "3"), nn.dense("4", "1"))


def test_arrays_that_do_not_fit_are_named_when_training_begins() -> None:
    net = nn.Network(nn.dense("m", "k"), nn.squared_error("b k"))
    params = nn.initial(net, m=2, k=3)
    data = {"X": np.ones((4, 5)), "T": np.ones((4, 3))}
    with pytest.raises(ShapeError, match=r"network, layer .*must have shape"):
        nn.fit(net, data, params)
