"""Gathers, shifts, bands, running products: derivatives agree with differences to second order."""

from __future__ import annotations

import numpy as np
import pytest

import eingrad
from tests.pattern_cases import CASES, derivatives


@pytest.mark.parametrize("name", CASES)
def test_derivatives_agree_with_differences_to_second_order(name: str) -> None:
    for derivative in derivatives(name):
        report = derivative.check()
        assert report.compared and report.ok, report.text


def test_running_products_are_exact_at_zeros_at_any_order() -> None:
    x = eingrad.vector("x", 4)
    y = np.cumprod(x).sum()
    at = np.array([2.0, 0.0, 3.0, 0.0])
    first = eingrad.derivative(y, "x").function()(x=at)
    assert np.array_equal(first, [1.0, 2 + 6, 0.0, 0.0])
    third = eingrad.derivative(y, "x", "x", "x").function()(x=at)
    wanted = np.zeros((4, 4, 4))
    for places in np.ndindex(4, 4, 4):
        if len(set(places)) == 3:
            wanted[places] = sum(
                np.prod([at[k] for k in range(last + 1) if k not in places])
                for last in range(max(places), 4)
            )
    assert np.array_equal(third, wanted)


class TestStructureIsKept:
    def test_the_hessian_of_a_function_of_selected_entries_is_a_diagonal(self) -> None:
        for key in (slice(1, 4), [0, 2, 2]):
            x = eingrad.vector("x")
            hessian = eingrad.hessian(np.exp(x[key]).sum(), "x")
            assert "diag(" in str(hessian)

    def test_a_convolution_by_its_filter_keeps_the_output_channel_as_a_delta(self) -> None:
        x, w = eingrad.tensor("x", "2 m n"), eingrad.tensor("w", "5 2 3 3")
        node = eingrad.derivative(eingrad.conv2d(x, w), "w").node
        atoms = [a for axis in node.out for a in axis]
        assert atoms[0] == atoms[3]  # out channel of y and of w
        assert all("array of shape" not in line for line in str(node).splitlines())

    def test_its_generated_gradients_build_no_pattern(self) -> None:
        x, w = eingrad.tensor("x", "8 3 30 40"), eingrad.tensor("w", "16 3 5 5")
        y = (eingrad.conv2d(x, w) ** 2).sum()
        assert "np.equal.outer" not in eingrad.gradient(y, "w").source()

    def test_a_gather_takes_and_its_adjoint_adds_up(self) -> None:
        table, words = eingrad.tensor("E", "v d"), eingrad.tensor("i", "b", "integer")
        scores = eingrad.gather(table, words) @ eingrad.vector("u", "d")
        gradient = eingrad.gradient(np.exp(scores).sum(), "E").source()
        assert "np.take(" in gradient and "_scatter_add(" in gradient and "np.eye" not in gradient


def test_a_convolutional_network_agrees_with_autograd() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    values = {
        "X": rng.normal(size=(2, 3, 8, 9)),
        "W": rng.normal(size=(4, 3, 3, 2)),
        "V": rng.normal(size=(5, 4, 2, 3)),
    }
    X, W, V = (eingrad.tensor(name, v.shape) for name, v in values.items())
    hidden = np.maximum(eingrad.conv2d(X, W, stride=(2, 1), padding=1), 0)
    loss = (np.maximum(eingrad.conv2d(hidden, V), 0) ** 2).sum()
    tensors = {k: torch.tensor(v, requires_grad=True) for k, v in values.items()}
    conv = torch.nn.functional.conv2d
    inner = torch.relu(conv(tensors["X"], tensors["W"], stride=(2, 1), padding=1))
    (torch.relu(conv(inner, tensors["V"])) ** 2).sum().backward()
    for name in values:
        found = eingrad.gradient(loss, name).function()(**values)
        np.testing.assert_allclose(found, tensors[name].grad.numpy(), rtol=1e-9, atol=1e-9)
