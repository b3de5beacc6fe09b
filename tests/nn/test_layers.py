"""Layers: values and gradients of three libraries' own definitions, differences, bad input."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import numpy as np
import pytest

from eingrad import nn
from eingrad.errors import InputError, NameError_, ShapeError
from tests.nn.cases import LAYERS, arrays, forward, split

FRAMEWORKS = ["jax", "torch", "tensorflow"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("case", LAYERS)
def test_value_and_gradients_are_those_of_a_library(case: str, framework: str) -> None:
    """Of its own functions for the layer and its own differentiation, in double precision."""
    pytest.importorskip(framework)
    library = importlib.import_module(f"tests.nn.by_{framework}")
    value, incoming, found = forward(case)
    assert list(found) == [n for n in LAYERS[case][0].arguments if n in found]
    wanted, gradients = library.value_and_gradients(case, arrays(case), list(found), incoming)
    np.testing.assert_allclose(value, wanted, rtol=1e-10, atol=1e-10)
    for name, gradient in zip(found, gradients, strict=True):
        np.testing.assert_allclose(found[name], gradient, rtol=1e-10, atol=1e-10, err_msg=name)


def test_every_layer_has_a_case() -> None:
    """A layer that is added is compared; activations are called by their functions."""
    public = {n for n in nn.__all__ if isinstance(getattr(nn, n), type(nn.dense))}
    made = {n.name for n, _ in LAYERS.values()} | {"activation"}
    training = {"fit", "initial", "newton", "gauss_newton", "gauss_newton_block", "kfac"}
    assert public - made == {"branch", "residual", "wire"} | training


@pytest.mark.parametrize("case", LAYERS)
def test_each_partial_derivative_is_that_of_differences(case: str) -> None:
    for partial in LAYERS[case][0].partials.values():
        report = partial.check()
        assert report.ok, report.text


@pytest.mark.parametrize("backend", FRAMEWORKS)
@pytest.mark.parametrize("case", LAYERS)
def test_rules_of_layers_give_the_gradients_of_the_layer(case: str, backend: str) -> None:
    from tests.codegen.backends import given as as_framework
    from tests.codegen.backends import returned

    _, incoming, wanted = forward(case)
    rule = LAYERS[case][0].rule(backend)
    names = list(rule._passes.forward.arguments)
    values = arrays(case)
    inside = as_framework(backend, {n: values[n] for n in names})
    weights = as_framework(backend, {"G": incoming})["G"]
    places = [names.index(n) for n in wanted]
    function = rule.function()
    if backend == "jax":
        import jax

        slopes = jax.grad(lambda *args: (function(*args) * weights).sum(), argnums=places)
        found = jax.jit(slopes)(*inside.values())
    elif backend == "torch":
        import torch

        for n in wanted:
            inside[n].requires_grad_(True)
        result = function(*inside.values())
        found = torch.autograd.grad(result, [inside[n] for n in wanted], weights)
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch([inside[n] for n in wanted])
            loss = tf.reduce_sum(function(*inside.values()) * weights)
        found = tape.gradient(loss, [inside[n] for n in wanted])
    for name, gradient in zip(wanted, found, strict=True):
        np.testing.assert_allclose(
            returned(gradient), wanted[name], rtol=1e-9, atol=1e-9, err_msg=name
        )


def test_single_precision_stays() -> None:
    layer = nn.layer_norm()
    given = {n: v.astype(np.float32) for n, v in arrays("layer norm").items()}
    assert layer.forward(*split(layer, given)).dtype == np.float32
    gradients = layer.backward(np.ones((3, 5), np.float32))
    assert {g.dtype for g in gradients.values()} == {np.dtype(np.float32)}


def test_what_is_wrong_is_named() -> None:
    layer = nn.dense()
    X, W, b = np.ones((3, 4)), np.ones((4, 5)), np.ones(5)
    with pytest.raises(InputError, match="backward needs a forward pass"):
        layer.backward(np.ones((3, 5)))
    with pytest.raises(ShapeError, match=r"^dense: W must have shape m×n = 4×4; given is 5×4$"):
        layer.forward(X, {"W": W.T, "b": b})
    with pytest.raises(NameError_, match="b is missing"):
        layer.forward(X, {"W": W})
    with pytest.raises(NameError_, match="no argument 'bias'"):
        layer.forward(X, {"W": W, "b": b, "bias": b})
    layer.forward(X, {"W": W, "b": b})
    with pytest.raises(InputError, match=r"shape \(5, 3\).*value has \(3, 5\)"):
        layer.backward(np.ones((5, 3)))


@pytest.mark.parametrize("case", LAYERS)
def test_a_shape_that_does_not_fit_is_named_with_the_layer(case: str) -> None:
    """One axis too many, for each argument; the expected and the given shape are said."""
    layer, _ = LAYERS[case]
    good = arrays(case)
    for name, t in layer.arguments.items():
        given = good | {name: good[name][None]}
        found = "×".join(map(str, given[name].shape))
        expected = rf"^{layer.name}: {name} must have shape .*; given is {found}$"
        with pytest.raises(ShapeError, match=expected if t.node.ndim else "must have shape"):
            layer.forward(*split(layer, given))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.max_pool((9,), sizes="b 6"), r"max_pool: .*size 9 .*size 6\nX is b×6"),
        (lambda: nn.average_pool((2, 2, 2), sizes="b 6"), "average_pool: 3 window lengths"),
        (lambda: nn.convolution1d(9, sizes="b c 6"), "convolution1d: a filter of size 9"),
        (lambda: nn.convolution1d(0), r"a filter 1 lengths of at least 1, not \(0,\)"),
        (lambda: nn.convolution2d(3, sizes="c h w"), "convolution2d: X has 4 sizes, not 'c h w'"),
        (lambda: nn.layer_norm("", ""), "layer_norm: axis -1 .*\nX is scalar, scale is scalar"),
        (lambda: nn.squared_error(""), "squared_error: an axis is missing\nX is scalar"),
        (lambda: nn.multi_head_attention(0, width=6), "at least one head, not 0"),
        (lambda: nn.huber(delta=-1), "huber: δ is positive, not -1"),
    ],
)
def test_sizes_that_make_no_layer_are_named(make: Callable[[], nn.Layer], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_a_share_of_nothing_is_refused() -> None:
    X = np.ones((2, 3))
    for keep in (0.0, 1.5, np.nan):
        with pytest.raises(InputError, match="kept is above 0 and at most 1"):
            nn.dropout().forward({"X": X, "mask": X, "keep": keep})


def test_a_mask_that_hides_everything_is_refused() -> None:
    layer = nn.attention(batch="", keys="t", mask=True)
    x = np.ones((6, 2))
    mask = np.tri(6)
    mask[3] = 0
    with pytest.raises(InputError, match=r"hides everything from position \[3\]"):
        layer.forward({"Q": x, "K": x, "V": x, "mask": mask})


def test_heads_divide_the_width() -> None:
    with pytest.raises(InputError, match="4 heads do not divide a width of 6"):
        nn.multi_head_attention(4, width=6)
