"""Lookups, convolutions, bands and distances in texts mean what they mean in Python."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from eingrad.errors import EingradError, ParseError
from eingrad.frontends import python as p

DECLARED = {
    "x": "n", "w": "3", "v": "k", "i": "m integer", "j": "n integer", "A": "n n", "X": "2 3 a b",
    "W": "4 3 3 2", "S": "n n spd", "P": "p n", "Q": "q n", "u": "n", "y": "4", "z": "m",
}  # fmt: skip


def variables() -> dict[str, object]:
    return {name: p.tensor(name, shape) for name, shape in DECLARED.items()}


SAME = [
    ("x[[0, 2, 2, 1]]", lambda v: v["x"][[0, 2, 2, 1]]),
    ("A[:, [3, 0, -1]]", lambda v: v["A"][:, [3, 0, -1]]),
    ("x[[[0, 2], [1, 1]]]", lambda v: v["x"][[[0, 2], [1, 1]]]),
    ("gather(A, [0, 3, 1], axis=1)", lambda v: p.gather(v["A"], [0, 3, 1], axis=1)),
    ("gather(A, i)", lambda v: p.gather(v["A"], v["i"])),
    ("scatter_add(y, [0, 2, 2, 5], size=6)", lambda v: p.scatter_add(v["y"], [0, 2, 2, 5], 6)),
    ("scatter_add(z, i, size=n)", lambda v: p.scatter_add(v["z"], v["i"], "n")),
    ("one_hot(i, n)", lambda v: p.one_hot(v["i"], "n")),
    ("conv1d(x, w, padding=1)", lambda v: p.conv1d(v["x"], v["w"], padding=1)),
    ("conv2d(X, W, padding=(1, 0))", lambda v: p.conv2d(v["X"], v["W"], padding=(1, 0))),
    ("convolve(x, v)", lambda v: np.convolve(v["x"], v["v"])),
    ("band(A, 1, 2)", lambda v: p.band(v["A"], 1, 2)),
    ("cumprod(x)", lambda v: p.cumprod(v["x"])),
    ("quadratic_form(x, A)", lambda v: p.quadratic_form(v["x"], v["A"])),
    ("mahalanobis(x, u, S)", lambda v: p.mahalanobis(v["x"], v["u"], v["S"])),
    ("squared_mahalanobis(P, u, S)", lambda v: p.squared_mahalanobis(v["P"], v["u"], v["S"])),
    (
        "pairwise_squared_distances(P, Q)",
        lambda v: p.pairwise_squared_distances(v["P"], v["Q"]),
    ),
    (
        "multivariate_normal_logpdf(P, u, S)",
        lambda v: p.multivariate_normal_logpdf(v["P"], v["u"], v["S"]),
    ),
]


@pytest.mark.parametrize(("text", "meant"), SAME, ids=[text for text, _ in SAME])
def test_a_text_is_the_node_that_python_makes(text, meant) -> None:
    assert eingrad.parse(text, **DECLARED).node is meant(variables()).node


@pytest.mark.parametrize(
    "text",
    [
        "x[[0, 0.5]]",
        "y[[0, 4, 1]]",
        "A[[0, 1], [1, 2]]",
        "gather(x)",
        "gather(x, z)",
        "gather(x, [0, 1], axis=1)",
        "scatter_add(y, [0, 1, 2], size=6)",
        "scatter_add(y, [0, 2, 2, 5])",
        "one_hot(i)",
        "conv2d(X, w)",
        "conv1d(x, w, stride=0)",
        "conv1d(x, w, stride=2)",
        "conv1d(y, x[0:9])",
        "convolve(A, x)",
        'convolve(x, v, "half")',
        "band(x, 1, 1)",
        "band(A, -1, 1)",
        "quadratic_form(x, P)",
        "mahalanobis(x, v, S)",
        "pairwise_squared_distances(P, X)",
        "shifts(3, 2, 4)",
    ],
)
def test_what_cannot_be_is_an_error_with_a_place(text: str) -> None:
    with pytest.raises(EingradError) as error:
        eingrad.parse(text, **DECLARED)
    assert error.value.text


@pytest.mark.parametrize("text", ["x[5::-2]", "x[1:6:2]", "x[-1:-5:-3]", "x[:4:3]"])
def test_steps_need_no_size_where_the_length_is_a_number(text: str) -> None:
    x = np.arange(8.0)
    d = eingrad.derivative(text, "x")
    np.testing.assert_array_equal(d.operator(x=x) @ x, eval(text, {"x": x}))


@pytest.mark.parametrize("text", ["x[::2]", "x[::-2]", "x[1::3]"])
def test_steps_over_a_whole_axis_need_its_size(text: str) -> None:
    with pytest.raises(ParseError, match="known size"):
        eingrad.parse(text)
    assert eingrad.parse(text, x="8").node.shape == (len(eval(text, {"x": range(8)})),)
