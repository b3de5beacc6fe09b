"""Expressions with gathers, shifts, bands and running products, which several rooms look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import eingrad
from eingrad.frontends.python import band, conv1d, conv2d, gather, scatter_add, tensor

Case = tuple[Callable[[], Any], str]


def _x(shape: str = "n") -> Any:
    return tensor("x", shape)


def _w(shape: str) -> Any:
    return tensor("w", shape)


# name → (the expression, the variable to differentiate by)
CASES: dict[str, Case] = {
    "a gather": (lambda: np.exp(_x()[[0, 2, 2, 1]]), "x"),
    "a gather of rows": (lambda: np.exp(tensor("A", "4 n")[[3, 0, 3], :]) @ _x(), "A"),
    "places from the end": (lambda: np.sin(_x()[[0, -1, 2]]).sum(), "x"),
    "an index of two axes": (lambda: (tensor("A", "4 n")[[[0, 2], [2, 3]]] ** 3).sum(), "A"),
    "a symbolic index": (lambda: np.sum(gather(_x(), tensor("i", "m", "integer")) ** 3), "x"),
    "a symbolic index of two axes": (
        lambda: np.exp(gather(tensor("A", "n k"), tensor("i", "m 2", "integer"))).sum(axis=0),
        "A",
    ),
    "a lookup that is sliced": (lambda: np.exp(_x()[[0, 3, 1, 1]])[1:], "x"),
    "a sum at places": (lambda: np.exp(scatter_add(_x("4"), [0, 2, 2, 5], 6)), "x"),
    "a sum at symbolic places": (
        lambda: scatter_add(np.exp(_x("m")), tensor("i", "m", "integer"), "n") @ _w("n"),
        "x",
    ),
    "a filter": (lambda: np.tanh(conv1d(_x(), _w("3"), padding=1)), "w"),
    "a filter of symbolic size": (lambda: (np.convolve(_x(), _w("k")) ** 2).sum(), "w"),
    "what is filtered": (lambda: (np.convolve(_x(), _w("k"), "valid") ** 3).sum(), "x"),
    "a slice of what is filtered": (lambda: np.exp(conv1d(_x("9"), _w("3"), stride=2))[1:], "x"),
    "the filter of a stack": (
        lambda: (conv1d(tensor("X", "2 3 9"), _w("4 3 3"), stride=2, padding=1) ** 2).sum(),
        "w",
    ),
    "an image": (
        lambda: (
            np.maximum(conv2d(_x("2 2 5 6"), _w("3 2 3 2"), stride=(2, 1), padding=1), 0) ** 2
        ).sum(),
        "x",
    ),
    "the filter of an image": (
        lambda: np.exp(conv2d(_x("2 5 6"), _w("3 2 2 3"), dilation=(2, 1))).sum(axis=(1, 2)),
        "w",
    ),
    "channels last in groups": (
        lambda: (conv2d(_x("5 6 4"), _w("2 3 2 6"), groups=2, channels="last") ** 3).sum(),
        "w",
    ),
    "one tap with a border": (
        lambda: np.sin(conv2d(_x("2 3 4"), _w("3 2 1 1"), padding=1)).sum(),
        "w",
    ),
    "a band": (lambda: np.exp(band(tensor("A", "n n"), 1, 2)) @ _x(), "A"),
    "a running product": (lambda: np.cumprod(_x("5")) @ np.cumprod(_w("5")), "x"),
    "running products of rows": (lambda: (np.cumprod(tensor("A", "3 4"), 1) ** 2).sum(), "A"),
    "a border that mirrors": (lambda: (np.pad(_x("5"), 2, mode="reflect") ** 3).sum(), "x"),
}


def derivatives(name: str) -> list[Any]:
    """The first two derivatives of a case."""
    make, by = CASES[name]
    y = make()
    return [eingrad.derivative(y, *[by] * order) for order in (1, 2)]
